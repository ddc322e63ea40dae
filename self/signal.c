/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.c - see signal.h.
 *
 *	access --> SIGSEGV --> bsdvm_fault --> vm_fault --> again
 *				   |		  |
 *			in no window, or	no answer
 *				   `--> pass_on <-'
 *					`--> the program's handler, or the end
 *
 * While a fault is resolved every signal is blocked that is not caused by what
 * the thread itself does: a handler that used a window would wait for locks
 * that its own thread holds.  SIGSEGV is not: a pager may use memory of other
 * systems.
 *
 * Nothing here calls what the thread may have been in the middle of: no
 * malloc, no stdio, and thread-local storage that is there from the start.
 */
#include "self/signal.h"

#include "pmap/host_self.h"
#include "self/window.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)256 << 10)
#define FULL_TRIES 3

/* ---------------------------------------------------- what the access was */

#if defined(__x86_64__)
static vm_prot_t
access_of(const ucontext_t *uc)
{
	greg_t code = uc->uc_mcontext.gregs[REG_ERR];

	if (code & 0x10)
		return VM_PROT_EXEC;
	return code & 2 ? VM_PROT_WRITE : VM_PROT_READ;
}
#elif defined(__aarch64__)
#define ESR_MAGIC 0x45535201u

/* Records of { magic, size } follow the registers, one with the syndrome. */
static vm_prot_t
access_of(const ucontext_t *uc)
{
	const unsigned char *at = uc->uc_mcontext.__reserved;
	uint32_t head[2];
	uint64_t esr = 0;

	for (;; at += head[1]) {
		memcpy(head, at, sizeof(head));
		if (head[0] == 0 || head[1] == 0)
			return VM_PROT_NONE;
		if (head[0] == ESR_MAGIC)
			break;
	}
	memcpy(&esr, at + sizeof(head), sizeof(esr));
	if (esr >> 26 == 0x20) /* an abort of instructions, from below */
		return VM_PROT_EXEC;
	return esr & 0x40 ? VM_PROT_WRITE : VM_PROT_READ;
}
#else
static vm_prot_t
access_of(const ucontext_t *uc)
{
	(void)uc;
	return VM_PROT_NONE;
}
#endif

/* Where the processor does not tell: who may read and faults wants to write. */
static vm_prot_t
guess_access(struct pmap *pm, vaddr_t va)
{
	return pmap_allows(pm, va, VM_PROT_READ) ? VM_PROT_WRITE : VM_PROT_READ;
}

/* ----------------------------------------------------------- resolving */

static int
resolve(struct bsdvm_space *space, vaddr_t va, vm_prot_t access)
{
	struct pmap *pm = self_pmap(space);
	unsigned full = 0;
	int error = 0;

	while (error == 0 && full < FULL_TRIES) {
		if (!host_self_knows(pm, va, access)) {
			error = vm_fault(&space->vs->map, va, access, 0);
		} else if (host_self_enter(pm)) {
			return 0;
		} else {
			full++;
			window_give_back(space);
		}
	}
	return error != 0 ? error : VM_ENOMEM;
}

static void
say(siginfo_t *info, int signo, int code)
{
	info->si_signo = signo;
	info->si_code = code;
}

static void
say_error(siginfo_t *info, int error)
{
	switch (error) {
	case VM_EFAULT:
		say(info, SIGSEGV, SEGV_MAPERR);
		break;
	case VM_EACCES:
		say(info, SIGSEGV, SEGV_ACCERR);
		break;
	case VM_ERANGE:
		say(info, SIGBUS, BUS_ADRERR);
		break;
	default:
		say(info, SIGBUS, BUS_OBJERR);
		break;
	}
}

static bool
is_fault(const siginfo_t *info)
{
	return info->si_signo == SIGSEGV &&
	    (info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR);
}

bool
bsdvm_fault(void *siginfo, void *ucontext)
{
	siginfo_t *info = siginfo;
	int error, saved = errno;
	struct self_range r;
	vm_prot_t access;

	if (!is_fault(info) || !self_range(info->si_addr, 0, &r))
		return false;
	access = access_of(ucontext);
	if (access == VM_PROT_NONE)
		access = guess_access(self_pmap(r.space), r.va);
	error = resolve(r.space, r.va, access);
	if (error != 0)
		say_error(info, error);
	errno = saved;
	return error == 0;
}

/* ---------------------------------------------------------- passing on */

/* What was there before us; older ones are kept as somebody may read them. */
struct before {
	struct sigaction action;
	struct before *older;
};

static _Atomic(struct before *) before;
static pthread_mutex_t taking = PTHREAD_MUTEX_INITIALIZER;

static void on_fault(int, siginfo_t *, void *);

static bool
is_ours(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) &&
	    action->sa_sigaction == on_fault;
}

static struct sigaction
programs_action(int signo)
{
	struct sigaction action;

	(void)sigaction(signo, NULL, &action);
	if (is_ours(&action))
		action = atomic_load(&before)->action;
	return action;
}

/* The end, by this signal: again by the access itself if that says the same,
 * so that a debugger finds it. */
