/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pageout.c - the page daemon.
 *
 * A pass that has neither freed a page nor begun to write one may have made
 * pages inactive for the next, which is hard then: it takes pages though they
 * are used.  When that, too, is fruitless there is no memory to be made, and
 * who waits is told.
 *
 * What is busy meanwhile, on its way in or out, may be memory as soon as it has
 * arrived: as long as there is any, nothing is in vain yet.
 *
 * Without swap, or when it is full, only pages of files are left to go.  When
 * they are few they come back at once, and everybody does nothing but read
 * them.  So when all that passes made was of few files, and all in all many
 * times as much as there is of them, that is no memory either.  Nor is it when
 * passes over all pages find hardly any: those that did are in use again before
 * the next.
 *
 * Sources: UVM uvm_pdaemon.c (levels, the fate of a page), 4.4BSD vm_pageout.c.
 * Differs: a page is gone when it is written; nobody scans for it again.  UVM
 * (uvm_reclaimable) does not wait until the few pages have come back.
 */
#include "vm/vm_pageout.h"

#include "base/mem.h"
#include "vm/pmap.h"
#include "vm/vm_pageq.h"
#include "vm/vm_swap.h"

#define MIN_SHARE   200  /* a 200th of memory is to be free, */
#define MIN_LEAST   4    /* and at least so many pages, */
#define MIN_MOST    256  /* and at most */
#define HARD_PASSES 2    /* that make nothing: there is nothing */
#define PASSES_MOST 32   /* of one who waits */
#define AHEAD_MOST  256  /* pages to write beyond the target, at most, */
#define AHEAD_SHARE 64   /* and no more than a 64th of memory */
#define REST        64   /* steps after that are nothing but one */
#define FEW_SHARE   16   /* file pages are few below a 16th of memory, */
#define FEW_MOST    1280 /* and these never are */
#define FEW_TURNS   32   /* times that few pages may come back */
#define WORTH       256  /* pages that may be looked at, to make one; */
#define TOIL_TURNS  8    /* beyond that, times all of memory */

struct vm_pageouts {
	struct vm_mutex pass_lock;       /* one pass at a time */
	struct vm_pageout_levels levels; /* (c) */
	size_t ahead;           /* (c) pages of a pass beyond the target */
	struct vm_event passed; /* a pass of the daemon has ended */
	_Atomic bool daemon, stop;
	bool busy; /* below the target, after having been short; of who looks */
	_Atomic uint32_t fruitless; /* passes in a row */
	_Atomic size_t turned;      /* file pages that went, in a row */
	_Atomic size_t toil;        /* pages looked at, beyond their worth */
	unsigned passed_over;       /* steps; of who makes them */
};

/* ---- the fate of a page ---- */

/*
 * A port may know that a page is being used this moment: then it is referenced
 * again at once.
 */
static bool
is_needed(const struct vm_pageout_pass *p, struct vm_page *pg)
{
	struct vm_machine *m = p->sys->machine;

	if (p->last || !m->references_by_fault)
		return false;
	(void)pmap_clear_reference(m, pg);
	return pmap_is_referenced(m, pg);
}

/* => locked; unlocks */
static enum vm_pageout_fate
stays(struct vm_system *sys, struct vm_page *pg, enum vm_page_state where,
    enum vm_pageout_fate fate)
{
	if (pg->wire_count == 0)
		vm_pageq_put(sys, pg, where);
	vm_mutex_unlock(pg->lock);
	return fate;
}

static enum vm_pageout_fate
free_clean(struct vm_pageout_pass *p, struct vm_page *pg, bool file)
{
	struct vm_mutex *lock = pg->lock;

	if (p->spare)
		vm_pageq_put(p->sys, pg, VM_PAGE_SPARE);
	else
		vm_page_evict(p->sys, pg);
	vm_mutex_unlock(lock);
	p->freed++;
	p->freed_files += file;
	return VM_PAGEOUT_FREED;
}

static enum vm_pageout_fate
to_swap(struct vm_pageout_pass *p, struct vm_page *pg, enum vm_page_state stuck)
{
	enum vm_pageout_fate fate = VM_PAGEOUT_BEGUN;
	struct vm_mutex *lock = pg->lock;

	if (vm_swapout_add(&p->out, pg)) {
		vm_mutex_unlock(lock);
	} else {
		p->full++;
		fate = stays(p->sys, pg, stuck, VM_PAGEOUT_STUCK);
	}
	vm_swapout_flush_full(&p->out);
	return fate;
}

