/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_charge.c - the sums of all promises, and their limits.
 *
 * A third of memory always stays unwired.  Anonymous memory may be promised
 * up to all of memory, but for its reserve, and of swap; files need no more
 * than what is left, since their pages can always go.
 * Source: NetBSD uvmexp.wiredmax; FreeBSD vm.overcommit.
 */
#include "vm/vm_charge.h"

#include "vm/vm_page.h"
#include "vm/vm_swap.h"

#define UNWIRED_SHARE 3 /* a third of memory always stays unwired */

static uint64_t
wired_max(const struct vm_system *sys)
{
	return vm_page_count(sys) - vm_page_count(sys) / UNWIRED_SHARE;
}

static uint64_t
anon_max(struct vm_system *sys)
{
	return vm_page_count(sys) - vm_page_reserve(sys) + vm_swap_total(sys);
}

static bool
take(_Atomic uint64_t *sum, uint64_t n, uint64_t max)
{
	uint64_t was = atomic_load_explicit(sum, memory_order_relaxed);

	do {
		if (n > max || was > max - n)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(sum, &was, was + n,
	    memory_order_relaxed, memory_order_relaxed));
	return true;
}

static void
give(_Atomic uint64_t *sum, uint64_t n)
{
	uint64_t was;

	was = atomic_fetch_sub_explicit(sum, n, memory_order_relaxed);
	VM_ASSERT(was >= n);
	(void)was;
}

int
vm_charge_take(struct vm_system *sys, const struct vm_charge *c)
{
	if (c->wired != 0 &&
	    !take(&sys->charged_wired, c->wired, wired_max(sys)))
		return VM_EAGAIN;
	if (c->anon != 0 && !take(&sys->charged_anon, c->anon, anon_max(sys))) {
		give(&sys->charged_wired, c->wired);
		VM_COUNT(sys, charge_refused);
		return VM_ENOMEM;
	}
	return 0;
}

void
vm_charge_again(struct vm_system *sys, const struct vm_charge *c)
{
	(void)atomic_fetch_add_explicit(&sys->charged_wired, c->wired,
	    memory_order_relaxed);
	(void)atomic_fetch_add_explicit(&sys->charged_anon, c->anon,
	    memory_order_relaxed);
}

void
vm_charge_give(struct vm_system *sys, const struct vm_charge *c)
{
	give(&sys->charged_wired, c->wired);
	give(&sys->charged_anon, c->anon);
}

void
vm_charge_get(struct vm_system *sys, struct vm_charge *now,
    struct vm_charge *max)
{
	now->wired = sys->charged_wired;
	now->anon = sys->charged_anon;
	max->wired = wired_max(sys);
	max->anon = anon_max(sys);
}
