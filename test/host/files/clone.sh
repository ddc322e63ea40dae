# SPDX-License-Identifier: BSD-2-Clause
#
# clone.sh: clones ./origin, reads it, and works in the clone.
set -eu

git clone --no-local origin copy 2>/dev/null
cd copy
git log --oneline | head -n 5
git log --stat -3 --format=%s
git log -p --all | cksum
git shortlog -sn HEAD
git describe --tags
git merge -q -m merged origin/side
git log --graph --format=%s -5
git status --short
echo more >>log
git diff --stat
git commit -q -a -m more
git rev-list --count HEAD
git grep -c 42 | head -n 3
git repack -q -a -d
git fsck --full 2>/dev/null
git archive HEAD | tar t | wc -l
git blame -s log | tail -n 2
git push -q origin HEAD:pushed
git ls-remote origin | wc -l
