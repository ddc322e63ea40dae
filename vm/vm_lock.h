/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_lock.h - mutex, reader-writer lock and event, on the host's futex.
 *
 * The uncontended path is one atomic operation, inline.  A lock knows its
 * environment, so that taking one needs no other argument.
 *
 *	mutex word	0 free, 1 held, 2 held and somebody may sleep
 *	rwlock word	readers, or WRITER; SLEEPERS when somebody may sleep
 *	event word	a counter; sleeping means waiting until it moves on
 *
 * An event is how the core waits for a page or for memory: take its count
 * while the condition is known to be false (with the lock held), drop the
 * locks, wait until the count has changed, look again.
 *
 * Who has other things to do than to sleep keeps a struct vm_wait: while it has
 * begun, the host is called by `wake` as if somebody slept, and the host knows
 * who is to look whether his waiting is over.
 *
 * Whoever takes a lock next may free it: an unlock does not touch it any more
 * once others can have it, and wakes by the word's address alone.
 *
 * What it does not do: fairness, priorities, recursion, timeouts.  A writer
 * that waits holds new readers off, so that it is not starved.
 */
#ifndef VM_LOCK_H
#define VM_LOCK_H

#include "base/check.h"
#include "vm/vm_env.h"

#include <stdatomic.h>
#include <stdbool.h>

struct vm_mutex {
	_Atomic uint32_t word;
	const struct vm_env *env;
};

struct vm_rwlock {
	_Atomic uint32_t word;
	_Atomic uint32_t wanted; /* writers waiting */
	const struct vm_env *env;
};

struct vm_event {
	_Atomic uint32_t count;
	_Atomic uint32_t sleepers;
};

/* What somebody waits for who does not sleep; all zeroes: nothing. */
struct vm_wait {
	struct vm_event *event;
	uint32_t seen;
};

#define VM_RWLOCK_WRITER   0x80000000u
#define VM_RWLOCK_SLEEPERS 0x40000000u
#define VM_RWLOCK_READERS  0x3fffffffu

void vm_mutex_lock_slow(struct vm_mutex *);
void vm_rwlock_read_slow(struct vm_rwlock *);
void vm_rwlock_write_slow(struct vm_rwlock *);

/* Wake who sleeps on a word that may be gone by now. */
void vm_lock_wake(const _Atomic uint32_t *word, const struct vm_env *);

/* Sleep until the event's count differs from seen.  No lock may be held. */
void vm_event_wait(struct vm_event *, uint32_t seen, const struct vm_env *);
/* Something may have become true: wake everybody who waits. */
void vm_event_signal(struct vm_event *, const struct vm_env *);

static inline uint32_t
vm_event_count(const struct vm_event *ev)
{
	return atomic_load_explicit(&ev->count, memory_order_acquire);
}

/*
 * vm_wait_begin: from now on, as vm_event_wait, but without sleeping.
 * vm_wait_end: it is over, or of no interest any more; also if there is none.
 */
static inline void
vm_wait_begin(struct vm_wait *w, struct vm_event *ev, uint32_t seen)
{
	*w = (struct vm_wait){ ev, seen };
	atomic_fetch_add(&ev->sleepers, 1);
}

static inline void
vm_wait_end(struct vm_wait *w)
{
	if (w->event != NULL)
		atomic_fetch_sub(&w->event->sleepers, 1);
	w->event = NULL;
}

/* Whether the event has come; when it does later, the host will be called. */
static inline bool
vm_wait_is_over(const struct vm_wait *w)
{
	return w->event == NULL || atomic_load(&w->event->count) != w->seen;
}

static inline void
vm_mutex_init(struct vm_mutex *m, const struct vm_env *env)
{
	atomic_init(&m->word, 0);
	m->env = env;
}

static inline bool
vm_mutex_is_locked(const struct vm_mutex *m)
{
	return atomic_load_explicit(&m->word, memory_order_relaxed) != 0;
}

static inline bool
vm_mutex_trylock(struct vm_mutex *m)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong_explicit(&m->word, &free, 1,
	    memory_order_acquire, memory_order_relaxed);
}

static inline void
vm_mutex_lock(struct vm_mutex *m)
{
	if (VM_UNLIKELY(!vm_mutex_trylock(m)))
		vm_mutex_lock_slow(m);
}

static inline void
vm_mutex_unlock(struct vm_mutex *m)
{
	const struct vm_env *env = m->env;
	uint32_t was;

	was = atomic_exchange_explicit(&m->word, 0, memory_order_release);
	VM_ASSERT(was != 0);
	if (VM_UNLIKELY(was == 2))
		vm_lock_wake(&m->word, env);
}

static inline void
vm_rwlock_init(struct vm_rwlock *l, const struct vm_env *env)
{
	atomic_init(&l->word, 0);
	atomic_init(&l->wanted, 0);
	l->env = env;
}

static inline bool
vm_rwlock_is_locked(const struct vm_rwlock *l)
{
	return (atomic_load_explicit(&l->word, memory_order_relaxed) &
		   ~VM_RWLOCK_SLEEPERS) != 0;
}

static inline bool
vm_rwlock_is_write_locked(const struct vm_rwlock *l)
{
	return (atomic_load_explicit(&l->word, memory_order_relaxed) &
		   VM_RWLOCK_WRITER) != 0;
}

static inline bool
vm_rwlock_try_read(struct vm_rwlock *l)
{
	uint32_t w = atomic_load_explicit(&l->word, memory_order_relaxed);

	if ((w & VM_RWLOCK_WRITER) ||
	    atomic_load_explicit(&l->wanted, memory_order_relaxed) != 0)
		return false;
	return atomic_compare_exchange_strong_explicit(&l->word, &w, w + 1,
	    memory_order_acquire, memory_order_relaxed);
}

static inline void
vm_rwlock_read(struct vm_rwlock *l)
{
	if (VM_UNLIKELY(!vm_rwlock_try_read(l)))
		vm_rwlock_read_slow(l);
}

static inline void
vm_rwlock_read_unlock(struct vm_rwlock *l)
{
	const uint32_t last = VM_RWLOCK_SLEEPERS | 1;
	const struct vm_env *env = l->env;
	uint32_t w;

	w = atomic_load_explicit(&l->word, memory_order_relaxed);
	do {
		VM_ASSERT((w & VM_RWLOCK_READERS) != 0);
	} while (!atomic_compare_exchange_weak_explicit(&l->word, &w,
	    w == last ? 0 : w - 1, memory_order_release, memory_order_relaxed));
	if (VM_UNLIKELY(w == last))
		vm_lock_wake(&l->word, env);
}

static inline void
vm_rwlock_write(struct vm_rwlock *l)
{
	uint32_t free = 0;

	if (VM_UNLIKELY(!atomic_compare_exchange_strong_explicit(&l->word,
		&free, VM_RWLOCK_WRITER, memory_order_acquire,
		memory_order_relaxed)))
		vm_rwlock_write_slow(l);
}

static inline void
vm_rwlock_write_unlock(struct vm_rwlock *l)
{
	const struct vm_env *env = l->env;
	uint32_t was;

	was = atomic_exchange_explicit(&l->word, 0, memory_order_release);
	VM_ASSERT((was & VM_RWLOCK_WRITER) != 0);
	if (VM_UNLIKELY(was & VM_RWLOCK_SLEEPERS))
		vm_lock_wake(&l->word, env);
}

#endif
