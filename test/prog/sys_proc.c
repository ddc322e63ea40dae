/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_proc.c: system calls about processes and System V objects, with buffers
 * in awkward memory.
 *
 * sysbuf.h says what is done with each of them.  The last few are calls that a
 * table of known calls may well lack: they must work all the same.
 */
#include <linux/capability.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#include "sysbuf.h"

static const char text[] = "0123456789abcdefghijklmnopqrstuv";

#define LEN ((size_t)32)

static pid_t
child_exits(int status)
{
	pid_t pid = prog_fork();

	if (pid == 0)
		_exit(status);
	return (pid);
}

static long
op_wait4(void)
{
	int *status = out(sizeof(*status));
	struct rusage *usage = out(sizeof(*usage));
	pid_t pid = child_exits(7);
	long r = SYS(SYS_wait4, (long)pid, status, 0L, usage);

	if (good())
		REQUIRE(r == pid && WEXITSTATUS(*status) == 7 &&
		    usage->ru_maxrss >= 0);
	return (r);
}

static long
op_waitid(void)
{
	siginfo_t *info = out(28); /* what the call writes of it */
	struct rusage *usage = out(sizeof(*usage));
	pid_t pid = child_exits(8);
	long r = SYS(SYS_waitid, (long)P_PID, (long)pid, info, (long)WEXITED,
	    usage);

	if (good())
		REQUIRE(info->si_pid == pid && info->si_status == 8);
	return (r);
}

static long
op_limits(void)
{
	struct rlimit *get = out(sizeof(*get)), *old = out(sizeof(*old));
	struct rlimit want = { 100, 100 };
	pid_t pid = sysbuf_child();
	long r = SYS(SYS_getrlimit, (long)RLIMIT_NOFILE, get);

	if (r == 0)
		r = SYS(SYS_prlimit64, (long)pid, (long)RLIMIT_NOFILE,
		    in(&want, sizeof(want)), old);
	if (good())
		REQUIRE(get->rlim_cur == old->rlim_cur);
	REQUIRE(kill(pid, SIGKILL) == 0);
	prog_wait(pid);
	return (r);
}

static long
op_setrlimit(void)
{
	struct rlimit limit;
	long r;

	REQUIRE(getrlimit(RLIMIT_CORE, &limit) == 0);
	r = SYS(SYS_setrlimit, (long)RLIMIT_CORE, in(&limit, sizeof(limit)));
	return (r);
}

static long
op_usage(void)
{
	struct rusage *usage = out(sizeof(*usage));
	struct sysinfo *info = out(sizeof(*info));
	struct utsname *name = out(sizeof(*name));
	long r = SYS(SYS_getrusage, (long)RUSAGE_SELF, usage);

	if (r == 0)
		r = SYS(SYS_sysinfo, info);
	if (r == 0)
		r = SYS(SYS_uname, name);
	if (good())
		REQUIRE(
		    info->mem_unit > 0 && strcmp(name->sysname, "Linux") == 0);
	return (r);
}

static long
op_ids(void)
{
	uid_t *a = out(sizeof(*a)), *b = out(sizeof(*b)), *c = out(sizeof(*c));
	gid_t *groups = out(64 * sizeof(*groups));
	long r = SYS(SYS_getresuid, a, b, c);

	if (good())
		REQUIRE(*a == getuid() && *b == geteuid());
	if (r == 0)
		r = SYS(SYS_getresgid, a, b, c);
	if (r == 0) {
		r = SYS(SYS_getgroups, 64L, groups);
		/* Without groups nothing is written. */
		if (r == 0 && !good())
			r = -EFAULT;
	}
	return (r);
}

static long
op_affinity(void)
{
	unsigned long all[16];
	unsigned long *get = out(sizeof(all));
	long r = SYS(SYS_sched_getaffinity, 0L, sizeof(all), all);

	REQUIRE(r > 0);
	r = SYS(SYS_sched_setaffinity, 0L, r, in(all, (size_t)r));
	if (r == 0)
		r = SYS(SYS_sched_getaffinity, 0L, sizeof(all), get);
	if (good())
		REQUIRE(get[0] == all[0]);
	return (r);
}

