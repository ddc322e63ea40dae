#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# branch.sh [-h] [MEGABYTES...]: what checkpoints, branches and resets take,
# beside fork(2) of as much memory.  See bench/branch.c.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
make -s -C "$top" build/bench/branch >&2
exec "$top/build/bench/branch" "$@"
