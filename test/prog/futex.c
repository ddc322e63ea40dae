/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex.c: words that processes and threads wait on.
 *
 * The kernel keys a private futex by its address and a shared one by the page
 * behind it.  Waiters must be found again after the page was first touched by
 * the wait itself, after a fork has made it copy-on-write, through a second
 * mapping and from another process, and when an owner dies.
 */
#include <linux/futex.h>
#include <semaphore.h>
#include <sys/syscall.h>

#include "prog.h"

static long
futex(void *word, int op, uint32_t value, const struct timespec *timeout)
{
	long r = syscall(SYS_futex, word, op, value, timeout, NULL, 0);

	return (r == -1 ? -errno : r);
}

static void
word_unmap(_Atomic uint32_t *word)
{
	REQUIRE(munmap((void *)(uintptr_t)word, PAGE) == 0);
}

static const struct timespec long_time = { 10, 0 };

/* Wait until *word is no longer old. */
static void
await(_Atomic uint32_t *word, int op, uint32_t old)
{
	while (atomic_load(word) == old) {
		long r = futex(word, op, old, &long_time);

		REQUIRE(r == 0 || r == -EAGAIN || r == -EINTR);
	}
}

static void
post(_Atomic uint32_t *word, int op, uint32_t value)
{
	atomic_store(word, value);
	REQUIRE(futex(word, op, INT32_MAX, NULL) >= 0);
}

/* Two processes take turns on two words in one shared page. */
static void
turns(_Atomic uint32_t *mine, _Atomic uint32_t *theirs, bool first)
{
	for (uint32_t i = 1; i <= 200; i++) {
		if (first)
			post(theirs, FUTEX_WAKE, i);
		await(mine, FUTEX_WAIT, i - 1);
		if (!first)
			post(theirs, FUTEX_WAKE, i);
	}
}

static void
shared_across(char *parent, char *child)
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		turns((_Atomic uint32_t *)child,
		    (_Atomic uint32_t *)(child + 64), false);
		_exit(0);
	}
	turns((_Atomic uint32_t *)(parent + 64), (_Atomic uint32_t *)parent,
	    true);
	prog_join(pid);
}

static void
shared_anon(void)
{
	char *p = prog_map(PAGE, RW, SHARED);

	shared_across(p, p);
	REQUIRE(munmap(p, PAGE) == 0);
}

