/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/uvm.c - copy-on-write as UVM has it: two layers, and no more.  What
 * becomes of the upper one, the amap, with its entry; how pages are found is in
 * cow/uvm_resolve.c.
 *
 * An entry that needs a copy has an amap that others use too; before it is
 * written, or given its first zero page, it settles: takes the amap over when
 * nobody else is left, else clones it.
 *
 * NetBSD and OpenBSD differ in how an amap keeps its slots (slots.h), and in
 * what follows from that: which part of an entry is settled, and what joins.
 *
 * Sources: Cranor 1998 §5; NetBSD uvm_amap.c, uvm_map.c (uvm_mapent_fork*).
 */
#include "vm/cow/amap_runs.h"
#include "vm/cow/lower.h"
#include "vm/cow/uvm.h"

/* ---- lock ---- */

static void
uvm_lock(struct vm_map_entry *e)
{
	if (e->aref.amap != NULL)
		vm_amap_lock(e->aref.amap);
	if (e->object != NULL)
		vm_object_lock(e->object);
}

static void
uvm_unlock(struct vm_map_entry *e)
{
	if (e->object != NULL)
		vm_object_unlock(e->object);
	if (e->aref.amap != NULL)
		vm_amap_unlock(e->aref.amap);
}

/* ---- settle ---- */

/* In an array every slot costs: a sparse entry is better cut. */
static void
netbsd_chunk(const struct vm_map_entry *e, vm_pindex_t n, vm_pindex_t want,
    vm_pindex_t *first, vm_pindex_t *last)
{
	vm_pindex_t npages = vm_entry_npages(e), chunk = VM_AMAP_CHUNK;

	*first = 0;
	*last = npages;
	if (e->aref.amap != NULL || npages < 16 * VM_AMAP_CHUNK)
		return;
	while (chunk < want && chunk < VM_AMAP_SLOTS_MAX)
		chunk *= 2;
	*first = n - (vm_atop(e->start) + n) % chunk;
	if (*first > n)
		*first = 0; /* the entry begins inside a chunk */
	if (npages - *first > chunk)
		*last = *first + chunk;
}

/* In chunks an empty slot costs nothing: the whole, up to the largest amap. */
static void
openbsd_chunk(const struct vm_map_entry *e, vm_pindex_t n, vm_pindex_t want,
    vm_pindex_t *first, vm_pindex_t *last)
{
	vm_pindex_t npages = vm_entry_npages(e);

	*first = 0;
	*last = npages;
	if (e->aref.amap != NULL || npages <= VM_AMAP_SLOTS_MAX)
		return;
	*first = n - n % VM_AMAP_SLOTS_MAX;
	if (npages - *first > VM_AMAP_SLOTS_MAX)
		*last = *first + VM_AMAP_SLOTS_MAX;
	(void)want;
}

static int
clone_own(struct vm_system *sys, struct vm_map_entry *e)
{
	vm_pindex_t npages = vm_entry_npages(e);
	struct vm_amap *copy = vm_amap_clone(sys, &e->aref, npages, false);

	if (copy == NULL)
		return VM_ENOMEM;
	vm_amap_unref(sys, &e->aref, npages);
	e->aref.amap = copy;
	e->aref.slot = 0;
	return 0;
}

/* True when the amap is ours alone, now that the others have settled; then it
 * will be written to. */
static bool
take_over(struct vm_amap *am)
{
	bool last;

	vm_amap_lock(am);
	last = am->refs == 1;
	if (last)
		vm_amap_forget_name(am);
	vm_amap_unlock(am);
	return last;
}

/* A first amap; its slots are kept as the design does. */
static int
make_own(struct vm_system *sys, struct vm_map_entry *e,
    const struct vm_slots_ops *slots)
{
	VM_ASSERT(vm_entry_npages(e) <= VM_AMAP_SLOTS_MAX);
	e->aref.slot = 0;
	e->aref.amap = vm_amap_create(sys, slots, vm_entry_npages(e));
	return e->aref.amap == NULL ? VM_ENOMEM : 0;
}

