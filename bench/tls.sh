#!/bin/sh
# What https costs on this host, as Markdown.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
gcc -std=c99 -O2 -Wl,--wrap=calloc,--wrap=free -Icore -I. -Itest bench/tls.c platform/mbedtls/certificate.c \
    platform/mbedtls/tls.c -o "$folder/tls" -Wl,-Bstatic -lmbedtls -lmbedx509 -lmbedcrypto -Wl,-Bdynamic -lcmocka
"$folder/tls"
