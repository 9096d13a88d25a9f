# lwIP from its source, platform/lwip over it, and libslirp's network for the host. Not built where
# the sources are missing: scripts/build --lwip gets them.
set(LWIP_DIR ${FOTA_SOURCES}/lwip)
include(${LWIP_DIR}/src/Filelists.cmake)
set(FOTA_LWIP_SOURCES ${lwipcore_SRCS} ${lwipcore4_SRCS} ${lwipcore6_SRCS} ${LWIP_DIR}/src/netif/ethernet.c)

# A library of it with the given settings of platform/lwip/lwipopts.h: fota_add_lwip(NAME [SETTING...])
function(fota_add_lwip name)
  add_library(${name} STATIC ${FOTA_LWIP_SOURCES} platform/lwip/lookup.c platform/lwip/net.c)
  set_source_files_properties(${FOTA_LWIP_SOURCES} PROPERTIES COMPILE_OPTIONS -w)
  target_include_directories(${name} SYSTEM PUBLIC ${LWIP_DIR}/src/include ${PROJECT_SOURCE_DIR}/platform/lwip)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/core)
  target_compile_definitions(${name} PUBLIC ${ARGN})
endfunction()

fota_add_lwip(fota_lwip FOTA_LWIP_UDP=4)
target_sources(fota_lwip PRIVATE platform/lwip/slirp.c platform/lwip/udp.c)
target_include_directories(fota_lwip SYSTEM PRIVATE ${SLIRP_INCLUDE})
target_link_libraries(fota_lwip PUBLIC ${SLIRP})
