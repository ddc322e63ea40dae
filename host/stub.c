/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stub.c - see stub.h.
 *
 * The registers of the program are in task->program while the task is in the
 * stub; the code restores those that it used from the slot and ends in iretq,
 * which puts the instruction pointer, the flags and the stack pointer back in
 * one step.  It uses no stack but the slot, upwards, so the program's stack
 * and its red zone are untouched.
 *
 * Signals: no handler may run with the stub's registers.  A list that must
 * stop is run with all signals blocked.  One that resumes is not; a signal
 * that arrives there stops the task before it is delivered, and stub_leave
 * turns that into a stop of the program at its own instruction:
 *
 *	before the end of the list	the rest is run, with stop
 *	after the program's call	its result, or its restart code, moves
 *					to the program's registers
 *	after the end of the list	nothing is left to do
 */
#include "host/stub.h"

#include "host/event.h"
#include "host/filter.h"
#include "host/give.h"
#include "host/message.h"
#include "host/run.h"
#include "host/signal.h"
#include "host/space.h"
#include "host/syscall.h"
#include "host/trace.h"
#include "host/user.h"
#include "host/window.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Marks in the place of a call's number. */
#define MARK_RESUME ((uint64_t)-1)
#define MARK_STOP   ((uint64_t)-2)
#define MARK_CALL   ((uint64_t)-3) /* the program's own comes next */

/* Results that the kernel keeps to itself. */
#define ERESTARTSYS           512
#define ERESTART_RESTARTBLOCK 516

/* How often to look whether a list is done before stopping who runs it. */
#define PATIENCE 1000

#define CALLS_MAX  64
#define CALL_WORDS 7
#define END_WORDS  (CALL_WORDS + 1 + 14)

/* Behind the list: see stub_scratch. */
#define SCRATCH (VM_PAGE_SIZE - 256)

/* Where a task enters: it sets rsp to the slot and goes to the code. */
#define ENTRY     (SCRATCH - 16)
#define ENTRY_LEN 12

_Static_assert((CALLS_MAX * CALL_WORDS + END_WORDS) * 8 <= ENTRY,
    "a list fits into its slot");

/*
 * rsp points to the next word of the list.  The mark at its end is cleared when
 * it has been read: that tells us that the list is done.  The order of the
 * parts matters: what lies at or after stub_called has the program's call
 * behind it.
 */
__asm__(".pushsection .rodata\n"
	"stub_code:\n"
	"	pop %rax\n"
	"	cmp $-16, %rax\n"
	"	jae 1f\n"
	"	pop %rdi; pop %rsi; pop %rdx; pop %r10; pop %r8; pop %r9\n"
	"	syscall\n"
	"	cmp $-4095, %rax\n"
	"	jb stub_code\n"
	"	int3\n"
	"stub_failed:\n"
	"	int3\n"
	"1:	movq $0, -8(%rsp)\n"
	"	inc %rax\n"
	"	jz stub_resumes\n"
	"	inc %rax\n"
	"	jnz 2f\n"
	"	int3\n"
	"stub_stopped:\n"
	"	int3\n"
	"2:	pop %rax\n"
	"	pop %rdi; pop %rsi; pop %rdx; pop %r10; pop %r8; pop %r9\n"
	"	syscall\n"
	"stub_called:\n"
	"	cmpq $0, (%rsp)\n"
	"	je 3f\n"
	"	int3\n"
	"stub_call_stopped:\n"
	"	int3\n"
	"3:	add $8, %rsp\n"
	"	jmp 4f\n"
	"stub_resumes:\n"
	"	pop %rax\n"
	"4:	pop %rdi; pop %rsi; pop %rdx; pop %r10; pop %r8; pop %r9\n"
	"	pop %rcx; pop %r11\n"
	"	iretq\n"
	"stub_code_end:\n"
	".popsection\n");

/* Behind each int3, so that no jump leads to these addresses. */
extern const char stub_code[], stub_failed[], stub_stopped[], stub_called[],
    stub_call_stopped[], stub_code_end[];

