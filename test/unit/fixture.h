/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixture.h - a small system for the unit tests of vm/: frames on the soft
 * MMU, one address space, two files.
 *
 *	static void
 *	test_something(void **state) // runs in each design, see FX_TEST
 *	{
 *		struct fixture *fx = *state;
 *
 *		map_anon(fx, 2, 4);	   // pages [2, 6) of the space
 *		store(fx, 3, 'a');	   // as a program does
 *		assert_int_equal(load(fx, 3), 'a');
 *	}
 *
 * Addresses are numbers of pages, counted from FX_BASE; bytes stand for whole
 * pages, which are filled with them.  At the end the space goes, and the test
 * fails when a page, an anon, an entry or memory of the host is left.
 */
#ifndef TEST_UNIT_FIXTURE_H
#define TEST_UNIT_FIXTURE_H

#include "env/faulty.h"
#include "env/faultyswap.h"
#include "env/ramswap.h"
#include "pmap/soft.h"
#include "test/memfile.h"
#include "vm/vm.h"

#define FX_BASE   ((vaddr_t)0x100000)
#define FX_PAGE   4096
#define FX_CELLS  1024 /* pages of a space */
#define FX_FRAMES 256
#define FX_FILES  2
#define FX_SWAPS  2

/* A test and the designs that it runs in: all, or one whose own ways it is
 * about.  FX_TEST gets a fresh system and must leave nothing; FX_BARE makes
 * its own with fixture_create(). */
struct fx_test {
	const char *name;
	void (*run)(void **state);
	const struct vm_design *only;
	bool bare;
};
#define FX_TEST(f)                 \
	{                          \
#f, f, NULL, false \
	}
#define FX_TEST_IN(d, f)                     \
	{                                    \
#f, f, &vm_design_##d, false \
	}
#define FX_BARE(f)                \
	{                         \
#f, f, NULL, true \
	}
#define FX_BARE_IN(d, f)                    \
	{                                   \
#f, f, &vm_design_##d, true \
	}

/* Run them, design after design, as a program; what main() returns.  The names
 * that are said are DESIGN/TEST. */
#define FX_RUN(name, tests) \
	fx_run(name, tests, sizeof(tests) / sizeof((tests)[0]))
int fx_run(const char *name, const struct fx_test *, size_t n);

/* The one in which a test runs. */
extern const struct vm_design *fx_design;

/* So many pages are in use; designs that may keep what nobody can reach have
 * no fewer. */
#define assert_pages_used(fx, n)                               \
	do {                                                   \
		if (fx_design->cow->prompt)                    \
			assert_int_equal(pages_used(fx), (n)); \
		else                                           \
			assert_true(pages_used(fx) >= (n));    \
	} while (0)

static inline bool
fx_is(const struct vm_design *d)
{
	return fx_design == d;
}

/* Whether it is UVM: amaps and anons. */
static inline bool
fx_is_uvm(void)
{
	return fx_is(&vm_design_netbsd) || fx_is(&vm_design_openbsd);
}

/* A device to swap to, which goes wrong on demand. */
struct fx_swap {
	struct ramswap ram;
	struct faultyswap io;
	unsigned id;
};

struct fixture {
	struct vm_env plain;
	struct faulty_env env;     /* the library's memory */
	struct faulty_env mmu_env; /* the machine's */
	struct vm_machine *machine;
	struct vm_system *sys;
	struct vmspace *vs;
	struct memfile
	    *files;      /* FX_FILES of them, 8 pages, page i is 'A' + i */
	vaddr_t stopped; /* where fault_at and the like were refused */
	struct fx_swap swaps[FX_SWAPS]; /* at first none */
	/* Somebody waits, and nobody else runs: what happens now?  NULL:
	 * nothing can, he would wait for ever. */
	void (*on_wait)(struct fixture *);
	unsigned wakes; /* times that the host was called for who waits */
};

/* Let the system swap to swaps[i], which has so many pages and has been removed
 * if it was there. */