static enum vm_pageout_fate
to_pager(struct vm_pageout_pass *p, struct vm_page *pg, enum vm_page_state stay)
{
	size_t n;

	vm_pageq_put(p->sys, pg, stay);
	n = pg->owner_ops->write(p->sys, pg);
	p->written += n;
	return n != 0 ? VM_PAGEOUT_BEGUN : VM_PAGEOUT_BUSY;
}

enum vm_pageout_fate
vm_pageout_page(struct vm_pageout_pass *p, struct vm_page *pg,
    enum vm_page_state stay, enum vm_page_state stuck)
{
	enum vm_page_store store = pg->owner_ops->store(pg);

	VM_COUNT(p->sys, pd_scanned);
	p->scanned++;
	if (vm_page_is_pinned(pg) || is_needed(p, pg))
		return stays(p->sys, pg, stay, VM_PAGEOUT_BUSY);
	if (store == VM_STORE_NONE)
		return stays(p->sys, pg, stuck, VM_PAGEOUT_STUCK);
	vm_page_withdraw(p->sys, pg);
	if (!pg->dirty)
		return free_clean(p, pg, store == VM_STORE_PAGER);
	if (store == VM_STORE_SWAP)
		return to_swap(p, pg, stuck);
	return to_pager(p, pg, stay);
}

/* Whether the page was used; from now on it is known only here. */
static bool
take_reference(struct vm_system *sys, struct vm_page *pg)
{
	bool used = pmap_clear_reference(sys->machine, pg);

	if (used)
		vm_page_proved(sys, pg, true);
	return used;
}

/* Where a use of an inactive page would not be seen, or the design has it so,
 * it is in no pmap. */
static void
hide(struct vm_system *sys, struct vm_page *pg)
{
	struct vm_machine *m = sys->machine;

	if ((m->references_by_fault || sys->paging->unmaps) && !pg->busy &&
	    pg->wire_count == 0)
		(void)pmap_page_protect(m, pg, VM_PROT_NONE);
}

void
vm_pageout_retire(struct vm_system *sys, struct vm_page *pg)
{
	enum vm_page_state to = VM_PAGE_INACTIVE;

	if (vm_page_is_pinned(pg) || pg->state == VM_PAGE_SPARE)
		return;
	(void)take_reference(sys, pg);
	if (sys->paging->launders && vm_page_is_dirty(sys, pg))
		to = VM_PAGE_LAUNDRY;
	hide(sys, pg);
	if (pg->state == VM_PAGE_ACTIVE) {
		vm_pageq_put(sys, pg, to);
		VM_COUNT(sys, retired);
	}
}

/* Busy pages go there as well: they are being used. */
void
vm_pageout_deactivate(struct vm_pageout_pass *p, struct vm_page *pg)
{
	(void)take_reference(p->sys, pg);
	if (is_needed(p, pg)) {
		vm_pageout_requeue(p->sys, pg, VM_PAGE_ACTIVE);
		return;
	}
	hide(p->sys, pg);
	VM_COUNT(p->sys, pd_deactivated);
	(void)stays(p->sys, pg, VM_PAGE_INACTIVE, VM_PAGEOUT_BUSY);
}

bool
vm_pageout_was_used(struct vm_system *sys, struct vm_page *pg)
{
	return pg->busy || take_reference(sys, pg);
}

void
vm_pageout_requeue(struct vm_system *sys, struct vm_page *pg,
    enum vm_page_state where)
{
	(void)stays(sys, pg, where, VM_PAGEOUT_BUSY);
}

void
vm_pageout_reactivate(struct vm_pageout_pass *p, struct vm_page *pg)
{
	VM_COUNT(p->sys, pd_reactivated);
	vm_pageout_requeue(p->sys, pg, VM_PAGE_ACTIVE);
}

/* ---- a pass ---- */

size_t
vm_pageout_available(const struct vm_system *sys)
{
	return vm_page_free_count(sys) + vm_pageq_count(sys, VM_PAGE_SPARE);
}

