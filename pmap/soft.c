/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft.c - see soft.h.
 *
 * A mapping that a TLB may have is marked SOFT_LOADED in its slot; losing
 * one that is not costs no flush.  Each pmap collects the addresses where its
 * mappings lost something (`stale`); those that have any are on the machine's
 * list `behind`, until pmap_update drops the addresses from every TLB.
 *
 * pmap_update may be called for somebody else's removal that a third thread
 * is just completing.  So `is_behind` and `nbehind` are cleared after the
 * flush, and who finds them clear knows that it is over.
 *
 * Modified and referenced are kept in the page from the start: the TLB sets
 * them there as a walker would in the table.
 *
 * Lock order: machine, then a TLB.
 */
#include "pmap/soft.h"

#include "base/fmt.h"
#include "base/mem.h"
#include "pmap/ptab.h"
#include "pmap/tlb.h"

#define SOFT_LOADED 1 /* ptab_slot.port: a TLB may have it */

#define SOFT_PA_BASE ((paddr_t)1 << 24) /* frame 0 is nobody's */
#define SOFT_VA_MAX  ((vaddr_t)1 << 47)
#define SOFT_TLB     64

struct soft_machine {
	struct vm_machine machine;
	const struct vm_env *env;  /* (c) */
	struct soft_config config; /* (c) defaults filled in */
	unsigned char *frames;     /* (c) */
	struct tlb *tlbs;          /* (c) one for each cpu */
	struct tlb_entry *entries; /* (c) of all of them */
	struct vm_mutex lock;
	struct ptab_memory memory; /* (lock) */
	struct list pmaps;         /* (lock) */
	struct list behind;        /* (lock) pmaps with stale addresses */
	_Atomic unsigned nbehind;  /* (lock), read by anybody */
	uint64_t enters;           /* (lock) that could fail */
	uint64_t fail_at;          /* (lock) which of them does */
	unsigned until_forget;     /* (lock) enters */
};

struct soft_pmap {
	struct pmap pmap;
	struct list all;         /* (lock) */
	struct list behind;      /* (lock) */
	struct ptab tab;         /* (lock) */
	struct tlb_ranges stale; /* (lock) what TLBs may wrongly have */
	_Atomic bool is_behind;  /* (lock), read by anybody */
	vaddr_t forget_from;     /* (lock) */
};

static inline struct soft_machine *
machine_of(struct vm_machine *m)
{
	return container_of(m, struct soft_machine, machine);
}

static inline struct soft_pmap *
pmap_of(struct pmap *pmap)
{
	return container_of(pmap, struct soft_pmap, pmap);
}

static inline struct soft_pmap *
slot_pmap(struct ptab_slot *slot)
{
	return container_of(ptab_slot_tab(slot), struct soft_pmap, tab);
}

static inline struct soft_machine *
machine_under(const struct soft_pmap *pm)
{
	return machine_of(pm->pmap.machine);
}

static unsigned char *
frame_bytes(const struct soft_machine *m, const struct vm_page *pg)
{
	uint64_t n = pg->frame - (m->machine.pa_base >> VM_PAGE_SHIFT);

	VM_ASSERT(n < m->config.npages + m->config.device_pages);
	return m->frames + (n << VM_PAGE_SHIFT);
}

/* ---- detectors ---- */

static VM_COLD _Noreturn void
broken(const char *what, const struct vm_page *pg, vaddr_t va)
{
	char text[200];

	(void)fmt_snprintf(text, sizeof(text),
	    "soft: %s: frame %#llx, address %#llx", what,
	    (unsigned long long)pg->frame, (unsigned long long)va);
	vm_panic(text, __FILE__, __LINE__);
}

static inline void
must_be_used(const struct vm_page *pg, const char *otherwise, vaddr_t va)
{
	if (VM_UNLIKELY(!vm_page_is_used(pg)))
		broken(otherwise, pg, va);
}

/*
 * Panic if a TLB names the page (and lost a store to it).  The last one comes
 * first, against the way of a flush: so one that is still going on shows,
 * unless the machine's lock is taken before.
 */
static void
must_be_in_no_tlb(struct soft_machine *m, const struct vm_page *pg, bool lost,
    const char *otherwise)
{
	const struct tlb_entry *e;
	unsigned cpu;

	for (cpu = m->config.ncpus; cpu-- > 0;) {
		struct tlb *tlb = &m->tlbs[cpu];

		vm_mutex_lock(&tlb->lock);
		e = tlb_find_page(tlb, pg, lost);
		if (e != NULL)
			broken(otherwise, pg, e->va);
		vm_mutex_unlock(&tlb->lock);
	}
}

