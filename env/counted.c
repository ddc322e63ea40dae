/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counted.c - see counted.h.
 */
#include "env/counted.h"

#include <stdbool.h>

static void
raise_peak(struct counted_env *c, uint64_t bytes)
{
	uint64_t peak = atomic_load_explicit(&c->peak, memory_order_relaxed);

	while (peak < bytes &&
	    !atomic_compare_exchange_weak_explicit(&c->peak, &peak, bytes,
		memory_order_relaxed, memory_order_relaxed))
		continue;
}

static void *
counted_alloc(void *ctx, size_t size)
{
	struct counted_env *c = ctx;
	void *p = c->under->alloc(c->under->ctx, size);

	if (p != NULL)
		raise_peak(c,
		    size +
			atomic_fetch_add_explicit(&c->bytes, size,
			    memory_order_relaxed));
	return p;
}

static void
counted_free(void *ctx, void *p, size_t size)
{
	struct counted_env *c = ctx;

	if (p != NULL)
		(void)atomic_fetch_sub_explicit(&c->bytes, size,
		    memory_order_relaxed);
	c->under->free(c->under->ctx, p, size);
}

static void
counted_wait(void *ctx, const _Atomic uint32_t *word, uint32_t value)
{
	struct counted_env *c = ctx;

	c->under->wait(c->under->ctx, word, value);
}

static void
counted_wake(void *ctx, const _Atomic uint32_t *word)
{
	struct counted_env *c = ctx;

	c->under->wake(c->under->ctx, word);
}

static void
counted_yield(void *ctx)
{
	struct counted_env *c = ctx;

	c->under->yield(c->under->ctx);
}

static unsigned
counted_cpu(void *ctx)
{
	struct counted_env *c = ctx;

	return c->under->cpu(c->under->ctx);
}

static void
counted_log(void *ctx, const char *text, size_t len)
{
	struct counted_env *c = ctx;

	c->under->log(c->under->ctx, text, len);
}

/* What the wrapped environment does not have, the wrapper has not either. */
void
counted_init(struct counted_env *c, const struct vm_env *under)
{
	c->under = under;
	c->env = (struct vm_env){
		.ctx = c,
		.alloc = counted_alloc,
		.free = counted_free,
		.wait = under->wait != NULL ? counted_wait : NULL,
		.wake = under->wake != NULL ? counted_wake : NULL,
		.yield = under->yield != NULL ? counted_yield : NULL,
		.cpu = under->cpu != NULL ? counted_cpu : NULL,
		.log = under->log != NULL ? counted_log : NULL,
	};
	atomic_init(&c->bytes, 0);
	atomic_init(&c->peak, 0);
}
