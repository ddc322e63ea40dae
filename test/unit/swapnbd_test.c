/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapnbd_test.c - does swap on a server of network block devices bring back
 * what went out, with many requests under way (pthread_create: swap_rig.c)?
 * Which servers are refused?  When the server dies, stops, or says no, does
 * every request end, and is it told once?
 *
 * The server is nbdkit; without it the tests are skipped.
 */
#include "env/swapnbd.h"
#include "test/unit/swap_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 50, ARGS_MAX = 12 };

static char folder[64], uri[256];
static pid_t server;
static struct swap_env rig;

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/bsdvm-nbd.XXXXXX");
	swap_env_init(&rig);
	server = 0;
	return mkdtemp(folder) == NULL;
}

static void
end_server(int sig)
{
	int status;

	if (server <= 0)
		return;
	(void)kill(server, sig);
	(void)waitpid(server, &status, 0);
	server = 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	end_server(SIGKILL);
	assert_int_equal(atomic_load(&rig.faulty.blocks), 0);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void
wait_for_file(const char *path)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	int status;

	for (unsigned i = 0; i < 1000 && access(path, F_OK) != 0; i++) {
		if (waitpid(server, &status, WNOHANG) == server) {
			server = 0;
			fail_msg("nbdkit has ended: %d", status);
		}
		(void)nanosleep(&moment, NULL);
	}
}

/* nbdkit with more arguments, ended by NULL. */
static void
begin_server(const char *const *where, const char *const *more)
{
	const char *argv[ARGS_MAX + 8] = { "nbdkit", "-f", "-P" };
	char ready[128];
	int n = 3;

	if (!swapnbd_is_built() || system("nbdkit --version >/dev/null 2>&1")) {
		printf("skip: %s\n",
		    swapnbd_is_built() ? "there is no nbdkit here" :
					 "built without NBD");
		skip();
	}
	(void)snprintf(ready, sizeof(ready), "%s/pid", folder);
	argv[n++] = ready;
	while (*where != NULL)
		argv[n++] = *where++;
	while (*more != NULL)
		argv[n++] = *more++;
	(void)unlink(ready);
	server = fork();
	if (server == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	wait_for_file(ready);
}

static void
begin_on_socket(const char *const *more)
{
	char path[100];
	const char *where[] = { "-U", path, NULL };

	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	(void)snprintf(uri, sizeof(uri), "nbd+unix:///?socket=%s", path);
	(void)unlink(path);
	begin_server(where, more);
}

#define ON_SOCKET(...) \
	begin_on_socket((const char *const[]){ __VA_ARGS__, NULL })

static bool
try_open(struct vm_swap_device *device, struct swapdev_why *why)
{
	const struct swapnbd_config config = { .env = &rig.env,
		.uri = uri,
		.seconds = 2 };

	why->text[0] = '\0';
	return swapnbd_open(&config, device, why);
}

static struct vm_swap_device
must_open(void)
{
	struct swapdev_why why;
	struct vm_swap_device device;

	if (!try_open(&device, &why))
		fail_msg("%s: %s", uri, why.text);
	return device;
}

static void
must_refuse(const char *word)
{
	struct swapdev_why why;
	struct vm_swap_device device;

	if (try_open(&device, &why))
		fail_msg("%s was opened", uri);
	if (strstr(why.text, word) == NULL)
		fail_msg("\"%s\" has no \"%s\"", why.text, word);
	assert_int_equal(atomic_load(&rig.faulty.blocks), 0);
}

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- what works ---- */

static void
test_unix(void **state)
{
	struct vm_swap_device device;

	(void)state;
	ON_SOCKET("memory", "16M");
	device = must_open();
	assert_int_equal(device.npages, 4096);
	assert_int_equal(hammer(&device, 2), 0);
	must_write(&device, 4032, 64, 9);
	must_read(&device, 4032, 64, 9);
	swapdev_close(&device);
	assert_int_equal(atomic_load(&rig.messages), 0);
}

/* A port that is free now. */
static unsigned
some_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	(void)close(fd);
	return ntohs(sin.sin_port);
}

