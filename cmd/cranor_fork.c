/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cranor_fork.c - Figure 6: fork a process of 0 to 16 MB, wait for its end.
 *
 *	parent	[ stack ]  [ memory, all of it written before )
 *	child	  write      touched: write to one page of it;  exit
 *	parent	  write
 *
 * The cycle repeats: it begins where the last child has left things.
 */
#include "cmd/cranor_part.h"

#include "cmd/count.h"
#include "cmd/progress.h"
#include "cmd/rig.h"

#define MB     ((vsize_t)1 << 20)
#define NPAGES 8192 /* of the machine */
#define WARM   3    /* cycles before any is counted */
#define CYCLES 10

static const struct point {
	const char *label;
	double bsd, uvm; /* us */
	vsize_t size;
	bool touched;
} points[] = {
	{ "touched, 0 MB", 778, 660, 0, true },
	{ "touched, 1 MB", 1128, 817, 1 * MB, true },
	{ "touched, 4 MB", 1792, 1064, 4 * MB, true },
	{ "touched, 8 MB", 2739, 1528, 8 * MB, true },
	{ "touched, 12 MB", 3817, 2035, 12 * MB, true },
	{ "touched, 16 MB", 4867, 2349, 16 * MB, true },
	{ "untouched, 0 MB", 778, 660, 0, false },
	{ "untouched, 1 MB", 831, (double)NAN, 1 * MB, false },
	{ "untouched, 4 MB", 953, 663, 4 * MB, false },
	{ "untouched, 8 MB", 1114, 663, 8 * MB, false },
	{ "untouched, 12 MB", 1303, 663, 12 * MB, false },
	{ "untouched, 16 MB", 1503, 667, 16 * MB, false },
};

/* What one more MB costs: from these two sizes. */
static const struct slope {
	const char *label;
	double bsd, uvm; /* us */
	vsize_t low, high;
	bool touched;
} slopes[] = {
	{ "touched, each MB", 256, 106, 1 * MB, 2 * MB, true },
	{ "untouched, each MB", 45, 0, 1 * MB, 2 * MB, false },
};

#define NPOINTS (sizeof(points) / sizeof(points[0]))
#define NSLOPES (sizeof(slopes) / sizeof(slopes[0]))

struct family {
	struct rig rig;
	vaddr_t stack, memory;
	bool touch;
};

static void
run_cycle(void *arg)
{
	struct family *fam = arg;
	struct vmspace *child = rig_fork(&fam->rig);

	rig_touch(child, fam->stack, VM_PROT_WRITE);
	if (fam->touch)
		rig_touch(child, fam->memory, VM_PROT_WRITE);
	vmspace_unref(child);
	rig_touch(fam->rig.space, fam->stack, VM_PROT_WRITE);
}

static vaddr_t
make_memory(struct rig *rig, vsize_t len)
{
	const struct rig_mapping m = { .len = len, .prot = VM_PROT_RW };
	vaddr_t va = rig_map(rig, &m);

	rig_touch_all(rig->space, va, len, VM_PROT_WRITE);
	return va;
}

/* A page between the two, which is not theirs, keeps them apart. */
static void
init_family(struct family *fam, const struct vm_design *d, vsize_t size,
    bool touched)
{
	const struct rig_mapping apart = { .len = VM_PAGE_SIZE,
		.prot = VM_PROT_NONE };

	rig_init(&fam->rig, d, NPAGES);
	fam->stack = make_memory(&fam->rig, VM_PAGE_SIZE);
	(void)rig_map(&fam->rig, &apart);
	if (size > 0)
		fam->memory = make_memory(&fam->rig, size);
	fam->touch = touched && size > 0;
	for (unsigned i = 0; i < WARM; i++)
		run_cycle(fam);
}

static void
time_point(struct cranor *c, const struct point *p, double *us)
{
	static struct family families[OPTION_DESIGNS_MAX];
	void *args[OPTION_DESIGNS_MAX];
	size_t n = c->options->count;

	for (size_t i = 0; i < n; i++) {
		init_family(&families[i], c->options->designs[i], p->size,
		    p->touched);
		args[i] = &families[i];
	}
	count_times(run_cycle, args, n, CYCLES, us);
	for (size_t i = 0; i < n; i++) {
		rig_fini(&families[i].rig);
		us[i] /= 1000;
	}
}

static double
instructions(const struct vm_design *d, vsize_t size, bool touched)
{
	struct family fam;
	double n;

	init_family(&fam, d, size, touched);
	rig_leave_contents(&fam.rig);
	n = count_instructions(run_cycle, &fam);
	rig_fini(&fam.rig);
	return n;
}

static double
steepness(struct cranor *c, const struct vm_design *d, const void *slope)
{
	const struct slope *s = slope;

	(void)c;
	return instructions(d, s->high, s->touched) -
	    instructions(d, s->low, s->touched);
}

static bool
measure_slope(struct cranor *c, const struct slope *s)
{
	const struct figure_row like = { .figure = "figure6",
		.title = "Figure 6",
		.measure = "instructions, without contents of pages",
		.label = s->label,
		.bsd = s->bsd,
		.uvm = s->uvm,
		.paper = "us" };

	return cranor_row(c, &like, steepness, s);
}

static bool
measure_point(struct cranor *c, const struct point *p)
{
	const struct figure_row like = { .figure = "figure6",
		.title = "Figure 6",
		.measure = "us, median",
		.label = p->label,
		.bsd = p->bsd,
		.uvm = p->uvm };
	struct figure_row *row = figures_add(&c->figures, &like);

	if (row == NULL)
		return false;
	progress("Figure 6: %s", p->label);
	time_point(c, p, row->values);
	return trial_signal() == 0;
}

bool
cranor_fork(struct cranor *c)
{
	for (size_t k = 0; k < NSLOPES; k++)
		if (!measure_slope(c, &slopes[k]))
			return false;
	for (size_t k = 0; k < NPOINTS; k++)
		if (!measure_point(c, &points[k]))
			return false;
	return true;
}
