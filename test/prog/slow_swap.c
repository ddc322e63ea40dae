/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slow_swap.c: a child waits for a page while its parent goes on.
 *
 * Each check has a child with NUMBER megabytes (-n NUMBER, 4 unless given), and
 * less memory than that, so that a part of them is in swap.  With NUMBER who
 * runs this sees to it that the device stands still from when the file `ready`
 * is there on, and makes the file `paused` then.  The parent does what stops a
 * process until it has seen that the child does not get its page, and makes the
 * file `went-on`; then the device may go on.
 *
 * The same of a page of a file, `slow-data`, that nobody has read yet.  The
 * child needs its page for an access of its own, for a system call, or for the
 * frame of a handler; and other things may come while it waits.
 *
 * For the checks named lost_... the device is gone for ever instead.
 */
#include "prog.h"

#include <errno.h>
#include <sys/stat.h>

enum { CALLS = 1000, STACK = 16, WIDE = 8, FRAME = 4, LEN = 16, PATH_AT = 64 };

struct common {
	volatile int ready, begun, ended, caught;
	volatile bool leave, told;
};

static struct common *common;
static pid_t child;
static bool from_file;
static bool stays;  /* the child, until it is told */
static int ends[2]; /* of a pipe */
static void (*use)(unsigned char *page);
static char *forbidden;
static unsigned char *memory;
static const char device[] = "/dev/null";

static void
make_file(const char *name)
{
	int fd;

	if (prog_count <= 0)
		return;
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	REQUIRE(fd >= 0);
	REQUIRE(close(fd) == 0);
}

static void
wait_file(const char *name)
{
	struct stat st;

	while (prog_count > 0 && stat(name, &st) != 0)
		prog_pause(5);
}

/* The first page that is not in memory, or the first one, with room for a stack
 * below it and for a buffer above. */
static size_t
find_out(unsigned char *p, size_t npages)
{
	unsigned char in;
	size_t i;

	for (i = STACK; i + WIDE < npages; i++) {
		REQUIRE(mincore(p + i * PAGE, PAGE, &in) == 0);
		if ((in & 1) == 0)
			return (i);
	}
	return (STACK);
}

static void
fill(unsigned char *p, size_t first, size_t npages)
{
	for (size_t i = first; i < first + npages; i++) {
		p[i * PAGE] = (unsigned char)(i % 251 + 1);
		memcpy(p + i * PAGE + PATH_AT, device, sizeof(device));
	}
}

static unsigned char *
map_filled(size_t npages)
{
	unsigned char *p = prog_map(npages * PAGE, RW, PRIVATE);

	fill(p, 0, npages);
	return (p);
}

static unsigned char *
map_new_file(size_t npages)
{
	unsigned char *p = malloc(npages * PAGE);
	int fd = open("slow-data", O_CREAT | O_TRUNC | O_RDWR, 0600);

	REQUIRE(p != NULL && fd >= 0);
	memset(p, 0, npages * PAGE);
	fill(p, 0, npages);
	REQUIRE(write(fd, p, npages * PAGE) == (ssize_t)(npages * PAGE));
	free(p);
	return ((unsigned char *)prog_map_file(fd, npages, RW, MAP_SHARED));
}

/* ---- what the page is needed for ---- */

static void
touch(unsigned char *page)
{
	REQUIRE(page[0] != 0);
}

static void
read_into(unsigned char *page)
{
	REQUIRE(write(ends[1], "what is to be read", LEN) == LEN);
	REQUIRE(read(ends[0], page + LEN, LEN) == LEN);
	REQUIRE(memcmp(page + LEN, "what is to be read", LEN) == 0);
}

static void
read_into_lost(unsigned char *page)
{
	if (prog_count <= 0)
		return;
	REQUIRE(write(ends[1], "what is to be read", LEN) == LEN);
	REQUIRE(read(ends[0], page + LEN, LEN) == -1 && errno == EFAULT);
	_exit(0);
}

static void
write_from(unsigned char *page)
{
	static unsigned char copy[WIDE * PAGE];

	REQUIRE(write(ends[1], page, sizeof(copy)) == (ssize_t)sizeof(copy));
	REQUIRE(read(ends[0], copy, sizeof(copy)) == (ssize_t)sizeof(copy));
	REQUIRE(memcmp(copy, page, sizeof(copy)) == 0);
}

