#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# core.sh: instructions of the core alone, on the soft MMU, by callgrind.
#
# usage: core.sh [row ...]	(all rows of bench/core.c)
#
# Every row runs with two numbers of operations, LOW and HIGH; the cost of one
# is the difference of the counts divided by HIGH - LOW, so that beginning and
# end cancel out exactly, and the empty loop (row `nothing`) is taken off.
# What cost grows with the logarithm of the size is that of a size between.
#
#	core	 the operation without the contents of pages
#	contents filling pages with zeroes or copying them, apart
#
# Counts are the same on every run with one compiler and one C library; they
# are instructions, not time.  What is in them: see bench/core.c.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=bench/lib.sh
. "$top/bench/lib.sh"

low=1000
high=3000
core=$top/build/bench/core
make -s -C "$top" build/bench/core >&2

# collected N [OPTION...]: instructions in measure() for $row with N.
collected() {
	n=$1
	shift
	if ! timeout 600 valgrind --tool=callgrind --toggle-collect=measure \
	    --callgrind-out-file=/dev/null "$@" "$core" "$row" "$n" \
	    2>"$work/log"; then
		echo "bench: core $row $n: $(tail -n 1 "$work/log")" >&2
		return 1
	fi
	sed -n 's/.*Collected : //p' "$work/log"
}

# each [OPTION...]: instructions of one operation of $row, loop included.
each() {
	few=$(collected "$low" "$@") && many=$(collected "$high" "$@") &&
	    echo "$few $many $low $high" |
	    awk '{ printf "%.2f\n", ($2 - $1) / ($4 - $3) }'
}

if ! command -v valgrind >/dev/null; then
	echo "bench: there is no valgrind here (Debian package valgrind)" >&2
	exit 1
fi
row=nothing
loop=$(each)
"$core" >"$work/rows"
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(awk '$1 != "nothing" { print $1 }' "$work/rows")

echo "Instructions, each from $low and $high operations"
printf '%-18s %10s %10s  %s\n' row core contents 'what'
for row; do
	if ! total=$(each) || ! bare=$(each --toggle-collect=contents_zero \
	    --toggle-collect=contents_copy); then
		failures=$((failures + 1))
		continue
	fi
	awk -F '\t' -v row="$row" -v total="$total" -v bare="$bare" \
	    -v loop="$loop" '$1 == row {
		if ($2 == "once")
			loop = 0
		printf "%-18s %10.1f %10.1f  %s\n", row, bare - loop,
		    total - bare, $3
	}' "$work/rows"
done
[ "$failures" = 0 ]
