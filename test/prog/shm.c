/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shm.c: named shared memory, POSIX and System V, and other people's memory.
 *
 * Segments are created, attached at several places and in several processes,
 * inherited by fork, left by exec and exit, removed while in use.  Last,
 * process_vm_readv and process_vm_writev reach into a child whose pages may
 * never have been touched.
 */
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "prog.h"

#define NPAGES ((size_t)16)

static char shm_name[64];

static int
shm_make(void)
{
	int fd;

	snprintf(shm_name, sizeof(shm_name), "/bsdvm-prog-%d", (int)getpid());
	fd = shm_open(shm_name, O_RDWR | O_CREAT | O_EXCL, 0600);
	REQUIRE(fd >= 0);
	REQUIRE(ftruncate(fd, NPAGES * PAGE) == 0);
	return (fd);
}

static void
posix_named(void)
{
	int fd = shm_make();
	char *p = prog_map_file(fd, NPAGES, RW, MAP_SHARED);
	pid_t pid;

	REQUIRE(prog_zero(p, NPAGES * PAGE));
	prog_fill(p, NPAGES * PAGE, 1);
	pid = prog_fork();
	if (pid == 0) {
		int again = shm_open(shm_name, O_RDWR, 0);
		char *q;

		REQUIRE(again >= 0);
		q = prog_map_file(again, NPAGES, RW, MAP_SHARED);
		REQUIRE(prog_same(q, NPAGES * PAGE, 1));
		prog_fill(q, NPAGES * PAGE, 2);
		REQUIRE(prog_same(p, NPAGES * PAGE, 2));
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(p, NPAGES * PAGE, 2));
	REQUIRE(shm_unlink(shm_name) == 0);
	REQUIRE(close(fd) == 0);
	p[0] = 3;
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
	REQUIRE(shm_open(shm_name, O_RDWR, 0) == -1 && errno == ENOENT);
}

