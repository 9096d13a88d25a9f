#!/bin/sh
# Differential packages beside other tools, as Markdown, and as a picture:
# bench/delta.sh CORPUS PICTURE.svg [--hdiffpatch DIR] [--detools DIR]
# CORPUS holds NAME.old.bin and NAME.new.bin; ours are what 32768 bytes of RAM decode.
set -eu
cd "$(dirname "$0")/.."
corpus=$1
picture=$2
shift 2
hdiffpatch=""
detools=""
while [ $# -gt 0 ]; do
    case $1 in
    --hdiffpatch) hdiffpatch=$2 ;;
    --detools) detools=$2 ;;
    *) echo "bench/delta.sh: unknown option '$1'" >&2; exit 2 ;;
    esac
    shift 2
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bench=build/bench_delta
fota=build/bin/fota
"$fota" keygen --out "$work/key.pem" --public "$work/key.pub" >/dev/null

size() { stat -c %s "$1" 2>/dev/null || echo -; }

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
        --toggle-collect=fota_patch_sink "$bench" apply "$1" "$2" "$3" 32768 2>&1 |
        awk -v bytes="$4" '/Collected/ {printf "%.0f", $4 / bytes}'
}

for old in "$corpus"/*.old.bin; do
    new=${old%.old.bin}.new.bin
    name=$(basename "$old" .old.bin)
    bytes=$(size "$new")
    made=$($bench make "$old" "$new" "$work/p" 32768 0)
    fast=$($bench make "$old" "$new" "$work/f" 32768 1)
    small=$($bench make "$old" "$new" "$work/s" 16384 0)
    "$fota" pack --from "$old" --to "$new" --model generic --version 2 --sequence 2 \
        --key "$work/key.pem" --out "$work/package" >/dev/null
    echo "$name $bytes $made $(size "$work/package") ${fast%% *} ${small%% *}" \
        "$($bench apply "$old" "$new" "$work/p" 32768)" \
        "$(instructions "$old" "$new" "$work/p" "$bytes")" \
        "$(instructions "$old" "$new" "$work/f" "$bytes")" \
        "$(peer "$work/b" bsdiff "$old" "$new" "$work/b")" \
        "$(peer "$work/x" xdelta3 -e -9 -f -s "$old" "$new" "$work/x")" \
        "$(peer "$work/z" zstd -q -f -19 --patch-from="$old" "$new" -o "$work/z")" \
        "$([ -z "$hdiffpatch" ] && echo - ||
            peer "$work/h" "$hdiffpatch/hdiffz" -f -SD -c-lzma2 "$old" "$new" "$work/h")" \
        "$([ -z "$detools" ] && echo - || peer "$work/d" env PYTHONPATH="$detools" \
            python3 -m detools create_patch -c heatshrink "$old" "$new" "$work/d")"
    echo "bench/delta.sh: $name" >&2
done >"$work/rows"
lua5.4 bench/delta.lua "$work/rows" "$picture"
