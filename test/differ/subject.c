/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subject.c - each operation of a trace as calls of the library.
 */
#include "test/differ/subject.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "env/posix.h"
#include "pmap/soft.h"

/* An access that faults so often at one place never ends. */
enum { FAULTS_MAX = 16 };

/* -------------------------------------------------------- what is under way */

/* Of all transfers that are held back the i-th, in the order of devices and
 * then of files. */
static unsigned
nheld(const struct subject *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < TRACE_SWAPS; i++)
		n += s->swaps[i].io.nheld;
	for (unsigned i = 0; i < TRACE_FILES; i++)
		n += s->files[i].mem.nheld;
	return n;
}

static void
let_go(struct subject *s, unsigned nth, bool fails)
{
	for (unsigned i = 0; i < TRACE_SWAPS; i++) {
		struct faultyswap *io = &s->swaps[i].io;

		if (nth < io->nheld) {
			(fails ? faultyswap_fail_held : faultyswap_let_go)(io,
			    nth);
			return;
		}
		nth -= io->nheld;
	}
	for (unsigned i = 0; i < TRACE_FILES; i++) {
		if (nth < s->files[i].mem.nheld) {
			badfile_let_go(&s->files[i], nth, fails);
			return;
		}
		nth -= s->files[i].mem.nheld;
	}
}

/* Any ends, when there is one. */
static bool
let_any_go(struct subject *s)
{
	unsigned n = nheld(s);

	if (n != 0)
		let_go(s, (unsigned)(hash_mix64(s->waits++) % n), false);
	return n != 0;
}

static void
subject_wait(void *ctx, const _Atomic uint32_t *word, uint32_t value)
{
	if (atomic_load(word) == value && !let_any_go(ctx)) {
		fprintf(stderr, "differ: waits for nothing\n");
		abort();
	}
}

static void
subject_wake(void *ctx, const _Atomic uint32_t *word)
{
	(void)ctx, (void)word;
}

static void
subject_yield(void *ctx)
{
	(void)let_any_go(ctx);
}

static uint64_t
pages_of(struct vm_io *const *ios, unsigned n)
{
	uint64_t npages = 0;

	for (unsigned i = 0; i < n; i++)
		npages += ios[i]->npages;
	return npages;
}

uint64_t
subject_under_way(const struct subject *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < TRACE_SWAPS; i++)
		n += pages_of(s->swaps[i].io.held, s->swaps[i].io.nheld);
	for (unsigned i = 0; i < TRACE_FILES; i++)
		n += pages_of(s->files[i].mem.held, s->files[i].mem.nheld);
	return n;
}

/* ------------------------------------------------------ beginning and end */

static unsigned
subject_cpu(void *ctx)
{
	return ((struct subject *)ctx)->cpu;
}

/*
 * The cpu that the library sees is the one that the operation names.  There is
 * one thread, so only for what is under way may it ever wait.
 */
static void
env_init(struct subject *s)
{
	s->plain = posix_env;
	s->plain.ctx = s;
	s->plain.wait = subject_wait;
	s->plain.wake = subject_wake;
	s->plain.yield = subject_yield;
	s->plain.cpu = subject_cpu;
	faulty_init(&s->env, &s->plain);
}

static bool
objects_init(struct subject *s)
{
	for (unsigned i = 1; i <= TRACE_OBJECTS; i++) {
		s->objects[i] = i <= TRACE_FILES ?
		    badfile_object(s->sys, &s->files[i - 1]) :
		    vm_anon_object(s->sys);
		if (s->objects[i] == NULL)
			return false;
	}
	return true;
}

static void
swap_fail(struct subject *s, struct subject_swap *sw)
{
	const struct trace_config *c = &s->config;

	if (c->fail >= TRACE_FAIL_SWAP && c->fail < TRACE_FAIL_FILE)
		faultyswap_fail(&sw->io,
		    (enum faultyswap_what)(c->fail - TRACE_FAIL_SWAP), c->nth,
		    c->for_ever != 0 ? FAULTY_ON : FAULTY_ONCE);
}

