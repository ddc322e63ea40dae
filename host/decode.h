/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode.h - does an instruction write to memory?
 *
 * The kernel tells where a fault was but not whether it was a write.  For most
 * faults that does not matter or is known otherwise (fault.c); for the rest
 * the instruction is looked at.
 */
#ifndef HOST_DECODE_H
#define HOST_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * decode_writes: true when the x86-64 instruction in code, of which n bytes
 * are known, writes the memory that it addresses.  False when it does not, or
 * when it is not known here: then it faults a second time, on a page that it
 * can read, which settles the matter.
 */
bool decode_writes(const uint8_t *code, size_t n);

#endif
