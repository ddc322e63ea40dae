/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c - see run.h.
 *
 *	bsdvm		 the supervisor: traces, holds the memory
 *	  `-- program	 its child, and whatever that starts
 *
 * The run ends when the last process has ended: those that the program leaves
 * behind have their memory here, and go on.  If the supervisor is killed the
 * kernel kills all of them.
 */
#include "host/run.h"

#include "env/posix.h"
#include "host/cpu.h"
#include "host/event.h"
#include "host/file.h"
#include "host/filter.h"
#include "host/give.h"
#include "host/job.h"
#include "host/limit.h"
#include "host/live.h"
#include "host/message.h"
#include "host/parcel.h"
#include "host/perf.h"
#include "host/shm.h"
#include "host/signal.h"
#include "host/space.h"
#include "host/stats.h"
#include "host/stub.h"
#include "host/swap.h"
#include "host/syscall.h"
#include "host/trace.h"
#include "pmap/host.h"
#include "vm/vm_swapper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define VA_MAX           ((vaddr_t)0x7ffffffff000)
#define ZERO_AHEAD_MAX   64
#define NEIGHBOUR_FACTOR 8
#define READ_AROUND      32
#define MAPPINGS_SPARE   4096 /* of max_map_count that are not for the port */

/* ----------------------------------------------------------- the child */

static _Noreturn void
become_program(const struct run *run, const struct sock_fprog *filter, int go)
{
	char **argv = run->options->argv, byte;
	int error, listener;

	(void)sigaction(SIGUSR1, &run->at_usr1, NULL);
	if (read(go, &byte, 1) != 1)
		_exit(RUN_FAILED); /* the supervisor has said why */
	(void)setrlimit(RLIMIT_FSIZE, &run->file_limit);
	(void)sigaction(SIGXFSZ, &run->at_file_limit, NULL);
	if (filter_install(filter, &listener) != 0) {
		message("seccomp filters cannot be used: %s", strerror(errno));
		_exit(RUN_FAILED);
	}
	give_say(go, listener);
	(void)execvp(argv[0], argv);
	error = errno;
	message("%s: %s", *argv[0] != '\0' ? argv[0] : "\"\"", strerror(error));
	_exit(error == ENOENT ? RUN_NOT_FOUND : RUN_NOT_EXECUTABLE);
}

/* ------------------------------------------------------- the supervisor */

static bool
first_task(struct run *run)
{
	struct task *t = task_create(run, run->first);

	if (t == NULL)
		return false;
	t->born = t->fresh = true;
	t->sighand = sighand_create();
	cpu_born(t, NULL);
	run->processes = 1;
	return t->sighand != NULL;
}

static bool
start(struct run *run)
{
	static struct sock_filter code[FILTER_MAX];
	struct sock_fprog filter;
	int go[2];

	if (filter_build(&filter, code, FILTER_MAX) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) != 0) {
		message("cannot start: %s%s", strerror(errno),
		    errno == EMFILE ? " (see ulimit -n)" : "");
		return false;
	}
	run->first = fork();
	if (run->first == 0) {
		(void)close(go[1]);
		become_program(run, &filter, go[0]);
	}
	(void)close(go[0]);
	if (run->first < 0 || !first_task(run) || !trace_seize(run->first)) {
		message("cannot trace %s: %s", run->options->argv[0],
		    strerror(errno));
		if (run->first > 0)
			(void)kill(run->first, SIGKILL);
		(void)close(go[1]);
		return false;
	}
	job_init(run);
	run->channel = go[1];
	(void)send(go[1], "", 1, MSG_NOSIGNAL);
	return true;
}

static size_t
max_mappings(void)
{
	FILE *f = fopen("/proc/sys/vm/max_map_count", "re");
	size_t max = 65530;

	if (f != NULL) {
		if (fscanf(f, "%zu", &max) != 1)
			max = 65530;
		(void)fclose(f);
	}
	return max > 2 * MAPPINGS_SPARE ? max - MAPPINGS_SPARE : max / 2;
}

/* Others tell that something has ended: a fault may have waited for it, while
 * the event loop waits for the programs. */
static void
wake(void *ctx, const _Atomic uint32_t *word)
{
	const struct run *run = ctx;

	posix_env.wake(posix_env.ctx, word);
	if (!pthread_equal(run->thread, pthread_self()))
		event_wake(run);
}

/* Devices tell of their failures.  => any thread */
static void
say(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	message("%.*s", (int)len, text);
}

static bool
make_system(struct run *run)
{
	struct pmap_host_config config = { .env = &posix_env,
		.exec = space_executor(run),
		.npages = run->options->memory >> VM_PAGE_SHIFT,
		.tail = STUB_END - STUB_BASE,
		.va_min = VM_PAGE_SIZE,
		.va_max = VA_MAX,
		.zero_ahead_max = ZERO_AHEAD_MAX,
		.neighbour_factor = NEIGHBOUR_FACTOR,
		.read_around = READ_AROUND,
		.max_mappings = max_mappings() };

	if (run->options->plain_faults)
		config.zero_ahead_max = config.neighbour_factor = 0;
	if (pmap_host_create(&config, &run->machine) != 0) {
		message("no memory file of %llu bytes: %s%s",
		    (unsigned long long)run->options->memory,
		    errno == EFBIG ? "the limit on files (ulimit -f)" :
				     strerror(errno),
		    errno == ENOMEM ? limit_of_memory() : "");
		return false;
	}
	run->env = posix_env;
	run->env.ctx = run;
	run->env.wake = wake;
	run->env.log = say;
	counted_init(&run->memory, &run->env);
	if (vm_system_create(&run->memory.env, run->machine, &run->sys) != 0) {
		pmap_host_destroy(run->machine);
		message("out of memory%s", limit_of_memory());
		return false;
	}
	vm_system_prefer(run->sys, run->options->design);
	vm_system_overcommit(run->sys, !run->options->no_overcommit);
	vm_system_swap_spaces(run->sys, !run->options->no_swap_spaces);
	run->memory_fixed = atomic_load(&run->memory.bytes);
	return true;
}

/*
 * Memory and swap are no files of the program, and may be larger.  As far as
 * the limit cannot be raised an error is better than the signal.
 */
static void
raise_file_limit(struct run *run)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct rlimit wide = { RLIM_INFINITY, RLIM_INFINITY };

	(void)getrlimit(RLIMIT_FSIZE, &run->file_limit);
	(void)sigaction(SIGXFSZ, &ignore, &run->at_file_limit);
	if (setrlimit(RLIMIT_FSIZE, &wide) == 0)
		return;
	wide.rlim_cur = wide.rlim_max = run->file_limit.rlim_max;
	(void)setrlimit(RLIMIT_FSIZE, &wide);
}

/* Nor is the program's limit on address space for the supervisor. */
static void
raise_size_limit(struct run *run)
{
	struct rlimit wide;

	(void)getrlimit(RLIMIT_AS, &run->as_limit);
	wide = run->as_limit;
	wide.rlim_cur = wide.rlim_max;
	(void)setrlimit(RLIMIT_AS, &wide);
}

static bool
init(struct run *run)
{
	struct rlimit files;

	run->thread = pthread_self();
	(void)clock_gettime(CLOCK_MONOTONIC, &run->started);
	live_init(run);
	raise_size_limit(run);
	raise_file_limit(run);
	task_table_init(&run->tasks);
	list_init(&run->spaces);
	list_init(&run->unread);
	list_init(&run->waiting);
	list_init(&run->files);
	list_init(&run->shm);
	list_init(&run->parcels);
	list_init(&run->swap_names);
	run->slots_used = calloc(STUB_NSLOTS / 64 + 1, sizeof(uint64_t));
	if (run->slots_used == NULL || !stats_open(run) || !make_system(run) ||
	    !swap_open(run))
		return false;
	run->perf = perf_open();
	shm_init(run);
	stub_init(run);
	syscall_init();
	cpu_init(run);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	if (!start(run))
		return false;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	return true;
}

static void
fini(struct run *run)
{
	shm_fini(run);
	parcel_fini(run);
	vm_system_destroy(run->sys);
	file_fini(run);
	swap_close(run);
	pmap_host_destroy(run->machine);
	free(run->slots_used);
	if (run->perf >= 0)
		(void)close(run->perf);
}

static int
exit_status(const struct run *run)
{
	if (WIFSIGNALED(run->status))
		return 128 + WTERMSIG(run->status);
	return WEXITSTATUS(run->status);
}

int
run_program(const struct run_options *options, struct run_result *result)
{
	struct run run = { .options = options, .channel = -1, .listener = -1 };

	result->complete = false;
	result->status = RUN_FAILED;
	if (!init(&run))
		return RUN_FAILED;
	event_loop(&run);
	result->status = exit_status(&run);
	stats_collect(&run, result);
	stats_print(&run, result);
	if (run.output_lost)
		result->status = RUN_FAILED;
	fini(&run);
	return result->status;
}
