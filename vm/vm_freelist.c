/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_freelist.c - the array of pages, and the free ones.
 *
 * Free pages are bits of a map, so that a run of neighbouring frames can be
 * found, and each processor keeps a few of them on a list of its own:
 *
 *	take --> cache of this cpu --refill 16--> free map (one lock)
 *	put  -->		   --flush 16--->
 *
 * What was never used is not even set up: the array has `nset` pages in order,
 * and those behind them are free, in the map.  So memory that is promised but
 * not used costs no time and, when the host gives zeroes lazily, no memory.
 *
 * `nfree` counts both and is taken from first: who got a count finds a page,
 * in its cache, in the map, or in the cache of another processor.
 *
 * Lock order: a cache, then the map.  Two caches are never locked at once.
 *
 * Sources: UVM uvm_page.c (the reserve, the hint of uvm_pagealloc), FreeBSD's
 * per-CPU page caches (vm_page_zone).
 */
#include "vm/vm_freelist.h"

#include "base/bitmap.h"
#include "base/mem.h"
#include "vm/pmap.h"

#define CACHE_BATCH   16
#define CACHE_MAX     (2 * CACHE_BATCH)
#define RESERVE_SHARE 256 /* a 256th of memory is the reserve, */
#define RESERVE_MAX   64  /* at most so many pages */

struct page_cache {
	struct vm_mutex lock;
	struct list pages;
	unsigned count;
	char apart[64]; /* no two caches share a line of the processor's */
};

struct vm_freelist {
	struct vm_page *pages; /* (c) one for each frame */
	size_t npages;         /* (c) */
	size_t reserve;        /* (c) */
	uint64_t first;        /* (c) frame of pages[0] */
	bool zeroed;           /* (c) frames read as zeroes at the start */
	_Atomic size_t nset;   /* (lock) pages set up; only grows */
	_Atomic size_t nfree;
	_Atomic size_t low; /* a shortage begins here */
	struct vm_event shortage;
	struct vm_mutex lock;
	struct bitmap map; /* (lock) a set bit is a free page */
	size_t lowest;     /* (lock) no free page below this one */
	uint64_t *words;   /* (c) */
	struct page_cache caches[VM_PAGE_CACHES];
};

static size_t
page_index(const struct vm_freelist *fl, const struct vm_page *pg)
{
	return (size_t)(pg - fl->pages);
}

static struct page_cache *
my_cache(struct vm_system *sys)
{
	unsigned cpu;

	cpu = sys->env->cpu == NULL ? 0 : sys->env->cpu(sys->env->ctx);
	return &sys->freelist->caches[cpu % VM_PAGE_CACHES];
}

/* ---- the array ---- */

static bool
is_set_up(const struct vm_freelist *fl, size_t i)
{
	return i < atomic_load_explicit(&fl->nset, memory_order_acquire);
}

/* Set up the pages to i. => map locked */
static void
set_up(struct vm_freelist *fl, size_t i)
{
	size_t n = atomic_load_explicit(&fl->nset, memory_order_relaxed);

	for (; n <= i; n++) {
		struct vm_page *pg = &fl->pages[n];

		memset(pg, 0, sizeof(*pg));
		list_init(&pg->q);
		pg->frame = (uint32_t)(fl->first + n);
		pg->zeroed = fl->zeroed;
		atomic_store_explicit(&fl->nset, n + 1, memory_order_release);
	}
}

/* The page at i for who comes without having got it. */
static struct vm_page *
page_at(struct vm_freelist *fl, size_t i)
{
	if (!is_set_up(fl, i)) {
		vm_mutex_lock(&fl->lock);
		set_up(fl, i);
		vm_mutex_unlock(&fl->lock);
	}
	return &fl->pages[i];
}

/* ---- the map ---- */

/* Take page i out of the map. => map locked */
static struct vm_page *
map_take(struct vm_freelist *fl, size_t i)
{
	struct vm_page *pg = &fl->pages[i];

	set_up(fl, i);
	bitmap_clear(&fl->map, i);
	if (i == fl->lowest)
		fl->lowest = i + 1;
	return pg;
}