/* By TCP, and an export with a name? */
static void
test_loopback(void **state)
{
	static const char *const more[] = { "--filter=exportname", "memory",
		"8M", "exportname=a/b", "exportname-strict=true", NULL };
	char port[16];
	const char *where[] = { "-i", "127.0.0.1", "-p", port, NULL };
	struct vm_swap_device device;

	(void)state;
	(void)snprintf(port, sizeof(port), "%u", some_port());
	(void)snprintf(uri, sizeof(uri), "nbd://127.0.0.1:%s/a/b", port);
	begin_server(where, more);
	device = must_open();
	assert_int_equal(device.npages, 2048);
	assert_int_equal(hammer(&device, 1), 0);
	swapdev_close(&device);
	(void)snprintf(uri, sizeof(uri), "nbd://127.0.0.1:%s/c", port);
	must_refuse("cannot connect");
}

static void
test_uris(void **state)
{
	static const char *const yes[] = { "nbd://h/e", "nbds://h",
		"nbd+unix:///?socket=s", "nbds+unix:///", "nbd+vsock://1" };
	static const char *const no[] = { "nbd", "nbd:", "nbd:/a", "nbdx://h",
		"NBD://h", "nbd+x://h", "nbds+://h", "http://nbd", "a/nbd://",
		"64M", "" };

	(void)state;
	for (unsigned i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(swapnbd_is_uri(yes[i]));
	for (unsigned i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(swapnbd_is_uri(no[i]));
}

/* ---- what is refused ---- */

static void
test_read_only(void **state)
{
	(void)state;
	ON_SOCKET("-r", "memory", "16M");
	must_refuse("read-only");
}

static void
test_too_small(void **state)
{
	(void)state;
	ON_SOCKET("memory", "32K");
	must_refuse("too small: 32768 bytes");
}

static void
test_blocks(void **state)
{
	(void)state;
	ON_SOCKET("--filter=blocksize-policy", "memory", "16M",
	    "blocksize-minimum=8192", "blocksize-preferred=8192");
	must_refuse("larger than a page");
	end_server(SIGKILL);
	ON_SOCKET("--filter=blocksize-policy", "memory", "16M",
	    "blocksize-preferred=4096", "blocksize-maximum=65536");
	must_refuse("65536 bytes at a time");
}

static void
test_no_server(void **state)
{
	(void)state;
	if (!swapnbd_is_built()) {
		printf("skip: built without NBD\n");
		skip();
	}
	(void)snprintf(uri, sizeof(uri), "nbd+unix:///?socket=%s/none", folder);
	must_refuse("cannot connect");
	(void)snprintf(uri, sizeof(uri), "nbd://");
	must_refuse("cannot connect");
	for (unsigned n = 1; n <= 2; n++) {
		faulty_fail(&rig.faulty, n, FAULTY_ONCE);
		must_refuse("out of memory");
	}
	faulty_fail(&rig.faulty, 0, FAULTY_ONCE);
}

/* A socket that swap would connect to. */
static int
listen_for_swap(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (!swapnbd_is_built()) {
		printf("skip: built without NBD\n");
		skip();
	}
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/socket", folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 5), 0);
	(void)snprintf(uri, sizeof(uri), "nbd+unix:///?socket=%s/socket",
	    folder);
	return fd;
}

static void
must_give_up(void)
{
	double began = now();

	must_refuse("no answer in 2 seconds");
	assert_true(now() - began < 5);
}

/* One that accepts and says nothing: is the wait for it bounded? */
static void
test_silent(void **state)
{
	int fd = listen_for_swap();

	(void)state;
	must_give_up();
	(void)close(fd);
}

static _Noreturn void
trickle(int fd)
{
	/* A greeting; then no to an option, for reasons of 255 letters. */
	static const char says[18 + 20 + 255] =
	    "NBDMAGICIHAVEOPT\0\1"
	    "\0\3\xe8\x89\x04\x55\x65\xa9"
	    "\0\0\0\x08\x80\0\0\x01\0\0\0\xff";
	int to = accept(fd, NULL, NULL);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < sizeof(says); i++) {
		(void)send(to, says + i, 1, MSG_NOSIGNAL);
		(void)usleep(i < 36 ? 10000 : 100000);
	}
	_exit(0);
}

/* One that never comes to an end? */
static void
test_trickles(void **state)
{
	int fd = listen_for_swap();

	(void)state;
	server = fork();
	if (server == 0)
		trickle(fd);
	must_give_up();
	(void)close(fd);
}

/* ---- what goes wrong later ---- */

static struct transfer many[MANY];

static void
begin_many(const struct vm_swap_device *device, bool write)
{
	for (unsigned i = 0; i < MANY; i++) {
		transfer_init(&many[i], 1 + i % 64);
		transfer_fill(&many[i], 64 * i % 4000, 1);
		transfer_begin(&many[i], device, write, 64 * i % 4000);
	}
}

/* => how many failed */
static unsigned
wait_many(void)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < MANY; i++) {
		failed += transfer_wait(&many[i]) != VM_OK;
		transfer_fini(&many[i]);
	}
	return failed;
}

