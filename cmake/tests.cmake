# One executable a test file; each prints cmocka's report.

find_library(CMOCKA cmocka REQUIRED)

function(fota_test name)
  add_executable(${name} test/${name}.c ${ARGN})
  target_link_libraries(${name} PRIVATE fota_tool ${CMOCKA})
  add_test(NAME ${name} COMMAND ${name})
endfunction()

foreach(name test_crypto test_error test_http test_http_body test_http_reader test_http_redirect test_judge test_key test_model test_package test_posix_net
        test_sim_flash test_sim_map test_url)
  if(EXISTS ${PROJECT_SOURCE_DIR}/test/${name}.c)
    fota_test(${name})
  endif()
endforeach()
foreach(name test_boot test_engine test_journal test_slot)
  if(EXISTS ${PROJECT_SOURCE_DIR}/test/${name}.c)
    fota_test(${name} test/rig.c)
  endif()
endforeach()

# The power-cut campaign; an executable of its own for its options.
add_executable(powercut test/powercut.c test/rig.c)
target_link_libraries(powercut PRIVATE fota_tool)
add_test(NAME powercut COMMAND powercut)
