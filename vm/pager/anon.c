/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager/anon.c - shared anonymous memory: pages begin as zeroes, and as there
 * is nothing to read, the object layer makes them by itself.
 */
#include "vm/pager/anon.h"

static const struct vm_pager_ops anon_ops = {
	.name = "anon",
	.swap = true,
};

struct vm_object *
vm_anon_object_indexed(struct vm_system *sys,
    const struct vm_pageindex_ops *index)
{
	return vm_object_create_indexed(sys, index, &anon_ops, NULL);
}

struct vm_object *
vm_anon_object(struct vm_system *sys)
{
	return vm_anon_object_indexed(sys, sys->pageindex);
}
