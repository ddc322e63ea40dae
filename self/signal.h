/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.h - faults of this process: SIGSEGV, and the stacks it is handled on.
 */
#ifndef SELF_SIGNAL_H
#define SELF_SIGNAL_H

/*
 * signal_take: faults are ours first from now on; what had been installed gets
 * those that are not.  Again: if somebody else has taken it meanwhile.
 * => VM_ENOMEM
 */
int signal_take(void);

/* signal_block: this thread handles no signals but those it causes itself. */
void signal_block(void);

#endif
