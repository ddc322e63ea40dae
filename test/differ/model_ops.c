/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model_ops.c - what each operation does to the model, and which errors it
 * may end in.
 *
 * For each kind of operation a rule of two parts: `expect` says which errors
 * are right in the present state, as a set; `apply` does what has to be done
 * when the system answered as it did.  Only where several things are wrong at
 * once, or a limit is hit half way, has the set more than one member.
 */
#include "test/differ/badfile.h"
#include "test/differ/model.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ERROR(e) (1u << (e))
#define OK       ERROR(VM_OK)

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

static const char *
error_name(int error)
{
	static const char *const names[] = { "success", "ENOMEM", "EFAULT",
		"EACCES", "EINVAL", "EEXIST", "ERANGE", "EIO", "EBUSY", "EPERM",
		"EAGAIN", "ENOTSUP" };

	if (error < 0 || error >= (int)(sizeof(names) / sizeof(names[0])))
		return "no known error";
	return names[error];
}

/* ----------------------------------------------------------------- ranges */

/* Cells [first, last) of a space. */
struct span {
	struct cell *cells;
	size_t first, last;
};

static struct model_space *
space_of(struct model *m, const struct op *op)
{
	return &m->spaces[op->space];
}

/*
 * The part of [addr, addr + len) in which cells are; *outside tells whether
 * there was more.  The range does not wrap.
 */
static struct span
span_of(struct model *m, const struct op *op, bool *outside)
{
	uint64_t min = m->config.va_min, max = m->config.va_max;
	uint64_t start = op->addr, end = vm_round_page(op->addr + op->len);
	struct span s = { space_of(m, op)->cells, 0, 0 };

	*outside = start < min || end > max;
	start = start < min ? min : start > max ? max : start;
	end = end < min ? min : end > max ? max : end;
	s.first = model_index(m, start);
	s.last = model_index(m, end);
	return s;
}

typedef bool cell_test(const struct cell *);

static bool
any(struct span s, cell_test *test)
{
	for (size_t i = s.first; i < s.last; i++) {
		if (test(&s.cells[i]))
			return true;
	}
	return false;
}

static bool
is_mapped(const struct cell *c)
{
	return c->mapped;
}

static bool
is_hole(const struct cell *c)
{
	return !c->mapped;
}

/* Neither to be unmapped nor to be changed. */
static bool
is_fixed(const struct cell *c)
{
	return c->mapped && (c->foreign || c->immutable);
}

static bool
is_immutable(const struct cell *c)
{
	return c->mapped && c->immutable;
}

static bool
is_wired(const struct cell *c)
{
	return c->mapped && c->wired;
}

/* -------------------------------------------------------------- arguments */

static bool
is_aligned(uint64_t addr)
{
	return addr % MODEL_PAGE == 0;
}

/* Errors of a range as such; OK alone when there are none. */
static uint32_t
range_errors(const struct op *op, bool aligned)
{
	if (aligned && !is_aligned(op->addr))
		return ERROR(VM_EINVAL);
	if (!vm_range_fits(op->addr, op->len))
		return ERROR(VM_EINVAL) | ERROR(VM_ENOMEM);
	return OK;
}

/*
 * What most of the family have in common: [addr, addr + len) page aligned,
 * inside the space and mapped throughout.
 */
static uint32_t
mapped_errors(struct model *m, const struct op *op)
{
	uint32_t errors = range_errors(op, true);
	bool outside;
	struct span s;

	if (errors != OK)
		return errors;
	s = span_of(m, op, &outside);
	if (outside)
		return ERROR(VM_EINVAL) | ERROR(VM_ENOMEM);
	return any(s, is_hole) ? ERROR(VM_ENOMEM) : OK;
}

static size_t
span_len(struct span s)
{
	return s.last - s.first;
}

/* --------------------------------------------------------------- accesses */

vm_prot_t
model_access_of(const struct op *op)
{
	switch ((enum op_kind)op->kind) {
	case OP_WRITE:
	case OP_COPYOUT:
		return VM_PROT_WRITE;
	case OP_EXEC:
		return VM_PROT_EXEC;
	default:
		return VM_PROT_READ;
	}
}

/* The cell of an address anywhere; one that is not mapped outside. */
static struct cell *
cell_at(struct model *m, const struct op *op, uint64_t va)
{
	static struct cell nothing;

	if (va < m->config.va_min || va >= m->config.va_max)
		return &nothing;
	return &space_of(m, op)->cells[model_index(m, va)];
}

/* How an access ends, and how many bytes it gets to. */
static int
access_end(struct model *m, const struct op *op, uint64_t *done)
{
	int error = VM_OK;

	for (*done = 0; *done < op->len;) {
		error = model_access(cell_at(m, op, op->addr + *done),
		    model_access_of(op));
		if (error != VM_OK)
			break;
		*done += MODEL_PAGE - (op->addr + *done) % MODEL_PAGE;
	}
	if (*done > op->len)
		*done = op->len;
	return error;
}

static const char *
expect_access(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	uint64_t done;

	*errors = ERROR(access_end(m, op, &done));
	if (model_is_short(m, vm_atop(op->len) + 1))
		*errors |= ERROR(VM_ENOMEM);
	if (out->left && out->done <= done) {
		*errors = OK;
		return NULL;
	}
	if (out->done > done || (out->error != VM_ENOMEM && out->done != done))
		return complain("got to byte %" PRIu64 ", expected %" PRIu64,
		    out->done, done);
	return NULL;
}

/* One byte at a time: the most obvious way. */
static const char *
compare_read(struct model *m, const struct op *op, const struct outcome *out)
{
	for (uint64_t i = 0; i < out->done; i++) {
		uint64_t va = op->addr + i;
		const struct cell *c = cell_at(m, op, va);
		uint8_t want = model_bytes(c)[va % MODEL_PAGE];

		if (out->bytes[i] != want && !model_is_vague(c))
			return complain("read 0x%02x at 0x%" PRIx64
					", expected 0x%02x",
			    out->bytes[i], va, want);
	}
	return NULL;
}

static const char *
apply_access(struct model *m, const struct op *op, struct outcome *out)
{
	if (model_access_of(op) != VM_PROT_WRITE)
		return compare_read(m, op, out);
	for (uint64_t i = 0; i < out->done; i++) {
		uint64_t va = op->addr + i;

		cell_writable(cell_at(m, op,
		    va))[va % MODEL_PAGE] = trace_byte(op->value, i);
	}
	return NULL;
}

/* ------------------------------------------------------------------ files */

static const char *
expect_success(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	(void)m, (void)op, (void)out;
	*errors = OK;
	return NULL;
}

static const char *
apply_nothing(struct model *m, const struct op *op, struct outcome *out)
{
	(void)m, (void)op, (void)out;
	return NULL;
}

/* Pages of an object have gone, whoever had mapped them. */
static void
unpin(struct model *m, const struct thing *t)
{
	for (unsigned i = 0; i < TRACE_SPACES; i++) {
		for (size_t j = 0; j < m->ncells; j++) {
			struct cell *c = &m->spaces[i].cells[j];

			c->pinned &= c->below != t;
		}
	}
}

/* Whoever asks for what is dirty to be written is told of what failed, now or
 * before; once. */
static uint32_t
error_of(const struct thing *t)
{
	return t->failing || t->failed == SURE_YES ? ERROR(VM_EIO) :
	    t->failed == SURE_MAYBE                ? ERROR(VM_EIO) | OK :
						     OK;
}

static void
is_told(struct thing *t)
{
	t->failing = false;
	t->failed = SURE_NOT;
}

static const char *
expect_file(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	(void)out;
	*errors = error_of(m->things[op->object]);
	return NULL;
}

/* What could not be written is not in the file. */
static const char *
apply_file_read(struct model *m, const struct op *op, struct outcome *out)
{
	struct thing *t = m->things[op->object];
	bool failing = t->failing;

	is_told(t);
	if (failing)
		return NULL;
	for (uint64_t i = 0; i < op->len && op->addr + i < t->size; i++) {
		uint64_t off = op->addr + i;
		uint8_t want = thing_page(t,
		    off / MODEL_PAGE)[off % MODEL_PAGE];

		if (out->bytes[i] != want &&
		    !thing_is_vague(t, off / MODEL_PAGE))
			return complain("file has 0x%02x at 0x%" PRIx64
					", expected 0x%02x",
			    out->bytes[i], off, want);
	}
	return NULL;
}

static const char *
apply_file_write(struct model *m, const struct op *op, struct outcome *out)
{
	struct thing *t = m->things[op->object];

	is_told(t);
	unpin(m, t);
	if (out->error != VM_OK)
		return NULL;
	for (uint64_t i = 0; i < op->len; i++) {
		uint64_t off = op->addr + i;

		thing_page(t,
		    off / MODEL_PAGE)[off % MODEL_PAGE] = trace_byte(op->value,
		    i);
	}
	if (op->addr + op->len > t->size)
		t->size = op->addr + op->len;
	return NULL;
}

static const char *
apply_file_size(struct model *m, const struct op *op, struct outcome *out)
{
	is_told(m->things[op->object]);
	unpin(m, m->things[op->object]);
	if (out->error == VM_OK)
		thing_resize(m->things[op->object], op->len);
	return NULL;
}

/* A file that nobody maps may be forgotten, and that a write has failed with
 * it, once all has been written later. */
static const char *
apply_renew(struct model *m, const struct op *op, struct outcome *out)
{
	struct thing *t = m->things[op->object];

	(void)out;
	if (t->is_file && t->refs == 1 && t->failed == SURE_YES)
		t->failed = SURE_MAYBE;
	if (!t->is_file) {
		thing_unref(t);
		m->things[op->object] = thing_create(false);
	}
	return NULL;
}

/* -------------------------------------------------------------------- swap */

/* Refused when it does not fit; the system leaves some memory to others. */
static const char *
expect_swap_off(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	uint64_t left = m->swap > m->config.swap ? m->swap - m->config.swap : 0;
	uint64_t frames = m->config.frames;

	(void)op, (void)out;
	*errors = OK;
	if (model_in_use(m) + frames / 2 > frames + left ||
	    model_staying(m) + frames / 2 > frames)
		*errors |= ERROR(VM_ENOMEM);
	return NULL;
}

/* ----------------------------------------------------------------- spaces */

static const char *
apply_create(struct model *m, const struct op *op, struct outcome *out)
{
	struct model_space *sp = space_of(m, op);

	if (out->error != VM_OK)
		return NULL;
	if (op->kind == OP_CREATE)
		sp->design = &m->mix.designs[op->value % m->mix.n];
	if (op->kind == OP_CREATE)
		sp->stack_limit = UINT64_MAX;
	sp->alive = true;
	sp->wire_future = VM_FUTURE_PLAIN;
	sp->brk_start = sp->brk_end = trace_heap(&m->config);
	return NULL;
}

static void
clear_all(struct model *m, struct model_space *sp)
{
	for (size_t i = 0; i < m->ncells; i++)
		cell_clear(&sp->cells[i]);
}

static const char *
apply_exit(struct model *m, const struct op *op, struct outcome *out)
{
	(void)out;
	clear_all(m, space_of(m, op));
	memset(space_of(m, op)->holds, 0, sizeof(space_of(m, op)->holds));
	space_of(m, op)->alive = false;
	return NULL;
}

static const char *
apply_reset(struct model *m, const struct op *op, struct outcome *out)
{
	clear_all(m, space_of(m, op));
	return apply_create(m, op, out);
}