/* Not for an entry without an amap, unless slots says how they are kept. */
static int
settle(struct vm_system *sys, struct vm_map_entry *e,
    const struct vm_slots_ops *slots)
{
	int error = 0;

	if (!vm_entry_needs_copy(e))
		return 0;
	if (e->aref.amap == NULL)
		error = make_own(sys, e, slots);
	else if (take_over(e->aref.amap))
		VM_COUNT(sys, amap_takes);
	else
		error = clone_own(sys, e);
	if (error == 0)
		e->flags &= (uint8_t)~VM_ENTRY_NEEDS_COPY;
	return error;
}

static int
netbsd_settle(struct vm_system *sys, struct vm_map_entry *e,
    const struct vm_pageindex_ops *index)
{
	(void)index;
	return settle(sys, e, &vm_slots_array);
}

static int
openbsd_settle(struct vm_system *sys, struct vm_map_entry *e,
    const struct vm_pageindex_ops *index)
{
	(void)index;
	return settle(sys, e, &vm_slots_chunks);
}

/* ---- fork ---- */

static void
ref_upper(struct vm_system *sys, const struct vm_map_entry *src,
    struct vm_map_entry *dst)
{
	dst->aref = src->aref;
	if (dst->aref.amap == NULL)
		return;
	vm_amap_lock(src->aref.amap);
	vm_amap_ref(sys, &src->aref, vm_entry_npages(src));
	vm_amap_unlock(src->aref.amap);
}

static int
uvm_copy_now(struct vm_system *sys, struct vm_map_entry *src,
    struct vm_map_entry *dst)
{
	if (src->aref.amap != NULL) {
		dst->aref.slot = 0;
		dst->aref.amap = vm_amap_clone(sys, &src->aref,
		    vm_entry_npages(src), true);
		if (dst->aref.amap == NULL)
			return VM_ENOMEM;
		dst->flags &= (uint8_t)~VM_ENTRY_NEEDS_COPY;
	} else {
		dst->flags |= VM_ENTRY_NEEDS_COPY;
	}
	dst->flags |= VM_ENTRY_COW;
	vm_cow_ref_lower(src, dst);
	return 0;
}

static bool
has_partners(struct vm_amap *am)
{
	bool shared = false;

	if (am != NULL) {
		vm_amap_lock(am);
		shared = am->shared;
		vm_amap_unlock(am);
	}
	return shared;
}

/* Partners of a shared amap must go on seeing each other's writes, so src
 * cannot be made to copy later: the child's copy is made now. */
static int
uvm_copy(struct vm_system *sys, struct pmap *pm, struct vm_map_entry *src,
    struct vm_map_entry *dst)
{
	if (has_partners(src->aref.amap))
		return uvm_copy_now(sys, src, dst);
	ref_upper(sys, src, dst);
	vm_cow_ref_lower(src, dst);
	if (src->aref.amap != NULL && !vm_entry_needs_copy(src)) {
		src->flags |= VM_ENTRY_NEEDS_COPY;
		vm_cow_protect(pm, src);
	}
	dst->flags |= VM_ENTRY_COW | VM_ENTRY_NEEDS_COPY;
	return 0;
}

static int
uvm_share(struct vm_system *sys, struct vm_map_entry *src,
    struct vm_map_entry *dst)
{
	VM_ASSERT(!vm_entry_needs_copy(src));
	ref_upper(sys, src, dst);
	vm_cow_ref_lower(src, dst);
	if (src->aref.amap != NULL) {
		vm_amap_lock(src->aref.amap);
		src->aref.amap->shared = true;
		vm_amap_unlock(src->aref.amap);
		dst->flags |= VM_ENTRY_SHARED;
	}
	return 0;
}

/* ---- entries cut and joined ---- */

static void
uvm_split(struct vm_system *sys, struct vm_map_entry *lo,
    struct vm_map_entry *hi, vm_pindex_t n)
{
	vm_pindex_t len = n + vm_entry_npages(hi);

	if (lo->aref.amap != NULL)
		hi->aref = vm_amap_cut(sys, &lo->aref, len, n);
	vm_cow_split_lower(lo, hi, n);
}

/* An entry may only grow by so much memory for what may never be touched. */
static bool
worth_extending(vm_pindex_t len, vm_pindex_t more)
{
	return more <= 16 * VM_AMAP_CHUNK + 4 * len;
}

