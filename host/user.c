/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user.c - see user.h.
 */
#include "host/user.h"

#include "host/putoff.h"
#include "host/run.h"
#include "host/space.h"
#include "host/swap.h"
#include "pmap/host.h"

#include <string.h>

#define LOOK_MOST  ((uint64_t)1 << 20)
#define KEEP_TRIES 16 /* then memory is too small for what a call wants */

static uint64_t
passes(const struct task *t)
{
	return atomic_load_explicit(&t->run->sys->stats.pd_passes,
	    memory_order_relaxed);
}

static void
promise(struct task *t, uint64_t start, uint64_t end, bool write)
{
	if (t->npromises == 0)
		t->promised_at = passes(t);
	if (t->npromises < TASK_PROMISES)
		t->promises[t->npromises] = (struct promise){ start, end,
			write };
	if (t->npromises <= TASK_PROMISES)
		t->npromises++;
}

/* What the kernel makes of it does not say why. */
static int
note_loss(struct task *t, int error)
{
	if (error == VM_EIO)
		swap_tell(t->space,
		    "may get EFAULT or, with a signal, SIGSEGV");
	return error;
}

/* The first page of [va, end) that cannot be used yet, or end. */
static uint64_t
skip_usable(struct task *t, uint64_t va, uint64_t end, vm_prot_t access)
{
	while (va < end && pmap_host_is_usable(t->space->pmap, va, access))
		va += VM_PAGE_SIZE;
	return va < end ? va : end;
}

/* From va on: the end of the pages that cannot be used yet, as far as it is
 * worth looking before one of them is. */
static uint64_t
skip_unusable(struct task *t, uint64_t va, uint64_t end, vm_prot_t access)
{
	if (end - va > LOOK_MOST)
		end = va + LOOK_MOST;
	while (va < end && !pmap_host_is_usable(t->space->pmap, va, access))
		va += VM_PAGE_SIZE;
	return va < end ? va : end;
}

static int
bring(struct task *t, uint64_t va, uint64_t *end, vm_prot_t access)
{
	if (t->asks)
		return putoff_bring(t, va, end, access);
	return vm_fault_range(&t->space->vm->map, va, *end, access, end);
}

static void
wait_at(struct task *t, uint64_t va, uint64_t end, vm_prot_t access)
{
	t->has_to_wait = true;
	t->rest = (struct promise){ va, end, access == VM_PROT_WRITE };
}

/*
 * Make [va, end) usable up to the first page that has no answer, and tell
 * where that is.  The port may lose a page at once to make room for another:
 * so not for ever.
 */
static uint64_t
resolve(struct task *t, uint64_t va, uint64_t end, vm_prot_t access)
{
	struct pmap *pm = t->space->pmap;
	uint64_t stop, start = va, tries = 2 * vm_atop(end - va) + 2;
	int error;

	while (tries-- > 0 && (va = skip_usable(t, va, end, access)) < end) {
		if (pmap_host_fault(pm, va, access))
			continue;
		stop = skip_unusable(t, va, end, access);
		error = bring(t, va, &stop, access);
		t->starved |= note_loss(t, error) == VM_ENOMEM;
		if (error == VM_EWAIT) {
			va = stop;
			wait_at(t, va, end, access);
		}
		if (error != 0 && stop == va)
			break;
	}
	t->reached += vm_atop(va - start);
	return va;
}

static void
prepare(struct task *t, uint64_t va, uint64_t end, bool write)
{
	while (va < end) {
		va = resolve(t, va, end, write ? VM_PROT_WRITE : VM_PROT_READ);
		if (va >= end || !write || t->has_to_wait)
			break;
		if (resolve(t, va, va + VM_PAGE_SIZE, VM_PROT_READ) == va)
			break;
		va += VM_PAGE_SIZE;
	}
}

/* => false: it has to be waited for */
static bool
ask(struct task *t, uint64_t addr, uint64_t len)
{
	if (!t->has_to_wait)
		prepare(t, vm_trunc_page(addr), vm_round_page(addr + len),
		    false);
	return !t->has_to_wait;
}

int
user_read_most(struct task *t, uint64_t addr, void *buf, size_t len,
    size_t *done)
{
	return note_loss(t, vmspace_read(t->space->vm, addr, buf, len, done));
}

int
user_write_most(struct task *t, uint64_t addr, const void *buf, size_t len,
    size_t *done)
{
	return note_loss(t, vmspace_write(t->space->vm, addr, buf, len, done));
}

int
user_read(struct task *t, uint64_t addr, void *buf, size_t len)
{
	size_t done;

	if (t->asks && !ask(t, addr, len))
		return VM_EWAIT;
	return user_read_most(t, addr, buf, len, &done);
}

int
user_write(struct task *t, uint64_t addr, const void *buf, size_t len)
{
	size_t done;

	return user_write_most(t, addr, buf, len, &done);
}

int
user_read_string(struct task *t, uint64_t addr, char *buf, size_t size)
{
	size_t n = 0, part;
	char *nul;
	int error;

	while (n + 1 < size) {
		part = (size_t)(VM_PAGE_SIZE - ((addr + n) & VM_PAGE_MASK));
		if (part > size - 1 - n)
			part = size - 1 - n;
		error = user_read(t, addr + n, buf + n, part);
		if (error != 0)
			return error;
		nul = memchr(buf + n, '\0', part);
		if (nul != NULL)
			return VM_OK;
		n += part;
	}
	buf[n] = '\0';
	return VM_ENOMEM;
}

void
user_prepare(struct task *t, uint64_t addr, uint64_t len, bool write)
{
	uint64_t va = vm_trunc_page(addr), end = vm_round_page(addr + len);

	promise(t, va, end, write);
	if (!t->has_to_wait)
		prepare(t, va, end, write);
}

void
user_go_on(struct task *t, const struct promise *rest)
{
	(void)resolve(t, rest->start, rest->end,
	    rest->write ? VM_PROT_WRITE : VM_PROT_READ);
}

void
user_keep(struct task *t)
{
	unsigned tries = KEEP_TRIES;

	while (t->npromises > 0 && passes(t) != t->promised_at && tries-- > 0) {
		t->promised_at = passes(t);
		for (unsigned i = 0; i < t->npromises && i < TASK_PROMISES; i++)
			prepare(t, t->promises[i].start, t->promises[i].end,
			    t->promises[i].write);
	}
}