bool
vm_pageout_is_held_up(const struct vm_pageout_pass *p)
{
	return !p->waits && vm_swapout_is_held_up(&p->out);
}

bool
vm_pageout_enough(const struct vm_pageout_pass *p)
{
	size_t has = vm_pageout_available(p->sys);

	return vm_pageout_is_held_up(p) || has >= p->enough ||
	    has + vm_swapout_paging(p->sys) >= p->enough + p->ahead;
}

void
vm_pageout_prepare(struct vm_pageout_pass *p)
{
	vm_swapout_ready(&p->out);
}

/* ---- few pages that come and go ---- */

static size_t
few(const struct vm_system *sys)
{
	size_t n = vm_page_count(sys) / FEW_SHARE;

	return n < FEW_MOST ? n : FEW_MOST;
}

static bool
has_few_files(const struct vm_system *sys)
{
	return atomic_load_explicit(&sys->file_pages, memory_order_relaxed) <
	    few(sys);
}

/* What a pass has made.  => pass_lock held */
static void
note_turn(const struct vm_pageout_pass *p)
{
	struct vm_pageouts *po = p->sys->pageouts;

	if (p->freed != p->freed_files || p->out.begun != 0 ||
	    !has_few_files(p->sys))
		po->turned = 0;
	else
		po->turned += p->freed_files + p->written;
}

static size_t
pages_made(const struct vm_pageout_pass *p)
{
	return p->freed + p->written + p->out.begun;
}

static size_t
most_toil(const struct vm_system *sys)
{
	return TOIL_TURNS * vm_page_count(sys);
}

/* What a pass has cost, and what it was worth.  => pass_lock held */
static void
note_toil(const struct vm_pageout_pass *p)
{
	struct vm_pageouts *po = p->sys->pageouts;
	size_t toil = po->toil + p->scanned, worth = WORTH * pages_made(p);

	toil = toil > worth ? toil - worth : 0;
	po->toil = toil < most_toil(p->sys) ? toil : most_toil(p->sys);
}

/* Whether making memory is nothing but reading few pages over and over, or
 * looking for them. */
static bool
is_futile(const struct vm_system *sys)
{
	const struct vm_pageouts *po = sys->pageouts;

	if (vm_swap_in_use(sys) < vm_swap_total(sys))
		return false;
	return po->toil >= most_toil(sys) ||
	    (po->turned >= FEW_TURNS * few(sys) && has_few_files(sys));
}

static void
begin_anew(struct vm_pageouts *po)
{
	po->turned = 0;
	po->toil = 0;
}

/* ---- a pass ---- */

/* Who wants so many pages gets these; what is made for everybody may be a
 * little more, so that a transfer is under way while the last one is used. */
static size_t
ahead_of(const struct vm_system *sys, size_t enough)
{
	const struct vm_pageouts *po = sys->pageouts;

	return enough == po->levels.target ? po->ahead : 0;
}

/*
 * Whether the pass has made memory, or brought it nearer; or cannot know,
 * since others had locked all it could have taken.  So many before it made
 * nothing.  The mappings of what has become inactive go all at once: uses of
 * such pages are not seen until then.  => pass_lock held
 */
static bool
pass(struct vm_system *sys, size_t enough, unsigned fruitless, bool waits)
{
	struct vm_pageout_pass p = {
		.sys = sys,
		.enough = enough,
		.ahead = ahead_of(sys, enough),
		.waits = waits,
		.hard = fruitless >= sys->paging->patience,
		.last = fruitless > sys->paging->patience,
	};
	uint64_t hindered = vm_pageq_hindered(sys);

	VM_COUNT(sys, pd_passes);
	if (sys->scan_spaces != NULL)
		sys->scan_spaces(sys);
	vm_swapout_begin(&p.out, sys, sys->paging->place, sys->paging->cluster);
	sys->paging->scan(&p);
	vm_swapout_flush(&p.out);
	pmap_update_all(sys->machine);
	VM_COUNT_N(sys, pd_freed, p.freed);
	note_turn(&p);
	note_toil(&p);
	if (pages_made(&p) != 0)
		return true;
	if (vm_pageq_hindered(sys) == hindered)
		return false;
	if (sys->env->yield != NULL)
		sys->env->yield(sys->env->ctx);
	return true;
}

