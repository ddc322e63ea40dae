/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map.h - address maps: entries that never overlap, in address order.
 *
 *	min                                                     max
 *	 |   [ entry )gap[ entry )[ entry )       gap            |
 *
 * Range operations clip the entries at both ends of their range, work on
 * whole entries, and join what has become alike again.  Everything that can
 * fail is tried first; then the map is changed in steps that cannot.
 *
 * Lock order: map, then (inside the design) amap, object, free list, pmap.
 * The map lock is never held across I/O or waiting.
 */
#ifndef VM_MAP_H
#define VM_MAP_H

#include <stdatomic.h>

#include "vm/pmap.h"
#include "vm/vm_charge.h"
#include "vm/vm_design.h"
#include "vm/vm_entry.h"
#include "vm/vm_index.h"
#include "vm/vm_lock.h"
#include "vm/vm_system.h"

/* Whether mappings are wired from the beginning. */
enum vm_wire_future {
	VM_FUTURE_PLAIN,
	VM_FUTURE_WIRED,
	VM_FUTURE_ONFAULT, /* page by page, as they are faulted in */
};

struct vm_map {
	struct vm_rwlock lock;
	struct vm_mutex wire_lock;       /* held while a range is wired */
	struct vm_system *sys;           /* (c) */
	const struct vm_design *design;  /* (c) */
	struct pmap *pmap;               /* (c) */
	struct vm_index index;           /* (lock) */
	vaddr_t place_min, place_max;    /* (lock) where space is looked for */
	vsize_t size;                    /* (lock) bytes mapped; not guards */
	vsize_t locked;                  /* (lock) bytes of wired entries */
	struct vm_charge need, taken;    /* (lock) see vm_map_limit.c */
	vsize_t size_limit;              /* (lock) bytes that may be mapped */
	vsize_t wired_limit;             /* (lock) bytes that may be locked */
	vsize_t stack_limit;             /* (lock) bytes a stack may grow to */
	_Atomic uint64_t serial;         /* of the last change of its entries */
	size_t nentries, nentries_peak;  /* (lock) */
	enum vm_wire_future wire_future; /* (lock) what becomes of new ones */
	bool frozen;                     /* (lock) see vm_map_rewind.h */
	struct list held;                /* (lock) vm_held, in any order */
	struct vm_writer writer;         /* what faults have made dirty */
};

/* What to map, and where. */
struct vm_map_insert_args {
	vaddr_t start; /* with fixed: exactly here; else a hint, or 0 */
	vsize_t len;   /* bytes, page aligned, not 0 */
	vsize_t align; /* 0, or a power of two; not looked at with `fixed` */
	struct vm_object *object; /* whose reference is taken over, or NULL */
	vm_pindex_t offset;
	vm_prot_t prot, max_prot;
	enum vm_inherit inherit;
	enum vm_advice advice;
	uint8_t flags;  /* VM_ENTRY_COW, FOREIGN, STACK, LOCKED (no page is) */
	uint8_t marks;  /* VM_MARK_* */
	bool uncharged; /* will not be writable */
	bool alone;     /* not joined with its neighbours */
	bool fixed;     /* start is not a hint */
	bool replace;   /* with fixed: take the place of what is there */
	bool bottomup;  /* look for space from below */
};

/* A range that is wired for a while, whatever its entries say: vm_vslock.h. */
struct vm_held {
	struct list link; /* (lock) of the map */
	vaddr_t start, end;
};

/* Entries that left a map and wait to be dropped with nothing locked. */
struct vm_map_dead {
	struct list entries;
};

/*
 * vm_map_init: an empty map of all that the machine can map, without limits.
 * => does not block
 * vm_map_fini: => the map is empty
 */
void vm_map_init(struct vm_map *, struct vm_system *, const struct vm_design *,
    struct pmap *);
void vm_map_fini(struct vm_map *);

static inline void
vm_map_lock(struct vm_map *map)
{
	vm_rwlock_write(&map->lock);
}

/* What has been charged and has not come to be needed.  => write-locked */
void vm_map_give_back(struct vm_map *);

static inline void
vm_map_unlock(struct vm_map *map)
{
	if (map->taken.wired != map->need.wired ||
	    map->taken.anon != map->need.anon)
		vm_map_give_back(map);
	vm_rwlock_write_unlock(&map->lock);
}

static inline void
vm_map_lock_read(struct vm_map *map)
{
	vm_rwlock_read(&map->lock);
}

static inline void
vm_map_unlock_read(struct vm_map *map)
{
	vm_rwlock_read_unlock(&map->lock);
}

