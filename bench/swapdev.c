/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapdev FILE MEGABYTES: what a swap file moves in a second, in clusters of
 * 64 pages, beside plain pwrite(2) and pread(2) of the same pieces of the same
 * file.  Each line is the best of some rounds:
 *
 *	plain	  one thread, a cluster after the other
 *	io_uring  both engines of env/swapfile.h, by the device's start(), many
 *	threads	  clusters under way
 *
 * written	to the file's cache and from there to the disk: until fdatasync
 *		has ended
 * cached	read, from the host's cache of the file
 * read		read, from the disk: the cache was emptied
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/samples.h"
#include "env/posix.h"
#include "env/swapfile.h"

enum { ROUNDS = 5, WINDOW = 16 };

#define CLUSTER (VM_CLUSTER_MAX * VM_PAGE_SIZE)

/* A way to move all clusters of the file. */
struct way {
	const char *name;
	enum swapfile_engine engine;
	bool plain;
};

static const struct way ways[] = {
	{ .name = "plain", .plain = true },
	{ .name = "io_uring", .engine = SWAPFILE_URING },
	{ .name = "threads", .engine = SWAPFILE_THREADS },
};

struct slot {
	struct vm_io io;
	sem_t ended;
};

static struct slot slots[WINDOW];
static char *memory; /* WINDOW clusters */
static const char *path;
static uint64_t nclusters;

static void
ended(struct vm_io *io)
{
	struct slot *s = container_of(io, struct slot, io);

	(void)sem_post(&s->ended);
}

static void
wait_for(struct slot *s)
{
	while (sem_wait(&s->ended) != 0)
		continue;
	if (s->io.error != 0)
		errx(1, "%s: a transfer failed", path);
}

static void
init_slots(void)
{
	memory = aligned_alloc(VM_PAGE_SIZE, WINDOW * CLUSTER);
	if (memory == NULL)
		err(1, "memory");
	memset(memory, 0x5a, WINDOW * CLUSTER);
	for (unsigned i = 0; i < WINDOW; i++) {
		(void)sem_init(&slots[i].ended, 0, 0);
		slots[i].io.npages = VM_CLUSTER_MAX;
		slots[i].io.done = ended;
		/* The pages of a cluster are of all places, as real ones. */
		for (unsigned p = 0; p < VM_CLUSTER_MAX; p++)
			slots[i].io.addr[p] = memory + vm_ptoa(p * WINDOW + i);
	}
}

static void
move_by_device(const struct vm_swap_device *device, bool write)
{
	uint64_t n;

	for (n = 0; n < nclusters; n++) {
		struct slot *s = &slots[n % WINDOW];

		if (n >= WINDOW)
			wait_for(s);
		s->io.write = write;
		s->io.offset = n * CLUSTER;
		device->ops->start(device->dev, &s->io);
	}
	for (n = 0; n < WINDOW && n < nclusters; n++)
		wait_for(&slots[n]);
}

static void
move_plainly(int fd, bool write)
{
	for (uint64_t n = 0; n < nclusters; n++) {
		char *at = memory + n % WINDOW * CLUSTER;
		off_t where = (off_t)(VM_PAGE_SIZE + n * CLUSTER);
		ssize_t done = write ? pwrite(fd, at, CLUSTER, where) :
				       pread(fd, at, CLUSTER, where);

		if (done != (ssize_t)CLUSTER)
			err(1, "%s", path);
	}
}

static void
move(const struct way *way, const struct vm_swap_device *device, int fd,
    bool write)
{
	if (way->plain)
		move_plainly(fd, write);
	else
		move_by_device(device, write);
}

/* Megabytes a second of one of three. */
static double
measure(const struct way *way, const struct vm_swap_device *device, int fd,
    char what)
{
	double began;

	(void)fdatasync(fd);
	if (what == 'r')
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	began = now();
	move(way, device, fd, what == 'w');
	if (what == 'w' && fdatasync(fd) != 0)
		err(1, "%s", path);
	return (double)(nclusters * CLUSTER) / (now() - began);
}

int
main(int argc, char **argv)
{
	static const char whats[] = "wcr";
	double best[3][3] = { { 0 } }, rate;
	struct swapfile_config config = { .env = &posix_env };
	struct swapdev_why why;
	struct vm_swap_device device = { 0 };
	int fd;

	if (argc != 3)
		errx(2, "usage: swapdev FILE MEGABYTES");
	path = config.path = argv[1];
	nclusters = strtoull(argv[2], NULL, 10) * 1000000 / CLUSTER;
	config.size = VM_PAGE_SIZE + nclusters * CLUSTER;
	init_slots();
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned w = 0; w < 3; w++) {
			config.engine = ways[w].engine;
			if (!swapfile_open(&config, &device, &why)) {
				warnx("%s: %s", ways[w].name, why.text);
				continue;
			}
			fd = open(path, O_RDWR);
			if (fd < 0)
				err(1, "%s", path);
			for (unsigned i = 0; i < 3; i++) {
				rate = measure(&ways[w], &device, fd, whats[i]);
				if (rate > best[w][i])
					best[w][i] = rate;
			}
			(void)close(fd);
			swapdev_close(&device);
		}
	}
	printf("%-10s %10s %10s %10s   MB/s\n", "", "written", "cached",
	    "read");
	for (unsigned w = 0; w < 3; w++)
		printf("%-10s %10.0f %10.0f %10.0f\n", ways[w].name, best[w][0],
		    best[w][1], best[w][2]);
	return 0;
}
