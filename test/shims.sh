#!/bin/sh
# The ports to modems compile for the cores of their families, and so does the engine.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

compile() { # CORE FILE...
    core=$1
    shift
    for file in "$@"; do
        arm-none-eabi-gcc "-mcpu=$core" -mthumb -mfloat-abi=soft -Os -std=c99 -Wall -Wextra -Werror -Wshadow \
            -ffreestanding -Icore -I. -c "$file" -o "$folder/$(basename "$file").o"
    done
}

compile cortex-r5 platform/quectel/asr/port.c core/*.c
compile cortex-a5 platform/quectel/unisoc/port.c core/*.c
compile cortex-a7 platform/quectel/qualcomm/port.c core/*.c
compile cortex-m3 platform/quectel/eigencomm/port.c platform/luatos/port.c core/*.c
