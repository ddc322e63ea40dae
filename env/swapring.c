/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapring.c - the engine of swap files over io_uring(7), by liburing.
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
#include "env/swapengine.h"

#include <errno.h>

#ifdef HAVE_LIBURING

#include <liburing.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct request {
	struct request *next; /* that is free too */
	struct vm_io *io;
	struct swapvec vec;
};

/* All but the queue and wake belong to the thread. */
struct swapring {
	struct swapengine engine;
	struct swapqueue queue;
	int wake; /* eventfd: look at the queue */
	pthread_t thread;
	struct io_uring ring;
	uint64_t woken; /* what is read from wake */
	bool hearing;   /* that read is in the ring */
	unsigned under_way;
	struct request *free;
	struct request requests[SWAPRING_DEPTH];
};

static struct swapring *
ring_of(struct swapengine *engine)
{
	return container_of(engine, struct swapring, engine);
}

/* The ring has an entry for each request and one for the eventfd. */
static struct io_uring_sqe *
entry(struct swapring *r)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->ring);

	VM_ASSERT(sqe != NULL);
	return sqe;
}

static void
give(struct swapring *r, struct request *req)
{
	struct io_uring_sqe *sqe = entry(r);
	const struct iovec *piece = &req->vec.piece[req->vec.first];
	unsigned n = req->vec.npieces - req->vec.first;
	uint64_t at = (uint64_t)req->vec.at;

	if (req->io->write)
		io_uring_prep_writev(sqe, r->engine.fd, piece, n, at);
	else
		io_uring_prep_readv(sqe, r->engine.fd, piece, n, at);
	io_uring_sqe_set_data(sqe, req);
}

static void
give_waiting(struct swapring *r)
{
	struct request *req;
	struct vm_io *io;

	while (r->free != NULL && (io = swapqueue_take(&r->queue)) != NULL) {
		req = r->free;
		r->free = req->next;
		req->io = io;
		swapvec_init(&req->vec, &r->engine, io);
		r->under_way++;
		give(r, req);
	}
}

static void
hear(struct swapring *r)
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
completed(struct swapring *r, struct request *req, int result)
{
	struct vm_io *io = req->io;
	int error = swapvec_result(&req->vec, result);

	if (error == EAGAIN) {
		give(r, req);
		return;
	}
	req->next = r->free;
	r->free = req;
	r->under_way--;
	r->engine.end(&r->engine, io, error);
}

static void
reap(struct swapring *r)
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
		else
			completed(r, req, result);
	}
}

/* A kernel that has no memory for the moment is asked again. */
static void
wait_for_some(struct swapring *r)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int n = io_uring_submit_and_wait(&r->ring, 1);

	if (n < 0 && n != -EINTR)
		(void)nanosleep(&moment, NULL);
}

static void *
work(void *arg)
{
	struct swapring *r = arg;

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
tell(const struct swapring *r)
{
	const uint64_t one = 1;
	ssize_t n;

	do
		n = write(r->wake, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
}

/* Who finds others in the queue need not tell: the thread looks again. */
static void
ring_start(struct swapengine *engine, struct vm_io *io)
{
	struct swapring *r = ring_of(engine);

	if (swapqueue_put(&r->queue, io))
		tell(r);
}

static void
ring_free(struct swapring *r)
{
	if (r->wake >= 0)
		(void)close(r->wake);
	swapqueue_fini(&r->queue);
	r->engine.env->free(r->engine.env->ctx, r, sizeof(*r));
}

static void
ring_destroy(struct swapengine *engine)
{
	struct swapring *r = ring_of(engine);

	swapqueue_close(&r->queue);
	tell(r);
	(void)pthread_join(r->thread, NULL);
	io_uring_queue_exit(&r->ring);
	ring_free(r);
}

static void
ring_init(struct swapring *r, const struct swapengine *like)
{
	r->engine = *like;
	r->engine.ops = &swapring;
	r->hearing = false;
	r->under_way = 0;
	r->free = NULL;
	for (unsigned i = 0; i < SWAPRING_DEPTH; i++) {
		r->requests[i].next = r->free;
		r->free = &r->requests[i];
	}
	swapqueue_init(&r->queue);
	r->wake = eventfd(0, EFD_CLOEXEC);
}

static int
ring_create(const struct swapengine *like, struct swapengine **engine)
{
	struct swapring *r = like->env->alloc(like->env->ctx, sizeof(*r));
	int error;

	if (r == NULL)
		return ENOMEM;
	ring_init(r, like);
	error = r->wake < 0 ? errno : 0;
	if (error == 0)
		error = -io_uring_queue_init(2 * SWAPRING_DEPTH, &r->ring, 0);
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

const struct swapengine_ops swapring = {
	.name = "io_uring",
	.create = ring_create,
	.start = ring_start,
	.destroy = ring_destroy,
};

#else

static int
ring_create(const struct swapengine *like, struct swapengine **engine)
{
	(void)like;
	(void)engine;
	return ENOSYS;
}

const struct swapengine_ops swapring = {
	.name = "io_uring",
	.create = ring_create,
};

#endif
