# The Lua module, one shared object for `fota`, `fota.sim.core` and `fota.tool.core`, and beside it a tree
# of links that lets the command run from the build folder.

if(FOTA_LUA_ROOT)
  set(LUA_INCLUDE_DIRS ${FOTA_LUA_ROOT}/src)
  set(FOTA_LUA_COMMAND ${FOTA_LUA_ROOT}/src/lua)
else()
  pkg_check_modules(LUA REQUIRED IMPORTED_TARGET lua${FOTA_LUA})
  if(FOTA_LUA STREQUAL "jit")
    set(FOTA_LUA_COMMAND luajit)
  else()
    set(FOTA_LUA_COMMAND lua${FOTA_LUA})
  endif()
endif()

add_library(fota_lua MODULE
  lua_fota.c lua/documented.c lua/job.c lua/luatos.c lua/native.c lua/tls.c lua/value.c emulator/lua_clock.c emulator/lua_files.c emulator/lua_guest.c emulator/lua_net.c emulator/lua_sim.c emulator/lua_world.c
  tools/lua_tool.c tools/lua_diff.c tools/lua_table.c tools/lua_host.c)
set_target_properties(fota_lua PROPERTIES
  PREFIX "" OUTPUT_NAME fota SUFFIX .so LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
target_include_directories(fota_lua PRIVATE ${PROJECT_SOURCE_DIR} ${LUA_INCLUDE_DIRS})
target_link_libraries(fota_lua PRIVATE fota_tool fota_sim)
if(TARGET fota_lwip)
  target_sources(fota_lua PRIVATE emulator/lua_lwip.c)
  target_link_libraries(fota_lua PRIVATE fota_lwip)
else()
  target_sources(fota_lua PRIVATE emulator/lua_no_lwip.c)
endif()

file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lua/fota)
foreach(part tools:tool emulator:emulator)
  string(REPLACE ":" ";" pair ${part})
  list(GET pair 0 from)
  list(GET pair 1 to)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${from} ${CMAKE_BINARY_DIR}/lua/fota/${to} SYMBOLIC)
endforeach()
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/emulator/sim.lua ${CMAKE_BINARY_DIR}/lua/fota/sim.lua SYMBOLIC)
configure_file(cmake/fota.in ${CMAKE_BINARY_DIR}/bin/fota @ONLY
  FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
