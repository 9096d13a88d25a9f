# One executable a test file; each prints cmocka's report. powercut is the campaign, with options.

find_library(CMOCKA cmocka REQUIRED)

add_library(fota_rig STATIC test/rig.c)
target_link_libraries(fota_rig PUBLIC fota_tool)

file(GLOB tests CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/test test/test_*.c test/powercut.c)
foreach(source ${tests})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} test/${source})
  target_link_libraries(${name} PRIVATE fota_rig ${CMOCKA})
  add_test(NAME ${name} COMMAND ${name})
endforeach()