int fixture_swap(struct fixture *, unsigned i, uint64_t npages, int priority);

/* By hand: a system whose first space is of fx_design.
 * create: NULL when something failed, and nothing is left.
 * destroy: NULL, or what was left over. */
struct fixture *fixture_create(const struct soft_config *);
struct fixture *fixture_create_as(const struct soft_config *,
    const struct vm_design *);
const char *fixture_destroy(struct fixture *);

/* The same, of so many pages, or the test fails. */
struct fixture *fixture_of(size_t npages);

/* Play with the first request for memory failing, the second..., and then with
 * all from the first, the second... on, until one plays to its end: then play
 * returns false.  => how many there are */
uint64_t fx_each_failure(bool (*play)(uint64_t n, enum faulty_mode));

/* The host: malloc() and nothing else. */
struct vm_env fixture_env(void);

static inline vaddr_t
fx_va(size_t page)
{
	return FX_BASE + page * FX_PAGE;
}

static inline struct vm_map *
fx_map(struct fixture *fx)
{
	return &fx->vs->map;
}

/* Pages that are promised to stay wired. */
uint64_t charged_wired(struct fixture *);

/* ---- mappings at [page, page + n) of the fixture's space: error codes ---- */

int fx_map_at(struct fixture *, struct vmspace *, size_t page, size_t n,
    unsigned flags, struct vm_object *, size_t pindex);
/* The same, of zeros, with a protection. */
int map_prot(struct vmspace *, size_t page, size_t n, vm_prot_t,
    unsigned flags);
int map_anon(struct fixture *, size_t page, size_t n);
/* The same, filled with a byte: an error fails the test. */
void map_filled(struct fixture *, size_t page, size_t n, int byte);
int map_shared(struct fixture *, size_t page, size_t n);
int map_file(struct fixture *, size_t page, size_t n, unsigned flags,
    unsigned file);
int unmap(struct fixture *, size_t page, size_t n);
int protect(struct fixture *, size_t page, size_t n, vm_prot_t);

/* ---- accesses of a program, with faults; error codes ---- */

int fx_access(struct fixture *, struct vmspace *, size_t page, vm_prot_t,
    void *buf, size_t len);
/* Fill a page; the first byte of a page, or minus an error. */
int store(struct fixture *, size_t page, int byte);
int load(struct fixture *, size_t page);
int store_in(struct fixture *, struct vmspace *, size_t page, int byte);
int load_in(struct fixture *, struct vmspace *, size_t page);
/* True when all bytes of a page are that one. */
bool page_is(struct fixture *, struct vmspace *, size_t page, int byte);
/* A fault of one page, which does not sleep; one that reads. */
int try(struct fixture *, size_t page, vm_prot_t, struct vm_fault_wait *);
int try_read(struct fixture *, size_t page, struct vm_fault_wait *);
/* Read a page that is mapped, on another processor, whose TLB has not seen it:
 * the first looks no more at what it has. */
void use_elsewhere(struct vmspace *, size_t page);

/* ---- looking inside ---- */

/* How many entries the map has; the entry of a page, or NULL. */
size_t entries(struct vmspace *);
struct vm_map_entry *entry_of(struct vmspace *, size_t page);
/* What the pmap has at a page; prot is VM_PROT_NONE and page NULL for none. */
struct pmap_mapping mapping_of(struct vmspace *, size_t page);
size_t pages_used(struct fixture *);
/* How many of the pages are in memory. */
size_t nresident(struct fixture *, size_t page, size_t n);
/* How many layers there are at a page, in designs that have layers. */
unsigned depth(struct vmspace *, size_t page);
/* A child of the space. */
struct vmspace *fork_space(struct vmspace *);
/* Whether the pmap lets write to a page. */
bool may_write(struct vmspace *, size_t page);
/* Objects, with one reference. */
struct vm_object *anon_object(struct fixture *);
struct vm_object *file_object(struct fixture *, unsigned file);

#endif
