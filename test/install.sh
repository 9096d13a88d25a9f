#!/bin/sh
# What a user of the libraries does: install, then build the example by CMake and by pkg-config, and the
# rock from a clean copy, each into a folder of its own.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cmake --install "$build" --prefix "$folder/c" >/dev/null
cmake -S examples/c -B "$folder/cmake" -DCMAKE_PREFIX_PATH="$folder/c" >/dev/null
cmake --build "$folder/cmake" >/dev/null
"$folder/cmake/models" | grep -q '^EC600U '
PKG_CONFIG_PATH=$(dirname "$(find "$folder/c" -name fota.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # a list of words
gcc examples/c/models.c $(pkg-config --cflags --libs fota) -o "$folder/models"
"$folder/models" | grep -q '^EC600U '

mkdir "$folder/copy"
git ls-files -z | xargs -0 tar cf - | tar xf - -C "$folder/copy"
(cd "$folder/copy" && luarocks --lua-version 5.4 make --tree "$folder/rock" >"$folder/log" 2>&1) ||
    { cat "$folder/log"; exit 1; }
cd "$folder"
"$folder/rock/bin/fota" models EC600U >/dev/null
echo 'print("version " .. require("fota").model().name)' >main.lua
"$folder/rock/bin/fota" emu main.lua --home modem --model EC600U | grep -q '^version EC600U$'
eval "$(luarocks --lua-version 5.4 --tree "$folder/rock" path)"
lua5.4 -e 'assert(require("fota").model().name == "generic")'

# The packed source rock, as somebody without the repository has it.
cd - >/dev/null
scripts/rock "$folder/packed" >/dev/null
cd "$folder"
luarocks --lua-version 5.4 install --tree "$folder/offline" packed/fota-scm-1.src.rock >"$folder/log" 2>&1 ||
    { cat "$folder/log"; exit 1; }
"$folder/offline/bin/fota" models EC600U >/dev/null
