#!/bin/sh
# What https costs on this host, as Markdown.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
gcc -std=c99 -O2 -Wl,--wrap=calloc,--wrap=free -Icore -I. -Itest bench/tls.c platform/mbedtls/certificate.c \
    platform/mbedtls/tls.c -o "$folder/tls" -Wl,-Bstatic -lmbedtls -lmbedx509 -lmbedcrypto -Wl,-Bdynamic -lcmocka
"$folder/tls"

# The size of the record buffers is compiled into the files ssl_*.c only.
scripts/build --mbedtls 3.6 build-mbedtls-3.6 >/dev/null
sources=${FOTA_SOURCES:-build-sources}
library=$sources/mbedtls/library
echo
echo "RAM by the size of the record buffers (mbedTLS 3.6, TLS 1.2, ECDSA P-256; 64 bits, bytes of heap). Where"
echo "the one for receiving is smaller than 16384, https asks for parts that fit."
echo
echo "| receive / send | connected | at most, while the connection is made |"
echo "|---|---:|---:|"
for size in "2048 1024" "4096 2048" "8192 4096" "16384 4096" "16384 16384"; do
    # shellcheck disable=SC2086 # words
    set -- $size
    gcc -std=c99 -O2 -w -Wl,--wrap=calloc,--wrap=free -Wl,--allow-multiple-definition \
        "-DMBEDTLS_SSL_IN_CONTENT_LEN=$1" "-DMBEDTLS_SSL_OUT_CONTENT_LEN=$2" -Icore -I. -Itest \
        -I"$sources/mbedtls-host/include" -I"$library" bench/tls.c platform/mbedtls/certificate.c \
        platform/mbedtls/tls.c "$library"/ssl_*.c -o "$folder/ram" -L"$sources/mbedtls-host/lib" -Wl,-Bstatic \
        -lmbedtls -lmbedx509 -lmbedcrypto -Wl,-Bdynamic -lcmocka
    "$folder/ram" --ram
done
