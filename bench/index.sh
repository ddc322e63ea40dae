#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# index.sh: instructions of the indexes of entries, by size of the map.
#
# usage: index.sh [index ...]	(list rbtree twotrees hinted)
#
# Each line is one operation of bench/index.c on one index, each column a
# number of entries; the last is the largest count as a multiple of the
# smallest.  Where a walk makes an operation long it is done fewer times.
# Counts are the same on every run with one compiler and one C library.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=bench/lib.sh
. "$top/bench/lib.sh"

sizes='10 100 1000 10000 100000 1000000'
ops='lookup insert remove find find_new'
index=$top/build/bench/index
make -s -C "$top" build/bench/index >&2

# rounds NAME SIZE: how often to do it
rounds() {
	case $1 in
	list | hinted) echo $((1 + 2000000 / ($2 + 2000))) ;;
	*) echo 1000 ;;
	esac
}

# count NAME SIZE: a line `OP INSTRUCTIONS` for each operation.
count() {
	n=$(rounds "$1" "$2")
	if ! timeout 900 valgrind --tool=callgrind --toggle-collect='bench_*' \
	    --callgrind-out-file="$work/out" "$index" "$1" "$2" "$n" \
	    2>"$work/log"; then
		echo "bench: index $1 $2: $(tail -n 1 "$work/log")" >&2
		return 1
	fi
	callgrind_annotate --inclusive=yes --threshold=100 "$work/out" |
	    sed -n 's/^ *\([0-9,]*\) .*:bench_\([a-z_]*\).*/\2 \1/p' |
	    tr -d , | awk -v n="$n" '{ printf "%s %d\n", $1, $2 / n + 0.5 }'
}

if ! command -v valgrind >/dev/null; then
	echo "bench: there is no valgrind here (Debian package valgrind)" >&2
	exit 1
fi
[ $# -gt 0 ] || set -- list rbtree twotrees hinted

echo "Instructions of one operation in a map of so many entries"
# shellcheck disable=SC2086
printf '%-10s %-9s %9s %9s %9s %9s %9s %9s %8s\n' index op $sizes max/min
for name; do
	: >"$work/counts"
	for size in $sizes; do
		count "$name" "$size" >>"$work/counts" ||
		    failures=$((failures + 1))
	done
	for op in $ops; do
		awk -v name="$name" -v op="$op" '$1 == op {
			line = line sprintf(" %9d", $2)
			if (min == 0 || $2 < min)
				min = $2
			if ($2 > max)
				max = $2
		}
		END {
			printf "%-10s %-9s%s %8.1f\n", name, op, line,
			    min ? max / min : 0
		}' "$work/counts"
	done
done
[ "$failures" = 0 ]