/* ---- what TLBs have that tables do not ---- */

static void
drop_everywhere(struct soft_pmap *pm, vaddr_t start, vaddr_t end)
{
	struct soft_machine *m = machine_under(pm);
	unsigned cpu;

	for (cpu = 0; cpu < m->config.ncpus; cpu++)
		tlb_drop(&m->tlbs[cpu], &pm->pmap, start, end);
}

static void
drop_now(struct ptab_slot *slot)
{
	vaddr_t va = ptab_slot_va(slot);

	if (slot->port & SOFT_LOADED)
		drop_everywhere(slot_pmap(slot), va, va + VM_PAGE_SIZE);
}

static void
fall_behind(struct soft_pmap *pm, vaddr_t va)
{
	struct soft_machine *m = machine_under(pm);

	if (pm->stale.n == 0) {
		list_insert_tail(&m->behind, &pm->behind);
		atomic_store_explicit(&pm->is_behind, true,
		    memory_order_relaxed);
		atomic_fetch_add_explicit(&m->nbehind, 1, memory_order_relaxed);
	}
	tlb_ranges_add(&pm->stale, va);
}

/* The mapping is about to lose something.  => machine locked */
static void
lose(struct ptab_slot *slot)
{
	struct soft_pmap *pm = slot_pmap(slot);

	if (!(slot->port & SOFT_LOADED))
		return;
	if (machine_under(pm)->config.eager)
		drop_now(slot);
	else
		fall_behind(pm, ptab_slot_va(slot));
}

/* => machine locked */
static void
catch_up(struct soft_pmap *pm)
{
	struct soft_machine *m = machine_under(pm);
	unsigned i;

	if (pm->stale.n == 0)
		return;
	for (i = 0; i < pm->stale.n; i++)
		drop_everywhere(pm, pm->stale.range[i].start,
		    pm->stale.range[i].end);
	pm->stale.n = 0;
	list_remove(&pm->behind);
	atomic_store_explicit(&pm->is_behind, false, memory_order_release);
	atomic_fetch_sub_explicit(&m->nbehind, 1, memory_order_release);
}

static void
soft_update(struct pmap *pmap)
{
	struct soft_pmap *pm = pmap_of(pmap);
	struct soft_machine *m = machine_under(pm);

	if (!atomic_load_explicit(&pm->is_behind, memory_order_acquire))
		return;
	vm_mutex_lock(&m->lock);
	catch_up(pm);
	vm_mutex_unlock(&m->lock);
}

static void
soft_update_all(struct vm_machine *machine)
{
	struct soft_machine *m = machine_of(machine);

	if (atomic_load_explicit(&m->nbehind, memory_order_acquire) == 0)
		return;
	vm_mutex_lock(&m->lock);
	LIST_FOREACH_SAFE(struct soft_pmap, pm, next, &m->behind, behind)
		catch_up(pm);
	vm_mutex_unlock(&m->lock);
}

/* ---- pmaps ---- */

static int
soft_create(struct vm_machine *machine, struct pmap **out)
{
	struct soft_machine *m = machine_of(machine);
	struct soft_pmap *pm = m->env->alloc(m->env->ctx, sizeof(*pm));

	if (pm == NULL)
		return VM_ENOMEM;
	*pm = (struct soft_pmap){ .pmap.machine = machine };
	list_init(&pm->behind);
	ptab_init(&pm->tab, &m->memory);
	vm_mutex_lock(&m->lock);
	list_insert_tail(&m->pmaps, &pm->all);
	vm_mutex_unlock(&m->lock);
	*out = &pm->pmap;
	return 0;
}

static void
clear_range(struct soft_pmap *pm, vaddr_t start, vaddr_t end)
{
	struct ptab_slot *slot;
	vaddr_t va;

	for (va = start; (slot = ptab_next(&pm->tab, &va, end)) != NULL;
	     va += VM_PAGE_SIZE) {
		lose(slot);
		ptab_clear(slot);
	}
}

static void
soft_destroy(struct pmap *pmap)
{
	struct soft_pmap *pm = pmap_of(pmap);
	struct soft_machine *m = machine_under(pm);

	vm_mutex_lock(&m->lock);
	clear_range(pm, 0, UINT64_MAX);
	catch_up(pm);
	ptab_fini(&pm->tab);
	list_remove(&pm->all);
	vm_mutex_unlock(&m->lock);
	m->env->free(m->env->ctx, pm, sizeof(*pm));
}