static long
op_scheduler(void)
{
	struct sched_param zero = { 0 };
	struct sched_param *set = in(&zero, sizeof(zero));
	struct sched_param *get = out(sizeof(zero));
	struct timespec *slice = out(sizeof(*slice));
	uint32_t *attr = out(48);
	long r = SYS(SYS_sched_setscheduler, 0L, (long)SCHED_OTHER, set);

	if (r == 0)
		r = SYS(SYS_sched_getparam, 0L, get);
	if (r == 0)
		r = SYS(SYS_sched_rr_get_interval, 0L, slice);
	if (r == 0)
		r = SYS(SYS_sched_getattr, 0L, attr, 48L, 0L);
	if (good())
		REQUIRE(get->sched_priority == 0 && attr[0] == 48);
	return (r);
}

static long
op_getcpu(void)
{
	unsigned *cpu = out(sizeof(*cpu)), *node = out(sizeof(*node));
	long r = SYS(SYS_getcpu, cpu, node, NULL);

	if (good())
		REQUIRE(*cpu < 4096 && *node < 4096);
	return (r);
}

static long
op_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3,
		0 };
	struct __user_cap_data_struct *data = out(2 * sizeof(*data));
	long r = SYS(SYS_capget, in(&header, sizeof(header)), data);

	return (r);
}

static long
op_prctl(void)
{
	char name[16] = "a-task-of-ours", *get = out(16);
	int *death = out(sizeof(*death));
	long r = SYS(SYS_prctl, (long)PR_SET_NAME, in(name, 16));

	if (r == 0)
		r = SYS(SYS_prctl, (long)PR_GET_NAME, get);
	if (r == 0)
		r = SYS(SYS_prctl, (long)PR_GET_PDEATHSIG, death);
	if (good())
		REQUIRE(strcmp(get, name) == 0 && *death == 0);
	return (r);
}

static long
op_arch_prctl(void)
{
	uint64_t *fs = out(sizeof(*fs));
	long r = SYS(SYS_arch_prctl, 0x1003L, fs);

	if (good())
		REQUIRE(*fs != 0);
	return (r);
}

static long
op_getrandom(void)
{
	char *buf = out(256);
	long r = SYS(SYS_getrandom, buf, 256L, 0L);

	if (good())
		REQUIRE(r == 256 && !prog_zero(buf, 256));
	return (r);
}

static long
op_robust_list(void)
{
	uint64_t *head = out(sizeof(*head)), *len = out(sizeof(*len));
	long r = SYS(SYS_get_robust_list, 0L, head, len);

	if (good())
		REQUIRE(*len == 24);
	return (r);
}

static long
op_mincore(void)
{
	unsigned char *vec = out(64);
	char *p = prog_anon(64);
	long r;

	p[0] = p[63 * PAGE] = 1;
	r = SYS(SYS_mincore, p, 64 * PAGE, vec);
	if (good())
		REQUIRE((vec[0] & 1) == 1 && (vec[63] & 1) == 1);
	REQUIRE(munmap(p, 64 * PAGE) == 0);
	return (r);
}

static long
op_process_vm(void)
{
	char *to = out(LEN), *from = in(text, LEN);
	struct iovec l = { to, LEN }, f = { from, LEN };
	void *local = in(&l, sizeof(l)), *remote = in(&f, sizeof(f));
	long r = SYS(SYS_process_vm_readv, (long)getpid(), local, 1L, remote,
	    1L, 0L);

	if (good())
		REQUIRE(r == (long)LEN && memcmp(to, text, LEN) == 0);
	return (r);
}

static long
op_modify_ldt(void)
{
	char *buf = out(64);
	long r = SYS(SYS_modify_ldt, 0L, buf, 64L);

	/* An empty table has nothing to write. */
	return (r >= 0 || r == -ENOSYS ? 0 : r);
}

/* --- System V. --- */

struct letter {
	long type;
	char body[32];
};

