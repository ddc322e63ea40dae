/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event.h - what happens to traced tasks, one thing at a time.
 *
 * Whoever waits for one task collects what happens to others meanwhile: their
 * statuses stay unread until the loop comes to them.  A task with an unread
 * status is stopped (or dead).
 */
#ifndef HOST_EVENT_H
#define HOST_EVENT_H

#include "host/task.h"

/* event_loop: until no task is left. */
void event_loop(struct run *);

/* event_wake: if the loop waits for something to happen: it has.
 * => from any other thread */
void event_wake(const struct run *);

/* event_wait: until the task has a status. */
void event_wait(struct task *);

/* event_take: the status of the task, which is read thereby. */
int event_take(struct task *);

/* event_put: the status is unread again, the task as it is now. */
void event_put(struct task *, int status);

/* event_poll: collect one status if there is any; false if there is none. */
bool event_poll(struct run *);

/* event_stop: stop a live task, if it can be; false if it cannot.  Whatever
 * it stopped for is unread. */
bool event_stop(struct task *);

/* event_wait_exit: of a task that has asked to exit: until neither it nor the
 * kernel on its behalf can use its memory any more. */
void event_wait_exit(struct task *);

/* event_exited: the same is true already. */
bool event_exited(const struct task *);

/*
 * event_take_interrupt: true when the task stopped for event_stop and nothing
 * else; then it is TASK_TRAPPED.  event_put_interrupt gives it back to the
 * loop, which lets it go on.
 */
bool event_take_interrupt(struct task *);
void event_put_interrupt(struct task *);

#endif
