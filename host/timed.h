/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timed.h - system calls that wait, and say EINTR when they are interrupted.
 *
 * Most calls that are interrupted begin again by themselves.  These do not,
 * so when it was not for a signal of the program's they are made again by us;
 * and then the time that they have waited already must count.
 */
#ifndef HOST_TIMED_H
#define HOST_TIMED_H

#include "host/stub.h"

/* Calls that say EINTR whenever they are interrupted, signal or not. */
bool timed_gives_up(uint64_t nr);

/* Of these, those that say so too when a handler with SA_RESTART has run. */
bool timed_never_restarts(long nr);

/* timed_entry: a call begins, or one that was rewound begins again. */
void timed_entry(struct task *, uint32_t nr);

/*
 * timed_shorten: the call that the task is about to make, with what is left of
 * its time.  => false: it has no limit, or its limit is not an argument
 */
bool timed_shorten(struct task *, struct stub_call *);

/*
 * timed_expired: the limit of an interrupted call is not an argument but its
 * socket's: what the call would say, were it over.  => 0: it is not
 */
int64_t timed_expired(struct task *);

#endif
