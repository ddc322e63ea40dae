/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pageout_pass.c - one pass over the pages.
 *
 * First those look that know whole spaces, then the scan of the design takes
 * pages from their queues, until there are enough.  What a pass has come to is
 * known when all of that is over: whoever makes passes counts those in vain.
 *
 * Sources: UVM uvm_pdaemon.c, 4.4BSD vm_pageout_scan.
 */
#include "vm/vm_pageout_pass.h"

#include "vm/pmap.h"
#include "vm/vm_pageq.h"

size_t
vm_pageout_available(const struct vm_system *sys)
{
	return vm_page_free_count(sys) + vm_pageq_count(sys, VM_PAGE_SPARE);
}

bool
vm_pageout_is_held_up(const struct vm_pageout_pass *p)
{
	return !p->waits && vm_swapout_is_held_up(&p->out);
}

bool
vm_pageout_enough(const struct vm_pageout_pass *p)
{
	size_t has = vm_pageout_available(p->sys);

	return vm_pageout_is_held_up(p) || has >= p->enough ||
	    has + vm_swapout_paging(p->sys) >= p->enough + p->ahead;
}

void
vm_pageout_prepare(struct vm_pageout_pass *p)
{
	vm_swapout_ready(&p->out);
}

size_t
vm_pageout_made(const struct vm_pageout_pass *p)
{
	return p->freed + p->written + p->out.begun;
}

/* The mappings of what has become inactive go all at once: uses of such pages
 * are not seen until then. */
static void
look(struct vm_pageout_pass *p)
{
	struct vm_system *sys = p->sys;

	VM_COUNT(sys, pd_passes);
	if (sys->scan_spaces != NULL)
		sys->scan_spaces(sys);
	vm_swapout_begin(&p->out, sys, sys->paging->place,
	    sys->paging->cluster);
	sys->paging->scan(p);
	vm_swapout_flush(&p->out);
	pmap_update_all(sys->machine);
	VM_COUNT_N(sys, pd_freed, p->freed);
}

enum vm_pageout_end
vm_pageout_run(struct vm_pageout_pass *p)
{
	struct vm_system *sys = p->sys;
	uint64_t hindered = vm_pageq_hindered(sys);

	look(p);
	if (vm_pageout_made(p) != 0)
		return VM_PAGEOUT_MADE;
	if (vm_pageq_hindered(sys) == hindered)
		return VM_PAGEOUT_VAIN;
	if (sys->env->yield != NULL)
		sys->env->yield(sys->env->ctx);
	return VM_PAGEOUT_HINDERED;
}
