# find_package(fota) and pkg-config for C: the engine, and on a host the simulated modem.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(FOTA_INCLUDE ${CMAKE_INSTALL_INCLUDEDIR}/fota)
install(TARGETS fota_core fota_sim EXPORT fota-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
# fota.h, boot.h and ftp.h, which a port includes, and what they include.
install(FILES core/boot.h core/connection.h core/fetch.h core/fota.h core/fota_error.h core/fota_model.h
  core/fota_port.h core/ftp.h core/ftp_reply.h core/journal.h core/package.h core/patch.h core/slot.h core/text.h core/url.h
  core/way.h DESTINATION ${FOTA_INCLUDE})
foreach(part mbedtls nand posix sim)
  install(DIRECTORY platform/${part} DESTINATION ${FOTA_INCLUDE}/platform FILES_MATCHING PATTERN "*.h")
endforeach()
install(EXPORT fota-targets NAMESPACE fota:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fota)
configure_package_config_file(cmake/fota-config.cmake.in ${CMAKE_BINARY_DIR}/fota-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fota)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/fota-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/fota-config.cmake ${CMAKE_BINARY_DIR}/fota-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fota)
configure_file(cmake/fota.pc.in ${CMAKE_BINARY_DIR}/fota.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/fota.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