/*
 * Take the lowest free page, or NULL: memory that was never used stays so,
 * which a port may have for nothing.  => map locked
 */
static struct vm_page *
map_take_lowest(struct vm_freelist *fl)
{
	size_t i = bitmap_find_first_set(&fl->map, fl->lowest);

	if (i >= fl->npages)
		return NULL;
	fl->lowest = i;
	return map_take(fl, i);
}

static void
map_put(struct vm_freelist *fl, struct vm_page *pg)
{
	size_t i = page_index(fl, pg);

	atomic_store_explicit(&pg->state, VM_PAGE_FREE, memory_order_relaxed);
	bitmap_set(&fl->map, i);
	if (i < fl->lowest)
		fl->lowest = i;
}

/* ---- the caches ---- */

/* The state of a page in a cache says in which: whoever sees the one sees the
 * other. */
static uint8_t
cached_in(const struct vm_freelist *fl, const struct page_cache *c)
{
	return (uint8_t)(VM_PAGE_CACHED + (c - fl->caches));
}

/* => c locked; the caller puts the page on the list, before or behind */
static struct list *
cache_add(struct vm_freelist *fl, struct page_cache *c, struct vm_page *pg)
{
	atomic_store_explicit(&pg->state, cached_in(fl, c),
	    memory_order_release);
	c->count++;
	return &pg->q;
}

/* From here on nobody else finds the page: its state says so, to who looks for
 * a neighbour in the same cache.  => c locked */
static struct vm_page *
cache_take(struct page_cache *c, struct vm_page *pg)
{
	list_remove(&pg->q);
	c->count--;
	atomic_store_explicit(&pg->state, VM_PAGE_USED, memory_order_relaxed);
	return pg;
}

/* Behind what was freed lately, in the order of frames. => c locked */
static void
cache_refill(struct vm_freelist *fl, struct page_cache *c)
{
	struct vm_page *pg;

	vm_mutex_lock(&fl->lock);
	while (c->count < CACHE_BATCH && (pg = map_take_lowest(fl)) != NULL)
		list_insert_tail(&c->pages, cache_add(fl, c, pg));
	vm_mutex_unlock(&fl->lock);
}

static void
cache_flush(struct vm_freelist *fl, struct page_cache *c)
{
	struct list *last;

	vm_mutex_lock(&fl->lock);
	while (c->count > CACHE_MAX - CACHE_BATCH) {
		last = list_last(&c->pages);
		map_put(fl, cache_take(c, LIST_ENTRY(last, struct vm_page, q)));
	}
	vm_mutex_unlock(&fl->lock);
}

static struct vm_page *
cache_pop(struct page_cache *c)
{
	struct list *first = list_first(&c->pages);

	if (first == NULL)
		return NULL;
	return cache_take(c, LIST_ENTRY(first, struct vm_page, q));
}

/* ---- taking and putting ---- */

/* Count a page out; false when only the reserve is left. */
static bool
count_out(struct vm_system *sys, unsigned flags)
{
	struct vm_freelist *fl = sys->freelist;
	size_t floor = (flags & VM_PAGE_RESERVE) ? 0 : fl->reserve;
	size_t low = atomic_load_explicit(&fl->low, memory_order_relaxed);
	size_t n = atomic_load_explicit(&fl->nfree, memory_order_relaxed);

	do {
		if (n <= floor)
			return false;
	} while (!atomic_compare_exchange_weak(&fl->nfree, &n, n - 1));
	if (VM_UNLIKELY(n <= low && n + sys->paging_pages <= low))
		vm_event_signal(&fl->shortage, sys->env);
	return true;
}

/* Page i out of our own cache, or NULL.  => it is set up */
static struct vm_page *
take_cached(struct vm_freelist *fl, struct page_cache *c, size_t i)
{
	struct vm_page *pg = NULL;

	vm_mutex_lock(&c->lock);
	if (atomic_load_explicit(&fl->pages[i].state, memory_order_acquire) ==
	    cached_in(fl, c))
		pg = cache_take(c, &fl->pages[i]);
	vm_mutex_unlock(&c->lock);
	return pg;
}

