/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot.c - a server whose state is written out while it goes on.
 *
 *	snapshot [SNAPSHOTS [MEGABYTES]]
 *
 *	bank  ---- transfers ---- fork ------------ transfers -------->
 *				    `--> copy: read, written to a file
 *
 * A thread moves money between the accounts of a bank, as fast as it can.
 * Again and again the bank's space is forked between two transfers; the child
 * is the bank at that moment, whatever becomes of it, and only pages that are
 * written meanwhile are copied.  In every file there has to be as much money as
 * there ever was.
 */
#include <bsdvm/vm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define EACH  1000
#define CHUNK ((size_t)65536)

struct bank {
	pthread_mutex_t lock; /* held during a transfer, and a fork */
	atomic_bool closing;
	uint64_t transfers;
	size_t naccounts;
	int64_t *accounts; /* in a window */
};

static void
must(int error, const char *what)
{
	if (error == 0)
		return;
	(void)fprintf(stderr, "snapshot: %s: %s\n", what,
	    bsdvm_strerror(error));
	exit(1);
}

static void *
serve(void *arg)
{
	struct bank *b = arg;
	uint64_t x = 88172645463325252u;

	while (!atomic_load(&b->closing)) {
		size_t from, to;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		from = (size_t)(x >> 8) % b->naccounts;
		to = (size_t)(x >> 32) % b->naccounts;
		(void)pthread_mutex_lock(&b->lock);
		b->accounts[from] -= (int64_t)(x & 63);
		b->accounts[to] += (int64_t)(x & 63);
		b->transfers++;
		(void)pthread_mutex_unlock(&b->lock);
	}
	return NULL;
}

/* The kernel knows nothing of faults in a window, so what is written to a file
 * is read out of the window first. */
static void
write_out(const char *from, size_t bytes, FILE *f)
{
	char chunk[CHUNK];

	for (size_t at = 0; at < bytes; at += CHUNK) {
		must(bsdvm_read(from + at, chunk, CHUNK, NULL), "read");
		if (fwrite(chunk, 1, CHUNK, f) != CHUNK)
			must(BSDVM_EIO, "write");
	}
}

static int64_t
money_in(FILE *f)
{
	int64_t account, sum = 0;

	rewind(f);
	while (fread(&account, sizeof(account), 1, f) == 1)
		sum += account;
	return sum;
}

/* How many transfers went on meanwhile. */
static uint64_t
snapshot(struct bank *b, FILE *f)
{
	struct bsdvm_space *copy;
	uint64_t before, after;

	(void)pthread_mutex_lock(&b->lock);
	must(bsdvm_space_fork(bsdvm_space_of(b->accounts), &copy), "fork");
	before = b->transfers;
	(void)pthread_mutex_unlock(&b->lock);

	write_out(bsdvm_translate(copy, b->accounts),
	    b->naccounts * sizeof(b->accounts[0]), f);
	bsdvm_space_destroy(copy);

	(void)pthread_mutex_lock(&b->lock);
	after = b->transfers;
	(void)pthread_mutex_unlock(&b->lock);
	return after - before;
}

int
main(int argc, char **argv)
{
	size_t snapshots = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;
	size_t bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 8) << 20;
	struct bank b = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.naccounts = bytes / sizeof(b.accounts[0]) };
	const struct bsdvm_config config = { .memory = 2 * bytes + (4 << 20) };
	struct bsdvm_system *sys;
	struct bsdvm_space *space;
	uint64_t meanwhile = 0;
	pthread_t server;
	void *p;

	must(bsdvm_system_create(&config, &sys, NULL), "system");
	must(bsdvm_space_create(sys, &space), "space");
	must(bsdvm_map_anon(space, bytes, &p), "memory");
	b.accounts = p;
	for (size_t i = 0; i < b.naccounts; i++)
		b.accounts[i] = EACH;
	if (pthread_create(&server, NULL, serve, &b) != 0)
		must(BSDVM_ENOMEM, "thread");
	for (size_t i = 0; i < snapshots; i++) {
		FILE *f = tmpfile();

		if (f == NULL)
			must(BSDVM_EIO, "file");
		meanwhile += snapshot(&b, f);
		if (money_in(f) != (int64_t)b.naccounts * EACH)
			must(BSDVM_EIO, "money is missing");
		(void)fclose(f);
	}
	atomic_store(&b.closing, true);
	(void)pthread_join(server, NULL);
	(void)printf("%zu snapshots of %zu MB: all the money is there; %llu of "
		     "%llu transfers were made while one was written\n",
	    snapshots, bytes >> 20, (unsigned long long)meanwhile,
	    (unsigned long long)b.transfers);
	bsdvm_space_destroy(space);
	return bsdvm_system_destroy(sys);
}
