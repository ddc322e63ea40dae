/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_check.c - the whole system against its numbered invariants.
 *
 * Each module checks its own structures; what is here counts across modules:
 * references, wirings, and pages, each against those who claim to have them.
 * The numbers are those of docs/spec.md.
 *
 * Pages are counted in two passes of one array: every owner marks what it
 * owns (P2), every wired mapping adds to the wirings (P4).  Likewise designs
 * tell what their entries refer to twice (vm_cow.h, audit): first it is
 * counted, then compared with what they know of it.
 */
#include "vm/vm_check.h"

#include "base/mem.h"
#include "base/radix.h"
#include "vm/vm_page_loan.h"
#include "vm/vm_pageq.h"
#include "vm/vm_swap.h"
#include "vm/vmspace.h"

/* What has been seen of one page. */
struct page_tally {
	uint32_t owners;  /* anons or objects that have it */
	uint32_t wirings; /* wired mappings */
};

/* What has been seen of something with parts. */
struct part_tally {
	uint32_t nparts;
	uint32_t refs[]; /* entries that refer to the part */
};

struct tally {
	struct vm_system *sys;
	size_t npages;
	struct page_tally *pages;
	struct radix_tree seen;     /* by address >> 4: references seen */
	struct radix_tree verified; /* the same, in the second pass */
	struct radix_tree objects;  /* references of entries to objects */
	struct radix_tree guards;   /* the lock of each thing seen */
	struct radix_tree parts;    /* part_tally */
	struct radix_tree slots;    /* by slot: owners seen */
	bool blind; /* no memory to count references in: nothing to say */
	struct vm_map *map;      /* the one looked at */
	struct vm_charge charge; /* of all maps and objects */
	uint64_t lent;           /* loans of all pages */
	struct vm_audit audit;
};

/* The tally of a page; NULL for a device's frame. */
static struct page_tally *
tally_of(struct tally *t, const struct vm_page *pg)
{
	if (pg->fictitious)
		return NULL;
	return &t->pages[pg->frame - vm_page_nth(t->sys, 0)->frame];
}

static uint64_t
key_of(const void *p)
{
	return (uintptr_t)p >> 4;
}

/* Count one more sight of p; returns how often it has been seen before. */
static uintptr_t
see(struct tally *t, struct radix_tree *tree, const void *p)
{
	uintptr_t n = (uintptr_t)radix_lookup(tree, key_of(p));

	if (n != 0)
		(void)radix_replace(tree, key_of(p), (void *)(n + 1));
	else if (radix_insert(tree, key_of(p), (void *)(uintptr_t)1) != 0)
		t->blind = true;
	return n;
}

static uintptr_t
seen(const struct radix_tree *tree, const void *p)
{
	return (uintptr_t)radix_lookup(tree, key_of(p));
}

/* W7: as many see a slot as have a reference to it. */
static void
see_slot(struct tally *t, vm_slot_t slot)
{
	(void)see(t, &t->slots, (void *)((uintptr_t)slot << 4));
}

static void
see_blocks(struct tally *t, const struct vm_swapmap *m)
{
	uint64_t b = 0;
	void *first;
	unsigned i;

	for (; (first = radix_next(&m->blocks, &b)) != NULL; b++) {
		for (i = 0; i < m->block; i++)
			see_slot(t, (vm_slot_t)(uintptr_t)first + i);
	}
}

static size_t
part_bytes(uint32_t nparts)
{
	return sizeof(struct part_tally) + nparts * sizeof(uint32_t);
}

/* The tally of something with parts, made at first sight; NULL: no memory. */
static struct part_tally *
tally_parts(struct tally *t, const void *what, uint32_t nparts)
{
	struct part_tally *p = radix_lookup(&t->parts, key_of(what));

	if (p != NULL)
		return p;
	p = vm_alloc(t->sys, part_bytes(nparts));
	if (p == NULL)
		return NULL;
	memset(p, 0, part_bytes(nparts));
	p->nparts = nparts;
	if (radix_insert(&t->parts, key_of(what), p) == 0)
		return p;
	vm_free(t->sys, p, part_bytes(nparts));
	return NULL;
}

static void
free_parts(struct tally *t)
{
	struct part_tally *p;
	uint64_t i = 0;

	for (; (p = radix_next(&t->parts, &i)) != NULL; i++) {
		radix_remove(&t->parts, i);
		vm_free(t->sys, p, part_bytes(p->nparts));
	}
	radix_fini(&t->parts);
}

/* ---- owners ---- */

static struct tally *
tally_for(struct vm_audit *au)
{
	return (struct tally *)((char *)au - offsetof(struct tally, audit));
}

static bool
count_ref(struct vm_audit *au, const void *what, uint32_t refs)
{
	struct tally *t = tally_for(au);

	(void)refs;
	return see(t, &t->seen, what) == 0;
}

static void
count_page(struct vm_audit *au, struct vm_page *pg)
{
	struct page_tally *pt = tally_of(tally_for(au), pg);

	VM_VERIFY(pt->owners == 0 || tally_for(au)->blind); /* P2 */
	pt->owners = 1;
}

