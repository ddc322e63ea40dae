/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cranor_files.c - Figure 2: map N files of 64 KB one after the other, touch
 * all their pages, unmap them; after all of them have been read once.
 *
 * A system that keeps the pages of N files has nothing to read.  One that
 * keeps those of the 100 latest reads all of them again when there are more,
 * for they come round in the same order.
 */
#include "cmd/cranor_part.h"

#include "cmd/count.h"
#include "cmd/rig.h"

#define FILE_SIZE ((vsize_t)64 << 10)
#define FILES_MAX 500
#define NPAGES    16384 /* of the machine: twice what 500 files have */

static const struct cranor_point points[] = {
	{ "10 files", 10, 0.02, 0.01 },
	{ "50 files", 50, 0.08, 0.07 },
	{ "90 files", 90, 0.15, 0.12 },
	{ "100 files", 100, 1.18, 0.13 },
	{ "150 files", 150, 1.68, 0.20 },
	{ "200 files", 200, 2.15, 0.26 },
	{ "300 files", 300, 3.12, 0.40 },
	{ "400 files", 400, 4.11, 0.53 },
	{ "500 files", 500, 5.03, 0.66 },
};

#define NPOINTS (sizeof(points) / sizeof(points[0]))

/* The tables, in the order of their rows. */
enum { REQUESTS, PAGES, TIME, NTABLES };

static const char *const measures[NTABLES] = {
	"requests to read, once all files have been read",
	"pages read, once all files have been read",
	"us, median",
};

struct reader {
	struct rig rig;
	struct rig_file files[FILES_MAX];
	unsigned count;
};

static void
read_all(void *arg)
{
	struct reader *r = arg;

	for (unsigned i = 0; i < r->count; i++) {
		const struct rig_mapping m = { .file = &r->files[i],
			.len = FILE_SIZE,
			.prot = VM_PROT_READ,
			.shared = true };
		vaddr_t va = rig_map(&r->rig, &m);

		rig_touch_all(r->rig.space, va, FILE_SIZE, VM_PROT_READ);
		rig_unmap(&r->rig, va, FILE_SIZE);
	}
}

static void
init_reader(struct reader *r, const struct vm_design *d, unsigned files)
{
	rig_init(&r->rig, d, NPAGES);
	r->count = files;
	for (unsigned i = 0; i < files; i++)
		r->files[i] = (struct rig_file){ .number = i + 1,
			.size = FILE_SIZE };
	read_all(r);
}

/* rows: of this point in the first table; in the others NPOINTS further on. */
static void
count_reads(struct reader *r, struct figure_row *rows, size_t i)
{
	const struct vm_stats *s = &r->rig.sys->stats;
	uint64_t requests = rig_count(&s->pagein_io);
	uint64_t pages = rig_count(&s->pageins);

	read_all(r);
	rows[REQUESTS * NPOINTS].values[i] = (double)(rig_count(&s->pagein_io) -
	    requests);
	rows[PAGES * NPOINTS].values[i] = (double)(rig_count(&s->pageins) -
	    pages);
}

static void
measure(struct cranor *c, struct figure_row *rows, unsigned files)
{
	static struct reader readers[OPTION_DESIGNS_MAX];
	double *us = rows[TIME * NPOINTS].values;
	void *args[OPTION_DESIGNS_MAX] = { NULL };
	size_t n = c->options->count;

	for (size_t i = 0; i < n; i++) {
		init_reader(&readers[i], c->options->designs[i], files);
		count_reads(&readers[i], rows, i);
		args[i] = &readers[i];
	}
	count_times(read_all, args, n, 1, us);
	for (size_t i = 0; i < n; i++) {
		rig_fini(&readers[i].rig);
		us[i] /= 1000;
	}
}

bool
cranor_files(struct cranor *c)
{
	const struct cranor_points all = {
		.figure = "figure2",
		.title = "Figure 2",
		.points = points,
		.npoints = NPOINTS,
		.measures = measures,
		.ntables = NTABLES,
		.measure = measure,
	};

	return cranor_points(c, &all);
}