/*
 * The frame after `near`, when it is free and easily had: in the map, or in
 * our own cache.  A look without the lock decides where to look with it.
 */
static struct vm_page *
take_neighbour(struct vm_freelist *fl, struct page_cache *c,
    const struct vm_page *near)
{
	size_t i = page_index(fl, near) + 1;
	struct vm_page *pg = NULL;

	if (i >= fl->npages)
		return NULL;
	if (is_set_up(fl, i)) {
		if (atomic_load_explicit(&fl->pages[i].state,
			memory_order_relaxed) >= VM_PAGE_USED)
			return NULL;
		pg = take_cached(fl, c, i);
		if (pg != NULL)
			return pg;
	}
	vm_mutex_lock(&fl->lock);
	if (bitmap_test(&fl->map, i))
		pg = map_take(fl, i);
	vm_mutex_unlock(&fl->lock);
	return pg;
}

static struct vm_page *
take_from(struct vm_freelist *fl, struct page_cache *c)
{
	struct vm_page *pg;

	vm_mutex_lock(&c->lock);
	pg = cache_pop(c);
	if (pg == NULL) {
		cache_refill(fl, c);
		pg = cache_pop(c);
	}
	vm_mutex_unlock(&c->lock);
	return pg;
}

/* Our count is for a page that is in some cache, or on its way there. */
static struct vm_page *
take_any(struct vm_freelist *fl, struct page_cache *mine)
{
	struct vm_page *pg;
	unsigned i;

	for (i = (unsigned)(mine - fl->caches);; i++) {
		pg = take_from(fl, &fl->caches[i % VM_PAGE_CACHES]);
		if (pg != NULL)
			return pg;
	}
}

struct vm_page *
vm_freelist_take(struct vm_system *sys, const struct vm_page *near,
    unsigned flags)
{
	struct vm_freelist *fl = sys->freelist;
	struct page_cache *c = my_cache(sys);
	struct vm_page *pg = NULL;

	if (!count_out(sys, flags))
		return NULL;
	if (near != NULL && !near->fictitious)
		pg = take_neighbour(fl, c, near);
	return pg != NULL ? pg : take_any(fl, c);
}

void
vm_freelist_put(struct vm_system *sys, struct vm_page *pg)
{
	struct vm_freelist *fl = sys->freelist;
	struct page_cache *c = my_cache(sys);

	vm_mutex_lock(&c->lock);
	list_insert_head(&c->pages, cache_add(fl, c, pg));
	if (c->count > CACHE_MAX)
		cache_flush(fl, c);
	vm_mutex_unlock(&c->lock);
	atomic_fetch_add(&fl->nfree, 1);
}

/* ---- looking at them ---- */

struct vm_page *
vm_page_nth(const struct vm_system *sys, size_t i)
{
	VM_ASSERT(i < sys->freelist->npages);
	return page_at(sys->freelist, i);
}

size_t
vm_page_count(const struct vm_system *sys)
{
	return sys->freelist->npages;
}

size_t
vm_page_free_count(const struct vm_system *sys)
{
	return atomic_load(&sys->freelist->nfree);
}

size_t
vm_page_reserve(const struct vm_system *sys)
{
	return sys->freelist->reserve;
}

struct vm_event *
vm_page_shortage(const struct vm_system *sys)
{
	return &sys->freelist->shortage;
}

void
vm_page_set_low(struct vm_system *sys, size_t low)
{
	atomic_store(&sys->freelist->low, low);
}

size_t
vm_freelist_nset(const struct vm_system *sys)
{
	return atomic_load_explicit(&sys->freelist->nset, memory_order_acquire);
}

/* ---- beginning and end ---- */

static size_t
map_bytes(size_t npages)
{
	return (npages + 63) / 64 * sizeof(uint64_t);
}

