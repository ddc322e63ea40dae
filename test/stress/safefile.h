/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * safefile.h - a file in memory that threads may use at once, and during whose
 * transfers others run.  Bytes past its end are not written.
 *
 * A read that nobody sleeps for ends at once; or, while one of the actors is in
 * safe_file_serve, by that one, the youngest first.
 */
#ifndef TEST_STRESS_SAFEFILE_H
#define TEST_STRESS_SAFEFILE_H

#include "test/stress/stress.h"

enum { SAFE_FILE_PAGES = 40 };

struct safe_file {
	pthread_mutex_t lock;
	uint64_t size;       /* (lock) bytes */
	unsigned opens;      /* (lock) handles that the library has */
	bool served;         /* (lock) somebody ends the reads, */
	struct vm_io *reads; /* (lock) these, linked by store[0] */
	uint8_t bytes[SAFE_FILE_PAGES * VM_PAGE_SIZE];
};

/* All of it, in zeroes. */
void safe_file_init(struct safe_file *);

/* The object, with a reference; a failure ends the test. */
struct vm_object *safe_file_object(struct stress *, struct safe_file *);

/* End the reads of n files until the test stops, and then the last ones. */
void safe_file_serve(struct stress_actor *, struct safe_file *const *,
    unsigned n);

/* What is behind a new end is zeroes when it comes again. */
void safe_file_resize(struct safe_file *, uint64_t size);

/* A number that is in the file. */
uint64_t safe_file_word(struct safe_file *, uint64_t off);

#endif
