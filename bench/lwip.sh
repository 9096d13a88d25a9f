#!/bin/sh
# lwIP: code and RAM by part for Cortex-M3 at -Os, speed, and a lossy link, as Markdown.
set -eu
cd "$(dirname "$0")/.."
lwip=${FOTA_SOURCES:-build-sources}/lwip/src
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

compile() { # FOLDER OPTION...
    to=$1
    shift
    mkdir "$to"
    for f in "$lwip"/core/*.c "$lwip"/core/ipv4/*.c "$lwip"/core/ipv6/*.c "$lwip/netif/ethernet.c" \
        platform/lwip/lookup.c platform/lwip/net.c; do
        arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -Os -std=gnu99 -w -ffunction-sections -fdata-sections "$@" \
            -I"$lwip/include" -Iplatform/lwip -Icore -I. -c "$f" -o "$to/$(basename "$f" .c).o"
    done
}

bytes() { # COLUMNS OBJECT...: the sum of these columns of size(1)
    columns=$1
    shift
    arm-none-eabi-size "$@" | awk -v columns="$columns" \
        'NR > 1 { n += columns == "code" ? $1 + $2 : $2 + $3 } END { print n + 0 }'
}

all="$(cd "$lwip" && ls core/*.c core/ipv4/*.c core/ipv6/*.c netif/ethernet.c | sed 's,.*/,,; s,\.c$,,')"
named=" net tcp tcp_in tcp_out udp dns dhcp ip4 ip4_addr ip4_frag icmp etharp ip6 ip6_addr ip6_frag icmp6 nd6 mld6 ethip6 mem memp pbuf "
rest=""
for o in $all; do
    case "$named" in *" $o "*) ;; *) rest="$rest $o" ;; esac
done

row() { # TEXT FILE...
    text=$1
    shift
    line="| $text"
    for build in six four; do
        objects=""
        for o in "$@"; do objects="$objects $folder/$build/$o.o"; done
        # shellcheck disable=SC2086 # a list of words
        line="$line | $(bytes code $objects) | $(bytes ram $objects)"
    done
    echo "$line |"
}

owned() {
    echo '#include "platform/lwip/net.h"
        char owned[sizeof(struct fota_lwip_net)];' >"$folder/owned.c"
    arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -I"$lwip/include" -Iplatform/lwip -Icore -I. -c "$folder/owned.c" \
        -o "$folder/owned.o"
    echo $((0x$(arm-none-eabi-nm -S "$folder/owned.o" | awk '$4 == "owned" { print $2 }')))
}

compile "$folder/six"
compile "$folder/four" -DFOTA_LWIP_IPV6=0
echo "### lwIP by part (Cortex-M3, -Os, bytes; all files, as platform/lwip/lwipopts.h has them)"
echo
echo "| part | code | RAM | code, no IPv6 | RAM, no IPv6 |"
echo "|---|---:|---:|---:|---:|"
row "TCP" tcp tcp_in tcp_out
row "IPv4: ip4, icmp, etharp" ip4 ip4_addr ip4_frag icmp etharp
row "IPv6: ip6, icmp6, nd6, mld6" ip6 ip6_addr ip6_frag icmp6 nd6 mld6 ethip6
row "DHCP" dhcp
row "DNS" dns
row "UDP" udp
row "memory: what is received, and pools" memp pbuf
row "memory: what is sent" mem
# shellcheck disable=SC2086 # a list of words
row "the rest of lwIP" $rest
row "platform/lwip" net lookup
# shellcheck disable=SC2086
row "**all**" $all net lookup
echo
echo "struct fota_lwip_net, which the port owns, has $(owned) bytes."
echo
build/bench_lwip
echo
build/bench_link
