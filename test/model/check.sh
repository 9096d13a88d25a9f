#!/bin/sh
# Checks the model of journal and boot stage exhaustively with spin, and that it fails without each rule:
# test/model/check.sh [CUTS]. Prints the number of states.
set -eu
cd "$(dirname "$0")"

cuts=${1:-3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp install.pml "$folder"
cd "$folder"

# run NAME DEFINITIONS [-a]: the verifier's report in $folder/NAME; -a looks for lives without an end, too
run() {
    [ "${3-}" = -a ] && kind=-DNFAIR=2 || kind=-DSAFETY
    spin -a $2 -DCUTS="$cuts" install.pml >spin.log 2>&1 || { cat spin.log; exit 1; }
    gcc -O2 -DVECTORSZ=512 -DCOLLAPSE $kind -o pan pan.c
    # shellcheck disable=SC2086 # words
    ./pan -m2000000 ${3-} >"$1" 2>&1
    if grep -q "max search depth too small\|error: max" "$1"; then
        echo "$1: not exhaustive"
        exit 1
    fi
}
states() { sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$1"; }

run whole ""
if ! grep -q "errors: 0" whole; then
    cat whole
    exit 1
fi
echo "model: $(states whole) states with up to $cuts cuts, no error"
all=$cuts
cuts=1
run failing "-DFAILS=1"
grep -q "errors: 0" failing || { cat failing; exit 1; }
echo "model: $(states failing) states with one cut and one program that does not hold, no error"
run NO_SECOND_PAIR "-DFAILS=1 -DNO_SECOND_PAIR"
grep -q "errors: [1-9]" NO_SECOND_PAIR || { echo "FAIL  model: NO_SECOND_PAIR is not caught"; exit 1; }
echo "ok    model: NO_SECOND_PAIR is caught"
cuts=$all
for rule in NO_SEAL NO_WHOLE_SEAL NO_R2 NO_R4 NO_R6 NO_INTENT NO_SETTLE; do
    # What a bank that is not whole is used for makes up for a seal that is not asked for.
    [ "$rule" = NO_SEAL ] && also=-DNO_WHOLE_SEAL || also=
    run "$rule" "-D$rule $also"
    if ! grep -q "errors: [1-9]" "$rule"; then
        echo "FAIL  model: $rule is not caught"
        exit 1
    fi
    echo "ok    model: $rule is caught"
done
# The same property without a rule missing: that it can be held at all.
cuts=1
run ends -DENDS -a
grep -q "errors: 0" ends || { cat ends; exit 1; }
echo "model: $(states ends) states, and every life ends"
cuts=$all
run NO_TRIES -DNO_TRIES -a
grep -q "errors: [1-9]" NO_TRIES || { echo "FAIL  model: NO_TRIES is not caught"; exit 1; }
echo "ok    model: NO_TRIES is caught"
