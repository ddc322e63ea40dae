/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_read.c - reads that are under way while nobody waits in them.
 *
 * One event tells that any of them has ended: who waits without sleeping looks
 * again, which costs next to nothing.
 */
#include "vm/vm_read.h"

#include "base/mem.h"

struct vm_reads {
	struct vm_mutex lock;
	unsigned under_way; /* (lock) */
	struct vm_event ended;
};

struct vm_reading *
vm_reading_make(struct vm_system *sys, const struct vm_read *rd)
{
	struct vm_reading *r = vm_alloc(sys, sizeof(*r));

	if (r == NULL)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->sys = sys;
	r->read = *rd;
	vm_mutex_lock(&sys->reads->lock);
	sys->reads->under_way++;
	vm_mutex_unlock(&sys->reads->lock);
	return r;
}

void
vm_reading_end(struct vm_reading *r, int error)
{
	struct vm_system *sys = r->sys;
	struct vm_reads *rs = sys->reads;

	vm_mutex_lock(&rs->lock);
	r->error = error;
	if (r->left)
		vm_free(sys, r, sizeof(*r));
	else
		atomic_store(&r->ended, true);
	rs->under_way--;
	vm_event_signal(&rs->ended, sys->env); /* the last may free us */
	vm_mutex_unlock(&rs->lock);
}

bool
vm_reading_wait(const struct vm_reading *r, struct vm_wait *w)
{
	struct vm_event *ended = &r->sys->reads->ended;
	uint32_t seen = vm_event_count(ended);

	if (vm_reading_has_ended(r))
		return false;
	vm_wait_begin(w, ended, seen);
	return true;
}

int
vm_reading_take(struct vm_reading *r)
{
	int error = r->error;

	VM_ASSERT(r->ended);
	vm_free(r->sys, r, sizeof(*r));
	return error;
}

void
vm_reading_leave(struct vm_reading *r)
{
	struct vm_system *sys = r->sys;

	vm_mutex_lock(&sys->reads->lock);
	if (atomic_load(&r->ended))
		vm_free(sys, r, sizeof(*r));
	else
		r->left = true;
	vm_mutex_unlock(&sys->reads->lock);
}

unsigned
vm_reads_under_way(struct vm_system *sys)
{
	unsigned n;

	vm_mutex_lock(&sys->reads->lock);
	n = sys->reads->under_way;
	vm_mutex_unlock(&sys->reads->lock);
	return n;
}

void
vm_reads_drain(struct vm_system *sys)
{
	struct vm_event *ended = &sys->reads->ended;
	uint32_t seen = vm_event_count(ended);

	while (vm_reads_under_way(sys) != 0) {
		vm_event_wait(ended, seen, sys->env);
		seen = vm_event_count(ended);
	}
}

int
vm_reads_init(struct vm_system *sys)
{
	struct vm_reads *rs = vm_alloc(sys, sizeof(*rs));

	if (rs == NULL)
		return VM_ENOMEM;
	memset(rs, 0, sizeof(*rs));
	vm_mutex_init(&rs->lock, sys->env);
	sys->reads = rs;
	return 0;
}

void
vm_reads_fini(struct vm_system *sys)
{
	VM_ASSERT(sys->reads->under_way == 0);
	vm_free(sys, sys->reads, sizeof(*sys->reads));
	sys->reads = NULL;
}
