/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel.c - a channel between two address spaces that copies nothing.
 *
 *	channel [MESSAGES [KILOBYTES]]
 *
 *	sender	[ message ]--.			 .-->[ message ] receiver
 *			      `-- bsdvm_lend ---'
 *
 * A message is a range of pages.  The sender lends it to the receiver's space,
 * and may write the next one over it at once: the pages that it writes are
 * copied then, or not at all if the receiver is ready with them.  What the
 * receiver has it may write as well.
 */
#include <bsdvm/vm.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 8

struct message {
	unsigned char *bytes; /* in the receiver's space */
	size_t len;
};

struct channel {
	struct bsdvm_space *to;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct message queue[DEPTH];
	size_t sent, received;
};

static void
must(int error, const char *what)
{
	if (error == 0)
		return;
	(void)fprintf(stderr, "channel: %s: %s\n", what, bsdvm_strerror(error));
	exit(1);
}

static void
channel_send(struct channel *c, const void *bytes, size_t len)
{
	void *there = NULL;

	(void)pthread_mutex_lock(&c->lock);
	while (c->sent - c->received == DEPTH)
		(void)pthread_cond_wait(&c->changed, &c->lock);
	(void)pthread_mutex_unlock(&c->lock);

	must(bsdvm_lend(bytes, len, c->to, &there), "lend");

	(void)pthread_mutex_lock(&c->lock);
	c->queue[c->sent++ % DEPTH] = (struct message){ there, len };
	(void)pthread_cond_signal(&c->changed);
	(void)pthread_mutex_unlock(&c->lock);
}

static struct message
channel_receive(struct channel *c)
{
	struct message m;

	(void)pthread_mutex_lock(&c->lock);
	while (c->sent == c->received)
		(void)pthread_cond_wait(&c->changed, &c->lock);
	m = c->queue[c->received++ % DEPTH];
	(void)pthread_cond_signal(&c->changed);
	(void)pthread_mutex_unlock(&c->lock);
	return m;
}

/* ---------------------------------------------------------------- use */

struct job {
	struct channel channel;
	size_t messages, len;
};

static void *
receiver(void *arg)
{
	struct job *job = arg;

	for (size_t i = 0; i < job->messages; i++) {
		struct message m = channel_receive(&job->channel);

		for (size_t at = 0; at < m.len; at += BSDVM_PAGE_SIZE)
			if (m.bytes[at] != (unsigned char)(i + 1))
				must(BSDVM_EIO, "not what was sent");
		m.bytes[0] = 0; /* ours alone */
		must(bsdvm_munmap(m.bytes, m.len), "munmap");
	}
	return NULL;
}

static void
sender(struct job *job, unsigned char *bytes)
{
	for (size_t i = 0; i < job->messages; i++) {
		memset(bytes, (int)(i + 1), job->len);
		channel_send(&job->channel, bytes, job->len);
	}
}

static uint64_t
counter(struct bsdvm_system *sys, const char *name)
{
	uint64_t value = 0;

	must(bsdvm_counter(sys, name, &value), name);
	return value;
}

int
main(int argc, char **argv)
{
	struct job job = {
		.channel = { .lock = PTHREAD_MUTEX_INITIALIZER,
		    .changed = PTHREAD_COND_INITIALIZER },
		.messages = argc > 1 ? strtoul(argv[1], NULL, 10) : 200,
		.len = (argc > 2 ? strtoul(argv[2], NULL, 10) : 256) << 10,
	};
	const struct bsdvm_config config = { .memory = (uint64_t)64 << 20 };
	struct bsdvm_system *sys;
	struct bsdvm_space *from;
	pthread_t thread;
	void *bytes;

	must(bsdvm_system_create(&config, &sys, NULL), "system");
	must(bsdvm_space_create(sys, &from), "space");
	must(bsdvm_space_create(sys, &job.channel.to), "space");
	must(bsdvm_map_anon(from, job.len, &bytes), "memory");
	if (pthread_create(&thread, NULL, receiver, &job) != 0)
		must(BSDVM_ENOMEM, "thread");
	sender(&job, bytes);
	(void)pthread_join(thread, NULL);
	(void)printf("%zu messages of %zu KB: %llu pages lent, %llu copied as "
		     "both had them when one wrote\n",
	    job.messages, job.len >> 10,
	    (unsigned long long)counter(sys, "loans"),
	    (unsigned long long)counter(sys, "loan_breaks") +
		(unsigned long long)counter(sys, "flt_acow"));
	bsdvm_space_destroy(from);
	bsdvm_space_destroy(job.channel.to);
	return bsdvm_system_destroy(sys);
}
