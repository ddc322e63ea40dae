/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_shm.c - System V shared memory.
 *
 * The kernel keeps the segments: ids, permissions, sizes, how many are
 * attached.  So that it counts, each attachment is also made in the host,
 * in a window next to the stub region where the program cannot get at it.
 * The bytes are in an object of ours, one for each segment:
 *
 *	segment (id) --> object <-- map entry, where the program wants it
 *	attachment   --> place in the window
 *
 * An object lives until the kernel says that its segment is gone.  Who is not
 * of this run sees the kernel's empty segment.
 */
#include "host/shm.h"

#include "host/run.h"
#include "host/space.h"
#include "host/stub.h"
#include "host/syscall.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/shm.h>
#include <sys/syscall.h>

struct shm_segment {
	struct list link; /* on run->shm */
	int id;
	uint64_t size; /* bytes, whole pages */
	struct vm_object *object;
};

struct attachment {
	struct list link; /* on space->attached */
	int id;
	uint64_t addr, size; /* in the program */
	uint64_t host;       /* in the window */
};

/* ------------------------------------------------------------- segments */

static bool
is_attached(struct run *run, int id)
{
	LIST_FOREACH(struct space, space, &run->spaces, link)
		LIST_FOREACH(struct attachment, a, &space->attached, link)
			if (a->id == id)
				return true;
	return false;
}

static void
drop(struct shm_segment *s)
{
	list_remove(&s->link);
	vm_object_unref(s->object);
	free(s);
}

/* Let go of the objects whose segments are gone. */
static void
collect(struct run *run)
{
	struct shmid_ds ds;

	LIST_FOREACH_SAFE(struct shm_segment, s, next, &run->shm, link)
		if (!is_attached(run, s->id) &&
		    shmctl(s->id, IPC_STAT, &ds) != 0 &&
		    (errno == EINVAL || errno == EIDRM))
			drop(s);
}

static struct shm_segment *
make_segment(struct run *run, int id, uint64_t size)
{
	struct shm_segment *s = malloc(sizeof(*s));
	struct vm_object *obj = vm_anon_object(run->sys);

	if (s == NULL || obj == NULL) {
		if (obj != NULL)
			vm_object_unref(obj);
		free(s);
		return NULL;
	}
	*s = (struct shm_segment){ .id = id, .size = size, .object = obj };
	list_insert_tail(&run->shm, &s->link);
	return s;
}

static struct shm_segment *
find_segment(struct run *run, int id)
{
	struct shmid_ds ds;

	LIST_FOREACH(struct shm_segment, s, &run->shm, link)
		if (s->id == id)
			return s;
	if (shmctl(id, IPC_STAT, &ds) != 0)
		return NULL;
	return make_segment(run, id, vm_round_page(ds.shm_segsz));
}

void
shm_init(struct run *run)
{
	run->shm_next = SHM_WINDOW;
}

void
shm_fini(struct run *run)
{
	LIST_FOREACH_SAFE(struct shm_segment, s, next, &run->shm, link)
		drop(s);
}

/* ---------------------------------------------------------- attachments */

static uint64_t
window_place(struct run *run, uint64_t size)
{
	uint64_t at;

	if (size > SHM_WINDOW_END - run->shm_next)
		run->shm_next = SHM_WINDOW;
	at = run->shm_next;
	run->shm_next += size + VM_PAGE_SIZE;
	return at;
}

/* Attach or detach in the host as well: 0 or a negative errno. */
static int64_t
in_host(struct task *t, long nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
	struct stub_call call = { (uint64_t)nr, { a0, a1, a2 } };

	return stub_run(t, &call, 1) ? 0 : t->stub_error;
}