/* What the child gets of a cell, by its inheritance. */
static void
inherit_cell(struct cell *child, struct cell *parent)
{
	if ((parent->foreign || parent->guard) &&
	    parent->inherit != VM_INHERIT_NONE) {
		*child = *parent;
		child->wired = child->onfault = false;
		return;
	}
	switch ((enum vm_inherit)parent->inherit) {
	case VM_INHERIT_SHARE:
		cell_share(child, parent);
		break;
	case VM_INHERIT_COPY:
		cell_copy(child, parent);
		break;
	case VM_INHERIT_ZERO:
		*child = *parent;
		child->private = true;
		child->below = NULL;
		child->shared = false;
		child->slot = slot_create(NULL);
		break;
	case VM_INHERIT_NONE:
		break;
	}
	child->wired = child->onfault = child->pinned = false;
	if (child->mapped && parent->inherit != VM_INHERIT_SHARE)
		cell_charge(child);
}

static const char *
apply_fork(struct model *m, const struct op *op, struct outcome *out)
{
	struct model_space *parent = space_of(m, op);
	struct model_space *child = &m->spaces[op->flags];

	if (out->error != VM_OK)
		return NULL;
	child->design = parent->design;
	child->alive = true;
	child->wire_future = VM_FUTURE_PLAIN;
	child->brk_start = parent->brk_start;
	child->brk_end = parent->brk_end;
	child->stack_limit = parent->stack_limit;
	for (size_t i = 0; i < m->ncells; i++) {
		if (parent->cells[i].mapped)
			inherit_cell(&child->cells[i], &parent->cells[i]);
	}
	return NULL;
}

/* --------------------------------------------------------------- mappings */

static bool
may_be_copied(const struct cell *c)
{
	return c->mapped && c->slot != NULL && c->below != NULL &&
	    (c->prot & VM_PROT_WRITE);
}

/*
 * Pages that an operation brought in for writing have their copies now.  Which
 * ones, when it got only so far, only the system knows.
 */
static void
learn(const struct outcome *out, struct span s)
{
	for (size_t i = s.first; i < s.last; i++) {
		if (may_be_copied(&s.cells[i]) && out->copied[i])
			cell_promote(&s.cells[i]);
	}
}

/* A fault in a wired cell is one for all that its protection allows; and where
 * the MMU likes pages made ahead, any fault is. */
static void
learn_from_faults(struct model *m, const struct op *op,
    const struct outcome *out)
{
	struct cell *cells = space_of(m, op)->cells;

	for (size_t i = 0; i < m->ncells; i++) {
		if (model_stays(space_of(m, op), i) ||
		    m->config.zero_ahead != 0)
			learn(out, (struct span){ cells, i, i + 1 });
	}
}

void
model_was_read(struct cell *c, bool copied)
{
	if (copied && may_be_copied(c))
		cell_promote(c);
}

/* Bytes of the space that are wired. */
static uint64_t
wired_bytes(const struct model *m, const struct model_space *sp)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->ncells; i++)
		n += sp->cells[i].mapped && sp->cells[i].wired;
	return n * MODEL_PAGE;
}

static bool
over_wired_limit(const struct model *m, const struct model_space *sp,
    uint64_t more)
{
	return m->config.wired_limit != 0 && more != 0 &&
	    wired_bytes(m, sp) + more > m->config.wired_limit;
}

static bool
can_be_wired(const struct cell *c)
{
	return c->mapped && !c->foreign && !c->guard;
}

/* How much of a span is wired, or could be and is not yet, in bytes. */
static uint64_t
bytes_of(struct span s, bool wired)
{
	uint64_t n = 0;

	for (size_t i = s.first; i < s.last; i++)
		n += can_be_wired(&s.cells[i]) && s.cells[i].wired == wired;
	return n * MODEL_PAGE;
}

/* How many pages of a span wiring has to count: of what has no access there
 * are none. */
static uint64_t
new_wirings(struct span s)
{
	uint64_t n = 0;

	for (size_t i = s.first; i < s.last; i++)
		n += can_be_wired(&s.cells[i]) && !s.cells[i].wired &&
		    s.cells[i].prot != VM_PROT_NONE;
	return n;
}

/* Whether len bytes at a place of that alignment are free anywhere. */
static bool
has_room(const struct model *m, const struct model_space *sp, uint64_t len,
    uint64_t align)
{
	size_t want = (size_t)vm_atop(vm_round_page(len)), run = 0;
	uint64_t mask = align > MODEL_PAGE ? align - 1 : MODEL_PAGE - 1;

	for (size_t i = m->ncells; i-- > 0;) {
		run = sp->cells[i].mapped ? 0 : run + 1;
		if (run >= want && (model_va(m, i) & mask) == 0)
			return true;
	}
	return false;
}

/*
 * The span that the system chose.  NULL, or why it may not be there.
 */
static const char *
check_place(struct model *m, const struct op *op, uint64_t addr, uint64_t len,
    uint64_t align)
{
	struct op at = { .space = op->space, .addr = addr, .len = len };
	bool outside;
	struct span s;

	if (!is_aligned(addr) || (align != 0 && addr % align != 0))
		return complain("0x%" PRIx64 " is not aligned", addr);
	s = span_of(m, &at, &outside);
	if (outside)
		return complain("0x%" PRIx64 " is outside", addr);
	if (any(s, is_mapped))
		return complain("0x%" PRIx64 " is not free", addr);
	return NULL;
}

/* ------------------------------------------------------------------- map */

static uint32_t
guard_errors(const struct op *op, const struct vm_design *d)
{
	if (!(op->flags & VM_MMAP_GUARD))
		return OK;
	if (!d->guards)
		return ERROR(VM_ENOTSUP);
	return op->prot != VM_PROT_NONE || op->object != 0 || op->addr2 != 0 ||
		(op->flags & (VM_MMAP_FOREIGN | VM_MMAP_STACK)) ?
	    ERROR(VM_EINVAL) :
	    OK;
}

static uint32_t
map_arg_errors(const struct op *op, const struct vm_design *d)
{
	bool shared = (op->flags & VM_MMAP_SHARED) != 0;
	bool private = (op->flags & (VM_MMAP_PRIVATE | VM_MMAP_GUARD)) != 0;
	bool fixed = (op->flags & VM_MMAP_FIXED) != 0;

	if (shared == private || op->len == 0 || !is_aligned(op->addr2))
		return ERROR(VM_EINVAL);
	if (!vm_range_fits(0, op->len) ||
	    (fixed && !vm_range_fits(op->addr, op->len)))
		return ERROR(VM_EINVAL) | ERROR(VM_ENOMEM);
	if (!vm_range_fits(op->addr2, op->len) ||
	    (fixed && !is_aligned(op->addr)))
		return ERROR(VM_EINVAL);
	if (op->max_prot != 0 && (op->prot & ~op->max_prot))
		return ERROR(VM_EACCES);
	return guard_errors(op, d);
}

/* A hint whose place is free has to be taken. */
static bool
hint_is_free(struct model *m, const struct op *op)
{
	struct op at = *op;
	bool outside;
	struct span s;

	at.addr = vm_trunc_page(op->addr);
	if (!vm_range_fits(op->addr, op->len) || at.addr == 0 ||
	    (op->len2 != 0 && at.addr % op->len2 != 0))
		return false;
	s = span_of(m, &at, &outside);
	return !outside && !any(s, is_mapped);
}

static uint32_t
fixed_errors(struct model *m, const struct op *op)
{
	bool outside;
	struct span s = span_of(m, op, &outside);

	if (outside)
		return ERROR(VM_EINVAL);
	if ((op->flags & VM_MMAP_NOREPLACE) && any(s, is_mapped))
		return ERROR(VM_EEXIST);
	return any(s, is_fixed) ? ERROR(VM_EPERM) : OK;
}

/* Wiring faults every page in for all that its protection allows. */
static bool
has_lost_page(struct span s)
{
	for (size_t i = s.first; i < s.last; i++) {
		const struct cell *c = &s.cells[i];

		if (c->mapped && !c->foreign && c->prot != VM_PROT_NONE &&
		    model_access(c, c->prot) == VM_ERANGE)
			return true;
	}
	return false;
}

static bool
has_wired_lost_page(struct span s)
{
	for (size_t i = s.first; i < s.last; i++) {
		if (s.cells[i].mapped && s.cells[i].wired &&
		    !s.cells[i].onfault &&
		    model_access(&s.cells[i], VM_PROT_NONE) == VM_ERANGE)
			return true;
	}
	return false;
}

/* Each range that is held has its share, whatever is wired there. */
static uint64_t
held_pages(const struct model_space *sp)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < TRACE_HOLDS; i++)
		n += sp->holds[i].last - sp->holds[i].first;
	return n;
}

static uint64_t
wired_everywhere(const struct model *m)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < TRACE_SPACES; i++)
		n += vm_atop(wired_bytes(m, &m->spaces[i])) +
		    held_pages(&m->spaces[i]);
	return n;
}

/* What of that can have pages. */
static uint64_t
wirable(struct span s)
{
	uint64_t n = 0;

	for (size_t i = s.first; i < s.last; i++)
		n += s.cells[i].mapped && s.cells[i].wired &&
		    s.cells[i].prot != VM_PROT_NONE;
	return n;
}

/* Of pages that are lent to spaces only the system knows how many still are. */
static uint64_t
charged_wired(struct model *m)
{
	uint64_t sum = model_lent(m), borrowed = model_borrowed();

	for (unsigned i = 0; i < TRACE_SPACES; i++)
		sum += held_pages(&m->spaces[i]) +
		    wirable((struct span){ m->spaces[i].cells, 0, m->ncells });
	if (m->before.wired > sum && m->before.wired - sum < borrowed)
		borrowed = m->before.wired - sum;
	return m->before.wired > sum ? sum + borrowed : sum;
}

/* Errors of the system's limit, when `less` that are wired go for it. */
static uint32_t
wiring_limit_errors(struct model *m, uint64_t more, uint64_t less)
{
	uint64_t max = m->config.frames - m->config.frames / 3;
	uint64_t sum = charged_wired(m);

	if (more <= less)
		return OK;
	return sum + more > max + less ? ERROR(VM_EAGAIN) : OK;
}

/*
 * Errors of wiring npages, of which `more` are not wired yet, while `less` go
 * that are, apart from holes and the limit of the space.
 */
static uint32_t
wiring_errors(struct model *m, uint64_t npages, uint64_t more, uint64_t less)
{
	uint32_t errors = wiring_limit_errors(m, more, less);

	if ((errors & OK) && model_is_short(m, 2 * npages))
		errors |= ERROR(VM_ENOMEM); /* below, and its copy */
	return errors;
}

static void
set_wired(struct span s, enum vm_wire_future how)
{
	for (size_t i = s.first; i < s.last; i++) {
		if (!can_be_wired(&s.cells[i]))
			continue;
		s.cells[i].wired = how != VM_FUTURE_PLAIN;
		s.cells[i].onfault = how == VM_FUTURE_ONFAULT;
		s.cells[i].unread = false;
	}
}

/* What comes by itself, as a new mapping does, passes over what cannot be
 * read. */
static void
set_wired_there(const struct model *m, struct span s, enum vm_wire_future how)
{
	set_wired(s, how);
	for (size_t i = s.first; i < s.last; i++)
		s.cells[i].unread = m->hurt && s.cells[i].wired;
}

static bool
wants_wiring(struct model *m, const struct op *op)
{
	return !(op->flags & (VM_MMAP_FOREIGN | VM_MMAP_GUARD)) &&
	    ((op->flags & VM_MMAP_WIRED) || space_of(m, op)->wire_future);
}

