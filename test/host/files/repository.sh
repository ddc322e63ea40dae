# SPDX-License-Identifier: BSD-2-Clause
#
# repository.sh [COMMITS]: makes a git repository with some history in ./origin,
# the same on every run.  It has 30 commits on its main branch, if not said.
set -eu

git init -q -b main origin
cd origin
i=0
while [ $i -lt "${1-30}" ]; do
	i=$((i + 1))
	mkdir -p dir$((i % 5))
	seq $i $((i * 100)) >dir$((i % 5))/file$i
	echo "change $i" >>log
	GIT_AUTHOR_DATE="$((1600000000 + i)) +0000"
	GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
	export GIT_AUTHOR_DATE GIT_COMMITTER_DATE
	git add .
	git commit -q -m "change $i"
done
git tag -a -m 'a tag' v1
git checkout -q -b side HEAD~10
echo side >side
git add side
git commit -q -m 'on the side'
git checkout -q main
