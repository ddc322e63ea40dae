#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# replace.sh [-n FRAMES]: misses of every design beside the fewest that can be,
# for private memory, for shared memory, and reads with reading ahead.
#
# Counts are the same on every run.  See bench/replace.c.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
make -s -C "$top" build/bench/replace >&2

echo "Private memory"
"$top/build/bench/replace" "$@"
echo
echo "Shared memory"
"$top/build/bench/replace" -s "$@"
echo
echo "Shared memory, read ahead"
"$top/build/bench/replace" -s -a "$@"
