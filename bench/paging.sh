#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# paging.sh: one program that uses two and four times the memory it gets, under
# bsdvm run with a swap file and under Linux in a control group with a host
# swap file, side by side.
#
# usage: paging.sh [-n rounds] [-m megabytes] [-p patterns] [-d designs]
#   -n  runs of each, interleaved; the table shows medians (3)
#   -m  memory of each run (64); the swap file has eight times as much
#   -p  which patterns of bench/paging.c, separated by blanks (all)
#   -d  which designs, separated by blanks (all that can page the program)
#
# What is counted: pages in and out, and the requests that moved them, by
# bsdvm's --stats and by /proc/vmstat, with the filling of the memory; requests
# of Linux by the control group, where it tells (often not).  The seconds are
# the program's, from its first access after filling; bsd/linux is of them.
#
# What the ratios mean: Linux writes to the disk past its cache of files, and
# keeps what is on the way in the group's memory; bsdvm's file is in the host's
# cache like every file, so that its requests cost less.  Page-ins and
# page-outs are the better comparison.  bsdvm itself takes memory outside of
# what -m gives; the group's limit holds for all that the program takes,
# page tables included.
#
# For the Linux column it takes root, a memory control group (version 1 or 2)
# and swapon; without them the column is left out aloud.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=bench/lib.sh
. "$top/bench/lib.sh"

rounds=3
memory=64
patterns='sequential random loop mixed'
designs=
while getopts n:m:p:d: opt; do
	case $opt in
	n) rounds=$OPTARG ;;
	m) memory=$OPTARG ;;
	p) patterns=$OPTARG ;;
	d) designs=$OPTARG ;;
	*) sed -n '/^# usage/,/^#   -d/s/^# //p' "$0" >&2; exit 2 ;;
	esac
done
build paging
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/bsdvm-paging.XXXXXX")
group=
blkgroup=
swapping=

finish() {
	[ -z "$swapping" ] || swapoff "$folder/linux" || :
	for dir in "$group" "$blkgroup"; do
		[ -z "$dir" ] || rmdir "$dir" 2>/dev/null || :
	done
	rm -rf "$folder" "$work"
}
trap finish EXIT

# ------------------------------------------------------------- Linux

# Why there will be no Linux column; the script goes on.
without_linux() {
	echo "Linux is left out: $*"
	linux=
}

find_group() {
	root=/sys/fs/cgroup
	if [ -f $root/memory/memory.limit_in_bytes ]; then
		group=$root/memory/bsdvm-bench.$$
		mkdir "$group" || return 1
		echo "${memory}M" >"$group/memory.limit_in_bytes" || return 1
		if mkdir "$root/blkio/bsdvm-bench.$$" 2>/dev/null; then
			blkgroup=$root/blkio/bsdvm-bench.$$
		fi
		return 0
	fi
	[ -f $root/cgroup.controllers ] || return 1
	grep -qw memory $root/cgroup.controllers || return 1
	echo '+memory +io' >$root/cgroup.subtree_control 2>/dev/null ||
	    echo '+memory' >$root/cgroup.subtree_control || return 1
	group=$root/bsdvm-bench.$$
	mkdir "$group" && echo "${memory}M" >"$group/memory.max"
}

prepare_linux() {
	linux=yes
	if [ "$(id -u)" != 0 ]; then
		without_linux "it takes root"
	elif ! find_group 2>"$work/log"; then
		without_linux "there is no memory control group to be had"
	elif ! { dd if=/dev/zero of="$folder/linux" bs=1M \
	    count=$((memory * 8)) && chmod 600 "$folder/linux" &&
	    mkswap "$folder/linux"; } >/dev/null 2>"$work/log" ||
	    ! swapon "$folder/linux" 2>"$work/log"; then
		without_linux "no swap file: $(tail -n 1 "$work/log")"
	else
		swapping=yes
	fi
}

# vmstat NAME: that count of the whole machine
vmstat() {
	awk -v name="$1" '$1 == name { print $2 }' /proc/vmstat
}

# requests: of the group so far, or nothing
requests() {
	if [ -n "$blkgroup" ]; then
		awk '$1 == "Total" { print $2 }' \
		    "$blkgroup/blkio.throttle.io_serviced"
	elif [ -f "$group/io.stat" ]; then
		tr ' ' '\n' <"$group/io.stat" | awk -F = '
		    $1 == "rios" || $1 == "wios" { n += $2 } END { print n }'
	fi
}