enum wiring
model_wiring(struct model *m, const struct model_space *sp, uint64_t npages)
{
	uint32_t errors = wiring_limit_errors(m, npages, 0);

	if (over_wired_limit(m, sp, npages * MODEL_PAGE) || !(errors & OK))
		return WIRING_NEVER;
	return errors == OK ? WIRING_FITS : WIRING_MAY_FIT;
}

/* Pages that may be borrowed, and then cease to be charged with the span. */
static uint64_t
maybe_borrowed(struct span s)
{
	uint64_t n = 0;

	for (size_t i = s.first; i < s.last; i++)
		n += s.cells[i].slot != NULL && s.cells[i].slot->lent;
	return n;
}

/* What the wiring of a new mapping may end in, which replaces that span. */
static uint32_t
map_wiring_errors(struct model *m, const struct op *op)
{
	uint64_t len = vm_round_page(op->len), replaced = 0, less = 0;
	uint64_t more = op->prot == VM_PROT_NONE ? 0 : vm_atop(len), lent = 0;
	uint32_t errors;
	bool outside;
	struct span s = span_of(m, op, &outside);

	if (op->flags & VM_MMAP_FIXED) {
		replaced = bytes_of(s, true);
		less = wirable(s);
		lent = maybe_borrowed(s);
	}
	if (m->config.wired_limit != 0 &&
	    wired_bytes(m, space_of(m, op)) - replaced + len >
		m->config.wired_limit)
		return ERROR(VM_ENOMEM);
	errors = wiring_errors(m, vm_atop(len), more, less);
	if (lent != 0)
		errors |= wiring_errors(m, vm_atop(len), more, less + lent);
	return errors;
}

/* Errors before anything has changed. */
static uint32_t
place_errors(struct model *m, const struct op *op)
{
	uint32_t errors = map_arg_errors(op, space_of(m, op)->design);

	if (errors != OK)
		return errors;
	if (op->flags & VM_MMAP_FIXED)
		return fixed_errors(m, op);
	if (hint_is_free(m, op) ||
	    has_room(m, space_of(m, op), op->len, op->len2))
		return OK;
	return ERROR(VM_ENOMEM);
}

static const char *
expect_map(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	*errors = place_errors(m, op);
	if (*errors == OK && wants_wiring(m, op))
		*errors = map_wiring_errors(m, op);
	if (out->error != VM_OK)
		return NULL;
	if ((op->flags & VM_MMAP_FIXED) && out->addr != op->addr)
		return complain("fixed, but went to 0x%" PRIx64, out->addr);
	if (!(op->flags & VM_MMAP_FIXED) && *errors != ERROR(VM_ENOMEM) &&
	    hint_is_free(m, op) && out->addr != vm_trunc_page(op->addr))
		return complain("hint is free, but went to 0x%" PRIx64,
		    out->addr);
	if (!(op->flags & VM_MMAP_FIXED))
		return check_place(m, op, out->addr, op->len, op->len2);
	return NULL;
}

static struct cell
new_cell(const struct op *op)
{
	bool foreign = (op->flags & VM_MMAP_FOREIGN) != 0;
	bool shared = (op->flags & VM_MMAP_SHARED) != 0;
	bool guard = (op->flags & VM_MMAP_GUARD) != 0;

	return (struct cell){
		.mapped = true,
		.foreign = foreign,
		.private = !foreign && !shared,
		.stack = !foreign && (op->flags & VM_MMAP_STACK) != 0,
		.guard = guard,
		.prot = op->prot,
		.max_prot = guard     ? VM_PROT_NONE :
		    op->max_prot != 0 ? op->max_prot :
					VM_PROT_ALL,
		.inherit = shared ? VM_INHERIT_SHARE : VM_INHERIT_COPY,
		.advice = VM_ADV_NORMAL,
	};
}

static void
map_cells(struct model *m, const struct op *op, struct span s)
{
	struct cell like = new_cell(op);
	struct thing *t = like.foreign ? NULL : m->things[op->object];
	uint64_t first = vm_atop(op->addr2);

	thing_ref(t);
	if (t == NULL && !like.foreign && !like.private)
		t = thing_create(false);
	for (size_t i = s.first; i < s.last; i++)
		put_cell(&s.cells[i], &like, t, first + (i - s.first));
	thing_unref(t);
}

/* Pages that the object of a mapping does not have yet. */
static uint64_t
extension(const struct model *m, const struct op *op)
{
	const struct thing *t = m->things[op->object];
	uint64_t end = vm_atop(op->addr2 + vm_round_page(op->len));

	if (op->flags & (VM_MMAP_FOREIGN | VM_MMAP_GUARD))
		return 0;
	if (op->object == 0)
		return op->flags & VM_MMAP_SHARED ? end : 0;
	return t->is_file || end <= t->extent ? 0 : end - t->extent;
}

/* Whether a mapping would be more memory than there is, when it is counted. */
static bool
is_refused(struct model *m, const struct op *op)
{
	struct cell like = new_cell(op);
	uint64_t more = 0, less = 0;
	bool outside;
	struct span s = span_of(m, op, &outside);

	cell_charge(&like);
	if (like.charged)
		more = vm_atop(vm_round_page(op->len));
	for (size_t i = s.first; i < s.last && (op->flags & VM_MMAP_FIXED); i++)
		less += s.cells[i].mapped && s.cells[i].charged;
	more = more > less ? more - less : 0;
	return model_refuses(m, more + extension(m, op));
}

/*
 * When wiring fails at the end, what was replaced is gone all the same, and
 * shared memory has the pages that were wired.
 */
static const char *
apply_map(struct model *m, const struct op *op, struct outcome *out)
{
	enum vm_wire_future how = space_of(m, op)->wire_future;
	struct op at = *op;
	bool outside;
	struct span s;

	if (out->error == VM_OK)
		at.addr = out->addr;
	else if (place_errors(m, op) != OK || is_refused(m, op))
		return NULL;
	else if (op->object > TRACE_FILES)
		thing_extend(m->things[op->object],
		    vm_atop(op->addr2 + op->len - 1));
	if (out->error != VM_OK && !(op->flags & VM_MMAP_FIXED))
		return NULL;
	s = span_of(m, &at, &outside);
	for (size_t i = s.first; i < s.last; i++)
		cell_clear(&s.cells[i]);
	if (out->error != VM_OK)
		return NULL;
	map_cells(m, op, s);
	if (op->flags & VM_MMAP_WIRED)
		how = VM_FUTURE_WIRED;
	if (wants_wiring(m, op))
		set_wired_there(m, s, how);
	if (wants_wiring(m, op) || (op->flags & VM_MMAP_POPULATE))
		learn(out, s);
	return NULL;
}

/* ------------------------------------------------ unmap, protect, inherit */

static const char *
expect_unmap(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	bool outside;
	struct span s;

	(void)out;
	*errors = ERROR(VM_EINVAL);
	if (op->len == 0 || range_errors(op, true) != OK)
		return NULL;
	s = span_of(m, op, &outside);
	if (!outside)
		*errors = any(s, is_fixed) ? ERROR(VM_EPERM) : OK;
	return NULL;
}

static const char *
apply_unmap(struct model *m, const struct op *op, struct outcome *out)
{
	bool outside;
	struct span s;

	if (out->error != VM_OK)
		return NULL;
	s = span_of(m, op, &outside);
	for (size_t i = s.first; i < s.last; i++)
		cell_clear(&s.cells[i]);
	return NULL;
}

/* Of the first cell that may not be changed, or not be allowed so much. */
static int
first_refusal(struct span s, vm_prot_t prot)
{
	for (size_t i = s.first; i < s.last; i++) {
		if (is_fixed(&s.cells[i]))
			return VM_EPERM;
		if (!s.cells[i].guard && (prot & ~s.cells[i].max_prot))
			return VM_EACCES;
	}
	return VM_OK;
}

/* Errors before anything has changed. */
static uint32_t
protect_errors(struct model *m, const struct op *op)
{
	bool outside;

	if (!is_aligned(op->addr))
		return ERROR(VM_EINVAL);
	if (op->len == 0)
		return OK;
	if (mapped_errors(m, op) != OK)
		return ERROR(VM_ENOMEM);
	return ERROR(first_refusal(span_of(m, op, &outside), op->prot));
}

/* Wired pages that nobody could access before. */
static uint64_t
accessible_wirings(struct span s)
{
	uint64_t n = 0;

	for (size_t i = s.first; i < s.last; i++)
		n += s.cells[i].mapped && s.cells[i].wired;
	return n - wirable(s);
}

/* Pages that are charged when they become writable. */
static uint64_t
uncharged(struct span s)
{
	uint64_t n = 0;

	for (size_t i = s.first; i < s.last; i++)
		n += s.cells[i].private && !s.cells[i].guard &&
		    !s.cells[i].charged;
	return n;
}

/* Copies are made for wired pages that may be written now. */
static const char *
expect_protect(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	bool outside;
	struct span s;

	(void)out;
	*errors = protect_errors(m, op);
	if (*errors != OK || op->len == 0)
		return NULL;
	s = span_of(m, op, &outside);
	if (!any(s, is_wired) || op->prot == VM_PROT_NONE)
		return NULL;
	if (wiring_limit_errors(m, accessible_wirings(s), 0) != OK) {
		*errors = ERROR(VM_ENOMEM);
		return NULL;
	}
	if (model_is_short(m, 2 * span_len(s)))
		*errors |= ERROR(VM_ENOMEM);
	if (has_wired_lost_page(s))
		*errors = (*errors & ~OK) | ERROR(VM_ERANGE);
	return NULL;
}

/* When the copies could not be made the protection has changed already. */
static const char *
apply_protect(struct model *m, const struct op *op, struct outcome *out)
{
	bool outside;
	struct span s;

	if (op->len == 0 || protect_errors(m, op) != OK)
		return NULL;
	s = span_of(m, op, &outside);
	if (op->prot != VM_PROT_NONE &&
	    wiring_limit_errors(m, accessible_wirings(s), 0) != OK)
		return NULL;
	if ((op->prot & VM_PROT_WRITE) && uncharged(s) != 0 &&
	    model_may_refuse(m, uncharged(s)))
		return NULL;
	for (size_t i = s.first; i < s.last; i++) {
		if (s.cells[i].guard)
			continue;
		s.cells[i].prot = op->prot;
		s.cells[i].pinned &= op->prot != VM_PROT_NONE;
		cell_charge(&s.cells[i]);
	}
	if (any(s, is_wired))
		learn(out, s);
	return NULL;
}

static const char *
expect_inherit(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	bool outside = true;
	struct span s;

	(void)out;
	if (range_errors(op, true) == OK)
		s = span_of(m, op, &outside);
	if (op->flags == VM_INHERIT_ZERO &&
	    !space_of(m, op)->design->inherit_zero)
		outside = true;
	*errors = outside ? ERROR(VM_EINVAL) : OK;
	if (!outside && op->len != 0 && any(s, is_immutable))
		*errors = ERROR(VM_EPERM);
	return NULL;
}

static const char *
apply_inherit(struct model *m, const struct op *op, struct outcome *out)
{
	bool outside;
	struct span s;

	if (out->error != VM_OK || op->len == 0)
		return NULL;
	s = span_of(m, op, &outside);
	for (size_t i = s.first; i < s.last; i++) {
		if (s.cells[i].mapped)
			s.cells[i].inherit = (uint8_t)op->flags;
	}
	return NULL;
}

/* ------------------------------------------------------------------ freeze */

static const char *
expect_freeze(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	bool outside = true;

	(void)out;
	if (range_errors(op, true) == OK)
		(void)span_of(m, op, &outside);
	*errors = !space_of(m, op)->design->immutable ? ERROR(VM_ENOTSUP) :
	    outside                                   ? ERROR(VM_EINVAL) :
							OK;
	return NULL;
}

