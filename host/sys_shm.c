/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/shm.h"
#include "host/syscall.h"
void
shm_init(struct run *r)
{
	(void)r;
}
void
shm_fini(struct run *r)
{
	(void)r;
}
void
shm_fork(const struct space *a, struct space *b)
{
	(void)a;
	(void)b;
}
void
shm_detach_all(struct space *a)
{
	(void)a;
}
const struct syscall_entry_of sys_shm_calls[] = { { 0, NULL } };
