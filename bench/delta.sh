#!/bin/sh
# Differential packages beside other tools: what `scripts/bench --delta` runs.
set -eu
cd "$(dirname "$0")/.."
bench=build/bench_delta

size() { stat -Lc %s "$1" 2>/dev/null || echo -; }

# A tool that cannot do it, or is not there, has no size.
peer() { # OUTPUT COMMAND...
    out=$1
    shift
    rm -f "$out"
    "$@" >/dev/null 2>&1 || true
    size "$out"
}

instructions() { # OLD NEW PATCH BYTES: of the decoder, by the new byte
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=fota_patch_poll \
        --toggle-collect=fota_patch_sink $bench apply "$1" "$2" "$3" 32768 2>&1 |
        awk -v bytes="$4" '/Collected/ {printf "%.0f", $4 / bytes}'
}

# The decoder as firmware of an emulated Cortex-M3: build_m3 FOLDER OPTIMISATION
build_m3() {
    arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb "-$2" -std=gnu99 -Wall -Wextra -Werror -nostartfiles -Icore \
        -ffunction-sections -Wl,--gc-sections,-e,start,-u,vectors,--section-start=.vectors=0 \
        -Wl,-Ttext=0x400,-Tdata=0x20000000,-Tbss=0x20000800 \
        bench/delta_m3.c core/patch*.c core/crc32.c core/error.c core/text.c -o "$1/m3-$2.elf"
}

word() { echo "-device loader,addr=$1,data=$2,data-len=4"; }
bytes_at() { echo "-device loader,addr=$1,file=$2,force-raw=on"; }

# What it takes there, by the new byte: m3 FOLDER OPTIMISATION OLD NEW PATCH
m3() {
    [ -f "$1/m3-$2.elf" ] || { echo -; return; }
    # shellcheck disable=SC2046 # words
    qemu-system-arm -M mps2-an385 -nodefaults -display none -serial null -monitor none \
        -semihosting-config enable=on,target=native -icount shift=3,sleep=off -kernel "$1/m3-$2.elf" \
        $(bytes_at 0x21000000 "$3") $(bytes_at 0x21400000 "$5") $(bytes_at 0x21800000 "$4") \
        $(word 0x21fffff0 "$(size "$3")") $(word 0x21fffff4 "$(size "$4")") \
        $(word 0x21fffff8 "$(size "$5")") $(word 0x21fffffc 32768) 2>&1 |
        awk -v bytes="$(size "$4")" '/^[0-9]+$/ {printf "%.0f", $1 / bytes}'
}

# One pair, one line: pair OLD FOLDER HDIFFPATCH DETOOLS
pair() {
    old=$1
    new=${old%.old.bin}.new.bin
    name=$(basename "$old" .old.bin)
    out=$2/$name
    bytes=$(size "$new")
    made=$($bench make "$old" "$new" "$out.p" 32768 0)
    fast=$($bench make "$old" "$new" "$out.f" 32768 1)
    small=$($bench make "$old" "$new" "$out.s" 16384 0)
    echo "$name $bytes $made ${fast%% *} ${small%% *}" \
        "$($bench apply "$old" "$new" "$out.p" 32768)" \
        "$(instructions "$old" "$new" "$out.p" "$bytes")" \
        "$(instructions "$old" "$new" "$out.f" "$bytes")" \
        "$(peer "$out.b" bsdiff "$old" "$new" "$out.b")" \
        "$(peer "$out.x" xdelta3 -e -9 -f -s "$old" "$new" "$out.x")" \
        "$(peer "$out.z" zstd -q -f -19 --patch-from="$old" "$new" -o "$out.z")" \
        "$([ "$3" = - ] && echo - ||
            peer "$out.h" "$3/hdiffz" -f -SD -c-lzma2 "$old" "$new" "$out.h")" \
        "$([ "$4" = - ] && echo - || peer "$out.d" env PYTHONPATH="$4" \
            python3 -m detools create_patch -c heatshrink "$old" "$new" "$out.d")" \
        "$(m3 "$2" O2 "$old" "$new" "$out.p")" "$(m3 "$2" O2 "$old" "$new" "$out.f")" \
        "$(m3 "$2" Os "$old" "$new" "$out.p")" "$(m3 "$2" Os "$old" "$new" "$out.f")" >"$out.row"
    echo "bench/delta.sh: $name" >&2
}