static struct ptab
counts_of(const struct pmap *pmap)
{
	struct soft_machine *m = machine_of(pmap->machine);
	const struct soft_pmap *pm = container_of(pmap, const struct soft_pmap,
	    pmap);
	struct ptab tab;

	vm_mutex_lock(&m->lock);
	tab = pm->tab;
	vm_mutex_unlock(&m->lock);
	return tab;
}

static vm_pindex_t
soft_resident_count(const struct pmap *pmap)
{
	return counts_of(pmap).resident;
}

static vm_pindex_t
soft_wired_count(const struct pmap *pmap)
{
	return counts_of(pmap).wired;
}

/* ---- mappings by address ---- */

static void
forget(struct ptab_slot *slot)
{
	drop_now(slot);
	ptab_clear(slot);
}

/* Rule 1, now and then: the next mapping from where we were. */
static VM_COLD void
maybe_forget(struct soft_machine *m, struct soft_pmap *pm)
{
	vaddr_t va = pm->forget_from;
	struct ptab_slot *slot;

	if (--m->until_forget != 0)
		return;
	m->until_forget = m->config.forget_every;
	slot = ptab_next(&pm->tab, &va, UINT64_MAX);
	pm->forget_from = slot == NULL ? 0 : va + VM_PAGE_SIZE;
	if (slot != NULL && !slot->wired)
		forget(slot);
}

/* Does this enter fail because the test wants it? */
static inline bool
is_chosen(struct soft_machine *m, unsigned flags)
{
	return (flags & PMAP_CANFAIL) && ++m->enters == m->fail_at;
}

/* Leave nothing mapped, and return NULL; but what is wired must stay. */
static VM_COLD struct ptab_slot *
refuse(struct ptab_slot *slot)
{
	if (slot->page == NULL)
		return NULL;
	if (slot->wired)
		return slot;
	lose(slot);
	ptab_clear(slot);
	return NULL;
}

/* There is a mapping already: replace it, or change it for the same page. */
static void
remap(struct ptab_slot *slot, struct vm_page *pg, vm_prot_t prot, bool wired)
{
	if (slot->page != pg) {
		forget(slot);
		ptab_set(slot, pg, prot, wired);
		return;
	}
	if (slot->prot & ~prot)
		lose(slot);
	slot->prot = prot;
	if (slot->wired != wired)
		ptab_wire(slot, wired);
}

/* What the access that entered a mapping makes of its page. */
static unsigned
marks_of(unsigned flags)
{
	unsigned marks = 0;

	if (flags & VM_PROT_ALL)
		marks |= PTAB_REFERENCED;
	if (flags & VM_PROT_WRITE)
		marks |= PTAB_MODIFIED;
	return marks;
}

static int
soft_enter(struct pmap *pmap, vaddr_t va, struct vm_page *pg, vm_prot_t prot,
    unsigned flags)
{
	struct soft_pmap *pm = pmap_of(pmap);
	struct soft_machine *m = machine_under(pm);
	struct ptab_slot *slot;

	VM_ASSERT((va & VM_PAGE_MASK) == 0);
	VM_ASSERT(va >= m->machine.va_min && va < m->machine.va_max);
	VM_ASSERT((flags & VM_PROT_ALL & ~(unsigned)prot) == 0);
	must_be_used(pg, "a free page is mapped", va);
	vm_mutex_lock(&m->lock);
	if (VM_UNLIKELY(m->config.forget_every != 0))
		maybe_forget(m, pm);
	slot = ptab_make(&pm->tab, va);
	if (VM_LIKELY(slot != NULL) && VM_UNLIKELY(is_chosen(m, flags)))
		slot = refuse(slot);
	if (VM_LIKELY(slot != NULL)) {
		if (VM_LIKELY(slot->page == NULL))
			ptab_set(slot, pg, prot, (flags & PMAP_WIRED) != 0);
		else
			remap(slot, pg, prot, (flags & PMAP_WIRED) != 0);
		slot->shared = (flags & PMAP_SHARED) != 0;
		ptab_mark(pg, marks_of(flags));
	}
	vm_mutex_unlock(&m->lock);
	if (VM_LIKELY(slot != NULL))
		return 0;
	if (!(flags & PMAP_CANFAIL))
		broken("no memory for a mapping that must not fail", pg, va);
	return VM_ENOMEM;
}

static void
soft_remove(struct pmap *pmap, vaddr_t start, vaddr_t end)
{
	struct soft_pmap *pm = pmap_of(pmap);
	struct soft_machine *m = machine_under(pm);

	vm_mutex_lock(&m->lock);
	clear_range(pm, start, end);
	vm_mutex_unlock(&m->lock);
}

