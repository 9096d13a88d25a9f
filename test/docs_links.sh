#!/bin/bash
# Fails on what a document names and the repository does not have: a relative link, its anchor, or a
# path in backticks (`core/boot.c`) or a public function in backticks (`fota_step()`).
# shellcheck disable=SC2016 # the backticks are Markdown
set -u
cd "$(dirname "$0")/.." || exit 1

failures=0
dead() { # DOCUMENT WHAT
    printf '%s: %s\n' "$1" "$2"
    failures=$((failures + 1))
}

# The anchors of a document as GitHub makes them from its headings.
anchors() {
    sed -n '/^```/,/^```/d; s/^##* *//p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[`.,:;!?()*"'"'"'\/]//g; s/ /-/g'
}

check_link() { # DOCUMENT TARGET
    local document=$1 target=${2%%#*} anchor="" path
    case $2 in
    http://* | https://* | mailto:*) return ;;
    *'#'*) anchor=${2#*#} ;;
    esac
    path=$document
    [ -n "$target" ] && path=$(dirname "$document")/$target
    if [ ! -e "$path" ]; then
        dead "$document" "dead link: $2"
    elif [ -n "$anchor" ] && ! anchors "$path" | grep -qxF -- "$anchor"; then
        dead "$document" "dead anchor: $2"
    fi
}

check_word() { # DOCUMENT WORD
    case $2 in
    build/* | *'*'* | *': '* | */) ;;
    core/* | lua/* | types/* | docs/* | emulator/* | examples/* | platform/* | scripts/* | spec/* | test/* | tools/* | bench/* | cmake/* | lua_fota.*)
        [ -e "${2%% *}" ] || [ -e "$(dirname "$1")/${2%% *}" ] || dead "$1" "no such file: $2"
        ;;
    fota_*[.:=]*) ;; # a call of a script
    fota_*'()')
        grep -rqw --include='*.h' -- "${2%%(*}" core platform tools ./*.h || dead "$1" "no such function: $2"
        ;;
    esac
}

mapfile -t documents < <(git ls-files -co --exclude-standard '*.md')
if [ "${#documents[@]}" -eq 0 ]; then
    echo "no documents found"
    exit 1
fi
links=0
for document in "${documents[@]}"; do
    while IFS= read -r link; do
        links=$((links + 1))
        check_link "$document" "$link"
    done < <(sed '/^```/,/^```/d' "$document" | grep -oE '\]\([^) ]+\)|src="[^"]+"' | sed -E 's/^\]\(|\)$|^src="|"$//g')
    while IFS= read -r word; do
        check_word "$document" "$word"
    done < <(sed '/^```/,/^```/d' "$document" | grep -oE '`[^`]+`' | tr -d '`')
done

# Both READMEs say the same: the same commands and programs (but for their comments), the same links.
blocks() { sed -n '/^```/,/^```/p' "$1" | sed 's/ *#.*//'; }
links() { sed '/^```/,/^```/d' "$1" | grep -oE '\]\([^#) ][^) ]*\)' | grep -v README | sort; }
for part in blocks links; do
    difference=$(diff <($part README.md) <($part README.zh-CN.md)) ||
        dead README.zh-CN.md "other $part than README.md: $difference"
done

printf '%d documents, %d links, %d dead\n' "${#documents[@]}" "$links" "$failures"
[ "$failures" -eq 0 ]
