/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cranor_paging.c - Figure 5: allocate N MB and touch every page, in 32 MB of
 * memory.
 *
 * Up to the size of memory nothing is written.  Beyond it each page that is
 * touched costs one that goes; what a system pays for that is how many go in
 * one request.  Swap is memory here, so the requests are counted: on a disk of
 * the paper's days, they are the time.
 */
#include "cmd/cranor_part.h"

#include "cmd/rig.h"

#define MB        ((vsize_t)1 << 20)
#define MEMORY    (32 * MB)
#define SWAP      (64 * MB)
#define NOT_KNOWN NAN

static const struct cranor_point points[] = {
	{ "10 MB", 10, 0.24, 0.39 },
	{ "25 MB", 25, 0.24, 0.39 },
	{ "30 MB", 30, 11.9, 0.85 },
	{ "32 MB", 32, NOT_KNOWN, NOT_KNOWN },
	{ "35 MB", 35, 19.2, 1.35 },
	{ "40 MB", 40, 27.6, 1.89 },
	{ "45 MB", 45, 34.1, 2.39 },
	{ "50 MB", 50, 42.4, 2.96 },
};

#define NPOINTS (sizeof(points) / sizeof(points[0]))

/* The tables, in the order of their rows. */
enum { REQUESTS, PAGES, NTABLES };

static const char *const measures[NTABLES] = {
	"requests to write to swap",
	"pages written to swap",
};

static void
touch(struct rig *rig, vsize_t len)
{
	const struct rig_mapping m = {
		.len = len,
		.prot = VM_PROT_RW,
	};
	vaddr_t va = rig_map(rig, &m);

	rig_touch_all(rig->space, va, len, VM_PROT_WRITE);
	rig_unmap(rig, va, len);
}

/* row: of this point in the first table; in the others NPOINTS further on. */
static void
measure(struct cranor *c, struct figure_row *row, unsigned megabytes)
{
	struct rig rig;

	for (size_t i = 0; i < c->options->count; i++) {
		rig_init(&rig, c->options->designs[i], vm_atop(MEMORY));
		rig_swap_on(&rig, vm_atop(SWAP));
		touch(&rig, megabytes * MB);
		row[REQUESTS * NPOINTS].values[i] = (double)rig_count(
		    &rig.sys->stats.pageout_io);
		row[PAGES * NPOINTS].values[i] = (double)rig_count(
		    &rig.sys->stats.pageouts);
		rig_fini(&rig);
	}
}

bool
cranor_paging(struct cranor *c)
{
	const struct cranor_points all = {
		.figure = "figure5",
		.title = "Figure 5",
		.points = points,
		.npoints = NPOINTS,
		.measures = measures,
		.ntables = NTABLES,
		.measure = measure,
	};

	return cranor_points(c, &all);
}