static void
reduce(struct ptab_slot *slot, vm_prot_t prot)
{
	if ((slot->prot & ~prot) == 0)
		return;
	lose(slot);
	slot->prot &= prot;
}

static void
soft_protect(struct pmap *pmap, vaddr_t start, vaddr_t end, vm_prot_t prot)
{
	struct soft_pmap *pm = pmap_of(pmap);
	struct soft_machine *m = machine_under(pm);
	struct ptab_slot *slot;
	vaddr_t va;

	vm_mutex_lock(&m->lock);
	for (va = start; (slot = ptab_next(&pm->tab, &va, end)) != NULL;
	     va += VM_PAGE_SIZE)
		reduce(slot, prot);
	vm_mutex_unlock(&m->lock);
}

static void
soft_unwire(struct pmap *pmap, vaddr_t va)
{
	struct soft_pmap *pm = pmap_of(pmap);
	struct soft_machine *m = machine_under(pm);
	struct ptab_slot *slot;

	vm_mutex_lock(&m->lock);
	slot = ptab_lookup(&pm->tab, va);
	if (slot != NULL)
		ptab_wire(slot, false);
	vm_mutex_unlock(&m->lock);
}

static void
soft_share(struct pmap *pmap, vaddr_t start, vaddr_t end)
{
	struct soft_pmap *pm = pmap_of(pmap);
	struct soft_machine *m = machine_under(pm);

	vm_mutex_lock(&m->lock);
	ptab_share(&pm->tab, start, end);
	vm_mutex_unlock(&m->lock);
}

static bool
soft_extract(struct pmap *pmap, vaddr_t va, struct pmap_mapping *out)
{
	struct soft_pmap *pm = pmap_of(pmap);
	struct soft_machine *m = machine_under(pm);
	struct ptab_slot *slot;

	vm_mutex_lock(&m->lock);
	slot = ptab_lookup(&pm->tab, va);
	if (slot != NULL) {
		*out = (struct pmap_mapping){
			.page = slot->page,
			.prot = slot->prot,
			.wired = slot->wired,
		};
	}
	vm_mutex_unlock(&m->lock);
	return slot != NULL;
}

static vaddr_t
soft_next(struct pmap *pmap, vaddr_t start, vaddr_t end)
{
	struct soft_pmap *pm = pmap_of(pmap);
	struct soft_machine *m = machine_under(pm);
	const struct ptab_slot *slot;
	vaddr_t va = start;

	vm_mutex_lock(&m->lock);
	slot = ptab_next(&pm->tab, &va, end);
	vm_mutex_unlock(&m->lock);
	return slot == NULL ? end : va;
}

/* Copy one mapping, read-only; false when there is no memory. */
static bool
copy_one(struct soft_pmap *dst, vaddr_t va, const struct ptab_slot *from)
{
	vm_prot_t prot = from->prot & (vm_prot_t)~VM_PROT_WRITE;
	struct ptab_slot *slot;

	if (prot == VM_PROT_NONE)
		return true;
	slot = ptab_make(&dst->tab, va);
	if (slot != NULL && slot->page == NULL) {
		ptab_set(slot, from->page, prot, false);
		slot->shared = from->shared;
	}
	return slot != NULL;
}

static void
soft_copy(struct pmap *dst, struct pmap *src, vaddr_t start, vaddr_t end)
{
	struct soft_pmap *to = pmap_of(dst), *from = pmap_of(src);
	struct soft_machine *m = machine_under(to);
	const struct ptab_slot *slot;
	vaddr_t va;

	if (!m->config.copies)
		return;
	vm_mutex_lock(&m->lock);
	for (va = start; (slot = ptab_next(&from->tab, &va, end)) != NULL;
	     va += VM_PAGE_SIZE) {
		if (!copy_one(to, va, slot))
			break;
	}
	vm_mutex_unlock(&m->lock);
}

/* ---- mappings by page ---- */

/* All mappings of the page go, or those that are shared; how many were wired.
 * => locked */
static unsigned
clear_page(struct vm_page *pg, bool shared)
{
	struct ptab_slot *slot, *next;
	unsigned wirings = 0;

	for (slot = pg->pv; slot != NULL; slot = next) {
		next = slot->next;
		if (shared && !slot->shared)
			continue;
		wirings += slot->wired;
		lose(slot);
		ptab_clear(slot);
	}
	return wirings;
}

