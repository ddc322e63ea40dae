/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress/file.c - do mappings and a file agree, while pages are written,
 * flushed, taken back, and cut off?
 *
 *	file	| 0 1 2 3 ... kept | ... cut off and grown again |
 *	page	  two writers, one in each of two spaces, in turn
 *
 * Each page has one writer.  Everybody may read it, in both spaces.  A flush
 * brings to the file what was written before it.  Truncation takes contents
 * away: `cuts` is odd while one goes on, and whoever finds that it has moved
 * since he wrote may find zeroes, or nothing.
 *
 * A second file is mapped and unmapped all the time, so its object is found,
 * kept without a reference, destroyed and read again: nothing may be lost.
 * Reads that nobody sleeps for are ended by another thread, whoever has gone by
 * then.
 */
#include "test/stress/safefile.h"

enum {
	WRITERS = 2,
	KEPT = 24, /* pages that are never cut off */
	PAGES = SAFE_FILE_PAGES,
	VISITORS = 2, /* of the second file */
	ROUNDS = 2,
	FLUSHES = 250,
};

struct world {
	struct vmspace *spaces[2];
	vaddr_t va[2];
	struct vm_object *obj;
	struct safe_file file;
	_Atomic uint64_t cuts;
	struct stress_page pages[PAGES];
	struct safe_file visited;
};

/* ----------------------------------------------------------------- writers */

static void
good(struct stress_actor *a, int error, const char *what)
{
	stress_must(a->st, error == 0, what, (uint64_t)error, 0);
}

/* A page that was cut off since, or is just being: anything between nothing
 * and its last version may be there. */
static bool
may_be_cut(const struct world *w, unsigned i, uint64_t cuts)
{
	return i >= KEPT && (w->cuts != cuts || cuts % 2 != 0);
}

static void
look(struct stress_actor *a, struct vmspace *vs, vaddr_t va, unsigned i)
{
	struct world *w = a->arg;
	uint64_t lo = i < KEPT ? w->pages[i].done : 0, cuts = w->cuts, v;
	int error;

	if (i < KEPT) {
		good(a, stress_read(a, vs, va, lo, &w->pages[i].begun),
		    "a kept page");
		return;
	}
	error = stress_load(a, vs, va, &v);
	stress_must(a->st, error == 0 || may_be_cut(w, i, cuts),
	    "a page past the end", i, (uint64_t)error);
	stress_must(a->st, error != 0 || v <= w->pages[i].begun,
	    "a version of the future", i, v);
}

/* Write, look again: it is there, unless it has been cut off meanwhile. */
static void
write_own(struct stress_actor *a, struct vmspace *vs, vaddr_t va, unsigned i)
{
	struct world *w = a->arg;
	uint64_t cuts = w->cuts;
	int error = stress_write(a, vs, va, &w->pages[i]);

	if (error == 0 && !may_be_cut(w, i, cuts)) {
		uint64_t v = 0;

		error = stress_load(a, vs, va, &v);
		stress_must(a->st,
		    error != 0 || v == w->pages[i].done ||
			may_be_cut(w, i, cuts),
		    "a write is lost", i, v);
	}
	stress_must(a->st, error == 0 || may_be_cut(w, i, cuts), "cannot write",
	    i, (uint64_t)error);
}

static void
write_often(struct stress_actor *a)
{
	struct world *w = a->arg;
	unsigned me = a->cpu % WRITERS, i;
	struct vmspace *vs = w->spaces[me];

	while (!a->st->stop) {
		i = (unsigned)stress_random(a, PAGES);
		look(a, vs, w->va[me] + vm_ptoa(i), i);
		i = i - i % WRITERS + me;
		write_own(a, vs, w->va[me] + vm_ptoa(i), i);
	}
}

/* --------------------------------------------------- flushing and cutting */

static void
flush_once(struct stress_actor *a)
{
	struct world *w = a->arg;
	uint64_t lo[KEPT], v;
	vm_pindex_t end = stress_random(a, 2) ? UINT64_MAX : PAGES;

	for (unsigned i = 0; i < KEPT; i++)
		lo[i] = w->pages[i].done;
	good(a, vm_object_flush(w->obj, 0, end), "flush");
	for (unsigned i = 0; i < KEPT; i++) {
		v = safe_file_word(&w->file, vm_ptoa(i) + 4088);
		stress_must(a->st, v >= lo[i], "not flushed", i, v);
		stress_must(a->st, v <= w->pages[i].begun, "bad flush", i, v);
	}
}

