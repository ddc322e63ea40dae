/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c - see host.h.
 *
 * A slot's `port` is what the process is allowed with the page once all
 * operations have run: the permission without VM_PROT_WRITE as long as the
 * page is not modified.  A difference between that and what the slot wants is
 * a pending range.  `lossy` says that some pending range takes something away.
 *
 * Locking: one mutex for the machine; below every lock of the core.
 */
#include "pmap/host.h"

#include "base/list.h"
#include "base/mem.h"
#include "pmap/pending.h"
#include "pmap/ptab.h"
#include "vm/vm_lock.h"

#include <sys/mman.h>
#include <unistd.h>

#define KEEP_OUT_MAX 4
#define BATCH        64

struct host_machine {
	struct vm_machine machine;
	struct pmap_host_config config;
	struct vm_mutex lock;
	struct ptab_memory memory; /* (lock) */
	struct list pmaps;         /* (lock) */
	int file;
	char *frames; /* the whole file, mapped here */
	size_t file_size;
};

struct host_pmap {
	struct pmap pmap;
	struct list link;
	struct ptab tab;        /* (lock) */
	struct pending pending; /* (lock) */
	bool lossy;             /* (lock) */
	size_t mappings;        /* (lock) of the process, at most */
	void *owner;            /* (c) */
	unsigned nkeep;
	struct {
		vaddr_t start, end;
	} keep[KEEP_OUT_MAX]; /* sorted */
};

static struct host_machine *
to_machine(const struct vm_machine *m)
{
	return container_of(m, struct host_machine, machine);
}

static struct host_pmap *
to_pmap(const struct pmap *pm)
{
	return container_of(pm, struct host_pmap, pmap);
}

static struct host_machine *
machine_of(const struct host_pmap *hp)
{
	return to_machine(hp->pmap.machine);
}

/* ------------------------------------------------ bringing up to date */

/* What the process may do with the page of a slot. */
static vm_prot_t
host_prot(const struct ptab_slot *slot)
{
	vm_prot_t prot = slot->prot;

	if ((prot & VM_PROT_WRITE) && !slot->wired &&
	    (ptab_marks(slot->page) & PTAB_MODIFIED) == 0)
		prot = VM_PROT_READ | (prot & VM_PROT_EXEC);
	return prot;
}

static uint64_t
file_offset(const struct host_pmap *hp, const struct vm_page *pg)
{
	uint64_t first = hp->pmap.machine->pa_base >> VM_PAGE_SHIFT;

	return (pg->frame - first) << VM_PAGE_SHIFT;
}

/* The mapping at va and those after it that one operation can make. */
static struct pmap_host_op
run_from(struct host_pmap *hp, struct ptab_slot *slot, vaddr_t va, vaddr_t end,
    enum pending_kind kind)
{
	struct pmap_host_op op = {
		.kind = kind == PENDING_MAP ? PMAP_HOST_MAP : PMAP_HOST_PROTECT,
		.prot = host_prot(slot),
		.start = va,
		.offset = file_offset(hp, slot->page),
	};

	do {
		va += VM_PAGE_SIZE;
		slot = va < end ? ptab_lookup(&hp->tab, va) : NULL;
	} while (slot != NULL && host_prot(slot) == op.prot &&
	    (kind == PENDING_PROTECT ||
		file_offset(hp, slot->page) == op.offset + (va - op.start)));
	op.end = va;
	return op;
}

/*
 * The next operation for the range r, false when none is left in it.  *va is
 * how far it has been brought up to date.
 */
static bool
next_op(struct host_pmap *hp, const struct pending_range *r, vaddr_t *va,
    struct pmap_host_op *op)
{
	struct ptab_slot *slot;
	vaddr_t at = *va;

