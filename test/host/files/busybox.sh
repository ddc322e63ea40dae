# SPDX-License-Identifier: BSD-2-Clause
#
# busybox.sh: run by busybox sh, every command an applet of the same static
# binary.
set -eu

b() {
	busybox "$@"
}

b seq 1 5000 >numbers
b md5sum numbers
b sha256sum numbers | b cut -c 1-16
b sort -rn numbers | b head -n 3
b awk '{ s += $1 } END { print s }' numbers
b sed -n '100,102p' numbers
b grep -c 7 numbers
b mkdir -p d/e
b cp numbers d/e
b find d | b sort
b tar cf d.tar d
b gzip d.tar
b gunzip -c d.tar.gz | b tar t
b wc -l numbers
b dd if=numbers bs=1000 count=2 2>/dev/null | b cksum
b od -c numbers | b head -n 2
b diff numbers d/e/numbers && echo same
b xargs -n 1000 echo <numbers | b wc -l
b expr 1 + 2
b printf '%s\n' one two | b tac
b vi --help 2>/dev/null || echo no help
(echo child; exit 3) || echo "status $?"
b sh -c 'for i in 1 2 3; do echo $i & done; wait' | b sort
b ls -1 d
b rm -r d
b env -i b=1 busybox env
b timeout 1 busybox sleep 5 || echo "status $?"
b usleep 1000
b stat -c %s numbers
b cmp numbers numbers && b test -s numbers && b echo end
exit 9
