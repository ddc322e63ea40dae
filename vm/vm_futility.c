/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_futility.c - when making memory is no more than moving it around.
 *
 * Without swap, or when it is full, only pages of files are left to go.  When
 * they are few they come back at once, and everybody does nothing but read
 * them.  So when all that passes made was of few files, and meanwhile very many
 * pages have come back, read or as they were, that is no memory.  Nor is it
 * when passes over all pages find hardly any: those that did are in use again
 * before the next.
 *
 * How many is no matter of how much memory there is: each costs somebody a
 * fault, about as much time in a small memory as in a large one, and who gets
 * to his end in a few seconds is not to be killed.
 *
 * Differs: UVM (uvm_reclaimable) does not wait until the few pages have come
 * back; FreeBSD and DragonFly do not give up as long as any page can be freed.
 */
#include "vm/vm_futility.h"

#include "vm/vm_pageout_pass.h"
#include "vm/vm_swap.h"

#define FEW_SHARE  16   /* file pages are few below a 16th of memory, */
#define FEW_MOST   1280 /* and these never are */
#define WORTH      256  /* pages that may be looked at, to make one; */
#define TOIL_TURNS 8    /* beyond that, times all of memory */

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

/* File pages that went, or were as good as gone, and were needed again. */
static uint64_t
count_back(struct vm_system *sys)
{
	const struct vm_stats *s = &sys->stats;

	return atomic_load_explicit(&s->rereads, memory_order_relaxed) +
	    atomic_load_explicit(&s->spare_uses, memory_order_relaxed);
}

/* What a pass has made, and what has come back since the last one. */
static void
note_turn(struct vm_futility *f, const struct vm_pageout_pass *p)
{
	uint64_t n = count_back(p->sys);

	if (p->freed != p->freed_files || p->out.begun != 0 ||
	    !has_few_files(p->sys))
		f->turned = 0;
	else
		f->turned += n - f->back;
	f->back = n;
}

static size_t
most_toil(const struct vm_system *sys)
{
	return TOIL_TURNS * vm_page_count(sys);
}

/* What a pass has cost, and what it was worth. */
static void
note_toil(struct vm_futility *f, const struct vm_pageout_pass *p)
{
	size_t toil = f->toil + p->scanned, worth = WORTH * vm_pageout_made(p);

	toil = toil > worth ? toil - worth : 0;
	f->toil = toil < most_toil(p->sys) ? toil : most_toil(p->sys);
}

void
vm_futility_note(struct vm_futility *f, const struct vm_pageout_pass *p)
{
	note_turn(f, p);
	note_toil(f, p);
}

bool
vm_futility_is_proved(const struct vm_futility *f, const struct vm_system *sys)
{
	if (!vm_swap_is_full(sys))
		return false;
	return f->toil >= most_toil(sys) ||
	    (f->turned >= sys->paging->turns && has_few_files(sys));
}

void
vm_futility_forget(struct vm_futility *f)
{
	f->turned = 0;
	f->toil = 0;
}