	if (at >= r->end)
		return false;
	slot = ptab_next(&hp->tab, &at, r->end);
	if (slot == NULL)
		at = r->end;
	if (at > *va && r->kind == PENDING_MAP) {
		*op = (struct pmap_host_op){ .kind = PMAP_HOST_UNMAP,
			.start = *va,
			.end = at };
		*va = at;
		return true;
	}
	if (slot == NULL)
		return false;
	*op = run_from(hp, slot, at, r->end, r->kind);
	for (*va = op->start; *va < op->end; *va += VM_PAGE_SIZE)
		ptab_lookup(&hp->tab, *va)->port = op->prot;
	return true;
}

static size_t
take(struct host_pmap *hp, struct pmap_host_op *ops, size_t max)
{
	struct pending *p = &hp->pending;
	size_t n = 0, done = 0;
	vaddr_t va = 0;

	while (done < p->n) {
		const struct pending_range *r = &p->ranges[done];

		for (va = r->start; n < max && next_op(hp, r, &va, &ops[n]);)
			n++;
		if (n == max && va < r->end)
			break;
		done++;
	}
	pending_drop(p, done);
	if (p->n > 0)
		pending_cut(p, va);
	else
		hp->lossy = false;
	hp->mappings += 2 * n;
	return n;
}

static void forget(struct host_pmap *);

/* What was taken has not been run after all. */
static void
give_back(struct host_pmap *hp, const struct pmap_host_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pending_reserve(&hp->pending) == 0)
			pending_add(&hp->pending, ops[i].start, ops[i].end,
			    PENDING_MAP);
	hp->lossy = true;
}

/* Run everything that is pending, now.  => false: not all of it had room */
static bool
drain(struct host_pmap *hp)
{
	const struct pmap_host_exec *exec = &machine_of(hp)->config.exec;
	struct pmap_host_op ops[BATCH];
	bool room = true;
	size_t n;

	while ((n = take(hp, ops, BATCH)) > 0) {
		switch (exec->run(exec->ctx, &hp->pmap, ops, n)) {
		case PMAP_HOST_DONE:
			break;
		case PMAP_HOST_FULL:
			forget(hp);
			room = false;
			break;
		case PMAP_HOST_LATER:
			give_back(hp, ops, n);
			return true;
		}
	}
	return room;
}

static void
changed(struct host_pmap *hp, vaddr_t start, vaddr_t end,
    enum pending_kind kind, bool loss)
{
	if (pending_reserve(&hp->pending) != 0)
		(void)drain(hp);
	pending_add(&hp->pending, start, end, kind);
	hp->lossy |= loss;
}

static void
update(struct host_pmap *hp)
{
	const struct pmap_host_exec *exec = &machine_of(hp)->config.exec;

	if (hp->lossy && !exec->may_wait(exec->ctx, &hp->pmap))
		(void)drain(hp);
}

/* The range [start, end) without what is to be kept out of. */
static void
changed_around(struct host_pmap *hp, vaddr_t start, vaddr_t end)
{
	for (unsigned i = 0; i < hp->nkeep; i++) {
		if (start < hp->keep[i].start)
			changed(hp, start, hp->keep[i].start, PENDING_MAP,
			    true);
		start = hp->keep[i].end;
	}
	if (start < end)
		changed(hp, start, end, PENDING_MAP, true);
}

static void
forget(struct host_pmap *hp)
{
	const struct vm_machine *m = hp->pmap.machine;
	struct ptab_slot *slot;

	for (vaddr_t va = 0;
	     (slot = ptab_next(&hp->tab, &va, m->va_max)) != NULL;
	     va += VM_PAGE_SIZE)
		if (!slot->wired)
			ptab_clear(slot);
	changed_around(hp, 0, m->va_max);
	hp->mappings = 0;
}

/* How many mappings of a process the table needs: runs of frames. */
static size_t
count_mappings(struct host_pmap *hp)
{
	struct ptab_slot *slot;
	size_t n = 0;

	for (vaddr_t va = 0; (slot = ptab_next(&hp->tab, &va,
				  hp->pmap.machine->va_max)) != NULL;
	     n++)
		va = run_from(hp, slot, va, hp->pmap.machine->va_max,
		    PENDING_MAP)
			 .end;
	return n;
}

