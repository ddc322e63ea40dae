/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode.c - see decode.h.
 *
 * Only stores that programs make through pointers are known: moves,
 * arithmetic on memory, string stores and the vector moves.  Each opcode
 * map is a bitmap of those of its 256 opcodes that write their r/m operand;
 * the groups whose /reg field decides are asked one by one.
 *
 * Sources: Intel SDM vol. 2, appendix A.
 */
#include "host/decode.h"

enum map { MAP_1, MAP_0F, MAP_0F38, MAP_0F3A };

struct insn {
	enum map map;
	uint8_t op;
	uint8_t modrm;
	bool prefix_66, prefix_f3, prefix_f2;
};

static bool
in_set(const uint8_t *set, size_t n, uint8_t op)
{
	for (size_t i = 0; i < n; i++)
		if (set[i] == op)
			return true;
	return false;
}

#define IN_SET(set, op) in_set(set, sizeof(set), op)

/* add, or, adc, sbb, and, sub, xor with memory as destination */
static bool
is_arithmetic_store(uint8_t op)
{
	return op < 0x38 && (op & 7) < 2;
}

static bool
group_writes(const struct insn *in)
{
	unsigned reg = in->modrm >> 3 & 7;

	switch (in->op) {
	case 0x80: /* arithmetic with a constant, but cmp */
	case 0x81:
	case 0x83:
		return reg != 7;
	case 0xf6: /* not, neg */
	case 0xf7:
		return reg == 2 || reg == 3;
	case 0xfe: /* inc, dec; what calls and pushes write is the stack */
	case 0xff:
		return reg < 2;
	case 0xd9: /* fst, fstp, fnstenv, fnstcw */
		return reg == 2 || reg == 3 || reg >= 6;
	case 0xdb:
	case 0xdd:
	case 0xdf:
		return reg >= 1 && reg != 5 && reg != 4;
	default:
		return false;
	}
}

static bool
writes_1(const struct insn *in)
{
	/* mov, pop, xchg, stos, movs, ins, shifts */
	static const uint8_t set[] = { 0x86, 0x87, 0x88, 0x89, 0x8c, 0x8f, 0xa2,
		0xa3, 0xa4, 0xa5, 0xaa, 0xab, 0x6c, 0x6d, 0xc0, 0xc1, 0xc6,
		0xc7, 0xd0, 0xd1, 0xd2, 0xd3 };

	return is_arithmetic_store(in->op) || IN_SET(set, in->op) ||
	    group_writes(in);
}

static bool
writes_0f(const struct insn *in)
{
	/* vector moves, setcc below, bts..., cmpxchg, xadd, movnti, shld */
	static const uint8_t set[] = { 0x11, 0x13, 0x17, 0x29, 0x2b, 0x7f, 0xa0,
		0xa4, 0xa5, 0xa8, 0xab, 0xac, 0xad, 0xb0, 0xb1, 0xb3, 0xbb,
		0xc0, 0xc1, 0xc3, 0xd6, 0xe7 };
	unsigned reg = in->modrm >> 3 & 7;

	if (in->op == 0x7e)
		return !in->prefix_f3;
	if (in->op == 0xba)
		return reg >= 5;
	if (in->op == 0xae) /* fxsave, stmxcsr, xsave, xsaveopt */
		return reg == 0 || reg == 3 || reg == 4 || reg == 6;
	if (in->op == 0xc7) /* cmpxchg8b, xsavec, xsaves */
		return reg == 1 || reg == 4 || reg == 5;
	return IN_SET(set, in->op) || (in->op >= 0x90 && in->op <= 0x9f);
}

/* Vector instructions with a VEX or EVEX prefix, in the other two maps. */
static bool
writes_0f38(const struct insn *in)
{
	/* movbe, masked and compressing stores, movdiri, scatters */
	static const uint8_t set[] = { 0xf1, 0x2e, 0x2f, 0x8a, 0x8b, 0x8e, 0xf9,
		0x63, 0xa0, 0xa1, 0xa2, 0xa3, 0x11, 0x12, 0x13, 0x21, 0x22,
		0x23, 0x24, 0x25, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35 };

	if (in->op < 0x40 && in->op != 0x2e && in->op != 0x2f)
		return in->prefix_f3;
	return IN_SET(set, in->op);
}

static bool
writes_0f3a(const struct insn *in)
{
	/* pextr, extractps, vextract */
	static const uint8_t set[] = { 0x14, 0x15, 0x16, 0x17, 0x19, 0x1b, 0x39,
		0x3b, 0x1d };

	return IN_SET(set, in->op);
}

/* Skip the prefixes; how many bytes, 0 if nothing is left. */
static size_t
skip_prefixes(const uint8_t *code, size_t n, struct insn *in)
{
	static const uint8_t other[] = { 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65,
		0x67, 0xf0 };
	size_t i;

	for (i = 0; i < n; i++) {
		if (code[i] == 0x66)
			in->prefix_66 = true;
		else if (code[i] == 0xf3)
			in->prefix_f3 = true;
		else if (code[i] == 0xf2)
			in->prefix_f2 = true;
		else if (!IN_SET(other, code[i]))
			break;
	}
	if (i < n && (code[i] & 0xf0) == 0x40)
		i++;
	return i;
}

/* The VEX and EVEX prefixes say map and 66/f3/f2 in bits of their own. */
static void
take_vex(struct insn *in, unsigned map, unsigned pp)
{
	in->map = (enum map)(map & 3);
	in->prefix_66 = pp == 1;
	in->prefix_f3 = pp == 2;
	in->prefix_f2 = pp == 3;
}

static size_t
take_opcode(const uint8_t *code, size_t i, struct insn *in)
{
	switch (code[i]) {
	case 0xc5:
		take_vex(in, MAP_0F, code[i + 1] & 3);
		i += 2;
		break;
	case 0xc4:
		take_vex(in, code[i + 1] & 3, code[i + 2] & 3);
		i += 3;
		break;
	case 0x62:
		take_vex(in, code[i + 1] & 3, code[i + 2] & 3);
		i += 4;
		break;
	case 0x0f:
		in->map = MAP_0F;
		i++;
		if (code[i] == 0x38 || code[i] == 0x3a)
			in->map = code[i++] == 0x38 ? MAP_0F38 : MAP_0F3A;
		break;
	default:
		break;
	}
	return i;
}

bool
decode_writes(const uint8_t *code, size_t n)
{
	struct insn in = { .map = MAP_1 };
	size_t i = skip_prefixes(code, n, &in);

	if (i + 6 > n)
		return false;
	i = take_opcode(code, i, &in);
	in.op = code[i];
	in.modrm = code[i + 1];
	switch (in.map) {
	case MAP_1:
		return writes_1(&in);
	case MAP_0F:
		return writes_0f(&in);
	case MAP_0F38:
		return writes_0f38(&in);
	case MAP_0F3A:
		return writes_0f3a(&in);
	}
	return false;
}
