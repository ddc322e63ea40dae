/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pending.c - see pending.h.
 *
 * Adding a MAP range cuts a hole into what is there and fills it; adding a
 * PROTECT range fills the holes that are there.  The array never more than
 * doubles in one addition, which is what pending_reserve makes room for.
 */
#include "pmap/pending.h"

#include "base/check.h"
#include "base/mem.h"

#define FIRST_ROOM ((size_t)64)

int
pending_init(struct pending *p, const struct vm_env *env)
{
	*p = (struct pending){ .env = env, .room = FIRST_ROOM };
	p->ranges = env->alloc(env->ctx, p->room * sizeof(*p->ranges));
	return p->ranges == NULL ? VM_ENOMEM : VM_OK;
}

void
pending_fini(struct pending *p)
{
	p->env->free(p->env->ctx, p->ranges, p->room * sizeof(*p->ranges));
}

int
pending_reserve(struct pending *p)
{
	size_t room = p->room;
	struct pending_range *new;

	while (room < 2 * p->n + 2)
		room *= 2;
	if (room == p->room)
		return VM_OK;
	new = p->env->alloc(p->env->ctx, room * sizeof(*new));
	if (new == NULL)
		return VM_ENOMEM;
	memcpy(new, p->ranges, p->n * sizeof(*new));
	pending_fini(p);
	p->ranges = new;
	p->room = room;
	return VM_OK;
}

/* The first range that ends after va. */
static size_t
find(const struct pending *p, vaddr_t va)
{
	size_t lo = 0, hi = p->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->ranges[mid].end > va)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static void
open_at(struct pending *p, size_t i)
{
	VM_ASSERT(p->n < p->room);
	memmove(&p->ranges[i + 1], &p->ranges[i],
	    (p->n - i) * sizeof(*p->ranges));
	p->n++;
}

static void
close_at(struct pending *p, size_t i, size_t n)
{
	memmove(&p->ranges[i], &p->ranges[i + n],
	    (p->n - i - n) * sizeof(*p->ranges));
	p->n -= n;
}

/* Put a range into a hole before i, joined with its neighbours. */
static void
fill(struct pending *p, size_t i, struct pending_range r)
{
	struct pending_range *next = &p->ranges[i];
	bool joins_next = i < p->n && next->start == r.end &&
	    next->kind == r.kind;
	struct pending_range *prev = next - 1;

	if (i > 0 && prev->end == r.start && prev->kind == r.kind) {
		prev->end = joins_next ? next->end : r.end;
		if (joins_next)
			close_at(p, i, 1);
	} else if (joins_next) {
		next->start = r.start;
	} else {
		open_at(p, i);
		p->ranges[i] = r;
	}
}

/* Take [start, end) out; returns where a range put there belongs. */
static size_t
cut_out(struct pending *p, vaddr_t start, vaddr_t end)
{
	size_t i = find(p, start), n = 0;

	if (i < p->n && p->ranges[i].start < start) {
		if (p->ranges[i].end > end) {
			open_at(p, i);
			p->ranges[i].end = start;
			p->ranges[i + 1].start = end;
			return i + 1;
		}
		p->ranges[i].end = start;
		i++;
	}
	while (i + n < p->n && p->ranges[i + n].end <= end)
		n++;
	close_at(p, i, n);
	if (i < p->n && p->ranges[i].start < end)
		p->ranges[i].start = end;
	return i;
}

void
pending_add(struct pending *p, vaddr_t start, vaddr_t end,
    enum pending_kind kind)
{
	struct pending_range r = { start, end, kind };
	size_t i;

	if (kind == PENDING_MAP) {
		fill(p, cut_out(p, start, end), r);
		return;
	}
	while (r.start < end) {
		i = find(p, r.start);
		r.end = end;
		if (i < p->n && p->ranges[i].start < end)
			r.end = p->ranges[i].start;
		if (r.start < r.end)
			fill(p, i, r);
		r.start = r.end;
		if (r.end < end)
			r.start = p->ranges[find(p, r.end)].end;
	}
}

void
pending_cut(struct pending *p, vaddr_t va)
{
	VM_ASSERT(p->n > 0);
	if (va >= p->ranges[0].end)
		close_at(p, 0, 1);
	else
		p->ranges[0].start = va;
}

void
pending_drop(struct pending *p, size_t n)
{
	close_at(p, 0, n);
}
