/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_checkpoint.c - see vm_checkpoint.h.
 *
 * A checkpoint is its space: its references are the space's.
 *
 * Lock order: break of the space, map of the checkpoint, map of the space.
 * Nobody who has a map locked asks for that of a checkpoint, but for one that
 * is being made and which nobody knows.
 */
#include "vm/vm_checkpoint.h"

#include "vm/vm_map_rewind.h"
#include "vm/vm_wire.h"

struct vm_checkpoint {
	struct vmspace space; /* nothing else: it is one */
};

static struct vmspace *
space_of(struct vm_checkpoint *cp)
{
	return &cp->space;
}

int
vm_checkpoint_take(struct vmspace *vs, struct vm_checkpoint **out)
{
	static const struct vmspace_copying how = {
		.what = vm_map_keeps,
		.done = vm_map_freeze_copies,
	};
	struct vmspace *frozen;
	int error = vmspace_copy(vs, &how, &frozen);

	if (error != 0)
		return error;
	*out = (struct vm_checkpoint *)frozen;
	VM_COUNT(vs->map.sys, checkpoints);
	return 0;
}

int
vm_checkpoint_branch(struct vm_checkpoint *cp, struct vmspace **out)
{
	static const struct vmspace_copying how = { .what = vm_map_keeps };
	int error = vmspace_copy(space_of(cp), &how, out);

	if (error == 0)
		VM_COUNT(cp->space.map.sys, branches);
	return error;
}

/* ---- reset ---- */

static int
rewind(struct vmspace *vs, struct vmspace *frozen, struct vm_map_rewound *done)
{
	struct vm_map_dead dead;
	int error;

	vm_map_dead_init(&dead);
	vm_mutex_lock(&vs->brk_lock);
	vm_map_lock(&frozen->map);
	vm_map_lock(&vs->map);
	error = vm_map_rewind(&vs->map, &frozen->map, &dead, done);
	if (error == 0)
		vmspace_inherit_limits(frozen, vs);
	vm_map_unlock(&vs->map);
	vm_map_unlock(&frozen->map);
	vm_mutex_unlock(&vs->brk_lock);
	vm_map_bury(&vs->map, &dead);
	return error;
}

int
vm_checkpoint_reset(struct vm_checkpoint *cp, struct vmspace *vs)
{
	struct vmspace *frozen = space_of(cp);
	struct vm_map *map = &vs->map;
	struct vmspace_tries tries = { 0 };
	struct vm_map_rewound done;
	int error;

	if (map->sys != frozen->map.sys || map->design != frozen->map.design)
		return VM_EINVAL;
	do
		error = rewind(vs, frozen, &done);
	while (error == VM_ENOMEM && !done.refused &&
	    vmspace_get_memory(map->sys, &tries));
	if (error != 0)
		return error;
	VM_COUNT(map->sys, resets);
	VM_COUNT_N(map->sys, reset_pages, done.npages);
	/* What does not come in now is wired when it is next used. */
	if (done.locked)
		(void)vm_map_rewire(map, map->index.min, map->index.max);
	return 0;
}

/* ---- references ---- */

void
vm_checkpoint_ref(struct vm_checkpoint *cp)
{
	vmspace_ref(space_of(cp));
}

void
vm_checkpoint_unref(struct vm_checkpoint *cp)
{
	vmspace_unref(space_of(cp));
}
