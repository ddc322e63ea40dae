#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# programs.sh: whole programs under bsdvm run against the same natively.
#
# usage: programs.sh [-n rounds] [job ...]
#   -n  runs of each job under each system, taken in turns (5; compute 9)
#
#	compile  gcc -O2 -c of one of the project's larger sources: a driver
#	         and three programs, each mapping libraries and filling a heap
#	sqlite   sqlite3 builds a database of 50 MB and queries it: file
#	         input and output through buffers, some memory
#	sort     sort --parallel=2 of 100 MB: threads, much memory, temporary
#	         files only if sort thinks so
#	compute  bench/compute.c: two seconds of loops, no system calls
#
# The numbers are wall time of the command, start and end included; medians,
# and their ratio.  The ratio of the shortest times is given as well: on a
# machine with other work it is the steadier of the two.  Files are in the
# page cache.  What they do not mean: little can be said from them about a
# program that needs more memory than bsdvm is given (1 GiB here).
#
# Both runs must leave the same bytes; a job that does not counts as one that
# could not be run, and makes the exit status 1.  No time ever does.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=bench/lib.sh
. "$top/bench/lib.sh"

rounds=
while getopts n: opt; do
	case $opt in
	n) rounds=$OPTARG ;;
	*) sed -n '/^# usage/,/^#   -n/s/^# //p' "$0" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- compile sqlite sort compute

source=${BENCH_SOURCE:-vm/vm_map.c}
LC_ALL=C
TMPDIR=$work
export LC_ALL TMPDIR
build wall
build compute

# timed SYSTEM JOB COMMAND...: run it once.  A good run adds its time to
# JOB.SYSTEM; what it wrote to standard output and to $work/result becomes
# JOB.SYSTEM.sum.
timed() {
	system=$1
	job=$2
	shift 2
	rm -f "$work/result" "$work/db"
	if [ "$system" = bsdvm ]; then
		set -- "$bsdvm" run -d netbsd -m 1G -- "$@"
	fi
	: >"$work/result"
	status=0
	(cd "$top" && timeout -k 5 600 "$out/wall" "$work/$job.$system" "$@") \
	    </dev/null >"$work/stdout" 2>"$work/stderr" || status=$?
	cat "$work/stdout" "$work/result" | cksum >"$work/$job.$system.sum"
	[ "$status" = 0 ] && return
	complain "$job under $system: exit status $status:" \
	    "$(tail -n 1 "$work/stderr")"
}

# run_job JOB DEFAULT_ROUNDS COMMAND...: both systems in turns.
run_job() {
	job=$1
	left=${rounds:-$2}
	shift 2
	rm -f "$work/$job.native" "$work/$job.bsdvm"
	while [ "$left" -gt 0 ]; do
		left=$((left - 1))
		timed native "$job" "$@"
		[ -n "$bsd" ] || continue
		timed bsdvm "$job" "$@"
		cmp -s "$work/$job.native.sum" "$work/$job.bsdvm.sum" ||
		    complain "$job: bsdvm's result differs from the native one"
		# A job that does not work is not tried again and again.
		[ "$failures" = "$before" ] || bsd=
	done
}

# times_of SYSTEM JOB: nanoseconds of its good runs, ascending.
times_of() {
	sort -n "$work/$2.$1" 2>/dev/null || :
}

# report JOB GOAL: one line of the table.
report() {
	{ times_of native "$1" | sed 's/^/native /'
	times_of bsdvm "$1" | sed 's/^/bsdvm /'; } | awk -v job="$1" -v goal="$2" '
	{ value[$1, ++n[$1]] = $2 / 1e9 }
	function median(s) {
		return (value[s, int((n[s] + 1) / 2)] + \
		    value[s, int(n[s] / 2) + 1]) / 2
	}
	END {
		if (n["native"] == 0)
			exit
		nat = median("native")
		if (n["bsdvm"] == 0) {
			printf "%-10s %10.3f %10s\n", job, nat, "-"
			exit
		}
		bsd = median("bsdvm")
		printf "%-10s %10.3f %10.3f %8.3f %8.3f  <= %s %s\n", job, nat,
		    bsd, bsd / nat, value["bsdvm", 1] / value["native", 1],
		    goal, bsd / nat <= goal ? "met" : "MISSED"
	}'
}

job_compile() {
	run_job compile 5 gcc -std=c11 -O2 -I. -c -o "$work/result" "$source"
	report compile 1.5
}

# Rows in an order unlike that of either index, so that building them is work.
job_sqlite() {
	cat >"$work/job.sql" <<-'SQL'
	PRAGMA synchronous = OFF;
	CREATE TABLE item (id INTEGER PRIMARY KEY, key INTEGER, text TEXT);
	WITH RECURSIVE n(i) AS
	    (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)
	INSERT INTO item SELECT i, i * 7919 % 1000003,
	    hex(i * 104729) || ' a row of about one hundred bytes, ' ||
	    'of which most is never looked at again' FROM n;
	CREATE INDEX item_key ON item (key);
	SELECT count(*), sum(length(text)) FROM item WHERE key < 500000;
	SELECT sum(a.id - b.id) FROM item a JOIN item b ON b.key = a.key + 1
	    WHERE a.id % 7 = 0;
	SELECT key % 1000 AS k, count(*) AS c FROM item GROUP BY k
	    ORDER BY c DESC, k LIMIT 3;
	SELECT page_count * page_size / 1000000 > 45 FROM
	    pragma_page_count, pragma_page_size;
	SQL
	run_job sqlite 5 sqlite3 -bail "$work/db" ".read $work/job.sql"
	rm -f "$work/db"
	report sqlite 1.5
}

job_sort() {
	awk 'BEGIN {
		srand(1)
		for (i = 0; i < 1600000; i++)
			printf "%08d %08d some words that follow the keys, %d\n",
			    rand() * 1e8, rand() * 1e8, i
	}' >"$work/lines"
	run_job sort 5 sort --parallel=2 -o "$work/result" "$work/lines"
	rm -f "$work/lines" "$work/result"
	report sort 1.5
}

job_compute() {
	run_job compute 9 "$out/compute"
	report compute 1.02
}

can_bsdvm=yes
if ! have_bsdvm; then
	complain "$bsdvm cannot run a program; its column stays empty"
	can_bsdvm=
fi
echo "Seconds of wall time, medians; the compile is of $source"
printf '%-10s %10s %10s %8s %8s  %s\n' job native bsdvm bsd/nat best/best goal
for job; do
	bsd=$can_bsdvm
	before=$failures
	case $job in
	compile) need=gcc ;;
	sqlite) need=sqlite3 ;;
	sort) need='sort' ;;
	compute) need=$out/compute ;;
	*) complain "$job: no such job"; continue ;;
	esac
	if ! command -v "$need" >/dev/null; then
		complain "$job: there is no $need here"
		continue
	fi
	"job_$job"
done
[ "$failures" = 0 ]