static uint64_t
address_of(const char *label)
{
	return STUB_BASE + (uint64_t)(label - stub_code);
}

void
stub_init(struct run *run)
{
	memcpy(pmap_host_tail(run->machine), stub_code,
	    (uintptr_t)stub_code_end - (uintptr_t)stub_code);
}

bool
stub_vdso_syscall(size_t *offset)
{
	const unsigned char *vdso = (const unsigned char *)getauxval(
	    AT_SYSINFO_EHDR);

	if (vdso == NULL)
		return false;
	for (size_t i = 0; i + 1 < VM_PAGE_SIZE; i++)
		if (vdso[i] == 0x0f && vdso[i + 1] == 0x05) {
			*offset = i;
			return true;
		}
	return false;
}

/* The result of a call that has been interrupted and is to run again. */
static bool
is_restart(int64_t result)
{
	return -result >= ERESTARTSYS && -result <= ERESTART_RESTARTBLOCK;
}

/* -------------------------------------------------------------- slots */

bool
stub_slot_alloc(struct run *run, unsigned *slot)
{
	for (unsigned i = 0; i < STUB_NSLOTS; i++) {
		unsigned s = (run->slots_hint + i) % (unsigned)STUB_NSLOTS;

		if (run->slots_used[s / 64] >> s % 64 & 1)
			continue;
		run->slots_used[s / 64] |= (uint64_t)1 << s % 64;
		run->slots_hint = s + 1;
		*slot = s;
		return true;
	}
	return false;
}

void
stub_slot_free(struct run *run, unsigned slot)
{
	run->slots_used[slot / 64] &= ~((uint64_t)1 << slot % 64);
	if (slot < run->slots_hint)
		run->slots_hint = slot;
}

static uint64_t
slot_address(const struct task *t)
{
	return STUB_BASE + ((uint64_t)(1 + t->slot) << VM_PAGE_SHIFT);
}

static uint64_t *
slot_words(struct task *t)
{
	char *tail = pmap_host_tail(t->run->machine);

	return (uint64_t *)(void *)(tail +
	    ((size_t)(1 + t->slot) << VM_PAGE_SHIFT));
}

/*
 * The way in: lea -(ENTRY + 7)(%rip), %rsp; jmp stub_code.  So rip is the only
 * register that has to be set from outside.
 */
static void
write_entry(struct task *t)
{
	int32_t back = -(int32_t)(ENTRY + 7);
	int32_t code = (int32_t)(address_of(stub_code) -
	    (slot_address(t) + ENTRY + ENTRY_LEN));
	unsigned char *p = (unsigned char *)slot_words(t) + ENTRY;

	memcpy(p, "\x48\x8d\x25", 3);
	memcpy(p + 3, &back, sizeof(back));
	p[7] = 0xe9;
	memcpy(p + 8, &code, sizeof(code));
}

/* -------------------------------------------------------------- lists */

/* The words that put the program's registers back. */
static uint64_t *
write_frame(uint64_t *w, const struct user_regs_struct *r)
{
	const uint64_t words[] = { r->rax, r->rdi, r->rsi, r->rdx, r->r10,
		r->r8, r->r9, r->rcx, r->r11, r->rip, r->cs, r->eflags, r->rsp,
		r->ss };

	memcpy(w, words, sizeof(words));
	return w + sizeof(words) / sizeof(words[0]);
}

static uint64_t *
write_call(uint64_t *w, const struct stub_call *call)
{
	*w++ = call->nr;
	memcpy(w, call->args, sizeof(call->args));
	return w + 6;
}

static struct stub_call
program_call(const struct task *t)
{
	const struct user_regs_struct *r = &t->program;

	if (t->instead != NULL)
		return *t->instead;
	return (struct stub_call){ r->orig_rax,
		{ r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 } };
}

/*
 * Let the task begin its list.  Registers that were changed here and are not
 * in the frame would be lost with the rest, so then all are loaded.
 */
