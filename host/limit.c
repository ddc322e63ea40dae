/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.c - see limit.h.
 *
 * Data is not counted as it comes and goes: whoever has a limit on it pays with
 * a look at all entries whenever there is to be more.
 */
#include "host/limit.h"

#include "host/space.h"
#include "vm/vm_swapper.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/resource.h>

struct named_limit {
	enum __rlimit_resource which;
	const char *format; /* of its line in /proc/PID/limits */
};

static const struct named_limit data_limit = { RLIMIT_DATA,
	"Max data size %llu" };
static const struct named_limit resident_limit = { RLIMIT_RSS,
	"Max resident set %llu" };
static const struct named_limit locked_limit = { RLIMIT_MEMLOCK,
	"Max locked memory %llu" };
static const struct named_limit file_limit = { RLIMIT_FSIZE,
	"Max file size %llu" };

/* The first line of /proc/PID/FILE that has a number like this; or `otherwise`,
 * which is what a limit is that has no number. */
static uint64_t
number_in(const struct task *t, const char *file, const char *format,
    uint64_t otherwise)
{
	unsigned long long n = otherwise;
	char path[64], line[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)t->tid, file);
	f = fopen(path, "re");
	if (f == NULL)
		return n;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, format, &n) == 1)
			break;
	(void)fclose(f);
	return n;
}

const char *
limit_of_memory(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY)
		return " (see ulimit -v)";
	if (getrlimit(RLIMIT_DATA, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY)
		return " (see ulimit -d)";
	return "";
}

/* prlimit is for one's own user: the program may have become another. */
static uint64_t
soft(const struct task *t, const struct named_limit *l)
{
	struct rlimit limit;

	if (prlimit(t->tid, l->which, NULL, &limit) == 0)
		return limit.rlim_cur;
	return number_in(t, "limits", l->format, RLIM_INFINITY);
}

/* ----------------------------------------------------------------- data */

/* Private memory, which may be written or not; a stack has its own limit. */
static bool
may_be_data(const struct vm_map_entry *e)
{
	return vm_entry_is_cow(e) && !vm_entry_is_guard(e) &&
	    (e->flags & (VM_ENTRY_STACK | VM_ENTRY_FOREIGN)) == 0;
}

/* How much of a range is data, or would be if it could be written. */
static vsize_t
data_of(const struct task *t, vaddr_t start, vaddr_t end, bool is)
{
	struct vm_map *map = &t->space->vm->map;
	struct vm_map_part p;
	vsize_t sum = 0;

	vm_map_lock_read(map);
	for (; vm_map_part(map, start, end, &p); start = p.end)
		if (may_be_data(p.entry) &&
		    ((p.entry->prot & VM_PROT_WRITE) != 0) == is)
			sum += p.end - p.start;
	vm_map_unlock_read(map);
	return sum;
}

bool
limit_data(const struct task *t, vsize_t bytes, vaddr_t start, vaddr_t end)
{
	const struct vmspace *vs = t->space->vm;
	vsize_t most = vs->data_limit, is;

	if (most == RLIM_INFINITY)
		return true;
	is = data_of(t, vs->map.index.min, vs->map.index.max, true) -
	    data_of(t, start, end, true);
	return bytes <= most && is <= most - bytes;
}

bool
limit_is_data(const struct task *t, vaddr_t va)
{
	return data_of(t, vm_trunc_page(va), vm_trunc_page(va) + VM_PAGE_SIZE,
		   true) != 0;
}

bool
limit_data_protect(const struct task *t, vaddr_t start, vaddr_t end)
{
	vsize_t more;

	if (t->space->vm->data_limit == RLIM_INFINITY)
		return true;
	more = data_of(t, start, end, false);
	return more == 0 || limit_data(t, more, start, start);
}

/* ----------------------------------------------------------------- locks */

static bool
may_lock_all(const struct task *t)
{
	uint64_t caps = number_in(t, "status", "CapEff: %llx", 0);

	return (caps >> CAP_IPC_LOCK & 1) != 0;
}

int
limit_lock(const struct task *t)
{
	bool all = may_lock_all(t);
	uint64_t most = all ? UINT64_MAX : soft(t, &locked_limit);

	t->space->vm->map.wired_limit = most;
	return most == 0 ? -EPERM : 0;
}

/* ----------------------------------------------------------------- files */

uint64_t
limit_file(const struct task *t)
{
	return soft(t, &file_limit);
}

void
limit_note(const struct task *t)
{
	t->space->vm->data_limit = soft(t, &data_limit);
	vmspace_limit_resident(t->space->vm, soft(t, &resident_limit));
	(void)limit_lock(t);
}
