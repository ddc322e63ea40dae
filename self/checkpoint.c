/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checkpoint.c - checkpoints of the program's spaces.
 *
 * What is mapped may become less, or of other pages, in any of the three: the
 * pmap has seen to that when they return.
 */
#include "self/self.h"
#include "vm/vm_checkpoint.h"

struct bsdvm_checkpoint {
	struct bsdvm_system *sys; /* (c) */
	struct vm_checkpoint *at; /* (c) */
};

int
bsdvm_checkpoint_take(struct bsdvm_space *space, struct bsdvm_checkpoint **out)
{
	struct bsdvm_system *sys = space->sys;
	struct bsdvm_checkpoint *c = vm_alloc(sys->vm, sizeof(*c));
	int error;

	if (c == NULL)
		return VM_ENOMEM;
	c->sys = sys;
	error = vm_checkpoint_take(space->vs, &c->at);
	if (error != 0) {
		vm_free(sys->vm, c, sizeof(*c));
		return error;
	}
	atomic_fetch_add(&sys->nobjects, 1);
	*out = c;
	return 0;
}

int
bsdvm_checkpoint_branch(struct bsdvm_checkpoint *c, struct bsdvm_space **out)
{
	struct vmspace *vs;
	int error = bsdvm_thread_init();

	if (error == 0)
		error = vm_checkpoint_branch(c->at, &vs);
	return error != 0 ? error : self_space(c->sys, vs, out);
}

int
bsdvm_checkpoint_reset(struct bsdvm_checkpoint *c, struct bsdvm_space *space)
{
	return vm_checkpoint_reset(c->at, space->vs);
}

void
bsdvm_checkpoint_drop(struct bsdvm_checkpoint *c)
{
	struct bsdvm_system *sys;

	if (c == NULL)
		return;
	sys = c->sys;
	vm_checkpoint_unref(c->at);
	vm_free(sys->vm, c, sizeof(*c));
	atomic_fetch_sub(&sys->nobjects, 1);
}