static void
files_fail(struct subject *s)
{
	const struct trace_config *c = &s->config;

	for (unsigned i = 0; i < TRACE_FILES && c->fail >= TRACE_FAIL_FILE; i++)
		badfile_fail(&s->files[i],
		    (enum badfile_what)(c->fail - TRACE_FAIL_FILE), c->nth,
		    c->for_ever != 0 ? FAULTY_ON : FAULTY_ONCE);
}

static int
swap_on(struct subject *s, unsigned i)
{
	struct subject_swap *sw = &s->swaps[i];
	const struct vm_swap_device device = {
		.ops = &faultyswap_ops,
		.dev = &sw->io,
		.name = "memory",
		.npages = s->config.swap,
		.priority = (int)i,
	};

	if (sw->on || s->config.swap == 0)
		return VM_OK;
	sw->on = true;
	if (ramswap_init(&sw->ram, &s->env.env, s->config.swap) != VM_OK)
		return VM_ENOMEM;
	s->faults += sw->io.faults;
	faultyswap_init(&sw->io, &ramswap_ops, &sw->ram);
	swap_fail(s, sw);
	return vm_swap_add(s->sys, &device, &sw->id);
}

bool
subject_init(struct subject *s, const struct trace_config *config)
{
	struct soft_config soft = {
		.npages = config->frames,
		.va_min = config->va_min,
		.va_max = config->va_max,
		.ncpus = TRACE_CPUS,
		.tlb_entries = 16,
		.zero_ahead_max = (unsigned)config->zero_ahead,
		.read_around = (unsigned)config->read_around,
		.neighbour_factor = (unsigned)config->neighbours,
		.forget_every = (unsigned)config->forget,
		.copies = config->copies != 0,
	};

	memset(s, 0, sizeof(*s));
	s->config = *config;
	env_init(s);
	if (!mix_named(&s->mix, config->design) ||
	    soft_machine_create(&s->plain, &soft, &s->machine) != VM_OK)
		return false;
	if (vm_system_create(&s->env.env, s->machine, &s->sys) != VM_OK)
		return false;
	vm_system_prefer(s->sys, &s->mix.designs[0]);
	vm_system_overcommit(s->sys, config->counted == 0);
	files_fail(s);
	return swap_on(s, 0) == VM_OK && objects_init(s);
}

static void
release(struct subject *s, unsigned space, unsigned i)
{
	if (s->holds[space][i])
		vm_vsunlock(s->spaces[space], &s->held[space][i]);
	s->holds[space][i] = false;
}

static void
give_back(struct subject *s, unsigned i)
{
	vm_unloan(s->sys, s->lent[i], s->nlent[i]);
	s->nlent[i] = 0;
}

static void
space_end(struct subject *s, unsigned i)
{
	for (unsigned n = 0; n < TRACE_HOLDS; n++)
		release(s, i, n);
	if (s->spaces[i] != NULL)
		vmspace_unref(s->spaces[i]);
	s->spaces[i] = NULL;
}

static void
drop(struct subject *s, unsigned i)
{
	if (s->points[i] != NULL)
		vm_checkpoint_unref(s->points[i]);
	s->points[i] = NULL;
}

/* After the last space only what files have cached may be in use. */
static const char *
left_over(struct subject *s)
{
	struct vm_stats *st = &s->sys->stats;

	if (st->anons_allocated != st->anons_freed)
		return "anons are left";
	if (st->entries_allocated != st->entries_freed)
		return "map entries are left";
	(void)vm_object_reclaim(s->sys, SIZE_MAX);
	if (vm_page_free_count(s->sys) != vm_page_count(s->sys))
		return "pages are left";
	if (vm_swap_in_use(s->sys) != 0)
		return "slots of swap are left";
	if (vm_page_wired_count(s->sys) != 0)
		return "pages are still wired";
	return NULL;
}

