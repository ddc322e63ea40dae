#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# core.sh: instructions of the core alone, on the soft MMU, by callgrind.
#
# usage: core.sh [-d design] [row ...]	(netbsd; all rows of bench/core.c)
#        core.sh -a [row ...]		every design side by side
#
# Every row runs with two numbers of operations, LOW and HIGH; the cost of one
# is the difference of the counts divided by HIGH - LOW, so that beginning and
# end cancel out exactly, and the empty loop (row `nothing`) is taken off.
# What cost grows with the logarithm of the size is that of a size between.
#
#	core	 the operation without the contents of pages
#	contents filling pages with zeroes or copying them, apart
#
# With -a the columns are the designs' `core`, and the last is the largest as
# a multiple of the smallest.
#
# Counts are the same on every run with one compiler and one C library; they
# are instructions, not time.  What is in them: see bench/core.c.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=bench/lib.sh
. "$top/bench/lib.sh"

low=1000
high=3000
designs=netbsd
all=false
while getopts ad: opt; do
	case $opt in
	a) all=true ;;
	d) designs=$OPTARG ;;
	*) sed -n '/^# usage/,/^#  /s/^# //p' "$0" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
core=$top/build/bench/core
make -s -C "$top" build/bench/core >&2

# collected N [OPTION...]: instructions in measure() for $row with N.
collected() {
	n=$1
	shift
	if ! timeout 600 valgrind --tool=callgrind --toggle-collect=measure \
	    --callgrind-out-file=/dev/null "$@" "$core" "$row" "$n" "$design" \
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

# bare ROW: instructions of one operation without contents, loop included.
bare() {
	row=$1
	each --toggle-collect=contents_zero --toggle-collect=contents_copy
}

# progress TEXT: on a terminal, what is being waited for
progress() {
	[ ! -t 2 ] || printf '\r%-40s\r' "$1" >&2
}

# what ROW: what is done
what() {
	awk -F '\t' -v row="$1" '$1 == row { print $3 }' "$work/rows"
}

# off ROW TOTAL: less the loop, which rows of a single operation have not
off() {
	awk -F '\t' -v row="$1" -v total="$2" -v loop="$loop" '$1 == row {
		printf "%.1f\n", total - ($2 == "once" ? 0 : loop) }' \
	    "$work/rows"
}

one_design() {
	design=$designs
	printf '%-18s %10s %10s  %s\n' row core contents 'what'
	for row; do
		if total=$(each) && core_part=$(bare "$row"); then
			contents=$(echo "$total $core_part" |
			    awk '{ printf "%.1f", $1 - $2 }')
			printf '%-18s %10s %10s  %s\n' "$row" \
			    "$(off "$row" "$core_part")" "$contents" \
			    "$(what "$row")"
		else
			failures=$((failures + 1))
		fi
	done
}

every_design() {
	designs=$("$bsdvm" designs | awk '{ printf "%s ", $1 }')
	printf '%-18s' row
	for design in $designs; do printf ' %10s' "$design"; done
	printf ' %10s  %s\n' worst/best what
	for row; do
		line=
		for design in $designs; do
			progress "$row, $design"
			if core_part=$(bare "$row"); then
				line="$line $(off "$row" "$core_part")"
			else
				line="$line -"
				failures=$((failures + 1))
			fi
		done
		progress ''
		echo "$line" | awk -v row="$row" -v what="$(what "$row")" '{
			printf "%-18s", row
			for (i = 1; i <= NF; i++) {
				printf " %10s", $i
				if ($i == "-")
					continue
				if (best == "" || $i + 0 < best + 0)
					best = $i
				if ($i + 0 > worst + 0)
					worst = $i
			}
			ratio = best > 0 ? sprintf("%.2f", worst / best) : "-"
			printf " %10s  %s\n", ratio, what
		}'
	done
}

"$core" >"$work/rows"
design=netbsd
row=nothing
loop=$(each)
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(awk '$1 != "nothing" { print $1 }' "$work/rows")

echo "Instructions, each from $low and $high operations"
if $all; then every_design "$@"; else one_design "$@"; fi
[ "$failures" = 0 ]