/* More would soon be too much: start again with none. */
static void
limit_mappings(struct host_pmap *hp)
{
	size_t max = machine_of(hp)->config.max_mappings;

	if (hp->mappings < max)
		return;
	hp->mappings = count_mappings(hp);
	if (hp->mappings > max / 2)
		forget(hp);
}

/* --------------------------------------------------- the MMU contract */

static int
host_pmap_create(struct vm_machine *m, struct pmap **out)
{
	struct host_machine *hm = to_machine(m);
	const struct vm_env *env = hm->config.env;
	struct host_pmap *hp = env->alloc(env->ctx, sizeof(*hp));

	if (hp == NULL)
		return VM_ENOMEM;
	memset(hp, 0, sizeof(*hp));
	hp->pmap.machine = m;
	if (pending_init(&hp->pending, env) != 0) {
		env->free(env->ctx, hp, sizeof(*hp));
		return VM_ENOMEM;
	}
	ptab_init(&hp->tab, &hm->memory);
	if (hm->config.exec.born != NULL &&
	    !hm->config.exec.born(hm->config.exec.ctx, &hp->pmap)) {
		pending_fini(&hp->pending);
		env->free(env->ctx, hp, sizeof(*hp));
		return VM_ENOMEM;
	}
	vm_mutex_lock(&hm->lock);
	list_insert_tail(&hm->pmaps, &hp->link);
	vm_mutex_unlock(&hm->lock);
	*out = &hp->pmap;
	return VM_OK;
}

static void
host_pmap_destroy(struct pmap *pm)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);
	const struct vm_env *env = hm->config.env;
	struct ptab_slot *slot;

	vm_mutex_lock(&hm->lock);
	for (vaddr_t va = 0;
	     (slot = ptab_next(&hp->tab, &va, pm->machine->va_max)) != NULL;
	     va += VM_PAGE_SIZE)
		ptab_clear(slot);
	ptab_fini(&hp->tab);
	list_remove(&hp->link);
	vm_mutex_unlock(&hm->lock);
	if (hm->config.exec.gone != NULL)
		hm->config.exec.gone(hm->config.exec.ctx, pm);
	pending_fini(&hp->pending);
	env->free(env->ctx, hp, sizeof(*hp));
}

static void
mark_access(struct vm_page *pg, unsigned access)
{
	if (access & VM_PROT_WRITE)
		ptab_mark(pg, PTAB_MODIFIED | PTAB_REFERENCED);
	else if (access & VM_PROT_ALL)
		ptab_mark(pg, PTAB_REFERENCED);
}

/* What the slot wants has changed: tell the process what it does not know. */
static void
reprotect(struct host_pmap *hp, struct ptab_slot *slot)
{
	vm_prot_t want = host_prot(slot);
	vaddr_t va = ptab_slot_va(slot);
	vm_prot_t lost = (vm_prot_t)(slot->port & (unsigned)~want);

	if (want == slot->port)
		return;
	slot->port = want;
	changed(hp, va, va + VM_PAGE_SIZE, PENDING_PROTECT, lost != 0);
}

