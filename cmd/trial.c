/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trial.c - see trial.h.
 *
 * The child, a bsdvm process, leaves its result in memory that it shares with
 * us.  A child that dies leaves it incomplete, which we tell.
 */
#include "cmd/trial.h"

#include "host/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 65536

/* -------------------------------------------------------------- signals */

static volatile sig_atomic_t child, caught;

/* The terminal tells the child itself; whoever else asks, asks only us. */
static void
pass_on(int sig, siginfo_t *info, void *context)
{
	(void)context;
	caught = sig;
	if (info->si_code != SI_KERNEL && child > 0)
		(void)kill((pid_t)child, sig);
}

static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

/* It asks for a report, and ends nothing. */
static void
ask_child(int sig)
{
	if (child > 0)
		(void)kill((pid_t)child, sig);
}

void
trial_catch_signals(void)
{
	struct sigaction act = { .sa_sigaction = pass_on,
		.sa_flags = SA_SIGINFO };
	const struct sigaction ask = { .sa_handler = ask_child,
		.sa_flags = SA_RESTART };

	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		(void)sigaction(ending[i], &act, NULL);
	(void)sigaction(SIGUSR1, &ask, NULL);
}

int
trial_signal(void)
{
	return caught;
}

/* ------------------------------------------------------------ the files */

/* A temporary file that has lost its name.  => -1: a message has been given */
static int
open_unnamed(void)
{
	const char *dir = getenv("TMPDIR");
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/bsdvm-XXXXXX",
	    dir == NULL ? "/tmp" : dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		message("no temporary file %s: %s", path, strerror(errno));
	else
		(void)unlink(path);
	return fd;
}

bool
trial_set_open(struct trial_set *set, uint64_t keep)
{
	*set = (struct trial_set){ .keep = keep, .input = -1 };
	set->kept[TRIAL_OUT] = open_unnamed();
	set->kept[TRIAL_ERR] = set->kept[TRIAL_OUT] < 0 ? -1 : open_unnamed();
	if (set->kept[TRIAL_ERR] >= 0)
		return true;
	trial_set_close(set);
	return false;
}

void
trial_set_close(struct trial_set *set)
{
	for (int i = 0; i < TRIAL_STREAMS; i++)
		if (set->kept[i] >= 0)
			(void)close(set->kept[i]);
	if (set->input >= 0)
		(void)close(set->input);
}

static bool
write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = write(fd, data, len);
		if (n < 0 && errno != EINTR)
			return false;
		if (n < 0)
			n = 0;
	}
	return true;
}

/* => bytes, 0 at the end, -1: error */
static ssize_t
read_some(int fd, char *data, size_t room)
{
	ssize_t n;

	do
		n = read(fd, data, room);
	while (n < 0 && errno == EINTR && caught == 0);
	return n;
}

static bool
is_stream(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) ||
		S_ISSOCK(st.st_mode));
}

bool
trial_read_input(struct trial_set *set)
{
	char data[CHUNK];
	uint64_t have = 0;
	ssize_t n;

	if (!is_stream(STDIN_FILENO))
		return true;
	set->input = open_unnamed();
	if (set->input < 0)
		return false;
	while ((n = read_some(STDIN_FILENO, data, sizeof(data))) > 0) {
		have += (uint64_t)n;
		if (have > set->keep) {
			message("standard input is longer than %llu bytes: "
				"give less, or --keep=SIZE",
			    (unsigned long long)set->keep);
			return false;
		}
		if (!write_all(set->input, data, (size_t)n))
			break;
	}
	if (n != 0 && caught == 0)
		message("standard input cannot be kept: %s", strerror(errno));
	return n == 0;
}

/* ------------------------------------------------------------ the child */

/* Everybody reads it from the beginning. */
static bool
give_input(const struct trial_set *set)
{
	char path[32];
	int fd;

	if (set->input < 0)
		return true;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", set->input);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO;
}

/* What bsdvm itself says, of processes by their numbers for instance, is no
 * output of the program. */
static void
keep_messages_apart(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (fd >= 0)
		message_to(fd);
}

static _Noreturn void
be_child(const struct trial_set *set, const struct run_options *options,
    const int *out, struct run_result *result)
{
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		(void)signal(ending[i], SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)personality(ADDR_NO_RANDOMIZE); /* the same place every time */
	keep_messages_apart();
	if (!give_input(set) || dup2(out[TRIAL_OUT], STDOUT_FILENO) < 0 ||
	    dup2(out[TRIAL_ERR], STDERR_FILENO) < 0) {
		message("its standard streams: %s", strerror(errno));
		_exit(RUN_FAILED);
	}
	_exit(run_program(options, result));
}

/* ------------------------------------------------------ what it says */

/* Note where the two differ first, and in which line that is. */
static void
note_difference(struct trial_stream *s, const char *data, const char *kept,
    size_t len)
{
	size_t i = 0;

	for (; i < len && data[i] == kept[i]; i++)
		s->line += data[i] == '\n';
	s->at = s->length + i;
	s->differs = i < len;
}

static void
compare_kept(struct trial_stream *s, int kept, const char *data, size_t len)
{
	char other[CHUNK];
	ssize_t n;

	if (s->differs)
		return;
	n = pread(kept, other, len, (off_t)s->length);
	note_difference(s, data, other, n > 0 ? (size_t)n : 0);
	if (!s->differs && n != (ssize_t)len)
		s->differs = true;
}