static unsigned
soft_page_protect(struct vm_machine *machine, struct vm_page *pg,
    vm_prot_t prot)
{
	struct soft_machine *m = machine_of(machine);
	struct ptab_slot *slot;
	unsigned wirings = 0;

	vm_mutex_lock(&m->lock);
	if (prot == VM_PROT_NONE)
		wirings = clear_page(pg, false);
	for (slot = pg->pv; slot != NULL; slot = slot->next)
		reduce(slot, prot);
	vm_mutex_unlock(&m->lock);
	return wirings;
}

static unsigned
soft_page_unshare(struct vm_machine *machine, struct vm_page *pg)
{
	struct soft_machine *m = machine_of(machine);
	unsigned wirings;

	vm_mutex_lock(&m->lock);
	wirings = clear_page(pg, true);
	vm_mutex_unlock(&m->lock);
	return wirings;
}

/* A page that is not modified has no store that was missed. */
static void
check_clean(struct soft_machine *m, const struct vm_page *pg)
{
	if (!m->config.quick)
		must_be_in_no_tlb(m, pg, true,
		    "called clean after a store through a stale TLB entry");
}

static bool
soft_is_modified(struct vm_machine *machine, struct vm_page *pg)
{
	if (ptab_marks(pg) & PTAB_MODIFIED)
		return true;
	check_clean(machine_of(machine), pg);
	return false;
}

static bool
soft_clear_modify(struct vm_machine *machine, struct vm_page *pg)
{
	struct soft_machine *m = machine_of(machine);
	struct ptab_slot *slot;

	vm_mutex_lock(&m->lock);
	if (!ptab_unmark(pg, PTAB_MODIFIED)) {
		check_clean(m, pg);
		vm_mutex_unlock(&m->lock);
		return false;
	}
	for (slot = pg->pv; slot != NULL; slot = slot->next) {
		if (slot->prot & VM_PROT_WRITE)
			lose(slot);
	}
	vm_mutex_unlock(&m->lock);
	return true;
}

static bool
soft_is_referenced(struct vm_machine *machine, struct vm_page *pg)
{
	(void)machine;
	return (ptab_marks(pg) & PTAB_REFERENCED) != 0;
}

static bool
soft_clear_reference(struct vm_machine *machine, struct vm_page *pg)
{
	(void)machine;
	return ptab_unmark(pg, PTAB_REFERENCED) != 0;
}

/* ---- frames ---- */

static void *
soft_page_data(struct vm_machine *machine, struct vm_page *pg)
{
	return frame_bytes(machine_of(machine), pg);
}

static void
soft_zero_page(struct vm_machine *machine, struct vm_page *pg)
{
	memset(frame_bytes(machine_of(machine), pg), 0, VM_PAGE_SIZE);
}

static void
soft_copy_page(struct vm_machine *machine, struct vm_page *from,
    struct vm_page *to)
{
	struct soft_machine *m = machine_of(machine);

	memcpy(frame_bytes(m, to), frame_bytes(m, from), VM_PAGE_SIZE);
}

static void
must_be_unmapped(struct soft_machine *m, const struct vm_page *pg)
{
	struct ptab_slot *slot;

	vm_mutex_lock(&m->lock);
	slot = pg->pv;
	if (slot != NULL)
		broken("a page is freed while mapped", pg, ptab_slot_va(slot));
	vm_mutex_unlock(&m->lock);
}

static bool
soft_page_idle(struct vm_machine *machine, struct vm_page *pg, size_t n)
{
	struct soft_machine *m = machine_of(machine);
	size_t i;

	if (m->config.quick)
		return false;
	for (i = 0; i < n; i++) {
		must_be_in_no_tlb(m, &pg[i], false,
		    "a page is freed while a TLB has it, pmap_update missing");
		must_be_unmapped(m, &pg[i]);
		memset(frame_bytes(m, &pg[i]), SOFT_POISON, VM_PAGE_SIZE);
	}
	return false;
}

/* ---- the program ---- */

/*
 * Programs may race with each other on their own bytes, which is no fault of
 * the machine's: words and bytes go one by one, atomically.
 */
static void
move_word(const struct soft_access *a, unsigned char *at)
{
	_Atomic uint64_t *word = (_Atomic uint64_t *)(void *)at;
	uint64_t value;

	if (a->access == VM_PROT_WRITE) {
		memcpy(&value, a->buf, sizeof(value));
		atomic_store_explicit(word, value, memory_order_relaxed);
	} else {
		value = atomic_load_explicit(word, memory_order_relaxed);
		memcpy(a->buf, &value, sizeof(value));
	}
}

static void
move_byte(const struct soft_access *a, unsigned char *at)
{
	_Atomic unsigned char *byte = (_Atomic unsigned char *)at;
	unsigned char *buf = a->buf;

	if (a->access == VM_PROT_WRITE)
		atomic_store_explicit(byte, *buf, memory_order_relaxed);
	else
		*buf = atomic_load_explicit(byte, memory_order_relaxed);
}

