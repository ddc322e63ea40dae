/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_bsd.c - the call of <bsdvm/syscall.h>: what the BSDs have and Linux does
 * not.  Its first argument says what is wanted; what is not known here fails
 * with ENOSYS, as on Linux, so that programs can ask.
 */
#include "host/limit.h"
#include "host/parcel.h"
#include "host/run.h"
#include "host/space.h"
#include "host/swap.h"
#include "host/syscall.h"
#include "host/user.h"
#include "include/bsdvm/syscall.h"

#include <errno.h>
#include <stdio.h>

#define SWAP_TEXT_MAX 4096

/* ---------------------------------------------------------- attributes */

static int64_t
do_minherit(struct task *t, const uint64_t *a)
{
	if (a[2] > BSDVM_SYS_INHERIT_ZERO)
		return -EINVAL;
	return syscall_error(
	    vm_minherit(t->space->vm, a[0], a[1], (enum vm_inherit)a[2]));
}

static int64_t
do_mimmutable(struct task *t, const uint64_t *a)
{
	return syscall_error(vm_mimmutable(t->space->vm, a[0], a[1]));
}

static int64_t
do_mquery(struct task *t, const uint64_t *a)
{
	struct vm_map *map = &t->space->vm->map;
	struct vm_map_insert_args args = {
		.start = vm_trunc_page(a[0]),
		.len = vm_round_page(a[1]), /* 0: it wraps */
	};
	bool fixed = a[2] != 0;
	vaddr_t at = 0;
	int error;

	if (args.len == 0 || (fixed && (a[0] & VM_PAGE_MASK) != 0))
		return -EINVAL;
	vm_map_lock(map);
	error = vm_map_findspace(map, &args, &at);
	vm_map_unlock(map);
	if (error == 0 && fixed && at != args.start)
		return -EEXIST;
	return error == 0 ? (int64_t)at : syscall_error(error);
}

/* ------------------------------------------------------ passing memory */

static int64_t
do_give(struct task *t, const uint64_t *a)
{
	const struct parcel_of of = { a[0], a[1], a[2], (int)a[3] };

	return parcel_give(t, &of);
}

/* The length is written first: what has been taken cannot go back. */
static int64_t
do_take(struct task *t, const uint64_t *a)
{
	vsize_t len = 0;
	int64_t result;

	if (user_write(t, a[2], &len, sizeof(len)) != 0)
		return -EFAULT;
	result = parcel_take(t, (int)a[0], vm_trunc_page(a[1]), &len);
	if (result >= 0)
		(void)user_write(t, a[2], &len, sizeof(len));
	return result;
}

/* ------------------------------------------------------------- looking */

static uint64_t
load(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static struct bsdvm_sys_stats
stats_of(struct task *t)
{
	struct vm_system *sys = t->run->sys;
	const struct vm_stats *s = &sys->stats;
	const struct vm_map *map = &t->space->vm->map;

	return (struct bsdvm_sys_stats){
		.pages_total = vm_page_count(sys),
		.pages_free = vm_page_free_count(sys),
		.swap_pages = vm_swap_total(sys),
		.swap_in_use = vm_swap_in_use(sys),
		.faults = load(&s->faults),
		.forks = load(&s->forks),
		.pageins = load(&s->pageins),
		.pageouts = load(&s->pageouts),
		.swap_reads = load(&s->swap_reads),
		.swap_writes = load(&s->swap_writes),
		.loans = load(&s->loans),
		.loan_copies = load(&s->loan_copies),
		.extract_copies = load(&s->extract_copies),
		.map_entries = map->nentries - space_reserved(t->space),
		.map_bytes = map->size,
	};
}

static int64_t
do_stats(struct task *t, const uint64_t *a)
{
	struct bsdvm_sys_stats stats = stats_of(t);
	size_t n = a[1] < sizeof(stats) ? (size_t)a[1] : sizeof(stats);

	return user_write(t, a[0], &stats, n) == 0 ? (int64_t)n : -EFAULT;
}

/* ---------------------------------------------------------------- swap */

static unsigned
count_swap(struct run *run)
{
	struct vm_swap_info d;
	unsigned i = 0;

	while (vm_swap_nth(run->sys, i, &d))
		i++;
	return i;
}

static int64_t
tell_of_swap(struct task *t, uint64_t to, uint64_t most)
{
	struct vm_swap_info d;
	unsigned i;

	for (i = 0; i < most && vm_swap_nth(t->run->sys, i, &d); i++) {
		struct bsdvm_sys_swap out = {
			.pages = d.npages,
			.in_use = d.used,
			.bad = d.bad,
			.priority = d.priority,
		};

		(void)snprintf(out.name, sizeof(out.name), "%s", d.name);
		if (user_write(t, to + i * sizeof(out), &out, sizeof(out)) != 0)
			return -EFAULT;
	}
	return i;
}

static int64_t
change_swap(struct task *t, uint64_t addr, bool on)
{
	char text[SWAP_TEXT_MAX];

	switch (user_read_string(t, addr, text, sizeof(text))) {
	case VM_OK:
		break;
	case VM_ENOMEM:
		return -ENAMETOOLONG;
	default:
		return -EFAULT;
	}
	return on ? swap_on(t->run, text) : swap_off(t->run, text);
}

static int64_t
do_swapctl(struct task *t, const uint64_t *a)
{
	switch (a[0]) {
	case BSDVM_SYS_SWAP_COUNT:
		return count_swap(t->run);
	case BSDVM_SYS_SWAP_STATS:
		return (int)a[2] < 0 ? -EINVAL : tell_of_swap(t, a[1], a[2]);
	case BSDVM_SYS_SWAP_ON:
	case BSDVM_SYS_SWAP_OFF:
		return change_swap(t, a[1], a[0] == BSDVM_SYS_SWAP_ON);
	default:
		return -EINVAL;
	}
}

/* ---------------------------------------------------------------- call */

static void
sys_bsdvm(struct task *t, const struct sysargs_call *call)
{
	static int64_t (*const what[])(struct task *, const uint64_t *) = {
		[BSDVM_SYS_CALL_STATS] = do_stats,
		[BSDVM_SYS_CALL_MINHERIT] = do_minherit,
		[BSDVM_SYS_CALL_MIMMUTABLE] = do_mimmutable,
		[BSDVM_SYS_CALL_MQUERY] = do_mquery,
		[BSDVM_SYS_CALL_GIVE] = do_give,
		[BSDVM_SYS_CALL_TAKE] = do_take,
		[BSDVM_SYS_CALL_SWAPCTL] = do_swapctl,
	};
	uint64_t n = call->args[0];

	if (n >= sizeof(what) / sizeof(what[0]) || what[n] == NULL)
		syscall_answer(t, -ENOSYS);
	else
		syscall_answer(t, what[n](t, call->args + 1));
}

const struct syscall_entry_of sys_bsd_calls[] = {
	{ BSDVM_SYSCALL, sys_bsdvm },
	{ 0, NULL },
};
