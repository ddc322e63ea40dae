/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c - the loop: an operation to the system, the same to the model, then
 * compare.
 *
 * How much is compared after an operation is decided by a hash of the
 * operation alone, so that it stays the same when others are left out.
 */
#include "test/differ/run.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "test/differ/check.h"
#include "test/differ/gen.h"

enum {
	SECONDS_MAX = 20, /* of a processor, that a seed may take */
	CHECK_EVERY = 8,  /* vm_check */
	MAPPED_EVERY = 3, /* all that the MMU has of one space */
	ALL_EVERY = 150,
};

/* -------------------------------------------------------------- comparing */

static uint64_t
hash_op(const struct op *op)
{
	const unsigned char *p = (const unsigned char *)op;
	uint64_t h = 0;

	for (size_t i = 0; i < sizeof(*op); i++)
		h = h * 31 + p[i];
	return hash_mix64(h);
}

/* A page to read: the first of those that something was done to, or any. */
static size_t
probe(const struct model *m, const struct op *op, uint64_t h)
{
	if (h % 4 == 0 && op->addr >= m->config.va_min &&
	    op->addr < m->config.va_max)
		return model_index(m, op->addr);
	return (size_t)(h >> 8) % m->ncells;
}

static const char *
check_space_of(struct subject *s, struct model *m, const struct op *op,
    const struct outcome *out)
{
	uint64_t h = hash_op(op);
	const char *bad;

	if (s->spaces[op->space] == NULL)
		return NULL;
	bad = check_attributes(s, m, op->space);
	if (bad == NULL)
		bad = check_copied(m, op->space, out->copied);
	if (bad == NULL && h % MAPPED_EVERY == 0)
		bad = check_mapped(s, m, op->space);
	if (bad == NULL && h % 2 == 0)
		bad = check_page(s, m, op->space, probe(m, op, h),
		    (unsigned)(h >> 40) % TRACE_CPUS);
	return bad;
}

/* Another space than the one that something was done to. */
static const char *
check_other(struct subject *s, struct model *m, uint64_t h)
{
	unsigned other = (unsigned)(h >> 24) % TRACE_SPACES;

	if (s->spaces[other] == NULL)
		return NULL;
	if (h % MAPPED_EVERY == 1)
		return check_mapped(s, m, other);
	if (h % MAPPED_EVERY == 2)
		return check_page(s, m, other, (h >> 32) % m->ncells,
		    (unsigned)(h >> 40) % TRACE_CPUS);
	return NULL;
}

/* Nothing has leaked if no more is in use than the model knows of; other
 * designs must have let go at the end, when nothing may be left. */
static const char *
check_usage(const struct subject *s, const struct model *m)
{
	struct vm_charge now, max;

	vm_charge_get(s->sys, &now, &max);
	if (m->config.counted != 0 &&
	    (now.anon != model_promised(m) ||
		(now.anon > m->before.anon && now.anon > m->limit_was &&
		    now.anon > m->limit)))
		return "the sum of promises is wrong";
	return mix_is_prompt(&s->mix) &&
		subject_used(s) > model_pages(m) + subject_under_way(s) ?
	    "more pages in use than there are" :
	    NULL;
}

static const char *
compare(struct subject *s, struct model *m, const struct op *op,
    const struct outcome *out)
{
	uint64_t h = hash_op(op);
	const char *bad = check_space_of(s, m, op, out);

	if (bad == NULL)
		bad = check_other(s, m, h);
	if (bad == NULL && h % MAPPED_EVERY == 0)
		bad = check_loans(s, m);
	if (bad == NULL)
		bad = check_usage(s, m);
	if (bad == NULL && h % CHECK_EVERY == 3)
		vm_check(s->sys);
	if (bad == NULL && h % ALL_EVERY == 5)
		bad = check_everything(s, m);
	return bad;
}

/* ---------------------------------------------------------------- running */

struct run {
	struct run_report *report;
	struct subject subject;
	struct model model;
	struct outcome out;
};

static void
note_before(struct run *r)
{
	struct vm_charge max;

	check_limits(&r->subject, &r->model);
	vm_charge_get(r->subject.sys, &r->model.before, &max);
	r->model.limit_was = max.anon;
}

/* What it was before, or the less that it is now, and the more in use; a device
 * that has gone was there all the while. */
static void
note_least(struct run *r, const struct op *op)
{
	uint64_t limit = r->model.limit, swap = r->model.swap;
	uint64_t used = r->model.used, busy = r->model.busy;

	check_limits(&r->subject, &r->model);
	if (used > r->model.used)
		r->model.used = used;
	if (busy > r->model.busy)
		r->model.busy = busy;
	if (limit < r->model.limit)
		r->model.limit = limit;
	if (swap < r->model.swap ||
	    (op->kind == OP_SWAP_OFF && r->out.error == VM_OK))
		r->model.swap = swap;
}

