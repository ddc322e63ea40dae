/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.h - the library's invariants, looked at while programs run: --check.
 */
#ifndef HOST_CHECK_H
#define HOST_CHECK_H

struct run;

/*
 * check_look: with --check, now and then: vm_check().  One that does not hold
 * is the end of the run: bsdvm says which, and aborts.  Waits for transfers
 * that are under way.
 * => between two stops; nothing of the system's is locked
 */
void check_look(struct run *);

#endif