static const char *
apply_freeze(struct model *m, const struct op *op, struct outcome *out)
{
	bool outside;
	struct span s;

	if (out->error != VM_OK || op->len == 0)
		return NULL;
	s = span_of(m, op, &outside);
	for (size_t i = s.first; i < s.last; i++)
		s.cells[i].immutable = s.cells[i].mapped;
	return NULL;
}

/* ------------------------------------------------------------------ stack */

static bool
stack_args_are_good(const struct op *op)
{
	uint64_t top = op->addr + op->len, guard = vm_ptoa(op->value);

	return is_aligned(top) && is_aligned(op->len) && is_aligned(op->len2) &&
	    is_aligned(op->addr2) && op->len != 0 && op->len <= top &&
	    op->len2 != 0 && op->len2 <= op->len && op->addr2 != 0 &&
	    op->addr2 <= op->len2 && guard <= op->len - op->addr2;
}

/* The part of a stack that can be used at first; the rest lies below it. */
static struct op
stack_part(struct model *m, const struct op *op)
{
	struct op part = { .space = op->space };

	part.len = space_of(m, op)->design->stack == VM_STACK_GROWS ?
	    op->addr2 :
	    op->len2;
	part.addr = op->addr + op->len - part.len;
	return part;
}

static uint32_t
stack_part_errors(struct model *m, const struct op *part)
{
	bool outside;
	struct span s = span_of(m, part, &outside);

	if (part->len == 0)
		return OK;
	return outside        ? ERROR(VM_EINVAL) :
	    any(s, is_mapped) ? ERROR(VM_EEXIST) :
				OK;
}

/* Where new mappings are wired, this one is before the rest is mapped. */
static uint32_t
stack_wiring_errors(struct model *m, const struct op *op, uint64_t npages)
{
	if (over_wired_limit(m, space_of(m, op), npages * MODEL_PAGE))
		return ERROR(VM_ENOMEM);
	return wiring_errors(m, npages, op->prot == VM_PROT_NONE ? 0 : npages,
	    0);
}

static uint32_t
stack_rest_errors(struct model *m, const struct op *op, struct op part)
{
	part.len = part.addr - op->addr;
	part.addr = op->addr;
	return stack_part_errors(m, &part);
}

static const char *
expect_stack(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	const struct model_space *sp = space_of(m, op);
	struct op part;
	uint32_t more;

	(void)out;
	*errors = ERROR(VM_EINVAL);
	if (!stack_args_are_good(op))
		return NULL;
	part = stack_part(m, op);
	*errors = stack_part_errors(m, &part);
	if (*errors == OK && sp->wire_future != VM_FUTURE_PLAIN)
		*errors = stack_wiring_errors(m, op, vm_atop(part.len));
	if (*errors & OK) {
		more = stack_rest_errors(m, op, part);
		*errors = more == OK ? *errors : (*errors & ~OK) | more;
	}
	return NULL;
}

static const char *
apply_stack(struct model *m, const struct op *op, struct outcome *out)
{
	struct model_space *sp = space_of(m, op);
	bool grows = sp->design->stack == VM_STACK_GROWS, outside;
	struct cell used = { .mapped = true,
		.private = true,
		.stack = true,
		.prot = op->prot,
		.max_prot = VM_PROT_ALL,
		.inherit = VM_INHERIT_COPY };
	struct cell rest = used;
	struct span s;
	uint64_t first;

	if (out->error != VM_OK)
		return NULL;
	sp->stack_limit = op->len2;
	rest.prot = VM_PROT_NONE;
	rest.max_prot = grows ? VM_PROT_NONE : VM_PROT_ALL;
	rest.guard = rest.gap = grows;
	rest.keep = grows ? op->value : 0;
	rest.immutable = sp->design->immutable;
	s = span_of(m, op, &outside);
	first = model_index(m, stack_part(m, op).addr);
	for (size_t i = s.first; i < s.last; i++)
		put_cell(&s.cells[i], i < first ? &rest : &used, NULL, 0);
	s.first = first;
	set_wired_there(m, s, sp->wire_future);
	return NULL;
}

static const char *
expect_stack_check(struct model *m, const struct op *op,
    const struct outcome *out, uint32_t *errors)
{
	const struct cell *c = cell_at(m, op, op->addr);

	(void)out;
	*errors = space_of(m, op)->design->stack_check && !c->stack ?
	    ERROR(VM_EFAULT) :
	    OK;
	return NULL;
}

/* ---------------------------------------------------------- lock, lockall */

/* What the bytes touch: the ends need not be aligned. */
static struct op
page_range(const struct op *op)
{
	struct op at = *op;

	at.addr = vm_trunc_page(op->addr);
	at.len = vm_round_page(op->addr + op->len) - at.addr;
	return at;
}

/* Errors of the range, ENOMEM all of them. */
static uint32_t
lock_range_errors(struct model *m, const struct op *op)
{
	struct op at;
	bool outside;
	struct span s;

	if (range_errors(op, false) != OK)
		return ERROR(VM_ENOMEM);
	at = page_range(op);
	s = span_of(m, &at, &outside);
	return outside || any(s, is_hole) ? ERROR(VM_ENOMEM) : OK;
}

static const char *
expect_lock(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	struct op at;
	bool outside;
	struct span s;

	(void)out;
	*errors = OK;
	if (op->len == 0)
		return NULL;
	*errors = lock_range_errors(m, op);
	if (range_errors(op, false) != OK)
		return NULL;
	at = page_range(op);
	s = span_of(m, &at, &outside);
	if (*errors != OK)
		return NULL;
	if (over_wired_limit(m, space_of(m, op), bytes_of(s, false)))
		*errors = ERROR(VM_ENOMEM);
	else
		*errors = wiring_errors(m, span_len(s), new_wirings(s), 0);
	if ((*errors & OK) && op->flags == 0 && has_lost_page(s))
		*errors = (*errors & ~OK) | ERROR(VM_ENOMEM);
	return NULL;
}

static const char *
apply_lock(struct model *m, const struct op *op, struct outcome *out)
{
	struct op at;
	bool outside;
	struct span s;

	if (op->len == 0 || range_errors(op, false) != OK)
		return NULL;
	at = page_range(op);
	s = span_of(m, &at, &outside);
	learn(out, s);
	if (out->error == VM_OK)
		set_wired(s, op->flags ? VM_FUTURE_ONFAULT : VM_FUTURE_WIRED);
	return NULL;
}

static const char *
expect_unlock(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	(void)out;
	*errors = op->len == 0 ? OK : lock_range_errors(m, op);
	return NULL;
}

static const char *
apply_unlock(struct model *m, const struct op *op, struct outcome *out)
{
	struct op at;
	bool outside;

	if (out->error != VM_OK || op->len == 0)
		return NULL;
	at = page_range(op);
	set_wired(span_of(m, &at, &outside), VM_FUTURE_PLAIN);
	return NULL;
}

static struct span
whole_space(struct model *m, const struct op *op)
{
	return (struct span){ space_of(m, op)->cells, 0, m->ncells };
}

static bool
all_over_limit(struct model *m, const struct op *op)
{
	return over_wired_limit(m, space_of(m, op),
	    bytes_of(whole_space(m, op), false));
}

static const char *
expect_lockall(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	struct span s = whole_space(m, op);

	(void)out;
	*errors = OK;
	if (!(op->flags & (VM_MCL_CURRENT | VM_MCL_FUTURE)))
		*errors = ERROR(VM_EINVAL);
	if (!(op->flags & VM_MCL_CURRENT))
		return NULL;
	if (all_over_limit(m, op))
		*errors = ERROR(VM_ENOMEM);
	else
		*errors = wiring_errors(m,
		    vm_atop(bytes_of(s, false) + bytes_of(s, true)),
		    new_wirings(s), 0);
	return NULL;
}

static const char *
apply_lockall(struct model *m, const struct op *op, struct outcome *out)
{
	enum vm_wire_future how = op->flags & VM_MCL_ONFAULT ?
	    VM_FUTURE_ONFAULT :
	    VM_FUTURE_WIRED;
	struct span s = whole_space(m, op);

	learn(out, s);
	if (out->error != VM_OK)
		return NULL;
	space_of(m, op)->wire_future = op->flags & VM_MCL_FUTURE ?
	    how :
	    VM_FUTURE_PLAIN;
	if (op->flags & VM_MCL_CURRENT)
		set_wired_there(m, s, how);
	return NULL;
}

static const char *
apply_unlockall(struct model *m, const struct op *op, struct outcome *out)
{
	struct span s = whole_space(m, op);

	(void)out;
	space_of(m, op)->wire_future = VM_FUTURE_PLAIN;
	for (size_t i = 0; i < m->ncells; i++) {
		if (!s.cells[i].foreign)
			s.cells[i].wired = s.cells[i].onfault = false;
	}
	return NULL;
}

/* ------------------------------------------------------ vslock, vsunlock */

/* What is wrong with the first cell that is not to be used so. */
static int
hold_error(struct span s, vm_prot_t access)
{
	if (any(s, is_hole))
		return VM_EFAULT;
	for (size_t i = s.first; i < s.last; i++) {
		const struct cell *c = &s.cells[i];

		if (c->foreign)
			return VM_EFAULT;
		if (c->prot == VM_PROT_NONE || (c->prot & access) != access)
			return VM_EACCES;
	}
	return VM_OK;
}

static const char *
expect_vslock(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	struct op at;
	bool outside;
	struct span s;

	(void)out;
	*errors = op->len == 0 ? OK : ERROR(VM_EFAULT);
	if (op->len == 0 || !vm_range_fits(op->addr, op->len))
		return NULL;
	at = page_range(op);
	s = span_of(m, &at, &outside);
	if (outside)
		return NULL;
	*errors = ERROR(hold_error(s, op->prot));
	if (*errors == OK)
		*errors = wiring_errors(m, span_len(s), span_len(s), 0);
	if ((*errors & OK) && has_lost_page(s))
		*errors = (*errors & ~OK) | ERROR(VM_ERANGE);
	return NULL;
}

static const char *
apply_vslock(struct model *m, const struct op *op, struct outcome *out)
{
	struct hold *h = &space_of(m, op)->holds[op->object];
	struct op at;
	bool outside;
	struct span s;

	if (op->len == 0 || !vm_range_fits(op->addr, op->len))
		return NULL;
	at = page_range(op);
	s = span_of(m, &at, &outside);
	learn(out, s);
	if (out->error != VM_OK)
		return NULL;
	*h = (struct hold){ true, s.first, s.last };
	for (size_t i = s.first; i < s.last; i++)
		s.cells[i].pinned = true;
	return NULL;
}

static const char *
apply_vsunlock(struct model *m, const struct op *op, struct outcome *out)
{
	struct model_space *sp = space_of(m, op);
	struct hold was = sp->holds[op->object];

	(void)out;
	sp->holds[op->object] = (struct hold){ false, 0, 0 };
	for (size_t i = was.first; i < was.last; i++)
		sp->cells[i].pinned &= model_is_held(sp, i);
	return NULL;
}

/* ------------------------------------------------- loan, unloan, loan_to */

/* Whether any page may be wired; whether that of a cell is. */
static bool
is_anything_wired(const struct model *m)
{
	for (unsigned s = 0; s < TRACE_SPACES; s++) {
		for (size_t i = 0; i < m->ncells; i++) {
			if (model_stays(&m->spaces[s], i))
				return true;
		}
	}
	return false;
}