static void
count_op(struct run *r, const struct op *op)
{
	struct run_report *rep = r->report;
	uint64_t used = subject_used(&r->subject);

	*(r->out.error == VM_OK ? &rep->counts[op->kind] :
				  &rep->errors[op->kind]) += 1;
	rep->tally.refused += r->out.error == VM_ENOMEM;
	if (rep->tally.used < used)
		rep->tally.used = used;
}

static const char *
run_op(struct run *r, const struct op *wanted)
{
	struct op op = *wanted;
	const char *bad;

	if (!model_takes(&r->model, &op))
		return NULL;
	note_before(r);
	subject_apply(&r->subject, &op, &r->out);
	note_least(r, &op);
	check_files(&r->subject, &r->model);
	count_op(r, &op);
	bad = model_apply(&r->model, &op, &r->out);
	check_limits(&r->subject, &r->model);
	return bad != NULL ? bad :
			     compare(&r->subject, &r->model, &op, &r->out);
}

static const char *
run_begin(struct run *r, const struct trace_config *config)
{
	if (!subject_init(&r->subject, config))
		return "cannot make a system of that design";
	model_init(&r->model, config);
	r->model.reserve = vm_page_reserve(r->subject.sys);
	return NULL;
}

static void
count_paging(const struct subject *s, struct run_tally *tally)
{
	tally->out = s->sys->stats.pageouts;
	tally->in = s->sys->stats.pageins;
	tally->faults = subject_faults(s);
}

static const char *
run_end(struct run *r)
{
	const char *bad = check_everything(&r->subject, &r->model);

	count_paging(&r->subject, &r->report->tally);
	if (bad == NULL)
		bad = subject_fini(&r->subject);
	model_fini(&r->model);
	return bad;
}

/* With gen, operations are made up as it goes, else taken from the trace. */
static const char *
run_ops(struct run *r, struct gen *gen)
{
	struct run_report *rep = r->report;
	struct trace *t = &rep->trace;
	const char *bad = run_begin(r, &t->config);

	for (rep->at = 0; rep->at < t->nops && bad == NULL; rep->at++) {
		if (gen != NULL)
			gen_op(gen, &r->model, &t->ops[rep->at]);
		bad = run_op(r, &t->ops[rep->at]);
		if (bad != NULL)
			break;
	}
	return bad != NULL ? bad : run_end(r);
}

/* Nothing waits here, so what hangs takes time of a processor; that of the
 * clock depends on who else is there. */
static void
limit_time(void)
{
	const struct itimerval limit = { .it_value.tv_sec = SECONDS_MAX };

	(void)setitimer(ITIMER_PROF, &limit, NULL);
}

/* In the child: true when all agreed. */
static bool
run_one(struct run_report *rep, struct gen *gen)
{
	static struct run r;
	const char *bad;

	r.report = rep;
	rep->tally = (struct run_tally){ 0 };
	limit_time();
	bad = run_ops(&r, gen);
	if (bad == NULL)
		return true;
	snprintf(rep->complaint, sizeof(rep->complaint), "%s", bad);
	return false;
}

/* --------------------------------------------------------------- children */

struct run_report *
run_report_create(size_t max)
{
	size_t size = sizeof(struct run_report) + max * sizeof(struct op);
	struct run_report *rep = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (rep == MAP_FAILED) {
		perror("differ: mmap");
		exit(2);
	}
	rep->trace.max = max;
	rep->trace.ops = (struct op *)(rep + 1);
	return rep;
}

static pid_t
start_child(struct run_report *rep, bool noisy)
{
	pid_t pid;

	rep->bad = true;
	snprintf(rep->complaint, sizeof(rep->complaint), "it died");
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("differ: fork");
		exit(2);
	}
	if (pid == 0 && !noisy) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
	}
	return pid;
}

static bool
end_child(struct run_report *rep, pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		continue;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
		snprintf(rep->complaint, sizeof(rep->complaint), "it hangs");
	return !rep->bad;
}

bool
run_seeds(struct run_report *rep, const char *design, uint64_t first,
    uint64_t end, size_t nops)
{
	pid_t pid = start_child(rep, true);
	struct trace *t = &rep->trace;
	struct gen gen;

	if (pid != 0)
		return end_child(rep, pid);
	for (rep->seed = first; rep->seed < end; rep->seed++) {
		gen_init(&gen, rep->seed, &t->config);
		if (rep->adjust != NULL)
			rep->adjust(&t->config);
		snprintf(t->config.design, sizeof(t->config.design), "%s",
		    design);
		t->nops = nops;
		if (!run_one(rep, &gen))
			_exit(0);
	}
	rep->bad = false;
	_exit(0);
}

bool
run_trace(struct run_report *rep, bool noisy)
{
	pid_t pid = start_child(rep, noisy);

	if (pid != 0)
		return end_child(rep, pid);
	rep->bad = !run_one(rep, NULL);
	_exit(0);
}
