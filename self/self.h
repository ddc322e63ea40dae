/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * self.h - what is behind the types of <bsdvm/vm.h>.
 *
 *	bsdvm_system	arena -> env -> machine (host_self) -> vm_system
 *	bsdvm_space	vmspace, and the window of its pmap
 *	bsdvm_object	a reference to a vm_object
 *
 * An address of the program is the start of a window plus an address of the
 * vmspace; window.h leads from the one to the other.
 *
 * Field letters: (c) constant, (a) atomic, (w) lock of the windows.
 */
#ifndef SELF_SELF_H
#define SELF_SELF_H

#include "env/arena.h"
#include "vm/vm.h"

#include <bsdvm/vm.h>
#include <pthread.h>
#include <stdatomic.h>

struct frames;

struct bsdvm_system {
	struct arena arena;
	const struct vm_env *env;       /* (c) of everything in it */
	const struct vm_design *design; /* (c) */
	struct vm_machine *machine;     /* (c) */
	struct vm_system *vm;           /* (c) */
	struct frames *frames;          /* (c) frames.h */
	struct vm_swap_cipher cipher;   /* (c) ctx NULL: none */
	pthread_t daemon;               /* (c) */
	_Atomic size_t nspaces;         /* (a) */
	_Atomic size_t nobjects;        /* (a) references of the program's, and
					   its checkpoints */
};

struct bsdvm_space {
	struct bsdvm_system *sys; /* (c) */
	struct vmspace *vs;       /* (c) */
	char *window;             /* (c) */
	size_t size;              /* (c) of the window */
	struct bsdvm_space *next; /* (w) */
};

struct bsdvm_object {
	struct bsdvm_system *sys; /* (c) */
	struct vm_object *obj;    /* (c) */
	bool readonly;            /* (c) its store cannot be written */
};

/* A range of the program's, in a space. */
struct self_range {
	struct bsdvm_space *space;
	vaddr_t va;
};

/*
 * self_range: where [addr, addr + len) is.  => false: in no window, or not all
 * of it
 */
bool self_range(const void *addr, size_t len, struct self_range *);

static inline struct pmap *
self_pmap(const struct bsdvm_space *space)
{
	return space->vs->map.pmap;
}

/*
 * self_system_create: bsdvm_system_create with memory from `wrap`, which sits
 * on the arena, and is NULL for none; for tests.
 */
typedef const struct vm_env *self_wrap(const struct vm_env *arena);
int self_system_create(const struct bsdvm_config *, self_wrap *,
    struct bsdvm_system **, struct bsdvm_why *);

/* self_space: hand a vmspace to the program.  => VM_ENOMEM: it is gone */
int self_space(struct bsdvm_system *, struct vmspace *, struct bsdvm_space **);

/*
 * self_object: hand a reference to the program.  NULL is no memory.
 * => VM_ENOMEM: the reference is gone
 */
int self_object(struct bsdvm_system *, struct vm_object *,
    struct bsdvm_object **);

#endif
