#!/bin/sh
# Runs the specs on another Lua: test/lua.sh 5.1|5.3|jit|32
# 32 is Lua 5.3 with 32-bit numbers. Or those of the Lua module on Lua 5.4 with the collector always at
# work, or under valgrind: test/lua.sh collector|valgrind [WORD OF A TEST'S NAME]... Or those with random
# arguments with sanitizers on another Lua: test/lua.sh asan-5.1|asan-5.3|asan-jit|asan-32
set -eu
cd "$(dirname "$0")/.."

busted() { # FOLDER INTERPRETER... -- ARGUMENT...
    folder=$1
    shift
    interpreter=""
    while [ "$1" != -- ]; do
        interpreter="$interpreter $1"
        shift
    done
    shift
    # shellcheck disable=SC2086 # a list of words
    FOTA_BIN="$folder/bin/fota" exec $interpreter /usr/bin/busted --lpath="$folder/lua/?.lua;./?.lua" \
        --cpath="$folder/lib/?.so" "$@"
}

face="spec/job_spec.lua spec/job_wait_spec.lua spec/job_callback_spec.lua spec/lua_face_spec.lua
    spec/lua_wait_spec.lua"
# shellcheck disable=SC2086 # lists of words
case ${1-} in
5.1 | 5.3 | 5.4)
    scripts/build --lua "$1" "build-$1"
    busted "build-$1" "lua$1" --
    ;;
jit)
    scripts/build --lua jit build-jit
    busted build-jit luajit --
    ;;
32)
    scripts/lua32
    FOTA_BIN=build-lua32/bin/fota exec build-lua32/bin/lua spec/support/mini.lua \
        --lpath="build-lua32/lua/?.lua;./?.lua" --cpath="build-lua32/lib/?.so" spec/*_spec.lua
    ;;
asan-*)
    lua=${1#asan-}
    interpreter=lua$lua
    [ "$lua" = jit ] && interpreter=luajit
    if [ "$lua" = 32 ]; then
        scripts/lua32
        scripts/build --sanitize --lua-root "$PWD/build-lua32/vm" build-asan-32
    else
        scripts/build --sanitize --lua "$lua" "build-asan-$lua"
    fi
    # What the interpreter holds at exit is not ours to count.
    LD_PRELOAD=$(gcc -print-file-name=libasan.so)
    ASAN_OPTIONS=detect_leaks=0
    export LD_PRELOAD ASAN_OPTIONS
    [ "$lua" = 32 ] && exec build-lua32/bin/lua spec/support/mini.lua --lpath="build-asan-32/lua/?.lua;./?.lua" \
        --cpath="build-asan-32/lib/?.so" spec/fuzz_spec.lua $face
    busted "build-asan-$lua" "$interpreter" -- spec/fuzz_spec.lua $face
    ;;
collector)
    busted build lua5.4 -- --helper=spec/support/collect.lua $face spec/luatos_fota_spec.lua
    ;;
valgrind)
    shift
    filters=""
    for name in "$@"; do
        filters="$filters --filter=$name"
    done
    busted build valgrind -q --error-exitcode=9 lua5.4 -- $filters $face
    ;;
*)
    sed -n '2,5s/^# //p' "$0" >&2
    exit 2
    ;;
esac
