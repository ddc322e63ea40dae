/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object.c - references of the program to objects, and shared memory.
 */
#include "self/self.h"

int
self_object(struct bsdvm_system *sys, struct vm_object *obj,
    struct bsdvm_object **out)
{
	struct bsdvm_object *object;

	if (obj == NULL)
		return VM_ENOMEM;
	object = vm_alloc(sys->vm, sizeof(*object));
	if (object == NULL) {
		vm_object_unref(obj);
		return VM_ENOMEM;
	}
	*object = (struct bsdvm_object){ .sys = sys, .obj = obj };
	atomic_fetch_add(&sys->nobjects, 1);
	*out = object;
	return 0;
}

int
bsdvm_object_anon(struct bsdvm_system *sys, struct bsdvm_object **out)
{
	return self_object(sys, vm_anon_object(sys->vm), out);
}

void
bsdvm_object_release(struct bsdvm_object *object)
{
	struct bsdvm_system *sys;

	if (object == NULL)
		return;
	sys = object->sys;
	vm_object_unref(object->obj);
	vm_free(sys->vm, object, sizeof(*object));
	atomic_fetch_sub(&sys->nobjects, 1);
}

int
bsdvm_object_invalidate(struct bsdvm_object *object, uint64_t offset,
    uint64_t len)
{
	if ((offset & VM_PAGE_MASK) != 0 || !vm_range_fits(offset, len))
		return BSDVM_EINVAL;
	vm_object_toss(object->obj, vm_atop(offset),
	    vm_atop(vm_round_page(offset + len)));
	return 0;
}
