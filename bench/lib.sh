# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034
#
# What the benchmark scripts share: where things are, how a benchmark program
# is built, and the removal of everything temporary at the end.  To be read
# with `.` by a script that has set -eu and has set `top` to the root of the
# tree.
#
#	$bsdvm	the command under test (override: BSDVM)
#	$out	where programs that run under every system are built, static,
#		apart from what make builds; kept between runs
#	$work	this run's own directory, in TMPDIR or /tmp; removed at exit

bsdvm=${BSDVM:-$top/build/bsdvm}
out=$top/build/bench/static
: "${CC:=cc}"

mkdir -p "$out"
work=$(mktemp -d "${TMPDIR:-/tmp}/bsdvm-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# One line about what is wrong; the script goes on with the rest and fails at
# the end, so that one missing piece does not hide the other figures.
failures=0
complain() {
	echo "bench: $*" >&2
	failures=$((failures + 1))
}

# build NAME: $out/NAME from bench/NAME.c, unless it is newer.
build() {
	if [ -x "$out/$1" ] &&
	    [ -z "$(find "$top/bench/$1.c" -newer "$out/$1")" ]; then
		return
	fi
	$CC -std=c11 -D_GNU_SOURCE -O2 -static -o "$out/$1" "$top/bench/$1.c"
}

# have_bsdvm: true if there is a bsdvm that can run something at all.
have_bsdvm() {
	[ -x "$bsdvm" ] && timeout 20 "$bsdvm" run -- /bin/true \
	    </dev/null >/dev/null 2>&1
}