/* FNV-1a, of what nobody keeps. */
static void
sum_up(struct trial_stream *s, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s->sum = (s->sum ^ (unsigned char)data[i]) * 0x100000001b3;
}

static const int own[TRIAL_STREAMS] = { STDOUT_FILENO, STDERR_FILENO };

struct pump {
	struct trial_set *set;
	struct trial *trial;
	enum trial_output output;
	struct pollfd from[TRIAL_STREAMS];
};

/* What cannot be passed on is kept all the same: the other runs are compared
 * with it. */
static void
pass_chunk(struct pump *p, int i, const char *data, size_t len, size_t keep)
{
	bool kept = write_all(p->set->kept[i], data, keep);

	if (write_all(own[i], data, len) && kept)
		return;
	if (!p->trial->lost)
		message("output is lost: %s", strerror(errno));
	p->trial->lost = true;
}

static void
take_chunk(struct pump *p, int i, const char *data, size_t len)
{
	struct trial_stream *s = &p->trial->streams[i];
	uint64_t room = p->set->keep - s->length;
	size_t keep = s->length >= p->set->keep ? 0 :
	    room < len                          ? (size_t)room :
						  len;

	if (p->output == TRIAL_PASS)
		pass_chunk(p, i, data, len, keep);
	else if (p->output == TRIAL_COMPARE)
		compare_kept(s, p->set->kept[i], data, keep);
	sum_up(s, data + keep, len - keep);
	s->length += len;
	s->last = data[len - 1];
}

static void
take_output(struct pump *p, int i)
{
	char data[CHUNK];
	ssize_t n;

	if (p->from[i].revents == 0)
		return;
	n = read(p->from[i].fd, data, sizeof(data));
	if (n > 0) {
		take_chunk(p, i, data, (size_t)n);
	} else if (n == 0 || errno != EINTR) {
		(void)close(p->from[i].fd);
		p->from[i].fd = -1;
	}
}

/* Until both streams have ended. */
static void
pump(struct pump *p)
{
	while (p->from[TRIAL_OUT].fd >= 0 || p->from[TRIAL_ERR].fd >= 0) {
		if (poll(p->from, TRIAL_STREAMS, -1) < 0)
			continue;
		for (int i = 0; i < TRIAL_STREAMS; i++)
			if (p->from[i].fd >= 0)
				take_output(p, i);
	}
}

/* The first may go on where this one ended, or be other in what nobody kept. */
static void
compare_end(const struct trial_set *set, const struct trial_stream *first,
    struct trial_stream *s)
{
	if (s->differs || (s->length == first->length && s->sum == first->sum))
		return;
	s->differs = true;
	s->at = s->length;
	if (s->length >= set->keep) {
		s->at = set->keep;
		s->line = 0;
	}
}

static void
compare_ends(struct pump *p)
{
	for (int i = 0; i < TRIAL_STREAMS; i++) {
		struct trial_stream *s = &p->trial->streams[i];

		if (p->output == TRIAL_PASS)
			p->set->first[i] = *s;
		else if (p->output == TRIAL_COMPARE)
			compare_end(p->set, &p->set->first[i], s);
	}
}

/* --------------------------------------------------------------- a run */

static bool
start(struct pump *p, const struct run_options *options,
    struct run_result *result)
{
	int out[2], err[2], theirs[TRIAL_STREAMS];

	if (pipe2(out, O_CLOEXEC) != 0)
		return false;
	if (pipe2(err, O_CLOEXEC) != 0) {
		(void)close(out[0]);
		(void)close(out[1]);
		return false;
	}
	(void)fflush(NULL);
	theirs[TRIAL_OUT] = out[1];
	theirs[TRIAL_ERR] = err[1];
	child = fork();
	if (child == 0) {
		(void)close(out[0]);
		(void)close(err[0]);
		be_child(p->set, options, theirs, result);
	}
	(void)close(out[1]);
	(void)close(err[1]);
	p->from[TRIAL_OUT] = (struct pollfd){ .fd = out[0], .events = POLLIN };
	p->from[TRIAL_ERR] = (struct pollfd){ .fd = err[0], .events = POLLIN };
	if (child > 0)
		return true;
	(void)close(out[0]);
	(void)close(err[0]);
	return false;
}

/* A child that ends by itself has said why there is no result. */
static bool
wait_for_child(const struct run_options *options,
    const struct run_result *result)
{
	int status = 0;

	while (waitpid((pid_t)child, &status, 0) < 0 && errno == EINTR)
		continue;
	child = 0;
	if (caught != 0)
		return false;
	if (!result->complete && WIFSIGNALED(status))
		message("%s: bsdvm itself died of signal %d",
		    options->design->name, WTERMSIG(status));
	return result->complete;
}

bool
trial_run(struct trial_set *set, const struct run_options *options,
    enum trial_output output, struct trial *t)
{
	struct pump p = { .set = set, .trial = t, .output = output };
	struct run_result *result = mmap(NULL, sizeof(*result),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool ok = false;

	*t = (struct trial){ .streams = { { .line = 1 }, { .line = 1 } } };
	if (result == MAP_FAILED) {
		message("out of memory");
		return false;
	}
	if (start(&p, options, result)) {
		pump(&p);
		ok = wait_for_child(options, result);
	} else {
		message("%s: cannot start: %s", options->design->name,
		    strerror(errno));
	}
	compare_ends(&p);
	t->result = *result;
	(void)munmap(result, sizeof(*result));
	return ok;
}
