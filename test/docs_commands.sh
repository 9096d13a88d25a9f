#!/bin/bash
# Runs the commands of docs/releasing.md in their order, each in one folder with two versions of a program.
# test/docs_commands.sh [BUILD FOLDER]
set -eu
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build}")
page=$PWD/docs/releasing.md
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

sed -n '/^```sh/,/^```/{/^```/d;p}' "$page" >"$folder/commands"
[ "$(grep -c '^fota ' "$folder/commands")" -ge 20 ] || { echo "$page has lost its commands"; exit 1; }
cd "$folder"
mkdir app-1 app-2
echo 'print("version 1")' >app-1/main.lua
echo 'print("version 2")' >app-2/main.lua
seq 2000 | tee app-1/data.txt >app-2/data.txt
PATH=$build/bin:$PATH bash -eux commands
