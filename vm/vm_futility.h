/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_futility.h - whether the page daemon does nothing but reclaim the same few
 * pages over and over, or look for pages that it does not find.
 *
 * Each pass is noted: by what it made and by what it cost.  A pass that makes
 * something else, or is worth its cost, takes it back.
 */
#ifndef VM_FUTILITY_H
#define VM_FUTILITY_H

#include "vm/vm_system.h"

struct vm_pageout_pass;

/* All zero: nothing is known.  Written by one at a time, read by anybody. */
struct vm_futility {
	_Atomic uint64_t turned; /* file pages that came back, in a row */
	uint64_t back;           /* all of them, when it was noted */
	_Atomic size_t toil;     /* pages looked at, beyond their worth */
};

/* A pass has ended.  => nobody else notes one */
void vm_futility_note(struct vm_futility *, const struct vm_pageout_pass *);

/* Whether making memory is in vain.  Never as long as there is room in swap. */
bool vm_futility_is_proved(const struct vm_futility *,
    const struct vm_system *);

/* Begin anew: somebody has been told. */
void vm_futility_forget(struct vm_futility *);

#endif
