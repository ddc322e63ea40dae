/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model.c - cells, slots and objects of the model.
 *
 * Plain copies everywhere; a list of pages to use again, because a fork of a
 * full space takes many at once.
 */
#include "test/differ/model.h"

#include <stdlib.h>
#include <string.h>

/* Frames that an operation may hold for a moment, beyond what it leaves. */
enum { SLACK = 8 };

static const uint8_t zeroes[MODEL_PAGE];

/* ------------------------------------------------------------------ bytes */

/* Pages that nobody uses, each beginning with the address of the next. */
static uint8_t *spare;

static void *
checked(void *p)
{
	if (p == NULL) {
		fprintf(stderr, "differ: out of memory\n");
		exit(2);
	}
	return p;
}

static uint8_t *
page_copy(const uint8_t *from)
{
	uint8_t *p = spare;

	if (p != NULL)
		memcpy(&spare, p, sizeof(spare));
	else
		p = checked(malloc(MODEL_PAGE));
	memcpy(p, from, MODEL_PAGE);
	return p;
}

static void
page_free(uint8_t *p)
{
	if (p == NULL)
		return;
	memcpy(p, &spare, sizeof(spare));
	spare = p;
}

/* ---------------------------------------------------------------- objects */

/*
 * A page in use is a slot's, or a page of shared memory below the highest
 * that was ever mapped, or a file's.  There is one model at a time.
 */
static uint64_t live_slots, live_extent, live_lent;

struct thing *
thing_create(bool is_file)
{
	struct thing *t = checked(calloc(1, sizeof(*t)));

	t->refs = 1;
	t->is_file = is_file;
	return t;
}

void
thing_ref(struct thing *t)
{
	if (t != NULL)
		t->refs++;
}

void
thing_extend(struct thing *t, uint64_t pindex)
{
	if (t == NULL || t->is_file || pindex < t->extent)
		return;
	live_extent += pindex + 1 - t->extent;
	t->extent = pindex + 1;
}

void
thing_unref(struct thing *t)
{
	if (t == NULL || --t->refs > 0)
		return;
	for (uint64_t i = 0; i < t->npages; i++)
		page_free(t->pages[i]);
	live_extent -= t->extent;
	free(t->pages);
	free(t);
}

uint8_t *
thing_page(struct thing *t, uint64_t pindex)
{
	if (pindex >= t->npages) {
		t->pages = checked(
		    realloc(t->pages, (pindex + 1) * sizeof(*t->pages)));
		while (t->npages <= pindex)
			t->pages[t->npages++] = NULL;
	}
	if (t->pages[pindex] == NULL)
		t->pages[pindex] = page_copy(zeroes);
	return t->pages[pindex];
}

bool
thing_is_vague(const struct thing *t, uint64_t pindex)
{
	return pindex < 64 && ((t->vague >> pindex) & 1) != 0;
}

/* Bytes past the new end are gone for good. */
void
thing_resize(struct thing *t, uint64_t size)
{
	uint64_t whole = (size + MODEL_PAGE - 1) / MODEL_PAGE;
	size_t tail = size % MODEL_PAGE;

	if (whole < 64)
		t->vague &= ((uint64_t)1 << whole) - 1;

	for (uint64_t i = whole; i < t->npages; i++) {
		page_free(t->pages[i]);
		t->pages[i] = NULL;
	}
	if (tail != 0 && size < t->size)
		memset(thing_page(t, size / MODEL_PAGE) + tail, 0,
		    MODEL_PAGE - tail);
	t->size = size;
}

/* ------------------------------------------------------------------ cells */

struct slot *
slot_create(const uint8_t *bytes)
{
	struct slot *s = checked(malloc(sizeof(*s)));

	s->refs = 1;
	s->vague = s->lent = false;
	s->bytes = bytes == NULL ? NULL : page_copy(bytes);
	live_slots++;
	return s;
}

void
slot_unref(struct slot *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	page_free(s->bytes);
	live_lent -= s->lent;
	free(s);
	live_slots--;
}

static void
slot_lend(struct slot *s)
{
	live_lent += !s->lent;
	s->lent = true;
}