# What the table does not show.
notes() {
    cat <<'END'

The pairs are firmware of Cortex-M3, M4, M7 and R4, RISC-V (ESP32-C3) and Xtensa (ESP8266): patch and
minor releases of public projects and vendors, an image that was linked at another address
(`iot_shift`), one compiled with another optimisation (`iot_Os_O2`), and two that have nothing to do with
each other (`unrelated_pyb_vesc`). They are not part of this repository. Where the default would take
more than 300 instructions by the new byte it counts literals and does not predict them; with `--fast` they
are plain.

`--fast` is about twice as fast where most of the time goes to literals (`iot_Os_O2`, `vescexp_c3`); where
next to nothing is new both do the same, and what is left are the search for addresses and the copying.

Two releases of Debian's libssl3, 3.0.17 and 3.0.20, shared objects for armhf and armel, measured by hand
on 2026-11-25: libcrypto 75667 bytes for armhf (bsdiff 193433, hdiffz 173239, zstd 351613) and 157877 for
armel (208239, 178461, 340692), libssl 10637 and 12199 (bsdiff 19502 and 29391). detools was not at hand.

Pairs that were not at hand when the format was made, measured by hand on 2026-11-25 beside the best of what
runs in 32 KB of RAM (`hdiffz -SD-4k` with an 8 KB LZMA dictionary; bsdiff's stream in such a one; the new
image alone), from packages of Debian 12 and 13, and of Debian's unstable where it says so. U-Boot 2023.01 and
2025.01 for QEMU: arm 219490 (282263), riscv64 193481 (283655), arm64 255354 (280927), x86 227075 (248398),
big-endian PowerPC 71994 (85792), MIPS 54387 (63020). OpenSBI's fw_dynamic for riscv64, 1.1 and 1.6: 67344
(82195); 1.6 and unstable's 1.9: 74050 (94859). SeaBIOS 1.16.2 and unstable's 1.17.0, bios-256k: 47152
(56401). HackRF One (Cortex-M4) 2022.09 and 2024.02: 8125 (11627). ath9k-htc 7010 (Xtensa,
big-endian): 18173 (21088). Made up: an encrypted image costs what it has; samples of 16 bits that all rose a
little 30816 (34008); code that moved by one byte 12572 (12702). Where decoding may take no longer, tables of
glyphs, and bytes that all grew by one, come out 1 to 4 % larger than LZMA makes them.

END
    cat "$corpus"/*.old.bin | head -c 4000000 >"$work/old"
    cat "$corpus"/*.new.bin | head -c 4000000 >"$work/new"
    $bench make "$work/old" "$work/new" "$work/large" 32768 0 |
        awk '{print "The old and the new images one behind the other, 4 MB of each, took " $2 \
            " s of processor time and " $3 " MB."}'
    for f in core/patch*.c; do
        arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -Os -std=c99 -ffreestanding -Icore -c "$f" \
            -o "$work/$(basename "$f" .c).o"
    done
    arm-none-eabi-size -t "$work"/patch*.o |
        awk '/TOTALS/ {print "The decoder'"'"'s code has " $1 " bytes (Cortex-M3, -Os) with all four architectures."}'
}

if [ "${1-}" = --pair ]; then
    shift
    pair "$@"
    exit
fi
corpus=${FOTA_CORPUS:-}
hdiffpatch=-
detools=-
m3=
while [ $# -gt 0 ]; do
    case $1 in
    --m3) m3=yes; shift; continue ;;
    --corpus) corpus=$2 ;;
    --hdiffpatch) hdiffpatch=$2 ;;
    --detools) detools=$2 ;;
    *) echo "scripts/bench --delta: unknown option '$1'; see the head of scripts/bench" >&2; exit 2 ;;
    esac
    shift 2
done
if ! ls "$corpus"/*.old.bin >/dev/null 2>&1; then
    echo "scripts/bench --delta: no pairs; give --corpus DIR with NAME.old.bin and NAME.new.bin" >&2
    exit 2
fi
scripts/install build bench
scripts/build --tests >/dev/null
ninja -C build bench_delta >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$m3" ]; then
    scripts/install board
    build_m3 "$work" O2
    build_m3 "$work" Os
fi
for old in "$corpus"/*.old.bin; do echo "$old"; done |
    xargs -P "${JOBS:-$(nproc)}" -I'{}' "$0" --pair '{}' "$work" "$hdiffpatch" "$detools"
cat "$work"/*.row >"$work/rows"
{
    echo "# Differential packages beside other tools"
    echo
    echo "Made by \`scripts/bench --delta\` on $(date -u +%Y-%m-%d), $(nproc) cores. Payloads in bytes; ours are" \
        "what 32 KB of RAM decode, without a window. The others have all the memory they want, so that" \
        "most of them fit no modem."
    echo
    echo "![Payload by new image](benchmarks-delta.svg)"
    echo
    lua5.4 bench/delta.lua "$work/rows" docs/benchmarks-delta.svg
    notes
} >"$work/page"
cp "$work/page" docs/benchmarks-delta.md
cat docs/benchmarks-delta.md