static void
enter(struct task *t, bool changed, bool answered)
{
	struct user_regs_struct live = t->program;

	live.rip = slot_address(t) + ENTRY;
	live.orig_rax = (uint64_t)-1;
	write_entry(t);
	if (changed)
		trace_regs_load(t, &live);
	else
		trace_divert(t, live.rip,
		    answered || (int64_t)t->program.orig_rax != -1);
	t->regs_dirty = false;
}

/* Write a list into the task's slot and point the task at it. */
static void
begin(struct task *t, const struct stub_call *calls, size_t n, uint64_t mark)
{
	uint64_t *words = slot_words(t), *w = words;
	bool changed = t->regs_dirty, answered = t->answered;
	struct stub_call own;

	t->program = *trace_regs(t);
	for (size_t i = 0; i < n; i++)
		w = write_call(w, &calls[i]);
	t->stub_mark = (unsigned)(w - words);
	*w++ = mark;
	if (mark == MARK_CALL) {
		own = program_call(t);
		w = write_call(w, &own);
		t->program.rax = t->at_exit != NULL;
	}
	(void)write_frame(w, &t->program);
	enter(t, changed, answered);
	t->in_stub = true;
	t->stub_final = mark == MARK_CALL;
	t->run->stub_runs++;
}

/* All calls of the list have been run, but for the program's own. */
static bool
list_is_done(struct task *t)
{
	return __atomic_load_n(&slot_words(t)[t->stub_mark],
		   __ATOMIC_ACQUIRE) == 0;
}

bool
stub_is_busy(struct task *t)
{
	return t->in_stub && !list_is_done(t);
}

/* ---------------------------------------------- running until the stop */

static void
hold_signals(struct task *t)
{
	t->mask_held = trace_mask(t, &t->mask_saved);
	trace_set_mask(t, ~((uint64_t)1 << (SIGTRAP - 1)));
}

static void
release_signals(struct task *t)
{
	if (t->mask_held)
		trace_set_mask(t, t->mask_saved);
	t->mask_held = false;
	if (t->stop_missed)
		(void)trace_interrupt(t);
	if (t->missed_is_due)
		(void)syscall(SYS_tgkill, t->tgid, t->tid, t->missed);
	t->stop_missed = t->missed_is_due = false;
}

/* The task has just run an int3 of ours, or is in the middle of a list. */
static bool
is_behind_trap(uint64_t rip)
{
	return rip == address_of(stub_failed) ||
	    rip == address_of(stub_stopped) ||
	    rip == address_of(stub_call_stopped);
}

bool
stub_has_trapped(struct task *t, const siginfo_t *info)
{
	struct user_regs_struct live;

	return info->si_signo == SIGTRAP && info->si_code == SI_KERNEL &&
	    t->in_stub && trace_regs_live(t, &live) && is_behind_trap(live.rip);
}

bool
stub_is_missed(const struct task *t, const siginfo_t *info)
{
	return t->missed == info->si_signo && info->si_code == SI_TKILL;
}

/* It comes again when the list is over, and then says what it said first. */
static void
miss(struct task *t, const siginfo_t *info)
{
	if (t->missed != 0 && t->missed != info->si_signo) {
		(void)syscall(SYS_tgkill, t->tgid, t->tid, info->si_signo);
		return;
	}
	if (!stub_is_missed(t, info))
		t->missed_info = *info;
	t->missed = info->si_signo;
	t->missed_is_due = true;
}

/*
 * A task can be interrupted between an instruction that faults or traps and the
 * signal for it, and then gets the signal at either end of our list.  A fault
 * of the list itself is another thing.
 */
static bool
is_of_program(struct task *t, const siginfo_t *info)
{
	struct user_regs_struct live;

	if (info->si_signo == SIGTRAP)
		return true;
	return trace_regs_live(t, &live) &&
	    (is_behind_trap(live.rip) ||
		(live.rip == slot_address(t) + ENTRY &&
		    (uint64_t)info->si_addr != live.rip));
}

