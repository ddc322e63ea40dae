/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_page.h - resident pages: one struct per frame, and the free ones.
 *
 * A page in use has one owner, a vm_object or a vm_anon, and the owner's lock
 * guards its fields.  A page is busy while its contents are in transit (being
 * read, written, or filled): nobody else may look at them, map or free it.
 * Who meets a busy page sets `wanted`, drops the locks, waits for the page
 * event and looks again.
 *
 *	        vm_page_alloc, _own		   vm_page_busy
 *	free -----------------------> owned, idle <-------------> owned, busy
 *	  ^---------vm_page_free----------'	   vm_page_ready
 *
 * Field letters: (c) constant, (o) owner's lock, (f) free-list locks, (a)
 * atomic, (p) the pmap port's own lock.
 */
#ifndef VM_PAGE_H
#define VM_PAGE_H

#include "base/list.h"
#include "base/rbtree.h"
#include "vm/vm_system.h"
#include "vm/vm_types.h"

struct vm_page;
struct ptab_slot;

/* Which kind of owner a page has: compared, and printed. */
struct vm_page_owner {
	const char *name;
};

struct vm_page {
	struct list q; /* (f) free list; later a paging queue */
	void *owner;   /* (o) object or anon */
	const struct vm_page_owner *owner_ops; /* (o) which of the two */
	vm_pindex_t pindex;                    /* (o) place in the object */
	struct ptab_slot *pv;                  /* (p) mappings of this page */
	union { /* (o) links of its object's page index */
		struct rb_node node;
		struct {
			struct list link;
			struct vm_page *chain; /* (chain) */
		} hash;
	} place;
	uint64_t frame;            /* (c) frame number: pa >> VM_PAGE_SHIFT */
	_Atomic uint8_t pmap_bits; /* (p) modified, referenced */
	_Atomic uint8_t state;     /* (f) VM_PAGE_FREE... */
	_Atomic uint8_t cpu;       /* (f) whose cache holds it when cached */
	bool zeroed : 1;           /* (f) a free frame that reads as zeroes */
	bool busy : 1;             /* (o) contents in transit */
	bool wanted : 1;           /* (o) somebody waits for busy to end */
	bool dirty : 1;            /* (o) newer than its backing store */
	bool fictitious : 1;       /* (c) a device's frame, never free */
	uint32_t wire_count;       /* (o) wired mappings and other wirings */
};

_Static_assert(sizeof(struct vm_page) <= 96, "vm_page is at most 96 bytes");

enum vm_page_state { VM_PAGE_FREE, VM_PAGE_CACHED, VM_PAGE_USED };

/* Flags of vm_page_alloc. */
#define VM_PAGE_ZERO 1 /* contents must read as zeroes */
/* May take of the emergency reserve, which is for who has just made memory and
 * lost it to others. */
#define VM_PAGE_RESERVE 2

/*
 * vm_page_alloc: a page without owner, neither busy nor wired, dirty because
 * no backing store has it, with no mappings.
 *
 * near    a page whose successor frame is preferred when free, or NULL
 * => does not block; takes the free-list locks
 * => NULL when only the reserve is left
 * Source: UVM uvm_pagealloc; the hint serves ports for which neighbouring
 * frames are cheaper to map.
 */
struct vm_page *vm_page_alloc(struct vm_system *, const struct vm_page *near,
    unsigned flags);

/* Give a page an owner.  => owner's lock held */
static inline void
vm_page_own(struct vm_page *pg, const struct vm_page_owner *ops, void *owner,
    vm_pindex_t pindex)
{
	pg->owner_ops = ops;
	pg->owner = owner;
	pg->pindex = pindex;
}

/*
 * vm_page_free: back to the free list.
 * => owner's lock held, or the page is reachable by nobody else
 * => no mapping is left, and pmap_update has been called since the last went
 */
void vm_page_free(struct vm_system *, struct vm_page *);

/*
 * vm_page_unmap: take the page out of every pmap, complete on return.
 * => owner's lock held
 */
void vm_page_unmap(struct vm_system *, struct vm_page *);

/*
 * vm_page_busy, vm_page_ready: busy begins; ends, and waiters are woken.
 * => owner's lock held
 */
static inline void
vm_page_busy(struct vm_page *pg)
{
	VM_ASSERT(!pg->busy);
	pg->busy = true;
}
void vm_page_ready(struct vm_system *, struct vm_page *);

/*
 * vm_page_want: the count to wait for with vm_page_wait once all locks are
 * dropped.  => owner's lock held, page busy
 */
uint32_t vm_page_want(struct vm_system *, struct vm_page *);
void vm_page_wait(struct vm_system *, const struct vm_page *, uint32_t seen);

/* Wirings keep a page resident.  => owner's lock held */
void vm_page_wire(struct vm_system *, struct vm_page *);
void vm_page_unwire(struct vm_system *, struct vm_page *);

/* The i-th page of the system, i < vm_page_count(). */
struct vm_page *vm_page_nth(const struct vm_system *, size_t i);
size_t vm_page_count(const struct vm_system *);
size_t vm_page_free_count(const struct vm_system *);
size_t vm_page_reserve(const struct vm_system *);
size_t vm_page_wired_count(const struct vm_system *);

/*
 * vm_page_copy: copy the contents of a frame; counted.
 * => `to` is mapped nowhere.  Who may write to `from` meanwhile gets a copy of
 *    some moment: the caller has seen to it that nobody may who must not
 */
void vm_page_copy(struct vm_system *, struct vm_page *from, struct vm_page *to);

int vm_page_init(struct vm_system *);
void vm_page_fini(struct vm_system *);
/* vm_check's part: free counts and states agree.  => nobody else runs */
void vm_page_check(const struct vm_system *);

#endif
