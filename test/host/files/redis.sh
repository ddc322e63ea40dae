# SPDX-License-Identifier: BSD-2-Clause
#
# redis.sh [BYTES]: a server that saves a snapshot in a forked child while a
# client goes on writing; then a second server that loads the snapshot.  It has
# 50000 values of so many bytes, 200 when not said.
set -eu
bytes=${1-200}

cli() {
	redis-cli -s ./socket "$@"
}

serve() {
	redis-server --port 0 --unixsocket ./socket --save '' --dir . \
	    --dbfilename dump.rdb --logfile log >/dev/null 2>&1 &
	server=$!
	tries=0
	until [ "$(cli ping 2>/dev/null)" = PONG ]; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || exit 1
		sleep 0.05
	done
}

# commands FIRST LAST WORD: SET commands, for a client's standard input
commands() {
	awk -v first="$1" -v last="$2" -v word="$3" -v bytes="$bytes" 'BEGIN {
		for (zeroes = "0"; length(zeroes) < bytes;)
			zeroes = zeroes zeroes
		for (i = first; i <= last; i++)
			printf "SET key:%d %s-%d-%s%d\n", i, word, i,
			    substr(zeroes, 1, bytes - length(i "")), i
	}'
}

info() {
	cli info persistence | tr -d '\r' | sed -n "s/^$1://p"
}

serve
commands 1 40000 old | cli --pipe | tail -n 1 | sed 's/,.*replies/ replies/'
cli dbsize
commands 1 40000 new | cli --pipe >/dev/null &
writer=$!
cli bgsave
commands 40001 50000 more | cli --pipe >/dev/null
wait $writer
while [ "$(info rdb_bgsave_in_progress)" != 0 ]; do
	sleep 0.05
done
info rdb_last_bgsave_status
cli dbsize
cli get key:40000 | cut -c 1-10
cli get key:50000 | cut -c 1-10
cli shutdown nosave || :
wait $server || :

# The snapshot has each of the first 40000, old or new.
serve
cli --scan --pattern 'key:*' | sed 's/key://' |
	awk '$1 <= 40000 { n++ } END { print n }'
cli get key:1 | grep -cE '^(old|new)-1-0*1$'
cli shutdown nosave || :
wait $server || :