/* First and following entry; NULL at the end.  => locked */
struct vm_map_entry *vm_map_first(const struct vm_map *);
struct vm_map_entry *vm_map_next(const struct vm_map *,
    const struct vm_map_entry *);

/* The entry that holds va, or NULL.  => locked */
struct vm_map_entry *vm_map_lookup(struct vm_map *, vaddr_t va);
/* The entry that holds va, else the next one above, or NULL.  => locked */
struct vm_map_entry *vm_map_ceiling(struct vm_map *, vaddr_t va);

/* What an entry has of a range. */
struct vm_map_part {
	struct vm_map *map;
	struct vm_map_entry *entry;
	vaddr_t start, end;
};

/*
 * vm_map_part: the first part of [va, end) that is mapped; go on at part->end.
 * => locked, as long as the part is used      => false: there is none
 */
bool vm_map_part(struct vm_map *, vaddr_t va, vaddr_t end,
    struct vm_map_part *);

/* What the entry would be if it were cut to the part; a copy, to ask. */
static inline struct vm_map_entry
vm_map_part_entry(const struct vm_map_part *p)
{
	struct vm_map_entry e = *p->entry;

	e.start = p->start;
	e.end = p->end;
	return e;
}

/*
 * vm_map_insert: map args->len bytes; *start tells where.  One step: the new
 * range becomes visible with all its attributes, merged with its neighbours
 * where they agree, and with `replace` what was there is gone at the same
 * moment.  The replaced entries come out in dead.
 *
 * => write-locked; allocates, does not block
 * => VM_ENOMEM: no room, no memory, or size_limit; VM_EEXIST: fixed and taken
 *    (VM_EPERM: taken by a foreign or immutable entry); VM_EINVAL: outside of
 *    the map
 * => on error nothing has changed and the object's reference is still the
 *    caller's
 * Source: UVM uvm_map (merging), 4.4BSD vm_map_find.
 */
int vm_map_insert(struct vm_map *, const struct vm_map_insert_args *,
    struct vm_map_dead *, vaddr_t *start);

/* Find room as vm_map_insert would.  => write-locked
 * => VM_ENOMEM, VM_EINVAL */
int vm_map_findspace(struct vm_map *, const struct vm_map_insert_args *,
    vaddr_t *start);

/*
 * vm_map_remove: unmap [start, end): clip, unwire, leave the pmap, move the
 * entries to dead.  Holes are no error.
 * => write-locked     => VM_ENOMEM (clipping), VM_EPERM (foreign or immutable):
 *    unchanged
 */
int vm_map_remove(struct vm_map *, vaddr_t start, vaddr_t end,
    struct vm_map_dead *);

/* The same of whole entries, fixed ones too.  => write-locked; cannot fail */
void vm_map_remove_whole(struct vm_map *, vaddr_t start, vaddr_t end,
    struct vm_map_dead *);

/* Second phase: drop what was removed.
 * => no lock held; may block.  Or, with the map locked: no entry is the last
 *    user of its object */
void vm_map_dead_init(struct vm_map_dead *);
void vm_map_bury(struct vm_map *, struct vm_map_dead *);

/*
 * vm_map_protect: set the protection of [start, end), which must be mapped
 * throughout.  set_max lowers the maximum too.
 * => write-locked
 * => VM_ENOMEM: a hole, no memory, or more than may be charged; VM_EACCES:
 *    above a maximum; VM_EPERM: foreign or immutable.  On error no entry has
 *    changed.
 *    Guards are passed over.
 * Source: FreeBSD vm_map_protect checks all, then acts.
 */
int vm_map_protect(struct vm_map *, vaddr_t start, vaddr_t end, vm_prot_t,
    bool set_max);

/* Attributes of a range; holes are skipped.  => write-locked
 * => VM_ENOMEM; inherit: VM_EPERM (immutable) */
int vm_map_inherit(struct vm_map *, vaddr_t start, vaddr_t end,
    enum vm_inherit);
int vm_map_advise(struct vm_map *, vaddr_t start, vaddr_t end, enum vm_advice);

/* vm_map_freeze: make a range immutable until the map ends; holes are skipped.
 * => write-locked  => VM_ENOMEM.  Source: OpenBSD uvm_map_immutable */
int vm_map_freeze(struct vm_map *, vaddr_t start, vaddr_t end);

