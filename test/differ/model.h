/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model.h - what memory ought to look like: arrays of bytes, no tricks.
 *
 * A space is an array of cells, one a page.  A cell that is mapped knows its
 * attributes, what lies below (an object and a page of it, or nothing, which
 * reads as zeroes) and, when it is private, a slot of its own above that:
 *
 *	space  |    |cell|cell|    |cell|
 *		      |    `--> slot --> bytes of this page, or none yet
 *		      `-------> object, page --> bytes that all mappings share
 *
 * Two cells have one slot in common only when they are the same private
 * memory: a range inherited as shared, or mapped twice.  fork copies bytes.
 *
 * The model does what the system did, with the address that the system chose,
 * and complains when that was not right.  It has no pages to run out of: it
 * knows how many may be in use and allows VM_ENOMEM only when that is a lot.
 */
#ifndef TEST_DIFFER_MODEL_H
#define TEST_DIFFER_MODEL_H

#include "test/differ/mix.h"
#include "test/differ/trace.h"
#include "vm/vm_extract.h"
#include "vm/vm_mmap.h"

enum { MODEL_PAGE = 4096, MODEL_CELLS = 256 };

/* Whether something is so. */
enum sure { SURE_NOT, SURE_MAYBE, SURE_YES };

/* A private page.  bytes is NULL while it is still what lies below. */
struct slot {
	unsigned refs;
	bool vague; /* it was copied from a page whose bytes nobody knows */
	bool lent;  /* its page may be another's, and so has to stay */
	uint8_t *bytes;
};

/* A file, or shared memory.  Pages that are NULL are zeroes. */
struct thing {
	unsigned refs;
	bool is_file;
	uint64_t size;     /* of a file, bytes */
	uint64_t failures; /* pages whose writing failed so far */
	uint64_t vague;   /* bits: its pages of which a write was lost: what was
	                  * written, or what was there before */
	enum sure failed; /* a write has failed, and nobody has been told */
	bool failing;     /* one has in this operation, */
	bool dead;        /* and all will from now on */
	uint64_t extent;  /* of shared memory: end of what was ever mapped */
	uint64_t npages;
	uint8_t **pages;
};

struct cell {
	bool mapped, foreign, private, wired;
	bool charged; /* private, and has been writable */
	bool onfault; /* wired, but pages only when they are faulted in */
	bool unread;  /* wired, but could not be read then */
	bool pinned;  /* held, and mapped since before that: it is there */
	bool shared;  /* private, but others have or had the slot too */
	bool stack, immutable;
	bool guard;    /* nothing is here; it has no slot */
	bool gap;      /* a guard, but a stack may grow into it, */
	uint32_t keep; /* leaving so many pages at its far end */
	uint8_t prot, max_prot, inherit, advice;
	struct thing *below;
	uint64_t pindex;
	struct slot *slot; /* of private cells */
};

/* Cells [first, last) are held, or some of what was there. */
struct hold {
	bool on;
	size_t first, last;
};

/* Pages that are lent, as they were then. */
struct loan {
	bool on;
	size_t npages;
	bool vague[MODEL_CELLS];
	uint8_t *bytes;
};

struct model_space {
	struct hold holds[TRACE_HOLDS];
	const struct vm_design *design; /* of the mix */
	bool alive;
	enum vm_wire_future wire_future;
	uint64_t brk_start, brk_end;
	uint64_t stack_limit;
	struct cell cells[MODEL_CELLS];
};

struct model {
	struct trace_config config;
	struct mix mix; /* whose policies hold */
	size_t ncells;
	struct model_space spaces[TRACE_SPACES];
	struct thing *things[TRACE_OBJECTS + 1];
	struct loan loans[TRACE_LOANS];
	struct model_space points[TRACE_POINTS]; /* as spaces were then */
	uint64_t reserve;        /* frames that are not for us */
	struct vm_charge before; /* the operation, what was promised, */
	uint64_t limit_was;      /* and the most that could be; */
	uint64_t limit;          /* the least that this has been since */
	uint64_t swap; /* slots there were in this operation, all the while */
	bool hurt;     /* in it, something could not be read */
	uint64_t busy; /* pages under way, before it or after, at most */
	uint64_t used; /* frames and slots in use, at most so far in it, for
	                * designs that keep what nobody can reach, or copy
	                * early; else 0 */
};

/* Where gaps for stacks are: pages of one, those with which an entry begins. */
struct gaps {
	bool here[MODEL_CELLS];
	bool first[MODEL_CELLS];
};