const char *
subject_fini(struct subject *s)
{
	const char *left;

	for (unsigned i = 0; i < TRACE_SPACES; i++)
		space_end(s, i);
	for (unsigned i = 0; i < TRACE_POINTS; i++)
		drop(s, i);
	for (unsigned i = 0; i < TRACE_LOANS; i++)
		give_back(s, i);
	vm_check(s->sys);
	for (unsigned i = 1; i <= TRACE_OBJECTS; i++)
		vm_object_unref(s->objects[i]);
	while (let_any_go(s))
		continue;
	left = left_over(s);
	if (left != NULL)
		return left;
	vm_check(s->sys);
	vm_system_destroy(s->sys);
	soft_machine_destroy(s->machine);
	for (unsigned i = 0; i < TRACE_SWAPS; i++) {
		if (s->swaps[i].on)
			ramswap_fini(&s->swaps[i].ram);
	}
	if (s->env.blocks != 0 || s->env.bytes != 0)
		return "memory of the host is left";
	for (unsigned i = 0; i < TRACE_FILES; i++) {
		if (s->files[i].mem.opens != 0)
			return "a file is still open";
	}
	return NULL;
}

/* ---------------------------------------------------------------- accesses */

/* => VM_EWAIT: it was given up */
static int
try_fault(struct subject *s, struct vmspace *sp, vaddr_t va, vm_prot_t access,
    bool leaves)
{
	struct vm_fault_wait w = { .tries = 0 };
	unsigned nothing = 0;
	int error;

	do {
		error = vm_fault_try(&sp->map, va, access, 0, &w);
		if (error == VM_EWAIT && !leaves && !let_any_go(s))
			nothing++;
	} while (error == VM_EWAIT && !leaves && nothing < FAULTS_MAX);
	vm_fault_leave(&w);
	return nothing < FAULTS_MAX ? error : -1;
}

int
subject_access(struct subject *s, const struct op *op, vm_prot_t access,
    uint8_t *buf, uint64_t *done)
{
	struct vmspace *sp = s->spaces[op->space];
	struct soft_access a = {
		.pmap = sp->map.pmap,
		.cpu = op->cpu,
		.access = access,
		.va = op->addr,
		.buf = buf,
		.len = op->len,
	};
	bool leaves = (op->flags & OP_LEAVE) != 0;
	size_t left = 0;
	int error = VM_OK, again = 0;

	while (soft_access(&a) != VM_OK && error == VM_OK) {
		again = a.len == left ? again + 1 : 0;
		left = a.len;
		if (again > FAULTS_MAX)
			error = -1;
		else if (leaves || ((a.va >> VM_PAGE_SHIFT) & 1) != 0)
			error = try_fault(s, sp, a.va, access, leaves);
		else
			error = vm_fault(&sp->map, a.va, access, 0);
	}
	*done = op->len - a.len;
	return error;
}

static void
fill(const struct op *op, uint8_t *buf)
{
	for (uint64_t i = 0; i < op->len; i++)
		buf[i] = trace_byte(op->value, i);
}

static void
give_up(struct outcome *out)
{
	out->left = out->error == VM_EWAIT;
	if (out->left)
		out->error = VM_OK;
}

static void
do_access(struct subject *s, const struct op *op, struct outcome *out)
{
	vm_prot_t access = op->kind == OP_READ ? VM_PROT_READ : VM_PROT_EXEC;

	out->error = subject_access(s, op, access, out->bytes, &out->done);
	give_up(out);
}

static void
do_write(struct subject *s, const struct op *op, struct outcome *out)
{
	uint8_t buf[OP_BYTES_MAX];

	fill(op, buf);
	out->error = subject_access(s, op, VM_PROT_WRITE, buf, &out->done);
	give_up(out);
}

static void
do_copyin(struct subject *s, const struct op *op, struct outcome *out)
{
	size_t done = 0;

	out->error = vmspace_read(s->spaces[op->space], op->addr, out->bytes,
	    op->len, &done);
	out->done = done;
}

static void
do_copyout(struct subject *s, const struct op *op, struct outcome *out)
{
	uint8_t buf[OP_BYTES_MAX];
	size_t done = 0;

	fill(op, buf);
	out->error = vmspace_write(s->spaces[op->space], op->addr, buf, op->len,
	    &done);
	out->done = done;
}

/* --------------------------------------------------------- the mmap family */

