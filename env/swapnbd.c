/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapnbd.c - see swapnbd.h.
 *
 *	start() --> queue --> thread <--> libnbd <--> server
 *	   `------ eventfd -----^
 *
 * libnbd moves one piece of memory at a time, so the pages of a request are
 * copied through a buffer of its own, which is cheap beside a network.
 *
 * A request ends in two steps: libnbd calls completed() with its handle
 * locked, and the thread says end() when it is out of libnbd.
 */
#include "env/swapnbd.h"

#include <string.h>

bool
swapnbd_is_uri(const char *text)
{
	static const char *const schemes[] = { "nbd://", "nbds://",
		"nbd+unix://", "nbds+unix://", "nbd+vsock://",
		"nbds+vsock://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

#ifdef HAVE_LIBNBD

#include "env/library.h"

#include <errno.h>
#include <libnbd.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define DEPTH           16 /* requests under way at once */
#define CONNECT_SECONDS 10
#define ANSWER_SECONDS  60
#define GOODBYE_SECONDS 1
#define BUFFER          (VM_CLUSTER_MAX * VM_PAGE_SIZE)

#define CALLS(X)                     \
	X(nbd, create)               \
	X(nbd, close)                \
	X(nbd, get_error)            \
	X(nbd, set_pread_initialize) \
	X(nbd, aio_connect_uri)      \
	X(nbd, aio_disconnect)       \
	X(nbd, aio_get_fd)           \
	X(nbd, aio_get_direction)    \
	X(nbd, aio_notify_read)      \
	X(nbd, aio_notify_write)     \
	X(nbd, aio_is_ready)         \
	X(nbd, aio_is_dead)          \
	X(nbd, aio_is_closed)        \
	X(nbd, is_read_only)         \
	X(nbd, get_size)             \
	X(nbd, get_block_size)       \
	X(nbd, aio_pread)            \
	X(nbd, aio_pwrite)

struct calls {
	CALLS(LIBRARY_CALL)
};

static const char *const names[] = { CALLS(LIBRARY_NAME) };
enum { NCALLS = sizeof(names) / sizeof(names[0]) };
_Static_assert(sizeof(struct calls) == NCALLS * sizeof(void *),
    "library_open fills an array");

struct request {
	struct request *next; /* that is free too */
	struct vm_io *io;     /* NULL: none */
	bool completed;
	int error; /* errno, once it is */
	char *buffer;
};

/* All but the queue and wake belong to the thread once that is there. */
struct swapnbd {
	struct calls call;
	const struct vm_env *env;
	struct swaplog log, lost; /* about requests; the connection */
	struct swapqueue queue;
	int wake; /* eventfd: look at the queue */
	struct nbd_handle *nbd;
	pthread_t thread;
	int seconds;     /* to wait for an answer */
	time_t answered; /* the last time, or when it was first asked */
	bool dead;
	unsigned under_way;
	struct request *free;
	struct request requests[DEPTH];
	char *buffers; /* DEPTH of them */
	char name[256];
};

static time_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* What libnbd says went wrong, without the name of its function. */
static const char *
complaint(const struct swapnbd *d)
{
	const char *text = d->call.get_error(), *colon;

	if (text == NULL)
		return "the server has closed it";
	colon = strstr(text, ": ");
	return strncmp(text, "nbd_", 4) == 0 && colon != NULL ? colon + 2 :
								text;
}

static bool
is_over(const struct swapnbd *d)
{
	return d->call.aio_is_dead(d->nbd) != 0 ||
	    d->call.aio_is_closed(d->nbd) != 0;
}

/*
 * Wait at most so long for the connection or for the eventfd, and let libnbd
 * go on.  => false: nothing came
 */
static bool
drive(struct swapnbd *d, int seconds)
{
	unsigned way = d->call.aio_get_direction(d->nbd);
	const short broken = POLLERR | POLLHUP | POLLNVAL;
	struct pollfd fds[2] = { { .fd = d->wake, .events = POLLIN },
		{ .fd = d->call.aio_get_fd(d->nbd) } };
	uint64_t woken;

	if ((way & LIBNBD_AIO_DIRECTION_READ) != 0)
		fds[1].events |= POLLIN;
	if ((way & LIBNBD_AIO_DIRECTION_WRITE) != 0)
		fds[1].events |= POLLOUT;
	if (poll(fds, 2, 1000 * seconds) == 0)
		return false;
	if (fds[0].revents != 0 && read(d->wake, &woken, sizeof(woken)) < 0)
		return true;
	if ((fds[1].revents & (POLLIN | broken)) != 0 &&
	    (way & LIBNBD_AIO_DIRECTION_READ) != 0)
		(void)d->call.aio_notify_read(d->nbd);
	else if ((fds[1].revents & (POLLOUT | broken)) != 0)
		(void)d->call.aio_notify_write(d->nbd);
	return true;
}

/* -------------------------------------------------------------- requests */

/* => 1: libnbd shall forget the command */
static int
completed(void *arg, int *error)
{
	struct request *req = arg;

	req->completed = true;
	req->error = *error;
	return 1;
}

/* Copy between the pages and the buffer. */
static void
copy(const struct request *req)
{
	char *at = req->buffer;

	for (unsigned i = 0; i < req->io->npages; i++, at += VM_PAGE_SIZE) {
		if (req->io->write)
			memcpy(at, req->io->addr[i], VM_PAGE_SIZE);
		else
			memcpy(req->io->addr[i], at, VM_PAGE_SIZE);
	}
}

static void
end(struct swapnbd *d, struct request *req)
{
	struct vm_io *io = req->io;

	if (req->error == 0 && !io->write)
		copy(req);
	if (req->error != 0 && !d->dead)
		swaplog_say(&d->log, "%s of %u page%s at byte %llu failed: %s",
		    io->write ? "write" : "read", io->npages,
		    io->npages == 1 ? "" : "s", (unsigned long long)io->offset,
		    strerror(req->error));
	req->io = NULL;
	req->next = d->free;
	d->free = req;
	d->under_way--;
	d->answered = now();
	vm_io_done(io, req->error != 0 ? VM_EIO : VM_OK);
}

/* The one message is this; those under way fail without another. */
static void
die(struct swapnbd *d, const char *why)
{
	if (d->dead)
		return;
	d->dead = true;
	swaplog_say(&d->lost, "the connection is lost, and the pages there: %s",
	    why);
	for (unsigned i = 0; i < DEPTH; i++) {
		if (d->requests[i].io == NULL)
			continue;
		if (!d->requests[i].completed)
			d->requests[i].error = ENOTCONN;
		end(d, &d->requests[i]);
	}
}

/* A server that is about to end says so before it closes the connection. */
static void
end_completed(struct swapnbd *d)
{
	for (unsigned i = 0; i < DEPTH; i++) {
		struct request *req = &d->requests[i];

		if (req->io == NULL || !req->completed)
			continue;
		if (req->error == ESHUTDOWN)
			die(d, "the server is shutting down");
		else
			end(d, req);
	}
}

static void
give(struct swapnbd *d, struct request *req)
{
	const struct vm_io *io = req->io;
	nbd_completion_callback at_end = { .callback = completed,
		.user_data = req };
	size_t size = vm_ptoa(io->npages);
	int64_t cookie;

	if (io->write) {
		copy(req);
		cookie = d->call.aio_pwrite(d->nbd, req->buffer, size,
		    io->offset, at_end, 0);
	} else {
		cookie = d->call.aio_pread(d->nbd, req->buffer, size,
		    io->offset, at_end, 0);
	}
	if (cookie >= 0 || is_over(d))
		return;
	req->completed = true;
	req->error = ENOMEM;
}

/* It has ended at once, maybe since it found the connection lost: then that is
 * to be said, and not what became of the request. */
static void
end_given(struct swapnbd *d, struct request *req)
{
	if (!d->dead && is_over(d))
		die(d, complaint(d));
	else
		end(d, req);
}

static void
give_waiting(struct swapnbd *d)
{
	struct request *req;
	struct vm_io *io;

	while (d->free != NULL && (io = swapqueue_take(&d->queue)) != NULL) {
		req = d->free;
		d->free = req->next;
		req->io = io;
		req->completed = d->dead;
		req->error = d->dead ? ENOTCONN : 0;
		if (d->under_way++ == 0)
			d->answered = now();
		if (!d->dead)
			give(d, req);
		if (req->completed)
			end_given(d, req);
	}
}

/* --------------------------------------------------------------- thread */

/* So that the server is told, and need not find out. */
static void
say_goodbye(struct swapnbd *d)
{
	const time_t by = now() + GOODBYE_SECONDS;

	if (d->dead || d->call.aio_disconnect(d->nbd, 0) != 0)
		return;
	while (!is_over(d) && now() <= by)
		if (!drive(d, GOODBYE_SECONDS))
			return;
}

/* A connection that is lost is not looked at any more. */
static void
wait_for_some(struct swapnbd *d)
{
	uint64_t woken;

	if (d->dead) {
		(void)!read(d->wake, &woken, sizeof(woken));
		return;
	}
	if (!is_over(d))
		(void)drive(d, d->under_way > 0 ? d->seconds : -1);
	if (is_over(d))
		die(d, complaint(d));
	end_completed(d);
	if (d->under_way > 0 && now() - d->answered >= d->seconds)
		die(d, "the server does not answer");
}

static void *
work(void *arg)
{
	struct swapnbd *d = arg;

	for (;;) {
		give_waiting(d);
		if (d->under_way == 0 && swapqueue_is_closing(&d->queue))
			break;
		wait_for_some(d);
	}
	say_goodbye(d);
	return NULL;
}

/* ---------------------------------------------------------------- device */

static void
tell(const struct swapnbd *d)
{
	const uint64_t one = 1;

	while (write(d->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
}

static void
start(void *dev, struct vm_io *io)
{
	struct swapnbd *d = dev;

	if (swapqueue_put(&d->queue, io))
		tell(d);
}

static void
free_device(struct swapnbd *d)
{
	if (d->nbd != NULL)
		d->call.close(d->nbd);
	if (d->wake >= 0)
		(void)close(d->wake);
	if (d->buffers != NULL)
		d->env->free(d->env->ctx, d->buffers, DEPTH * BUFFER);
	swapqueue_fini(&d->queue);
	d->env->free(d->env->ctx, d, sizeof(*d));
}

static void
close_device(void *dev)
{
	struct swapnbd *d = dev;

	swapqueue_close(&d->queue);
	tell(d);
	(void)pthread_join(d->thread, NULL);
	free_device(d);
}

static const struct vm_swap_device_ops ops = {
	.name = "nbd",
	.start = start,
	.close = close_device,
};

/* --------------------------------------------------------------- opening */

static bool
connect_to(struct swapnbd *d, const char *uri, struct swapdev_why *why)
{
	const int seconds = d->seconds < CONNECT_SECONDS ? d->seconds :
							   CONNECT_SECONDS;
	const time_t by = now() + seconds;

	d->nbd = d->call.create();
	if (d->nbd == NULL)
		return swapdev_refuse(why, "%s", complaint(d));
	(void)d->call.set_pread_initialize(d->nbd, false);
	if (d->call.aio_connect_uri(d->nbd, uri) != 0)
		return swapdev_refuse(why, "cannot connect: %s", complaint(d));
	while (d->call.aio_is_ready(d->nbd) == 0) {
		if (is_over(d))
			return swapdev_refuse(why, "cannot connect: %s",
			    complaint(d));
		if (now() >= by)
			return swapdev_refuse(why,
			    "cannot connect: no answer in %d seconds", seconds);
		(void)drive(d, 1);
	}
	return true;
}

static bool
check_export(const struct swapnbd *d, struct swapdev_why *why)
{
	int64_t size = d->call.get_size(d->nbd);
	int64_t least = d->call.get_block_size(d->nbd, LIBNBD_SIZE_MINIMUM);
	int64_t most = d->call.get_block_size(d->nbd, LIBNBD_SIZE_MAXIMUM);

	if (size < 0)
		return swapdev_refuse(why, "%s", complaint(d));
	if (d->call.is_read_only(d->nbd) != 0)
		return swapdev_refuse(why, "not writable: a read-only export");
	if ((uint64_t)size < vm_ptoa(SWAPDEV_LEAST))
		return swapdev_refuse(why,
		    "too small: %lld bytes, it takes %llu", (long long)size,
		    (unsigned long long)vm_ptoa(SWAPDEV_LEAST));
	if (least > (int64_t)VM_PAGE_SIZE)
		return swapdev_refuse(why,
		    "its blocks of %lld bytes are larger than a page",
		    (long long)least);
	if (most > 0 && most < (int64_t)BUFFER)
		return swapdev_refuse(why,
		    "it takes %lld bytes at a time, but %llu are wanted",
		    (long long)most, (unsigned long long)BUFFER);
	return true;
}

static struct swapnbd *
allocate(const struct swapnbd_config *config)
{
	const struct vm_env *env = config->env;
	struct swapnbd *d = env->alloc(env->ctx, sizeof(*d));

	if (d == NULL)
		return NULL;
	memset(d, 0, sizeof(*d));
	d->env = env;
	d->seconds = config->seconds > 0 ? config->seconds : ANSWER_SECONDS;
	(void)snprintf(d->name, sizeof(d->name), "%s", config->uri);
	swaplog_init(&d->log, env, d->name);
	swaplog_init(&d->lost, env, d->name);
	swapqueue_init(&d->queue);
	d->wake = eventfd(0, EFD_CLOEXEC);
	d->buffers = env->alloc(env->ctx, DEPTH * BUFFER);
	if (d->wake < 0 || d->buffers == NULL) {
		free_device(d);
		return NULL;
	}
	for (unsigned i = 0; i < DEPTH; i++) {
		d->requests[i].buffer = d->buffers + i * BUFFER;
		d->requests[i].next = d->free;
		d->free = &d->requests[i];
	}
	return d;
}

static bool
begin_thread(struct swapnbd *d, struct swapdev_why *why)
{
	int error = swapdev_thread(&d->thread, work, d);

	if (error == 0)
		return true;
	return swapdev_refuse(why, "no thread: %s", strerror(error));
}

bool
swapnbd_open(const struct swapnbd_config *config, struct vm_swap_device *device,
    struct swapdev_why *why)
{
	struct swapnbd *d = allocate(config);
	const char *lack;

	if (d == NULL)
		return swapdev_refuse(why, "out of memory");
	lack = library_open("libnbd.so.0", names, NCALLS, &d->call);
	if (lack != NULL)
		(void)swapdev_refuse(why, "no NBD: %s", lack);
	else if (connect_to(d, config->uri, why) && check_export(d, why)) {
		*device = (struct vm_swap_device){ .ops = &ops,
			.dev = d,
			.npages = vm_atop((uint64_t)d->call.get_size(d->nbd)) };
		if (begin_thread(d, why))
			return true;
	}
	free_device(d);
	return false;
}

bool
swapnbd_is_built(void)
{
	return true;
}

#else

bool
swapnbd_open(const struct swapnbd_config *config, struct vm_swap_device *device,
    struct swapdev_why *why)
{
	(void)config;
	(void)device;
	return swapdev_refuse(why, "this bsdvm is built without NBD");
}

bool
swapnbd_is_built(void)
{
	return false;
}

#endif