static void
shared_file(void)
{
	int fd = memfd_create("futex", 0);
	char *a, *b;

	REQUIRE(fd >= 0 && ftruncate(fd, (off_t)PAGE) == 0);
	a = prog_map_file(fd, 1, RW, MAP_SHARED);
	b = prog_map_file(fd, 1, RW, MAP_SHARED);
	shared_across(a, b);
	REQUIRE(munmap(a, PAGE) == 0);
	REQUIRE(munmap(b, PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* The parent waits on a page that only its own wait has touched; a child that
   maps the object anew wakes it. */
static void
shared_untouched(void)
{
	int fd = prog_file(1, 0);
	_Atomic uint32_t *word;
	pid_t pid;
	long r;

	REQUIRE(ftruncate(fd, 0) == 0 && ftruncate(fd, (off_t)PAGE) == 0);
	pid = prog_fork();
	if (pid == 0) {
		char *p = prog_map_file(fd, 1, RW, MAP_SHARED);

		prog_pause(30);
		post((_Atomic uint32_t *)p, FUTEX_WAKE, 1);
		_exit(0);
	}
	word = (_Atomic uint32_t *)prog_map_file(fd, 1, RW, MAP_SHARED);
	/* Not read before: the wait is the first to touch it. */
	r = futex(word, FUTEX_WAIT, 0, &long_time);
	REQUIRE(r == 0 || r == -EAGAIN);
	REQUIRE(atomic_load(word) == 1);
	prog_join(pid);
	word_unmap(word);
	REQUIRE(close(fd) == 0);
}

struct waiter {
	_Atomic uint32_t *word;
	int op;
	_Atomic int woken;
};

static void *
wait_once(void *arg)
{
	struct waiter *w = arg;

	REQUIRE(futex(w->word, w->op, 0, &long_time) == 0);
	atomic_fetch_add(&w->woken, 1);
	return (NULL);
}

/* Wake n threads; they may not all be waiting yet. */
static void
wake_all(struct waiter *w, int n)
{
	long woken = 0;

	while (woken < n) {
		long r = futex(w->word,
		    (w->op & FUTEX_PRIVATE_FLAG) | FUTEX_WAKE,
		    (uint32_t)(n - woken), NULL);

		REQUIRE(r >= 0);
		woken += r;
	}
}

static void
private_threads(void)
{
	struct waiter w = { .op = FUTEX_WAIT_PRIVATE };
	pthread_t threads[8];

	for (int round = 0; round < 5; round++) {
		w.word = (_Atomic uint32_t *)prog_anon(1);
		w.woken = 0;
		for (size_t i = 0; i < COUNT(threads); i++)
			threads[i] = prog_thread(wait_once, &w);
		wake_all(&w, (int)COUNT(threads));
		for (size_t i = 0; i < COUNT(threads); i++)
			REQUIRE(pthread_join(threads[i], NULL) == 0);
		REQUIRE(w.woken == (int)COUNT(threads));
		word_unmap(w.word);
	}
}

/* The page becomes copy-on-write, and is copied, while a thread waits. */
static void
forked_while_waiting(int op)
{
	struct waiter w = { .op = op };
	pthread_t thread;
	pid_t pid;

	for (int round = 0; round < 5; round++) {
		w.word = (_Atomic uint32_t *)prog_anon(1);
		w.word[8] = 1;
		thread = prog_thread(wait_once, &w);
		prog_pause(10);
		pid = prog_fork();
		if (pid == 0) {
			REQUIRE(w.word[8] == 1);
			w.word[8] = 2;
			/* Nobody waits in the child. */
			REQUIRE(futex(w.word, FUTEX_WAKE, 9, NULL) == 0);
			_exit(0);
		}
		prog_join(pid);
		REQUIRE(w.word[8] == 1);
		w.word[8] = 3;
		wake_all(&w, 1);
		REQUIRE(pthread_join(thread, NULL) == 0);
		word_unmap(w.word);
	}
}

static void
forked_private(void)
{
	forked_while_waiting(FUTEX_WAIT_PRIVATE);
}

/* Without the private flag the key is the address too, for private memory. */
static void
forked_unflagged(void)
{
	forked_while_waiting(FUTEX_WAIT);
}

static void
results(void)
{
	char *p = prog_anon(2);
	struct timespec *soon = (struct timespec *)(p + PAGE);
	char *none = prog_map(PAGE, PROT_NONE, PRIVATE);

	REQUIRE(futex(p, FUTEX_WAIT_PRIVATE, 1, NULL) == -EAGAIN);
	soon->tv_nsec = 1000000;
	REQUIRE(futex(p + 8, FUTEX_WAIT_PRIVATE, 0, soon) == -ETIMEDOUT);
	REQUIRE(futex(none, FUTEX_WAIT_PRIVATE, 0, soon) == -EFAULT);
	REQUIRE(futex(none, FUTEX_WAIT, 0, soon) == -EFAULT);
	REQUIRE(futex(p + 1, FUTEX_WAIT, 0, soon) == -EINVAL);
	REQUIRE(futex(p, FUTEX_WAKE, 1, NULL) == 0);
	REQUIRE(munmap(none, PAGE) == 0);
	REQUIRE(munmap(p, 2 * PAGE) == 0);
}

/* Move all waiters from one word to another; tells how many there were. */
static long
requeue(void *from, void *to)
{
	long r = syscall(SYS_futex, from, FUTEX_REQUEUE_PRIVATE, 0, INT32_MAX,
	    to, 0);

	REQUIRE(r >= 0);
	return (r);
}

/*
 * Waiters move from one untouched word to another.  The kernel may send a
 * waiter back to the first word at any time, as its wait may be started again
 * without a word to the program: then it has to be moved once more.
 */
static void
requeued(void)
{
	struct waiter w = { .op = FUTEX_WAIT_PRIVATE };
	char *other = prog_anon(1);
	pthread_t threads[4];
	long moved = 0, woken = 0;

	w.word = (_Atomic uint32_t *)prog_anon(1);
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = prog_thread(wait_once, &w);
	while (moved < (long)COUNT(threads))
		moved += requeue((void *)(uintptr_t)w.word, other);
	REQUIRE(w.woken == 0);
	while (woken < (long)COUNT(threads)) {
		long r = futex(other, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL);

		REQUIRE(r >= 0);
		woken += r;
		(void)requeue((void *)(uintptr_t)w.word, other);
	}
	for (size_t i = 0; i < COUNT(threads); i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	word_unmap(w.word);
	REQUIRE(munmap(other, PAGE) == 0);
}

/* The C library's own: a mutex and a condition between processes. */
struct board {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	sem_t sem;
	int turn;
	long sum;
};

static struct board *
board_create(int robust, int protocol)
{
	struct board *board = prog_map(PAGE, RW, SHARED);
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;

	REQUIRE(pthread_mutexattr_init(&ma) == 0);
	REQUIRE(pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED) == 0);
	REQUIRE(pthread_mutexattr_setrobust(&ma, robust) == 0);
	REQUIRE(pthread_mutexattr_setprotocol(&ma, protocol) == 0);
	REQUIRE(pthread_condattr_init(&ca) == 0);
	REQUIRE(pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED) == 0);
	REQUIRE(pthread_mutex_init(&board->mutex, &ma) == 0);
	REQUIRE(pthread_cond_init(&board->cond, &ca) == 0);
	REQUIRE(sem_init(&board->sem, 1, 0) == 0);
	return (board);
}

static void
condition_child(struct board *board, int self)
{
	for (int i = 0; i < 20; i++) {
		REQUIRE(pthread_mutex_lock(&board->mutex) == 0);
		while (board->turn % 4 != self)
			REQUIRE(pthread_cond_wait(&board->cond,
				    &board->mutex) == 0);
		board->turn++;
		REQUIRE(pthread_cond_broadcast(&board->cond) == 0);
		REQUIRE(pthread_mutex_unlock(&board->mutex) == 0);
	}
	REQUIRE(sem_post(&board->sem) == 0);
	_exit(0);
}

static void
conditions(void)
{
	struct board *board = board_create(PTHREAD_MUTEX_STALLED,
	    PTHREAD_PRIO_NONE);
	pid_t pids[4];

	for (int i = 0; i < 4; i++) {
		pids[i] = prog_fork();
		if (pids[i] == 0)
			condition_child(board, i);
	}
	for (int i = 0; i < 4; i++)
		REQUIRE(sem_wait(&board->sem) == 0);
	for (int i = 0; i < 4; i++)
		prog_join(pids[i]);
	REQUIRE(board->turn == 80);
	REQUIRE(munmap(board, PAGE) == 0);
}

static void
contend(struct board *board)
{
	for (int i = 0; i < 500; i++) {
		REQUIRE(pthread_mutex_lock(&board->mutex) == 0);
		board->sum++;
		REQUIRE(pthread_mutex_unlock(&board->mutex) == 0);
	}
}

static void
priority_inheriting(void)
{
	struct board *board = board_create(PTHREAD_MUTEX_STALLED,
	    PTHREAD_PRIO_INHERIT);
	pid_t pids[4];

	for (int i = 0; i < 4; i++) {
		pids[i] = prog_fork();
		if (pids[i] == 0) {
			contend(board);
			_exit(0);
		}
	}
	contend(board);
	for (int i = 0; i < 4; i++)
		prog_join(pids[i]);
	REQUIRE(board->sum == 5 * 500);
	REQUIRE(munmap(board, PAGE) == 0);
}

/* An owner dies: killed, exited, as a thread, in an exec. */
static void *
lock_and_end(void *arg)
{
	struct board *board = arg;

	REQUIRE(pthread_mutex_lock(&board->mutex) == 0);
	return (NULL);
}

static void
die_with_lock(struct board *board, int how)
{
	(void)lock_and_end(board);
	if (how == 0)
		raise(SIGKILL);
	if (how == 1)
		_exit(0);
	REQUIRE(dup2(open("/dev/null", O_WRONLY), 1) == 1);
	execl("/proc/self/exe", "futex", "results", (char *)NULL);
	_exit(1);
}

static void
require_orphan(struct board *board)
{
	struct timespec deadline;

	REQUIRE(clock_gettime(CLOCK_REALTIME, &deadline) == 0);
	deadline.tv_sec += 10;
	REQUIRE(
	    pthread_mutex_timedlock(&board->mutex, &deadline) == EOWNERDEAD);
	REQUIRE(pthread_mutex_consistent(&board->mutex) == 0);
	REQUIRE(pthread_mutex_unlock(&board->mutex) == 0);
}

static void
robust(void)
{
	struct board *board = board_create(PTHREAD_MUTEX_ROBUST,
	    PTHREAD_PRIO_NONE);

	for (int how = 0; how < 3; how++) {
		pid_t pid = prog_fork();

		if (pid == 0)
			die_with_lock(board, how);
		prog_wait(pid);
		require_orphan(board);
	}
	REQUIRE(pthread_join(prog_thread(lock_and_end, board), NULL) == 0);
	require_orphan(board);
	REQUIRE(munmap(board, PAGE) == 0);
}

/* The waiter sleeps already when the owner is killed. */
static void
robust_waiter(void)
{
	struct board *board = board_create(PTHREAD_MUTEX_ROBUST,
	    PTHREAD_PRIO_NONE);
	pid_t pid = prog_fork();

	if (pid == 0) {
		(void)lock_and_end(board);
		REQUIRE(sem_post(&board->sem) == 0);
		prog_pause(50);
		raise(SIGKILL);
	}
	REQUIRE(sem_wait(&board->sem) == 0);
	require_orphan(board);
	REQUIRE(WIFSIGNALED(prog_wait(pid)));
	REQUIRE(munmap(board, PAGE) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "shared-anon", shared_anon },
		{ "shared-file", shared_file },
		{ "shared-untouched", shared_untouched },
		{ "private-threads", private_threads },
		{ "forked-private", forked_private },
		{ "forked-unflagged", forked_unflagged },
		{ "results", results },
		{ "requeued", requeued },
		{ "conditions", conditions },
		{ "priority-inheriting", priority_inheriting },
		{ "robust", robust },
		{ "robust-waiter", robust_waiter },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
