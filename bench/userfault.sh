#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# userfault.sh [OPTION...]: a fault that the program answers itself: a pager of
# <bsdvm/vm.h> beside userfaultfd(2) and mprotect(2).  See bench/userfault.c.
#
# Goals: faster than each of the others one page at a time, and four times as
# many pages a second as they have then when neighbours come along.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
make -s -C "$top" build/bench/userfault >&2
"$top/build/bench/userfault" "$@"
