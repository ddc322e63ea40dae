/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/amap_runs.c - reference counts of the parts of an amap.
 *
 *	slot	0    1    2    3    4    5    6    7
 *	runs	2,3  -    -    1,1  2,4  -    -    -
 *
 * says: slots 0 to 2 have two references, slot 3 has one, 4 to 7 two.  Only
 * the element at the first slot of a run means anything, and the one at its
 * last slot, which says where that is.  So a walk goes both ways, and begins
 * where the last change was: programs tear mappings apart from one end.
 * Changing a range splits the runs at its ends, changes those inside, and joins
 * equal ones again, so an amap that is not torn apart stays one run.
 *
 * Source: NetBSD amap_pp_establish, amap_pp_adjref, whose signed encoding in
 * one array of ints is spelt out here as two numbers.
 */
#include "vm/cow/amap_runs.h"

static void
set_run(struct vm_amap *am, uint32_t slot, uint32_t end, uint32_t refs)
{
	if (slot == end)
		return;
	am->runs[slot].refs = refs;
	am->runs[slot].len = end - slot;
	am->runs[end - 1].first = slot;
}

void
vm_amap_runs_make(struct vm_system *sys, struct vm_amap *am, uint32_t slot,
    uint32_t len)
{
	VM_ASSERT(vm_amap_is_locked(am));
	if (am->runs != NULL || am->runs_lost)
		return;
	am->runs = vm_alloc_counted(sys, am->room * sizeof(*am->runs),
	    &sys->slot_bytes);
	if (am->runs == NULL) {
		am->runs_lost = true;
		return;
	}
	set_run(am, 0, slot, 0);
	set_run(am, slot, slot + len, am->refs);
	set_run(am, slot + len, am->nslots, 0);
	am->run_hint = 0;
}

void
vm_amap_runs_drop(struct vm_system *sys, struct vm_amap *am)
{
	vm_free_counted(sys, am->runs, am->room * sizeof(*am->runs),
	    &sys->slot_bytes);
	am->runs = NULL;
	am->runs_lost = false;
}

/* The first slot of the run that holds `slot`: near the last one changed. */
static uint32_t
run_of(const struct vm_amap *am, uint32_t slot)
{
	uint32_t at = am->run_hint;

	while (at > slot)
		at = am->runs[at - 1].first;
	while (at + am->runs[at].len <= slot)
		at += am->runs[at].len;
	return at;
}

/* Make a run begin at slot. */
static void
split_at(struct vm_amap *am, uint32_t slot)
{
	uint32_t at, end;

	if (slot == am->nslots)
		return;
	at = run_of(am, slot);
	end = at + am->runs[at].len;
	set_run(am, slot, end, am->runs[at].refs);
	set_run(am, at, slot, am->runs[at].refs);
	am->run_hint = at;
}

/* Join equal neighbours from the run at `slot` on, up to that at `end`. */
static void
join_runs(struct vm_amap *am, uint32_t slot, uint32_t end)
{
	uint32_t next;

	am->run_hint = slot;
	while (slot < end) {
		next = slot + am->runs[slot].len;
		if (next >= am->nslots)
			return;
		if (am->runs[next].refs == am->runs[slot].refs)
			set_run(am, slot, next + am->runs[next].len,
			    am->runs[slot].refs);
		else
			slot = next;
	}
}

void
vm_amap_runs_add(struct vm_system *sys, struct vm_amap *am, uint32_t slot,
    uint32_t len, int delta)
{
	uint32_t at, end = slot + len;

	VM_ASSERT(vm_amap_is_locked(am));
	if (am->runs == NULL)
		return;
	VM_ASSERT(end <= am->nslots);
	split_at(am, slot);
	split_at(am, end);
	for (at = slot; at < end; at += am->runs[at].len) {
		VM_ASSERT(delta > 0 || am->runs[at].refs != 0);
		am->runs[at].refs += (uint32_t)delta;
		if (am->runs[at].refs == 0)
			vm_amap_wipe(sys, am, at, am->runs[at].len);
	}
	join_runs(am, slot == 0 ? 0 : am->runs[slot - 1].first, end);
}

uint32_t
vm_amap_runs_at(const struct vm_amap *am, uint32_t slot)
{
	return am->runs[run_of(am, slot)].refs;
}

void
vm_amap_runs_check(const struct vm_amap *am)
{
	uint32_t at;

	if (am->runs == NULL)
		return;
	for (at = 0; at < am->nslots; at += am->runs[at].len) {
		VM_VERIFY(am->runs[at].len != 0);
		VM_VERIFY(am->runs[at + am->runs[at].len - 1].first == at);
		VM_VERIFY(am->runs[at].refs <= am->refs);
	}
	VM_VERIFY(at == am->nslots);
}