static void
do_map(struct subject *s, const struct op *op, struct outcome *out)
{
	struct vm_mmap_args args = {
		.addr = op->addr,
		.len = op->len,
		.prot = op->prot,
		.max_prot = op->max_prot,
		.flags = op->flags,
		.align = op->len2,
		.object = op->object == 0 ? NULL : s->objects[op->object],
		.offset = op->addr2,
	};

	out->error = vm_mmap(s->spaces[op->space], &args, &out->addr);
}

static void
do_remap(struct subject *s, const struct op *op, struct outcome *out)
{
	struct vm_mremap_args args = {
		.old_addr = op->addr,
		.old_len = op->len,
		.new_len = op->len2,
		.new_addr = op->addr2,
		.flags = op->flags,
	};

	out->error = vm_mremap(s->spaces[op->space], &args, &out->addr);
}

static void
do_unmap(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_munmap(s->spaces[op->space], op->addr, op->len);
}

static void
do_protect(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_mprotect(s->spaces[op->space], op->addr, op->len,
	    op->prot);
}

static void
do_inherit(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_minherit(s->spaces[op->space], op->addr, op->len,
	    (enum vm_inherit)op->flags);
}

static void
do_advise(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_madvise(s->spaces[op->space], op->addr, op->len,
	    (enum vm_madvise)op->flags);
}

static void
do_incore(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_mincore(s->spaces[op->space], op->addr, op->len,
	    out->vec);
}

static void
do_sync(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_msync(s->spaces[op->space], op->addr, op->len,
	    op->flags);
}

static void
do_lock(struct subject *s, const struct op *op, struct outcome *out)
{
	struct vmspace *sp = s->spaces[op->space];

	out->error = op->flags != 0 ? vm_mlock_onfault(sp, op->addr, op->len) :
				      vm_mlock(sp, op->addr, op->len);
}

static void
do_unlock(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_munlock(s->spaces[op->space], op->addr, op->len);
}

static void
do_vslock(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_vslock(s->spaces[op->space], op->addr, op->len,
	    op->prot, &s->held[op->space][op->object]);
	s->holds[op->space][op->object] = out->error == VM_OK;
}

static void
do_vsunlock(struct subject *s, const struct op *op, struct outcome *out)
{
	(void)out;
	release(s, op->space, op->object);
}

static void
do_loan(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_loan(s->spaces[op->space], op->addr, op->len,
	    s->lent[op->object]);
	if (out->error == VM_OK)
		s->nlent[op->object] = (size_t)vm_atop(op->len);
}

static void
do_unloan(struct subject *s, const struct op *op, struct outcome *out)
{
	(void)out;
	give_back(s, op->object);
}

static void
do_loan_to(struct subject *s, const struct op *op, struct outcome *out)
{
	out->addr = op->addr2;
	out->error = vm_loan_to(s->spaces[op->space], op->addr, op->len,
	    s->spaces[op->flags], &out->addr);
}

static void
do_extract(struct subject *s, const struct op *op, struct outcome *out)
{
	struct vm_extract_args args = {
		.from = s->spaces[op->space],
		.to = s->spaces[op->object],
		.start = op->addr,
		.len = op->len,
		.how = op->flags & OP_COPY ? VM_PASS_COPY :
		    op->flags & OP_DONATE  ? VM_PASS_DONATE :
					     VM_PASS_SHARE,
		.flags = op->flags & ~(unsigned)(OP_COPY | OP_DONATE),
	};

	out->addr = op->addr2;
	out->error = vm_extract(&args, &out->addr);
}

static void
do_lockall(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_mlockall(s->spaces[op->space], op->flags);
}

static void
do_unlockall(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_munlockall(s->spaces[op->space]);
}

static void
do_freeze(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_mimmutable(s->spaces[op->space], op->addr, op->len);
}

static void
do_stack(struct subject *s, const struct op *op, struct outcome *out)
{
	struct vm_stack_args args = {
		.top = op->addr + op->len,
		.max = op->len,
		.soft = op->len2,
		.first = op->addr2,
		.guard = vm_ptoa(op->value),
		.prot = op->prot,
	};

	out->error = vm_stack_map(s->spaces[op->space], &args);
}