static int64_t
map_segment(struct task *t, const struct shm_segment *s, const uint64_t *a)
{
	uint64_t addr = a[1], flags = a[2];
	struct vm_mmap_args args = { .len = s->size,
		.prot = VM_PROT_READ,
		.max_prot = VM_PROT_ALL,
		.flags = VM_MMAP_SHARED,
		.object = s->object };
	vaddr_t at;
	int error;

	if (flags & SHM_RND)
		addr = vm_trunc_page(addr);
	if ((addr & VM_PAGE_MASK) != 0 || (addr == 0 && (flags & SHM_REMAP)))
		return -EINVAL;
	if ((flags & SHM_RDONLY) == 0)
		args.prot |= VM_PROT_WRITE;
	if (flags & SHM_EXEC)
		args.prot |= VM_PROT_EXEC;
	if (addr != 0)
		args.flags |= VM_MMAP_FIXED |
		    (flags & SHM_REMAP ? 0 : VM_MMAP_NOREPLACE);
	args.addr = addr;
	error = vm_mmap(t->space->vm, &args, &at);
	if (error == VM_EEXIST || error == VM_EPERM)
		return -EINVAL;
	return error == 0 ? (int64_t)at : syscall_error(error);
}

static int64_t
do_shmat(struct task *t, const uint64_t *a)
{
	struct attachment *at = malloc(sizeof(*at));
	struct shm_segment *s = find_segment(t->run, (int)a[0]);
	uint64_t host = window_place(t->run, s != NULL ? s->size : 0);
	int64_t result = in_host(t, SYS_shmat, a[0], host,
	    a[2] & (SHM_RDONLY | SHM_EXEC));

	if (result == 0 && (s == NULL || at == NULL))
		result = -ENOMEM;
	if (result < 0) {
		free(at);
		return result;
	}
	result = map_segment(t, s, a);
	if (result < 0) {
		(void)in_host(t, SYS_shmdt, host, 0, 0);
		free(at);
		return result;
	}
	*at = (struct attachment){ .id = (int)a[0],
		.addr = (uint64_t)result,
		.size = s->size,
		.host = host };
	list_insert_tail(&t->space->attached, &at->link);
	return result;
}

static struct attachment *
find_attachment(struct space *space, uint64_t addr)
{
	LIST_FOREACH(struct attachment, a, &space->attached, link)
		if (a->addr == addr)
			return a;
	return NULL;
}

static int64_t
do_shmdt(struct task *t, uint64_t addr)
{
	struct attachment *a = find_attachment(t->space, addr);

	if (a == NULL)
		return -EINVAL;
	(void)vm_munmap(t->space->vm, a->addr, a->size);
	(void)in_host(t, SYS_shmdt, a->host, 0, 0);
	list_remove(&a->link);
	free(a);
	collect(t->run);
	return 0;
}

void
shm_fork(const struct space *parent, struct space *child)
{
	LIST_FOREACH(struct attachment, a, &parent->attached, link) {
		struct attachment *copy = malloc(sizeof(*copy));

		if (copy == NULL)
			return; /* the child cannot detach: harmless */
		*copy = *a;
		list_insert_tail(&child->attached, &copy->link);
	}
}

void
shm_detach_all(struct space *space)
{
	bool any = !list_is_empty(&space->attached);

	LIST_FOREACH_SAFE(struct attachment, a, next, &space->attached, link) {
		list_remove(&a->link);
		free(a);
	}
	if (any)
		collect(space->run);
}

/* ---------------------------------------------------------------- calls */

static void
sys_shmat(struct task *t, const struct sysargs_call *call)
{
	int64_t result = do_shmat(t, call->args);

	if (t->at != TASK_DEAD)
		syscall_answer(t, result);
}

static void
sys_shmdt(struct task *t, const struct sysargs_call *call)
{
	int64_t result = do_shmdt(t, call->args[0]);

	if (t->at != TASK_DEAD)
		syscall_answer(t, result);
}

static void
after_shmctl(struct task *t, long result)
{
	if (result == 0)
		collect(t->run);
}

static void
sys_shmctl(struct task *t, const struct sysargs_call *call)
{
	if ((int)call->args[1] == IPC_RMID)
		t->at_exit = after_shmctl;
	syscall_prepare_and_run(t, call);
}

const struct syscall_entry_of sys_shm_calls[] = {
	{ SYS_shmat, sys_shmat },
	{ SYS_shmdt, sys_shmdt },
	{ SYS_shmctl, sys_shmctl },
	{ 0, NULL },
};
