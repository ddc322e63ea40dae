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
TMPDIR=${TMPDIR:-/var/tmp}
# shellcheck source=bench/lib.sh
. "$top/bench/lib.sh"
make -s -C "$top" build/bench/pressure >&2

"$top/build/bench/pressure" "$work/swap" "${1:-256}" "${2:-netbsd}"