static bool
once(struct vm_system *sys, size_t nfree, unsigned fruitless, bool waits)
{
	struct vm_pageouts *po = sys->pageouts;
	bool done;

	vm_mutex_lock(&po->pass_lock);
	done = pass(sys, nfree, fruitless, waits);
	vm_mutex_unlock(&po->pass_lock);
	return done;
}

bool
vm_pageout_once(struct vm_system *sys, size_t nfree, bool hard)
{
	return once(sys, nfree, hard ? sys->paging->patience : 0, true);
}

static bool
is_hopeless(const struct vm_system *sys, unsigned fruitless)
{
	return fruitless >= sys->paging->patience + HARD_PASSES;
}

/*
 * Whether something is under way, or was until a moment ago: pages that will be
 * free, or could not be looked at as they are busy.  What to wait for.
 */
static bool
is_coming(struct vm_system *sys, struct vm_event **ev, uint32_t *seen)
{
	const struct vm_swapout none = { .sys = sys };

	*ev = vm_swapout_event(sys);
	*seen = vm_event_count(*ev);
	if (vm_swapout_paging(sys) != 0 || vm_swapout_is_held_up(&none))
		return true;
	*ev = vm_page_arrival(sys);
	*seen = vm_event_count(*ev);
	return vm_page_any_busy(sys);
}

/* Until some of it has arrived; false: there is nothing. */
static bool
wait_arrival(struct vm_system *sys)
{
	struct vm_event *ev;
	uint32_t seen;
	bool coming = is_coming(sys, &ev, &seen);

	if (coming)
		vm_event_wait(ev, seen, sys->env);
	return coming;
}

static void
wait_paging(struct vm_system *sys)
{
	struct vm_event *ev = vm_swapout_event(sys);
	uint32_t seen;

	for (;;) {
		seen = vm_event_count(ev);
		if (vm_swapout_paging(sys) == 0)
			return;
		vm_event_wait(ev, seen, sys->env);
	}
}

/* Passes until so many pages are free; false: there is nothing to be had. */
static bool
make(struct vm_system *sys, size_t nfree)
{
	struct vm_pageouts *po = sys->pageouts;
	unsigned fruitless = 0, left = PASSES_MOST;

	vm_mutex_lock(&po->pass_lock);
	while (vm_pageout_available(sys) < nfree &&
	    !is_hopeless(sys, fruitless) && left-- > 0) {
		if (pass(sys, nfree, fruitless, true) || wait_arrival(sys))
			fruitless = 0;
		else
			fruitless++;
		wait_paging(sys);
	}
	vm_mutex_unlock(&po->pass_lock);
	return !is_hopeless(sys, fruitless);
}

size_t
vm_pageout(struct vm_system *sys, size_t nfree)
{
	(void)make(sys, nfree);
	return vm_pageout_available(sys);
}

bool
vm_pageout_more(struct vm_system *sys, size_t npages)
{
	size_t before = vm_page_free_count(sys);
	bool more;

	more = make(sys, before + npages);
	vm_page_free_spares(sys, before + npages);
	return more || vm_page_free_count(sys) > before;
}

/* ---- who waits ---- */

static bool
is_short(const struct vm_system *sys)
{
	return vm_pageout_available(sys) <= vm_page_reserve(sys);
}

static int
wait_for_daemon(struct vm_system *sys)
{
	struct vm_pageouts *po = sys->pageouts;
	unsigned left = PASSES_MOST;
	uint32_t seen;

	while (is_short(sys) && left-- > 0) {
		seen = vm_event_count(&po->passed);
		if (!po->daemon)
			return 0; /* it has ended: look again */
		vm_event_signal(vm_page_shortage(sys), sys->env);
		vm_event_wait(&po->passed, seen, sys->env);
		if (is_short(sys) && !wait_arrival(sys) && is_short(sys) &&
		    is_hopeless(sys, po->fruitless))
			return VM_ENOMEM;
	}
	return 0;
}