/*
 * The task has stopped on its way to a place of ours.  True when it may go
 * on, with *sig.  A SIGSTOP stops the process, as it should, which the kernel
 * tells us then: that is made up for at the end.  While signals are held
 * nothing else comes but faults, and traps that anybody can send.
 */
static bool
passes(struct task *t, int status, int *sig)
{
	siginfo_t info;

	*sig = 0;
	if (status >> 16 != 0) {
		t->stop_missed |= WSTOPSIG(status) != SIGTRAP;
		return true;
	}
	if (WSTOPSIG(status) == SIGSTOP) {
		*sig = SIGSTOP;
		return true;
	}
	if (!trace_siginfo(t, &info) || stub_has_trapped(t, &info) ||
	    !is_of_program(t, &info))
		return false;
	miss(t, &info);
	return true;
}

/* The process cannot run what we want: it has nothing to live on. */
static void
kill_stuck(struct task *t)
{
	struct user_regs_struct live = { .rip = 0 };
	siginfo_t info = { .si_signo = 0 };
	char why[128];

	(void)trace_regs_live(t, &live);
	(void)trace_siginfo(t, &info);
	(void)snprintf(why, sizeof(why),
	    "killed: the host does not run our calls in it: "
	    "signal %d, code %d, at %#llx, rip %#llx, rax %lld",
	    info.si_signo, info.si_code,
	    (unsigned long long)(uintptr_t)info.si_addr, live.rip,
	    (long long)live.rax);
	signal_kill(t, why);
	while (t->at != TASK_DEAD) {
		event_wait(t);
		if (t->at != TASK_DEAD) {
			(void)event_take(t);
			trace_continue(t, SIGKILL);
		}
	}
}

/* Let the task run its list to the stop at the end: false if it failed. */
static bool
run_to_stop(struct task *t)
{
	struct user_regs_struct live = { .rip = 0 };
	int sig = 0, status;

	hold_signals(t);
	do {
		trace_continue(t, sig);
		if (t->given != NULL)
			give(t, t->given);
		event_wait(t);
		if (t->at == TASK_DEAD)
			return false;
		status = event_take(t);
	} while (passes(t, status, &sig));
	release_signals(t);
	if (WSTOPSIG(status) != SIGTRAP) {
		kill_stuck(t);
		return false;
	}
	(void)trace_regs_live(t, &live);
	t->stub_error = (int64_t)live.rax;
	return live.rip == address_of(stub_stopped);
}

static void
back_to_program(struct task *t)
{
	t->regs = t->program;
	t->regs_known = t->regs_dirty = true;
	t->in_stub = false;
}

/* An operation has failed: most likely there is no room for a mapping. */
static void
note_full(struct space *space)
{
	space->host_full = true;
	space->failures++;
}

/* The list has not come to its end: run the rest, then stop. */
static void
complete(struct task *t)
{
	enum task_at at = t->at;
	int sig = t->signal;
	struct user_regs_struct live;
	bool failed = trace_regs_live(t, &live) &&
	    live.rip == address_of(stub_failed);

	slot_words(t)[t->stub_mark] = MARK_STOP;
	if (failed) {
		t->stub_error = (int64_t)live.rax;
		release_signals(t);
	} else {
		failed = !run_to_stop(t);
	}
	if (t->at == TASK_DEAD)
		return;
	back_to_program(t);
	t->at = at;
	t->signal = sig;
	t->undone = t->stub_final;
	if (failed)
		note_full(t->space);
}

/* The task has stopped on the way: the rest of its list cannot wait. */
static void
complete_unread(struct task *t)
{
	int status = event_take(t);
	siginfo_t info;

	t->at = TASK_TRAPPED;
	t->signal = 0;
	if (status >> 16 == 0 &&
	    !(trace_siginfo(t, &info) && stub_has_trapped(t, &info))) {
		t->at = TASK_AT_SIGNAL;
		t->info_known = trace_siginfo(t, &t->info);
	}
	t->stop_missed = status >> 16 != 0 && WSTOPSIG(status) != SIGTRAP;
	complete(t);
	if (t->at == TASK_DEAD)
		return;
	if (t->at == TASK_AT_SIGNAL)
		event_put(t, status);
	else
		event_put_interrupt(t);
}

