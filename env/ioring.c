/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioring.c - the engine over io_uring(7), by liburing.
 *
 *	start() --> queue --> thread --> ring --> thread --> end()
 *	   `------ eventfd -----^
 *
 * One thread of the engine owns the ring.  The kernel ties a request to the
 * thread that gave it: if that thread ended the request would be cancelled,
 * and its completion would interrupt what the thread is waiting for.  Neither
 * may happen to the threads of a program that uses the library.
 *
 * The thread always has one read of the eventfd in the ring, so that it waits
 * in one place for completions and for new requests.
 *
 * Without liburing at build time there is no such engine: create says ENOSYS.
 */
#include "env/ioengine.h"

#include <errno.h>

#ifdef HAVE_LIBURING

#include <fcntl.h>
#include <liburing.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct request {
	struct request *next; /* that is free too */
	struct vm_io *io;
	struct iovecs vec;
};

/* All but the queue and wake belong to the thread. */
struct ioring {
	struct ioengine engine;
	struct swapqueue queue;
	int wake; /* eventfd: look at the queue */
	pthread_t thread;
	struct io_uring ring;
	uint64_t woken; /* what is read from wake */
	bool hearing;   /* that read is in the ring */
	bool sending;   /* the sender is in the ring */
	unsigned under_way;
	struct request *free;
	struct request sender; /* of no pages: to the disk */
	struct request requests[URING_DEPTH];
};

static struct ioring *
ring_of(struct ioengine *engine)
{
	return container_of(engine, struct ioring, engine);
}

/* The ring has an entry for each request, the eventfd and the sender. */
static struct io_uring_sqe *
entry(struct ioring *r)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->ring);

	VM_ASSERT(sqe != NULL);
	return sqe;
}

static void
give(struct ioring *r, struct request *req)
{
	struct io_uring_sqe *sqe = entry(r);
	const struct iovec *piece = &req->vec.piece[req->vec.first];
	unsigned n = req->vec.npieces - req->vec.first;
	uint64_t at = (uint64_t)req->vec.at;
	int fd = ioengine_file(req->io)->fd;

	if (req->io->write)
		io_uring_prep_writev(sqe, fd, piece, n, at);
	else
		io_uring_prep_readv(sqe, fd, piece, n, at);
	io_uring_sqe_set_data(sqe, req);
}

static void
give_waiting(struct ioring *r)
{
	struct request *req;
	struct vm_io *io;

	while (r->free != NULL && (io = swapqueue_take(&r->queue)) != NULL) {
		req = r->free;
		r->free = req->next;
		req->io = io;
		iovecs_init(&req->vec, io);
		r->under_way++;
		give(r, req);
	}
}

static void
hear(struct ioring *r)
{
	struct io_uring_sqe *sqe;

	if (r->hearing)
		return;
	sqe = entry(r);
	io_uring_prep_read(sqe, r->wake, &r->woken, sizeof(r->woken), 0);
	io_uring_sqe_set_data(sqe, NULL);
	r->hearing = true;
}

static void
completed(struct ioring *r, struct request *req, int result)
{
	int error = iovecs_result(&req->vec, result);

	if (error == EAGAIN) {
		give(r, req);
		return;
	}
	iovecs_end(&req->vec, req->io, error);
	req->next = r->free;
	r->free = req;
	r->under_way--;
}

static void
sent(struct ioring *r)
{
	r->sending = false;
	r->under_way--;
}

static void
reap(struct ioring *r)
{
	struct io_uring_cqe *cqe;
	struct request *req;
	int result;

	while (io_uring_peek_cqe(&r->ring, &cqe) == 0) {
		req = io_uring_cqe_get_data(cqe);
		result = cqe->res;
		io_uring_cqe_seen(&r->ring, cqe);
		if (req == NULL)
			r->hearing = false;
		else if (req == &r->sender)
			sent(r);
		else
			completed(r, req, result);
	}
}

/* A kernel that has no memory for the moment is asked again. */
static void
wait_for_some(struct ioring *r)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int n = io_uring_submit_and_wait(&r->ring, 1);

	if (n < 0 && n != -EINTR)
		(void)nanosleep(&moment, NULL);
}

static void *
work(void *arg)
{
	struct ioring *r = arg;

	for (;;) {
		give_waiting(r);
		if (r->under_way == 0 && swapqueue_is_closing(&r->queue))
			return NULL;
		hear(r);
		wait_for_some(r);
		reap(r);
	}
}

static void
tell(const struct ioring *r)
{
	const uint64_t one = 1;
	ssize_t n;

	do
		n = write(r->wake, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
}

/* Who finds others in the queue need not tell: the thread looks again. */
static void
ring_start(struct ioengine *engine, struct iofile *file, struct vm_io *io)
{
	struct ioring *r = ring_of(engine);

	io->store[1] = file;
	if (swapqueue_put(&r->queue, io))
		tell(r);
}

/* The kernel has a thread of its own for this one. */
static bool
ring_send(struct ioengine *engine, struct iofile *file)
{
	struct ioring *r = ring_of(engine);
	struct io_uring_sqe *sqe;

	if (r->sending)
		return false;
	sqe = entry(r);
	io_uring_prep_sync_file_range(sqe, file->fd, 0, 0,
	    SYNC_FILE_RANGE_WRITE);
	io_uring_sqe_set_data(sqe, &r->sender);
	r->sending = true;
	r->under_way++;
	return true;
}

static void
ring_free(struct ioring *r)
{
	if (r->wake >= 0)
		(void)close(r->wake);
	swapqueue_fini(&r->queue);
	r->engine.env->free(r->engine.env->ctx, r, sizeof(*r));
}

static void
ring_destroy(struct ioengine *engine)
{
	struct ioring *r = ring_of(engine);

	swapqueue_close(&r->queue);
	tell(r);
	(void)pthread_join(r->thread, NULL);
	io_uring_queue_exit(&r->ring);
	ring_free(r);
}

static void
ring_init(struct ioring *r, const struct vm_env *env)
{
	r->engine = (struct ioengine){ .ops = &ioring, .env = env };
	r->hearing = r->sending = false;
	r->under_way = 0;
	r->free = NULL;
	for (unsigned i = 0; i < URING_DEPTH; i++) {
		r->requests[i].next = r->free;
		r->free = &r->requests[i];
	}
	swapqueue_init(&r->queue);
	r->wake = eventfd(0, EFD_CLOEXEC);
}

static int
ring_create(const struct vm_env *env, struct ioengine **engine)
{
	struct ioring *r = env->alloc(env->ctx, sizeof(*r));
	int error;

	if (r == NULL)
		return ENOMEM;
	ring_init(r, env);
	error = r->wake < 0 ? errno : 0;
	if (error == 0)
		error = -io_uring_queue_init(2 * URING_DEPTH, &r->ring, 0);
	if (error != 0)
		goto no_ring;
	error = swapdev_thread(&r->thread, work, r);
	if (error != 0)
		goto no_thread;
	*engine = &r->engine;
	return 0;
no_thread:
	io_uring_queue_exit(&r->ring);
no_ring:
	ring_free(r);
	return error;
}

const struct ioengine_ops ioring = {
	.name = "io_uring",
	.create = ring_create,
	.start = ring_start,
	.send = ring_send,
	.destroy = ring_destroy,
};

#else

static int
ring_create(const struct vm_env *env, struct ioengine **engine)
{
	(void)env;
	(void)engine;
	return ENOSYS;
}

const struct ioengine_ops ioring = {
	.name = "io_uring",
	.create = ring_create,
};

#endif
