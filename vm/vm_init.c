/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_init.c - put a system together, and take it apart.
 */
#include "vm/vm_init.h"

#include "base/mem.h"
#include "vm/cow/cow_pool.h"
#include "vm/vm_swapper.h"
#include "vm/vm_map.h"
#include "vm/vm_object.h"
#include "vm/vm_pageout.h"
#include "vm/vm_pageq.h"
#include "vm/vm_read.h"
#include "vm/vm_swap.h"

static int
init_layers(struct vm_system *sys)
{
	int error = vm_page_init(sys);

	if (error == 0)
		error = vm_pageq_init(sys);
	if (error == 0)
		error = vm_swap_init(sys);
	if (error == 0)
		error = vm_reads_init(sys);
	if (error == 0)
		error = vm_swapout_init(sys);
	if (error == 0)
		error = vm_pageout_init(sys);
	if (error == 0)
		error = vm_object_init(sys);
	if (error == 0)
		error = vm_cow_init(sys);
	if (error == 0)
		error = vm_map_init_system(sys);
	return error;
}

static void
fini_layers(struct vm_system *sys)
{
	if (sys->entries != NULL)
		vm_map_fini_system(sys);
	if (sys->cow_pools != NULL)
		vm_cow_fini(sys);
	if (sys->objects != NULL)
		vm_object_fini(sys);
	if (sys->pageouts != NULL)
		vm_pageout_fini(sys);
	if (sys->swapouts != NULL)
		vm_swapout_fini(sys);
	if (sys->reads != NULL)
		vm_reads_fini(sys);
	if (sys->swap != NULL)
		vm_swap_fini(sys);
	if (sys->pageq != NULL)
		vm_pageq_fini(sys);
	if (sys->pages != NULL)
		vm_page_fini(sys);
}

int
vm_system_create(const struct vm_env *env, struct vm_machine *machine,
    struct vm_system **out)
{
	struct vm_system *sys = env->alloc(env->ctx, sizeof(*sys));

	if (sys == NULL)
		return VM_ENOMEM;
	memset(sys, 0, sizeof(*sys));
	sys->env = env;
	sys->alloc.alloc = env->alloc;
	sys->alloc.free = env->free;
	sys->alloc.ctx = env->ctx;
	sys->machine = machine;
	vm_mutex_init(&sys->spaces_lock, env);
	sys->swapper.passes = 1;
	sys->scan_spaces = vm_swapper_pass;
	list_init(&sys->spaces);
	if (init_layers(sys) != 0) {
		vm_system_destroy(sys);
		return VM_ENOMEM;
	}
	*out = sys;
	return 0;
}

void
vm_system_destroy(struct vm_system *sys)
{
	VM_ASSERT(list_is_empty(&sys->spaces));
	if (sys->reads != NULL)
		vm_reads_drain(sys);
	if (sys->swapouts != NULL)
		vm_swapout_drain(sys);
	fini_layers(sys);
	sys->env->free(sys->env->ctx, sys, sizeof(*sys));
}

void
vm_system_prefer(struct vm_system *sys, const struct vm_design *design)
{
	struct vm_pageindex ix = { .ops = design->pageindex, .sys = sys };

	sys->pageindex = design->pageindex;
	vm_pageout_prefer(sys, design->paging);
	/* What its indexes share is there from now on; if there is no memory
	 * for it yet, the first object asks again. */
	if (ix.ops->init(&ix) == 0)
		ix.ops->fini(&ix);
	vm_object_cache_limit(sys,
	    design->object_cache != 0 ? design->object_cache : SIZE_MAX);
}

void
vm_system_overcommit(struct vm_system *sys, bool allowed)
{
	VM_ASSERT(sys->charged_wired == 0 && sys->charged_anon == 0);
	sys->counts_anon = !allowed;
}
