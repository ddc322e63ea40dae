#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# writers.sh [MEGABYTES [SECONDS [DESIGN]]]: how long a light process waits for
# a page beside one that writes as fast as it can (16, 20, every design but
# mach, which lets nobody wait before the others).  See bench/writers.c.
#
# The file is in $TMPDIR or /var/tmp, and removed at the end.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
TMPDIR=${TMPDIR:-/var/tmp}
# shellcheck source=bench/lib.sh
. "$top/bench/lib.sh"
make -s -C "$top" build/bench/writers >&2

for design in ${3:-freebsd dragonfly netbsd openbsd}; do
	"$top/build/bench/writers" "$work/swap" "${1:-16}" "${2:-20}" "$design"
done
