# One executable a test file; each prints cmocka's report. powercut is the campaign, with options.

find_library(CMOCKA cmocka REQUIRED)

add_library(fota_rig STATIC test/rig.c test/rig_package.c test/rig_server.c)
target_link_libraries(fota_rig PUBLIC fota_tool)

file(GLOB tests CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/test test/test_*.c)
if(NOT TARGET fota_lwip)
  list(FILTER tests EXCLUDE REGEX "^test_lwip_")
endif()
if(NOT TARGET fota_p256m)
  list(FILTER tests EXCLUDE REGEX "^test_p256m")
endif()
if(NOT FOTA_LUA STREQUAL "5.4" OR NOT TARGET PkgConfig::LUA)
  list(FILTER tests EXCLUDE REGEX "^test_lua_")
endif()
foreach(source ${tests})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} test/${source})
  if(NOT name STREQUAL test_tls)
    target_link_libraries(${name} PRIVATE fota_rig ${CMOCKA})
  endif()
  add_test(NAME ${name} COMMAND ${name})
endforeach()

add_executable(powercut test/powercut.c test/powercut_life.c test/powercut_map.c test/powercut_plan.c
  test/powercut_scenario.c)
target_link_libraries(powercut PRIVATE fota_rig)

if(TARGET test_lua_memory)
  target_sources(test_lua_memory PRIVATE lua_fota.c lua/documented.c lua/job.c lua/luatos.c lua/native.c
    lua/tls.c lua/value.c)
  target_include_directories(test_lua_memory PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(test_lua_memory PRIVATE PkgConfig::LUA)
endif()

# ASR's functions take buffers as numbers of 32 bits, which a host's are not.
target_sources(test_shims PRIVATE platform/luatos/port.c platform/quectel/eigencomm/port.c
  platform/quectel/qualcomm/port.c platform/quectel/unisoc/port.c)

# Allocations of mbedTLS fail on demand, which its static libraries let us do.
find_library(MBEDTLS_STATIC libmbedtls.a HINTS ${FOTA_MBEDTLS_ROOT}/lib REQUIRED)
find_library(MBEDX509_STATIC libmbedx509.a HINTS ${FOTA_MBEDTLS_ROOT}/lib REQUIRED)
find_library(MBEDCRYPTO_STATIC libmbedcrypto.a HINTS ${FOTA_MBEDTLS_ROOT}/lib REQUIRED)
target_sources(test_tls PRIVATE platform/mbedtls/certificate.c platform/mbedtls/tls.c)
target_include_directories(test_tls PRIVATE ${PROJECT_SOURCE_DIR}
  $<$<BOOL:${FOTA_MBEDTLS_ROOT}>:${FOTA_MBEDTLS_ROOT}/include>)
target_link_options(test_tls PRIVATE -Wl,--wrap=calloc)
target_link_libraries(test_tls PRIVATE fota_core ${MBEDTLS_STATIC} ${MBEDX509_STATIC} ${MBEDCRYPTO_STATIC} ${CMOCKA})

if(TARGET fota_p256m)
  target_link_libraries(test_p256m PRIVATE fota_p256m)
endif()

# In the network in one process the server stands on lwIP as well, and wants to send more.
if(TARGET fota_lwip)
  target_link_libraries(test_lwip_net PRIVATE fota_lwip)
  fota_add_lwip(fota_lwip_hairpin FOTA_LWIP_STREAMS=12 "FOTA_LWIP_SEND_BUFFER=(16 * FOTA_LWIP_MSS)")
  target_sources(fota_lwip_hairpin PRIVATE test/hairpin.c test/hairpin_server.c)
  target_link_libraries(test_lwip_link PRIVATE fota_lwip_hairpin)
  target_link_libraries(test_lwip_tls PRIVATE fota_lwip_hairpin)
  target_link_libraries(test_lwip_campaign PRIVATE fota_lwip_hairpin)
  add_executable(bench_link EXCLUDE_FROM_ALL bench/link.c)
  target_link_libraries(bench_link PRIVATE fota_rig fota_lwip_hairpin)
  add_executable(bench_lwip EXCLUDE_FROM_ALL bench/lwip.c)
  target_link_libraries(bench_lwip PRIVATE fota_sim fota_lwip)
endif()

add_executable(bench_delta EXCLUDE_FROM_ALL bench/delta.c)
target_link_libraries(bench_delta PRIVATE fota_tool)
