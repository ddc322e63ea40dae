/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ptab.c - see ptab.h.
 *
 * `last` is the only leaf that may be empty.  Whatever moves it away (focus)
 * frees an empty leaf it leaves behind; whatever empties another leaf frees
 * that one at once.
 */
#include "pmap/ptab.h"

#include "base/bits.h"
#include "base/mem.h"

/* An address that is not the start of any leaf. */
#define NO_START ((vaddr_t)1)

#define LEAF_SLAB  ((size_t)8 * VM_PAGE_SIZE)
#define NODE_SLAB  ((size_t)4 * VM_PAGE_SIZE)
#define LEAF_ALIGN 64 /* a line of the cache holds two whole slots */

_Static_assert(offsetof(struct ptab_leaf, slots) == 0,
    "a slot finds its leaf by its index alone");

static void *
node_alloc(void *ctx, size_t size)
{
	struct ptab_memory *mem = ctx;

	VM_ASSERT(size == sizeof(struct radix_node));
	return pool_get(&mem->nodes);
}

static void
node_free(void *ctx, void *p, size_t size)
{
	struct ptab_memory *mem = ctx;

	VM_ASSERT(size == sizeof(struct radix_node));
	pool_put(&mem->nodes, p);
}

void
ptab_memory_init(struct ptab_memory *mem, const struct vm_env *env)
{
	mem->host = (struct base_alloc){ env->alloc, env->free, env->ctx };
	mem->inner = (struct base_alloc){ node_alloc, node_free, mem };
	pool_init(&mem->leaves, &mem->host, sizeof(struct ptab_leaf),
	    LEAF_ALIGN, LEAF_SLAB);
	pool_init(&mem->nodes, &mem->host, sizeof(struct radix_node),
	    sizeof(void *), NODE_SLAB);
}

void
ptab_memory_fini(struct ptab_memory *mem)
{
	pool_fini(&mem->leaves);
	pool_fini(&mem->nodes);
}

void
ptab_init(struct ptab *tab, struct ptab_memory *mem)
{
	*tab = (struct ptab){ .last_start = NO_START, .memory = mem };
	radix_init(&tab->leaves, &mem->inner);
}

static void
leaf_free(struct ptab *tab, struct ptab_leaf *leaf)
{
	(void)radix_remove(&tab->leaves, leaf->start >> PTAB_LEAF_SHIFT);
	pool_put(&tab->memory->leaves, leaf);
}

/* Make leaf the last one used; NULL: none. */
static void
focus(struct ptab *tab, struct ptab_leaf *leaf)
{
	struct ptab_leaf *old = tab->last;

	if (leaf == old)
		return;
	tab->last = leaf;
	tab->last_start = leaf == NULL ? NO_START : leaf->start;
	if (old != NULL && old->used == 0)
		leaf_free(tab, old);
}

void
ptab_fini(struct ptab *tab)
{
	VM_ASSERT(tab->resident == 0);
	focus(tab, NULL);
	VM_ASSERT(radix_is_empty(&tab->leaves));
	radix_fini(&tab->leaves);
}

struct ptab_leaf *
ptab_leaf_slow(struct ptab *tab, vaddr_t va)
{
	struct ptab_leaf *leaf;

	leaf = radix_lookup(&tab->leaves, va >> PTAB_LEAF_SHIFT);
	if (leaf != NULL)
		focus(tab, leaf);
	return leaf;
}

struct ptab_leaf *
ptab_leaf_make(struct ptab *tab, vaddr_t va)
{
	struct ptab_leaf *leaf = pool_get(&tab->memory->leaves);

	if (leaf == NULL)
		return NULL;
	if (radix_insert(&tab->leaves, va >> PTAB_LEAF_SHIFT, leaf) != 0) {
		pool_put(&tab->memory->leaves, leaf);
		return NULL;
	}
	memset(leaf, 0, sizeof(*leaf));
	leaf->tab = tab;
	leaf->start = va & ~PTAB_LEAF_MASK;
	focus(tab, leaf);
	return leaf;
}

static void
pv_insert(struct vm_page *pg, struct ptab_slot *slot)
{
	slot->prevp = &pg->pv;
	slot->next = pg->pv;
	if (slot->next != NULL)
		slot->next->prevp = &slot->next;
	pg->pv = slot;
}

static void
pv_remove(struct ptab_slot *slot)
{
	*slot->prevp = slot->next;
	if (slot->next != NULL)
		slot->next->prevp = slot->prevp;
}

void
ptab_set(struct ptab_slot *slot, struct vm_page *pg, vm_prot_t prot, bool wired)
{
	struct ptab_leaf *leaf = ptab_slot_leaf(slot);

	VM_ASSERT(slot->page == NULL);
	slot->page = pg;
	slot->port = 0;
	slot->prot = prot;
	slot->wired = wired;
	slot->shared = false;
	pv_insert(pg, slot);
	leaf->used |= (uint64_t)1 << slot->index;
	leaf->tab->resident++;
	leaf->tab->wired += wired;
}