static void
flush_often(struct stress_actor *a)
{
	for (unsigned i = 0; i < FLUSHES; i++)
		flush_once(a);
}

/* While the file is short, nobody gets at what was behind its end. */
static void
look_behind(struct stress_actor *a, uint64_t end)
{
	struct world *w = a->arg;
	uint64_t v;
	int error;

	for (; end < PAGES; end++) {
		error = stress_load(a, w->spaces[end % 2],
		    w->va[end % 2] + vm_ptoa(end), &v);
		stress_must(a->st, error == VM_ERANGE, "not cut off", end,
		    (uint64_t)error);
	}
}

static void
cut_often(struct stress_actor *a)
{
	struct world *w = a->arg;

	while (!a->st->stop) {
		uint64_t end = KEPT + stress_random(a, PAGES - KEPT);

		w->cuts++;
		safe_file_resize(&w->file, vm_ptoa(end));
		vm_object_toss(w->obj, end, UINT64_MAX);
		look_behind(a, end);
		safe_file_resize(&w->file, vm_ptoa(PAGES));
		w->cuts++;
		(void)vm_object_reclaim(a->st->sys, stress_random(a, 64));
	}
}

/* ---------------------------------------------------------------- visitors */

/* Each visitor has pages of its own in the second file. */
static void
visit_often(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct vmspace *vs = stress_space(a->st);
	uint64_t last[PAGES] = { 0 };
	unsigned me = a->cpu % VISITORS;

	for (unsigned i = me; i < PAGES; i += VISITORS)
		last[i] = safe_file_word(&w->visited, vm_ptoa(i));
	while (!a->st->stop) {
		struct vm_object *obj = safe_file_object(a->st, &w->visited);
		vaddr_t va = stress_map(a->st, vs, PAGES, VM_MMAP_SHARED, obj);
		unsigned i = (unsigned)stress_random(a, PAGES / VISITORS);

		vm_object_unref(obj);
		i = i * VISITORS + me;
		good(a, stress_expect(a, vs, va + vm_ptoa(i), last[i]),
		    "a visit");
		last[i]++;
		for (vaddr_t p = 0; p < 4080; p += 2040)
			good(a,
			    stress_store(a, vs, va + vm_ptoa(i) + p, last[i]),
			    "a visit");
		good(a, stress_store(a, vs, va + vm_ptoa(i) + 4088, last[i]),
		    "a visit");
		good(a, vm_munmap(vs, va, vm_ptoa(PAGES)), "munmap");
	}
	vmspace_unref(vs);
	(void)vm_object_reclaim(a->st->sys, SIZE_MAX);
}

static void
reclaim_often(struct stress_actor *a)
{
	while (!a->st->stop)
		(void)vm_object_reclaim(a->st->sys, SIZE_MAX);
}

static void
serve_reads(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct safe_file *const files[] = { &w->file, &w->visited };

	safe_file_serve(a, files, 2);
}

int
main(int argc, char **argv)
{
	static struct world w;
	struct stress st;
	const struct stress_part parts[] = { { flush_often, &w },
		{ write_often, &w }, { write_often, &w }, { cut_often, &w },
		{ visit_often, &w }, { visit_often, &w }, { reclaim_often, &w },
		{ serve_reads, &w } };

	stress_begin(&st, "file", argc, argv, 1024);
	safe_file_init(&w.file);
	safe_file_init(&w.visited);
	w.obj = safe_file_object(&st, &w.file);
	for (unsigned i = 0; i < 2; i++) {
		w.spaces[i] = stress_space(&st);
		w.va[i] = stress_map(&st, w.spaces[i], PAGES, VM_MMAP_SHARED,
		    w.obj);
	}
	for (unsigned i = 0; i < ROUNDS; i++)
		stress_run(&st, parts, sizeof(parts) / sizeof(parts[0]), 1);
	vmspace_unref(w.spaces[0]);
	vmspace_unref(w.spaces[1]);
	vm_object_unref(w.obj);
	(void)vm_object_reclaim(st.sys, SIZE_MAX);
	stress_must(&st, w.file.opens + w.visited.opens == 0, "a file is open",
	    w.file.opens, w.visited.opens);
	return stress_end(&st);
}
