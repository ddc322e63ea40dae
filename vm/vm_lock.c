/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_lock.c - what the locks do when somebody is in the way.
 *
 * Every slow path has the same shape: say in the word that somebody may
 * sleep, ask the host to sleep while the word is unchanged, look again.
 */
#include "vm/vm_lock.h"

static void
sleep_on(const struct vm_env *env, const _Atomic uint32_t *word, uint32_t value)
{
	VM_ASSERT(env->wait != NULL); /* one thread, locked against itself */
	env->wait(env->ctx, word, value);
}

void
vm_mutex_lock_slow(struct vm_mutex *m)
{
	while (atomic_exchange_explicit(&m->word, 2, memory_order_acquire) != 0)
		sleep_on(m->env, &m->word, 2);
}

void
vm_lock_wake(const _Atomic uint32_t *word, const struct vm_env *env)
{
	env->wake(env->ctx, word);
}

/* Sleep while the lock is as we saw it, after announcing it in the word. */
static void
rwlock_sleep(struct vm_rwlock *l, uint32_t w)
{
	uint32_t announced = w | VM_RWLOCK_SLEEPERS;

	if (w == announced ||
	    atomic_compare_exchange_strong(&l->word, &w, announced))
		sleep_on(l->env, &l->word, announced);
}

void
vm_rwlock_read_slow(struct vm_rwlock *l)
{
	uint32_t w;

	for (;;) {
		w = atomic_load(&l->word);
		if (!(w & VM_RWLOCK_WRITER) &&
		    (atomic_load(&l->wanted) == 0 ||
			(w & VM_RWLOCK_READERS) == 0)) {
			if (atomic_compare_exchange_strong(&l->word, &w, w + 1))
				return;
		} else {
			rwlock_sleep(l, w);
		}
	}
}

void
vm_rwlock_write_slow(struct vm_rwlock *l)
{
	uint32_t w;

	atomic_fetch_add(&l->wanted, 1);
	for (;;) {
		w = atomic_load(&l->word);
		if ((w & ~VM_RWLOCK_SLEEPERS) != 0)
			rwlock_sleep(l, w);
		else if (atomic_compare_exchange_strong(&l->word, &w,
			     w | VM_RWLOCK_WRITER))
			break;
	}
	atomic_fetch_sub(&l->wanted, 1);
}

void
vm_event_wait(struct vm_event *ev, uint32_t seen, const struct vm_env *env)
{
	atomic_fetch_add(&ev->sleepers, 1);
	while (atomic_load(&ev->count) == seen)
		sleep_on(env, &ev->count, seen);
	atomic_fetch_sub(&ev->sleepers, 1);
}

void
vm_event_signal(struct vm_event *ev, const struct vm_env *env)
{
	atomic_fetch_add(&ev->count, 1);
	if (atomic_load(&ev->sleepers) != 0)
		env->wake(env->ctx, &ev->count);
}