static void
do_stack_check(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_stack_check(s->spaces[op->space], &s->spots[op->space],
	    op->addr);
}

static void
do_brk(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_brk(s->spaces[op->space], op->addr, &out->addr);
}

/* -------------------------------------------------------------------- swap */

static void
do_swap_on(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = swap_on(s, op->object);
}

static void
do_swap_off(struct subject *s, const struct op *op, struct outcome *out)
{
	struct subject_swap *sw = &s->swaps[op->object];

	if (!sw->on)
		return;
	out->error = vm_swapoff(s->sys, sw->id);
	if (out->error != VM_OK)
		return;
	sw->on = false;
	ramswap_fini(&sw->ram);
}

static void
do_swap_fail(struct subject *s, const struct op *op, struct outcome *out)
{
	(void)out;
	if (s->swaps[op->object].on)
		faultyswap_fail(&s->swaps[op->object].io,
		    (enum faultyswap_what)op->flags, op->value, FAULTY_ONCE);
}

static void
do_swap_hold(struct subject *s, const struct op *op, struct outcome *out)
{
	(void)out;
	s->swaps[op->object].io.hold = (op->flags & OP_ON) != 0;
}

uint64_t
subject_used(const struct subject *s)
{
	return vm_page_count(s->sys) - vm_page_free_count(s->sys);
}

/* Slots of a device, but for bad ones. */
static uint64_t
slots_of(const struct subject *s, unsigned id)
{
	struct vm_swap_info info;

	for (unsigned i = 0; vm_swap_nth(s->sys, i, &info); i++) {
		if (info.id == id)
			return info.npages - info.bad;
	}
	return 0;
}

uint64_t
subject_swap(const struct subject *s)
{
	uint64_t n = vm_swap_total(s->sys);

	for (unsigned i = 0; i < TRACE_SWAPS; i++) {
		if (s->swaps[i].on &&
		    faultyswap_is_dead(&s->swaps[i].io, FAULTYSWAP_WRITE))
			n -= slots_of(s, s->swaps[i].id);
	}
	return n;
}

uint64_t
subject_faults(const struct subject *s)
{
	uint64_t n = s->faults;

	for (unsigned i = 0; i < TRACE_SWAPS; i++)
		n += s->swaps[i].io.faults;
	for (unsigned i = 0; i < TRACE_FILES; i++)
		n += s->files[i].faults;
	return n;
}

/* What could not be written is counted among the errors, too. */
uint64_t
subject_losses(const struct subject *s)
{
	uint64_t n = s->sys->stats.swap_errors - s->sys->stats.pageout_errors;

	for (unsigned i = 0; i < TRACE_FILES; i++)
		n += s->files[i].losses + s->files[i].failures;
	return n;
}

/* ------------------------------------------------------------------ spaces */

static void
heap_init(struct subject *s, struct vmspace *sp)
{
	sp->brk_start = sp->brk_end = trace_heap(&s->config);
}

static void
do_create(struct subject *s, const struct op *op, struct outcome *out)
{
	struct vmspace *sp;

	out->error = vmspace_create(s->sys,
	    &s->mix.designs[op->value % s->mix.n], &sp);
	if (out->error != VM_OK)
		return;
	heap_init(s, sp);
	if (s->config.wired_limit != 0)
		sp->map.wired_limit = s->config.wired_limit;
	s->spaces[op->space] = sp;
	s->spots[op->space] = (struct vm_stack_spot){ 0 };
}

static void
do_fork(struct subject *s, const struct op *op, struct outcome *out)
{
	struct vmspace *child;

	out->error = vmspace_fork(s->spaces[op->space], &child);
	if (out->error != VM_OK)
		return;
	s->spaces[op->flags] = child;
	s->spots[op->flags] = (struct vm_stack_spot){ 0 };
}

static void
do_take(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_checkpoint_take(s->spaces[op->space],
	    &s->points[op->object]);
}

static void
do_branch(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_checkpoint_branch(s->points[op->object],
	    &s->spaces[op->flags]);
	s->spots[op->flags] = (struct vm_stack_spot){ 0 };
}

