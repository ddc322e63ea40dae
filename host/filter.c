/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.c - the seccomp program, made from the table of system calls.
 *
 * The program is written from its end to its start, so that every jump goes to
 * a place that is known already:
 *
 *	       load arch, number		<- b->at when it is complete
 *	  +--- number >= 160 ?
 *	  |    +- number >= 72 ?  ...
 *	  |    |    RET ALLOW
 *	  |    |    load command, search in it
 *	  |    +->  JA stops
 *	  +->  ...
 *	stops: load instruction pointer, is it in the stub?
 *	       RET ALLOW, RET TRACE		<- written first
 *
 * A search tree is made of runs: a run is a verdict for all values from its
 * first up to the first of the next run.  The same code makes the tree for
 * numbers and those for the commands of one number.
 *
 * The kernel runs a new filter in mind for every number and lets those pass
 * without asking again whose verdict, ALLOW, needs no more than architecture
 * and number.  It gives up where the filter loads anything else: therefore the
 * instruction pointer is looked at last.
 */

#include <errno.h>
#include <stdbool.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"
#include "host/filter.h"
#include "host/systab.h"
#include "vm/vm_types.h"

/* What becomes of a call: a SECCOMP_RET_* value, or one of those below. */
#define VERDICT_STOP   0xffffffff /* unless the stub makes it */
#define VERDICT_SEARCH 0xfffffffe /* among the commands of its number */
#define VERDICT_GIVE   0xfffffffd /* it has a key, or stops */

enum {
	FILTER_RUNS = SYS_ROWS + 3,
	FILTER_X32 = 0x40000000,
	FILTER_NEAR = 255, /* how far a conditional jump goes */
};

struct filter_run {
	uint32_t first;
	uint32_t verdict;
};

/* The values of one search; those below the first run have its verdict. */
struct filter_search {
	struct filter_run runs[FILTER_RUNS];
	size_t n;
};

struct filter_build {
	struct sock_filter *code;
	size_t at;    /* of the first instruction; all after it are done */
	size_t stops; /* the code that looks who makes the call */
	size_t allow; /* the last return that lets a call go on */
	bool overflow;
};

/* ---------------------------------------------------------- instructions */

/* Put one instruction in front.  Returns where it stands. */
static size_t
filter_put(struct filter_build *b, struct sock_filter insn)
{
	if (b->at == 0) {
		b->overflow = true;
		return (0);
	}
	b->code[--b->at] = insn;
	return (b->at);
}

static size_t
filter_stmt(struct filter_build *b, unsigned code, uint32_t k)
{
	return (filter_put(b, (struct sock_filter)BPF_STMT((uint16_t)code, k)));
}

