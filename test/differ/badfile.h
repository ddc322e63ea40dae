/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * badfile.h - a file in memory that goes wrong when a test says so.
 *
 * It wraps a memfile.  Reads are numbered, and so are writes; one of them, or
 * all from one on, go wrong in one of these ways:
 *
 *	READ	the read fails
 *	SHORT	it ends in the middle, though the file does not
 *	WRITE	the write fails, nothing of it was done
 *	PART	it fails after one half
 *	LOSE	it succeeds, and nothing was done
 *
 * What a read did not give is counted as lost, what a write did not take as
 * failed.  Only of LOSE can nobody know: a file has no sums.
 *
 * Reads that nobody sleeps for are held back when the memfile says so.
 */
#ifndef TEST_DIFFER_BADFILE_H
#define TEST_DIFFER_BADFILE_H

#include "env/faulty.h"
#include "test/memfile.h"

enum badfile_what {
	BADFILE_READ,
	BADFILE_SHORT,
	BADFILE_WRITE,
	BADFILE_PART,
	BADFILE_LOSE,
	BADFILE_WHATS
};

struct badfile {
	struct memfile mem;
	uint64_t reads, writes; /* requests so far */
	uint64_t losses;        /* reads that went wrong */
	uint64_t failures;      /* pages of writes that failed */
	uint64_t faults;        /* all that went wrong */
	uint64_t lost; /* bits: pages of writes that were lost; the test's */
	struct {
		uint64_t first, last; /* numbers of reads or writes */
	} fault[BADFILE_WHATS];
};

/* The nth read or write from now on goes wrong, n = 1 being the next. */
void badfile_fail(struct badfile *, enum badfile_what, uint64_t nth,
    enum faulty_mode);

/* The i-th of the reads that are held back is carried out; or it fails. */
void badfile_let_go(struct badfile *, unsigned i, bool fails);

/* Whether the next write, and all after it, will fail. */
bool badfile_is_dead(const struct badfile *);

/* The object of the file, with one more reference; NULL: no memory. */
struct vm_object *badfile_object(struct vm_system *, struct badfile *);

#endif