/* Wait for a task that runs its list, which takes no time if it can run. */
static void
wait_for_list(struct task *t)
{
	for (unsigned i = 0; i < PATIENCE; i++) {
		if (!stub_is_busy(t) || t->has_status || t->at == TASK_DEAD)
			return;
		if (!event_poll(t->run))
			(void)sched_yield();
	}
	(void)trace_interrupt(t);
	event_wait(t);
}

/*
 * Another task of the space may have been let go with a list that it has not
 * run yet.  Who goes on next counts on it; so wait.
 */
static void
settle(struct task *t)
{
	struct space *space = t->space;
	struct task *other = space == NULL ? NULL : space->listing;

	if (other == NULL || other == t)
		return;
	wait_for_list(other);
	if (other->at != TASK_DEAD && stub_is_busy(other))
		complete_unread(other);
	if (other->at == TASK_DEAD && stub_is_busy(other))
		note_full(space);
	space->listing = NULL;
}

static bool
run_list(struct task *t, const struct stub_call *calls, size_t n)
{
	enum task_at at = t->at;
	int sig = t->signal;
	bool ok;

	settle(t);
	begin(t, calls, n, MARK_STOP);
	ok = run_to_stop(t);
	if (t->at == TASK_DEAD)
		return false;
	back_to_program(t);
	t->undone |= at == TASK_AT_CALL;
	t->at = at == TASK_AT_SIGNAL ? TASK_AT_SIGNAL : TASK_TRAPPED;
	t->signal = sig;
	return ok;
}

bool
stub_run(struct task *t, const struct stub_call *calls, size_t n)
{
	size_t part;

	for (; n > 0; calls += part, n -= part) {
		part = n < CALLS_MAX ? n : CALLS_MAX;
		if (!run_list(t, calls, part))
			return false;
	}
	return true;
}

bool
stub_give(struct task *t, const struct give *file)
{
	const struct stub_call call = { FILTER_GIVE, { FILTER_GIVE_KEY } };
	bool ok;

	t->given = file;
	ok = stub_run(t, &call, 1);
	t->given = NULL;
	return ok;
}

/* ------------------------------------------------------------ resuming */

static size_t
take_calls(struct task *t, struct stub_call *calls)
{
	struct pmap_host_op ops[CALLS_MAX / WINDOW_OP_CALLS];
	size_t nops, n = 0;

	if (t->space != NULL && t->space->host_full)
		pmap_host_forget(t->space->pmap);
	if (t->space != NULL)
		t->space->host_full = false;
	if (t->space == NULL || !pmap_host_is_pending(t->space->pmap))
		return 0;
	nops = pmap_host_take(t->space->pmap, ops, CALLS_MAX / WINDOW_OP_CALLS);
	for (size_t i = 0; i < nops; i++)
		n += window_calls(t->run, &ops[i], &calls[n]);
	return n;
}

/* The host has no room for more mappings: begin with none again. */
static bool
run_or_forget(struct task *t, const struct stub_call *calls, size_t n)
{
	if (stub_run(t, calls, n))
		return true;
	if (t->at != TASK_DEAD)
		note_full(t->space);
	return false;
}

uint64_t
stub_scratch(struct task *t, const void *data, size_t len)
{
	memcpy((char *)slot_words(t) + SCRATCH, data, len);
	return slot_address(t) + SCRATCH;
}

void
stub_set_action(struct task *t, int sig, const struct kernel_action *act)
{
	struct stub_call call = { SYS_rt_sigaction,
		{ (uint64_t)sig, 0, 0, 8 } };

	call.args[1] = stub_scratch(t, act, sizeof(*act));
	(void)stub_run(t, &call, 1);
}