static void
move_bytes(struct soft_access *a, unsigned char *frame)
{
	size_t offset = a->va & VM_PAGE_MASK;
	size_t step, end = VM_PAGE_SIZE;

	if (a->len < end - offset)
		end = offset + a->len;
	for (; offset < end; offset += step) {
		if (offset % 8 == 0 && end - offset >= 8) {
			step = 8;
			move_word(a, frame + offset);
		} else {
			step = 1;
			move_byte(a, frame + offset);
		}
		a->buf = (unsigned char *)a->buf + step;
		a->va += step;
		a->len -= step;
	}
}

/* A store goes through e: the page's bit is set, once.  => TLB locked */
static void
note_store(struct tlb_entry *e)
{
	if (!e->modified) {
		e->modified = true;
		ptab_mark(e->page, PTAB_MODIFIED);
	} else if (!(ptab_marks(e->page) & PTAB_MODIFIED)) {
		e->lost = true;
	}
}

/* => TLB locked */
static void
use_entry(struct soft_access *a, struct tlb_entry *e)
{
	must_be_used(e->page, "a free page is used through a stale TLB entry",
	    a->va);
	if (a->access == VM_PROT_WRITE)
		note_store(e);
	move_bytes(a, e->bytes);
}

enum hit { HIT, MISS, FAULT };

/*
 * Through the TLB, if it is there.  An entry that does not allow it goes: a
 * lazy machine then faults though the table may allow it by now, an eager
 * one looks.
 */
static enum hit
access_tlb(const struct soft_machine *m, struct tlb *tlb, struct soft_access *a)
{
	vaddr_t va = vm_trunc_page(a->va);
	struct tlb_entry *e;
	enum hit hit = MISS;

	vm_mutex_lock(&tlb->lock);
	e = tlb_place(tlb, a->pmap, va);
	if (tlb_holds(e, a->pmap, va)) {
		if (e->prot & a->access) {
			hit = HIT;
			use_entry(a, e);
		} else {
			hit = m->config.eager ? MISS : FAULT;
			e->pmap = NULL;
		}
	}
	vm_mutex_unlock(&tlb->lock);
	return hit;
}

/* Fill e from the table.  => machine and TLB locked */
static void
load_entry(struct soft_machine *m, struct tlb_entry *e, struct ptab_slot *slot)
{
	*e = (struct tlb_entry){
		.pmap = &slot_pmap(slot)->pmap,
		.va = ptab_slot_va(slot),
		.page = slot->page,
		.bytes = frame_bytes(m, slot->page),
		.prot = slot->prot,
	};
	slot->port |= SOFT_LOADED;
	ptab_mark(slot->page, PTAB_REFERENCED);
}

/* Through the table, into the TLB. */
static enum hit
access_table(struct soft_machine *m, struct tlb *tlb, struct soft_access *a)
{
	struct ptab_slot *slot;
	struct tlb_entry *e;

	vm_mutex_lock(&m->lock);
	slot = ptab_lookup(&pmap_of(a->pmap)->tab, a->va);
	if (slot == NULL || !(slot->prot & a->access)) {
		vm_mutex_unlock(&m->lock);
		return FAULT;
	}
	vm_mutex_lock(&tlb->lock);
	e = tlb_place(tlb, a->pmap, vm_trunc_page(a->va));
	load_entry(m, e, slot);
	vm_mutex_unlock(&m->lock);
	use_entry(a, e);
	vm_mutex_unlock(&tlb->lock);
	return HIT;
}

int
soft_access(struct soft_access *a)
{
	struct soft_machine *m = machine_of(a->pmap->machine);
	struct tlb *tlb = &m->tlbs[a->cpu];
	enum hit hit;

	VM_ASSERT(a->cpu < m->config.ncpus);
	VM_ASSERT(a->access != 0 && (a->access & (a->access - 1)) == 0);
	while (a->len > 0) {
		hit = access_tlb(m, tlb, a);
		if (hit == MISS)
			hit = access_table(m, tlb, a);
		if (hit == FAULT)
			return VM_EFAULT;
	}
	return 0;
}

/* ---- for tests ---- */

void
soft_fail_enter(struct vm_machine *machine, uint64_t nth)
{
	struct soft_machine *m = machine_of(machine);

	vm_mutex_lock(&m->lock);
	m->fail_at = nth == 0 ? 0 : m->enters + nth;
	vm_mutex_unlock(&m->lock);
}

