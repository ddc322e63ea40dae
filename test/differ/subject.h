/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subject.h - a real system on the soft MMU, to which a trace happens.
 *
 * What a trace holds back of requests to swap and files ends when the trace
 * says so, or when the library waits.
 *
 * Accesses go as a program's do: through the MMU, and on its faults through
 * vm_fault.  All memory of the library is counted, so that at the end nothing
 * may be left.
 */
#ifndef TEST_DIFFER_SUBJECT_H
#define TEST_DIFFER_SUBJECT_H

#include "env/faulty.h"
#include "env/faultyswap.h"
#include "env/ramswap.h"
#include "test/differ/badfile.h"
#include "test/differ/mix.h"
#include "test/differ/model.h"
#include "vm/vm.h"
#include "vm/vm_stack.h"
#include "vm/vm_transfer.h"
#include "vm/vm_vslock.h"

/* A device to swap to. */
struct subject_swap {
	bool on;
	unsigned id;
	struct ramswap ram;
	struct faultyswap io;
};

struct subject {
	struct trace_config config;
	struct vm_env plain; /* the host, but for cpu */
	struct faulty_env env;
	unsigned cpu; /* who runs */
	struct vm_machine *machine;
	struct vm_system *sys;
	struct subject_swap swaps[TRACE_SWAPS];
	uint64_t faults; /* of devices before these */
	struct mix mix;
	struct vmspace *spaces[TRACE_SPACES];
	struct vm_held held[TRACE_SPACES][TRACE_HOLDS];
	bool holds[TRACE_SPACES][TRACE_HOLDS];
	struct vm_page *lent[TRACE_LOANS][MODEL_CELLS];
	size_t nlent[TRACE_LOANS];
	struct vm_stack_spot spots[TRACE_SPACES];
	struct vm_checkpoint *points[TRACE_POINTS];
	struct vm_object *objects[TRACE_OBJECTS + 1];
	struct badfile files[TRACE_FILES];
	uint64_t waits; /* so often something had to end */
};

/* False: the design is not known or there is no memory. */
bool subject_init(struct subject *, const struct trace_config *);
/* End all spaces.  NULL, or what is left that should not be. */
const char *subject_fini(struct subject *);

/* How many pages swap has not given back right so far, and reads of files. */
uint64_t subject_losses(const struct subject *);
/* Pages that are being read or written. */
uint64_t subject_under_way(const struct subject *);
/* How often devices and files have gone wrong. */
uint64_t subject_faults(const struct subject *);
/* Frames in use. */
uint64_t subject_used(const struct subject *);
/* Slots of swap, without those of a device that takes no writes any more. */
uint64_t subject_swap(const struct subject *);

/* Operations on a space that is not there, or is, for fork, do nothing. */
void subject_apply(struct subject *, const struct op *, struct outcome *);

/*
 * subject_access: as a program would.  *done tells how many bytes could be
 * read into buf or written from it before the error.
 */
int subject_access(struct subject *, const struct op *, vm_prot_t access,
    uint8_t *buf, uint64_t *done);

/* Which pages of a space have a private copy, are wired: a bool a cell. */
void subject_look(struct subject *, unsigned space, bool *copied, bool *wired);
/* Where stacks may grow. */
void subject_gaps(struct subject *, unsigned space, struct gaps *);

#endif
