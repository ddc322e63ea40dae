#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# micro.sh: single memory operations under native Linux, bsdvm run and
# user-mode Linux, side by side.
#
# usage: micro.sh [-n rounds] [-r rows] [-u]
#   -n  runs of each system, interleaved so that a slow minute of the machine
#       falls on all three; the table shows medians (5)
#   -r  the rows to run, separated by spaces (all that micro knows)
#   -u  leave user-mode Linux out
#
# The same static binary (bench/micro.c) runs everywhere, with the same
# arguments, and maps the same file; user-mode Linux gets the host's root
# through hostfs.  Both guests have 256 MiB.
#
# User-mode Linux runs each process under ptrace, a kernel and a process taking
# turns.  On two processors each turn wakes the other one: rows that enter the
# kernel once an operation take three to eight times as long, munmap and fork
# up to twice.  So it is bound to one processor, its best setting.  bsdvm and
# native Linux run unbound, as a user would start them.
#
# What the ratios mean: elapsed time of the same operation seen from inside.
# What they do not: a row is not a program (see programs.sh), and user-mode
# Linux does more than memory: its system calls are its own kernel's.
# The goal column only reports; the exit status is 1 if something could not
# be run, and does not depend on any time.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=bench/lib.sh
. "$top/bench/lib.sh"

rounds=5
rows=
uml=${UML:-linux.uml}
while getopts n:r:u opt; do
	case $opt in
	n) rounds=$OPTARG ;;
	r) rows=$OPTARG ;;
	u) uml= ;;
	*) sed -n '/^# usage/,/^#   -u/s/^# //p' "$0" >&2; exit 2 ;;
	esac
done

build micro
build uml_init
dd if=/dev/zero of="$work/file" bs=1M count=32 2>/dev/null
# Copies, so that no blank in the tree's path reaches a kernel command line.
cp "$out/micro" "$out/uml_init" "$work"
# shellcheck disable=SC2086
set -- "$work/micro" -f "$work/file" $rows

# keep SYSTEM: add the rows on standard input to the results of SYSTEM.
keep() {
	awk -F '\t' -v OFS='\t' -v who="$1" '
	    NF == 2 && $1 ~ /^[a-z-]+$/ && $2 ~ /^[0-9.]+\r?$/ &&
	    $1 != "status" { print who, $1, $2 + 0 }' >>"$work/results"
}

run_native() {
	"$@" >"$work/log" || complain "micro failed natively"
	keep native <"$work/log"
}

run_bsdvm() {
	status=0
	timeout -k 5 300 "$bsdvm" run -d netbsd -m 256M -- "$@" \
	    </dev/null >"$work/log" 2>"$work/err" || status=$?
	keep bsdvm <"$work/log"
	[ "$status" = 0 ] && return
	complain "bsdvm run: exit status $status:" \
	    "$(tail -n 1 "$work/err")"
}

run_uml() {
	timeout -k 5 300 taskset -c 0 "$uml" mem=256M \
	    rootfstype=hostfs rootflags=/ root=/dev/root ro \
	    init="$work/uml_init" con=null con0=null,fd:1 ssl=null \
	    console=tty0 quiet loglevel=1 uml_dir="$work/uml" umid=bench \
	    -- "$@" </dev/null >"$work/log" 2>&1 || :
	keep uml <"$work/log"
	grep -q "^status	0" "$work/log" && return
	complain "user-mode Linux: the benchmark did not end well:" \
	    "$(tail -n 1 "$work/log")"
}

if [ -z "$uml" ]; then
	echo "User-mode Linux is left out; its column stays empty."
elif ! command -v "$uml" >/dev/null; then
	echo "There is no $uml here (Debian package user-mode-linux);" \
	    "its column stays empty."
	uml=
fi
bsd=yes
if ! have_bsdvm; then
	complain "$bsdvm cannot run a program; its column stays empty"
	bsd=
fi

: >"$work/results"
round=0
while [ "$round" -lt "$rounds" ]; do
	round=$((round + 1))
	run_native "$@"
	if [ -n "$bsd" ]; then run_bsdvm "$@"; fi
	if [ -n "$uml" ]; then run_uml "$@"; fi
done

echo "Nanoseconds an operation, median of $rounds runs of each system"
sort -t '	' -k1,1 -k2,2 -k3,3n "$work/results" >"$work/sorted"
# The first pass takes medians, the second the order of the rows.
awk -F '\t' '
function median(key) {
	n = count[key]
	if (n == 0)
		return 0
	return (value[key, int((n + 1) / 2)] + value[key, int(n / 2) + 1]) / 2
}
function show(x, digits) {
	return x > 0 ? sprintf("%.*f", digits, x) : "-"
}
function judge(what, ratio, ok) {
	if (ratio <= 0)
		return ""
	return "  " what (ok ? " met" : " MISSED")
}
FNR == NR {
	key = $1 SUBSEP $2
	value[key, ++count[key]] = $3
	next
}
$1 == "native" && !seen[$2]++ { order[++nrows] = $2 }
END {
	printf "%-20s %12s %12s %12s %9s %9s  %s\n", "row", "native",
	    "bsdvm", "uml", "bsdvm/nat", "uml/bsdvm", "goals"
	for (i = 1; i <= nrows; i++) {
		row = order[i]
		nat = median("native" SUBSEP row)
		bsd = median("bsdvm" SUBSEP row)
		uml = median("uml" SUBSEP row)
		slow = nat > 0 ? bsd / nat : 0
		gain = bsd > 0 ? uml / bsd : 0
		goals = ""
		if (row !~ /scattered/)
			goals = judge("uml/bsdvm >= 3", gain, gain >= 3)
		if (row == "getppid")
			goals = goals judge("bsdvm/nat <= 1.10", slow,
			    slow <= 1.10)
		if (row == "zero-fill")
			goals = goals judge("bsdvm/nat <= 2", slow, slow <= 2)
		printf "%-20s %12s %12s %12s %9s %9s%s\n", row, show(nat, 1),
		    show(bsd, 1), show(uml, 1), show(slow, 2), show(gain, 2),
		    goals
	}
}' "$work/sorted" "$work/results"
[ "$failures" = 0 ]