/*
 * Whether the upper layers could be one: both absent, both parts of one amap
 * in a row, or one absent and the other extended over it.
 */
static bool
amaps_join(struct vm_system *sys, struct vm_map_entry *lo,
    struct vm_map_entry *hi)
{
	vm_pindex_t nlo = vm_entry_npages(lo), nhi = vm_entry_npages(hi);
	struct vm_amap *low = lo->aref.amap, *high = hi->aref.amap;

	if (low == NULL && high == NULL)
		return vm_entry_needs_copy(lo) == vm_entry_needs_copy(hi);
	if (low != NULL && low == high) {
		if (lo->aref.slot + nlo != hi->aref.slot ||
		    vm_entry_needs_copy(lo) != vm_entry_needs_copy(hi))
			return false;
		vm_amap_uncut(&lo->aref, &hi->aref);
		return true;
	}
	if (high == NULL)
		return !vm_entry_needs_copy(lo) && worth_extending(nlo, nhi) &&
		    vm_amap_extend(sys, &lo->aref, nlo, nhi, true);
	if (low != NULL || vm_entry_needs_copy(hi) ||
	    !worth_extending(nhi, nlo) ||
	    !vm_amap_extend(sys, &hi->aref, nhi, nlo, false))
		return false;
	lo->aref = hi->aref;
	hi->aref.amap = NULL;
	lo->flags &= (uint8_t)~VM_ENTRY_NEEDS_COPY;
	return true;
}

static bool
uvm_join(struct vm_system *sys, struct vm_map_entry *lo,
    struct vm_map_entry *hi)
{
	if (!vm_cow_may_join(lo, hi) || !amaps_join(sys, lo, hi))
		return false;
	vm_cow_drop_lower(hi);
	return true;
}

/* OpenBSD joins no entries once they have amaps: those cannot grow. */
static bool
openbsd_join(struct vm_system *sys, struct vm_map_entry *lo,
    struct vm_map_entry *hi)
{
	return lo->aref.amap == NULL && hi->aref.amap == NULL &&
	    uvm_join(sys, lo, hi);
}

/* ---- pages that come as they are ---- */

static enum vm_verdict
uvm_give(struct vm_system *sys, struct vm_map_entry *e, vm_pindex_t n,
    struct vm_page *pg)
{
	struct vm_anon *an;

	VM_ASSERT(!vm_entry_needs_copy(e));
	VM_ASSERT(vm_amap_lookup(&e->aref, n) == NULL);
	if (!vm_amap_reserve(sys, &e->aref, n))
		return VM_RESOLVE_NOMEM;
	an = vm_anon_borrow(sys, e->aref.amap->family, pg);
	if (an == NULL)
		return VM_RESOLVE_NOMEM;
	vm_amap_add(&e->aref, n, an);
	return VM_RESOLVE_OK;
}

/* ---- the end of pages ---- */

static void
uvm_drop(struct vm_system *sys, struct vm_map_entry *e)
{
	if (e->aref.amap != NULL)
		vm_amap_unref(sys, &e->aref, vm_entry_npages(e));
	vm_cow_drop_lower(e);
}

/* Once settled, slots that were never shared are this entry's alone. */
static int
uvm_discard(struct vm_system *sys, struct vm_map_entry *e, vm_pindex_t n,
    vm_pindex_t len)
{
	struct vm_amap *am;
	int error;

	if ((e->flags & VM_ENTRY_SHARED) || e->aref.amap == NULL)
		return 0;
	error = settle(sys, e, NULL);
	if (error != 0)
		return error;
	am = e->aref.amap;
	vm_amap_lock(am);
	vm_amap_wipe(sys, am, e->aref.slot + (uint32_t)n, (uint32_t)len);
	vm_amap_unlock(am);
	return 0;
}

/* ---- checkpoints ---- */

static void
uvm_keep(struct vm_system *sys, struct vm_map_entry *e)
{
	if (e->aref.amap == NULL)
		return;
	vm_amap_lock(e->aref.amap);
	vm_amap_keep(sys, e->aref.amap);
	vm_amap_unlock(e->aref.amap);
}