static void
count_slot(struct vm_audit *au, vm_slot_t slot)
{
	see_slot(tally_for(au), slot);
}

static void
count_guard(struct vm_audit *au, const void *what, const void *lock)
{
	struct tally *t = tally_for(au);
	const void *had = radix_lookup(&t->guards, key_of(what));
	union {
		const void *in;
		void *out;
	} same = { .in = lock }; /* the tree takes any pointer */

	VM_VERIFY(had == NULL || had == lock); /* A6 */
	if (had == NULL &&
	    radix_insert(&t->guards, key_of(what), same.out) != 0)
		t->blind = true;
}

static void
count_parts(struct vm_audit *au, const void *what, uint32_t nparts,
    uint32_t first, uint32_t n)
{
	struct part_tally *p = tally_parts(tally_for(au), what, nparts);
	uint32_t i;

	if (p == NULL) {
		tally_for(au)->blind = true;
		return;
	}
	VM_VERIFY(first <= nparts && n <= nparts - first);
	for (i = first; i < first + n; i++)
		p->refs[i]++;
}

/* Second pass: all references have been seen that there are. */
static bool
verify_ref(struct vm_audit *au, const void *what, uint32_t refs)
{
	struct tally *t = tally_for(au);

	VM_VERIFY(seen(&t->seen, what) == refs); /* A2, A3, S2 */
	return see(t, &t->verified, what) == 0;
}

static uint32_t
part_refs(struct vm_audit *au, const void *what, uint32_t part)
{
	const struct part_tally *p = radix_lookup(&tally_for(au)->parts,
	    key_of(what));

	return p->refs[part];
}

static void
verify_guard(struct vm_audit *au, const void *what, const void *lock)
{
	(void)au, (void)what, (void)lock;
}

static void
verify_parts(struct vm_audit *au, const void *what, uint32_t nparts,
    uint32_t first, uint32_t n)
{
	(void)au, (void)what, (void)nparts, (void)first, (void)n;
}

static void
verify_page(struct vm_audit *au, struct vm_page *pg)
{
	(void)au;
	(void)pg;
}

static void
verify_slot(struct vm_audit *au, vm_slot_t slot)
{
	(void)au;
	(void)slot;
}

static void
count_object(struct vm_object *obj, void *arg)
{
	struct tally *t = arg;
	struct page_tally *pt;
	struct vm_page *pg;
	vm_slot_t slot;
	uint64_t i = 0;

	vm_object_check(obj);
	t->charge.anon += obj->charged;
	for (; (pg = vm_object_next(obj, &i)) != NULL; i++) {
		pt = tally_of(t, pg);
		if (pt == NULL)
			continue;
		VM_VERIFY(pt->owners == 0); /* P2 */
		pt->owners = 1;
	}
	for (i = 0; (slot = vm_swapmap_next(&obj->swap, &i)) != 0; i++)
		see_slot(t, slot);
	see_blocks(t, &obj->swap);
}

/* ---- mappings ---- */

/* F1: what is mapped is what resolve finds now, with no more rights. */
static void
check_mapping(struct tally *t, struct vm_map_entry *e, vaddr_t va)
{
	struct pmap_mapping at = { 0 };
	struct vm_resolve r = {
		.sys = t->sys,
		.pmap = t->map->pmap,
		.entry = e,
		.va = va,
		.depth = VM_RESOLVE_RESIDENT,
	};
	struct page_tally *pt;

	VM_VERIFY(pmap_extract(t->map->pmap, va, &at));
	r.access = at.prot;
	VM_VERIFY((at.prot & ~e->prot) == 0); /* M4 */
	VM_VERIFY(t->map->design->cow->resolve(&r) == VM_RESOLVE_OK);
	VM_VERIFY(r.page == at.page);
	VM_VERIFY((at.prot & ~r.prot) == 0);
	VM_VERIFY(!at.wired || vm_entry_is_wired(e) ||
	    vm_map_is_held(t->map, va, va + VM_PAGE_SIZE)); /* P4 */
	pt = tally_of(t, at.page);
	if (at.wired && pt != NULL)
		pt->wirings++;
}

static void
check_mappings(struct tally *t, struct vm_map_entry *e)
{
	struct pmap *pm = t->map->pmap;
	vaddr_t va;

	if (e->flags & VM_ENTRY_FOREIGN)
		return;
	t->map->design->cow->lock(e);
	for (va = pmap_next(pm, e->start, e->end); va < e->end;
	     va = pmap_next(pm, va + VM_PAGE_SIZE, e->end))
		check_mapping(t, e, va);
	t->map->design->cow->unlock(e);
}

/* M5: nothing is mapped in the gaps. */
static void
check_gap(struct tally *t, vaddr_t start, vaddr_t end)
{
	VM_VERIFY(start == end || pmap_next(t->map->pmap, start, end) == end);
}

