# shellcheck shell=bash
# What the demos share: a folder, a web server, and acts that are judged. Sourced with the
# repository as the current folder.

dir=$(mktemp -d)
nginx_pid=""
tls="" # what nginx listens with besides the port; its other settings may follow behind a semicolon
finish() {
    [ -n "$nginx_pid" ] && kill "$nginx_pid" 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT

bold="" dim="" plain="" green="" red=""
if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'; fi
failures=0

say() { printf '%s\n' "$*"; }
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# Shows a command as a person would type it.
show() {
    local shown="${*//$dir\//}"
    printf '%s$ %s%s\n' "$dim" "${shown//$PWD\/build\/bin\//}" "$plain"
}

run() {
    show "$@"
    "$@" | sed "s|$dir/||g"
    return "${PIPESTATUS[0]}"
}

# expect WHAT COMMAND...: part of an act's verdict.
expect() {
    local what=$1
    shift
    if "$@"; then
        printf '%s  ok  %s%s\n' "$green" "$what" "$plain"
    else
        printf '%s  NOT %s%s\n' "$red" "$what" "$plain"
        failures=$((failures + 1))
    fi
}

serve() {
    mkdir -p "$dir/www" "$dir/tmp"
    cat >"$dir/nginx.conf" <<CONF
daemon off; master_process off; pid $dir/nginx.pid; error_log $dir/error.log;
events {}
http {
    access_log $dir/access.log;
    client_body_temp_path $dir/tmp; proxy_temp_path $dir/tmp; fastcgi_temp_path $dir/tmp;
    uwsgi_temp_path $dir/tmp; scgi_temp_path $dir/tmp;
    default_type application/octet-stream;
    server { listen 127.0.0.1:$port $tls; root $dir/www; }
}
CONF
    nginx -p "$dir" -c "$dir/nginx.conf" 2>>"$dir/error.log" &
    nginx_pid=$!
    for _ in $(seq 100); do
        [ -s "$dir/nginx.pid" ] && return 0
        kill -0 "$nginx_pid" 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}

stop_server() {
    kill "$nginx_pid"
    wait "$nginx_pid" 2>/dev/null
}

start_server() {
    for _ in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 20000))
        serve && return 0
    done
    cat "$dir/error.log" >&2
    return 1
}

# flip FROM TO: one bit of a package is another.
flip() {
    cp "$dir/www/$1" "$dir/www/$2"
    local byte
    byte=$(od -An -tu1 -j 50000 -N 1 "$dir/www/$2")
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf %o $((byte ^ 1)))" |
        dd of="$dir/www/$2" bs=1 seek=50000 conv=notrunc status=none
}