void
cell_clear(struct cell *c)
{
	slot_unref(c->slot);
	thing_unref(c->below);
	memset(c, 0, sizeof(*c));
}

void
cell_share(struct cell *dst, struct cell *src)
{
	src->shared = src->private;
	*dst = *src;
	dst->pinned = false;
	thing_ref(dst->below);
	if (dst->slot != NULL)
		dst->slot->refs++;
}

void
cell_copy(struct cell *dst, const struct cell *src)
{
	*dst = *src;
	thing_ref(dst->below);
	dst->private = true;
	dst->shared = false;
	dst->slot = slot_create(src->slot == NULL ? NULL : src->slot->bytes);
	dst->slot->vague = src->slot != NULL && src->slot->vague;
	if (src->slot != NULL && src->slot->lent)
		slot_lend(dst->slot);
}

/* Whether a page of its own may come to be. */
static bool
is_charged(const struct cell *c)
{
	return c->private && !c->foreign && !c->guard &&
	    (c->prot & VM_PROT_WRITE) != 0;
}

void
cell_charge(struct cell *c)
{
	c->charged |= is_charged(c);
}

void
put_cell(struct cell *c, const struct cell *like, struct thing *below,
    uint64_t pindex)
{
	cell_clear(c);
	*c = *like;
	c->pinned = false;
	c->charged = is_charged(c);
	c->below = below;
	c->pindex = pindex;
	c->slot = c->private && !c->guard ? slot_create(NULL) : NULL;
	thing_ref(below);
	thing_extend(below, pindex);
}

static const uint8_t *
bytes_below(const struct cell *c)
{
	const struct thing *t = c->below;

	if (t == NULL || c->pindex >= t->npages || t->pages[c->pindex] == NULL)
		return zeroes;
	return t->pages[c->pindex];
}

const uint8_t *
model_bytes(const struct cell *c)
{
	if (c->slot != NULL && c->slot->bytes != NULL)
		return c->slot->bytes;
	return bytes_below(c);
}

bool
model_is_vague(const struct cell *c)
{
	if (c->slot != NULL && c->slot->bytes != NULL)
		return c->slot->vague;
	return c->below != NULL && thing_is_vague(c->below, c->pindex);
}

void
cell_promote(struct cell *c)
{
	if (c->slot->bytes != NULL)
		return;
	c->slot->vague = model_is_vague(c);
	c->slot->bytes = page_copy(bytes_below(c));
}

void
cell_borrow(struct cell *c, const struct cell *from)
{
	cell_promote(c);
	memcpy(c->slot->bytes, model_bytes(from), MODEL_PAGE);
	c->slot->vague = model_is_vague(from);
	slot_lend(c->slot);
}

void
loan_end(struct loan *l)
{
	free(l->bytes);
	*l = (struct loan){ .on = false };
}

uint8_t *
cell_writable(struct cell *c)
{
	if (!c->private)
		return thing_page(c->below, c->pindex);
	cell_promote(c);
	return c->slot->bytes;
}

int
model_access(const struct cell *c, vm_prot_t access)
{
	const struct thing *t = c->below;

	if (!c->mapped || c->foreign)
		return VM_EFAULT;
	if (c->guard)
		return VM_EACCES;
	if ((c->prot & access) != access)
		return VM_EACCES;
	if (t != NULL && t->is_file &&
	    c->pindex >= vm_atop(vm_round_page(t->size)) &&
	    (c->slot == NULL || c->slot->bytes == NULL))
		return VM_ERANGE;
	return VM_OK;
}

/* ------------------------------------------------------------------ model */

void
model_settle(struct model *m)
{
	for (unsigned i = 1; i <= TRACE_FILES; i++) {
		if (m->things[i]->failing)
			m->things[i]->failed = SURE_YES;
		m->things[i]->failing = false;
	}
}

void
model_init(struct model *m, const struct trace_config *config)
{
	memset(m, 0, sizeof(*m));
	m->config = *config;
	(void)mix_named(&m->mix, config->design);
	m->ncells = (size_t)vm_atop(config->va_max - config->va_min);
	for (unsigned i = 1; i <= TRACE_OBJECTS; i++)
		m->things[i] = thing_create(i <= TRACE_FILES);
}