uint64_t
soft_enters(struct vm_machine *machine)
{
	struct soft_machine *m = machine_of(machine);
	uint64_t enters;

	vm_mutex_lock(&m->lock);
	enters = m->enters;
	vm_mutex_unlock(&m->lock);
	return enters;
}

void
soft_forget(struct vm_machine *machine)
{
	struct soft_machine *m = machine_of(machine);
	struct ptab_slot *slot;
	vaddr_t va;

	vm_mutex_lock(&m->lock);
	LIST_FOREACH(struct soft_pmap, pm, &m->pmaps, all) {
		for (va = 0;
		     (slot = ptab_next(&pm->tab, &va, UINT64_MAX)) != NULL;
		     va += VM_PAGE_SIZE) {
			if (!slot->wired)
				forget(slot);
		}
	}
	vm_mutex_unlock(&m->lock);
}

unsigned
soft_pending(struct vm_machine *machine)
{
	return atomic_load(&machine_of(machine)->nbehind);
}

unsigned
soft_page_wirings(struct vm_machine *machine, struct vm_page *pg)
{
	struct soft_machine *m = machine_of(machine);
	unsigned n;

	vm_mutex_lock(&m->lock);
	n = ptab_wirings(pg);
	vm_mutex_unlock(&m->lock);
	return n;
}

uint64_t
soft_device_frame(const struct vm_machine *machine)
{
	return machine->device_frame;
}

static void
check_slots(struct soft_pmap *pm)
{
	struct ptab_slot *slot;
	vaddr_t va;

	for (va = 0; (slot = ptab_next(&pm->tab, &va, UINT64_MAX)) != NULL;
	     va += VM_PAGE_SIZE) {
		VM_VERIFY(va >= pm->pmap.machine->va_min);
		VM_VERIFY(va < pm->pmap.machine->va_max);
		must_be_used(slot->page, "a free page is mapped", va);
	}
}

/* An entry of a TLB may have no more than the table, or is known as stale. */
static void
check_entry(const struct tlb_entry *e)
{
	struct soft_pmap *pm = container_of(e->pmap, struct soft_pmap, pmap);
	const struct ptab_slot *slot;

	if (tlb_ranges_have(&pm->stale, e->va))
		return;
	slot = ptab_lookup(&pm->tab, e->va);
	if (slot == NULL || slot->page != e->page || (e->prot & ~slot->prot))
		broken("a TLB has what the table has not", e->page, e->va);
	if (!(slot->port & SOFT_LOADED))
		broken("a TLB has what was never loaded", e->page, e->va);
}

static void
check_tlb(struct tlb *tlb)
{
	const struct tlb_entry *e;

	vm_mutex_lock(&tlb->lock);
	for (e = tlb->entries; e <= &tlb->entries[tlb->mask]; e++) {
		if (e->pmap != NULL)
			check_entry(e);
	}
	vm_mutex_unlock(&tlb->lock);
}

void
soft_machine_check(struct vm_machine *machine)
{
	struct soft_machine *m = machine_of(machine);
	vm_pindex_t resident = 0, listed = 0;
	unsigned cpu, nbehind = 0;

	vm_mutex_lock(&m->lock);
	LIST_FOREACH(struct soft_pmap, pm, &m->pmaps, all) {
		check_slots(pm);
		resident += pm->tab.resident;
		listed += ptab_check(&pm->tab);
		nbehind += pm->stale.n != 0;
	}
	VM_VERIFY(listed == resident);
	VM_VERIFY(nbehind == atomic_load(&m->nbehind));
	for (cpu = 0; cpu < m->config.ncpus; cpu++)
		check_tlb(&m->tlbs[cpu]);
	vm_mutex_unlock(&m->lock);
}

/* ---- the machine ---- */

static const struct pmap_ops soft_ops = {
	.name = "soft",
	.create = soft_create,
	.destroy = soft_destroy,
	.enter = soft_enter,
	.remove = soft_remove,
	.protect = soft_protect,
	.unwire = soft_unwire,
	.share = soft_share,
	.extract = soft_extract,
	.next = soft_next,
	.copy = soft_copy,
	.update = soft_update,
	.update_all = soft_update_all,
	.page_protect = soft_page_protect,
	.page_unshare = soft_page_unshare,
	.is_modified = soft_is_modified,
	.clear_modify = soft_clear_modify,
	.is_referenced = soft_is_referenced,
	.clear_reference = soft_clear_reference,
	.page_data = soft_page_data,
	.zero_page = soft_zero_page,
	.copy_page = soft_copy_page,
	.page_idle = soft_page_idle,
	.resident_count = soft_resident_count,
	.wired_count = soft_wired_count,
};