static size_t
filter_load(struct filter_build *b, size_t offset)
{
	return (filter_stmt(b, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static size_t
filter_ret(struct filter_build *b, uint32_t value)
{
	return (filter_stmt(b, BPF_RET | BPF_K, value));
}

static size_t
filter_goto(struct filter_build *b, size_t to)
{
	return (filter_stmt(b, BPF_JMP | BPF_JA, (uint32_t)(to - b->at)));
}

/* Go on at to, which need not be the next instruction. */
static void
filter_here(struct filter_build *b, size_t to)
{
	if (to != b->at)
		filter_goto(b, to);
}

/* If the test of the value holds go to yes, else to no. */
static size_t
filter_if(struct filter_build *b, unsigned test, uint32_t value, size_t yes,
    size_t no)
{
	if (no - b->at >= FILTER_NEAR) /* the goto of yes may come between */
		no = filter_goto(b, no);
	if (yes - b->at > FILTER_NEAR)
		yes = filter_goto(b, yes);
	return (filter_put(b,
	    (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | BPF_K | test),
		value, (uint8_t)(yes - b->at), (uint8_t)(no - b->at))));
}

/* -------------------------------------------------------------- verdicts */

static uint32_t
filter_verdict(const struct sysargs_info *info)
{
	if (info->class == SYSARGS_PLAIN)
		return (SECCOMP_RET_ALLOW);
	if (info->class == SYSARGS_DENY)
		return (SECCOMP_RET_ERRNO | info->error);
	return (VERDICT_STOP);
}

/* All values from first on have the verdict, up to what is added next. */
static void
filter_add(struct filter_search *s, uint32_t first, uint32_t verdict)
{
	if (s->n > 0 && s->runs[s->n - 1].first == first)
		s->n--;
	if (s->n > 0 && s->runs[s->n - 1].verdict == verdict &&
	    verdict != VERDICT_SEARCH)
		return;
	VM_ASSERT(s->n < FILTER_RUNS);
	s->runs[s->n++] = (struct filter_run){ first, verdict };
}

static void
filter_add_numbers(struct filter_search *s)
{
	for (uint32_t nr = 0; nr < SYS_ROWS; nr++) {
		if (sys_rows[nr].info.name == NULL)
			filter_add(s, nr, VERDICT_STOP);
		else if (sys_rows[nr].command >= 0)
			filter_add(s, nr, VERDICT_SEARCH);
		else
			filter_add(s, nr, filter_verdict(&sys_rows[nr].info));
	}
	filter_add(s, SYS_ROWS, VERDICT_STOP);
	filter_add(s, FILTER_GIVE, VERDICT_GIVE);
	filter_add(s, FILTER_GIVE + 1, VERDICT_STOP);
}

/* Those commands that are not as the others; they stand in order. */
static void
filter_add_commands(struct filter_search *s, uint32_t nr)
{
	const struct sys_cmd *cmd;
	size_t i, end;
	uint32_t verdict, other = filter_verdict(&sys_rows[nr].info);

	filter_add(s, 0, other);
	for (sys_cmds_of(nr, &i, &end); i < end; i++) {
		cmd = &sys_cmds[i];
		verdict = filter_verdict(&cmd->info);
		if (verdict == other)
			continue;
		VM_ASSERT(cmd->mask == UINT32_MAX);
		VM_ASSERT(cmd->first >= s->runs[s->n - 1].first);
		filter_add(s, cmd->first, verdict);
		if (cmd->last < UINT32_MAX)
			filter_add(s, cmd->last + 1, other);
	}
}

/* ------------------------------------------------------------ the program */

static size_t filter_commands(struct filter_build *, uint32_t nr);

static size_t
filter_key(struct filter_build *b)
{
	size_t arg = offsetof(struct seccomp_data, args), high, give;

	give = filter_ret(b, SECCOMP_RET_USER_NOTIF);
	filter_if(b, BPF_JEQ, (uint32_t)(FILTER_GIVE_KEY >> 32), give,
	    b->stops);
	high = filter_load(b, arg + sizeof(uint32_t));
	filter_if(b, BPF_JEQ, (uint32_t)FILTER_GIVE_KEY, high, b->stops);
	return (filter_load(b, arg));
}

static size_t
filter_leaf(struct filter_build *b, const struct filter_run *run)
{
	switch (run->verdict) {
	case VERDICT_STOP:
		return (b->stops);
	case VERDICT_SEARCH:
		return (filter_commands(b, run->first));
	case VERDICT_GIVE:
		return (filter_key(b));
	case SECCOMP_RET_ALLOW:
		if (b->allow - b->at >= FILTER_NEAR / 2)
			b->allow = filter_ret(b, SECCOMP_RET_ALLOW);
		return (b->allow);
	default:
		return (filter_ret(b, run->verdict));
	}
}

/* Find the run of the value that is loaded.  Ends in its verdict. */
static size_t
filter_tree(struct filter_build *b, const struct filter_run *runs, size_t n)
{
	size_t middle = n / 2, yes, no;

	if (n == 1)
		return (filter_leaf(b, runs));
	yes = filter_tree(b, runs + middle, n - middle);
	no = filter_tree(b, runs, middle);
	return (filter_if(b, BPF_JGE, runs[middle].first, yes, no));
}

static size_t
filter_commands(struct filter_build *b, uint32_t nr)
{
	struct filter_search s = { .n = 0 };
	size_t arg = (size_t)sys_rows[nr].command;

	filter_add_commands(&s, nr);
	filter_here(b, filter_tree(b, s.runs, s.n));
	return (filter_load(b, offsetof(struct seccomp_data, args) + 8 * arg));
}

/* Who makes the call: the stub may do everything. */
static void
filter_stops(struct filter_build *b)
{
	size_t ip = offsetof(struct seccomp_data, instruction_pointer);
	size_t low, trace;

	trace = filter_ret(b, SECCOMP_RET_TRACE);
	b->allow = filter_ret(b, SECCOMP_RET_ALLOW);
	filter_if(b, BPF_JEQ, (uint32_t)STUB_CODE, b->allow, trace);
	filter_stmt(b, BPF_ALU | BPF_AND | BPF_K,
	    ~(uint32_t)(STUB_CODE_SIZE - 1));
	low = filter_load(b, ip);
	filter_if(b, BPF_JEQ, (uint32_t)(STUB_CODE >> 32), low, trace);
	b->stops = filter_load(b, ip + sizeof(uint32_t));
}

static void
filter_numbers(struct filter_build *b)
{
	struct filter_search s = { .n = 0 };
	size_t tree, wrong, number;

	filter_add_numbers(&s);
	tree = filter_tree(b, s.runs, s.n);
	wrong = filter_ret(b, SECCOMP_RET_ERRNO | ENOSYS);
	filter_if(b, BPF_JGE, FILTER_X32, wrong, tree);
	number = filter_load(b, offsetof(struct seccomp_data, nr));
	filter_if(b, BPF_JEQ, AUDIT_ARCH_X86_64, number, wrong);
	filter_load(b, offsetof(struct seccomp_data, arch));
}

int
filter_build(struct sock_fprog *prog, struct sock_filter *code, size_t max)
{
	struct filter_build b = { .code = code, .at = max };

	filter_stops(&b);
	filter_numbers(&b);
	if (b.overflow)
		return (VM_ENOMEM);
	prog->filter = code + b.at;
	prog->len = (unsigned short)(max - b.at);
	return (VM_OK);
}

static int
filter_set(const struct sock_fprog *prog)
{
	return ((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_NEW_LISTENER,
	    prog));
}

static int
filter_error(void)
{
	if (errno == EBUSY)
		return (VM_EBUSY);
	return (errno == ENOSYS || errno == EINVAL ? VM_ENOTSUP : VM_EPERM);
}

int
filter_install(const struct sock_fprog *prog, int *listener)
{
	*listener = filter_set(prog);
	if (*listener < 0 && errno == EACCES &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		*listener = filter_set(prog);
	return (*listener >= 0 ? VM_OK : filter_error());
}
