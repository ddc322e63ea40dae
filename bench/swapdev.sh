#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# swapdev.sh [FILE [MEGABYTES]]: megabytes a second of a swap file in clusters
# of 64 pages, beside plain pwrite and pread.  See bench/swapdev.c.
#
# FILE is made, and removed at the end; without one it is in $TMPDIR or in
# /var/tmp, as that of `bsdvm run -s SIZE`.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
make -s -C "$top" build/bench/swapdev >&2

file=${1:-$(mktemp -u "${TMPDIR:-/var/tmp}/bsdvm-bench.XXXXXX")}
if [ -e "$file" ]; then
	echo "bench: $file is there already" >&2
	exit 1
fi
trap 'rm -f "$file"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$top/build/bench/swapdev" "$file" "${2:-512}"
