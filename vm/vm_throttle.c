/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_throttle.c - see vm_throttle.h.
 *
 * All is counted in relaxed atomics: two threads of a space that meet at the
 * end of a period may lose a page or two, which changes nothing.
 */
#include "vm/vm_throttle.h"

#include "vm/vm_pageout.h"

#define PAGES_LEAST 8  /* who has made fewer dirty never waits */
#define TIMES_MOST  16 /* that a fault waits */

/* ---- who makes how many ---- */

static uint32_t
get(const _Atomic uint32_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static void
set(_Atomic uint32_t *v, uint32_t to)
{
	atomic_store_explicit(v, to, memory_order_relaxed);
}

/* One of those who saw that the period has ended begins the next. */
static void
begin_period(struct vm_system *sys, size_t n)
{
	if (!atomic_compare_exchange_strong(&sys->writers.npages, &n, n / 2))
		return;
	set(&sys->writers.before, get(&sys->writers.spaces));
	set(&sys->writers.spaces, 0);
	(void)atomic_fetch_add(&sys->writers.period, 1);
}

/* What a count of period `was` is worth in another. */
static uint64_t
worth(const struct vm_writer *w, uint32_t was, uint32_t now)
{
	if (was == now)
		return get(&w->npages);
	return was + 1 == now ? get(&w->npages) / 2 : 0;
}

/* The first page of a space in this period. */
static void
join(struct vm_system *sys, struct vm_writer *w)
{
	uint32_t now = get(&sys->writers.period) + 1, was = get(&w->period);

	if (was == now ||
	    !atomic_compare_exchange_strong(&w->period, &was, now))
		return;
	set(&w->npages, (uint32_t)worth(w, was, now));
	(void)atomic_fetch_add(&sys->writers.spaces, 1);
}

void
vm_throttle_note(struct vm_system *sys, struct vm_writer *w)
{
	size_t n = atomic_fetch_add_explicit(&sys->writers.npages, 1,
		       memory_order_relaxed) +
	    1;

	join(sys, w);
	(void)atomic_fetch_add_explicit(&w->npages, 1, memory_order_relaxed);
	if (n >= vm_page_count(sys))
		begin_period(sys, n);
}

bool
vm_throttle_is_heavy(const struct vm_system *sys, const struct vm_writer *w)
{
	size_t all = atomic_load_explicit(&sys->writers.npages,
	    memory_order_relaxed);
	uint32_t n = get(&sys->writers.spaces);
	uint32_t before = get(&sys->writers.before);
	uint64_t own = worth(w, get(&w->period), get(&sys->writers.period) + 1);

	return own >= PAGES_LEAST && own * (n > before ? n : before) >= all;
}

/* ---- who waits ---- */

static size_t
level(const struct vm_system *sys, enum vm_throttle how)
{
	size_t reserve = vm_page_reserve(sys);
	struct vm_pageout_levels l;

	vm_pageout_get_levels(sys, &l);
	switch (how) {
	case VM_THROTTLE_NEVER:
		return 0;
	case VM_THROTTLE_SEVERE:
		return reserve + (l.min - reserve) / 2;
	case VM_THROTTLE_MIN:
		return l.min;
	}
	VM_UNREACHABLE();
}

static bool
has_to_wait(const struct vm_system *sys, enum vm_throttle how,
    const struct vm_writer *w)
{
	return vm_pageout_available(sys) < level(sys, how) &&
	    vm_throttle_is_heavy(sys, w);
}

void
vm_throttle_wait(struct vm_system *sys, enum vm_throttle how,
    const struct vm_writer *w)
{
	unsigned left = TIMES_MOST;
	struct vm_event *ev;
	uint32_t seen;

	while (left-- > 0 && has_to_wait(sys, how, w) &&
	    vm_pageout_has_daemon(sys) && vm_pageout_coming(sys, &ev, &seen)) {
		VM_COUNT(sys, throttled);
		vm_event_wait(ev, seen, sys->env);
	}
}

bool
vm_throttle_try(struct vm_system *sys, enum vm_throttle how,
    const struct vm_writer *w, unsigned *times, struct vm_wait *wait)
{
	struct vm_event *ev;
	uint32_t seen;

	if (*times >= TIMES_MOST || !has_to_wait(sys, how, w) ||
	    !vm_pageout_coming(sys, &ev, &seen))
		return false;
	++*times;
	VM_COUNT(sys, throttled);
	vm_wait_begin(wait, ev, seen);
	return true;
}
