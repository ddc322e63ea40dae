/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task.h - one traced thread, and the table of all of them.
 *
 * A task is born when its parent's fork event and its own first stop have
 * both been seen, in whichever order, and goes when it has been waited for.
 * `at` says where it is; its registers can be looked at and changed (trace.h)
 * unless it is TASK_RUNNING, TASK_JOB_STOPPED or TASK_DEAD.
 *
 *	task --> space      memory, shared by the threads of a process
 *	    `--> sighand    what signals do, shared likewise
 *
 * Everything belongs to the one thread of the supervisor: no locks.
 */
#ifndef HOST_TASK_H
#define HOST_TASK_H

#include "base/list.h"
#include "vm/vm_fault.h"
#include "vm/vm_stack.h"

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct run;
struct space;
struct sighand;
struct stub_call;
struct give;
struct stat;
struct vm_object;

enum task_at {
	TASK_RUNNING,   /* in user mode or in the kernel; nobody knows */
	TASK_AT_CALL,   /* at a system call, which runs when it is continued */
	TASK_CALLED,    /* at the end of a system call */
	TASK_AT_SIGNAL, /* about to take `signal` */
	TASK_TRAPPED,   /* anywhere else: interrupted, after fork, after exec */
	TASK_JOB_STOPPED, /* stopped by job control; goes on by itself */
	TASK_DEAD,        /* gone, or on its way without a way back */
};

/* Memory that a system call was promised: the kernel may be using it. */
struct promise {
	uint64_t start, end;
	bool write;
};

/* What a call does to a mapped file: coherence.c. */
struct change {
	struct vm_object *object; /* or NULL */
	bool cuts;                /* it changes more than bytes */
	bool positioned;          /* it says where it writes */
	bool appends;             /* it writes at the end, wherever that is */
	int fd;                   /* that it writes to */
	uint64_t start, most;     /* where it begins, and how many bytes */
};

#define TASK_PROMISES 16
#define TASK_BUCKETS  256

struct task {
	struct list bucket;   /* of the table */
	struct list all;      /* on run->tasks.all */
	struct list in_space; /* on space->tasks */
	struct list unread;   /* on run->unread while has_status */
	struct run *run;
	struct space *space; /* NULL before the first exec */
	struct sighand *sighand;
	pid_t tid, tgid;
	unsigned slot; /* of the stub region */

	enum task_at at;
	bool born;       /* the parent's event has been seen */
	bool fresh;      /* its own first stop has been seen, and no more */
	bool has_status; /* `status` is of waitpid, not yet looked at */
	bool exiting;    /* it has asked to exit: it cannot be stopped */
	bool stirred; /* stopped by us, and not for itself since: sleeper.c */
	int status;

	struct user_regs_struct regs; /* of the program */
	bool regs_known, regs_dirty;
	bool answered;  /* its call has the result `answer`: trace.c */
	int64_t answer; /* ... which the registers do not have yet */

	/* System call at hand. */
	bool undone; /* its system call has been taken back: run it again */
	bool reaches_ours; /* ... wants memory of the host's: syscall.c */
	const struct sysargs_call
	    *walked;   /* ... whose memory is prepared now */
	uint64_t room; /* ... and how much more of it may be */
	long nr;       /* the one it stopped at last */
	bool again; /* rewound: the next call is this one once more: timed.c */
	bool late;  /* the call at hand is such a one */
	uint64_t began; /* nanoseconds: when it was made first */
	void (*at_exit)(struct task *, long result);
	bool ended;           /* in the stub, and at_exit has not been told */
	struct change change; /* of a file, by the call */
	bool pipe_full;       /* sys_pipe.c */
	bool opens_cloexec;   /* proc.c */
	const struct stub_call *instead; /* of it, while a list is made */
	bool forking;                    /* in a call that makes a task */
	bool args_moved; /* ... with another first argument: clone_rdi */
	uint64_t clone_flags, clone_child_tid, clone_rdi;
	struct promise promises[TASK_PROMISES];
	unsigned npromises;   /* TASK_PROMISES + 1: too many, take all */
	bool starved;         /* no memory could be made for one */
	uint64_t promised_at; /* passes of the page daemon when all held */

	/* The stub: see stub.c. */
	struct user_regs_struct program; /* while in_stub */
	bool in_stub, stub_final;
	int64_t stub_error; /* of the call that made stub_run fail */
	bool stop_missed;   /* job control wanted it stopped meanwhile */
	int missed;         /* a signal that came meanwhile, or 0: see stub.c */
	bool missed_is_due; /* ... to be sent again when the list is over */
	siginfo_t missed_info;
	unsigned stub_mark;       /* word of the slot where the list ends */
	const struct give *given; /* by the list that runs, or NULL */
	uint64_t mask_saved; /* signals blocked by the program, when held */
	bool mask_held;

	/* Signals: see signal.c. */
	int signal; /* TASK_AT_SIGNAL: to be delivered when it goes on, or 0 */
	siginfo_t info;
	bool step_in;    /* stop again when the handler begins */
	bool info_known; /* has been asked for already */
	uint64_t altstack, altstack_size;
	uint64_t new_altstack, new_altstack_size; /* if the call succeeds */
	uint64_t blocked; /* best knowledge, bit n-1 for signal n */
	uint64_t clear_tid;
	uint64_t last_fault; /* address; see fault.c */
	unsigned same_faults, futile_faults;
	unsigned failures_seen;    /* of space->failures */
	struct vm_stack_spot spot; /* see space_check_stack */

	/* What it has stopped for has to wait: see putoff.c. */
	struct list waiting;       /* on run->waiting */
	struct vm_fault_wait wait; /* what for */
	void (*anew)(struct task *);
	bool put_off;     /* it waits now, and nothing may be run in the task */
	bool asks;        /* what is not there is not to be slept for ... */
	bool has_to_wait; /* ... and something is not */
	struct promise
	    rest;          /* of the range where, to begin with; end 0: none */
	unsigned put_offs; /* in a row without getting further */
	uint64_t reached, furthest; /* pages found there: now, ever */

	bool parked; /* inside vfork: it cannot run anything before its end */
	struct task *vfork_parent; /* waits for this child's exec or exit */

	/* Scheduling: see cpu.c. */
	cpu_set_t cpus; /* that the program sees */
	unsigned stops; /* since the last tick */
	bool floats;
};

struct task_table {
	struct list buckets[TASK_BUCKETS];
	struct list all;
	unsigned count;
};

void task_table_init(struct task_table *);

/* The task of a thread id, NULL if there is none. */
struct task *task_find(struct run *, pid_t tid);

/*
 * task_create: a task without space or sighand, TASK_RUNNING.
 * => NULL: no memory, or more tasks than slots (a message has been given)
 */
struct task *task_create(struct run *, pid_t tid);
void task_destroy(struct task *);

/* A copy of a descriptor of the task's, closed by exec; or -errno. */
int task_fd(const struct task *, int fd);

/* What stat(2) says of it, without a copy.  => false: it is not open */
bool task_stat_fd(const struct task *, int fd, struct stat *);

/*
 * task_replace: a thread has called exec and goes on under the id of the first
 * thread of its process, `gone`, of which nobody will hear again: that one is
 * TASK_DEAD afterwards, and not to be found.
 */
void task_replace(struct task *, struct task *gone);

/* Its state, a letter of proc(5); 0 if there is none. */
char task_state(const struct task *);

/* A field of /proc/TID/stat, counted from 1, at least 4; 0 if there is none. */
uint64_t task_stat(const struct task *, int field);

/* True when registers and memory of the task can be worked on. */
static inline bool
task_is_stopped(const struct task *t)
{
	return t->at == TASK_AT_CALL || t->at == TASK_CALLED ||
	    t->at == TASK_AT_SIGNAL || t->at == TASK_TRAPPED;
}

/* True unless no instruction of the program can run before we let it. */
static inline bool
task_is_live(const struct task *t)
{
	return t->at == TASK_RUNNING && !t->has_status;
}

#endif