static void
posix_resized(void)
{
	int fd = shm_make();
	char *p = prog_map_file(fd, NPAGES, RW, MAP_SHARED);

	REQUIRE(shm_unlink(shm_name) == 0);
	prog_fill(p, NPAGES * PAGE, 4);
	REQUIRE(ftruncate(fd, 4 * (off_t)PAGE) == 0);
	REQUIRE(PAST_END(p + 4 * PAGE));
	REQUIRE(prog_same(p, 4 * PAGE, 4));
	REQUIRE(ftruncate(fd, NPAGES * PAGE) == 0);
	REQUIRE(prog_zero(p + 4 * PAGE, (NPAGES - 4) * PAGE));
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static int
sysv_make(void)
{
	int id = shmget(IPC_PRIVATE, NPAGES * PAGE, IPC_CREAT | 0600);

	REQUIRE(id >= 0);
	return (id);
}

static void
sysv_remove(int id)
{
	REQUIRE(shmctl(id, IPC_RMID, NULL) == 0);
}

static char *
attach(int id, int flags)
{
	void *p = shmat(id, NULL, flags);

	REQUIRE((intptr_t)p != -1);
	return (p);
}

static void
sysv_attach(void)
{
	int id = sysv_make();
	char *a = attach(id, 0), *b = attach(id, SHM_RDONLY);
	struct shmid_ds *ds = (struct shmid_ds *)prog_anon(1);

	REQUIRE(prog_zero(b, NPAGES * PAGE));
	prog_fill(a, NPAGES * PAGE, 5);
	REQUIRE(prog_same(b, NPAGES * PAGE, 5));
	REQUIRE(NO_WRITE(b));
	REQUIRE(shmctl(id, IPC_STAT, ds) == 0);
	REQUIRE(ds->shm_nattch == 2);
	REQUIRE(ds->shm_segsz == NPAGES * PAGE);
	REQUIRE(shmdt(a) == 0);
	REQUIRE(UNMAPPED(a));
	REQUIRE(shmdt(a) == -1 && errno == EINVAL);
	REQUIRE(prog_same(b, NPAGES * PAGE, 5));
	REQUIRE(shmdt(b) == 0);
	REQUIRE(shmctl(id, IPC_STAT, ds) == 0);
	REQUIRE(ds->shm_nattch == 0);
	a = attach(id, 0);
	REQUIRE(prog_same(a, NPAGES * PAGE, 5));
	REQUIRE(shmdt(a) == 0);
	sysv_remove(id);
	REQUIRE(munmap(ds, PAGE) == 0);
}

static void
sysv_fork(void)
{
	int id = sysv_make();
	char *p = attach(id, 0);
	struct shmid_ds ds;
	pid_t pid = prog_fork();

	if (pid == 0) {
		char *q = attach(id, 0);

		prog_fill(p, NPAGES * PAGE, 6);
		REQUIRE(prog_same(q, NPAGES * PAGE, 6));
		REQUIRE(shmctl(id, IPC_STAT, &ds) == 0);
		REQUIRE(ds.shm_nattch == 3);
		REQUIRE(shmdt(p) == 0);
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(p, NPAGES * PAGE, 6));
	REQUIRE(shmctl(id, IPC_STAT, &ds) == 0);
	REQUIRE(ds.shm_nattch == 1);
	REQUIRE(shmdt(p) == 0);
	sysv_remove(id);
}

/* Removed while attached: it lives until the last process lets go. */
static void
sysv_removed_in_use(void)
{
	int id = sysv_make(), go[2];
	char *p = attach(id, 0);
	pid_t pid;

	REQUIRE(pipe(go) == 0);
	prog_fill(p, NPAGES * PAGE, 7);
	sysv_remove(id);
	pid = prog_fork();
	if (pid == 0) {
		prog_hear(go[0]);
		REQUIRE(prog_same(p, NPAGES * PAGE, 7));
		_exit(0);
	}
	REQUIRE(shmdt(p) == 0);
	prog_tell(go[1]);
	prog_join(pid);
	REQUIRE(shmat(id, NULL, 0) == (void *)-1);
	REQUIRE(errno == EINVAL || errno == EIDRM);
	REQUIRE(close(go[0]) == 0 && close(go[1]) == 0);
}

static void
sysv_at_address(void)
{
	int id = sysv_make();
	char *p = prog_anon(NPAGES + 1);

	REQUIRE(shmat(id, p, 0) == (void *)-1 && errno == EINVAL);
	REQUIRE(shmat(id, p, SHM_REMAP) == p);
	REQUIRE(prog_zero(p, NPAGES * PAGE));
	prog_fill(p, NPAGES * PAGE, 8);
	REQUIRE(p[NPAGES * PAGE] == 0);
	REQUIRE(shmdt(p) == 0);
	REQUIRE(shmat(id, p + 1, SHM_RND) == p);
	REQUIRE(prog_same(p, NPAGES * PAGE, 8));
	/* A part of it unmapped by hand; the rest goes with shmdt. */
	REQUIRE(munmap(p + 4 * PAGE, PAGE) == 0);
	REQUIRE(UNMAPPED(p + 4 * PAGE));
	REQUIRE(shmdt(p) == 0);
	REQUIRE(UNMAPPED(p));
	REQUIRE(UNMAPPED(p + 8 * PAGE));
	REQUIRE(munmap(p, (NPAGES + 1) * PAGE) == 0);
	sysv_remove(id);
}

/* exec and exit detach. */
static void
sysv_exec(void)
{
	int id = sysv_make();
	char *p = attach(id, 0);
	struct shmid_ds ds;
	pid_t pid = prog_fork();

	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	prog_join(pid);
	REQUIRE(shmctl(id, IPC_STAT, &ds) == 0);
	REQUIRE(ds.shm_nattch == 1);
	REQUIRE(shmdt(p) == 0);
	sysv_remove(id);
}

/* The child's memory for the reach-in checks, and a child that keeps it. */
static char *
reach_memory(void)
{
	int fd = prog_file(4, 10);
	char *p = prog_anon(12);

	prog_fill(p, 4 * PAGE, 9);
	REQUIRE(mmap(p + 4 * PAGE, 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd,
		    0) == p + 4 * PAGE);
	REQUIRE(close(fd) == 0);
	return (p);
}

static void
reach_into(void)
{
	char *p = reach_memory(), *here = prog_anon(12), *none;
	struct iovec local = { here, 12 * PAGE }, remote = { p, 12 * PAGE };
	int ready[2], go[2];
	pid_t pid;

	REQUIRE(pipe(ready) == 0 && pipe(go) == 0);
	pid = prog_fork();
	if (pid == 0) {
		/* Pages: copied on write, file untouched, zero untouched. */
		prog_fill(p, PAGE, 11);
		prog_tell(ready[1]);
		prog_hear(go[0]);
		REQUIRE(prog_same(p + 8 * PAGE, PAGE, 12));
		REQUIRE(prog_same(p + 4 * PAGE, PAGE, 12));
		REQUIRE(prog_same(p + 5 * PAGE, PAGE, 11));
		_exit(0);
	}
	prog_hear(ready[0]);
	REQUIRE(process_vm_readv(pid, &local, 1, &remote, 1, 0) ==
	    (ssize_t)(12 * PAGE));
	REQUIRE(prog_same(here, PAGE, 11));
	REQUIRE(here[PAGE] == (char)prog_byte(9, PAGE));
	for (unsigned i = 0; i < 4; i++)
		REQUIRE(prog_same(here + (4 + i) * PAGE, PAGE, 10 + i));
	REQUIRE(prog_zero(here + 8 * PAGE, 4 * PAGE));
	prog_fill(here, PAGE, 12);
	local.iov_len = remote.iov_len = PAGE;
	remote.iov_base = p + 8 * PAGE;
	REQUIRE(
	    process_vm_writev(pid, &local, 1, &remote, 1, 0) == (ssize_t)PAGE);
	remote.iov_base = p + 4 * PAGE;
	REQUIRE(
	    process_vm_writev(pid, &local, 1, &remote, 1, 0) == (ssize_t)PAGE);
	REQUIRE(prog_same(p + 4 * PAGE, PAGE, 10));
	none = prog_map(PAGE, PROT_NONE, PRIVATE);
	remote.iov_base = none;
	REQUIRE(process_vm_readv(pid, &local, 1, &remote, 1, 0) == -1);
	REQUIRE(errno == EFAULT);
	prog_tell(go[1]);
	prog_join(pid);
	REQUIRE(munmap(p, 12 * PAGE) == 0);
	REQUIRE(munmap(here, 12 * PAGE) == 0);
	REQUIRE(munmap(none, PAGE) == 0);
	for (int i = 0; i < 2; i++)
		REQUIRE(close(ready[i]) == 0 && close(go[i]) == 0);
}

/* Into ourselves, which some programs do to probe an address. */
static void
reach_self(void)
{
	char *p = reach_memory(), *here = prog_anon(1);
	struct iovec local = { here, PAGE }, remote = { p + 5 * PAGE, PAGE };

	REQUIRE(process_vm_readv(getpid(), &local, 1, &remote, 1, 0) ==
	    (ssize_t)PAGE);
	REQUIRE(prog_same(here, PAGE, 11));
	remote.iov_base = NULL;
	REQUIRE(process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == -1);
	REQUIRE(errno == EFAULT);
	REQUIRE(munmap(p, 12 * PAGE) == 0);
	REQUIRE(munmap(here, PAGE) == 0);
}

/* Who may not trace a process may not reach into it either. */
static void
reach_stranger(void)
{
	static char secret[16] = "secret";
	char here[16] = "mine";
	struct iovec local = { here, sizeof(here) };
	struct iovec remote = { secret, sizeof(secret) };
	pid_t pid, parent = getpid();

	if (geteuid() != 0)
		return;
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(setresuid(65534, 65534, 65534) == 0);
		REQUIRE(
		    process_vm_readv(parent, &local, 1, &remote, 1, 0) == -1);
		REQUIRE(errno == EPERM);
		REQUIRE(
		    process_vm_writev(parent, &local, 1, &remote, 1, 0) == -1);
		REQUIRE(errno == EPERM);
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(strcmp(secret, "secret") == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "posix-named", posix_named },
		{ "posix-resized", posix_resized },
		{ "sysv-attach", sysv_attach },
		{ "sysv-fork", sysv_fork },
		{ "sysv-removed-in-use", sysv_removed_in_use },
		{ "sysv-at-address", sysv_at_address },
		{ "sysv-exec", sysv_exec },
		{ "reach-into", reach_into },
		{ "reach-self", reach_self },
		{ "reach-stranger", reach_stranger },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