static void
do_back(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = vm_checkpoint_reset(s->points[op->object],
	    s->spaces[op->space]);
	s->spots[op->space] = (struct vm_stack_spot){ 0 };
}

static void
do_drop(struct subject *s, const struct op *op, struct outcome *out)
{
	(void)out;
	drop(s, op->object);
}

static void
do_exit(struct subject *s, const struct op *op, struct outcome *out)
{
	(void)out;
	space_end(s, op->space);
}

static void
do_reset(struct subject *s, const struct op *op, struct outcome *out)
{
	(void)out;
	vmspace_reset(s->spaces[op->space]);
	heap_init(s, s->spaces[op->space]);
}

/* ----------------------------------------------------------------- objects */

static int
flush(struct subject *s, const struct op *op)
{
	return vm_object_flush(s->objects[op->object], 0, UINT64_MAX);
}

static void
do_file_read(struct subject *s, const struct op *op, struct outcome *out)
{
	struct memfile *f = &s->files[op->object - 1].mem;

	out->error = flush(s, op);
	memcpy(out->bytes, f->bytes + op->addr, op->len);
}

static void
do_file_write(struct subject *s, const struct op *op, struct outcome *out)
{
	uint8_t buf[OP_BYTES_MAX];

	out->error = flush(s, op);
	if (out->error != VM_OK)
		return;
	fill(op, buf);
	memfile_change(s->objects[op->object], &s->files[op->object - 1].mem,
	    op->addr, buf, op->len);
}

static void
do_file_size(struct subject *s, const struct op *op, struct outcome *out)
{
	out->error = flush(s, op);
	if (out->error == VM_OK)
		memfile_resize(s->objects[op->object],
		    &s->files[op->object - 1].mem, op->len);
}

static void
do_file_fail(struct subject *s, const struct op *op, struct outcome *out)
{
	(void)out;
	badfile_fail(&s->files[op->object - 1], (enum badfile_what)op->flags,
	    op->value, FAULTY_ONCE);
}

static void
do_file_hold(struct subject *s, const struct op *op, struct outcome *out)
{
	(void)out;
	s->files[op->object - 1].mem.hold_reads = (op->flags & OP_ON) != 0;
}

static void
do_let_go(struct subject *s, const struct op *op, struct outcome *out)
{
	unsigned n = nheld(s);

	(void)out;
	if (n != 0)
		let_go(s, op->value % n, (op->flags & OP_FAILS) != 0);
}

static void
do_forget(struct subject *s, const struct op *op, struct outcome *out)
{
	(void)op, (void)out;
	soft_forget(s->machine);
}

/* The new one is made first, or a file's object would be the same again. */
static void
do_renew(struct subject *s, const struct op *op, struct outcome *out)
{
	struct vm_object **obj = &s->objects[op->object], *old = *obj;
	bool is_file = op->object <= TRACE_FILES;

	if (is_file)
		vm_object_unref(old);
	*obj = is_file ? badfile_object(s->sys, &s->files[op->object - 1]) :
			 vm_anon_object(s->sys);
	if (!is_file)
		vm_object_unref(old);
	out->error = *obj == NULL ? VM_ENOMEM : VM_OK;
}

/* --------------------------------------------------------------- dispatch */

typedef void op_fn(struct subject *, const struct op *, struct outcome *);

