/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pageq.c - the paging queues.
 */
#include "vm/vm_pageq.h"

#include "base/mem.h"

#define LOOKS 32 /* at pages in a row; twice as many after each in vain */

struct vm_pageq {
	struct vm_mutex lock;
	struct list pages[VM_PAGE_STATES]; /* from VM_PAGE_ACTIVE on */
	_Atomic size_t count[VM_PAGE_STATES];
	_Atomic uint64_t hindered;
	size_t looks; /* (lock) of the next take */
};

static uint8_t
state_of(const struct vm_page *pg)
{
	return atomic_load_explicit(&pg->state, memory_order_relaxed);
}

static void
add_count(struct vm_pageq *pq, uint8_t state, size_t n)
{
	(void)atomic_fetch_add_explicit(&pq->count[state], n,
	    memory_order_relaxed);
}

/* => queues locked */
static void
move(struct vm_pageq *pq, struct vm_page *pg, uint8_t to)
{
	uint8_t from = state_of(pg);

	VM_ASSERT(from >= VM_PAGE_USED);
	if (from != VM_PAGE_USED) {
		list_remove(&pg->q);
		add_count(pq, from, (size_t)-1);
	}
	if (to != VM_PAGE_USED) {
		list_insert_tail(&pq->pages[to], &pg->q);
		add_count(pq, to, 1);
	}
	atomic_store_explicit(&pg->state, to, memory_order_relaxed);
}

void
vm_pageq_put(struct vm_system *sys, struct vm_page *pg,
    enum vm_page_state state)
{
	struct vm_pageq *pq = sys->pageq;

	VM_ASSERT(state == VM_PAGE_USED || pg->wire_count == 0);
	vm_mutex_lock(&pq->lock);
	move(pq, pg, (uint8_t)state);
	vm_mutex_unlock(&pq->lock);
}

/* The first of some pages whose owner could be locked.  => queues locked */
static struct vm_page *
lock_first(const struct vm_pageq *pq, enum vm_page_state state)
{
	const struct vm_mutex *held = NULL; /* by somebody else */
	size_t left = pq->looks;

	LIST_FOREACH(struct vm_page, pg, &pq->pages[state], q) {
		if (left-- == 0)
			break;
		if (pg->lock != held && vm_mutex_trylock(pg->lock))
			return pg;
		held = pg->lock;
	}
	return NULL;
}

/* => queues locked */
static void
note_take(struct vm_pageq *pq, enum vm_page_state from, bool taken)
{
	if (taken) {
		pq->looks = LOOKS;
		return;
	}
	pq->hindered++;
	if (pq->looks < pq->count[from])
		pq->looks *= 2;
}

struct vm_page *
vm_pageq_take(struct vm_system *sys, enum vm_page_state state)
{
	struct vm_pageq *pq = sys->pageq;
	struct vm_page *pg = NULL;

	vm_mutex_lock(&pq->lock);
	if (pq->count[state] != 0) {
		pg = lock_first(pq, state);
		if (pg != NULL)
			move(pq, pg, VM_PAGE_USED);
		note_take(pq, state, pg != NULL);
	}
	vm_mutex_unlock(&pq->lock);
	return pg;
}

uint64_t
vm_pageq_hindered(const struct vm_system *sys)
{
	return atomic_load_explicit(&sys->pageq->hindered,
	    memory_order_relaxed);
}

size_t
vm_pageq_count(const struct vm_system *sys, enum vm_page_state state)
{
	return atomic_load_explicit(&sys->pageq->count[state],
	    memory_order_relaxed);
}

int
vm_pageq_init(struct vm_system *sys)
{
	struct vm_pageq *pq = vm_alloc(sys, sizeof(*pq));
	unsigned i;

	if (pq == NULL)
		return VM_ENOMEM;
	memset(pq, 0, sizeof(*pq));
	vm_mutex_init(&pq->lock, sys->env);
	pq->looks = LOOKS;
	for (i = 0; i < VM_PAGE_STATES; i++)
		list_init(&pq->pages[i]);
	sys->pageq = pq;
	return 0;
}

void
vm_pageq_fini(struct vm_system *sys)
{
	vm_free(sys, sys->pageq, sizeof(*sys->pageq));
	sys->pageq = NULL;
}

/* P6 */
void
vm_pageq_check(const struct vm_system *sys)
{
	const struct vm_pageq *pq = sys->pageq;
	unsigned i;
	size_t n;

	for (i = VM_PAGE_ACTIVE; i < VM_PAGE_STATES; i++) {
		n = 0;
		LIST_FOREACH(struct vm_page, pg, &pq->pages[i], q) {
			VM_VERIFY(state_of(pg) == i);
			VM_VERIFY(pg->wire_count == 0);
			VM_VERIFY(pg->lock != NULL && pg->owner != NULL);
			n++;
		}
		VM_VERIFY(n == pq->count[i]);
	}
}
