/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen.c - which operation comes next, and with what arguments.
 *
 * A table gives each kind its weight.  Ranges mostly begin in something
 * mapped, are short, and share their ends with what is there; one in some
 * dozens makes no sense at all.
 */
#include "test/differ/gen.h"

#include <string.h>

#include "base/hash.h"
#include "env/faultyswap.h"
#include "test/differ/badfile.h"

enum {
	NEW_SPACE = 8, /* a dead space comes to life once in so often */
	DESIGNS = 60,  /* a number that many divide */
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PAGES(n) ((uint64_t)(n)*MODEL_PAGE)

/* ---------------------------------------------------------------- numbers */

static uint64_t
next(struct gen *g)
{
	g->state += UINT64_C(0x9e3779b97f4a7c15);
	return hash_mix64(g->state);
}

uint64_t
gen_below(struct gen *g, uint64_t n)
{
	return next(g) % n;
}

/* True once in n times. */
static bool
once_in(struct gen *g, unsigned n)
{
	return gen_below(g, n) == 0;
}

static uint64_t
between(struct gen *g, uint64_t lo, uint64_t hi)
{
	return lo + gen_below(g, hi - lo + 1);
}

/* ------------------------------------------------------------------ world */

static uint64_t
pick_fault(struct gen *g, bool swap)
{
	return between(g, swap ? TRACE_FAIL_SWAP : TRACE_FAIL_FILE,
	    TRACE_FAIL_FILE + BADFILE_WHATS - 1);
}

void
gen_init(struct gen *g, uint64_t seed, struct trace_config *c)
{
	uint64_t cells;

	g->state = hash_mix64(seed);
	g->nops = 0;
	cells = between(g, 80, 200);
	c->frames = seed & 1 ? between(g, 48, 160) : 2048;
	switch (gen_below(g, 3)) {
	case 0:
		c->va_min = MODEL_PAGE;
		break;
	case 1:
		c->va_min = PAGES(between(g, 1, 1 << 20));
		break;
	default:
		c->va_min = ((uint64_t)1 << 47) - PAGES(cells);
		break;
	}
	c->va_max = c->va_min + PAGES(cells);
	c->zero_ahead = once_in(g, 3) ? 16 : 0;
	c->wired_limit = once_in(g, 3) ? PAGES(between(g, 1, 48)) : 0;
	c->forget = once_in(g, 4) ? between(g, 2, 9) : 0;
	c->copies = gen_below(g, 2);
	c->read_around = once_in(g, 3) ? between(g, 2, 16) : 0;
	c->neighbours = once_in(g, 3) ? between(g, 2, 8) : 0;
	c->swap = (seed & 1) && !once_in(g, 3) ? between(g, 16, 512) : 0;
	c->counted = once_in(g, 3);
	c->fail = once_in(g, 4) ? pick_fault(g, c->swap != 0) : 0;
	c->nth = c->fail != 0 ? between(g, 1, 200) : 0;
	c->for_ever = c->fail != 0;
	if (c->swap != 0)
		c->frames = between(g, 24, 96);
}

/* ----------------------------------------------------------------- ranges */

static const struct model_space *
space_of(const struct model *m, const struct op *op)
{
	return &m->spaces[op->space];
}

/* A cell that is mapped, or any when few are. */
static size_t
pick_cell(struct gen *g, const struct model *m, const struct op *op)
{
	const struct model_space *sp = space_of(m, op);
	size_t i = 0;

	for (unsigned tries = 0; tries < 8; tries++) {
		i = (size_t)gen_below(g, m->ncells);
		if (sp->cells[i].mapped)
			break;
	}
	return i;
}

static bool
alike(const struct cell *a, const struct cell *b)
{
	return a->mapped == b->mapped && a->prot == b->prot &&
	    a->below == b->below && a->private == b->private &&
	    a->guard == b->guard && a->immutable == b->immutable;
}

/* Where the stretch of cells like the i-th ends. */
static size_t
stretch_end(const struct model *m, const struct op *op, size_t i)
{
	const struct cell *cells = space_of(m, op)->cells;
	size_t end = i + 1;

	while (end < m->ncells && alike(&cells[i], &cells[end]))
		end++;
	return end;
}

static uint64_t
pick_npages(struct gen *g)
{
	switch (gen_below(g, 8)) {
	case 0:
		return 1;
	case 1:
		return between(g, 1, 40);
	default:
		return between(g, 1, 8);
	}
}

/* Arguments that nobody should pass. */
static void
nonsense(struct gen *g, const struct model *m, struct op *op)
{
	switch (gen_below(g, 6)) {
	case 0:
		op->addr += between(g, 1, MODEL_PAGE - 1);
		break;
	case 1:
		op->len = 0;
		break;
	case 2:
		op->len = UINT64_MAX - gen_below(g, PAGES(2));
		break;
	case 3:
		op->addr = UINT64_MAX - gen_below(g, PAGES(2));
		break;
	case 4:
		op->addr = m->config.va_max - PAGES(gen_below(g, 3));
		op->len = PAGES(between(g, 1, 6));
		break;
	default:
		op->addr = m->config.va_min - PAGES(1);
		break;
	}
}

/* A range of whole pages. */
static void
pick_range(struct gen *g, const struct model *m, struct op *op)
{
	size_t i = pick_cell(g, m, op), end = stretch_end(m, op, i);
	uint64_t n = pick_npages(g);

	if (once_in(g, 3) || (i + n > end && !once_in(g, 3)))
		n = end - i;
	if (i + n > m->ncells)
		n = m->ncells - i;
	op->addr = model_va(m, i);
	op->len = PAGES(n);
	if (once_in(g, 4))
		op->len -= gen_below(g, MODEL_PAGE);
	if (once_in(g, 60))
		nonsense(g, m, op);
}

/* Some free pages, if there are any. */
static void
pick_hole(struct gen *g, const struct model *m, struct op *op)
{
	size_t i = 0, end;

	for (unsigned tries = 0; tries < 12; tries++) {
		i = (size_t)gen_below(g, m->ncells);
		if (!space_of(m, op)->cells[i].mapped)
			break;
	}
	end = stretch_end(m, op, i);
	op->addr = model_va(m, i);
	op->len = PAGES(between(g, 1, end - i));
	if (once_in(g, 30))
		nonsense(g, m, op);
}

/* Mostly a cell that may be used so. */
static size_t
pick_usable(struct gen *g, const struct model *m, const struct op *op)
{
	const struct model_space *sp = space_of(m, op);
	size_t i = pick_cell(g, m, op);

	if (once_in(g, 10))
		return i;
	for (unsigned tries = 0; tries < 12; tries++) {
		if (sp->cells[i].gap ||
		    model_access(&sp->cells[i], model_access_of(op)) == VM_OK)
			break;
		i = pick_cell(g, m, op);
	}
	return i;
}

/* Some bytes, often about the end of a page. */
static void
pick_bytes(struct gen *g, const struct model *m, struct op *op)
{
	uint64_t off = gen_below(g, MODEL_PAGE);

	op->len = between(g, 1, 64);
	if (once_in(g, 4))
		off = MODEL_PAGE - between(g, 1, op->len);
	if (once_in(g, 10))
		op->len = between(g, 1, OP_BYTES_MAX);
	op->addr = model_va(m, pick_usable(g, m, op)) + off;
}

/* -------------------------------------------------------------- arguments */

static uint8_t
pick_prot(struct gen *g)
{
	static const uint8_t often[] = { VM_PROT_RW, VM_PROT_RW, VM_PROT_RW,
		VM_PROT_READ, VM_PROT_ALL };

	if (once_in(g, 6))
		return (uint8_t)gen_below(g, 8);
	return often[gen_below(g, COUNT(often))];
}

static uint32_t
pick_map_flags(struct gen *g)
{
	uint32_t flags = once_in(g, 3) ? VM_MMAP_SHARED : VM_MMAP_PRIVATE;

	if (once_in(g, 2))
		flags |= VM_MMAP_FIXED;
	if (once_in(g, 6))
		flags |= VM_MMAP_NOREPLACE;
	if (once_in(g, 6))
		flags |= VM_MMAP_POPULATE;
	if (once_in(g, 20))
		flags |= VM_MMAP_WIRED;
	if (once_in(g, 6))
		flags |= VM_MMAP_BOTTOMUP;
	if (once_in(g, 12))
		flags |= VM_MMAP_STACK;
	if (once_in(g, 60))
		flags ^= VM_MMAP_SHARED;
	return flags;
}

/* Now and then with arguments that no guard has. */
static void
gen_guard(struct gen *g, struct op *op)
{
	op->flags |= VM_MMAP_GUARD;
	if (once_in(g, 8))
		return;
	op->flags &= ~(uint32_t)(VM_MMAP_SHARED | VM_MMAP_STACK);
	op->prot = VM_PROT_NONE;
	op->object = 0;
	op->addr2 = 0;
}

static void
gen_map(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->prot = pick_prot(g);
	op->max_prot = once_in(g, 8) ? pick_prot(g) : VM_PROT_ALL;
	op->flags = pick_map_flags(g);
	if (once_in(g, 2))
		op->object = (uint8_t)between(g, 1, TRACE_OBJECTS);
	if (op->object != 0)
		op->addr2 = PAGES(gen_below(g, 20));
	if (op->object != 0 && op->object <= TRACE_FILES && once_in(g, 60))
		op->addr2 = UINT64_MAX - gen_below(g, PAGES(3));
	if (!(op->flags & VM_MMAP_FIXED) && once_in(g, 6))
		op->len2 = PAGES((uint64_t)1 << gen_below(g, 4));
	if (!(op->flags & VM_MMAP_FIXED) && once_in(g, 3))
		op->addr = 0;
	if (once_in(g, 12))
		gen_guard(g, op);
	if (once_in(g, 100))
		op->flags |= VM_MMAP_FOREIGN;
}

static void
gen_protect(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->prot = pick_prot(g);
}

static void
gen_inherit(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->flags = (uint32_t)gen_below(g, 4);
}

static void
gen_advise(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->flags = (uint32_t)gen_below(g, VM_MADV_KEEPONFORK + 1);
	if (once_in(g, 3))
		op->flags = VM_MADV_DISCARD;
	else if (once_in(g, 3))
		op->flags = VM_MADV_WILLNEED;
}

static void
gen_sync(struct gen *g, const struct model *m, struct op *op)
{
	static const uint32_t often[] = { VM_MS_SYNC, VM_MS_ASYNC,
		VM_MS_SYNC | VM_MS_INVALIDATE };

	(void)m;
	op->flags = often[gen_below(g, COUNT(often))];
	if (once_in(g, 12))
		op->flags = (uint32_t)gen_below(g, 4);
}

static void
gen_remap(struct gen *g, const struct model *m, struct op *op)
{
	uint64_t n = vm_atop(op->len + MODEL_PAGE - 1);

	op->flags = once_in(g, 3) ? 0 : VM_MREMAP_MAYMOVE;
	if (once_in(g, 4))
		op->flags |= VM_MREMAP_FIXED | VM_MREMAP_MAYMOVE;
	if (once_in(g, 8))
		op->flags |= VM_MREMAP_KEEP;
	if (once_in(g, 6))
		op->flags |= VM_MREMAP_DUPLICATE;
	if (once_in(g, 40))
		op->flags = (uint32_t)gen_below(g, 32);
	op->len2 = op->len;
	if (once_in(g, 2))
		op->len2 = PAGES(between(g, n > 5 ? n - 5 : 1, n + 10));
	if (once_in(g, 60))
		op->len2 = gen_below(g, 3) - 1;
	op->addr2 = model_va(m, (size_t)gen_below(g, m->ncells));
	if (once_in(g, 60))
		op->addr2 += 8;
	if (once_in(g, 25))
		op->len = 0;
}

static void
gen_lock(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->flags = once_in(g, 3) ? 1 : 0;
}

static void
gen_lockall(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->flags = (uint32_t)gen_below(g, 8);
}

static void
gen_brk(struct gen *g, const struct model *m, struct op *op)
{
	const struct model_space *sp = space_of(m, op);

	op->addr = sp->brk_start + gen_below(g, PAGES(12));
	if (once_in(g, 3))
		op->addr = sp->brk_end + gen_below(g, PAGES(2));
	if (once_in(g, 12))
		op->addr = gen_below(g, 2) * (m->config.va_max + PAGES(1));
	if (once_in(g, 30))
		op->addr = sp->brk_start - 1;
}

/* The child takes a number that is free, if there is one. */
static void
gen_fork(struct gen *g, const struct model *m, struct op *op)
{
	op->flags = (uint32_t)gen_below(g, TRACE_SPACES);
	for (unsigned i = 0; i < TRACE_SPACES; i++) {
		if (!m->spaces[op->flags].alive)
			break;
		op->flags = (op->flags + 1) % TRACE_SPACES;
	}
}

static void
gen_value(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->value = (uint32_t)gen_below(g, 256);
}

/* Of some nobody waits for the end. */
static void
gen_access(struct gen *g, const struct model *m, struct op *op)
{
	gen_value(g, m, op);
	op->flags = once_in(g, 3) ? OP_LEAVE : 0;
}

static void
gen_file(struct gen *g, const struct model *m, struct op *op)
{
	uint64_t size;

	op->object = (uint8_t)between(g, 1, TRACE_FILES);
	size = m->things[op->object]->size;
	op->addr = gen_below(g, size + 1);
	op->len = between(g, 1, once_in(g, 3) ? OP_BYTES_MAX : 64);
	if (op->kind == OP_FILE_READ && op->len > size - op->addr)
		op->len = size - op->addr;
	if (op->kind == OP_FILE_SIZE) {
		op->addr = 0;
		op->len = gen_below(g, PAGES(24));
		if (once_in(g, 3))
			op->len &= ~(uint64_t)(MODEL_PAGE - 1);
	}
	op->value = (uint32_t)gen_below(g, 256);
}

static void
gen_stack(struct gen *g, const struct model *m, struct op *op)
{
	uint64_t n = vm_atop(op->len), spare;

	(void)m;
	if (n == 0)
		n = 1;
	op->prot = once_in(g, 8) ? pick_prot(g) : VM_PROT_RW;
	op->len2 = once_in(g, 2) ? op->len : PAGES(between(g, 1, n));
	op->addr2 = PAGES(between(g, 1, 4));
	if (op->addr2 > op->len2 && !once_in(g, 20))
		op->addr2 = op->len2;
	spare = op->len > op->addr2 ? vm_atop(op->len - op->addr2) : 0;
	op->value = (uint32_t)between(g, 0, spare < 4 ? spare : 4);
	if (once_in(g, 30))
		op->value += (uint32_t)spare;
	if (once_in(g, 40))
		op->len2 += 8;
}

static void
gen_swap(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->object = (uint8_t)gen_below(g, TRACE_SWAPS);
}

static void
gen_swap_fail(struct gen *g, const struct model *m, struct op *op)
{
	gen_swap(g, m, op);
	op->flags = (uint32_t)gen_below(g, FAULTYSWAP_WHATS);
	op->value = (uint32_t)between(g, 1, 6);
}

static void
gen_file_fail(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->object = (uint8_t)between(g, 1, TRACE_FILES);
	op->flags = (uint32_t)gen_below(g, BADFILE_WHATS);
	op->value = (uint32_t)between(g, 1, 6);
}

static void
gen_vsunlock(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->object = (uint8_t)gen_below(g, TRACE_HOLDS);
}

/* Not of whole pages, but sharing their ends with what is there. */
static void
gen_vslock(struct gen *g, const struct model *m, struct op *op)
{
	uint64_t off = gen_below(g, MODEL_PAGE);

	gen_vsunlock(g, m, op);
	op->prot = once_in(g, 2) ? VM_PROT_READ : VM_PROT_RW;
	if (once_in(g, 3) && op->len > off) {
		op->addr += off;
		op->len -= off;
	}
}

static void
gen_swap_hold(struct gen *g, const struct model *m, struct op *op)
{
	gen_swap(g, m, op);
	op->flags = once_in(g, 5) ? 0 : OP_ON;
}

static void
gen_file_hold(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->object = (uint8_t)between(g, 1, TRACE_FILES);
	op->flags = once_in(g, 5) ? 0 : OP_ON;
}

static void
gen_let_go(struct gen *g, const struct model *m, struct op *op)
{
	gen_value(g, m, op);
	op->flags = once_in(g, 6) ? OP_FAILS : 0;
}

static void
gen_loan(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->object = (uint8_t)gen_below(g, TRACE_LOANS);
}

/* To another space, or the same one; now and then where there is something. */
static void
gen_loan_to(struct gen *g, const struct model *m, struct op *op)
{
	op->flags = (uint32_t)gen_below(g, TRACE_SPACES);
	if (once_in(g, 2))
		op->addr2 = model_va(m, (size_t)gen_below(g, m->ncells));
}

/* A quick reference marks more as shared than the model knows of. */
static void
gen_extract(struct gen *g, const struct model *m, struct op *op)
{
	static const uint32_t how[] = { 0, OP_COPY, OP_DONATE };

	op->object = (uint8_t)gen_below(g, TRACE_SPACES);
	op->flags = how[gen_below(g, 3)];
	if (!once_in(g, 8))
		op->len = vm_round_page(op->len);
	if (once_in(g, 2))
		op->addr2 = model_va(m, (size_t)gen_below(g, m->ncells));
	if (once_in(g, 4))
		op->flags |= VM_EXTRACT_FIXED;
	if (once_in(g, 4))
		op->flags |= VM_EXTRACT_CONTIG;
	if (once_in(g, 8))
		op->flags |= VM_EXTRACT_FIXPROT;
	if (once_in(g, 8))
		op->flags |= VM_EXTRACT_PROT_ALL;
	if ((op->flags & OP_COPY) != 0 && once_in(g, 4))
		op->flags |= VM_EXTRACT_QREF;
}

static void
gen_point(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->object = (uint8_t)gen_below(g, TRACE_POINTS);
}

static void
gen_branch(struct gen *g, const struct model *m, struct op *op)
{
	gen_point(g, m, op);
	gen_fork(g, m, op);
}

static void
gen_renew(struct gen *g, const struct model *m, struct op *op)
{
	(void)m;
	op->object = (uint8_t)between(g, 1, TRACE_OBJECTS);
}

/* ------------------------------------------------------------------ kinds */

typedef void gen_fn(struct gen *, const struct model *, struct op *);

static const struct gen_kind {
	unsigned weight;
	gen_fn *where; /* sets addr, len */
	gen_fn *more;  /* and the rest */
} gen_kinds[OP_KINDS] = {
	[OP_MAP] = { 70, pick_range, gen_map },
	[OP_UNMAP] = { 30, pick_range, NULL },
	[OP_PROTECT] = { 40, pick_range, gen_protect },
	[OP_INHERIT] = { 20, pick_range, gen_inherit },
	[OP_REMAP] = { 40, pick_range, gen_remap },
	[OP_ADVISE] = { 50, pick_range, gen_advise },
	[OP_INCORE] = { 15, pick_range, NULL },
	[OP_SYNC] = { 15, pick_range, gen_sync },
	[OP_LOCK] = { 20, pick_range, gen_lock },
	[OP_UNLOCK] = { 15, pick_range, NULL },
	[OP_LOCKALL] = { 3, NULL, gen_lockall },
	[OP_UNLOCKALL] = { 6, NULL, NULL },
	[OP_BRK] = { 20, NULL, gen_brk },
	[OP_FORK] = { 24, NULL, gen_fork },
	[OP_EXIT] = { 9, NULL, NULL },
	[OP_RESET] = { 1, NULL, NULL },
	[OP_READ] = { 130, pick_bytes, gen_access },
	[OP_WRITE] = { 260, pick_bytes, gen_access },
	[OP_EXEC] = { 10, pick_bytes, gen_access },
	[OP_COPYIN] = { 15, pick_bytes, NULL },
	[OP_COPYOUT] = { 20, pick_bytes, gen_value },
	[OP_FILE_READ] = { 15, NULL, gen_file },
	[OP_FILE_WRITE] = { 20, NULL, gen_file },
	[OP_FILE_SIZE] = { 5, NULL, gen_file },
	[OP_FORGET] = { 3, NULL, NULL },
	[OP_RENEW] = { 4, NULL, gen_renew },
	[OP_FREEZE] = { 4, pick_range, NULL },
	[OP_STACK] = { 8, pick_hole, gen_stack },
	[OP_STACK_CHECK] = { 6, pick_bytes, NULL },
	[OP_SWAP_ON] = { 4, NULL, gen_swap },
	[OP_SWAP_OFF] = { 3, NULL, gen_swap },
	[OP_SWAP_FAIL] = { 5, NULL, gen_swap_fail },
	[OP_FILE_FAIL] = { 5, NULL, gen_file_fail },
	[OP_VSLOCK] = { 12, pick_range, gen_vslock },
	[OP_VSUNLOCK] = { 14, NULL, gen_vsunlock },
	[OP_SWAP_HOLD] = { 20, NULL, gen_swap_hold },
	[OP_FILE_HOLD] = { 16, NULL, gen_file_hold },
	[OP_LET_GO] = { 12, NULL, gen_let_go },
	[OP_LOAN] = { 12, pick_range, gen_loan },
	[OP_UNLOAN] = { 12, NULL, gen_loan },
	[OP_LOAN_TO] = { 12, pick_range, gen_loan_to },
	[OP_EXTRACT] = { 30, pick_range, gen_extract },
	[OP_TAKE] = { 12, NULL, gen_point },
	[OP_BRANCH] = { 8, NULL, gen_branch },
	[OP_BACK] = { 24, NULL, gen_point },
	[OP_DROP] = { 5, NULL, gen_point },
};

static enum op_kind
pick_kind(struct gen *g)
{
	unsigned total = 0, k;
	uint64_t at;

	for (k = 0; k < OP_KINDS; k++)
		total += gen_kinds[k].weight;
	at = gen_below(g, total);
	for (k = 0; at >= gen_kinds[k].weight; k++)
		at -= gen_kinds[k].weight;
	return (enum op_kind)k;
}

/* A space that is alive, or now and then a new one, related to none; the first
 * of all must be made. */
static void
pick_space(struct gen *g, const struct model *m, struct op *op)
{
	op->space = (uint8_t)gen_below(g, TRACE_SPACES);
	for (unsigned i = 0; i < TRACE_SPACES; i++) {
		if (m->spaces[op->space].alive)
			return;
		if (gen_below(g, NEW_SPACE) == 0)
			break;
		op->space = (uint8_t)((op->space + 1) % TRACE_SPACES);
	}
	op->kind = OP_CREATE;
	op->value = (uint32_t)gen_below(g, DESIGNS);
}

/* The files get contents before anything else. */
static bool
gen_first(struct gen *g, const struct model *m, struct op *op)
{
	if (g->nops > 2 * TRACE_FILES)
		return false;
	op->kind = g->nops & 1 ? OP_FILE_WRITE : OP_FILE_SIZE;
	gen_file(g, m, op);
	return true;
}

void
gen_op(struct gen *g, const struct model *m, struct op *op)
{
	memset(op, 0, sizeof(*op));
	if (!gen_first(g, m, op)) {
		op->kind = (uint8_t)pick_kind(g);
		pick_space(g, m, op);
		op->cpu = (uint8_t)gen_below(g, TRACE_CPUS);
		if (op->kind != OP_CREATE && gen_kinds[op->kind].where)
			gen_kinds[op->kind].where(g, m, op);
		if (op->kind != OP_CREATE && gen_kinds[op->kind].more)
			gen_kinds[op->kind].more(g, m, op);
	}
	g->nops++;
}
