# Fuzzers of the parsers: clang's libFuzzer over sanitized libraries.
foreach(name fuzz_ftp fuzz_http fuzz_package fuzz_url)
  add_executable(${name} test/${name}.c)
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name} PRIVATE fota_tool)
endforeach()
target_compile_options(fota_core PRIVATE -fsanitize=fuzzer-no-link)