/*
 * vm_map_grow_stack: let the stack above the gap at va grow down over va, by
 * a piece at least, leaving the guard at the gap's far end.  What grows on a
 * locked stack, or where new mappings are wired, is locked.
 * => write-locked
 * => 0: the caller may look again; VM_EACCES: no gap next to a stack, in the
 *    guard, above stack_limit or size_limit, or more than may be wired or
 *    charged; VM_ENOMEM.  On error nothing has changed.
 * Source: FreeBSD vm_map_growstack.
 */
int vm_map_grow_stack(struct vm_map *, vaddr_t va);

/*
 * vm_map_clip: make entry boundaries at start and end.  vm_map_simplify: join
 * what has become alike in and around the range.  => write-locked
 * => clip: VM_ENOMEM, and nothing of the map's meaning has changed
 */
int vm_map_clip(struct vm_map *, vaddr_t start, vaddr_t end);
void vm_map_simplify(struct vm_map *, vaddr_t start, vaddr_t end);

/* Join a new entry to what is next to it, as the design does, which may join
 * nothing else ever.  => write-locked; the entry may be gone */
void vm_map_join_new(struct vm_map *, struct vm_map_entry *);

/*
 * vm_map_settle: give the entry at va an upper layer of its own, as a write or
 * a first zero page needs it.  want is how many pages from va on are about to
 * be touched; a sparse entry is cut so that little more than those settles.
 * => write-locked   => VM_ENOMEM; 0 also when nothing is mapped there
 * Source: UVM amap_copy with its chunks.
 */
int vm_map_settle(struct vm_map *, vaddr_t va, vm_pindex_t want);

/*
 * vm_map_settle_first: settle an entry, or, when it is too large for one upper
 * layer, cut it and settle its first part, which keeps the entry.  Joins
 * nothing.  => write-locked     => VM_ENOMEM: the entry may be gone
 */
int vm_map_settle_first(struct vm_map *, struct vm_map_entry *);

/* True when [start, end) is mapped without a hole.  => locked */
bool vm_map_is_full(struct vm_map *, vaddr_t start, vaddr_t end);

/*
 * vm_map_is_held: whether a page of [start, end) is in a held range.
 * vm_map_may_be_wired: whether pages of the entry may be wired, by the entry or
 * by such a range.
 * => locked
 */
bool vm_map_is_held(const struct vm_map *, vaddr_t start, vaddr_t end);
bool vm_map_may_be_wired(const struct vm_map *, const struct vm_map_entry *);

/*
 * vm_map_unwire_pages: take away the wiring of the pages that a part of an
 * entry has in its pmap, as their mappings are about to go.
 * vm_map_unwire_rest: the same of those that neither the entry nor a held range
 * keeps wired any more.
 * => write-locked
 */
void vm_map_unwire_pages(const struct vm_map_part *);
void vm_map_unwire_rest(const struct vm_map_part *);

/* All that the map has of an entry. */
static inline struct vm_map_part
vm_map_whole(struct vm_map *map, struct vm_map_entry *e)
{
	return (struct vm_map_part){ map, e, e->start, e->end };
}

/*
 * vm_map_move: take [start, start + len) to [to, to + len), which is free;
 * contents and attributes go along, without copying a page.
 * => write-locked     => VM_ENOMEM (clipping): nothing has changed
 */
int vm_map_move(struct vm_map *, vaddr_t start, vsize_t len, vaddr_t to);

/*
 * vm_map_twin: make an entry with the attributes of src and, as `what` says,
 * the same memory, a copy, or zeroes; not wired, and not linked anywhere.
 * Wired private pages are copied now.  Memory to be shared is settled first,
 * which may make src shorter; who shares it marks it so (VM_ENTRY_SHARED) once
 * nothing can fail any more.
 * => write-locked; the caller updates the pmap   => VM_ENOMEM: there is none
 * Source: UVM uvm_mapent_forkshared, forkcopy, forkzero.
 */
int vm_map_twin(struct vm_map *, struct vm_map_entry *src, enum vm_inherit what,
    struct vm_map_entry **twin);
/* The same of a part of an entry, which stays in one piece; what the twin had
 * too much comes out in rest, to be dropped. */
int vm_map_twin_part(const struct vm_map_part *, enum vm_inherit what,
    struct vm_map_dead *rest, struct vm_map_entry **twin);
/* If the entry is private memory it has a partner from now on, and so has what
 * the pmap has of it.  => write-locked */
void vm_map_mark_shared(struct vm_map *, struct vm_map_entry *);

/*
 * vm_map_duplicate: make entries for the memory of [start, start + len) at
 * [to, to + len), a second time; private memory becomes shared between both.
 * They come out in copy, to be linked when the place is free.  The range stays
 * cut, for the caller to simplify.
 * => write-locked, mapped throughout     => VM_ENOMEM: there are none
 */
