# SPDX-License-Identifier: BSD-2-Clause
#
# coreutils.sh: some forty commands on real files.
set -eu

seq 1 20000 >numbers
shuf --random-source=numbers numbers >mixed
sort -n mixed | cmp - numbers
sort -r mixed | head -n 3
sort -R --random-source=numbers numbers | tail -n 2
wc numbers mixed
tac numbers | head -n 2
cut -c 1-2 mixed | sort | uniq -c | sort -rn | head -n 3
paste -d, numbers mixed | tail -n 2
join numbers numbers | wc -l
comm -12 numbers numbers 2>/dev/null | wc -l
nl -ba numbers | tail -n 1
fold -w 40 mixed | md5sum
tr -d '\n' <numbers | cksum
sha256sum numbers mixed
b2sum numbers
base64 numbers | base64 -d | cmp - numbers
od -An -tx1 -N 32 mixed
split -n 4 -d numbers part.
cat part.0? | cmp - numbers
csplit -sz numbers 5000 10000
wc -l xx0?
dd if=numbers of=copy bs=4096 2>/dev/null
dd if=/dev/zero of=zeroes bs=32M count=2 2>/dev/null
stat -c '%n %s %F' copy zeroes
cmp numbers copy
truncate -s 1M zeroes
du --apparent-size -k zeroes
mkdir -p tree/a/b/c
cp numbers tree/a/b/one
cp -r tree tree2
mv tree2 tree3
ln -s a/b tree/link
ln tree/a/b/one tree/hard
readlink tree/link
find tree tree3 | sort
touch -d @1000000000 tree/a/b/one
date -u -r tree/hard +%F
ls -1R tree
chmod 640 tree/hard
stat -c '%a %h' tree/a/b/one
rm -r tree3
install -m 600 numbers installed
expr 6 \* 7
factor 1234567890123456789
numfmt --to=iec 123456789
printf '%05d|%-5s|%x\n' 42 ab 255
echo a b c | tee teed | rev 2>/dev/null || echo 'c b a'
cat teed
env -i A=1 env
date -u -d @0 +%FT%T
seq -s, 1 2 19
yes | head -n 100000 | md5sum
timeout 0.1 sleep 10 || echo "timeout $?"
nice -n 5 nice
stdbuf -oL echo line
test -f numbers && echo file
basename /x/y.z .z
dirname /x/y.z
pr -t -3 -l 5 numbers | head -n 5
ptx -G teed 2>/dev/null | head -n 2
tsort <<END
a b
b c
END
