/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.c - system and model side by side.
 *
 * Pages are compared as a whole.  Looking at what the MMU has mapped disturbs
 * nothing, so it is done often; reading as a program does brings pages in.
 */
#include "test/differ/check.h"

#include <inttypes.h>
#include <stdarg.h>

static char complaint[256];

static const char *
complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(complaint, sizeof(complaint), format, ap);
	va_end(ap);
	return complaint;
}

/* ------------------------------------------------------------- attributes */

static const char *
difference_in_marks(const struct vm_map_entry *e, const struct cell *c)
{
	if (((e->marks & VM_MARK_IMMUTABLE) != 0) != c->immutable)
		return "immutability";
	if (((e->marks & VM_MARK_GUARD) != 0) != c->guard)
		return "being a guard";
	if (((e->marks & VM_MARK_GAP) != 0) != c->gap)
		return "being a gap";
	if (c->gap && e->offset != c->keep)
		return "the guard of a gap";
	return NULL;
}

/* The name of an attribute in which an entry and a cell differ. */
static const char *
difference(const struct vm_map_entry *e, const struct cell *c)
{
	bool foreign = (e->flags & VM_ENTRY_FOREIGN) != 0;
	bool private = (e->flags & VM_ENTRY_COW) != 0;

	if (!c->mapped)
		return "mapping";
	if (foreign != c->foreign)
		return "foreign";
	if (e->prot != c->prot)
		return "protection";
	if (e->max_prot != c->max_prot)
		return "maximum protection";
	if (e->inherit != c->inherit)
		return "inheritance";
	if (e->advice != c->advice)
		return "advice";
	if (vm_entry_is_wired(e) != c->wired ||
	    ((e->marks & VM_MARK_ONFAULT) != 0) != c->onfault)
		return "wiring";
	if (!foreign && private != c->private)
		return "privacy";
	if (((e->flags & VM_ENTRY_STACK) != 0) != c->stack)
		return "being a stack";
	return difference_in_marks(e, c);
}

static const char *
check_entry(const struct model *m, unsigned space, const struct vm_map_entry *e)
{
	const struct cell *cells = m->spaces[space].cells;

	for (uint64_t va = e->start; va < e->end; va += MODEL_PAGE) {
		const char *what = difference(e, &cells[model_index(m, va)]);

		if (what != NULL)
			return complain("space %u, 0x%" PRIx64 ": %s differs",
			    space, va, what);
	}
	return NULL;
}

static const char *
check_hole(const struct model *m, unsigned space, uint64_t va, uint64_t end)
{
	for (; va < end; va += MODEL_PAGE) {
		if (m->spaces[space].cells[model_index(m, va)].mapped)
			return complain("space %u, 0x%" PRIx64 " is not mapped",
			    space, va);
	}
	return NULL;
}

const char *
check_attributes(struct subject *s, const struct model *m, unsigned space)
{
	struct vm_map *map = &s->spaces[space]->map;
	uint64_t at = m->config.va_min;
	const char *bad = NULL;

	vm_map_lock_read(map);
	for (struct vm_map_entry *e = vm_map_first(map);
	     e != NULL && bad == NULL; e = vm_map_next(map, e)) {
		bad = check_hole(m, space, at, e->start);
		if (bad == NULL)
			bad = check_entry(m, space, e);
		at = e->end;
	}
	vm_map_unlock_read(map);
	return bad != NULL ? bad : check_hole(m, space, at, m->config.va_max);
}

/* ------------------------------------------------------------------ pages */

static const char *
compare_page(const struct cell *c, const uint8_t *have, unsigned space,
    uint64_t va)
{
	const uint8_t *want = model_bytes(c);

	if (model_is_vague(c) || memcmp(want, have, MODEL_PAGE) == 0)
		return NULL;
	for (unsigned i = 0;; i++) {
		if (want[i] != have[i])
			return complain("space %u, 0x%" PRIx64
					": 0x%02x, expected 0x%02x",
			    space, va + i, have[i], want[i]);
	}
}

static const char *
check_mapping(struct subject *s, const struct model *m, unsigned space,
    uint64_t va)
{
	const struct cell *c = &m->spaces[space].cells[model_index(m, va)];
	struct pmap_mapping at;

	if (!pmap_extract(s->spaces[space]->map.pmap, va, &at))
		return NULL;
	if (model_access(c, VM_PROT_NONE) != VM_OK)
		return complain("space %u, 0x%" PRIx64 ": is in the pmap",
		    space, va);
	if (at.prot & ~c->prot)
		return complain("space %u, 0x%" PRIx64
				": the pmap allows too much",
		    space, va);
	if (at.wired && !model_stays(&m->spaces[space], model_index(m, va)))
		return complain("space %u, 0x%" PRIx64 ": is wired", space, va);
	return compare_page(c, pmap_page_data(s->machine, at.page), space, va);
}

const char *
check_mapped(struct subject *s, const struct model *m, unsigned space)
{
	struct pmap *pm = s->spaces[space]->map.pmap;
	uint64_t end = m->config.va_max;
	uint64_t va = pmap_next(pm, m->config.va_min, end);
	const char *bad = NULL;

	while (va < end && bad == NULL) {
		bad = check_mapping(s, m, space, va);
		va = pmap_next(pm, va + MODEL_PAGE, end);
	}
	return bad;
}

