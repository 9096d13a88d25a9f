#!/bin/sh
# Code and RAM of core/ for Cortex-M3 at -Os, as Markdown.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cc="arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -Os -std=c99 -ffreestanding -ffunction-sections -Icore"

echo "### Code of core/ (Cortex-M3, -Os, bytes)"
echo
echo "| file | text | data | bss |"
echo "|---|---:|---:|---:|"
for f in core/*.c; do
    $cc -c "$f" -o "$folder/$(basename "$f" .c).o"
    arm-none-eabi-size "$folder/$(basename "$f" .c).o" |
        awk -v name="$f" 'NR == 2 {printf "| %s | %d | %d | %d |\n", name, $1, $2, $3}'
done
arm-none-eabi-size -t "$folder"/*.o | awk '/TOTALS/ {printf "| **all** | **%d** | %d | %d |\n", $1, $2, $3}'

decoder="patch patch_a32 patch_arch patch_head patch_map patch_mix patch_riscv patch_state patch_thumb patch_xtensa"
boot="boot boot_copy boot_mini boot_patch boot_rescue boot_switch crc32 device flash journal judge package slot way"
sum() { # FILE...
    for f; do echo "$folder/$f.o"; done | xargs arm-none-eabi-size -t | awk '/TOTALS/ {print $1}'
}
echo
# shellcheck disable=SC2086 # lists of words
echo "Of these a boot loader links $(sum $boot) bytes (boot*, crc32, device, flash, journal, judge, package," \
    "slot, way), and $(sum $decoder) of the decoder (patch*). What a linker leaves of them is under \`Boards\`."

echo
echo "### RAM (Cortex-M3, bytes, what \`fota_memory()\` reports)"
echo
echo "| part | bytes |"
echo "|---|---:|"
$cc -c bench/sizes.c -o "$folder/sizes"
row() { # NAME TEXT
    bytes=$(arm-none-eabi-nm -S "$folder/sizes" | awk -v name="$1" '$4 == name {print $2}')
    echo "| $2 | $((0x$bytes)) |"
}
row size_engine "engine, all of it"
row size_http "of it: HTTP client"
row size_header "of it: package header and manifest"
row size_page "of it: page to program"
row size_rest "all but that page; 8192 are meant for it"
row size_boot "boot stage (not at the same time)"