static int
host_enter(struct pmap *pm, vaddr_t va, struct vm_page *pg, vm_prot_t prot,
    unsigned flags)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);
	bool wired = (flags & PMAP_WIRED) != 0, other;
	struct ptab_slot *slot;

	vm_mutex_lock(&hm->lock);
	limit_mappings(hp);
	slot = ptab_make(&hp->tab, va);
	if (slot == NULL) {
		vm_mutex_unlock(&hm->lock);
		VM_ASSERT(flags & (PMAP_CANFAIL | PMAP_AHEAD));
		return flags & PMAP_CANFAIL ? VM_ENOMEM : VM_OK;
	}
	mark_access(pg, flags | (wired ? prot & VM_PROT_WRITE : 0u));
	other = slot->page != NULL && slot->page != pg;
	if (other)
		ptab_clear(slot);
	if (slot->page == NULL) {
		ptab_set(slot, pg, prot, wired);
		slot->port = host_prot(slot);
		changed(hp, va, va + VM_PAGE_SIZE, PENDING_MAP, other);
	} else {
		slot->prot = prot;
		ptab_wire(slot, wired);
		reprotect(hp, slot);
	}
	slot->shared = (flags & PMAP_SHARED) != 0;
	if (other)
		update(hp); /* nobody may use the old page any more */
	vm_mutex_unlock(&hm->lock);
	return VM_OK;
}

static void
host_remove(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);
	struct ptab_slot *slot;
	vaddr_t first = end, last = start;

	vm_mutex_lock(&hm->lock);
	for (vaddr_t va = start; (slot = ptab_next(&hp->tab, &va, end)) != NULL;
	     va += VM_PAGE_SIZE) {
		if (first > va)
			first = va;
		last = va + VM_PAGE_SIZE;
		ptab_clear(slot);
	}
	if (first < last)
		changed(hp, first, last, PENDING_MAP, true);
	vm_mutex_unlock(&hm->lock);
}

/* Take permission from the mappings of a range; those that are left with
 * none go, but for wired ones. */
static void
host_protect(struct pmap *pm, vaddr_t start, vaddr_t end, vm_prot_t prot)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);
	enum pending_kind kind = PENDING_PROTECT;
	struct ptab_slot *slot;
	vaddr_t first = end, last = start;

	vm_mutex_lock(&hm->lock);
	for (vaddr_t va = start; (slot = ptab_next(&hp->tab, &va, end)) != NULL;
	     va += VM_PAGE_SIZE) {
		slot->prot &= prot;
		if (slot->prot == VM_PROT_NONE && !slot->wired) {
			ptab_clear(slot);
			kind = PENDING_MAP;
		} else if (slot->port == host_prot(slot)) {
			continue;
		} else {
			slot->port = host_prot(slot);
		}
		if (first > va)
			first = va;
		last = va + VM_PAGE_SIZE;
	}
	if (first < last)
		changed(hp, first, last, kind, true);
	vm_mutex_unlock(&hm->lock);
}

static void
host_unwire(struct pmap *pm, vaddr_t va)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);
	struct ptab_slot *slot;

	vm_mutex_lock(&hm->lock);
	slot = ptab_lookup(&hp->tab, va);
	if (slot != NULL && slot->wired) {
		ptab_wire(slot, false);
		reprotect(hp, slot);
	}
	vm_mutex_unlock(&hm->lock);
}

static void
host_share(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);

	vm_mutex_lock(&hm->lock);
	ptab_share(&hp->tab, start, end);
	vm_mutex_unlock(&hm->lock);
}

static bool
host_extract(struct pmap *pm, vaddr_t va, struct pmap_mapping *out)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);
	struct ptab_slot *slot;

	vm_mutex_lock(&hm->lock);
	slot = ptab_lookup(&hp->tab, va);
	if (slot != NULL)
		*out = (struct pmap_mapping){ .page = slot->page,
			.prot = slot->prot,
			.wired = slot->wired };
	vm_mutex_unlock(&hm->lock);
	return slot != NULL;
}

static vaddr_t
host_next(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);
	vaddr_t va = start;

	vm_mutex_lock(&hm->lock);
	if (ptab_next(&hp->tab, &va, end) == NULL)
		va = end;
	vm_mutex_unlock(&hm->lock);
	return va;
}

static void
host_update(struct pmap *pm)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);

	vm_mutex_lock(&hm->lock);
	update(hp);
	vm_mutex_unlock(&hm->lock);
}

