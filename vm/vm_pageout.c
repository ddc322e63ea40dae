/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pageout.c - who makes passes: the page daemon, or whoever wants memory;
 * and who waits for what they make.
 *
 * A pass that has neither freed a page nor begun to write one may have made
 * pages inactive for the next, which is hard then: it takes pages though they
 * are used.  When that, too, is fruitless there is no memory to be made, and
 * who waits is told.
 *
 * What is busy meanwhile, on its way in or out, may be memory as soon as it has
 * arrived: as long as there is any, nothing is in vain yet.
 *
 * What a pass does with the pages is in vm_pageout_pass.h.
 *
 * Sources: UVM uvm_pdaemon.c (levels, uvm_pageout, uvm_wait); 4.4BSD
 * vm_pageout.c.
 */
#include "vm/vm_pageout.h"

#include "base/mem.h"
#include "vm/vm_futility.h"

#define MIN_SHARE    200 /* a 200th of memory is to be free, */
#define MIN_LEAST    4   /* and at least so many pages, */
#define MIN_MOST     256 /* and at most */
#define HARD_PASSES  2   /* that make nothing: there is nothing */
#define PASSES_MOST  32  /* of one who waits */
#define ENOUGH_SHARE 16  /* a pass may go a 16th of memory beyond the target */
#define AHEAD_MOST   256 /* pages to write beyond the target, at most, */
#define AHEAD_SHARE  64  /* and no more than a 64th of memory */
#define REST         64  /* steps after that are nothing but one */

struct vm_pageouts {
	struct vm_mutex pass_lock;       /* one pass at a time */
	struct vm_pageout_levels levels; /* (c) */
	size_t ahead;           /* (c) pages of a pass beyond the target */
	struct vm_event passed; /* a pass of the daemon has ended */
	_Atomic bool daemon, stop;
	bool busy; /* below the target, after having been short; of who looks */
	_Atomic uint32_t fruitless; /* passes in a row */
	struct vm_futility futile;  /* noted under the pass lock */
	unsigned passed_over;       /* steps; of who makes them */
};

/* ---- a pass ---- */

/* Who wants so many pages gets these; what is made for everybody may be a
 * little more, so that a transfer is under way while the last one is used. */
static size_t
ahead_of(const struct vm_system *sys, size_t enough)
{
	const struct vm_pageouts *po = sys->pageouts;

	return enough == po->levels.enough ? po->ahead : 0;
}

/* So many before it were in vain.  => pass_lock held */
static enum vm_pageout_end
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
	enum vm_pageout_end end = vm_pageout_run(&p);

	vm_futility_note(&sys->pageouts->futile, &p);
	return end;
}

static enum vm_pageout_end
once(struct vm_system *sys, size_t nfree, unsigned fruitless, bool waits)
{
	struct vm_pageouts *po = sys->pageouts;
	enum vm_pageout_end end;

	vm_mutex_lock(&po->pass_lock);
	end = pass(sys, nfree, fruitless, waits);
	vm_mutex_unlock(&po->pass_lock);
	return end;
}

enum vm_pageout_end
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
		if (pass(sys, nfree, fruitless, true) != VM_PAGEOUT_VAIN ||
		    wait_arrival(sys))
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
		if (pass(sys, po->levels.enough, fruitless, true) ==
		    VM_PAGEOUT_VAIN)
			fruitless++;
		else
			fruitless = 0;
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
		if (once(sys, po->levels.enough, fruitless, false) ==
		    VM_PAGEOUT_VAIN)
			fruitless++;
		else
			fruitless = 0;
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

static bool
is_futile(const struct vm_system *sys)
{
	return vm_futility_is_proved(&sys->pageouts->futile, sys);
}

/* Whether it still is, after a pass; who cannot make one does not know.  One is
 * told, and goes: for others it has to be proved anew. */
static bool
is_futile_now(struct vm_system *sys)
{
	struct vm_pageouts *po = sys->pageouts;
	bool vain;

	if (!vm_mutex_trylock(&po->pass_lock))
		return false;
	(void)pass(sys, po->levels.enough, sys->paging->patience, false);
	vain = is_futile(sys);
	if (vain)
		vm_futility_forget(&po->futile);
	vm_mutex_unlock(&po->pass_lock);
	return vain;
}

/* Before any waiting; true: there is no point in it. */
static bool
is_vain(struct vm_system *sys)
{
	take_spares(sys);
	return is_short(sys) && is_futile(sys) && is_futile_now(sys);
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

bool
vm_pageout_has_daemon(const struct vm_system *sys)
{
	return sys->pageouts->daemon;
}

bool
vm_pageout_coming(struct vm_system *sys, struct vm_event **ev, uint32_t *seen)
{
	struct vm_pageouts *po = sys->pageouts;

	*ev = vm_swapout_event(sys);
	*seen = vm_event_count(*ev);
	if (vm_swapout_paging(sys) != 0)
		return true;
	*ev = &po->passed;
	*seen = vm_event_count(*ev);
	if (!po->daemon || is_hopeless(sys, po->fruitless) || is_futile(sys))
		return false;
	vm_event_signal(vm_page_shortage(sys), sys->env);
	return true;
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
	if (once(sys, po->levels.enough, po->fruitless, waits) !=
	    VM_PAGEOUT_VAIN) {
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
	l->enough = least(l->target * sys->paging->enough,
	    l->target + vm_page_count(sys) / ENOUGH_SHARE);
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