static void
die(const siginfo_t *info, const siginfo_t *kernels)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	(void)sigaction(info->si_signo, &action, NULL);
	if (kernels->si_code > 0 && info->si_signo == kernels->si_signo &&
	    info->si_code == kernels->si_code)
		return;
	(void)syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid),
	    info->si_signo, info);
}

/* Block what the kernel would have blocked for this handler. */
static void
set_mask(const struct sigaction *action, int signo, const ucontext_t *uc)
{
	sigset_t mask = action->sa_mask;

	for (int i = 1; i < SIGRTMAX; i++)
		if (sigismember(&uc->uc_sigmask, i) == 1)
			(void)sigaddset(&mask, i);
	if ((action->sa_flags & SA_NODEFER) == 0)
		(void)sigaddset(&mask, signo);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static void
pass_on(siginfo_t *info, const siginfo_t *kernels, void *ucontext)
{
	struct sigaction action = programs_action(info->si_signo);

	if (action.sa_handler == SIG_IGN && kernels->si_code <= 0)
		return;
	if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) {
		die(info, kernels);
		return;
	}
	set_mask(&action, info->si_signo, ucontext);
	if (action.sa_flags & SA_SIGINFO)
		action.sa_sigaction(info->si_signo, info, ucontext);
	else
		action.sa_handler(info->si_signo);
}

static void
on_fault(int signo, siginfo_t *info, void *ucontext)
{
	siginfo_t kernels = *info;

	(void)signo;
	if (!bsdvm_fault(info, ucontext))
		pass_on(info, &kernels, ucontext);
}

/* -------------------------------------------------------------- taking */

/* All signals but those that a thread causes itself. */
static void
fill_mask(sigset_t *mask)
{
	static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
		SIGABRT, SIGSYS };

	(void)sigfillset(mask);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		(void)sigdelset(mask, own[i]);
}

static bool
take(void)
{
	struct sigaction ours = { .sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART };
	struct before *b = malloc(sizeof(*b));

	if (b == NULL)
		return false;
	fill_mask(&ours.sa_mask);
	(void)sigaction(SIGSEGV, NULL, &b->action);
	if (is_ours(&b->action)) {
		free(b);
		return true;
	}
	b->older = atomic_load(&before);
	atomic_store(&before, b);
	return sigaction(SIGSEGV, &ours, NULL) == 0;
}

int
signal_take(void)
{
	bool taken;

	(void)pthread_mutex_lock(&taking);
	taken = take();
	(void)pthread_mutex_unlock(&taking);
	return taken ? 0 : VM_ENOMEM;
}

void
signal_block(void)
{
	sigset_t mask;

	fill_mask(&mask);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

/* -------------------------------------------------------------- stacks */

/* Behind the guard page and the stack: what there was before. */
struct stack {
	stack_t old;
};

static pthread_once_t stacks_once = PTHREAD_ONCE_INIT;
static pthread_key_t stacks_key;
static bool stacks_work;

static char *
stack_start(struct stack *st)
{
	return (char *)(st + 1) - STACK_SIZE;
}

/* A thread ends. */
static void
stack_drop(void *arg)
{
	struct stack *st = arg;
	stack_t old = st->old, now;

	if (sigaltstack(NULL, &now) == 0 && now.ss_sp == stack_start(st) &&
	    sigaltstack(&old, NULL) != 0)
		return; /* somebody is on it */
	(void)munmap(stack_start(st) - VM_PAGE_SIZE, STACK_SIZE + VM_PAGE_SIZE);
}

static void
stacks_begin(void)
{
	stacks_work = pthread_key_create(&stacks_key, stack_drop) == 0;
}

static struct stack *
stack_make(void)
{
	size_t size = STACK_SIZE + VM_PAGE_SIZE;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)mprotect(p, VM_PAGE_SIZE, PROT_NONE);
	return (struct stack *)(p + size) - 1;
}

static int
stack_use(const stack_t *old)
{
	struct stack *st = stack_make();
	stack_t ours;

	if (st == NULL)
		return VM_ENOMEM;
	st->old = *old;
	ours = (stack_t){ .ss_sp = stack_start(st),
		.ss_size = STACK_SIZE - sizeof(*st) };
	if (pthread_setspecific(stacks_key, st) != 0 ||
	    sigaltstack(&ours, NULL) != 0) {
		(void)pthread_setspecific(stacks_key, NULL);
		stack_drop(st);
		return VM_ENOMEM;
	}
	return 0;
}

int
bsdvm_thread_init(void)
{
	stack_t old;

	(void)pthread_once(&stacks_once, stacks_begin);
	if (!stacks_work)
		return VM_ENOMEM;
	if (pthread_getspecific(stacks_key) != NULL)
		return 0;
	if (sigaltstack(NULL, &old) != 0 || (old.ss_flags & SS_ONSTACK) ||
	    ((old.ss_flags & SS_DISABLE) == 0 && old.ss_size >= STACK_SIZE))
		return 0;
	return stack_use(&old);
}