static void
host_update_all(struct vm_machine *m)
{
	struct host_machine *hm = to_machine(m);

	vm_mutex_lock(&hm->lock);
	LIST_FOREACH(struct host_pmap, hp, &hm->pmaps, link)
		update(hp);
	vm_mutex_unlock(&hm->lock);
}

/* All mappings of the page go, or those that are shared; how many were
 * wired. */
static unsigned
unmap_page(struct vm_page *pg, bool shared)
{
	struct ptab_slot *slot, *next;
	unsigned wired = 0;

	for (slot = pg->pv; slot != NULL; slot = next) {
		struct host_pmap *hp = container_of(ptab_slot_tab(slot),
		    struct host_pmap, tab);
		vaddr_t va = ptab_slot_va(slot);

		next = slot->next;
		if (shared && !slot->shared)
			continue;
		wired += slot->wired;
		ptab_clear(slot);
		changed(hp, va, va + VM_PAGE_SIZE, PENDING_MAP, true);
	}
	return wired;
}

static void
reprotect_page(struct vm_page *pg, vm_prot_t prot)
{
	for (struct ptab_slot *slot = pg->pv; slot != NULL; slot = slot->next) {
		slot->prot &= prot;
		reprotect(container_of(ptab_slot_tab(slot), struct host_pmap,
			      tab),
		    slot);
	}
}

static bool
is_wired_writable(const struct vm_page *pg)
{
	for (struct ptab_slot *slot = pg->pv; slot != NULL; slot = slot->next)
		if (slot->wired && (slot->prot & VM_PROT_WRITE))
			return true;
	return false;
}

static unsigned
host_page_protect(struct vm_machine *m, struct vm_page *pg, vm_prot_t prot)
{
	struct host_machine *hm = to_machine(m);
	unsigned wired = 0;

	vm_mutex_lock(&hm->lock);
	if (prot == VM_PROT_NONE)
		wired = unmap_page(pg, false);
	else
		reprotect_page(pg, prot);
	vm_mutex_unlock(&hm->lock);
	return wired;
}

static unsigned
host_page_unshare(struct vm_machine *m, struct vm_page *pg)
{
	struct host_machine *hm = to_machine(m);
	unsigned wired;

	vm_mutex_lock(&hm->lock);
	wired = unmap_page(pg, true);
	vm_mutex_unlock(&hm->lock);
	return wired;
}

static bool
host_is_modified(struct vm_machine *m, struct vm_page *pg)
{
	(void)m;
	return (ptab_marks(pg) & PTAB_MODIFIED) != 0;
}

static bool
host_clear_modify(struct vm_machine *m, struct vm_page *pg)
{
	struct host_machine *hm = to_machine(m);
	bool was;

	vm_mutex_lock(&hm->lock);
	was = ptab_unmark(pg, PTAB_MODIFIED) != 0;
	if (was && is_wired_writable(pg))
		ptab_mark(pg, PTAB_MODIFIED); /* nobody would notice a store */
	else if (was)
		reprotect_page(pg, VM_PROT_ALL);
	vm_mutex_unlock(&hm->lock);
	return was;
}

/* => lock held */
static bool
is_needed(const struct host_machine *hm, const struct vm_page *pg)
{
	const struct pmap_host_exec *exec = &hm->config.exec;

	if (exec->is_needed == NULL)
		return false;
	for (struct ptab_slot *slot = pg->pv; slot != NULL; slot = slot->next) {
		struct host_pmap *hp = container_of(ptab_slot_tab(slot),
		    struct host_pmap, tab);

		if (exec->is_needed(exec->ctx, &hp->pmap, ptab_slot_va(slot)))
			return true;
	}
	return false;
}

static bool
host_is_referenced(struct vm_machine *m, struct vm_page *pg)
{
	struct host_machine *hm = to_machine(m);
	bool is;

	if ((ptab_marks(pg) & PTAB_REFERENCED) != 0)
		return true;
	vm_mutex_lock(&hm->lock);
	is = is_needed(hm, pg);
	vm_mutex_unlock(&hm->lock);
	return is;
}

