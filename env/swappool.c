/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swappool.c - the engine of swap files that works everywhere: threads.
 *
 * Each takes a request from the queue, moves its pages with preadv(2) or
 * pwritev(2), says so and takes the next.  As many requests are under way as
 * there are threads.
 */
#include "env/swapengine.h"

#include <errno.h>

/* Field letters: (c) constant, (q) the queue's lock. */
struct swappool {
	struct swapengine engine;            /* (c) */
	struct swapqueue queue;              /* (q) */
	pthread_cond_t come;                 /* a request, or the end */
	pthread_t threads[SWAPPOOL_THREADS]; /* (c) */
	unsigned nthreads;                   /* (c) */
};

static struct swappool *
pool_of(struct swapengine *engine)
{
	return container_of(engine, struct swappool, engine);
}

static ssize_t
move(const struct swappool *pool, const struct swapvec *v, bool write)
{
	const struct iovec *piece = &v->piece[v->first];
	int n = (int)(v->npieces - v->first);
	ssize_t done = write ? pwritev(pool->engine.fd, piece, n, v->at) :
			       preadv(pool->engine.fd, piece, n, v->at);

	return done < 0 ? -errno : done;
}

static void
serve(struct swappool *pool, struct vm_io *io)
{
	struct swapvec v;
	int error;

	swapvec_init(&v, &pool->engine, io);
	do
		error = swapvec_result(&v, move(pool, &v, io->write));
	while (error == EAGAIN);
	pool->engine.end(&pool->engine, io, error);
}

/* => NULL: it is over */
static struct vm_io *
next(struct swappool *pool)
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
	struct swappool *pool = arg;
	struct vm_io *io;

	while ((io = next(pool)) != NULL)
		serve(pool, io);
	return NULL;
}

static void
pool_start(struct swapengine *engine, struct vm_io *io)
{
	struct swappool *pool = pool_of(engine);

	(void)swapqueue_put(&pool->queue, io);
	(void)pthread_cond_signal(&pool->come);
}

static void
pool_destroy(struct swapengine *engine)
{
	struct swappool *pool = pool_of(engine);

	swapqueue_close(&pool->queue);
	(void)pthread_cond_broadcast(&pool->come);
	while (pool->nthreads > 0)
		(void)pthread_join(pool->threads[--pool->nthreads], NULL);
	(void)pthread_cond_destroy(&pool->come);
	swapqueue_fini(&pool->queue);
	engine->env->free(engine->env->ctx, pool, sizeof(*pool));
}

static int
begin_threads(struct swappool *pool)
{
	int error = 0;

	while (error == 0 && pool->nthreads < SWAPPOOL_THREADS) {
		error = swapdev_thread(&pool->threads[pool->nthreads], work,
		    pool);
		pool->nthreads += error == 0;
	}
	return pool->nthreads > 0 ? 0 : error;
}

static int
pool_create(const struct swapengine *like, struct swapengine **engine)
{
	struct swappool *pool = like->env->alloc(like->env->ctx, sizeof(*pool));
	int error;

	if (pool == NULL)
		return ENOMEM;
	pool->engine = *like;
	pool->engine.ops = &swappool;
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

const struct swapengine_ops swappool = {
	.name = "threads",
	.create = pool_create,
	.start = pool_start,
	.destroy = pool_destroy,
};
