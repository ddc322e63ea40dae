/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_check.h - the whole system against its numbered invariants.  Public.
 */
#ifndef VM_CHECK_H
#define VM_CHECK_H

#include "vm/vm_system.h"

/*
 * vm_check: panic, naming the condition, unless every invariant of
 * docs/spec.md that memory shows holds (O3 is about the store).  Without memory
 * of the host it looks at what it can, and finds the rest right.
 * => no lock held, and no other thread in the system; transfers may be under
 *    way
 */
void vm_check(struct vm_system *);

#endif
