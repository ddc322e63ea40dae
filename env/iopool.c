/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iopool.c - the engine that works everywhere: threads.
 *
 * Each takes a request from the queue, moves its pages with preadv(2) or
 * pwritev(2), says so and takes the next.  As many requests are under way as
 * there are threads.
 */
#include "env/ioengine.h"

#include <errno.h>
#include <fcntl.h>

/* Field letters: (c) constant, (q) the queue's lock. */
struct iopool {
	struct ioengine engine;          /* (c) */
	struct swapqueue queue;          /* (q) */
	pthread_cond_t come;             /* a request, or the end */
	pthread_t threads[POOL_THREADS]; /* (c) */
	unsigned nthreads;               /* (c) */
};

static struct iopool *
pool_of(struct ioengine *engine)
{
	return container_of(engine, struct iopool, engine);
}

static ssize_t
move(const struct iovecs *v, int fd, bool write)
{
	const struct iovec *piece = &v->piece[v->first];
	int n = (int)(v->npieces - v->first);
	ssize_t done = write ? pwritev(fd, piece, n, v->at) :
			       preadv(fd, piece, n, v->at);

	return done < 0 ? -errno : done;
}

static void
serve(struct vm_io *io)
{
	int fd = ioengine_file(io)->fd, error;
	struct iovecs v;

	iovecs_init(&v, io);
	do
		error = iovecs_result(&v, move(&v, fd, io->write));
	while (error == EAGAIN);
	iovecs_end(&v, io, error);
}

/* => NULL: it is over */
static struct vm_io *
next(struct iopool *pool)
{
	struct swapqueue *q = &pool->queue;
	struct vm_io *io;

	(void)pthread_mutex_lock(&q->lock);
	while ((io = swapqueue_take_locked(q)) == NULL && !q->closing)
		(void)pthread_cond_wait(&pool->come, &q->lock);
	(void)pthread_mutex_unlock(&q->lock);
	return io;
}

static void *
work(void *arg)
{
	struct iopool *pool = arg;
	struct vm_io *io;

	while ((io = next(pool)) != NULL)
		serve(io);
	return NULL;
}

static void
pool_start(struct ioengine *engine, struct iofile *file, struct vm_io *io)
{
	struct iopool *pool = pool_of(engine);

	io->store[1] = file;
	(void)swapqueue_put(&pool->queue, io);
	(void)pthread_cond_signal(&pool->come);
}

/* In a thread of the pool: no request of others waits for this. */
static bool
pool_send(struct ioengine *engine, struct iofile *file)
{
	(void)engine;
	(void)sync_file_range(file->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return true;
}

static void
pool_destroy(struct ioengine *engine)
{
	struct iopool *pool = pool_of(engine);

	swapqueue_close(&pool->queue);
	(void)pthread_cond_broadcast(&pool->come);
	while (pool->nthreads > 0)
		(void)pthread_join(pool->threads[--pool->nthreads], NULL);
	(void)pthread_cond_destroy(&pool->come);
	swapqueue_fini(&pool->queue);
	engine->env->free(engine->env->ctx, pool, sizeof(*pool));
}

static int
begin_threads(struct iopool *pool)
{
	int error = 0;

	while (error == 0 && pool->nthreads < POOL_THREADS) {
		error = swapdev_thread(&pool->threads[pool->nthreads], work,
		    pool);
		pool->nthreads += error == 0;
	}
	return pool->nthreads > 0 ? 0 : error;
}

static int
pool_create(const struct vm_env *env, struct ioengine **engine)
{
	struct iopool *pool = env->alloc(env->ctx, sizeof(*pool));
	int error;

	if (pool == NULL)
		return ENOMEM;
	pool->engine = (struct ioengine){ .ops = &iopool, .env = env };
	pool->nthreads = 0;
	swapqueue_init(&pool->queue);
	(void)pthread_cond_init(&pool->come, NULL);
	error = begin_threads(pool);
	if (error != 0) {
		pool_destroy(&pool->engine);
		return error;
	}
	*engine = &pool->engine;
	return 0;
}

const struct ioengine_ops iopool = {
	.name = "threads",
	.create = pool_create,
	.start = pool_start,
	.send = pool_send,
	.destroy = pool_destroy,
};
