/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cranor_cases.c - Table 3: map one page, take the fault on it, unmap it.
 *
 * The file's page is in memory throughout.
 */
#include "cmd/cranor_part.h"

#include "cmd/count.h"
#include "cmd/progress.h"
#include "cmd/rig.h"

#define NPAGES 1024 /* of the machine */
#define WARM   100  /* cycles before any is counted */
#define CYCLES 2000

static const struct cycle_case {
	const char *label;
	double bsd, uvm; /* us */
	vm_prot_t access;
	bool file, shared;
} cases[] = {
	{ "read/shared file", 24, 21, VM_PROT_READ, true, true },
	{ "read/private file", 48, 22, VM_PROT_READ, true, false },
	{ "write/shared file", 113, 100, VM_PROT_WRITE, true, true },
	{ "write/private file", 80, 67, VM_PROT_WRITE, true, false },
	{ "read/zero fill", 60, 49, VM_PROT_READ, false, false },
	{ "write/zero fill", 60, 48, VM_PROT_WRITE, false, false },
};

#define NCASES (sizeof(cases) / sizeof(cases[0]))

struct cycle {
	struct rig rig;
	struct rig_file file;
	struct rig_mapping mapping;
	vm_prot_t access;
};

static void
run_cycle(void *arg)
{
	struct cycle *cy = arg;
	vaddr_t va = rig_map(&cy->rig, &cy->mapping);

	rig_touch(cy->rig.space, va, cy->access);
	rig_unmap(&cy->rig, va, cy->mapping.len);
}

static void
init_cycle(struct cycle *cy, const struct vm_design *d,
    const struct cycle_case *cc)
{
	rig_init(&cy->rig, d, NPAGES);
	cy->file = (struct rig_file){ .number = 1, .size = VM_PAGE_SIZE };
	cy->mapping = (struct rig_mapping){
		.file = cc->file ? &cy->file : NULL,
		.len = VM_PAGE_SIZE,
		.prot = VM_PROT_RW,
		.shared = cc->shared,
	};
	cy->access = cc->access;
	for (unsigned i = 0; i < WARM; i++)
		run_cycle(cy);
}

static bool
add_rows(struct cranor *c, const char *measure)
{
	for (size_t k = 0; k < NCASES; k++) {
		const struct figure_row like = { .figure = "table3",
			.title = "Table 3",
			.measure = measure,
			.label = cases[k].label,
			.bsd = cases[k].bsd,
			.uvm = cases[k].uvm,
			.paper = "us" };

		if (figures_add(&c->figures, &like) == NULL)
			return false;
	}
	return true;
}

/* rows: NCASES rows of instructions, then as many of times. */
static void
measure(struct cranor *c, struct figure_row *rows, size_t k)
{
	static struct cycle cycles[OPTION_DESIGNS_MAX];
	void *args[OPTION_DESIGNS_MAX];
	size_t n = c->options->count;

	for (size_t i = 0; i < n; i++) {
		init_cycle(&cycles[i], c->options->designs[i], &cases[k]);
		args[i] = &cycles[i];
	}
	count_times(run_cycle, args, n, CYCLES, rows[NCASES + k].values);
	for (size_t i = 0; i < n; i++) {
		rig_leave_contents(&cycles[i].rig);
		rows[k].values[i] = count_instructions(run_cycle, &cycles[i]);
		rig_fini(&cycles[i].rig);
	}
}

/* Two tables, of the same cases. */
bool
cranor_cases(struct cranor *c)
{
	size_t first = c->figures.count;

	if (!add_rows(c, "instructions, without contents of pages") ||
	    !add_rows(c, "ns, median"))
		return false;
	for (size_t k = 0; k < NCASES; k++) {
		progress("Table 3: %s", cases[k].label);
		measure(c, &c->figures.rows[first], k);
		if (trial_signal() != 0)
			return false;
	}
	return true;
}