static bool
is_surely_wired(const struct cell *c)
{
	return c->private && !c->shared && c->below == NULL && c->wired &&
	    !c->onfault && !c->unread;
}

/* One page after the other is looked at, up to the first that cannot be. */
static uint32_t
lend_errors(struct model *m, const struct op *op)
{
	uint32_t errors = is_anything_wired(m) ? ERROR(VM_EBUSY) : 0;

	for (uint64_t done = 0; done < op->len; done += MODEL_PAGE) {
		const struct cell *c = cell_at(m, op, op->addr + done);
		int error = model_access(c, VM_PROT_READ);

		if (error != VM_OK)
			return errors | ERROR(error);
		if (is_surely_wired(c))
			return errors | ERROR(VM_EBUSY);
	}
	return errors | OK;
}

static uint32_t
loan_errors(struct model *m, const struct op *op)
{
	uint64_t npages = vm_atop(op->len);
	uint32_t errors;

	if (!is_aligned(op->addr) || !is_aligned(op->len))
		return ERROR(VM_EINVAL);
	if (!vm_range_fits(op->addr, op->len))
		return ERROR(VM_EFAULT);
	errors = wiring_limit_errors(m, npages, 0);
	if (!(errors & OK))
		return errors;
	errors = (errors & ~OK) | lend_errors(m, op);
	if (model_is_short(m, 2 * npages))
		errors |= ERROR(VM_ENOMEM);
	return errors;
}

static const char *
expect_loan(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	(void)out;
	*errors = loan_errors(m, op);
	return NULL;
}

static const char *
apply_loan(struct model *m, const struct op *op, struct outcome *out)
{
	struct loan *l = &m->loans[op->object];

	if (out->error != VM_OK)
		return NULL;
	*l = (struct loan){ .on = true, .npages = vm_atop(op->len) };
	l->bytes = malloc(op->len + 1);
	if (l->bytes == NULL)
		abort();
	for (size_t i = 0; i < l->npages; i++) {
		const struct cell *c = cell_at(m, op, op->addr + vm_ptoa(i));

		memcpy(l->bytes + vm_ptoa(i), model_bytes(c), MODEL_PAGE);
		l->vague[i] = model_is_vague(c);
	}
	return NULL;
}

static const char *
apply_unloan(struct model *m, const struct op *op, struct outcome *out)
{
	(void)out;
	loan_end(&m->loans[op->object]);
	return NULL;
}

/* The mapping that a loan becomes. */
static struct op
lent_mapping(const struct op *op)
{
	return (struct op){
		.space = (uint8_t)op->flags,
		.prot = VM_PROT_RW,
		.flags = VM_MMAP_PRIVATE,
		.addr = op->addr2,
		.len = op->len,
	};
}

static const char *
expect_loan_to(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	struct op to = lent_mapping(op);

	*errors = ERROR(VM_EINVAL);
	if (op->len == 0 || !is_aligned(op->len))
		return NULL;
	*errors = ERROR(VM_EAGAIN);
	if (vm_atop(op->len) > m->config.frames)
		return NULL;
	*errors = loan_errors(m, op);
	if ((*errors & OK) && place_errors(m, &to) != OK)
		*errors = (*errors & ~OK) | ERROR(VM_ENOMEM);
	if ((*errors & OK) && model_refuses(m, vm_atop(op->len)))
		*errors = (*errors & ~OK) | ERROR(VM_ENOMEM);
	if (wants_wiring(m, &to) || model_is_short(m, 3 * vm_atop(op->len)))
		*errors |= ERROR(VM_ENOMEM) | ERROR(VM_EAGAIN);
	return out->error != VM_OK ? NULL :
				     check_place(m, &to, out->addr, op->len, 0);
}

static const char *
apply_loan_to(struct model *m, const struct op *op, struct outcome *out)
{
	struct op to = lent_mapping(op);
	bool outside;
	struct span s;

	if (out->error != VM_OK)
		return NULL;
	to.addr = out->addr;
	s = span_of(m, &to, &outside);
	map_cells(m, &to, s);
	for (size_t i = s.first; i < s.last; i++)
		cell_borrow(&s.cells[i],
		    cell_at(m, op, op->addr + vm_ptoa(i - s.first)));
	if (wants_wiring(m, &to))
		set_wired(s, VM_FUTURE_ONFAULT);
	return NULL;
}

/* -------------------------------------------------------------- extract */

static struct op
extract_target(const struct op *op)
{
	return (struct op){
		.space = op->object,
		.addr = op->addr2,
		.len = op->len,
	};
}

static uint32_t
extract_arg_errors(struct model *m, const struct op *op)
{
	struct op to = extract_target(op);
	bool outside, fixed = (op->flags & VM_EXTRACT_FIXED) != 0;

	if (op->len == 0 || !is_aligned(op->addr) || !is_aligned(op->len) ||
	    !vm_range_fits(op->addr, op->len) ||
	    (fixed &&
		(!is_aligned(to.addr) || !vm_range_fits(to.addr, to.len))))
		return ERROR(VM_EINVAL);
	if ((op->flags & VM_EXTRACT_QREF) && (op->flags & OP_DONATE))
		return ERROR(VM_EINVAL);
	(void)span_of(m, op, &outside);
	if (!outside && fixed)
		(void)span_of(m, &to, &outside);
	return outside ? ERROR(VM_EINVAL) : OK;
}

static uint32_t
extract_place_errors(struct model *m, const struct op *op)
{
	struct op to = extract_target(op);
	bool outside;

	if (op->flags & VM_EXTRACT_FIXED)
		return any(span_of(m, &to, &outside), is_mapped) ?
		    ERROR(VM_EEXIST) :
		    OK;
	return has_room(m, &m->spaces[op->object], op->len, 0) ?
	    OK :
	    ERROR(VM_ENOMEM);
}

static bool
is_held(const struct model_space *sp, size_t i)
{
	for (unsigned h = 0; h < TRACE_HOLDS; h++) {
		if (sp->holds[h].on && sp->holds[h].first <= i &&
		    i < sp->holds[h].last)
			return true;
	}
	return false;
}

/* Why a page may not be passed on. */
static int
pass_error(struct model *m, const struct op *op, size_t i)
{
	const struct model_space *sp = space_of(m, op);
	const struct cell *c = &sp->cells[i];

	if (!c->mapped)
		return op->flags & VM_EXTRACT_CONTIG ? VM_EFAULT : VM_OK;
	if (c->foreign)
		return VM_EFAULT;
	if (!(op->flags & OP_DONATE))
		return VM_OK;
	if (c->immutable)
		return VM_EPERM;
	return c->wired || is_held(sp, i) ? VM_EBUSY : VM_OK;
}

static uint32_t
pass_errors(struct model *m, const struct op *op)
{
	bool outside;
	struct span s = span_of(m, op, &outside);
	int error = VM_OK;

	if (!any(s, is_mapped))
		return ERROR(VM_EFAULT);
	for (size_t i = s.first; i < s.last && error == VM_OK; i++)
		error = pass_error(m, op, i);
	return ERROR(error);
}

static const char *
expect_extract(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	struct op to = extract_target(op);

	*errors = extract_arg_errors(m, op);
	if (*errors == OK)
		*errors = extract_place_errors(m, op);
	if (*errors == OK)
		*errors = pass_errors(m, op);
	if ((*errors & OK) && model_is_short(m, m->ncells))
		*errors |= ERROR(VM_ENOMEM);
	return out->error != VM_OK || !(*errors & OK) ?
	    NULL :
	    check_place(m, &to, out->addr, op->len, 0);
}

/* What arrives is not wired, and can be changed. */
static void
arrive(struct cell *c, const struct op *op)
{
	c->wired = c->onfault = c->unread = c->pinned = c->immutable = false;
	if (c->guard)
		return;
	if (op->flags & VM_EXTRACT_PROT_ALL)
		c->max_prot = VM_PROT_ALL;
	if (op->flags & (VM_EXTRACT_PROT_ALL | VM_EXTRACT_FIXPROT))
		c->prot = c->max_prot;
	cell_charge(c);
}

static void
pass_cell(struct cell *to, struct cell *from, const struct op *op)
{
	if (op->flags & OP_DONATE) {
		*to = *from;
		memset(from, 0, sizeof(*from));
	} else if (from->guard) {
		*to = *from;
	} else if (op->flags & OP_COPY) {
		cell_copy(to, from);
		if (!from->private)
			to->inherit = VM_INHERIT_COPY;
	} else {
		cell_share(to, from);
	}
	arrive(to, op);
}

static const char *
apply_extract(struct model *m, const struct op *op, struct outcome *out)
{
	struct cell taken[MODEL_CELLS] = { 0 };
	struct op to = extract_target(op);
	struct span from, at;
	bool outside;

	if (out->error != VM_OK)
		return NULL;
	to.addr = out->addr;
	from = span_of(m, op, &outside);
	at = span_of(m, &to, &outside);
	for (size_t i = from.first; i < from.last; i++) {
		if (from.cells[i].mapped)
			pass_cell(&taken[i - from.first], &from.cells[i], op);
	}
	for (size_t i = at.first; i < at.last; i++) {
		if (taken[i - at.first].mapped)
			at.cells[i] = taken[i - at.first];
	}
	return NULL;
}

/* --------------------------------------------------------------- advise */

/* Private contents go, but not if they were ever shared. */
static void
discard(struct cell *c)
{
	struct slot *fresh;

	c->pinned = false;
	if (c->slot == NULL || c->slot->bytes == NULL || c->shared)
		return;
	fresh = slot_create(NULL);
	slot_unref(c->slot);
	c->slot = fresh;
}

static int
discard_error(const struct cell *c)
{
	if (c->immutable)
		return VM_EPERM;
	return c->wired || c->foreign ? VM_EINVAL : VM_OK;
}

static int
set_inherit(struct cell *c, enum vm_inherit inherit)
{
	if (c->immutable)
		return VM_EPERM;
	c->inherit = (uint8_t)inherit;
	return VM_OK;
}

/* One cell; an error ends it. */
static int
advise_cell(struct cell *c, enum vm_madvise advice)
{
	switch (advice) {
	case VM_MADV_NORMAL:
		c->advice = VM_ADV_NORMAL;
		break;
	case VM_MADV_RANDOM:
		c->advice = VM_ADV_RANDOM;
		break;
	case VM_MADV_SEQUENTIAL:
		c->advice = VM_ADV_SEQUENTIAL;
		break;
	case VM_MADV_DISCARD:
	case VM_MADV_FREE:
		if (discard_error(c) != VM_OK)
			return discard_error(c);
		if (advice == VM_MADV_DISCARD || c->below == NULL)
			discard(c);
		break;
	case VM_MADV_DOFORK:
		return set_inherit(c,
		    c->private ? VM_INHERIT_COPY : VM_INHERIT_SHARE);
	case VM_MADV_DONTFORK:
		return set_inherit(c, VM_INHERIT_NONE);
	case VM_MADV_WIPEONFORK:
		if (!c->private || c->below != NULL)
			return VM_EINVAL;
		return set_inherit(c, VM_INHERIT_ZERO);
	case VM_MADV_KEEPONFORK:
		if (c->inherit == VM_INHERIT_ZERO)
			return set_inherit(c, VM_INHERIT_COPY);
		break;
	default:
		break;
	}
	return VM_OK;
}

/* What a cell answers to advice, before it follows. */
static int
advice_error(const struct cell *c, enum vm_madvise advice)
{
	struct cell copy = *c;

	switch (advice) {
	case VM_MADV_DISCARD:
	case VM_MADV_FREE:
		return discard_error(c);
	default:
		return advise_cell(&copy, advice);
	}
}

