# SPDX-License-Identifier: BSD-2-Clause
#
# pipeline.sh: pipelines of twenty processes, nested and side by side.
set -eu

seq 1 100000 | sed 's/$/ x/' | awk '{ print $1 * 3, $2 }' | tr x y | cat |
	grep -v 999 | sed 's/ //' | cut -d y -f 1 | sort -n | uniq | cat -n |
	awk '{ s += $2; print $1, s }' | tail -n 5000 | head -n 4000 | rev |
	tr 0-9 1-90 | tac | fold -w 20 | paste -sd ' ' | cksum

# The same twenty at once in the background, waited for.
i=0
while [ $i -lt 20 ]; do
	(seq $i 5000 | md5sum >sum.$i) &
	i=$((i + 1))
done
wait
cat sum.* | sort | cksum

# A recursion of subshells, and substitutions within substitutions.
deep() {
	if [ "$1" -eq 0 ]; then
		echo bottom
	else
		(echo "$1 $(deep $(($1 - 1)))")
	fi
}
deep 15

# The reader leaves early: SIGPIPE ends the writer.
yes | head -n 3
seq 1 1000000 | { read -r a; echo "$a"; }

# Named pipe, here document, status of the parts.
mkfifo fifo
cat numbers 2>/dev/null >fifo &
cat <fifo
wait
cat <<END | tr a-z A-Z
here $(echo document)
END
false | true && echo "status $?"
{ sleep 0.1; echo late; } & echo early
wait $!
sh -c 'exit 5' || echo "status $?"
xargs -P 4 -n 10 sh -c 'echo $#' sh <<END | sort | uniq -c
$(seq 1 200)
END