static void
check_space(struct tally *t, struct vmspace *vs)
{
	struct vm_map *map = &vs->map;
	struct vm_map_entry *e;

	t->map = map;
	vm_map_lock_read(map);
	vm_map_check(map);
	VM_VERIFY(map->taken.wired == map->need.wired); /* M3 */
	VM_VERIFY(map->taken.anon == map->need.anon);
	vm_charge_add(&t->charge, &map->taken);
	check_gap(t, map->index.min, map->index.min + map->index.first_gap);
	for (e = vm_map_first(map); e != NULL; e = vm_map_next(map, e)) {
		map->design->cow->audit(e, &t->audit);
		if (e->object != NULL)
			(void)see(t, &t->objects, e->object);
		check_mappings(t, e);
		check_gap(t, e->end, e->end + e->gap);
	}
	vm_map_unlock_read(map);
}

/* ---- sums ---- */

static void
check_refs(struct tally *t, struct vmspace *vs)
{
	struct vm_map_entry *e;

	vm_map_lock_read(&vs->map);
	for (e = vm_map_first(&vs->map); e != NULL;
	     e = vm_map_next(&vs->map, e)) {
		vs->map.design->cow->audit(e, &t->audit);
		if (e->object != NULL) /* O2: others may have some too */
			VM_VERIFY(
			    seen(&t->objects, e->object) <= e->object->refs);
	}
	vm_map_unlock_read(&vs->map);
}

/* P2: one that is let go while it is busy has no owner any more. */
static bool
is_owned(const struct vm_page *pg, const struct page_tally *pt)
{
	return pt->owners == 1 || (pg->busy && pg->released);
}

static void
check_pages(struct tally *t)
{
	size_t i;

	for (i = 0; i < t->npages; i++) {
		const struct vm_page *pg = vm_page_nth(t->sys, i);
		const struct page_tally *pt = &t->pages[i];
		bool orphan = vm_page_is_orphan(pg);
		bool used = vm_page_is_used(pg);

		VM_VERIFY(used == (orphan || is_owned(pg, pt))); /* P2 */
		VM_VERIFY(!orphan || pt->owners == 0);           /* L2 */
		VM_VERIFY(pg->busy ||
		    (pg->state == VM_PAGE_USED) ==
			(used && (orphan || pg->wire_count != 0)));     /* P6 */
		VM_VERIFY(pg->wire_count == pt->wirings);               /* P4 */
		VM_VERIFY(pg->wire_count == 0 || !vm_page_is_lent(pg)); /* L3 */
		t->lent += vm_page_loans(pg);
	}
}

/* W7: what is under way has references, too. */
static void
check_slots(struct tally *t)
{
	bool busy = vm_page_any_busy(t->sys);
	uint64_t i = 0, used = 0;
	uintptr_t n;
	uint32_t refs;

	for (; (n = (uintptr_t)radix_next(&t->slots, &i)) != 0; i++) {
		refs = vm_swap_refs(t->sys, (vm_slot_t)i);
		VM_VERIFY(refs == n || (busy && refs > n));
		used++;
	}
	n = vm_swap_in_use(t->sys);
	VM_VERIFY(used == n || (busy && used < n));
}

/* C1, C2 */
static void
check_charges(struct tally *t)
{
	VM_VERIFY(t->charge.wired + t->lent == t->sys->charged_wired);
	VM_VERIFY(t->charge.anon == t->sys->charged_anon);
}

static void
check_all(struct tally *t)
{
	struct vm_system *sys = t->sys;

	vm_page_check(sys);
	vm_pageq_check(sys);
	vm_swap_check(sys);
	vm_object_foreach(sys, count_object, t);
	LIST_FOREACH(struct vmspace, vs, &sys->spaces, link)
		check_space(t, vs);
	if (t->blind)
		return;
	t->audit = (struct vm_audit){ verify_ref, verify_page, verify_slot,
		verify_guard, verify_parts, part_refs };
	LIST_FOREACH(struct vmspace, vs, &sys->spaces, link)
		check_refs(t, vs);
	check_pages(t);
	check_charges(t);
	check_slots(t);
}

void
vm_check(struct vm_system *sys)
{
	struct tally t = { .sys = sys, .npages = vm_page_count(sys) };
	size_t bytes = t.npages * sizeof(*t.pages);

	t.pages = vm_alloc(sys, bytes);
	if (t.pages == NULL)
		return;
	memset(t.pages, 0, bytes);
	t.audit = (struct vm_audit){ count_ref, count_page, count_slot,
		count_guard, count_parts, NULL };
	radix_init(&t.seen, &sys->alloc);
	radix_init(&t.verified, &sys->alloc);
	radix_init(&t.objects, &sys->alloc);
	radix_init(&t.guards, &sys->alloc);
	radix_init(&t.parts, &sys->alloc);
	radix_init(&t.slots, &sys->alloc);
	vm_mutex_lock(&sys->spaces_lock);
	check_all(&t);
	vm_mutex_unlock(&sys->spaces_lock);
	radix_fini(&t.seen);
	radix_fini(&t.verified);
	radix_fini(&t.objects);
	radix_fini(&t.guards);
	radix_fini(&t.slots);
	free_parts(&t);
	vm_free(sys, t.pages, bytes);
}