/* Files of the test cannot be punched. */
static int
remove_error(const struct cell *c)
{
	if (c->immutable)
		return VM_EPERM;
	if (c->wired || c->foreign || c->below == NULL)
		return VM_EINVAL;
	if (c->private || !(c->max_prot & VM_PROT_WRITE))
		return VM_EACCES;
	return c->below->is_file ? VM_EINVAL : VM_OK;
}

/* Of the first that refuses; then of the holes that were passed over. */
static uint32_t
remove_errors(struct span s)
{
	for (size_t i = s.first; i < s.last; i++)
		if (s.cells[i].mapped && remove_error(&s.cells[i]) != VM_OK)
			return ERROR(remove_error(&s.cells[i]));
	return any(s, is_hole) ? ERROR(VM_ENOMEM) : OK;
}

static uint32_t
populate_errors(struct model *m, const struct op *op, struct span s)
{
	vm_prot_t access = op->flags == VM_MADV_POPULATE_WRITE ? VM_PROT_WRITE :
								 VM_PROT_READ;
	uint32_t errors = model_is_short(m, 2 * span_len(s)) ?
	    ERROR(VM_ENOMEM) :
	    0;

	for (size_t i = s.first; i < s.last; i++) {
		int error = model_access(&s.cells[i], access);

		if (error == VM_EFAULT)
			return errors | ERROR(VM_ENOMEM);
		if (error != VM_OK)
			return errors | ERROR(error);
	}
	return errors | OK;
}

static const char *
expect_advise(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	enum vm_madvise advice = (enum vm_madvise)op->flags;
	bool outside;
	struct span s;

	(void)out;
	*errors = range_errors(op, true) == OK ? OK : ERROR(VM_EINVAL);
	if (*errors != OK || op->len == 0)
		return NULL;
	s = span_of(m, op, &outside);
	*errors = outside ? ERROR(VM_ENOMEM) : OK;
	if (outside)
		return NULL;
	if (any(s, is_hole))
		*errors = ERROR(VM_ENOMEM);
	if (advice == VM_MADV_REMOVE)
		*errors = remove_errors(s);
	for (size_t i = s.last; i-- > s.first;) {
		int error = s.cells[i].mapped ?
		    advice_error(&s.cells[i], advice) :
		    VM_OK;

		if (error != VM_OK)
			*errors = ERROR(error);
	}
	if (advice == VM_MADV_POPULATE_READ || advice == VM_MADV_POPULATE_WRITE)
		*errors = populate_errors(m, op, s);
	return NULL;
}

/* Bytes that all who map a page of shared memory see are gone. */
static void
remove_cells(struct model *m, struct span s)
{
	for (size_t i = s.first; i < s.last; i++) {
		struct cell *c = &s.cells[i];

		if (!c->mapped)
			continue;
		if (remove_error(c) != VM_OK)
			return;
		memset(thing_page(c->below, c->pindex), 0, MODEL_PAGE);
		unpin(m, c->below);
	}
}

/* It goes on up to the first cell that does not take it. */
static const char *
apply_advise(struct model *m, const struct op *op, struct outcome *out)
{
	enum vm_madvise advice = (enum vm_madvise)op->flags;
	bool outside;
	struct span s;

	if (range_errors(op, true) != OK || op->len == 0)
		return NULL;
	s = span_of(m, op, &outside);
	if (outside)
		return NULL;
	if (advice == VM_MADV_REMOVE)
		remove_cells(m, s);
	for (size_t i = s.first; i < s.last; i++) {
		if (s.cells[i].mapped &&
		    advise_cell(&s.cells[i], advice) != VM_OK)
			break;
	}
	if (advice == VM_MADV_POPULATE_WRITE)
		learn(out, s);
	return NULL;
}

/* --------------------------------------------------------- incore, sync */

static const char *
expect_incore(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	(void)out;
	if (range_errors(op, true) != OK)
		*errors = ERROR(VM_EINVAL);
	else
		*errors = op->len == 0         ? OK :
		    mapped_errors(m, op) == OK ? OK :
						 ERROR(VM_ENOMEM);
	return NULL;
}

/* What has been written and has no other home is there; what was out when it
 * was locked on faults, or could not be read, comes with the next.  What allows
 * no access is wired only when it does again. */
static bool
must_be_in_core(const struct model *m, const struct cell *c)
{
	return c->slot != NULL && c->slot->bytes != NULL &&
	    (m->config.swap == 0 ||
		(c->wired && c->prot != VM_PROT_NONE && !c->onfault &&
		    !c->unread));
}

static const char *
apply_incore(struct model *m, const struct op *op, struct outcome *out)
{
	bool outside;
	struct span s;

	if (out->error != VM_OK || op->len == 0)
		return NULL;
	s = span_of(m, op, &outside);
	for (size_t i = s.first; i < s.last; i++) {
		if (must_be_in_core(m, &s.cells[i]) && !out->vec[i - s.first])
			return complain("0x%" PRIx64 " is not in core",
			    model_va(m, i));
	}
	return NULL;
}

static bool
is_async(const struct op *op)
{
	return (op->flags & VM_MS_ASYNC) && !(op->flags & VM_MS_INVALIDATE);
}

/* What is only begun fails later: it is told of the next time, which may be
 * for the next part of the range. */
static uint32_t
sync_error(const struct thing *t, const struct op *op)
{
	uint32_t e = error_of(t);

	return is_async(op) && t->failing && t->failed != SURE_YES ? e | OK : e;
}

/* When nobody was told of it here, somebody will be. */
static void
tell(struct thing *t, const struct op *op, int error)
{
	if (!is_async(op) || !t->failing)
		is_told(t);
	else
		t->failed = error == VM_EIO ? SURE_MAYBE : SURE_YES;
}

/* Of the first part that is wired, or of a file that has one; or else. */
static uint32_t
sync_errors(struct span s, const struct op *op, uint32_t otherwise)
{
	uint32_t errors = 0;

	for (size_t i = s.first; i < s.last; i++) {
		const struct thing *t = s.cells[i].below;
		uint32_t e = OK;

		if ((op->flags & VM_MS_INVALIDATE) && is_wired(&s.cells[i]))
			return errors | ERROR(VM_EBUSY);
		if (t != NULL && t->is_file)
			e = sync_error(t, op);
		errors |= e & ~OK;
		if (!(e & OK))
			return errors;
	}
	return errors | otherwise;
}

static const char *
expect_sync(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	uint32_t both = VM_MS_ASYNC | VM_MS_SYNC;
	bool outside;
	struct span s;

	(void)out;
	*errors = ERROR(VM_EINVAL);
	if (!is_aligned(op->addr) || (op->flags & both) == both)
		return NULL;
	*errors = ERROR(VM_ENOMEM);
	if (!vm_range_fits(op->addr, op->len))
		return NULL;
	*errors = OK;
	if (op->len == 0)
		return NULL;
	s = span_of(m, op, &outside);
	if (outside || any(s, is_hole))
		*errors = ERROR(VM_ENOMEM);
	*errors = sync_errors(s, op, *errors);
	return NULL;
}

/* Files are asked one after the other, up to the first error. */
static const char *
apply_sync(struct model *m, const struct op *op, struct outcome *out)
{
	bool outside;
	struct span s;

	if (out->error == VM_EINVAL || !vm_range_fits(op->addr, op->len))
		return NULL;
	s = span_of(m, op, &outside);
	for (size_t i = s.first; i < s.last; i++) {
		struct thing *t = s.cells[i].below;
		uint32_t e;

		if ((op->flags & VM_MS_INVALIDATE) && is_wired(&s.cells[i]))
			break;
		if (t == NULL || !t->is_file)
			continue;
		e = sync_error(t, op);
		tell(t, op, out->error);
		if (out->error == VM_EIO && !(e & OK))
			break;
	}
	for (size_t i = s.first; i < s.last; i++) {
		struct thing *t = s.cells[i].below;

		if (t != NULL && t->failed == SURE_MAYBE)
			t->failing = false;
	}
	return NULL;
}

/* ------------------------------------------------------------------- brk */

static const char *
expect_brk(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	struct model_space *sp = space_of(m, op);
	struct op at = { .space = op->space };
	uint64_t old_end = vm_round_page(sp->brk_end);
	bool outside;
	struct span s;

	(void)out;
	*errors = OK;
	if (op->addr == 0)
		return NULL;
	*errors = ERROR(VM_ENOMEM);
	if (op->addr < sp->brk_start || !vm_range_fits(op->addr, 0))
		return NULL;
	at.addr = old_end < vm_round_page(op->addr) ? old_end :
						      vm_round_page(op->addr);
	at.len = old_end + vm_round_page(op->addr) - 2 * at.addr;
	s = span_of(m, &at, &outside);
	if (at.addr < old_end)
		*errors = any(s, is_fixed) ? ERROR(VM_EPERM) : OK;
	else if (!outside && !any(s, is_mapped))
		*errors = OK;
	if (*errors != OK || at.addr != old_end || !sp->wire_future)
		return NULL;
	if (over_wired_limit(m, sp, at.len))
		*errors = ERROR(VM_ENOMEM);
	else if (at.len != 0)
		*errors = wiring_errors(m, vm_atop(at.len), vm_atop(at.len), 0);
	if (*errors & ERROR(VM_EAGAIN)) /* brk knows one error */
		*errors = (*errors & OK) | ERROR(VM_ENOMEM);
	return NULL;
}

static void
map_heap(struct model *m, const struct op *op, uint64_t start, uint64_t end)
{
	struct op at = {
		.space = op->space,
		.prot = VM_PROT_RW,
		.flags = VM_MMAP_PRIVATE,
		.addr = start,
		.len = end - start,
	};
	bool outside;
	struct span s = span_of(m, &at, &outside);

	map_cells(m, &at, s);
	set_wired_there(m, s, space_of(m, op)->wire_future);
}

static const char *
apply_brk(struct model *m, const struct op *op, struct outcome *out)
{
	struct model_space *sp = space_of(m, op);
	uint64_t old_end = vm_round_page(sp->brk_end);
	uint64_t new_end = vm_round_page(op->addr);
	size_t i;

	if (out->error == VM_OK && op->addr != 0) {
		if (new_end > old_end)
			map_heap(m, op, old_end, new_end);
		for (; old_end > new_end; old_end -= MODEL_PAGE) {
			i = model_index(m, old_end - MODEL_PAGE);
			cell_clear(&sp->cells[i]);
		}
		sp->brk_end = op->addr;
	}
	if (out->addr != sp->brk_end)
		return complain("the break is 0x%" PRIx64
				", expected 0x%" PRIx64,
		    out->addr, sp->brk_end);
	return NULL;
}

/* ------------------------------------------------------------------- fork */

/* Pages that somebody has wired are copied at once, others later. */
static const char *
expect_fork(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	uint64_t now = wired_everywhere(m);

	(void)op, (void)out;
	*errors = OK;
	if (m->used != 0) /* any page may be copied now */
		now = m->ncells;
	if (now != 0 && model_is_short(m, now))
		*errors |= ERROR(VM_ENOMEM);
	return NULL;
}

/* ------------------------------------------------------------ checkpoints */

/* What a checkpoint has of a cell, and a space of one of a checkpoint; whether
 * it is wired it only remembers. */
static void
keep_cell(struct cell *to, struct cell *from)
{
	if (!from->mapped)
		return;
	if (from->foreign || from->guard) {
		*to = *from;
	} else if (from->private && !from->shared) {
		cell_copy(to, from);
		cell_charge(to);
	} else {
		cell_share(to, from);
	}
	to->pinned = false;
	to->unread = to->wired;
}