static op_fn *const op_fns[OP_KINDS] = {
	[OP_CREATE] = do_create,
	[OP_MAP] = do_map,
	[OP_UNMAP] = do_unmap,
	[OP_PROTECT] = do_protect,
	[OP_INHERIT] = do_inherit,
	[OP_REMAP] = do_remap,
	[OP_ADVISE] = do_advise,
	[OP_INCORE] = do_incore,
	[OP_SYNC] = do_sync,
	[OP_LOCK] = do_lock,
	[OP_UNLOCK] = do_unlock,
	[OP_LOCKALL] = do_lockall,
	[OP_UNLOCKALL] = do_unlockall,
	[OP_BRK] = do_brk,
	[OP_FORK] = do_fork,
	[OP_EXIT] = do_exit,
	[OP_RESET] = do_reset,
	[OP_READ] = do_access,
	[OP_WRITE] = do_write,
	[OP_EXEC] = do_access,
	[OP_COPYIN] = do_copyin,
	[OP_COPYOUT] = do_copyout,
	[OP_FILE_READ] = do_file_read,
	[OP_FILE_WRITE] = do_file_write,
	[OP_FILE_SIZE] = do_file_size,
	[OP_FORGET] = do_forget,
	[OP_RENEW] = do_renew,
	[OP_FREEZE] = do_freeze,
	[OP_STACK] = do_stack,
	[OP_STACK_CHECK] = do_stack_check,
	[OP_SWAP_ON] = do_swap_on,
	[OP_SWAP_OFF] = do_swap_off,
	[OP_SWAP_FAIL] = do_swap_fail,
	[OP_FILE_FAIL] = do_file_fail,
	[OP_VSLOCK] = do_vslock,
	[OP_LOAN] = do_loan,
	[OP_UNLOAN] = do_unloan,
	[OP_LOAN_TO] = do_loan_to,
	[OP_EXTRACT] = do_extract,
	[OP_TAKE] = do_take,
	[OP_BRANCH] = do_branch,
	[OP_BACK] = do_back,
	[OP_DROP] = do_drop,
	[OP_VSUNLOCK] = do_vsunlock,
	[OP_SWAP_HOLD] = do_swap_hold,
	[OP_FILE_HOLD] = do_file_hold,
	[OP_LET_GO] = do_let_go,
};

/* An address that was not set must not look like an answer. */
void
subject_apply(struct subject *s, const struct op *op, struct outcome *out)
{
	if (op->space < TRACE_SPACES && s->spaces[op->space] != NULL)
		subject_gaps(s, op->space, &out->before);
	out->error = VM_OK;
	out->addr = 1;
	out->done = 0;
	out->left = false;
	out->losses = subject_losses(s);
	s->cpu = op->cpu;
	op_fns[op->kind](s, op, out);
	out->losses = subject_losses(s) - out->losses;
	if (op->space < TRACE_SPACES && s->spaces[op->space] != NULL) {
		subject_look(s, op->space, out->copied, out->wired);
		subject_gaps(s, op->space, &out->after);
	}
}

/* ------------------------------------------------------- looking inside */

struct copied_arg {
	bool *copied; /* of the first page of the entry */
};

static void
note_copied(const struct vm_cow_page *p, void *arg)
{
	struct copied_arg *ca = arg;

	if (p->upper)
		ca->copied[p->n] = true;
}

void
subject_look(struct subject *s, unsigned space, bool *copied, bool *wired)
{
	struct vm_map *map = &s->spaces[space]->map;
	const struct vm_cow_ops *cow = map->design->cow;
	struct copied_arg ca;
	size_t first;

	memset(copied, 0, MODEL_CELLS * sizeof(*copied));
	memset(wired, 0, MODEL_CELLS * sizeof(*wired));
	vm_map_lock_read(map);
	for (struct vm_map_entry *e = vm_map_first(map); e != NULL;
	     e = vm_map_next(map, e)) {
		first = (size_t)vm_atop(e->start - s->config.va_min);
		ca.copied = copied + first;
		cow->lock(e);
		cow->walk(e, 0, vm_entry_npages(e), note_copied, &ca);
		cow->unlock(e);
		if (vm_entry_is_wired(e))
			memset(wired + first, true, vm_entry_npages(e));
	}
	vm_map_unlock_read(map);
}

void
subject_gaps(struct subject *s, unsigned space, struct gaps *gaps)
{
	struct vm_map *map = &s->spaces[space]->map;
	size_t first;

	memset(gaps, 0, sizeof(*gaps));
	vm_map_lock_read(map);
	for (struct vm_map_entry *e = vm_map_first(map); e != NULL;
	     e = vm_map_next(map, e)) {
		if (!(e->marks & VM_MARK_GAP))
			continue;
		first = (size_t)vm_atop(e->start - s->config.va_min);
		gaps->first[first] = true;
		memset(gaps->here + first, true, vm_entry_npages(e));
	}
	vm_map_unlock_read(map);
}
