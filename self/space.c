/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space.c - address spaces of the program: a vmspace and its window.
 */
#include "pmap/host_self.h"
#include "self/window.h"

#include <string.h>

int
self_space(struct bsdvm_system *sys, struct vmspace *vs,
    struct bsdvm_space **out)
{
	struct bsdvm_space *space = vm_alloc(sys->vm, sizeof(*space));
	int error = space == NULL ? VM_ENOMEM : 0;

	if (error == 0) {
		*space = (struct bsdvm_space){ .sys = sys,
			.vs = vs,
			.window = host_self_window(vs->map.pmap),
			.size = sys->machine->va_max };
		error = window_add(space);
	}
	if (error != 0) {
		vm_free(sys->vm, space, sizeof(*space));
		vmspace_unref(vs);
		return error;
	}
	atomic_fetch_add(&sys->nspaces, 1);
	*out = space;
	return 0;
}

int
bsdvm_space_create(struct bsdvm_system *sys, struct bsdvm_space **out)
{
	struct vmspace *vs;
	int error = bsdvm_thread_init();

	if (error == 0)
		error = vmspace_create(sys->vm, sys->design, &vs);
	return error != 0 ? error : self_space(sys, vs, out);
}

int
bsdvm_space_fork(struct bsdvm_space *parent, struct bsdvm_space **child)
{
	struct vmspace *vs;
	int error = bsdvm_thread_init();

	if (error == 0)
		error = vmspace_fork(parent->vs, &vs);
	return error != 0 ? error : self_space(parent->sys, vs, child);
}

void
bsdvm_space_destroy(struct bsdvm_space *space)
{
	struct bsdvm_system *sys;

	if (space == NULL)
		return;
	sys = space->sys;
	window_remove(space);
	vmspace_unref(space->vs);
	vm_free(sys->vm, space, sizeof(*space));
	atomic_fetch_sub(&sys->nspaces, 1);
}

struct bsdvm_space *
bsdvm_space_of(const void *p)
{
	return window_of(p);
}

void *
bsdvm_space_window(struct bsdvm_space *space, size_t *size)
{
	if (size != NULL)
		*size = space->size;
	return space->window;
}

void *
bsdvm_translate(struct bsdvm_space *to, const void *p)
{
	struct self_range r;

	if (!self_range(p, 0, &r) || r.va >= to->size)
		return NULL;
	return to->window + r.va;
}