static void
open_named(unsigned char *page)
{
	int fd = open((char *)page + PATH_AT, O_RDONLY);

	REQUIRE(fd >= 0);
	REQUIRE(close(fd) == 0);
}

static void
handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	common->caught++;
	if (sig != SIGSEGV)
		return;
	REQUIRE(info->si_addr == forbidden && info->si_code == SEGV_ACCERR);
	REQUIRE(mprotect(forbidden, PAGE, RW) == 0);
}

static void catch (int sig, int flags)
{
	struct sigaction act = { .sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | flags };

	REQUIRE(sigaction(sig, &act, NULL) == 0);
}

/* The stack ends with the page; what lay there is put back. */
static void
on_stack(unsigned char *page, void (*signals)(void))
{
	stack_t stack = { .ss_sp = page - (STACK - 1) * PAGE,
		.ss_size = STACK * PAGE };
	stack_t none = { .ss_flags = SS_DISABLE };

	REQUIRE(sigaltstack(&stack, NULL) == 0);
	signals();
	REQUIRE(common->caught == 1);
	REQUIRE(sigaltstack(&none, NULL) == 0);
	fill(memory, (size_t)(page - memory) / PAGE - FRAME + 1, FRAME);
}

static void
send_one(void)
{
	REQUIRE(kill(getpid(), SIGUSR1) == 0);
}

static void
fault_once(void)
{
	*(volatile char *)forbidden = 1;
}

static void
frame_of_signal(unsigned char *page)
{
	on_stack(page, send_one);
}

static void
frame_of_fault(unsigned char *page)
{
	on_stack(page, fault_once);
}

/* ---- the child ---- */

static void *
leave(void *how)
{
	while (!common->leave)
		prog_pause(1);
	if (how == NULL)
		_exit(0);
	execl("/bin/true", "true", NULL);
	FAIL("exec");
	return (NULL);
}

/* Its stack is locked as well. */
static void
start_leaver(void)
{
	pthread_attr_t small;
	pthread_t thread;

	REQUIRE(pthread_attr_init(&small) == 0);
	REQUIRE(pthread_attr_setstacksize(&small, STACK * PAGE) == 0);
	REQUIRE(pthread_create(&thread, &small, leave,
		    from_file ? ends : NULL) == 0);
}

static void
prepare_child(void)
{
	REQUIRE(pipe(ends) == 0);
	forbidden = prog_map(PAGE, PROT_NONE, PRIVATE);
	catch (SIGUSR1, SA_ONSTACK);
	catch (SIGSEGV, SA_ONSTACK);
	catch (SIGUSR2, 0);
	if (use == read_into)
		start_leaver();
}

static void
be_child(void)
{
	size_t npages = (size_t)(prog_count > 0 ? prog_count : 4) * 256, i;
	unsigned char *p;

	prepare_child();
	/* Nothing else shall be why it waits. */
	REQUIRE(mlockall(MCL_CURRENT) == 0);
	p = memory = from_file ? map_new_file(npages) : map_filled(npages);
	i = find_out(p, npages);
	common->ready = 1;
	while (!common->begun)
		prog_pause(1);
	use(p + i * PAGE);
	common->ended = 1;
	for (i = 0; i < npages; i++)
		REQUIRE(p[i * PAGE] == i % 251 + 1);
	while (stays && !common->told)
		prog_pause(1);
	_exit(0);
}