static void
pages_init(struct vm_system *sys, struct vm_freelist *fl)
{
	fl->first = sys->machine->pa_base >> VM_PAGE_SHIFT;
	fl->zeroed = sys->machine->frames_zeroed;
	bitmap_init(&fl->map, fl->words, fl->npages);
	bitmap_set_range(&fl->map, 0, fl->npages);
	atomic_init(&fl->nfree, fl->npages);
	fl->reserve = fl->npages / RESERVE_SHARE;
	if (fl->reserve > RESERVE_MAX)
		fl->reserve = RESERVE_MAX;
}

static void
caches_init(struct vm_freelist *fl, const struct vm_env *env)
{
	unsigned i;

	vm_mutex_init(&fl->lock, env);
	for (i = 0; i < VM_PAGE_CACHES; i++) {
		vm_mutex_init(&fl->caches[i].lock, env);
		list_init(&fl->caches[i].pages);
	}
}

static bool
has_frame_numbers(const struct vm_machine *m)
{
	return (m->pa_base >> VM_PAGE_SHIFT) + m->npages <= VM_FRAME_MAX &&
	    m->device_frame + m->device_npages <= VM_FRAME_MAX;
}

int
vm_freelist_init(struct vm_system *sys)
{
	struct vm_freelist *fl;

	if (!has_frame_numbers(sys->machine))
		return VM_EINVAL;
	fl = vm_alloc(sys, sizeof(*fl));
	if (fl == NULL)
		return VM_ENOMEM;
	memset(fl, 0, sizeof(*fl));
	sys->freelist = fl;
	fl->npages = sys->machine->npages;
	fl->pages = vm_alloc(sys, fl->npages * sizeof(*fl->pages));
	fl->words = vm_alloc(sys, map_bytes(fl->npages));
	if (fl->pages == NULL || fl->words == NULL) {
		vm_freelist_fini(sys);
		return VM_ENOMEM;
	}
	caches_init(fl, sys->env);
	pages_init(sys, fl);
	return 0;
}

void
vm_freelist_fini(struct vm_system *sys)
{
	struct vm_freelist *fl = sys->freelist;

	vm_free(sys, fl->pages, fl->npages * sizeof(*fl->pages));
	vm_free(sys, fl->words, map_bytes(fl->npages));
	vm_free(sys, fl, sizeof(*fl));
	sys->freelist = NULL;
}

/* ---- checking ---- */

/* P1: the pages of a cache know where they are; how many there are. */
static size_t
check_cache(const struct vm_freelist *fl, unsigned cpu)
{
	const struct page_cache *c = &fl->caches[cpu];
	unsigned n = 0;

	LIST_FOREACH(struct vm_page, pg, &c->pages, q) {
		VM_VERIFY(pg->state == cached_in(fl, c));
		n++;
	}
	VM_VERIFY(n == c->count);
	return n;
}

/* P3 */
static void
check_free_page(const struct vm_page *pg)
{
	VM_VERIFY(pg->pv == NULL);
	VM_VERIFY(!pg->busy);
	VM_VERIFY(pg->wire_count == 0);
	VM_VERIFY(!vm_page_is_lent(pg)); /* L1 */
}

void
vm_freelist_check(const struct vm_system *sys)
{
	const struct vm_freelist *fl = sys->freelist;
	size_t i, nfree = 0, ncached = 0;
	unsigned cpu;

	for (cpu = 0; cpu < VM_PAGE_CACHES; cpu++)
		ncached += check_cache(fl, cpu);
	for (i = 0; is_set_up(fl, i); i++) {
		const struct vm_page *pg = &fl->pages[i];

		VM_VERIFY(
		    bitmap_test(&fl->map, i) == (pg->state == VM_PAGE_FREE));
		if (vm_page_is_used(pg))
			continue;
		ncached -= pg->state != VM_PAGE_FREE;
		check_free_page(pg);
		nfree++;
	}
	VM_VERIFY(ncached == 0);
	for (; i < fl->npages; i++)
		nfree += bitmap_test(&fl->map, i);
	VM_VERIFY(nfree == atomic_load(&fl->nfree));
}