/* ------------------------------------------------- the first time */

/* The stops at both ends of a call, and at the filter's verdict. */
#define AT_CALL   ((SIGTRAP | 0x80) << 8 | 0x7f)
#define AT_FILTER (PTRACE_EVENT_SECCOMP << 16 | SIGTRAP << 8 | 0x7f)

/* The task has been let go: to the stop that is wanted. */
static bool
wait_stop(struct task *t, int wanted)
{
	int status, sig;

	for (;;) {
		event_wait(t);
		if (t->at == TASK_DEAD)
			return false;
		status = event_take(t);
		t->at = TASK_TRAPPED;
		if (status == wanted)
			return true;
		if (!passes(t, status, &sig))
			return false;
		if (wanted == AT_CALL)
			trace_continue_to_exit(t, sig);
		else
			trace_continue(t, sig);
	}
}

/* Continue to that stop. */
static bool
next_stop(struct task *t, int wanted)
{
	if (wanted == AT_CALL)
		trace_continue_to_exit(t, 0);
	else
		trace_continue(t, 0);
	return wait_stop(t, wanted);
}

static bool
load_and_stop(struct task *t, const struct user_regs_struct *r, int wanted)
{
	t->regs = *r;
	t->regs.orig_rax = (uint64_t)-1;
	t->regs_known = true;
	trace_regs_changed(t);
	return next_stop(t, wanted);
}

/* The memory file, open in the task: that call stops at its entry. */
static bool
ask_for_file(struct task *t, struct user_regs_struct r, uint64_t *fd,
    struct rlimit *limit)
{
	r.rax = FILTER_GIVE;
	r.rdi = FILTER_GIVE_KEY;
	do {
		if (!load_and_stop(t, &r, AT_CALL))
			return false;
		trace_continue_to_exit(t, 0);
		give_file(t, limit);
		if (!wait_stop(t, AT_CALL))
			return false;
		*fd = trace_regs(t)->rax;
	} while (is_restart((int64_t)*fd));
	return (int64_t)*fd >= 0;
}

/* The stub region.  This call stops for the filter. */
static bool
map_region(struct task *t, struct user_regs_struct r, uint64_t fd)
{
	r.rax = SYS_mmap;
	r.rdi = STUB_BASE;
	r.rsi = STUB_END - STUB_BASE;
	r.rdx = PROT_READ | PROT_WRITE | PROT_EXEC;
	r.r10 = MAP_SHARED | MAP_FIXED | MAP_NORESERVE;
	r.r8 = fd;
	r.r9 = pmap_host_tail_offset(t->run->machine);
	return load_and_stop(t, &r, AT_FILTER) && next_stop(t, AT_CALL) &&
	    trace_regs(t)->rax == STUB_BASE;
}

bool
stub_map(struct task *t, uint64_t syscall_address)
{
	struct stub_call calls[WINDOW_CALLS];
	struct user_regs_struct program, r;
	struct rlimit limit;
	uint64_t fd = 0;
	bool ok;

	hold_signals(t);
	/* To the end of exec, which sets registers of its own. */
	if (!next_stop(t, AT_CALL))
		return false;
	program = r = *trace_regs(t);
	r.rip = syscall_address;
	ok = ask_for_file(t, r, &fd, &limit) && map_region(t, r, fd);
	if (t->at == TASK_DEAD)
		return false;
	t->regs = program;
	t->regs.orig_rax = (uint64_t)-1;
	t->regs_known = t->regs_dirty = true;
	release_signals(t);
	window_make(t->run, fd, calls);
	ok = ok && stub_run(t, calls, WINDOW_CALLS);
	give_end(t, &limit);
	return ok;
}

void
stub_flush(struct task *t)
{
	struct stub_call calls[CALLS_MAX];
	size_t n;

	while (t->at != TASK_DEAD && (n = take_calls(t, calls)) > 0)
		(void)run_or_forget(t, calls, n);
}

