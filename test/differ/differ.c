/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * differ.c - the differential test: random operations on a real system and on
 * a model made of arrays of bytes, which must agree after every one.
 *
 *	differ [-d design] [-s seed] [-n seeds] [-o operations] [-c | -e] [-v]
 *	differ -r file [-v]
 *
 * Runs the seeds from -s on, each with -o operations.  Without -d that is done
 * with the default design, and for a part of the seeds with each of the others,
 * with all of them in one system, and with those of mix.h.  With -c each seed
 * gets less and less memory (cells.h), with -e every request to swap or a file
 * goes wrong (nth.h); without -d a few seeds of each design do so, too.  A
 * failure is shrunk to a short trace and printed, as text that -r runs again.
 * -v counts what the operations came to.
 *
 * Designs are compared with each other by way of the model, which says all that
 * can be seen - bytes, attributes, errors - and knows no design.  It lets the
 * system choose where a mapping goes, what is resident, and when memory is
 * short; there they may differ.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/differ/cells.h"
#include "test/differ/mix.h"
#include "test/differ/nth.h"
#include "test/differ/shrink.h"

enum { SHRINK_SECONDS = 120, OPS_MAX = 1 << 20 };

/* Of ten seeds, how many each design takes that is not the default. */
enum { OTHERS_PART = 3, MIXES_PART = 1 };

/* And of so many seeds, one with too little memory and all that fails. */
enum { HARD_PART = 250 };

struct options {
	const char *design;
	const char *replay;
	uint64_t seed, seeds;
	size_t nops;
	unsigned shrink_seconds;
	bool cells, each, verbose;
};

static _Noreturn void
usage(void)
{
	fprintf(stderr,
	    "usage: differ [-d design] [-s seed] [-n seeds] "
	    "[-o operations] [-c | -e] [-t seconds] [-v] | -r file\n");
	exit(2);
}

static void
parse_options(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt(argc, argv, "d:s:n:o:cer:t:v")) != -1) {
		switch (c) {
		case 'd':
			o->design = optarg;
			break;
		case 's':
			o->seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			o->seeds = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			o->nops = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			o->cells = true;
			break;
		case 'e':
			o->each = true;
			break;
		case 'r':
			o->replay = optarg;
			break;
		case 't':
			o->shrink_seconds = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'v':
			o->verbose = true;
			break;
		default:
			usage();
		}
	}
	if (optind != argc || o->nops == 0 || o->nops > OPS_MAX)
		usage();
}

static void
print_counts(const struct run_report *rep)
{
	for (unsigned k = 0; k < OP_KINDS; k++) {
		struct op op = { .kind = (uint8_t)k };

		printf("%8" PRIu64 " done %8" PRIu64 " refused  ",
		    rep->counts[k], rep->errors[k]);
		trace_print_op(stdout, &op);
	}
}

static int
replay(struct run_report *rep, const struct options *o)
{
	FILE *in = fopen(o->replay, "r");
	bool good;

	if (in == NULL) {
		perror(o->replay);
		return 2;
	}
	good = trace_parse(in, &rep->trace);
	fclose(in);
	if (!good)
		return 2;
	good = run_trace(rep, true);
	if (o->verbose)
		print_counts(rep);
	if (good)
		printf("ok differ %s\n", o->replay);
	else
		printf("not ok differ %s: operation %zu: %s\n", o->replay,
		    rep->at + 1, rep->complaint);
	return good ? 0 : 1;
}

static void
report_failure(struct run_report *rep, const struct options *o,
    const char *design)
{
	printf("not ok differ %s seed %" PRIu64 " operation %zu: %s\n", design,
	    rep->seed, rep->at + 1, rep->complaint);
	if (rep->at + 1 < rep->trace.nops)
		rep->trace.nops = rep->at + 1;
	if (o->shrink_seconds != 0)
		shrink(rep, o->shrink_seconds);
	printf("# the shortest trace that fails: %s\n", rep->complaint);
	trace_print(stdout, &rep->trace);
}

static bool
run_design(struct run_report *rep, const struct options *o, const char *design,
    uint64_t seeds)
{
	if (!run_seeds(rep, design, o->seed, o->seed + seeds, o->nops)) {
		report_failure(rep, o, design);
		return false;
	}
	printf("ok differ %s %" PRIu64 " seeds of %zu operations\n", design,
	    seeds, o->nops);
	return true;
}

/* Rounded up. */
static uint64_t
part_of(uint64_t seeds, uint64_t tenths)
{
	return (seeds * tenths + 9) / 10;
}

static bool
run_others(struct run_report *rep, const struct options *o)
{
	uint64_t seeds = part_of(o->seeds, OTHERS_PART);
	const struct vm_design *d;
	bool good = true;

	for (unsigned i = 0; good && (d = vm_design_nth(i)) != NULL; i++) {
		if (d != &vm_design_netbsd)
			good = run_design(rep, o, d->name, seeds);
	}
	return good && run_design(rep, o, "mixed", seeds);
}

static bool
run_mixes(struct run_report *rep, const struct options *o)
{
	bool good = true;

	for (unsigned i = 0; good && mix_nth(i) != NULL; i++)
		good = run_design(rep, o, mix_nth(i),
		    part_of(o->seeds, MIXES_PART));
	return good;
}

/* With too little memory, and with devices that fail. */
static bool
run_hard(struct run_report *rep, const struct options *o, const char *design,
    uint64_t seeds)
{
	bool good = !o->cells ||
	    cells_run(rep, design, o->seed, seeds, o->nops);

	if (good && o->each)
		good = nth_run(rep, design, o->seed, o->seed + seeds);
	if (!good)
		report_failure(rep, o, design);
	return good;
}

static bool
run_hard_all(struct run_report *rep, const struct options *given)
{
	struct options o = *given;
	uint64_t seeds = (o.seeds + HARD_PART - 1) / HARD_PART;
	const struct vm_design *d;
	bool good = true;

	o.cells = o.each = true;
	for (unsigned i = 0; good && (d = vm_design_nth(i)) != NULL; i++)
		good = run_hard(rep, &o, d->name, seeds);
	return good && run_hard(rep, &o, "mixed", seeds);
}

/* Everything, or what the options name. */
static bool
run(struct run_report *rep, const struct options *o)
{
	const char *design = o->design != NULL ? o->design : "netbsd";

	if (o->cells || o->each)
		return run_hard(rep, o, design, o->seeds);
	if (!run_design(rep, o, design, o->seeds))
		return false;
	if (o->verbose)
		print_counts(rep);
	return o->design != NULL ||
	    (run_others(rep, o) && run_mixes(rep, o) && run_hard_all(rep, o));
}

int
main(int argc, char **argv)
{
	struct options o = {
		.seed = 1,
		.seeds = 1000,
		.nops = 2000,
		.shrink_seconds = SHRINK_SECONDS,
	};
	struct run_report *rep;

	parse_options(argc, argv, &o);
	rep = run_report_create(OPS_MAX);
	if (o.replay != NULL)
		return replay(rep, &o);
	return run(rep, &o) ? 0 : 1;
}