void
check_limits(struct subject *s, struct model *m)
{
	struct vm_charge now, max;

	vm_charge_get(s->sys, &now, &max);
	m->limit = max.anon;
	m->swap = subject_swap(s);
	m->busy = subject_under_way(s);
	if (!mix_is_prompt(&s->mix))
		m->used = subject_used(s) + vm_swap_in_use(s->sys);
}

void
check_files(struct subject *s, struct model *m)
{
	for (unsigned i = 0; i < TRACE_FILES; i++) {
		struct badfile *f = &s->files[i];
		struct thing *t = m->things[i + 1];

		t->failing = f->failures != t->failures;
		t->failures = f->failures;
		t->dead = badfile_is_dead(f);
		t->vague |= f->lost;
		f->lost = 0;
	}
}

const char *
check_page(struct subject *s, struct model *m, unsigned space, size_t cell,
    unsigned cpu)
{
	struct cell *c = &m->spaces[space].cells[cell];
	struct gaps before, after;
	const char *bad;
	struct op op = {
		.kind = OP_READ,
		.space = (uint8_t)space,
		.cpu = (uint8_t)cpu,
		.addr = model_va(m, cell),
		.len = MODEL_PAGE,
	};
	int want, error;
	bool copied[MODEL_CELLS], wired[MODEL_CELLS];
	uint8_t bytes[MODEL_PAGE];
	uint64_t done, losses = subject_losses(s);

	check_limits(s, m);
	subject_gaps(s, space, &before);
	error = subject_access(s, &op, VM_PROT_READ, bytes, &done);
	subject_gaps(s, space, &after);
	check_limits(s, m);
	check_files(s, m);
	model_settle(m);
	bad = model_grow(m, space, cell, &before, &after);
	if (bad != NULL)
		return complain("space %u, 0x%" PRIx64 ": %s", space, op.addr,
		    bad);
	want = model_access(c, VM_PROT_READ);
	if (error == VM_ENOMEM && model_is_short(m, 1))
		return NULL;
	if (error == VM_EIO && subject_losses(s) != losses)
		return NULL;
	if (error != want)
		return complain("space %u, 0x%" PRIx64
				": error %d on reading, expected %d",
		    space, op.addr, error, want);
	if (error != VM_OK)
		return NULL;
	if (model_stays(&m->spaces[space], cell)) {
		subject_look(s, space, copied, wired);
		model_was_read(c, copied[cell]);
	}
	return compare_page(c, bytes, space, op.addr);
}

const char *
check_copied(const struct model *m, unsigned space, const bool *copied)
{
	for (size_t i = 0; i < m->ncells; i++) {
		const struct cell *c = &m->spaces[space].cells[i];
		bool own = c->slot != NULL && c->slot->bytes != NULL;

		if (own && !copied[i])
			return complain("space %u, 0x%" PRIx64
					": lost its private copy",
			    space, model_va(m, i));
		if (!own && copied[i] && c->below != NULL)
			return complain("space %u, 0x%" PRIx64
					": was copied for nothing",
			    space, model_va(m, i));
	}
	return NULL;
}

static const char *
check_loan(struct subject *s, const struct model *m, unsigned i)
{
	const struct loan *l = &m->loans[i];

	for (size_t n = 0; l->on && n < l->npages; n++) {
		const void *have = vm_loan_data(s->sys, s->lent[i][n]);

		if (!l->vague[n] &&
		    memcmp(have, l->bytes + n * MODEL_PAGE, MODEL_PAGE) != 0)
			return complain("page %zu of loan %u has changed", n,
			    i);
	}
	return NULL;
}

const char *
check_loans(struct subject *s, const struct model *m)
{
	const char *bad = NULL;

	for (unsigned i = 0; i < TRACE_LOANS && bad == NULL; i++)
		bad = check_loan(s, m, i);
	return bad;
}

/* What has been held since it was mapped is there, and stays. */
static const char *
check_pinned(struct subject *s, const struct model *m, unsigned space)
{
	struct pmap *pm = s->spaces[space]->map.pmap;
	struct pmap_mapping at;

	for (size_t i = 0; i < m->ncells; i++) {
		const struct cell *c = &m->spaces[space].cells[i];

		if (c->pinned && !c->shared &&
		    !(pmap_extract(pm, model_va(m, i), &at) && at.wired))
			return complain("space %u, 0x%" PRIx64 ": is not held",
			    space, model_va(m, i));
	}
	return NULL;
}

static const char *
check_space(struct subject *s, struct model *m, unsigned space)
{
	bool copied[MODEL_CELLS], wired[MODEL_CELLS];
	const char *bad = check_attributes(s, m, space);

	if (bad == NULL) {
		subject_look(s, space, copied, wired);
		bad = check_copied(m, space, copied);
	}
	if (bad == NULL)
		bad = check_pinned(s, m, space);
	if (bad == NULL)
		bad = check_mapped(s, m, space);
	for (size_t i = 0; i < m->ncells && bad == NULL; i++)
		bad = check_page(s, m, space, i, i % TRACE_CPUS);
	return bad;
}

const char *
check_everything(struct subject *s, struct model *m)
{
	const char *bad = check_loans(s, m);

	for (unsigned i = 0; i < TRACE_SPACES && bad == NULL; i++) {
		if (s->spaces[i] != NULL)
			bad = check_space(s, m, i);
	}
	return bad;
}
