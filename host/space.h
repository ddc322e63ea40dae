/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space.h - the memory of one process: vmspace, pmap, and who runs in it.
 *
 * It also is the executor of the host port (pmap/host.h): operations for a
 * pmap are run in any stopped task of its space; if there is none, one is
 * stopped.  While no task of it is live, operations wait.
 */
#ifndef HOST_SPACE_H
#define HOST_SPACE_H

#include "host/task.h"
#include "vm/vm.h"

#include <sys/resource.h>

#define SPACE_KEPT 2

/* Whether it sleeps: sleeper.c.  Times in nanoseconds, 0: never. */
struct space_sleep {
	uint64_t used;  /* processor time, at the last look */
	uint64_t since; /* when it was first seen to do nothing */
	uint64_t held;  /* since when it waits for memory to run in */
	bool stirred;   /* we have woken it since the last look */
};

struct space {
	struct list link; /* on run->spaces */
	struct list tasks;
	struct run *run;
	struct vmspace *vm;
	struct pmap *pmap;
	struct {
		uint64_t start, end;
	} kept[SPACE_KEPT]; /* by the host: the vdso */
	unsigned nkept;
	vaddr_t stack_start, stack_end;
	vaddr_t arg_start, arg_end, env_start, env_end; /* as given by exec */
	struct task *listing;   /* let go last with a list: stub.c */
	bool host_full;         /* the host had no room for a mapping */
	unsigned failures;      /* how often: fault.c */
	bool killed;            /* for its memory: oom.c */
	bool told_of_loss;      /* a message named it: swap.c */
	struct rlimit as_limit; /* RLIMIT_AS, which the host must not have */
	struct list attached;   /* SysV segments: sys_shm.c */
	struct space_sleep sleep;
	pid_t pid;     /* of the process it was made for */
	char name[64]; /* of the program */
};

/* space_create: an empty one; space_fork: a child of t's.  => NULL: ENOMEM */
struct space *space_create(struct run *);
struct space *space_fork(struct task *);

/* The task uses this space from now on; leaves the one it was in. */
void space_join(struct task *, struct space *);
/* The last one that leaves destroys it. */
void space_leave(struct task *);

/* Tell the core and the port of a range that the host keeps. */
int space_keep_out(struct space *, uint64_t start, uint64_t end);

/* How many of its map entries are not the program's. */
static inline unsigned
space_reserved(const struct space *space)
{
	return 1 + space->nkept; /* the stub region, and what is kept out */
}

/* RLIMIT_AS of the program: what is mapped for our sake does not count. */
void space_limit_size(struct space *, const struct rlimit *);

/* Where the design has it so, look whether the stack pointer of a task that
 * has stopped is in a stack.  One that is not is counted, not more. */
void space_check_stack(struct task *);

struct pmap_host_exec space_executor(struct run *);

#endif