# run_linux PATTERN MEGABYTES
run_linux() {
	ins=$(vmstat pswpin)
	outs=$(vmstat pswpout)
	ios=$(requests)
	# shellcheck disable=SC2016
	if ! timeout 600 sh -c 'for g in $1; do echo $$ >"$g/cgroup.procs"
	    done; shift; exec "$@"' sh "$group $blkgroup" \
	    "$out/paging" "$1" "$2" >"$work/time" 2>"$work/err"; then
		complain "paging $*: $(tail -n 1 "$work/err")"
		return
	fi
	echo "linux $(cat "$work/time") $(($(vmstat pswpin) - ins))" \
	    "$(($(vmstat pswpout) - outs)) $(($(requests) - ios))" \
	    >>"$work/$1.$2"
}

# ------------------------------------------------------------- bsdvm

# stat NAME: that number of the last run
stat() {
	sed -n "s/.*\"$1\": *\\([0-9]*\\).*/\\1/p" "$work/stats"
}

# run_bsdvm DESIGN PATTERN MEGABYTES
run_bsdvm() {
	if ! timeout -k 5 600 "$bsdvm" run -d "$1" -m "${memory}M" \
	    -s "$folder/bsdvm:$((memory * 8))M" --stats="$work/stats" -- \
	    "$out/paging" "$2" "$3" </dev/null >"$work/time" 2>"$work/err"; then
		complain "paging $2 $3 under $1: $(tail -n 1 "$work/err")"
		return
	fi
	echo "$1 $(cat "$work/time") $(stat swap_reads)" \
	    "$(stat swap_writes)" \
	    "$(($(stat swap_read_io) + $(stat swap_write_io)))" \
	    >>"$work/$2.$3"
}

# pages DESIGN: it can page private memory
pages() {
	timeout -k 5 100 "$bsdvm" run -d "$1" -m 8M -s "$folder/bsdvm:64M" -- \
	    "$out/paging" sequential 12 </dev/null >"$work/log" 2>&1
}

# ------------------------------------------------------------- table

# report PATTERN MEGABYTES: medians of each column for each system
report() {
	awk -v pattern="$1" -v times="$(($2 / memory))" '
	function median(who, col,  a, i, j, t, k) {
		k = n[who]
		for (i = 1; i <= k; i++)
			a[i] = value[who, i, col]
		for (i = 2; i <= k; i++)
			for (j = i; j > 1 && a[j - 1] > a[j]; j--) {
				t = a[j]; a[j] = a[j - 1]; a[j - 1] = t
			}
		return (a[int((k + 1) / 2)] + a[int(k / 2) + 1]) / 2
	}
	{
		if (!n[$1]++)
			order[++systems] = $1
		for (i = 2; i <= 5; i++)
			value[$1, n[$1], i] = $i
	}
	END {
		for (s = 1; s <= systems; s++) {
			who = order[s]
			requests = median(who, 5)
			printf "%-10s %dx %-10s %9d %9d %9s %9.3f", pattern,
			    times, who, median(who, 3), median(who, 4),
			    requests ? int(requests) : "-", median(who, 2)
			if (n["linux"] && who != "linux")
				printf " %9.2f",
				    median(who, 2) / median("linux", 2)
			printf "\n"
		}
	}' "$work/$1.$2"
}

prepare_linux
if [ -z "$designs" ]; then
	for design in $("$bsdvm" designs | awk '{ print $1 }'); do
		if pages "$design"; then
			designs="$designs $design"
		else
			echo "$design is left out: $(tail -n 1 "$work/log")"
		fi
	done
fi
echo "Memory of $memory MB; medians of $rounds runs;" \
    "load $(cut -d ' ' -f 1 /proc/loadavg)"
printf '%-10s %2s %-10s %9s %9s %9s %9s %9s\n' pattern '' system page-ins \
    page-outs requests seconds bsd/linux
for pattern in $patterns; do
	for times in 2 4; do
		size=$((memory * times))
		round=0
		: >"$work/$pattern.$size"
		while [ "$round" -lt "$rounds" ]; do
			round=$((round + 1))
			[ -z "$linux" ] || run_linux "$pattern" "$size"
			for design in $designs; do
				run_bsdvm "$design" "$pattern" "$size"
			done
		done
		report "$pattern" "$size"
	done
done
[ "$failures" = 0 ]
