#!/bin/bash
# Fails on an #include that goes against the layers: lua_fota.c -> core <- platform.
#   core/            includes itself, and four headers of C that need no operating system
#   platform/PORT/   includes core/, itself, and what it is put together of, named below
#   Lua's C API      is known to lua_fota.c, lua/, emulator/, tools/, the firmware of boards, and tests
#   mbedTLS          is known to platform/mbedtls/, boards (their entropy), and keys and tests on a host
set -u
cd "$(dirname "$0")/.." || exit 1

failures=0

# Every #include of these files has to fit the extended regular expression.
only() { # RULE ALLOWED FILE...
    local rule=$1 allowed=$2 found
    shift 2
    found=$(grep -nE '^ *# *include' "$@" | grep -vE "include *($allowed)")
    [ -z "$found" ] && return
    printf '%s:\n%s\n' "$rule" "$found"
    failures=$((failures + 1))
}

port() { # NAME [PATH]...: what it may include besides
    local name=$1 allowed="<|\"[a-z0-9_]+\.h\"|\"platform/$1/" path
    shift
    for path in "$@"; do allowed+="|\"$path"; done
    mapfile -t files < <(git ls-files "platform/$name/*.[ch]")
    only "platform/$name/ includes another layer" "$allowed" "${files[@]}"
}

# Files that are under none of these paths may not include what is given.
nowhere() { # WHAT INCLUDES PATH...
    local what=$1 includes=$2 found
    shift 2
    found=$(git grep -nE "^ *# *include *($includes)" -- '*.c' '*.h' "${@/#/:!}")
    [ -z "$found" ] && return
    printf '%s is not known here:\n%s\n' "$what" "$found"
    failures=$((failures + 1))
}

mapfile -t files < <(git ls-files 'core/*.[ch]')
only "core/ includes more than itself" '"[a-z0-9_]+\.h"|<(stdbool|stddef|stdint|string)\.h>' "${files[@]}"
port nand
port posix
port mbedtls
port lwip
port sim platform/posix/ platform/mbedtls/ platform/nand/
port quectel
port luatos platform/quectel/wall_clock.h
port board platform/lwip/ platform/mbedtls/ tools/key.h
nowhere "Lua's C API" '<(lua|lauxlib|lualib)\.h>|"lua_fota\.h"' lua_fota.c lua_fota.h lua emulator tools platform/board test
nowhere "mbedTLS" '<(mbedtls|psa)/' platform/mbedtls platform/board tools test

[ "$failures" -eq 0 ]