int vm_map_duplicate(struct vm_map *, vaddr_t start, vsize_t len, vaddr_t to,
    struct vm_map_dead *copy);
/* Put such entries into their place.  => write-locked */
void vm_map_link(struct vm_map *, struct vm_map_dead *copy);

/* What a twin is to have of an entry; NONE: there is no twin. */
typedef enum vm_inherit vm_map_inherit_fn(const struct vm_map_entry *);

/*
 * vm_map_inherits: what a child gets of an entry, as its inheritance says.
 * vm_map_fork_need: what the twins of all entries will need.
 * => parent locked
 * vm_map_fork_entry: give the child such a twin.
 * => both maps write-locked, the range free in the child, and behind all that
 *    the child has
 * => VM_ENOMEM: the child has nothing of this entry
 * Source: UVM uvmspace_fork.
 */
vm_map_inherit_fn vm_map_inherits;
struct vm_charge vm_map_fork_need(struct vm_map *parent, vm_map_inherit_fn *);
int vm_map_fork_entry(struct vm_map *parent, struct vm_map_entry *,
    enum vm_inherit what, struct vm_map *child);
/* The fork has come to its end: what the child shares is the parent's alone no
 * longer.  => parent write-locked */
void vm_map_fork_done(struct vm_map *parent, struct vm_map *child);

/* Panic unless the map is sound.  => locked */
void vm_map_check(struct vm_map *);

/*
 * vm_map_count: the bytes of [start, end) that are mapped, without guards.
 * => locked     => VM_EPERM: some are foreign or immutable
 * vm_map_fits: whether so many bytes more stay below size_limit, when others
 * are replaced.  => locked
 */
int vm_map_count(struct vm_map *, vaddr_t start, vaddr_t end, vsize_t *bytes);
bool vm_map_fits(const struct vm_map *, vsize_t more, vsize_t replaced);

/*
 * vm_map_charge: take what entries will need beyond what they do now, until
 * the map is unlocked; what they do need then stays taken.  To ask again is to
 * ask anew: the two do not add up.
 * vm_map_may_wire: the same for so many bytes more that are locked, of which
 * `pages` bytes can have pages.
 * => write-locked
 * => VM_EAGAIN: the system does not allow so much to be wired; VM_ENOMEM: over
 *    wired_limit, or more than memory and swap
 */
int vm_map_charge(struct vm_map *, const struct vm_charge *more);
int vm_map_may_wire(struct vm_map *, vsize_t bytes, vsize_t pages);

/* What the entries need of a range, or would if they were cut at its ends. */
struct vm_charge vm_map_need(struct vm_map *, vaddr_t start, vaddr_t end);

/* VM_MARK_CHARGED, if an entry with these flags and that protection is charged
 * for its pages; or 0. */
uint8_t vm_charge_mark(const struct vm_system *, uint8_t flags, vm_prot_t);

/* What an entry needs.  Whoever changes one that is in the map, other than by
 * the functions here, counts it out before and in after. */
struct vm_charge vm_entry_need(const struct vm_map_entry *);
void vm_map_count_out(struct vm_map *, const struct vm_map_entry *);
void vm_map_count_in(struct vm_map *, const struct vm_map_entry *);

/*
 * For what works on whole entries (vm_map_*.c, vm_mremap.c): an unlinked entry
 * with nothing behind it, one filled from args, whose object has no reference
 * yet; given back; put into its place in the map, taken out of it.
 * => write-locked
 */
struct vm_map_entry *vm_entry_alloc(struct vm_system *);
struct vm_map_entry *vm_entry_make(struct vm_system *,
    const struct vm_map_insert_args *);
void vm_entry_free(struct vm_system *, struct vm_map_entry *);
void vm_entry_link(struct vm_map *, struct vm_map_entry *);
void vm_entry_unlink(struct vm_map *, struct vm_map_entry *);

/* vm_entry_cut: cut an entry that is not in a map at va, strictly inside; what
 * lies above comes back.  => write-locked     => NULL: no memory */
struct vm_map_entry *vm_entry_cut(struct vm_map *, struct vm_map_entry *,
    vaddr_t va);

/* Bytes of the entries in use, in all maps. */
size_t vm_entry_bytes(struct vm_system *);

/* The memory of entries, of all maps of a system.  => VM_ENOMEM
 * fini: => there is no map */
int vm_map_init_system(struct vm_system *);
void vm_map_fini_system(struct vm_system *);

#endif