static struct soft_config
with_defaults(struct soft_config c)
{
	if (c.va_min == 0)
		c.va_min = VM_PAGE_SIZE;
	if (c.va_max == 0)
		c.va_max = SOFT_VA_MAX;
	if (c.ncpus == 0)
		c.ncpus = 1;
	if (c.tlb_entries == 0)
		c.tlb_entries = SOFT_TLB;
	return c;
}

static bool
makes_sense(const struct soft_config *c)
{
	const vm_pindex_t most = SIZE_MAX / 4 / VM_PAGE_SIZE;

	return c->npages > 0 && c->npages <= most && c->device_pages <= most &&
	    c->va_min < c->va_max && (c->va_min & VM_PAGE_MASK) == 0 &&
	    (c->va_max & VM_PAGE_MASK) == 0 &&
	    (c->tlb_entries & (c->tlb_entries - 1)) == 0 &&
	    c->tlb_entries <= 1u << 16 && c->ncpus <= 1u << 10;
}

static size_t
frames_bytes(const struct soft_config *c)
{
	return (c->npages + c->device_pages) << VM_PAGE_SHIFT;
}

static size_t
entries_count(const struct soft_config *c)
{
	return (size_t)c->ncpus * c->tlb_entries;
}

static void
free_parts(struct soft_machine *m)
{
	const struct vm_env *env = m->env;

	if (m->frames != NULL)
		env->free(env->ctx, m->frames, frames_bytes(&m->config));
	if (m->tlbs != NULL)
		env->free(env->ctx, m->tlbs,
		    m->config.ncpus * sizeof(*m->tlbs));
	if (m->entries != NULL)
		env->free(env->ctx, m->entries,
		    entries_count(&m->config) * sizeof(*m->entries));
	env->free(env->ctx, m, sizeof(*m));
}

/* The large parts; false when one cannot be had. */
static bool
alloc_parts(struct soft_machine *m)
{
	const struct vm_env *env = m->env;

	m->frames = env->alloc(env->ctx, frames_bytes(&m->config));
	m->tlbs = env->alloc(env->ctx, m->config.ncpus * sizeof(*m->tlbs));
	m->entries = env->alloc(env->ctx,
	    entries_count(&m->config) * sizeof(*m->entries));
	return m->frames != NULL && m->tlbs != NULL && m->entries != NULL;
}

static void
init_machine(struct soft_machine *m)
{
	const struct soft_config *c = &m->config;
	unsigned cpu;

	m->machine = (struct vm_machine){
		.ops = &soft_ops,
		.va_min = c->va_min,
		.va_max = c->va_max,
		.pa_base = SOFT_PA_BASE,
		.npages = c->npages,
		.device_frame = (SOFT_PA_BASE >> VM_PAGE_SHIFT) + c->npages,
		.device_npages = c->device_pages,
		.frames_zeroed = c->frames_zeroed,
		.zero_ahead_max = c->zero_ahead_max,
		.read_around = c->read_around,
		.neighbour_factor = c->neighbour_factor,
	};
	vm_mutex_init(&m->lock, m->env);
	ptab_memory_init(&m->memory, m->env);
	list_init(&m->pmaps);
	list_init(&m->behind);
	m->until_forget = c->forget_every;
	for (cpu = 0; cpu < c->ncpus; cpu++)
		tlb_init(&m->tlbs[cpu], m->entries + cpu * c->tlb_entries,
		    c->tlb_entries, m->env);
	if (c->frames_zeroed)
		memset(m->frames, 0, frames_bytes(c));
	else if (!c->quick)
		memset(m->frames, SOFT_POISON, frames_bytes(c));
}

int
soft_machine_create(const struct vm_env *env, const struct soft_config *config,
    struct vm_machine **out)
{
	struct soft_config c = with_defaults(*config);
	struct soft_machine *m;

	if (!makes_sense(&c))
		return VM_EINVAL;
	m = env->alloc(env->ctx, sizeof(*m));
	if (m == NULL)
		return VM_ENOMEM;
	*m = (struct soft_machine){ .env = env, .config = c };
	if (!alloc_parts(m)) {
		free_parts(m);
		return VM_ENOMEM;
	}
	init_machine(m);
	*out = &m->machine;
	return 0;
}

void
soft_machine_destroy(struct vm_machine *machine)
{
	struct soft_machine *m = machine_of(machine);

	VM_ASSERT(list_is_empty(&m->pmaps));
	ptab_memory_fini(&m->memory);
	free_parts(m);
}