/* Both have the same slots; so they have not been written to since. */
static bool
is_unchanged(const struct vm_rewind *rw)
{
	const struct vm_aref *is = &rw->entry->aref, *was = &rw->base->aref;

	return is->amap == was->amap &&
	    (is->amap == NULL || is->slot == was->slot + rw->n);
}

/* Whether the changes are known, and nobody else has the entry's slots. */
static bool
knows_changes(const struct vm_rewind *rw)
{
	const struct vm_map_entry *e = rw->entry, *base = rw->base;
	struct vm_amap *am = e->aref.amap;
	bool knows;

	if (am == NULL || base->aref.amap == NULL)
		return false;
	vm_amap_lock(am);
	knows = (!vm_entry_needs_copy(e) || am->refs == 1) &&
	    vm_amap_knows(&e->aref, vm_entry_npages(e), &base->aref, rw->n);
	vm_amap_unlock(am);
	return knows;
}

static void
unmap_changed(const struct vm_rewind *rw)
{
	const struct vm_map_entry *e = rw->entry;
	vm_pindex_t n, end = vm_entry_npages(e);

	for (n = vm_amap_next_changed(&e->aref, 0, end); n < end;
	     n = vm_amap_next_changed(&e->aref, n + 1, end))
		pmap_remove(rw->pmap, e->start + vm_ptoa(n),
		    e->start + vm_ptoa(n + 1));
	pmap_update(rw->pmap);
}

/* => false: no memory; some have been turned back */
static bool
turn_back(struct vm_rewind *rw)
{
	const struct vm_map_entry *e = rw->entry;
	vm_pindex_t n, end = vm_entry_npages(e);
	bool done = true;

	vm_amap_lock(e->aref.amap);
	for (n = vm_amap_next_changed(&e->aref, 0, end); done && n < end;
	     n = vm_amap_next_changed(&e->aref, n + 1, end), rw->npages++)
		done = vm_amap_turn_back(rw->sys, &e->aref, n, &rw->base->aref,
		    rw->n + n);
	vm_amap_unlock(e->aref.amap);
	return done;
}

/* The entry begins anew with what the base has. */
static void
begin_anew(struct vm_rewind *rw)
{
	struct vm_map_entry *e = rw->entry;
	vm_pindex_t npages = vm_entry_npages(e);

	vm_cow_unmap(rw);
	if (e->aref.amap != NULL)
		vm_amap_unref(rw->sys, &e->aref, npages);
	e->flags |= VM_ENTRY_NEEDS_COPY;
	if (rw->base->aref.amap != NULL)
		e->aref = vm_amap_ref_part(rw->sys, &rw->base->aref,
		    vm_entry_npages(rw->base), rw->n, npages);
}

static void
uvm_rewind(struct vm_rewind *rw)
{
	if (is_unchanged(rw))
		return;
	if (knows_changes(rw)) {
		unmap_changed(rw);
		if (turn_back(rw))
			return;
	}
	begin_anew(rw);
}

/* ---- looking ---- */

/* The first page of [n, end) that the object has, or end. */
static vm_pindex_t
next_lower(const struct vm_map_entry *e, vm_pindex_t n, vm_pindex_t end)
{
	uint64_t i = e->offset + n;

	if (e->object == NULL || vm_object_next(e->object, &i) == NULL)
		return end;
	return i - e->offset < end ? i - e->offset : end;
}

static void
uvm_walk(struct vm_map_entry *e, vm_pindex_t n, vm_pindex_t len,
    vm_cow_walk_fn *fn, void *arg)
{
	vm_pindex_t end = n + len;
	vm_pindex_t up = vm_uvm_next(e, n, end), low = next_lower(e, n, end);
	struct vm_cow_page at;

	while (up < end || low < end) {
		at.upper = up <= low;
		at.n = at.upper ? up : low;
		at.page = at.upper ?
		    vm_amap_lookup(&e->aref, at.n)->page :
		    vm_object_lookup(e->object, e->offset + at.n);
		fn(&at, arg);
		if (up == at.n)
			up = vm_uvm_next(e, at.n + 1, end);
		if (low == at.n)
			low = next_lower(e, at.n + 1, end);
	}
}

