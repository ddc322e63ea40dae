/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seal.c - seals of memory files, where mappings have a say in them.
 *
 * The host keeps the seals, and heeds them for all calls but mmap, which it
 * does not see: sys_mmap.c asks for them.  It does not know either that a file
 * is mapped writable, when a program wants to seal it against writing:
 *
 *	F_SEAL_WRITE		is refused, EBUSY
 *	F_SEAL_FUTURE_WRITE	is granted; mappings that are there go on
 *				writing, and so must we (file_keep_writing)
 */
#include "host/file.h"
#include "host/run.h"
#include "host/space.h"
#include "host/syscall.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool
maps_writable(struct space *space, const struct vm_object *obj)
{
	struct vm_map *map = &space->vm->map;
	const struct vm_map_entry *e;
	bool found = false;

	vm_map_lock_read(map);
	for (e = vm_map_first(map); e != NULL && !found;
	     e = vm_map_next(map, e))
		found = e->object == obj && !(e->flags & VM_ENTRY_COW) &&
		    (e->max_prot & VM_PROT_WRITE);
	vm_map_unlock_read(map);
	return found;
}

static bool
is_mapped_writable(struct run *run, const struct vm_object *obj)
{
	LIST_FOREACH(struct space, space, &run->spaces, link)
		if (maps_writable(space, obj))
			return true;
	return false;
}

/* May the object's file, which has old seals, get new ones? */
static int
prepare(struct run *run, struct vm_object *obj, int old, int seals)
{
	(void)vm_object_flush(obj, 0, UINT64_MAX >> VM_PAGE_SHIFT);
	if (!is_mapped_writable(run, obj))
		return 0;
	if ((seals & F_SEAL_WRITE) && !(old & F_SEAL_WRITE))
		return -EBUSY;
	if (seals & F_SEAL_FUTURE_WRITE)
		file_keep_writing(obj);
	return 0;
}

/* What the host would refuse by itself is left to it. */
static int
before_sealing(struct task *t, int program_fd, int seals)
{
	int fd = task_fd(t, program_fd), old, error = 0;
	struct vm_object *obj = NULL;
	struct stat st;

	if (fd < 0)
		return 0;
	old = fcntl(fd, F_GET_SEALS);
	if (old >= 0 && !(old & F_SEAL_SEAL) &&
	    (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY && fstat(fd, &st) == 0)
		obj = file_find(t->run, &st);
	if (obj != NULL) {
		error = prepare(t->run, obj, old, seals);
		vm_object_unref(obj);
	}
	(void)close(fd);
	return error;
}

static void
sys_fcntl(struct task *t, const struct sysargs_call *call)
{
	int error = 0;

	if ((int)call->args[1] == F_ADD_SEALS)
		error = before_sealing(t, (int)call->args[0],
		    (int)call->args[2]);
	if (error != 0) {
		syscall_answer(t, error);
		return;
	}
	syscall_prepare_and_run(t, call);
}

const struct syscall_entry_of sys_seal_calls[] = {
	{ SYS_fcntl, sys_fcntl },
	{ 0, NULL },
};