/* All must fail, soon, and later ones too; with one message. */
static void
expect_loss(const struct vm_swap_device *device, double began)
{
	assert_int_equal(wait_many(), MANY);
	begin_many(device, true);
	assert_int_equal(wait_many(), MANY);
	assert_int_equal(try_transfer(device, false, 0, 1), VM_EIO);
	assert_true(now() - began < 20);
	assert_int_equal(atomic_load(&rig.messages), 1);
	assert_non_null(strstr(rig.last, "the connection is lost"));
	assert_non_null(strstr(rig.last, "swap nbd"));
	swapdev_close(device);
}

/* Killed while requests are under way? */
static void
test_killed(void **state)
{
	struct vm_swap_device device;
	double began;

	(void)state;
	for (unsigned writes = 0; writes < 2; writes++) {
		atomic_store(&rig.messages, 0);
		ON_SOCKET("--filter=delay", "memory", "16M", "delay-read=30",
		    "delay-write=30");
		device = must_open();
		began = now();
		begin_many(&device, writes == 1);
		(void)usleep(100000);
		end_server(SIGKILL);
		expect_loss(&device, began);
	}
}

/* Killed while there are none: is it told before the next one? */
static void
test_killed_idle(void **state)
{
	struct vm_swap_device device;
	double began;

	(void)state;
	ON_SOCKET("memory", "16M");
	device = must_open();
	must_write(&device, 0, 64, 1);
	must_read(&device, 0, 64, 1);
	end_server(SIGKILL);
	began = now();
	while (atomic_load(&rig.messages) == 0 && now() - began < 10)
		(void)usleep(10000);
	assert_int_equal(atomic_load(&rig.messages), 1);
	begin_many(&device, false);
	expect_loss(&device, began);
}

/* One that does not answer any more? */
static void
test_stopped(void **state)
{
	struct vm_swap_device device;
	double began;
	int status;

	(void)state;
	ON_SOCKET("memory", "16M");
	device = must_open();
	must_write(&device, 0, 64, 1);
	assert_int_equal(kill(server, SIGSTOP), 0);
	assert_int_equal(waitpid(server, &status, WUNTRACED), server);
	began = now();
	begin_many(&device, true);
	expect_loss(&device, began);
	assert_non_null(strstr(rig.last, "does not answer"));
}

/* One that says no to some: do the others go on? */
static void
test_says_no(void **state)
{
	struct vm_swap_device device;
	unsigned failed;

	(void)state;
	ON_SOCKET("--filter=error", "memory", "16M", "error-pwrite=ENOSPC",
	    "error-pwrite-rate=50%");
	device = must_open();
	begin_many(&device, true);
	failed = wait_many();
	assert_in_range(failed, 1, MANY - 1);
	assert_int_equal(atomic_load(&rig.messages), 1);
	assert_non_null(strstr(rig.last, "No space left"));
	begin_many(&device, false);
	assert_int_equal(wait_many(), 0);
	end_server(SIGKILL);
	begin_many(&device, false);
	assert_int_equal(wait_many(), MANY);
	assert_int_equal(atomic_load(&rig.messages), 2);
	swapdev_close(&device);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unix),
		TEST(test_loopback),
		TEST(test_uris),
		TEST(test_read_only),
		TEST(test_too_small),
		TEST(test_blocks),
		TEST(test_no_server),
		TEST(test_silent),
		TEST(test_trickles),
		TEST(test_killed),
		TEST(test_killed_idle),
		TEST(test_stopped),
		TEST(test_says_no),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
