# ECDSA of boot loaders, by p256-m, whose source comes with mbedTLS. Not built where that is missing:
# scripts/sources mbedtls gets it.
set(P256M_DIR ${FOTA_SOURCES}/mbedtls/3rdparty/p256-m/p256-m)
add_library(fota_p256m STATIC platform/mbedtls/p256m.c ${P256M_DIR}/p256-m.c)
set_source_files_properties(${P256M_DIR}/p256-m.c PROPERTIES
  COMPILE_DEFINITIONS MBEDTLS_PSA_P256M_DRIVER_ENABLED COMPILE_OPTIONS -w)
target_include_directories(fota_p256m SYSTEM PRIVATE ${P256M_DIR})
target_link_libraries(fota_p256m PUBLIC fota_sim)
