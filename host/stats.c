/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.c - see stats.h.
 *
 * --stats is one JSON object in one line, numbers without separators.  --maps
 * is a block for each address space, when it ends: by exit or by exec.
 */
#include "host/stats.h"

#include "host/json.h"
#include "host/message.h"
#include "host/perf.h"
#include "host/result.h"
#include "host/run.h"
#include "host/space.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static FILE *
open_out(const char *path)
{
	FILE *f;

	if (path == NULL)
		return stderr;
	f = fopen(path, "we");
	if (f == NULL)
		message("%s: %s", path, strerror(errno));
	return f;
}

/* Both would begin to write it at its beginning. */
static bool
are_apart(const struct run *run)
{
	struct stat a, b;

	if (run->stats_out == NULL || run->maps_out == NULL ||
	    run->stats_out == run->maps_out ||
	    fstat(fileno(run->stats_out), &a) != 0 ||
	    fstat(fileno(run->maps_out), &b) != 0 || !S_ISREG(a.st_mode) ||
	    a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return true;
	message("%s: for --stats and --maps at once",
	    run->options->stats_file == NULL ? run->options->maps_file :
					       run->options->stats_file);
	return false;
}

bool
stats_open(struct run *run)
{
	if (run->options->stats)
		run->stats_out = open_out(run->options->stats_file);
	if (run->options->maps)
		run->maps_out = open_out(run->options->maps_file);
	return (!run->options->stats || run->stats_out != NULL) &&
	    (!run->options->maps || run->maps_out != NULL) && are_apart(run);
}

/* What cannot be written to once is not written to again. */
static void
flush_out(struct run *run, FILE **f, const char *path)
{
	if (fflush(*f) == 0 && !ferror(*f))
		return;
	message("%s: %s", path == NULL ? "standard error" : path,
	    strerror(errno));
	*f = NULL;
	run->output_lost = true;
}

static void
put_file(void *ctx, const char *s, size_t n)
{
	(void)fwrite(s, 1, n, ctx);
}

void
stats_space_gone(struct space *space)
{
	struct run *run = space->run;
	struct fmt_out out = { put_file, run->maps_out };

	if (run->maps_out == NULL)
		return;
	fprintf(run->maps_out, "%s (process %d)\n", space->name,
	    (int)space->pid);
	vm_dump_map(space->vm, &out);
	flush_out(run, &run->maps_out, run->options->maps_file);
}

static double
seconds_since(const struct timespec *start)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) +
	    (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void
add(struct run_result *r, struct result_number n)
{
	VM_ASSERT(r->count < RESULT_MAX);
	r->numbers[r->count++] = n;
}

static void
add_all(struct run_result *r, const struct result_number *n, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(r, n[i]);
}

static uint64_t
load(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* The names that scripts know: docs/counters.md has those of the library. */
static void
collect_common(struct run_result *r, struct run *run)
{
	struct vm_stats *s = &run->sys->stats;
	const struct result_number numbers[] = {
		{ "faults", load(&s->faults) },
		{ "fault_zero_fill",
		    load(&s->flt_przero) + load(&s->fault_object_zero) },
		{ "fault_anon", load(&s->flt_anon) },
		{ "fault_cow", load(&s->flt_acow) },
		{ "fault_object", load(&s->flt_obj) },
		{ "fault_object_cow", load(&s->flt_prcopy) },
		{ "neighbours_entered", load(&s->neighbours) },
		{ "map_entries_peak", run->entries_peak },
		{ "pages_total", vm_page_count(run->sys) },
		{ "pages_free", vm_page_free_count(run->sys) },
		{ "pageins", load(&s->pageins) },
		{ "pageouts", load(&s->pageouts) },
		{ "pageout_io", load(&s->pageout_io) },
		{ "swap_pages", vm_swap_total(run->sys) },
		{ "swap_in_use", vm_swap_in_use(run->sys) },
		{ "processes", run->processes },
		{ "forks", load(&s->forks) },
	};

	add_all(r, numbers, sizeof(numbers) / sizeof(numbers[0]));
}

static bool
is_common(const char *name)
{
	static const char *const common[] = { "faults", "flt_anon", "flt_acow",
		"flt_obj", "flt_prcopy", "flt_przero", "neighbours", "pageins",
		"pageouts", "pageout_io", "forks" };

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (strcmp(common[i], name) == 0)
			return true;
	return false;
}

/* Everything else that the core counts. */
static void
collect_rest(struct run_result *r, struct run *run)
{
	struct vm_stats *s = &run->sys->stats;
	const struct result_number all[] = {
#define NUMBER(name, meaning) { #name, load(&s->name) },
		VM_STATS(NUMBER)
#undef NUMBER
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!is_common(all[i].name))
			add(r, all[i]);
}

/* What the supervisor knows and does. */
static void
collect_host(struct run_result *r, struct run *run)
{
	struct result_number instructions = { "instructions", 0 };
	const struct result_number host[] = {
		{ "entries_in_use_peak", run->in_use_peak },
		{ "pages_used_peak", run->pages_peak },
		{ "metadata_bytes_peak",
		    atomic_load(&run->memory.peak) - run->memory_fixed },
		{ "host_stops", run->stops },
		{ "host_faults", run->faults },
		{ "host_faults_parked", run->faults_parked },
		{ "host_calls_parked", run->calls_parked },
		{ "host_frames_parked", run->frames_parked },
		{ "host_syscalls", run->syscalls },
		{ "host_signals", run->signals },
		{ "host_stub_runs", run->stub_runs },
	};

	add_all(r, host, sizeof(host) / sizeof(host[0]));
	if (!perf_read(run->perf, &instructions.value))
		instructions.value = RESULT_UNKNOWN;
	add(r, instructions);
}

void
stats_sample(struct run *run)
{
	struct vm_stats *s = &run->sys->stats;
	uint64_t in_use = load(&s->entries_allocated) - load(&s->entries_freed);
	uint64_t pages = vm_page_count(run->sys) - vm_page_free_count(run->sys);

	in_use -= run->entries_reserved;
	LIST_FOREACH(struct space, space, &run->spaces, link) {
		size_t n = space->vm->map.nentries - space_reserved(space);

		if (run->entries_peak < n)
			run->entries_peak = n;
	}
	if (run->in_use_peak < in_use)
		run->in_use_peak = in_use;
	if (run->pages_peak < pages)
		run->pages_peak = pages;
}

void
stats_collect(struct run *run, struct run_result *r)
{
	stats_sample(run);
	r->design = run->options->design->name;
	r->count = 0;
	collect_common(r, run);
	collect_rest(r, run);
	collect_host(r, run);
	r->wall_seconds = seconds_since(&run->started);
	r->complete = true;
}

/* What each of -s did. */
static void
print_swap(struct run *run, FILE *f)
{
	struct vm_swap_info d;

	(void)fputs(",\"swap\":[", f);
	for (unsigned i = 0; vm_swap_nth(run->sys, i, &d); i++) {
		(void)fputs(i == 0 ? "{\"name\":" : ",{\"name\":", f);
		json_string(f, d.name);
		fprintf(f,
		    ",\"kind\":\"%s\",\"priority\":%d,\"pages\":%" PRIu64
		    ",\"in_use\":%" PRIu64 ",\"bad\":%" PRIu64
		    ",\"reads\":%" PRIu64 ",\"writes\":%" PRIu64
		    ",\"errors\":%" PRIu64 "}",
		    d.kind, d.priority, d.npages, d.used, d.bad, d.reads,
		    d.writes, d.errors);
	}
	(void)fputc(']', f);
}

void
stats_print(struct run *run, const struct run_result *r)
{
	FILE *f = run->stats_out;

	if (f == NULL)
		return;
	result_begin_json(f, r);
	print_swap(run, f);
	result_end_json(f, r);
	(void)fputc('\n', f);
	flush_out(run, &run->stats_out, run->options->stats_file);
}