static void
resume_plainly(struct task *t, enum stub_program_call call)
{
	if (call == STUB_CALL_ITSELF && t->undone)
		syscall_rewind(t);
	t->undone = false;
	if (t->at_exit != NULL && call != STUB_NO_CALL)
		trace_continue_to_exit(t, 0);
	else
		trace_continue(t, 0);
}

static void
resume_with_signal(struct task *t)
{
	bool step = t->step_in;

	t->step_in = false;
	trace_set_siginfo(t, &t->info);
	if (!step) {
		trace_continue(t, t->signal);
		return;
	}
	trace_step_in(t, t->signal);
	event_wait(t);
	if (t->at != TASK_DEAD && t->status == (SIGTRAP << 8 | 0x7f)) {
		(void)event_take(t);
		trace_continue(t, 0);
	}
}

/* The kernel restarts an interrupted call, if it finds these registers. */
static bool
will_restart(struct task *t)
{
	const struct user_regs_struct *r;

	if (t->answered)
		return false;
	r = trace_regs(t);
	return (int64_t)r->orig_rax >= 0 && is_restart((int64_t)r->rax);
}

void
stub_resume(struct task *t, enum stub_program_call call)
{
	struct stub_call calls[CALLS_MAX];
	size_t n;

	if (call != STUB_NO_CALL || t->signal != 0)
		user_keep(t);
	settle(t);
	if (t->at == TASK_DEAD)
		return;
	if (t->at == TASK_AT_SIGNAL && t->signal != 0) {
		stub_flush(t);
		if (t->at != TASK_DEAD)
			resume_with_signal(t);
		return;
	}
	if (call == STUB_CALL_ITSELF ||
	    (call == STUB_NO_CALL && will_restart(t)))
		stub_flush(t);
	n = take_calls(t, calls);
	while (t->space != NULL && pmap_host_is_pending(t->space->pmap)) {
		if (!run_or_forget(t, calls, n) && t->at == TASK_DEAD)
			return;
		n = take_calls(t, calls);
	}
	if (t->at == TASK_DEAD)
		return;
	if (n == 0 && !(t->undone && call == STUB_CALL)) {
		resume_plainly(t, call);
		return;
	}
	begin(t, calls, n, call == STUB_CALL ? MARK_CALL : MARK_RESUME);
	t->undone = false;
	t->space->listing = t;
	trace_continue(t, 0);
}

void
stub_resume_with(struct task *t, const struct stub_call *call)
{
	t->undone = true;
	t->instead = call;
	stub_resume(t, STUB_CALL);
	t->instead = NULL;
}

bool
stub_finished(struct task *t)
{
	struct user_regs_struct live;

	return t->in_stub && trace_regs_live(t, &live) &&
	    live.rip == address_of(stub_call_stopped);
}

/* The program's call has ended in the stub: as if it had done so itself. */
static void
adopt_result(struct task *t, const struct user_regs_struct *live)
{
	t->program.rax = live->rax;
	t->ended = true;
	if (live->rip != address_of(stub_called))
		t->program.orig_rax = (uint64_t)-1;
	back_to_program(t);
}

/* Whether an address is in the code, or in the way to it. */
static bool
is_ours(const struct task *t, uint64_t rip)
{
	return rip - STUB_BASE < VM_PAGE_SIZE ||
	    rip - (slot_address(t) + ENTRY) < ENTRY_LEN;
}

void
stub_leave_to_stop(struct task *t)
{
	t->stop_missed = true;
	stub_leave(t);
	trace_continue(t, 0); /* no further than to the stop */
}

void
stub_leave(struct task *t)
{
	struct user_regs_struct live;

	if (!t->in_stub || !trace_regs_live(t, &live))
		return;
	if (!is_ours(t, live.rip)) {
		t->in_stub = false;
		return;
	}
	if (!list_is_done(t)) {
		complete(t);
	} else if (t->stub_final && live.rip >= address_of(stub_called)) {
		adopt_result(t, &live);
	} else {
		back_to_program(t);
		t->undone = t->stub_final;
	}
}