static void
keep_space(struct model *m, struct model_space *to, struct model_space *from)
{
	to->design = from->design;
	to->alive = true;
	to->wire_future = from->wire_future;
	to->brk_start = from->brk_start;
	to->brk_end = from->brk_end;
	to->stack_limit = from->stack_limit;
	for (size_t i = 0; i < m->ncells; i++)
		keep_cell(&to->cells[i], &from->cells[i]);
}

static struct model_space *
point_of(struct model *m, const struct op *op)
{
	return &m->points[op->object];
}

static const char *
apply_take(struct model *m, const struct op *op, struct outcome *out)
{
	if (out->error == VM_OK)
		keep_space(m, point_of(m, op), space_of(m, op));
	return NULL;
}

static const char *
apply_branch(struct model *m, const struct op *op, struct outcome *out)
{
	struct model_space *sp = &m->spaces[op->flags];

	if (out->error != VM_OK)
		return NULL;
	keep_space(m, sp, point_of(m, op));
	sp->wire_future = VM_FUTURE_PLAIN;
	for (size_t i = 0; i < m->ncells; i++)
		sp->cells[i].wired = sp->cells[i].onfault =
		    sp->cells[i].unread = false;
	return NULL;
}

/* What is to be locked again may be more than others leave. */
static const char *
expect_back(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	struct span all = { point_of(m, op)->cells, 0, m->ncells };

	(void)out;
	*errors = OK;
	if (any(all, is_wired))
		*errors |= ERROR(VM_EAGAIN);
	return NULL;
}

static const char *
apply_back(struct model *m, const struct op *op, struct outcome *out)
{
	if (out->error != VM_OK)
		return NULL;
	clear_all(m, space_of(m, op));
	keep_space(m, space_of(m, op), point_of(m, op));
	return NULL;
}

static const char *
apply_drop(struct model *m, const struct op *op, struct outcome *out)
{
	(void)out;
	clear_all(m, point_of(m, op));
	point_of(m, op)->alive = false;
	return NULL;
}

/* ------------------------------------------------------------------ remap */

/* How a remap goes, once it is known to be right. */
struct remap {
	struct span old;
	size_t old_n, new_n; /* pages */
	bool duplicate, fixed, keep, maymove;
	bool in_place;
};

static bool
overlap(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
	return a < b + blen && b < a + alen;
}

static struct op
remap_target(const struct op *op)
{
	return (struct op){
		.space = op->space,
		.addr = op->addr2,
		.len = vm_round_page(op->len2),
	};
}

static bool
remap_args_are_bad(struct model *m, const struct op *op)
{
	struct op to;
	bool outside;

	if (op->len2 == 0 || !is_aligned(op->addr) ||
	    !vm_range_fits(op->addr, op->len) || !vm_range_fits(0, op->len2))
		return true;
	if ((op->flags & (VM_MREMAP_FIXED | VM_MREMAP_KEEP)) &&
	    !(op->flags & (VM_MREMAP_MAYMOVE | VM_MREMAP_DUPLICATE)))
		return true;
	if (!(op->flags & VM_MREMAP_FIXED))
		return false;
	if (!is_aligned(op->addr2) || !vm_range_fits(op->addr2, op->len2))
		return true;
	to = remap_target(op);
	(void)span_of(m, &to, &outside);
	return outside ||
	    overlap(op->addr, vm_round_page(op->len), to.addr, to.len);
}

/* What is wrong with the old range: a hole, or else the first that is. */
static int
old_error(struct span s)
{
	if (any(s, is_hole))
		return VM_EFAULT;
	for (size_t i = s.first; i < s.last; i++) {
		if (s.cells[i].foreign || s.cells[i].guard)
			return VM_EFAULT;
		if (s.cells[i].immutable)
			return VM_EPERM;
	}
	return VM_OK;
}

/* An old length of 0 is another mapping of what is shared at that page. */
static uint32_t
remap_plan(struct model *m, const struct op *op, struct remap *r)
{
	struct op from = *op;
	struct cell *c;
	bool outside;

	*r = (struct remap){
		.duplicate = op->len == 0 || (op->flags & VM_MREMAP_DUPLICATE),
		.fixed = (op->flags & VM_MREMAP_FIXED) != 0,
		.keep = (op->flags & VM_MREMAP_KEEP) != 0,
		.maymove = (op->flags & VM_MREMAP_MAYMOVE) != 0,
	};
	from.len = op->len != 0 ? op->len : MODEL_PAGE;
	if (!vm_range_fits(from.addr, from.len))
		return ERROR(VM_EFAULT);
	r->old = span_of(m, &from, &outside);
	if (outside)
		return ERROR(VM_EFAULT);
	c = &r->old.cells[r->old.first];
	if (op->len == 0 && c->mapped &&
	    (c->private || c->foreign || !r->maymove))
		return ERROR(VM_EINVAL);
	r->old_n = span_len(r->old);
	r->new_n = (size_t)vm_atop(vm_round_page(op->len2));
	return ERROR(old_error(r->old));
}

/* The pages behind the old range are free, or there are none to be had. */
static bool
can_grow(struct model *m, const struct remap *r)
{
	struct span s = r->old;

	if (r->new_n - r->old_n > m->ncells - r->old.last)
		return false;
	s.first = r->old.last;
	s.last = s.first + r->new_n - r->old_n;
	return !any(s, is_mapped);
}

static bool
same_attributes(const struct cell *a, const struct cell *b)
{
	return a->prot == b->prot && a->max_prot == b->max_prot &&
	    a->inherit == b->inherit && a->advice == b->advice &&
	    a->wired == b->wired && a->private == b->private &&
	    a->below == b->below;
}

/* Only one mapping of zeroes can be left behind. */
static uint32_t
keep_errors(const struct remap *r)
{
	const struct cell *first = &r->old.cells[r->old.first];

	if (r->new_n != r->old_n || !first->private || first->below != NULL)
		return ERROR(VM_EINVAL);
	for (size_t i = r->old.first; i < r->old.last; i++) {
		if (!same_attributes(first, &r->old.cells[i]))
			return ERROR(VM_EINVAL);
	}
	return OK;
}

static uint32_t
room_errors(struct model *m, const struct op *op, const struct remap *r)
{
	struct op to = remap_target(op);
	bool outside;

	if (r->fixed)
		return any(span_of(m, &to, &outside), is_fixed) ?
		    ERROR(VM_EPERM) :
		    OK;
	return has_room(m, space_of(m, op), to.len, 0) ? OK : ERROR(VM_ENOMEM);
}

static uint64_t
to_len(const struct remap *r)
{
	return r->new_n * MODEL_PAGE;
}

/* What grows behind a wired page is wired, and has to fit. */
static uint32_t
growth_errors(struct model *m, const struct op *op)
{
	uint64_t old_len = vm_round_page(op->len);
	uint64_t new_len = vm_round_page(op->len2);
	uint64_t last = op->addr + old_len - MODEL_PAGE;

	if (old_len == 0 || new_len <= old_len ||
	    (op->flags & VM_MREMAP_DUPLICATE) || !cell_at(m, op, last)->wired)
		return OK;
	if (over_wired_limit(m, space_of(m, op), new_len - old_len))
		return ERROR(VM_ENOMEM);
	if (cell_at(m, op, last)->prot == VM_PROT_NONE)
		return OK;
	return wiring_limit_errors(m, vm_atop(new_len - old_len), 0);
}

static uint32_t
remap_move_errors(struct model *m, const struct op *op, struct remap *r)
{
	uint32_t errors = remap_plan(m, op, r);

	if (errors != OK)
		return errors;
	if (op->len == 0 && r->fixed &&
	    overlap(op->addr, to_len(r), op->addr2, to_len(r)))
		return ERROR(VM_EINVAL) |
		    (overlap(op->addr, MODEL_PAGE, op->addr2, to_len(r)) ?
			    0 :
			    room_errors(m, op, r));
	if (r->duplicate)
		return room_errors(m, op, r);
	r->in_place = !r->fixed && !r->keep &&
	    (r->new_n <= r->old_n || can_grow(m, r));
	if (r->in_place)
		return OK;
	if (!r->maymove)
		return ERROR(VM_ENOMEM);
	errors = r->keep ? keep_errors(r) : OK;
	if (errors & OK)
		errors = (errors & ~OK) | room_errors(m, op, r);
	return errors;
}

static uint32_t
remap_errors(struct model *m, const struct op *op, struct remap *r)
{
	uint32_t errors, growth;

	if (remap_args_are_bad(m, op))
		return ERROR(VM_EINVAL);
	errors = remap_move_errors(m, op, r);
	growth = growth_errors(m, op);
	return growth & OK ? errors | (growth & ~OK) : (errors & ~OK) | growth;
}

static const char *
expect_remap(struct model *m, const struct op *op, const struct outcome *out,
    uint32_t *errors)
{
	struct remap r;

	*errors = remap_errors(m, op, &r);
	if (out->error != VM_OK || !(*errors & OK))
		return NULL;
	if (r.in_place && out->addr != op->addr)
		return complain("moved to 0x%" PRIx64 " without need",
		    out->addr);
	if (r.fixed && out->addr != op->addr2)
		return complain("moved to 0x%" PRIx64 ", not where asked",
		    out->addr);
	if (!r.in_place && !r.fixed)
		return check_place(m, op, out->addr, op->len2, 0);
	return NULL;
}

/* Cells that continue the last one. */
static void
grow_cells(struct cell *cells, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct cell like = cells[i - 1];

		like.shared = false;
		put_cell(&cells[i], &like, like.below, like.pindex + 1);
	}
}

/* What an old cell leaves when only its contents go. */
static void
leave_zeroes(struct cell *c, const struct cell *moved)
{
	struct cell like = *moved;

	like.wired = like.onfault = like.shared = like.stack = false;
	put_cell(c, &like, NULL, 0);
}

static void
take_cell(struct cell *to, struct cell *from, const struct remap *r)
{
	if (r->duplicate) {
		cell_share(to, from);
		to->wired = to->onfault = false;
		return;
	}
	*to = *from;
	to->pinned = false;
	memset(from, 0, sizeof(*from));
	if (r->keep)
		leave_zeroes(from, to);
}

static void
remap_elsewhere(struct model *m, const struct op *op, const struct remap *r,
    uint64_t to)
{
	struct cell taken[MODEL_CELLS] = { 0 };
	struct cell *cells = space_of(m, op)->cells;
	size_t n = r->old_n < r->new_n ? r->old_n : r->new_n;
	size_t first = model_index(m, to);

	for (size_t i = 0; i < n; i++)
		take_cell(&taken[i], &cells[r->old.first + i], r);
	for (size_t i = r->old.first + n; i < r->old.last && !r->duplicate; i++)
		cell_clear(&cells[i]);
	grow_cells(taken, n, r->new_n);
	for (size_t i = 0; i < r->new_n; i++) {
		cell_clear(&cells[first + i]);
		cells[first + i] = taken[i];
	}
}

static const char *
apply_remap(struct model *m, const struct op *op, struct outcome *out)
{
	struct remap r;
	size_t first, i;

	if (out->error != VM_OK || remap_errors(m, op, &r) == 0)
		return NULL;
	first = model_index(m, out->addr);
	if (!r.in_place)
		remap_elsewhere(m, op, &r, out->addr);
	for (i = first + r.new_n; r.in_place && i < r.old.last; i++)
		cell_clear(&r.old.cells[i]);
	if (r.in_place)
		grow_cells(r.old.cells, r.old.last, first + r.new_n);
	learn(out, (struct span){ r.old.cells, first, first + r.new_n });
	return NULL;
}

