/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faulty.c - see faulty.h.
 *
 * An allocation takes a number, and fails when it lies in a window of numbers
 * that the test has set.  The window is closed while it moves, so that a
 * thread that allocates at that moment sees the old one or none.
 */
#include "env/faulty.h"

#include "base/check.h"
#include "base/mem.h"
#include "vm/vm_types.h"

static bool
must_fail(struct faulty_env *f)
{
	uint64_t n = atomic_fetch_add(&f->allocations, 1) + 1;

	return n <= atomic_load(&f->fail_last) &&
	    n >= atomic_load(&f->fail_first);
}

static void *
faulty_alloc(void *ctx, size_t size)
{
	struct faulty_env *f = ctx;
	void *p;

	if (must_fail(f)) {
		atomic_fetch_add(&f->failures, 1);
		return NULL;
	}
	p = f->under->alloc(f->under->ctx, size);
	if (p == NULL)
		return NULL;
	VM_ASSERT(((uintptr_t)p & 15) == 0);
	VM_ASSERT((size & VM_PAGE_MASK) || !((uintptr_t)p & VM_PAGE_MASK));
	memset(p, FAULTY_FILL, size < VM_PAGE_SIZE ? size : VM_PAGE_SIZE);
	atomic_fetch_add(&f->blocks, 1);
	atomic_fetch_add(&f->bytes, size);
	return p;
}

static void
faulty_free(void *ctx, void *p, size_t size)
{
	struct faulty_env *f = ctx;
	uint64_t blocks = atomic_fetch_sub(&f->blocks, 1);
	uint64_t bytes = atomic_fetch_sub(&f->bytes, size);

	VM_VERIFY(p != NULL);
	VM_VERIFY(blocks > 0);
	VM_VERIFY(bytes >= size);
	f->under->free(f->under->ctx, p, size);
}

static void
faulty_wait(void *ctx, const _Atomic uint32_t *word, uint32_t value)
{
	const struct faulty_env *f = ctx;

	f->under->wait(f->under->ctx, word, value);
}

static void
faulty_wake(void *ctx, const _Atomic uint32_t *word)
{
	const struct faulty_env *f = ctx;

	f->under->wake(f->under->ctx, word);
}

static void
faulty_yield(void *ctx)
{
	const struct faulty_env *f = ctx;

	f->under->yield(f->under->ctx);
}

static unsigned
faulty_cpu(void *ctx)
{
	const struct faulty_env *f = ctx;

	return f->under->cpu(f->under->ctx);
}

static void
faulty_log(void *ctx, const char *text, size_t len)
{
	const struct faulty_env *f = ctx;

	f->under->log(f->under->ctx, text, len);
}

void
faulty_init(struct faulty_env *f, const struct vm_env *under)
{
	*f = (struct faulty_env){
		.env = {
			.ctx = f,
			.alloc = faulty_alloc,
			.free = faulty_free,
			.wait = under->wait ? faulty_wait : NULL,
			.wake = under->wake ? faulty_wake : NULL,
			.yield = under->yield ? faulty_yield : NULL,
			.cpu = under->cpu ? faulty_cpu : NULL,
			.log = under->log ? faulty_log : NULL,
		},
		.under = under,
	};
}

void
faulty_fail(struct faulty_env *f, uint64_t nth, enum faulty_mode mode)
{
	uint64_t first = atomic_load(&f->allocations) + nth;

	atomic_store(&f->fail_last, 0);
	if (nth == 0)
		return;
	atomic_store(&f->fail_first, first);
	atomic_store(&f->fail_last, mode == FAULTY_ONCE ? first : UINT64_MAX);
}