static long
op_messages(void)
{
	struct letter letter = { .type = 3 };
	struct letter *to = in(memcpy(letter.body, text, LEN) == NULL ? NULL :
									&letter,
	    sizeof(letter));
	struct letter *from = out(sizeof(letter));
	struct msqid_ds *state = out(sizeof(*state));
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	long r = SYS(SYS_msgsnd, id, to, LEN, 0L);

	if (r == 0)
		r = SYS(SYS_msgctl, id, (long)IPC_STAT, state);
	if (r == 0)
		r = SYS(SYS_msgrcv, id, from, LEN, 0L, 0L);
	if (good()) {
		REQUIRE(state->msg_qnum == 1);
		REQUIRE(r == (long)LEN && from->type == 3);
		REQUIRE(memcmp(from->body, text, LEN) == 0);
	}
	REQUIRE(msgctl(id, IPC_RMID, NULL) == 0);
	return (r);
}

static long
op_semaphores(void)
{
	unsigned short values[16] = { 5, 4, 3 };
	struct sembuf two[2] = { { 0, -1, 0 }, { 1, 1, 0 } };
	struct timespec second = { 1, 0 };
	unsigned short *set = in(values, sizeof(values));
	unsigned short *get = out(sizeof(values));
	struct semid_ds *state = out(sizeof(*state));
	int id = semget(IPC_PRIVATE, 16, IPC_CREAT | 0600);
	long r = SYS(SYS_semctl, id, 0L, (long)SETALL, set);

	if (r == 0)
		r = SYS(SYS_semtimedop, id, in(two, sizeof(two)), 2L,
		    in(&second, sizeof(second)));
	if (r == 0)
		r = SYS(SYS_semctl, id, 0L, (long)GETALL, get);
	if (r == 0)
		r = SYS(SYS_semctl, id, 0L, (long)IPC_STAT, state);
	if (good())
		REQUIRE(get[0] == 4 && get[1] == 5 && state->sem_nsems == 16);
	REQUIRE(semctl(id, 0, IPC_RMID) == 0);
	return (r);
}

static long
op_segment(void)
{
	struct shmid_ds *state = out(sizeof(*state));
	int id = shmget(IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600);
	long r = SYS(SYS_shmctl, id, (long)IPC_STAT, state);

	if (good())
		REQUIRE(state->shm_segsz == 3 * PAGE);
	REQUIRE(shmctl(id, IPC_RMID, NULL) == 0);
	return (r);
}

static long
op_queue(void)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = LEN };
	char *name = in_string("bsdvm-prog-queue");
	char *body = in(text, LEN), *back = out(LEN);
	unsigned *priority = out(sizeof(*priority));
	struct mq_attr *get = out(sizeof(attr));
	long fd = SYS(SYS_mq_open, name, (long)(O_RDWR | O_CREAT), 0600L,
	    in(&attr, sizeof(attr)));
	long r = fd;

	if (fd >= 0) {
		r = SYS(SYS_mq_timedsend, fd, body, LEN, 3L, NULL);
		if (r == 0)
			r = SYS(SYS_mq_getsetattr, fd, NULL, get);
		if (r == 0)
			r = SYS(SYS_mq_timedreceive, fd, back, LEN, priority,
			    NULL);
		REQUIRE(close((int)fd) == 0);
		(void)mq_unlink("/bsdvm-prog-queue");
	}
	if (good())
		REQUIRE(r == (long)LEN && memcmp(back, text, LEN) == 0 &&
		    *priority == 3 && get->mq_maxmsg == 2);
	return (r);
}

int
main(int argc, char **argv)
{
	static const struct sysbuf_op ops[] = {
		{ "wait4", op_wait4, false },
		{ "waitid", op_waitid, false },
		{ "limits", op_limits, false },
		{ "setrlimit", op_setrlimit, false },
		{ "usage", op_usage, false },
		{ "ids", op_ids, true },
		{ "affinity", op_affinity, true },
		{ "scheduler", op_scheduler, false },
		{ "getcpu", op_getcpu, false },
		{ "capabilities", op_capabilities, false },
		{ "prctl", op_prctl, false },
		{ "arch-prctl", op_arch_prctl, false },
		{ "getrandom", op_getrandom, true },
		{ "robust-list", op_robust_list, false },
		{ "mincore", op_mincore, true },
		{ "process-vm", op_process_vm, true },
		{ "modify-ldt", op_modify_ldt, true },
		{ "messages", op_messages, false },
		{ "semaphores", op_semaphores, false },
		{ "segment", op_segment, false },
		{ "queue", op_queue, false },
	};

	return (sysbuf_main(argc, argv, ops, COUNT(ops)));
}
