#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# metadata.sh: bytes of the library's structures for a mapping and for a page,
# under each design.  See bench/metadata.c.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
make -s -C "$top" build/bench/metadata >&2
exec "$top/build/bench/metadata"