/* Who has made a pass in vain may find that others have made memory. */
static int
make_own(struct vm_system *sys)
{
	struct vm_pageouts *po = sys->pageouts;
	unsigned fruitless = 0, left = PASSES_MOST;

	vm_mutex_lock(&po->pass_lock);
	while (is_short(sys) && !is_hopeless(sys, fruitless) && left-- > 0) {
		if (pass(sys, po->levels.target, fruitless, true))
			fruitless = 0;
		else
			fruitless++;
		if (is_short(sys) && wait_arrival(sys))
			fruitless = 0;
	}
	vm_mutex_unlock(&po->pass_lock);
	return is_short(sys) && is_hopeless(sys, fruitless) ? VM_ENOMEM : 0;
}

/* ---- who does not sleep ---- */

/* As wait_for_daemon: first its next pass, then what that has begun. */
static int
try_daemon(struct vm_system *sys, bool asked, struct vm_wait *w)
{
	struct vm_pageouts *po = sys->pageouts;
	uint32_t passed = vm_event_count(&po->passed), seen;
	struct vm_event *arrived;
	bool coming = is_coming(sys, &arrived, &seen);

	if (!is_short(sys) || !po->daemon)
		return 0;
	if (coming) {
		vm_wait_begin(w, arrived, seen);
		return VM_EWAIT;
	}
	if (asked && is_hopeless(sys, po->fruitless))
		return VM_ENOMEM;
	vm_wait_begin(w, &po->passed, passed);
	vm_event_signal(vm_page_shortage(sys), sys->env);
	return VM_EWAIT;
}

/* As make_own, up to where that waits. */
static int
try_own(struct vm_system *sys, struct vm_wait *w)
{
	struct vm_pageouts *po = sys->pageouts;
	unsigned fruitless = 0, left = PASSES_MOST;
	struct vm_event *arrived;
	uint32_t seen;
	bool coming;

	while (is_short(sys) && left-- > 0) {
		if (once(sys, po->levels.target, fruitless, false))
			fruitless = 0;
		else
			fruitless++;
		coming = is_coming(sys, &arrived, &seen);
		if (is_short(sys) && coming) {
			vm_wait_begin(w, arrived, seen);
			return VM_EWAIT;
		}
		if (is_short(sys) && is_hopeless(sys, fruitless))
			return VM_ENOMEM;
	}
	return 0;
}

/* ---- both ---- */

/* Spare pages are memory for who gets at them: others may be at them all. */
static void
take_spares(struct vm_system *sys)
{
	vm_page_free_spares(sys, sys->pageouts->levels.target);
	if (vm_page_free_count(sys) <= vm_page_reserve(sys) && !is_short(sys) &&
	    sys->env->yield != NULL)
		sys->env->yield(sys->env->ctx);
}

/* Whether it still is, after a pass; who cannot make one does not know. */
static bool
is_futile_now(struct vm_system *sys)
{
	struct vm_pageouts *po = sys->pageouts;

	if (!vm_mutex_trylock(&po->pass_lock))
		return false;
	(void)pass(sys, po->levels.target, sys->paging->patience, false);
	vm_mutex_unlock(&po->pass_lock);
	return is_futile(sys);
}

/* Before any waiting; true: there is no point in it. */
static bool
is_vain(struct vm_system *sys)
{
	take_spares(sys);
	if (!is_short(sys) || !is_futile(sys) || !is_futile_now(sys))
		return false;
	begin_anew(sys->pageouts); /* who is told goes */
	return true;
}

int
vm_pageout_try(struct vm_system *sys, bool asked, struct vm_wait *w)
{
	if (is_vain(sys))
		return VM_ENOMEM;
	return sys->pageouts->daemon ? try_daemon(sys, asked, w) :
				       try_own(sys, w);
}

int
vm_pageout_wait(struct vm_system *sys)
{
	if (is_vain(sys))
		return VM_ENOMEM;
	return sys->pageouts->daemon ? wait_for_daemon(sys) : make_own(sys);
}

/* ---- the daemon ---- */

/* Memory is short from the moment when little is left until there is enough:
 * one page less than that is no reason to begin. */
static bool
has_work(struct vm_system *sys)
{
	struct vm_pageouts *po = sys->pageouts;
	size_t n = vm_pageout_available(sys) + vm_swapout_paging(sys);

	po->busy = n < (po->busy ? po->levels.target : po->levels.min);
	return po->busy;
}

