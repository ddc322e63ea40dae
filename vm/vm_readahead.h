/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_readahead.h - how much is read along with a page that is wanted.
 *
 * Who reads an object in order is likely to go on, so that requests get longer;
 * who reads here and there is not, so that they get shorter, and so they do
 * with each page that was read along and went before anybody had used it:
 *
 *	request   ####|########|################|      in order
 *	elsewhere                        ####   ##     here and there
 *
 * A page that was read along is marked (vm_page.ahead) until it is used.  What
 * nobody has asked for is not why what is in use has to go: a request takes
 * a small share of what is free, and nothing of what the daemon keeps so.  Only
 * one in order, which will be asked for, may take of that.
 *
 * Sources: FreeBSD vm_fault.c (vm_fault_readahead), UVM uvm_readahead.c.
 * Differs: the reader is the object's, not the entry's or the open file's;
 * neither of them learns from what was read in vain.
 */
#ifndef VM_READAHEAD_H
#define VM_READAHEAD_H

#include "vm/vm_system.h"
#include "vm/vm_types.h"

/* Pages of a request, the wanted one among them: a part of a design. */
struct vm_readahead {
	uint8_t first; /* at first, */
	uint8_t least; /* elsewhere, at least, */
	uint8_t most;  /* and in order, at most, or by advice */
	uint8_t step;  /* each in order is so much longer; 0: twice as long */
	bool around;   /* elsewhere: the aligned block, not what follows */
	bool deep;     /* in order, takes of what the daemon keeps free */
};

/* Where somebody reads an object.  => guarded by the object's lock */
struct vm_reader {
	vm_pindex_t next; /* the last request ended here, */
	uint8_t window;   /* and was so long; 0: there was none */
	bool in_order;    /* it went on where the one before had ended, */
	bool steady;      /* and is as long as they get */
};

/* What who reads in order will want next. */
struct vm_wants {
	vm_pindex_t in; /* so many pages further; 0: nothing, or not yet */
	bool steady;    /* he has gone on in order for long */
};

/* The next request: npages from the wanted page on or, where somebody reads
 * elsewhere, of the aligned block around it. */
struct vm_window {
	unsigned npages;
	bool around, in_order;
	bool steady; /* in order, and as long as they get: he goes on */
};

/*
 * vm_readahead_plan: what is to be read for a page.  The reader is as before:
 * vm_reader_went tells him that the request is made, and ends at `next`.
 */
struct vm_window vm_readahead_plan(const struct vm_system *,
    const struct vm_readahead *, const struct vm_reader *, vm_pindex_t,
    enum vm_advice);
void vm_reader_went(struct vm_reader *, const struct vm_window *,
    vm_pindex_t next);

/*
 * vm_reader_wants: when he is at a page that his last request has brought or
 * is bringing: where the next one is to begin.  Then that can be read while he
 * uses these.  => nothing: he is not there, does not go on in order, the design
 * reads a page at a time, or memory is short
 */
struct vm_wants vm_reader_wants(const struct vm_system *,
    const struct vm_readahead *, const struct vm_reader *, vm_pindex_t);

/* A page that was read along is used; goes unused. */
void vm_reader_used(struct vm_reader *, const struct vm_readahead *);
void vm_reader_unused(struct vm_reader *);

/* So many pages at most: what memory has room for, if nobody has asked for
 * them. */
unsigned vm_readahead_clip(const struct vm_system *, unsigned npages);

#endif
