#!/bin/sh
# TLS with record buffers as small as a device's: builds mbedTLS 3.6 with buffers of 4 KiB for receiving and
# 2 KiB for sending, runs the tests of TLS against it, and updates an emulated modem from a real server that
# sends records of 16 KiB unless it is asked for less.
set -eu
cd "$(dirname "$0")/.."
scripts/sources mbedtls
sources=${FOTA_SOURCES:-build-sources}
sources=$(cd "$sources" && pwd)
flags="-DMBEDTLS_SSL_IN_CONTENT_LEN=4096 -DMBEDTLS_SSL_OUT_CONTENT_LEN=2048"
folder=build-tls-small
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [ ! -f "$folder/mbedtls/lib/libmbedtls.a" ]; then
    mkdir -p "$folder"
    { cmake -S "$sources/mbedtls" -B "$folder/mbedtls-build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DENABLE_TESTING=OFF -DENABLE_PROGRAMS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON "-DCMAKE_C_FLAGS=$flags" \
        -DCMAKE_INSTALL_PREFIX="$PWD/$folder/mbedtls" -DCMAKE_INSTALL_LIBDIR=lib &&
        ninja -C "$folder/mbedtls-build" install; } >"$log" 2>&1 || { tail -40 "$log" >&2; exit 1; }
fi
{ cmake -S . -B "$folder" -G Ninja "-DCMAKE_C_FLAGS=$flags" -DFOTA_MBEDTLS_ROOT="$PWD/$folder/mbedtls" &&
    ninja -C "$folder" fota_lua test_tls; } >"$log" 2>&1 || { tail -40 "$log" >&2; exit 1; }
"$folder/test_tls"
lua5.4 /usr/bin/busted --lpath="$folder/lua/?.lua;./?.lua" --cpath="$folder/lib/?.so" test/tls_small.lua