/* ----------------------------------------------------------------- rules */

struct rule {
	const char *(*expect)(struct model *, const struct op *,
	    const struct outcome *, uint32_t *errors);
	const char *(
	    *apply)(struct model *, const struct op *, struct outcome *);
};

static const struct rule rules[OP_KINDS] = {
	[OP_CREATE] = { expect_success, apply_create },
	[OP_MAP] = { expect_map, apply_map },
	[OP_UNMAP] = { expect_unmap, apply_unmap },
	[OP_PROTECT] = { expect_protect, apply_protect },
	[OP_INHERIT] = { expect_inherit, apply_inherit },
	[OP_REMAP] = { expect_remap, apply_remap },
	[OP_ADVISE] = { expect_advise, apply_advise },
	[OP_INCORE] = { expect_incore, apply_incore },
	[OP_SYNC] = { expect_sync, apply_sync },
	[OP_LOCK] = { expect_lock, apply_lock },
	[OP_UNLOCK] = { expect_unlock, apply_unlock },
	[OP_LOCKALL] = { expect_lockall, apply_lockall },
	[OP_UNLOCKALL] = { expect_success, apply_unlockall },
	[OP_BRK] = { expect_brk, apply_brk },
	[OP_FORK] = { expect_fork, apply_fork },
	[OP_EXIT] = { expect_success, apply_exit },
	[OP_RESET] = { expect_success, apply_reset },
	[OP_READ] = { expect_access, apply_access },
	[OP_WRITE] = { expect_access, apply_access },
	[OP_EXEC] = { expect_access, apply_access },
	[OP_COPYIN] = { expect_access, apply_access },
	[OP_COPYOUT] = { expect_access, apply_access },
	[OP_FILE_READ] = { expect_file, apply_file_read },
	[OP_FILE_WRITE] = { expect_file, apply_file_write },
	[OP_FILE_SIZE] = { expect_file, apply_file_size },
	[OP_FORGET] = { expect_success, apply_nothing },
	[OP_RENEW] = { expect_success, apply_renew },
	[OP_FREEZE] = { expect_freeze, apply_freeze },
	[OP_STACK] = { expect_stack, apply_stack },
	[OP_SWAP_ON] = { expect_success, apply_nothing },
	[OP_SWAP_OFF] = { expect_swap_off, apply_nothing },
	[OP_SWAP_FAIL] = { expect_success, apply_nothing },
	[OP_FILE_FAIL] = { expect_success, apply_nothing },
	[OP_VSLOCK] = { expect_vslock, apply_vslock },
	[OP_VSUNLOCK] = { expect_success, apply_vsunlock },
	[OP_SWAP_HOLD] = { expect_success, apply_nothing },
	[OP_FILE_HOLD] = { expect_success, apply_nothing },
	[OP_LET_GO] = { expect_success, apply_nothing },
	[OP_LOAN] = { expect_loan, apply_loan },
	[OP_UNLOAN] = { expect_success, apply_unloan },
	[OP_LOAN_TO] = { expect_loan_to, apply_loan_to },
	[OP_EXTRACT] = { expect_extract, apply_extract },
	[OP_STACK_CHECK] = { expect_stack_check, apply_nothing },
	[OP_TAKE] = { expect_fork, apply_take },
	[OP_BRANCH] = { expect_success, apply_branch },
	[OP_BACK] = { expect_back, apply_back },
	[OP_DROP] = { expect_success, apply_drop },
};

/* Where in the file a shared cell ends within the page; a page otherwise. */
static uint64_t
writable_part(const struct cell *c)
{
	const struct thing *t = c->below;
	uint64_t start = vm_ptoa(c->pindex);

	if (t == NULL || !t->is_file || c->private || t->size < start ||
	    t->size - start >= MODEL_PAGE)
		return MODEL_PAGE;
	return t->size - start;
}

/*
 * No further than into the end of a file.  And not from private memory on into
 * shared: pages made ahead of the first fault may be copies of what the rest
 * of the write changes, and nobody says whether they are made before or after.
 */
static void
limit_write(struct model *m, struct op *op)
{
	bool copies = false;

	for (uint64_t done = 0; done < op->len;) {
		uint64_t va = op->addr + done, off = va % MODEL_PAGE;
		const struct cell *c = cell_at(m, op, va);
		uint64_t part = writable_part(c);

		if (copies && !c->private && m->config.zero_ahead != 0) {
			op->len = done;
			return;
		}
		copies |= c->private;
		if (part < MODEL_PAGE && off + op->len - done > part) {
			op->len = done + (part > off ? part - off : 0);
			return;
		}
		done += MODEL_PAGE - off;
	}
}

static bool
is_of_file(const struct op *op)
{
	return op->kind == OP_FILE_READ || op->kind == OP_FILE_WRITE ||
	    op->kind == OP_FILE_SIZE;
}

static bool
takes_object(const struct op *op)
{
	uint64_t room = (uint64_t)MEMFILE_PAGES * MODEL_PAGE;

	if (op->kind == OP_RENEW)
		return op->object != 0;
	return op->object != 0 && op->object <= TRACE_FILES &&
	    op->addr <= room && op->len <= room - op->addr &&
	    (op->kind == OP_FILE_SIZE || op->len <= OP_BYTES_MAX);
}

static bool
takes_point(struct model *m, const struct op *op)
{
	const struct model_space *pt = point_of(m, op);

	if (op->object >= TRACE_POINTS || pt->alive != (op->kind != OP_TAKE))
		return false;
	if (op->kind == OP_BRANCH)
		return op->flags < TRACE_SPACES && !m->spaces[op->flags].alive;
	return op->kind != OP_BACK || space_of(m, op)->design == pt->design;
}

bool
model_takes(struct model *m, struct op *op)
{
	if (is_of_file(op) || op->kind == OP_RENEW)
		return takes_object(op);
	if (op->kind == OP_FORGET || op->kind == OP_LET_GO)
		return true;
	if (op->kind == OP_FILE_HOLD)
		return op->object != 0 && op->object <= TRACE_FILES;
	if (op->kind == OP_SWAP_HOLD)
		return op->object < TRACE_SWAPS;
	if (op->kind == OP_FILE_FAIL)
		return op->object != 0 && op->object <= TRACE_FILES &&
		    op->flags < BADFILE_WHATS && op->value != 0;
	if (op->kind >= OP_SWAP_ON && op->kind <= OP_SWAP_FAIL)
		return op->object < TRACE_SWAPS && op->flags < 3;
	if (op->kind == OP_UNLOAN)
		return op->object < TRACE_LOANS && m->loans[op->object].on;
	if (op->kind >= OP_TAKE && op->kind <= OP_DROP && !takes_point(m, op))
		return false;
	if (op->kind == OP_BRANCH || op->kind == OP_DROP)
		return true;
	if (space_of(m, op)->alive != (op->kind != OP_CREATE))
		return false;
	if (op->kind == OP_FORK)
		return op->flags < TRACE_SPACES && !m->spaces[op->flags].alive;
	if (op->kind == OP_VSLOCK || op->kind == OP_VSUNLOCK)
		return op->object < TRACE_HOLDS &&
		    space_of(m, op)->holds[op->object].on ==
		    (op->kind == OP_VSUNLOCK);
	if (op->kind == OP_LOAN)
		return op->object < TRACE_LOANS && !m->loans[op->object].on;
	if (op->kind == OP_EXTRACT)
		return op->object < TRACE_SPACES &&
		    m->spaces[op->object].alive &&
		    m->spaces[op->object].design->cow ==
		    space_of(m, op)->design->cow;
	if (op->kind == OP_LOAN_TO)
		return op->flags < TRACE_SPACES && m->spaces[op->flags].alive;
	if (op->kind == OP_WRITE || op->kind == OP_COPYOUT)
		limit_write(m, op);
	return true;
}

/* Whether the pages of an operation are touched one after the other. */
static bool
touches(const struct op *op, vm_prot_t *access)
{
	*access = model_access_of(op);
	switch ((enum op_kind)op->kind) {
	case OP_READ:
	case OP_WRITE:
	case OP_EXEC:
	case OP_COPYIN:
	case OP_COPYOUT:
	case OP_LOAN:
	case OP_LOAN_TO:
		return true;
	case OP_ADVISE:
		if (op->flags == VM_MADV_POPULATE_WRITE)
			*access = VM_PROT_WRITE;
		return range_errors(op, true) == OK &&
		    (op->flags == VM_MADV_POPULATE_READ ||
			op->flags == VM_MADV_POPULATE_WRITE);
	default:
		return false;
	}
}

/* Whether it may have ended before it came to a page, and not for that page. */
static bool
may_stop_before(const struct op *op, const struct outcome *out)
{
	return out->error == VM_ENOMEM || out->left || op->kind == OP_LOAN ||
	    op->kind == OP_LOAN_TO;
}

/*
 * Stacks grow under an operation, before it is known how it ends.  When memory
 * was short it may have ended before it came to a gap.
 */
static const char *
grow_stacks(struct model *m, const struct op *op, const struct outcome *out)
{
	uint64_t va = vm_trunc_page(op->addr);
	vm_prot_t access;
	const char *bad = NULL;

	if (!touches(op, &access))
		return NULL;
	for (; va - op->addr + MODEL_PAGE < op->len + MODEL_PAGE && bad == NULL;
	     va += MODEL_PAGE) {
		struct cell *c = cell_at(m, op, va);
		size_t i = model_index(m, va);

		if (c->gap && out->after.here[i] && may_stop_before(op, out))
			break;
		if (c->gap)
			bad = model_grow(m, op->space, i, &out->before,
			    &out->after);
		if (model_access(c, access) != VM_OK)
			break;
	}
	return bad;
}

/* Whether there may be less than the call may need; that what there is is
 * never passed, the sums tell. */
static bool
may_be_refused(const struct model *m, const struct op *op)
{
	uint64_t need = vm_atop(vm_round_page(op->len)) +
	    vm_atop(vm_round_page(op->len2)) + 2 * m->ncells;

	if (op->kind == OP_MAP)
		need += vm_atop(op->addr2);
	return model_may_refuse(m, need);
}

/* All but what asks for pages to be written, and is told how that went. */
static bool
touches_pages(const struct op *op)
{
	return !is_of_file(op) && op->kind != OP_SYNC;
}

const char *
model_apply(struct model *m, const struct op *op, struct outcome *out)
{
	const struct rule *rule = &rules[op->kind];
	uint32_t errors = 0;
	const char *bad;

	/* What swap did not give back, now, is as if there was no memory; and
	 * it is there at another time. */
	m->hurt = out->losses != 0;
	if (m->hurt && out->error == VM_EIO && touches_pages(op))
		out->error = VM_ENOMEM;
	bad = grow_stacks(m, op, out);
	if (m->hurt && op->kind == OP_SWAP_OFF)
		out->error = VM_OK;
	if (bad == NULL)
		bad = rule->expect(m, op, out, &errors);
	if (bad == NULL && out->error == VM_ENOMEM && may_be_refused(m, op))
		errors |= ERROR(VM_ENOMEM);
	if (bad == NULL && !(errors & ERROR(out->error)))
		bad = complain("%s, expected 0x%x (%s)", error_name(out->error),
		    errors, error_name(__builtin_ctz(errors)));
	if (bad == NULL)
		bad = rule->apply(m, op, out);
	if (bad == NULL && space_of(m, op)->alive)
		learn_from_faults(m, op, out);
	model_settle(m);
	m->hurt = false;
	return bad;
}
