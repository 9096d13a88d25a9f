#!/bin/bash
# The port of examples/port as somebody without the repository makes it: install, find_package, a key,
# packages; then its modem is updated in every way that its map allows. test/port.sh [BUILD FOLDER]
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/demo-lib.sh
. scripts/demo-lib.sh
build=$(realpath "${1:-build}")
examples=$PWD/examples/port
fota() { "$build/bin/fota" "$@" >/dev/null; }
pack() { fota pack --vendor acme --model X100 --key "$dir/key.pem" "$@"; }

start_server
cmake --install "$build" --prefix "$dir/fota" >/dev/null
(cd "$dir/fota/include/fota" && find . -name '*.h') | while read -r header; do
    echo "#include <$header>" | gcc -std=c99 -Wall -Wextra -Werror -pedantic -I"$dir/fota/include/fota" \
        -fsyntax-only -xc -
done
fota keygen --out "$dir/key.pem" --public "$dir/key.pub.pem"
"$build/bin/fota" key "$dir/key.pub.pem" --c port_keys >"$dir/port_keys.c"

modem() { # NAME BYTES OF STAGING: builds it, and version 1 is on it
    cmake -S "$examples" -B "$dir/$1" -DCMAKE_PREFIX_PATH="$dir/fota" -DKEYS="$dir/port_keys.c" \
        -DSTAGING_SIZE="$2" -DCMAKE_C_FLAGS="-std=c99 -Wall -Wextra -Werror -pedantic" >/dev/null
    cmake --build "$dir/$1" >/dev/null
    cd "$dir/$1"
    pack --image app-1 --version 1.0 --sequence 1 --out 1.fota
    pack --image app-2 --version 2.0 --sequence 2 --out 2.fota
    ./boot new --factory 1.fota
}
start() { # WORD...: a new modem is started with them, and says so into `out`
    cp new flash
    ./boot flash "$@" >out 2>&1 || true
}
says() { grep -qF -- "$1" out || { cat out; return 1; }; }
updated() { says "confirmed" && ./boot flash | grep -qxF "app-2: version 2.0 runs"; }
reverted() { says "app-2: version 2.0 runs" && [ "$(tail -2 out)" = "app-1: version 1.0 runs
the last update: NOT_CONFIRMED" ]; }

title "Room for a package and a copy of the old image"
modem large 0x80000
start 2.fota
expect "a package that is a file is installed" updated
./boot flash 1.fota >out || true
expect "an older one is refused" says "no update: "
start "http://127.0.0.1:$port/2.fota"
expect "an url without a file gives the reason" says "no update: "
cp 2.fota "$dir/www"
start "http://127.0.0.1:$port/2.fota"
expect "a package is downloaded and installed" updated
SELF_TEST=fails start 2.fota
expect "a version that never confirms is reverted" reverted
pack --from app-1 --to app-2 --version 2.0 --sequence 2 --out delta.fota --geometry 524288/4096,524288/4096
start delta.fota
expect "a differential package is installed" updated
pack --image app-2 --mini updater --version 2.0 --sequence 2 --out "$dir/www/u1" --out2 "$dir/www/u2"
start "http://127.0.0.1:$port/u1" "http://127.0.0.1:$port/u2"
expect "mini fota: the updater runs" says "boot: starting the updater to 2.0"
expect "and fetches version 2" updated

title "Room for less than a package"
modem small 0x10000
start 2.fota
expect "a whole package is refused" says "no update: "
pack --from app-1 --to app-2 --undo --version 2.0 --sequence 2 --out delta.fota --geometry 524288/4096,65536/4096
start delta.fota
expect "a differential package is installed in place" updated
SELF_TEST=fails start delta.fota
expect "and taken back in place" reverted
[ "$failures" -eq 0 ]
