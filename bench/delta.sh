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
            python3 -m detools create_patch -c heatshrink "$old" "$new" "$out.d")" >"$out.row"
    echo "bench/delta.sh: $name" >&2
}

# What the table does not show.
notes() {
    cat <<'END'

The pairs are firmware of Cortex-M3, M4, M7 and R4, RISC-V (ESP32-C3) and Xtensa (ESP8266): patch and
minor releases of public projects and vendors, an image that was linked at another address
(`iot_shift`), one compiled with another optimisation (`iot_Os_O2`), and two that have nothing to do with
each other (`unrelated_pyb_vesc`). They are not part of this repository. Where the default would take
more than 300 instructions by the new byte it does not predict literals, as `--fast` does nowhere.

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
while [ $# -gt 0 ]; do
    case $1 in
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