/* When the daemon looks again. */
enum again { AT_ONCE, AT_ARRIVAL, WHEN_CALLED };

/* One look. */
static enum again
daemon_pass(struct vm_system *sys, bool waits)
{
	struct vm_pageouts *po = sys->pageouts;

	if (!has_work(sys)) {
		po->fruitless = 0;
		return WHEN_CALLED;
	}
	if (is_futile(sys))
		return WHEN_CALLED; /* until somebody is told */
	if (once(sys, po->levels.target, po->fruitless, waits)) {
		po->fruitless = 0;
		return AT_ONCE;
	}
	if (vm_swapout_paging(sys) != 0 || vm_page_any_busy(sys)) {
		po->fruitless = 0;
		return AT_ARRIVAL;
	}
	po->fruitless++;
	return is_hopeless(sys, po->fruitless) ? WHEN_CALLED : AT_ONCE;
}

void
vm_pageout_daemon(struct vm_system *sys)
{
	struct vm_pageouts *po = sys->pageouts;
	struct vm_event *shortage = vm_page_shortage(sys);
	struct vm_event *arrived;
	uint32_t calls, seen;
	enum again again;

	po->daemon = true;
	vm_page_set_low(sys, po->levels.min);
	while (!po->stop) {
		calls = vm_event_count(shortage);
		again = daemon_pass(sys, true);
		vm_event_signal(&po->passed, sys->env);
		if (again == AT_ARRIVAL && is_coming(sys, &arrived, &seen) &&
		    !po->stop)
			vm_event_wait(arrived, seen, sys->env);
		if (again == WHEN_CALLED && !po->stop)
			vm_event_wait(shortage, calls, sys->env);
	}
	vm_page_set_low(sys, 0);
	po->daemon = false;
	po->stop = false; /* there may be another one */
	vm_event_signal(&po->passed, sys->env);
}

void
vm_pageout_stop(struct vm_system *sys)
{
	sys->pageouts->stop = true;
	vm_event_signal(vm_page_shortage(sys), sys->env);
	vm_event_signal(vm_swapout_event(sys), sys->env);
	vm_event_signal(vm_page_arrival(sys), sys->env);
}

/* When nothing could be made, there is no need to look again at once. */
void
vm_pageout_step(struct vm_system *sys)
{
	struct vm_pageouts *po = sys->pageouts;

	if (vm_pageout_available(sys) + vm_swapout_paging(sys) >=
	    po->levels.min)
		return;
	if (!is_hopeless(sys, po->fruitless) || ++po->passed_over == REST) {
		po->passed_over = 0;
		(void)daemon_pass(sys, false);
	}
}

/* ---- the whole ---- */

void
vm_pageout_get_levels(const struct vm_system *sys, struct vm_pageout_levels *l)
{
	*l = sys->pageouts->levels;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
set_levels(const struct vm_system *sys, struct vm_pageout_levels *l)
{
	size_t min = vm_page_count(sys) / MIN_SHARE;

	if (min < MIN_LEAST)
		min = MIN_LEAST;
	if (min > MIN_MOST)
		min = MIN_MOST;
	l->min = min + vm_page_reserve(sys);
	l->target = l->min * sys->paging->target.times / sys->paging->target.by;
}

void
vm_pageout_prefer(struct vm_system *sys, const struct vm_paging *paging)
{
	sys->paging = paging;
	set_levels(sys, &sys->pageouts->levels);
	sys->pageouts->ahead = least(vm_page_count(sys) / AHEAD_SHARE,
	    AHEAD_MOST);
}

int
vm_pageout_init(struct vm_system *sys)
{
	struct vm_pageouts *po = vm_alloc(sys, sizeof(*po));

	if (po == NULL)
		return VM_ENOMEM;
	memset(po, 0, sizeof(*po));
	vm_mutex_init(&po->pass_lock, sys->env);
	sys->pageouts = po;
	vm_pageout_prefer(sys, &vm_paging_netbsd);
	return 0;
}

void
vm_pageout_fini(struct vm_system *sys)
{
	VM_ASSERT(!sys->pageouts->daemon);
	VM_ASSERT(sys->file_pages == 0);
	vm_free(sys, sys->pageouts, sizeof(*sys->pageouts));
	sys->pageouts = NULL;
}