/* Whether the child is stopped, as it is while somebody works at its fault. */
static bool
is_stopped(void)
{
	char path[64], text[512], *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
	fd = open(path, O_RDONLY);
	REQUIRE(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	REQUIRE(n > 0);
	REQUIRE(close(fd) == 0);
	text[n] = '\0';
	state = strrchr(text, ')');
	REQUIRE(state != NULL);
	return (state[2] == 't');
}

/* Calls that stop, and need no memory. */
static void
go_on(char *mine)
{
	for (int i = 0; i < CALLS; i++) {
		REQUIRE(mprotect(mine, PAGE, PROT_READ) == 0);
		REQUIRE(mprotect(mine, PAGE, RW) == 0);
	}
}

static void
start(void (*what)(unsigned char *))
{
	char *mine = prog_map(PAGE, RW, PRIVATE);

	common = prog_map(PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
	use = what;
	child = prog_fork();
	if (child == 0)
		be_child();
	while (!common->ready)
		prog_pause(1);
	REQUIRE(mlockall(MCL_CURRENT) == 0);
	go_on(mine);
	make_file("ready");
	wait_file("paused");
	common->begun = 1;
}

static void
begin(void (*what)(unsigned char *))
{
	char *mine = prog_map(PAGE, RW, PRIVATE);

	start(what);
	while (prog_count > 0 && !is_stopped())
		REQUIRE(!common->ended);
	go_on(mine);
	REQUIRE(prog_count <= 0 || !common->ended);
}

/* ---- the checks ---- */

/* The page comes, and is right. */
static void
comes_for(void (*what)(unsigned char *))
{
	begin(what);
	make_file("went-on");
	prog_join(child);
}

/* The page never comes: that ends the child by a signal; 0: by itself. */
static void
lost_for(void (*what)(unsigned char *), int sig)
{
	int status;

	start(what);
	REQUIRE(waitpid(child, &status, 0) == child);
	if (prog_count > 0 && sig != 0)
		REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == sig);
	else
		REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The child is killed while it waits, and does not wait for that. */
static void
killed_at(void (*what)(unsigned char *))
{
	int status;

	begin(what);
	REQUIRE(kill(child, SIGKILL) == 0);
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(prog_count <= 0 || !common->ended);
	make_file("went-on");
}

/* Another thread leaves, or calls exec; that does not wait either. */
static void
left_at(void (*what)(unsigned char *))
{
	int status;

	begin(what);
	common->leave = true;
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	REQUIRE(prog_count <= 0 || !common->ended);
	make_file("went-on");
}

static void
comes(void)
{
	comes_for(touch);
}

static void
killed(void)
{
	killed_at(touch);
}

static void
file_comes(void)
{
	from_file = true;
	comes_for(touch);
	from_file = false;
}

static void
file_killed(void)
{
	from_file = true;
	killed_at(touch);
	from_file = false;
}

static void
read_comes(void)
{
	comes_for(read_into);
}

static void
write_comes(void)
{
	comes_for(write_from);
}

static void
open_comes(void)
{
	comes_for(open_named);
}

static void
frame_comes(void)
{
	comes_for(frame_of_signal);
}

static void
fault_frame_comes(void)
{
	comes_for(frame_of_fault);
}

static void
read_killed(void)
{
	killed_at(read_into);
}

static void
frame_killed(void)
{
	killed_at(frame_of_signal);
}

static void
read_left(void)
{
	left_at(read_into);
}

static void
file_read_comes(void)
{
	from_file = true;
	comes_for(read_into);
	from_file = false;
}

static void
file_read_left(void)
{
	from_file = true;
	left_at(read_into);
	from_file = false;
}

static void
lost_page(void)
{
	lost_for(touch, SIGBUS);
}

static void
lost_frame(void)
{
	lost_for(frame_of_signal, SIGSEGV);
}

static void
lost_read(void)
{
	lost_for(read_into_lost, 0);
}

/* A signal comes while it waits, and is handled when the call has ended. */
static void
read_signalled(void)
{
	stays = true;
	begin(read_into);
	REQUIRE(kill(child, SIGUSR2) == 0);
	make_file("went-on");
	while (!common->caught)
		prog_pause(1);
	common->told = true;
	prog_join(child);
	stays = false;
}

/* It is stopped while it waits, and goes on. */
static void
read_stopped(void)
{
	int status;

	stays = true;
	begin(read_into);
	REQUIRE(kill(child, SIGSTOP) == 0);
	make_file("went-on");
	REQUIRE(waitpid(child, &status, WUNTRACED) == child);
	REQUIRE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	REQUIRE(kill(child, SIGCONT) == 0);
	common->told = true;
	prog_join(child);
	stays = false;
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "comes", comes },
		{ "killed", killed },
		{ "file_comes", file_comes },
		{ "file_killed", file_killed },
		{ "read_comes", read_comes },
		{ "write_comes", write_comes },
		{ "open_comes", open_comes },
		{ "frame_comes", frame_comes },
		{ "fault_frame_comes", fault_frame_comes },
		{ "read_killed", read_killed },
		{ "frame_killed", frame_killed },
		{ "read_left", read_left },
		{ "read_signalled", read_signalled },
		{ "read_stopped", read_stopped },
		{ "file_read_comes", file_read_comes },
		{ "file_read_left", file_read_left },
		{ "lost_page", lost_page },
		{ "lost_frame", lost_frame },
		{ "lost_read", lost_read },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
