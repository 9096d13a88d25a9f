#!/bin/bash
# What the firmware of the boards takes and does, as Markdown: code and RAM by part, from the linker's
# maps, and the instructions of an update over HTTPS, counted by the emulator.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install build demo board >&2
scripts/build >&2
fota=build/bin/fota
. scripts/demo-lib.sh

certificates() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$dir/server.key"
    openssl req -x509 -new -key "$dir/server.key" -subj /CN=server -days 2 -addext subjectAltName=IP:10.0.2.2 \
        -out "$dir/server.pem"
}

pack() { # FOLDER VERSION OUT
    lua5.4 platform/board/tools/image.lua "build-board/$board/app.bin" "$1" "$dir/image.bin"
    "$fota" pack --image "$dir/image.bin" --model generic --version "$2.0.0" --sequence "$2" \
        --key "$dir/key.pem" --out "$3" >/dev/null
}

# The board's flash: version 1 runs bench/board_main.lua.
make_board() {
    scripts/board "$board" --key "$dir/key.pub.pem" >&2
    rm -rf "$dir/v1" "$dir/files" && mkdir -p "$dir/v1" "$dir/files"
    cp bench/board_main.lua "$dir/v1/main.lua"
    cp "$dir/server.pem" "$dir/files/ca.pem"
    echo "https://10.0.2.2:$port/app.fota" >"$dir/files/url.txt"
    pack "$dir/v1" 1 "$dir/v1.fota"
    pack examples/demo/v2 2 "$dir/www/app.fota"
    lua5.4 platform/board/tools/image.lua --files "$dir/files" "$dir/files.tar"
    "build-board/$board/board_host" flash "$dir/v1.fota" "$dir/files.tar" "build-board/$board/boot.bin" \
        "$dir/board.img"
}

run_board() {
    BOARD_TIMES=1 BOARD_QEMU="-icount shift=3,sleep=off" timeout 120 scripts/board-run "$board" "$dir/board.img"
}

# Of the output of a run: the number behind a word, or of the boot loader's microseconds.
figure() { awk -v name="$1" '$1 == "stage" && $2 == name { print $3 } $1 == name { print $2 }' "$dir/out"; }
boot_us() { awk '$2 == "microseconds" { print $3 }' "$dir/out"; }
millions() { awk -v n="$1" 'BEGIN { printf "%.1f", n / 1000000 }'; }
thousands_per_kb() { awk -v n="$1" -v bytes="$2" 'BEGIN { printf "%.0f", n / 1000 / (bytes / 1024) }'; }

measure() {
    local bytes plain install
    make_board
    run_board >"$dir/out"
    bytes=$(figure bytes)
    plain=$(boot_us)
    cp "$dir/out" "$dir/first"
    run_board >"$dir/out" # the second start installs
    install=$(($(boot_us | head -1) - plain))
    cp "$dir/first" "$dir/out"
    echo "| address by DHCP, TCP, TLS handshake, first bytes | $(millions "$(figure connect)") M |"
    echo "| package's header, judged (one ECDSA signature, the installed one again) | $(millions "$(figure header)") M |"
    echo "| download over TLS into staging, 1 KB | $(thousands_per_kb "$(figure download)" "$bytes") k |"
    echo "| verify what is in flash, 1 KB | $(thousands_per_kb "$(figure verify)" "$bytes") k |"
    echo "| boot loader: a start (verify and load $((bytes / 1024)) KB) | $(millions "$((plain * 125))") M |"
    echo "| boot loader: copy the old image aside, install, verify; a unit of 64 KB | $(millions "$((install * 125 * 65536 / bytes))") M |"
}

# MCUboot's figures are of a Cortex-M3.
beside_mcuboot() {
    echo "#### sf2: the boot loader beside MCUboot (bytes, -Os)"
    echo
    echo "| what for | fota | MCUboot |"
    echo "|---|---:|---:|"
    lua5.4 bench/loader_parts.lua "build-board/sf2"
    echo
    echo "MCUboot 2.4.0 was measured once, with the same compiler for a Cortex-M3: boot_go() and what it"
    echo "needs, swapping by moves with revert, one image, ECDSA P-256 by tinycrypt, hardened against"
    echo "disturbances (profile medium). Flash driver, start and C library are not counted there; log,"
    echo "prevention of downgrades and encryption are off."
    echo
}

"$fota" keygen --out "$dir/key.pem" --public "$dir/key.pub.pem" >/dev/null
certificates 2>/dev/null
tls="ssl; ssl_certificate $dir/server.pem; ssl_certificate_key $dir/server.key"
start_server

echo "### Boards"
for board in sf2 ast2600; do
    measure >"$dir/$board.figures"
    echo
    echo "#### $board: code and RAM by part (bytes, -Os)"
    echo
    echo "Code is what is in the flash, with the first values of data. RAM is without heap and stack; the"
    echo "board layer's is mostly the NIC's ring of 64 frames."
    echo
    echo "| part | boot loader | its RAM | resident updater | its RAM | application | its RAM |"
    echo "|---|---:|---:|---:|---:|---:|---:|"
    lua5.4 bench/board_parts.lua "build-board/$board"
    echo
    echo "Of core/ in an application error texts may be counted apart, and the FTP client is linked only"
    echo "where the port names it: 24 KB (24576) are meant for all else."
    echo
    [ "$board" != sf2 ] || beside_mcuboot
    echo "#### $board: instructions of an update (\`-icount\`, time asleep left out)"
    echo
    echo "| what | instructions |"
    echo "|---|---:|"
    cat "$dir/$board.figures"
done
