/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.c - see fault.h.
 *
 * What the access was is found out in the order of cost: the page that holds
 * the instruction itself is fetched; private memory without a file is going to
 * be written anyway; otherwise the instruction says.  A wrong "read" costs a
 * second fault, on a page that can be read: that was a write.
 *
 * A fault that has to wait is put off.  Nothing is run in its task meanwhile,
 * so that a signal that comes of it says what the processor said.
 *
 * Nothing stops a fault from coming again: another thread may have taken the
 * page away.  But the same fault many times in a row, on a page that is there,
 * means that we and the host disagree; that ends the program rather than time.
 */
#include "host/fault.h"

#include "host/decode.h"
#include "host/event.h"
#include "host/filter.h"
#include "host/oom.h"
#include "host/putoff.h"
#include "host/run.h"
#include "host/signal.h"
#include "host/space.h"
#include "host/stub.h"
#include "host/swap.h"
#include "host/trace.h"
#include "host/user.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define CODE_MAX    16
#define SAME_FAULTS 1000
#define GROW_GAP    ((vsize_t)1 << 20)
#define CHUNK       64 /* bytes that movs moves at once, at most */

/* What the program's map says about an address. */
struct place {
	bool mapped, anonymous_private, guard;
	vm_prot_t prot;
};

static struct place
look_up(struct task *t, uint64_t va)
{
	struct vm_map *map = &t->space->vm->map;
	struct place p = { .mapped = false };
	const struct vm_map_entry *e;

	vm_map_lock_read(map);
	e = vm_map_lookup(map, va);
	if (e != NULL)
		p = (struct place){ .mapped = true,
			.prot = e->prot,
			.guard = vm_entry_is_guard(e),
			.anonymous_private = e->object == NULL };
	vm_map_unlock_read(map);
	return p;
}

/* movs reads one place and writes another: which of them is va? */
static bool
is_source(struct task *t, const uint8_t *code, uint64_t va)
{
	size_t i = code[0] == 0xf3;

	i += (code[i] & 0xf8) == 0x48;
	return (code[i] == 0xa4 || code[i] == 0xa5) &&
	    va - (trace_regs(t)->rdi - CHUNK) >= 2 * CHUNK;
}

static bool
instruction_writes(struct task *t, uint64_t ip, uint64_t va)
{
	uint8_t code[CODE_MAX] = { 0 };
	size_t n = CODE_MAX, room = VM_PAGE_SIZE - (ip & VM_PAGE_MASK);

	if (user_read(t, ip, code, n) != 0) {
		if (room >= n || user_read(t, ip, code, room) != 0)
			return false;
	}
	return decode_writes(code, n) && !is_source(t, code, va);
}

static vm_prot_t
access_of(struct task *t, uint64_t va, const struct place *p)
{
	uint64_t ip = trace_regs(t)->rip;

	if (va - ip < CODE_MAX && (p->prot & VM_PROT_EXEC) &&
	    !pmap_host_is_usable(t->space->pmap, va, VM_PROT_EXEC))
		return VM_PROT_EXEC;
	if (va == ip)
		return VM_PROT_EXEC;
	if ((p->anonymous_private && (p->prot & VM_PROT_WRITE)) ||
	    instruction_writes(t, ip, va))
		return VM_PROT_WRITE;
	if (t->same_faults > 1 &&
	    pmap_host_is_usable(t->space->pmap, va, VM_PROT_READ))
		return VM_PROT_WRITE;
	return VM_PROT_READ;
}

/* Another thread may have brought the page while this fault was on its way. */
static bool
is_outdated(const struct task *t)
{
	return t->same_faults == 1 &&
	    list_first(&t->space->tasks) != list_last(&t->space->tasks);
}

/* A fault had no reason if the page could be used, or the host failed us. */
static void
note_futile(struct task *t, uint64_t va, vm_prot_t access)
{
	if (!pmap_host_is_usable(t->space->pmap, va, access) &&
	    t->failures_seen == t->space->failures)
		t->futile_faults = 0;
	t->failures_seen = t->space->failures;
}

static int
bring(struct task *t, uint64_t va, vm_prot_t access)
{
	uint64_t page = vm_trunc_page(va), end = page + VM_PAGE_SIZE;

	return putoff_bring(t, page, &end, access);
}

static int
resolve(struct task *t, uint64_t va)
{
	struct place p = look_up(t, va);
	vm_prot_t access = access_of(t, va, &p);
	int error;

	note_futile(t, va, access);
	if (pmap_host_fault(t->space->pmap, va, access))
		return VM_OK;
	error = bring(t, va, access);
	if (error == VM_EACCES && access == VM_PROT_WRITE &&
	    pmap_host_is_usable(t->space->pmap, va, VM_PROT_READ) &&
	    is_outdated(t))
		return VM_OK;
	/* The program does not know of the gap below its stack. */
	if (error == VM_EACCES && look_up(t, va).guard)
		return VM_EFAULT;
	return error;
}

/* The end of a stack, whose first entry is e: entries may have been cut. */
static vaddr_t
top_of(const struct vm_map *map, const struct vm_map_entry *e)
{
	vaddr_t end = e->end;

	while ((e = vm_map_next(map, e)) != NULL && e->start == end &&
	    (e->flags & VM_ENTRY_STACK))
		end = e->end;
	return end;
}

/*
 * Below a MAP_GROWSDOWN mapping: it grows, as far as the limit of the stack
 * and the distance to what lies below it allow.  The stack of the program
 * itself is the library's matter.
 */