/* What the system did with an operation. */
struct outcome {
	int error;
	uint64_t losses; /* pages that swap, files did not give back in it */
	uint64_t addr;   /* where a mapping went; the break */
	uint64_t done;   /* bytes that were read or written */
	bool left;       /* the access was given up: it would have waited */
	uint8_t bytes[OP_BYTES_MAX]; /* that were read */
	uint8_t vec[MODEL_CELLS];    /* incore */
	bool copied[MODEL_CELLS];    /* pages with a private copy, now */
	bool wired[MODEL_CELLS];     /* pages in wired entries, now */
	struct gaps before, after;   /* the operation */
};

void model_init(struct model *, const struct trace_config *);
void model_fini(struct model *);

/*
 * model_takes: whether an operation makes sense now: its spaces are there, or
 * not there.  May change it: a program does not write past the end of a file
 * that it shares, because those bytes are nobody's.
 */
bool model_takes(struct model *, struct op *);

/*
 * model_apply: do what the system did.
 * => NULL, or why the system cannot have been right, until the next call
 */
const char *model_apply(struct model *, const struct op *, struct outcome *);

/* Of writes that have failed nobody has been told yet. */
void model_settle(struct model *);

/* A cell was read outside of a trace, which is to stay: it may have its copy
 * now. */
void model_was_read(struct cell *, bool copied);

/* Whether a cell is in a range that is held; or is to stay for any reason. */
bool model_is_held(const struct model_space *, size_t cell);
bool model_stays(const struct model_space *, size_t cell);

/*
 * model_grow: a cell has been touched; if it is in a gap, the stack above may
 * have grown.  How gaps are cut into entries, and how far a limit on wired
 * memory let it grow, the system tells.
 * => NULL, or why it cannot have been right
 */
const char *model_grow(struct model *, unsigned space, size_t cell,
    const struct gaps *before, const struct gaps *after);

/* Which access an operation is: a read, if it is none. */
vm_prot_t model_access_of(const struct op *);
/* How an access to a cell ends: VM_OK, EFAULT, EACCES, ERANGE. */
int model_access(const struct cell *, vm_prot_t access);
/* The bytes of a mapped cell; whether they are not known. */
const uint8_t *model_bytes(const struct cell *);
bool model_is_vague(const struct cell *);
bool thing_is_vague(const struct thing *, uint64_t pindex);

/* Pages of anonymous memory that are promised. */
uint64_t model_promised(const struct model *);
/* Whether so many more may be refused; whether they are, when nothing else
 * comes before in the operation. */
bool model_may_refuse(const struct model *, uint64_t npages);
bool model_refuses(const struct model *, uint64_t npages);
/* The most pages that can be reached; and that can be in use, with those that
 * nobody can reach. */
uint64_t model_pages(const struct model *);
uint64_t model_in_use(const struct model *);
/* Pages that are lent; that may be, to spaces. */
uint64_t model_lent(const struct model *);
uint64_t model_borrowed(void);
/* Those that may have to stay in memory. */
uint64_t model_staying(const struct model *);
/* Whether memory may be short for an operation that takes up to npages. */
bool model_is_short(const struct model *, uint64_t npages);

static inline uint64_t
model_va(const struct model *m, size_t i)
{
	return m->config.va_min + i * MODEL_PAGE;
}

/* The cell of an address, which is in the range of the spaces. */
static inline size_t
model_index(const struct model *m, uint64_t va)
{
	return (size_t)((va - m->config.va_min) / MODEL_PAGE);
}

/* ---- pieces shared by the files of the model ---- */

/* What the limits say to a wiring of so many pages more. */
enum wiring { WIRING_FITS, WIRING_MAY_FIT, WIRING_NEVER };
enum wiring model_wiring(struct model *, const struct model_space *,
    uint64_t npages);

/* Put a cell like that over page pindex of an object, or over nothing. */
void put_cell(struct cell *, const struct cell *like, struct thing *below,
    uint64_t pindex);

void cell_clear(struct cell *);
/* From now on a writable private cell is charged, whatever comes. */
void cell_charge(struct cell *);
void slot_unref(struct slot *);
/* dst, cleared before, becomes the same memory, or a copy. */
void cell_share(struct cell *dst, struct cell *src);
void cell_copy(struct cell *dst, const struct cell *src);
struct slot *slot_create(const uint8_t *bytes);
/* Give a private cell bytes of its own, if it has none. */
void cell_promote(struct cell *);
/* It has those of another cell, whose page is lent to it. */
void cell_borrow(struct cell *, const struct cell *from);

void loan_end(struct loan *);
/* The bytes to write to.  The access was found to be right. */
uint8_t *cell_writable(struct cell *);

struct thing *thing_create(bool is_file);
void thing_ref(struct thing *);
void thing_unref(struct thing *);
/* Page pindex of shared memory may be used from now on. */
void thing_extend(struct thing *, uint64_t pindex);
uint8_t *thing_page(struct thing *, uint64_t pindex);
void thing_resize(struct thing *, uint64_t size);

#endif