void
ptab_clear(struct ptab_slot *slot)
{
	struct ptab_leaf *leaf = ptab_slot_leaf(slot);
	struct ptab *tab = leaf->tab;

	VM_ASSERT(slot->page != NULL);
	pv_remove(slot);
	slot->page = NULL;
	tab->resident--;
	tab->wired -= slot->wired;
	leaf->used &= ~((uint64_t)1 << slot->index);
	if (leaf->used == 0 && leaf != tab->last)
		leaf_free(tab, leaf);
}

void
ptab_wire(struct ptab_slot *slot, bool wired)
{
	struct ptab *tab = ptab_slot_tab(slot);

	VM_ASSERT(slot->page != NULL);
	tab->wired += wired;
	tab->wired -= slot->wired;
	slot->wired = wired;
}

/* The first leaf at or after va, which becomes last; NULL if none. */
static struct ptab_leaf *
next_leaf(struct ptab *tab, vaddr_t va)
{
	uint64_t index = va >> PTAB_LEAF_SHIFT;
	struct ptab_leaf *leaf;

	if (tab->last_start == (va & ~PTAB_LEAF_MASK))
		return tab->last;
	leaf = radix_next(&tab->leaves, &index);
	if (leaf != NULL)
		focus(tab, leaf);
	return leaf;
}

struct ptab_slot *
ptab_next_slow(struct ptab *tab, vaddr_t *va, vaddr_t end)
{
	struct ptab_leaf *leaf;
	uint64_t used;

	while (*va < end && (leaf = next_leaf(tab, *va)) != NULL) {
		if (leaf->start > *va)
			*va = leaf->start;
		used = leaf->used >> ptab_index(*va);
		if (used != 0) {
			*va += (vaddr_t)bits_lowest(used) << VM_PAGE_SHIFT;
			if (*va >= end)
				return NULL;
			return &leaf->slots[ptab_index(*va)];
		}
		*va = leaf->start + PTAB_LEAF_SIZE;
		if (*va == 0)
			return NULL;
	}
	return NULL;
}

void
ptab_share(struct ptab *tab, vaddr_t start, vaddr_t end)
{
	struct ptab_slot *slot;
	vaddr_t va;

	for (va = start; (slot = ptab_next(tab, &va, end)) != NULL;
	     va += VM_PAGE_SIZE)
		slot->shared = true;
}

unsigned
ptab_wirings(const struct vm_page *pg)
{
	const struct ptab_slot *slot;
	unsigned n = 0;

	for (slot = pg->pv; slot != NULL; slot = slot->next)
		n += slot->wired;
	return n;
}

/* The list of a page, from its head on: how many mappings. */
static vm_pindex_t
check_list(const struct vm_page *pg)
{
	struct ptab_slot *slot, *const *prevp = &pg->pv;
	vm_pindex_t n = 0;

	for (slot = pg->pv; slot != NULL; slot = slot->next) {
		VM_VERIFY(slot->page == pg);
		VM_VERIFY((struct ptab_slot *const *)slot->prevp == prevp);
		prevp = &slot->next;
		n++;
	}
	return n;
}

struct check {
	const struct ptab *tab;
	vm_pindex_t resident, wired, listed;
};

static void
check_slot(struct check *c, struct ptab_slot *slot)
{
	VM_VERIFY(*slot->prevp == slot);
	VM_VERIFY(slot->next == NULL || slot->next->prevp == &slot->next);
	c->resident++;
	c->wired += slot->wired;
	if (slot->prevp == &slot->page->pv)
		c->listed += check_list(slot->page);
}

static void
check_leaf(struct check *c, struct ptab_leaf *leaf)
{
	unsigned i;

	VM_VERIFY(leaf->tab == c->tab);
	VM_VERIFY(leaf->used != 0 || leaf == c->tab->last);
	for (i = 0; i < PTAB_LEAF_SLOTS; i++) {
		struct ptab_slot *slot = &leaf->slots[i];

		VM_VERIFY((leaf->used >> i & 1) == (slot->page != NULL));
		if (slot->page == NULL)
			continue;
		VM_VERIFY(slot->index == i);
		check_slot(c, slot);
	}
}

vm_pindex_t
ptab_check(const struct ptab *tab)
{
	struct check c = { .tab = tab };
	struct ptab_leaf *leaf;
	uint64_t index = 0;

	(void)radix_check(&tab->leaves);
	while ((leaf = radix_next(&tab->leaves, &index)) != NULL) {
		VM_VERIFY(leaf->start == index << PTAB_LEAF_SHIFT);
		check_leaf(&c, leaf);
		index++;
	}
	VM_VERIFY(tab->last == NULL || tab->last->start == tab->last_start);
	VM_VERIFY(c.resident == tab->resident);
	VM_VERIFY(c.wired == tab->wired);
	return c.listed;
}