static bool
host_clear_reference(struct vm_machine *m, struct vm_page *pg)
{
	struct host_machine *hm = to_machine(m);
	bool was;

	vm_mutex_lock(&hm->lock);
	was = ptab_unmark(pg, PTAB_REFERENCED) != 0 || is_needed(hm, pg);
	vm_mutex_unlock(&hm->lock);
	return was;
}

static void *
host_page_data(struct vm_machine *m, struct vm_page *pg)
{
	return to_machine(m)->frames + (vm_page_pa(pg) - m->pa_base);
}

static void
host_zero_page(struct vm_machine *m, struct vm_page *pg)
{
	memset(host_page_data(m, pg), 0, VM_PAGE_SIZE);
}

static void
host_copy_page(struct vm_machine *m, struct vm_page *from, struct vm_page *to)
{
	memcpy(host_page_data(m, to), host_page_data(m, from), VM_PAGE_SIZE);
}

static struct ptab
counts_of(const struct pmap *pm)
{
	struct host_machine *hm = to_machine(pm->machine);
	struct ptab tab;

	vm_mutex_lock(&hm->lock);
	tab = to_pmap(pm)->tab;
	vm_mutex_unlock(&hm->lock);
	return tab;
}

static vm_pindex_t
host_resident_count(const struct pmap *pm)
{
	return counts_of(pm).resident;
}

static vm_pindex_t
host_wired_count(const struct pmap *pm)
{
	return counts_of(pm).wired;
}

static const struct pmap_ops host_ops = {
	.name = "host",
	.create = host_pmap_create,
	.destroy = host_pmap_destroy,
	.enter = host_enter,
	.remove = host_remove,
	.protect = host_protect,
	.unwire = host_unwire,
	.share = host_share,
	.extract = host_extract,
	.next = host_next,
	.update = host_update,
	.update_all = host_update_all,
	.page_protect = host_page_protect,
	.page_unshare = host_page_unshare,
	.is_modified = host_is_modified,
	.clear_modify = host_clear_modify,
	.is_referenced = host_is_referenced,
	.clear_reference = host_clear_reference,
	.page_data = host_page_data,
	.zero_page = host_zero_page,
	.copy_page = host_copy_page,
	.resident_count = host_resident_count,
	.wired_count = host_wired_count,
};

/* ------------------------------------------------------- the executor */

void
pmap_host_set_owner(struct pmap *pm, void *owner)
{
	to_pmap(pm)->owner = owner;
}

void *
pmap_host_owner(const struct pmap *pm)
{
	return to_pmap(pm)->owner;
}

void
pmap_host_keep_out(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	struct host_pmap *hp = to_pmap(pm);
	unsigned i = hp->nkeep++;

	VM_ASSERT(i < KEEP_OUT_MAX);
	for (; i > 0 && hp->keep[i - 1].start > start; i--)
		hp->keep[i] = hp->keep[i - 1];
	hp->keep[i].start = start;
	hp->keep[i].end = end;
}

void
pmap_host_forget(struct pmap *pm)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);

	vm_mutex_lock(&hm->lock);
	forget(hp);
	vm_mutex_unlock(&hm->lock);
}

size_t
pmap_host_take(struct pmap *pm, struct pmap_host_op *ops, size_t max)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);
	size_t n;

	vm_mutex_lock(&hm->lock);
	n = take(hp, ops, max);
	vm_mutex_unlock(&hm->lock);
	return n;
}

bool
pmap_host_enter(struct pmap *pm)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);
	bool room;

	vm_mutex_lock(&hm->lock);
	room = drain(hp);
	vm_mutex_unlock(&hm->lock);
	return room;
}

bool
pmap_host_is_pending(const struct pmap *pm)
{
	return to_pmap(pm)->pending.n > 0;
}

