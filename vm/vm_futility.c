/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_futility.c - when making memory is no more than moving it around.
 *
 * Without swap, or when it is full, only pages of files are left to go.  When
 * they are few they come back at once, and everybody does nothing but read
 * them.  So when all that passes made was of few files, and all in all many
 * times as much as there is of them, that is no memory.  Nor is it when passes
 * over all pages find hardly any: those that did are in use again before the
 * next.
 *
 * Differs: UVM (uvm_reclaimable) does not wait until the few pages have come
 * back.
 */
#include "vm/vm_futility.h"

#include "vm/vm_pageout_pass.h"
#include "vm/vm_swap.h"

#define FEW_SHARE  16   /* file pages are few below a 16th of memory, */
#define FEW_MOST   1280 /* and these never are */
#define FEW_TURNS  32   /* times that few pages may come back */
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

/* What a pass has made. */
static void
note_turn(struct vm_futility *f, const struct vm_pageout_pass *p)
{
	if (p->freed != p->freed_files || p->out.begun != 0 ||
	    !has_few_files(p->sys))
		f->turned = 0;
	else
		f->turned += p->freed_files + p->written;
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
	    (f->turned >= FEW_TURNS * few(sys) && has_few_files(sys));
}

void
vm_futility_forget(struct vm_futility *f)
{
	f->turned = 0;
	f->toil = 0;
}
