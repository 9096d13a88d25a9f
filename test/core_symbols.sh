#!/bin/sh
# core/ knows no OS and no heap: the only functions it takes from outside are these of <string.h>, and
# the compiler's own helpers. It holds no writable data either, and all that others can see of it begins with
# fota_.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for f in core/*.c; do
    arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -Os -std=c99 -ffreestanding -Icore -c "$f" \
        -o "$folder/$(basename "$f").o"
done
arm-none-eabi-ld -r -o "$folder/core.o" "$folder"/*.c.o
foreign=$(arm-none-eabi-nm -u "$folder/core.o" | awk '{print $2}' |
    grep -vxE 'mem(cpy|cmp|set|chr|move)|str(len|cmp|chr|ncmp)|__aeabi_.*|__gnu_.*' || true)
[ -z "$foreign" ] || { echo "core/ calls: $foreign"; exit 1; }
writable=$(arm-none-eabi-nm "$folder/core.o" | awk '$2 ~ /[bBdDcC]/ {print $3}')
[ -z "$writable" ] || { echo "core/ has writable data: $writable"; exit 1; }
taken=$(arm-none-eabi-nm -g --defined-only "$folder/core.o" | awk '$3 !~ /^fota_/ {print $3}')
[ -z "$taken" ] || { echo "core/ takes names that do not begin with fota_: $taken"; exit 1; }