bool
pmap_host_fault(struct pmap *pm, vaddr_t va, vm_prot_t access)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);
	struct ptab_slot *slot;
	bool known;

	va = vm_trunc_page(va);
	vm_mutex_lock(&hm->lock);
	slot = ptab_lookup(&hp->tab, va);
	known = slot != NULL && (slot->prot & access) == access;
	if (known) {
		mark_access(slot->page, access);
		if (host_prot(slot) != slot->port)
			reprotect(hp, slot);
		else
			changed(hp, va, va + VM_PAGE_SIZE, PENDING_MAP, false);
	}
	vm_mutex_unlock(&hm->lock);
	return known;
}

bool
pmap_host_is_usable(struct pmap *pm, vaddr_t va, vm_prot_t access)
{
	struct host_pmap *hp = to_pmap(pm);
	struct host_machine *hm = machine_of(hp);
	struct ptab_slot *slot;
	bool usable;

	vm_mutex_lock(&hm->lock);
	slot = ptab_lookup(&hp->tab, va);
	usable = slot != NULL && (slot->port & access) == access;
	vm_mutex_unlock(&hm->lock);
	return usable;
}

/* --------------------------------------------------------- the machine */

static int
map_file(struct host_machine *hm)
{
	size_t size = (size_t)vm_ptoa(hm->config.npages) +
	    (size_t)hm->config.tail;
	void *p;

	hm->file = memfd_create("bsdvm", MFD_CLOEXEC);
	if (hm->file < 0)
		return VM_ENOTSUP;
	if (ftruncate(hm->file, (off_t)size) != 0) {
		(void)close(hm->file);
		return VM_ENOMEM;
	}
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
	    hm->file, 0);
	if (p == MAP_FAILED) {
		(void)close(hm->file);
		return VM_ENOMEM;
	}
	hm->frames = p;
	hm->file_size = size;
	return VM_OK;
}

int
pmap_host_create(const struct pmap_host_config *config, struct vm_machine **out)
{
	const struct vm_env *env = config->env;
	struct host_machine *hm = env->alloc(env->ctx, sizeof(*hm));
	int error;

	if (hm == NULL)
		return VM_ENOMEM;
	memset(hm, 0, sizeof(*hm));
	hm->config = *config;
	error = map_file(hm);
	if (error != 0) {
		env->free(env->ctx, hm, sizeof(*hm));
		return error;
	}
	hm->machine = (struct vm_machine){ .ops = &host_ops,
		.va_min = config->va_min,
		.va_max = config->va_max,
		.npages = config->npages,
		.frames_zeroed = true,
		.references_by_fault = true,
		.zero_ahead_max = config->zero_ahead_max,
		.neighbour_factor = config->neighbour_factor,
		.read_around = config->read_around };
	vm_mutex_init(&hm->lock, env);
	ptab_memory_init(&hm->memory, env);
	list_init(&hm->pmaps);
	*out = &hm->machine;
	return VM_OK;
}

void
pmap_host_destroy(struct vm_machine *m)
{
	struct host_machine *hm = to_machine(m);
	const struct vm_env *env = hm->config.env;

	VM_ASSERT(list_is_empty(&hm->pmaps));
	ptab_memory_fini(&hm->memory);
	(void)munmap(hm->frames, hm->file_size);
	(void)close(hm->file);
	env->free(env->ctx, hm, sizeof(*hm));
}

int
pmap_host_file(const struct vm_machine *m)
{
	return to_machine(m)->file;
}

uint64_t
pmap_host_tail_offset(const struct vm_machine *m)
{
	return vm_ptoa(to_machine(m)->config.npages);
}

void *
pmap_host_tail(const struct vm_machine *m)
{
	return to_machine(m)->frames + pmap_host_tail_offset(m);
}

uint64_t
pmap_host_offset(const struct vm_machine *m, const void *data)
{
	return (uint64_t)((const char *)data - to_machine(m)->frames);
}
