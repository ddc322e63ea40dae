/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model_grow.c - stacks that grow into the gap below them.
 *
 *	first			  cell		 end
 *	 [ keep |		   x		 )[ stack
 *			 `-- what it wants ------'
 *
 * The rules are FreeBSD's: what is needed, but 128 KB at least if there is so
 * much; never the pages to be kept, nor more than the limit of stacks.
 */
#include "test/differ/model.h"

enum { PIECE = 32 }; /* pages */

struct growth {
	struct model_space *sp;
	size_t first, end; /* of the gap's entry */
	size_t cell;
	bool locked;
};

static bool
is_stack(const struct cell *c)
{
	return c->mapped && c->stack && !c->guard;
}

static void
find_entry(const struct model *m, struct growth *g, const struct gaps *before)
{
	const struct cell *cells = g->sp->cells;

	g->first = g->cell;
	while (!before->first[g->first] && g->first > 0)
		g->first--;
	g->end = g->cell + 1;
	while (
	    g->end < m->ncells && cells[g->end].gap && !before->first[g->end])
		g->end++;
}

/* The most pages that the gap may give; 0 when there is no stack above it. */
static uint64_t
most(const struct model *m, const struct growth *g)
{
	const struct cell *cells = g->sp->cells;
	uint64_t n = g->end - g->first, keep = cells[g->cell].keep, used = 0;

	while (g->end + used < m->ncells && is_stack(&cells[g->end + used]))
		used++;
	if (used == 0 || n <= keep || used >= vm_atop(g->sp->stack_limit))
		return 0;
	if (n - keep < vm_atop(g->sp->stack_limit) - used)
		return n - keep;
	return vm_atop(g->sp->stack_limit) - used;
}

/* Where memory is counted, what is promised already may leave too little. */
static enum wiring
with_promises(const struct model *m, enum wiring w, uint64_t npages)
{
	return w == WIRING_FITS && model_may_refuse(m, npages) ?
	    WIRING_MAY_FIT :
	    w;
}

/* Whether the stack may have grown by n pages. */
static bool
is_right(struct model *m, const struct growth *g, uint64_t n)
{
	uint64_t need = g->end - g->cell, max = most(m, g), want = need;
	enum wiring all = WIRING_FITS, few = WIRING_FITS;

	if (need > max)
		return n == 0;
	if (need < PIECE)
		want = max < PIECE ? max : PIECE;
	if (g->locked) {
		all = model_wiring(m, g->sp, want);
		few = model_wiring(m, g->sp, need);
	}
	all = with_promises(m, all, want);
	few = with_promises(m, few, need);
	if (n == want && all != WIRING_NEVER)
		return true;
	if (all == WIRING_FITS)
		return false;
	return (n == need && few != WIRING_NEVER) ||
	    (n == 0 && few != WIRING_FITS);
}

static struct cell
grown_cell(const struct growth *g)
{
	const struct cell *stack = &g->sp->cells[g->end];

	return (struct cell){ .mapped = true,
		.private = true,
		.stack = true,
		.wired = g->locked,
		.onfault = g->locked &&
		    (stack->wired ? stack->onfault :
				    g->sp->wire_future == VM_FUTURE_ONFAULT),
		.prot = stack->prot,
		.max_prot = stack->max_prot,
		.inherit = stack->inherit,
		.advice = stack->advice };
}

const char *
model_grow(struct model *m, unsigned space, size_t cell,
    const struct gaps *before, const struct gaps *after)
{
	struct growth g = { .sp = &m->spaces[space], .cell = cell };
	struct cell like;
	uint64_t n = 0;

	if (!g.sp->cells[cell].gap)
		return NULL;
	find_entry(m, &g, before);
	while (n < g.end - g.first && !after->here[g.end - 1 - n])
		n++;
	g.locked = g.end < m->ncells &&
	    (g.sp->wire_future || g.sp->cells[g.end].wired);
	if (!is_right(m, &g, n))
		return "a stack has grown too much, or too little";
	if (n == 0)
		return NULL;
	like = grown_cell(&g);
	for (size_t i = g.end - n; i < g.end; i++)
		put_cell(&g.sp->cells[i], &like, NULL, 0);
	return NULL;
}