static bool
grow(struct task *t, uint64_t va)
{
	struct vm_map *map = &t->space->vm->map;
	struct vm_mmap_args args = { .flags = VM_MMAP_FIXED |
		    VM_MMAP_NOREPLACE | VM_MMAP_PRIVATE | VM_MMAP_STACK |
		    VM_MMAP_DOWN,
		.max_prot = VM_PROT_ALL };
	const struct vm_map_entry *e;
	struct rlimit limit;
	bool may;
	vaddr_t at;

	args.addr = vm_trunc_page(va);
	if (args.addr < GROW_GAP ||
	    prlimit(t->tid, RLIMIT_STACK, NULL, &limit) != 0)
		return false;
	vm_map_lock_read(map);
	e = vm_map_ceiling(map, args.addr - GROW_GAP);
	may = e != NULL && (e->marks & VM_MARK_DOWN) && e->start > va &&
	    top_of(map, e) - args.addr <= limit.rlim_cur;
	if (may) {
		args.prot = e->prot;
		args.len = e->start - args.addr;
	}
	vm_map_unlock_read(map);
	return may && vm_mmap(t->space->vm, &args, &at) == 0;
}

/* The host's signal for an answer that the program must get itself. */
static void
set_signal(struct task *t, int error)
{
	bool bus = error == VM_ERANGE || error == VM_EIO;
	int code = error == VM_EACCES ? SEGV_ACCERR : SEGV_MAPERR;

	t->signal = bus ? SIGBUS : SIGSEGV;
	t->info.si_signo = t->signal;
	t->info.si_code = bus ? BUS_ADRERR : code;
}

/*
 * A signal that takes the place of another may be blocked or ignored, which
 * the kernel does not allow for faults: as it would, make it fatal.
 */
static void
force(struct task *t, int from)
{
	static const struct kernel_action fatal;
	uint64_t mask;

	if (t->signal == from)
		return;
	signal_keep_action(t, from);
	if (!signal_is_blocked(t, t->signal) &&
	    t->sighand->action[t->signal].handler != (uintptr_t)SIG_IGN)
		return;
	stub_set_action(t, t->signal, &fatal);
	if (t->at != TASK_DEAD && trace_mask(t, &mask))
		trace_set_mask(t, mask & ~((uint64_t)1 << (t->signal - 1)));
}

static void
count_same(struct task *t, uint64_t va)
{
	if (t->last_fault != va) {
		t->last_fault = va;
		t->same_faults = t->futile_faults = 0;
	}
	t->same_faults++;
	t->futile_faults++;
}

/*
 * A thread that faults with the signal blocked makes the kernel forget the
 * handler, for all threads, until we have come to that thread's stop.  So the
 * others are stopped until this one has entered its handler, which is put back
 * first if it is forgotten already.
 */
static void
keep_handler(struct task *t)
{
	const struct sighand *sh = t->sighand;
	bool forgotten = false;

	if (sh->refs == 1 || sh->action[t->signal].handler == 0)
		return;
	LIST_FOREACH(struct task, other, &t->run->tasks.all, all)
		if (other != t && other->sighand == sh)
			(void)event_stop(other);
	LIST_FOREACH(struct task, other, &t->run->unread, unread)
		forgotten |= other->sighand == sh && other->at != TASK_DEAD &&
		    signal_is_blocked(other, t->signal);
	if (forgotten)
		stub_set_action(t, t->signal, &sh->action[t->signal]);
	t->step_in = true;
}

static void answer(struct task *);

/*
 * The frame of the handler may need pages, and running a list now would spoil
 * what the frame says of the fault.  So the program faults once more, after
 * the pages have come.
 */
static void
deliver(struct task *t, int error)
{
	int sig = t->signal;

	set_signal(t, error);
	if (signal_must_wait(t, answer)) {
		t->signal = sig;
		return;
	}
	if (error == VM_EIO)
		swap_tell(t->space, "gets SIGBUS");
	signal_prepare_frame(t);
	if (pmap_host_is_pending(t->space->pmap) && t->same_faults == 1) {
		t->signal = 0;
		stub_resume(t, STUB_NO_CALL);
		return;
	}
	force(t, sig);
	keep_handler(t);
	if (t->at != TASK_DEAD)
		signal_deliver(t);
}

static void
kill_stuck(struct task *t)
{
	char why[128];

	(void)snprintf(why, sizeof(why),
	    "killed: the host does not take its mappings: %s",
	    t->stub_error < 0 ? strerror((int)-t->stub_error) :
				"nothing failed");
	signal_kill(t, why);
}

static void
answer(struct task *t)
{
	uint64_t va = (uint64_t)t->info.si_addr;
	int sig = t->signal, error = VM_EFAULT;

	if (va < t->run->machine->va_max)
		error = resolve(t, va);
	if (error == VM_EFAULT && va < t->run->machine->va_max && grow(t, va))
		error = resolve(t, va);
	if (error == VM_EWAIT) {
		t->run->faults_parked++;
		putoff(t, answer);
		return;
	}
	if (error == VM_ENOMEM) {
		t->futile_faults = 0;
		if (!oom(t))
			return;
	} else if (error != 0) {
		deliver(t, error);
		return;
	}
	if (t->futile_faults > SAME_FAULTS) {
		kill_stuck(t);
	} else {
		t->signal = 0;
		signal_keep_action(t, sig);
		stub_resume(t, STUB_NO_CALL);
	}
}

void
fault(struct task *t)
{
	count_same(t, (uint64_t)t->info.si_addr);
	t->run->faults++;
	putoff_begin(t);
	t->npromises = 0; /* no system call is under way */
	space_check_stack(t);
	if (t->info.si_code == BUS_ADRALN && t->signal == SIGBUS)
		signal_deliver(t);
	else
		answer(t);
}