void
model_fini(struct model *m)
{
	for (unsigned s = 0; s < TRACE_SPACES; s++) {
		for (size_t i = 0; i < m->ncells; i++)
			cell_clear(&m->spaces[s].cells[i]);
	}
	for (unsigned s = 0; s < TRACE_POINTS; s++) {
		for (size_t i = 0; i < m->ncells; i++)
			cell_clear(&m->points[s].cells[i]);
	}
	for (unsigned i = 1; i <= TRACE_OBJECTS; i++)
		thing_unref(m->things[i]);
	for (unsigned i = 0; i < TRACE_LOANS; i++)
		loan_end(&m->loans[i]);
}

uint64_t
model_lent(const struct model *m)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < TRACE_LOANS; i++)
		n += m->loans[i].npages;
	return n;
}

uint64_t
model_borrowed(void)
{
	return live_lent;
}

uint64_t
model_pages(const struct model *m)
{
	uint64_t n = live_slots + live_extent + model_lent(m);

	for (unsigned i = 1; i <= TRACE_FILES; i++)
		n += vm_atop(vm_round_page(m->things[i]->size));
	return n;
}

uint64_t
model_in_use(const struct model *m)
{
	uint64_t n = model_pages(m) + m->busy;

	return n < m->used ? m->used : n;
}

bool
model_is_held(const struct model_space *sp, size_t cell)
{
	for (unsigned i = 0; i < TRACE_HOLDS; i++) {
		const struct hold *h = &sp->holds[i];

		if (h->on && cell >= h->first && cell < h->last)
			return true;
	}
	return false;
}

bool
model_stays(const struct model_space *sp, size_t cell)
{
	return sp->cells[cell].wired || model_is_held(sp, cell);
}

/* Pages of files that cannot be written. */
static uint64_t
stuck_pages(const struct model *m)
{
	uint64_t n = 0;

	for (unsigned i = 1; i <= TRACE_FILES; i++) {
		const struct thing *t = m->things[i];

		if (t->failed != SURE_NOT || t->failing || t->dead)
			n += vm_atop(vm_round_page(t->size));
	}
	return n;
}

uint64_t
model_staying(const struct model *m)
{
	uint64_t n = stuck_pages(m) + model_lent(m) + live_lent;

	for (unsigned s = 0; s < TRACE_SPACES; s++) {
		for (size_t i = 0; i < m->ncells; i++)
			n += model_stays(&m->spaces[s], i);
	}
	return n;
}

/* What is wired may have a slot that is of no use. */
static bool
is_short_with_swap(const struct model *m, uint64_t pages, uint64_t npages)
{
	uint64_t stay = model_staying(m), frames = m->config.frames;

	return stay + npages > frames ||
	    pages + stay + npages > frames + m->swap;
}

bool
model_is_short(const struct model *m, uint64_t npages)
{
	uint64_t pages = model_in_use(m);

	if (m->hurt)
		return true;
	npages += m->reserve + SLACK;
	if (pages + npages <= m->config.frames)
		return false;
	return is_short_with_swap(m, pages, npages);
}

static uint64_t
charged_of(const struct model *m, const struct model_space *sp)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->ncells; i++)
		n += sp->cells[i].mapped && sp->cells[i].charged;
	return n;
}

uint64_t
model_promised(const struct model *m)
{
	uint64_t n = live_extent;

	for (unsigned i = 0; i < TRACE_SPACES; i++)
		n += charged_of(m, &m->spaces[i]);
	for (unsigned i = 0; i < TRACE_POINTS; i++)
		n += charged_of(m, &m->points[i]);
	return n;
}

/* Nothing more is never too much, though there be less than was promised. */
static bool
is_beyond(const struct model *m, uint64_t npages, uint64_t limit)
{
	return m->config.counted != 0 && npages != 0 &&
	    model_promised(m) + npages > limit;
}

bool
model_may_refuse(const struct model *m, uint64_t npages)
{
	return is_beyond(m, npages, m->limit);
}

bool
model_refuses(const struct model *m, uint64_t npages)
{
	return is_beyond(m, npages, m->limit_was);
}