static void
uvm_check(const struct vm_map_entry *e)
{
	const struct vm_amap *am = e->aref.amap;

	vm_cow_check_entry(e);
	if (am == NULL)
		return;
	VM_VERIFY(e->aref.slot + vm_entry_npages(e) <= am->nslots);
	vm_amap_check(am);
}

/*
 * A4, A5: the runs know how many entries refer to a slot, without them all do;
 * and one that nobody refers to is empty.  When there was no memory for runs
 * neither can be known.
 */
static void
audit_slots(const struct vm_amap *am, struct vm_audit *au)
{
	uint32_t i, refs, counted;

	if (au->part_refs == NULL || am->runs_lost)
		return;
	for (i = 0; i < am->nslots; i++) {
		refs = au->part_refs(au, am, i);
		counted = am->runs != NULL ? vm_amap_runs_at(am, i) :
		    refs != 0              ? am->refs :
					     0;
		VM_VERIFY(refs == counted);
		VM_VERIFY(refs != 0 || vm_amap_at(am, i) == NULL);
	}
}

static void
uvm_audit(const struct vm_map_entry *e, struct vm_audit *au)
{
	const struct vm_amap *am = e->aref.amap;
	struct vm_slots_walk w;
	struct vm_anon *an;
	uint32_t slot;

	if (am == NULL)
		return;
	au->parts(au, am, am->nslots, e->aref.slot,
	    (uint32_t)vm_entry_npages(e));
	if (!au->ref(au, am, am->refs)) /* A2 */
		return;
	audit_slots(am, au);
	w = vm_amap_walk(am, 0, am->nslots);
	while (vm_amap_walk_next(am, &w, &slot)) {
		an = vm_amap_at(am, slot);
		if (au->ref(au, an, an->refs)) { /* A3 */
			if (an->page != NULL && !an->borrowed)
				au->page(au, an->page);
			if (an->slot != 0)
				au->slot(au, an->slot);
		}
		au->guard(au, an, am->family); /* A6 */
	}
}

static void
uvm_dump(const struct vm_map_entry *e, const struct fmt_out *out)
{
	const struct vm_amap *am = e->aref.amap;

	fmt_printf(out,
	    "amap %p slot %u: refs %u, %s, slots %u of %u, anons %u%s%s\n",
	    (const void *)am, e->aref.slot, am->refs, am->slots->name,
	    am->nslots, am->room, am->nused, am->shared ? ", shared" : "",
	    am->runs != NULL ? ", in runs" : "");
}

const struct vm_cow_ops vm_cow_uvm = {
	.name = "amap",
	.prompt = true,
	.lock = uvm_lock,
	.unlock = uvm_unlock,
	.resolve = vm_uvm_resolve,
	.chunk = netbsd_chunk,
	.settle = netbsd_settle,
	.copy = uvm_copy,
	.copy_now = uvm_copy_now,
	.share = uvm_share,
	.split = uvm_split,
	.join = uvm_join,
	.give = uvm_give,
	.drop = uvm_drop,
	.discard = uvm_discard,
	.keep = uvm_keep,
	.rewind = uvm_rewind,
	.recall = vm_uvm_recall,
	.walk = uvm_walk,
	.check = uvm_check,
	.audit = uvm_audit,
	.dump = uvm_dump,
};

const struct vm_cow_ops vm_cow_openbsd = {
	.name = "amap of chunks",
	.prompt = true,
	.lock = uvm_lock,
	.unlock = uvm_unlock,
	.resolve = vm_uvm_resolve,
	.chunk = openbsd_chunk,
	.settle = openbsd_settle,
	.copy = uvm_copy,
	.copy_now = uvm_copy_now,
	.share = uvm_share,
	.split = uvm_split,
	.join = openbsd_join,
	.give = uvm_give,
	.drop = uvm_drop,
	.discard = uvm_discard,
	.keep = uvm_keep,
	.rewind = uvm_rewind,
	.recall = vm_uvm_recall,
	.walk = uvm_walk,
	.check = uvm_check,
	.audit = uvm_audit,
	.dump = uvm_dump,
};
