#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# pressure.sh [MEGABYTES [DESIGN]]: paging to a file through the whole system
# beside plain I/O, and how long programs wait for memory (256, netbsd).  See
# bench/pressure.c.
#
# The file is in $TMPDIR or /var/tmp, and removed at the end.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
make -s -C "$top" build/bench/pressure >&2

folder=$(mktemp -d "${TMPDIR:-/var/tmp}/bsdvm-pressure.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$top/build/bench/pressure" "$folder/swap" "${1:-256}" "${2:-netbsd}"
