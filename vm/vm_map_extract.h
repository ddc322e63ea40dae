/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_extract.h - entries between maps: places reserved for them, taking
 * them out of one map, putting them into another.
 *
 *	from	[ a )[  b   )  [ c )	  cargo	 a b c	   to	[ reserved    )
 *		   `----  pick  ---->		    `-- replace -->  b )  [ c
 *
 * Two maps are never locked together: what is on its way is cargo, which
 * nobody else knows.  With it goes what has been charged for its entries.
 *
 * Source: UVM uvm_map_reserve, uvm_map_replace, uvm_map_extract.
 */
#ifndef VM_MAP_EXTRACT_H
#define VM_MAP_EXTRACT_H

#include "vm/vm_map.h"

/* Where to reserve. */
struct vm_map_place {
	vaddr_t start; /* with fixed: exactly here; else a hint, or 0 */
	vsize_t len;   /* bytes, page aligned, not 0 */
	vsize_t align; /* 0, or a power of two; not looked at with `fixed` */
	bool fixed;    /* VM_EEXIST if anything is there */
};

/* Which protection entries have where they arrive. */
struct vm_map_rights {
	vm_prot_t limit; /* and no more than this */
	bool all;        /* all, and so may the maximum be */
	bool maximum;    /* their maximum */
};

/* Entries on their way.  It stays where it is as long as it is in use. */
struct vm_map_cargo {
	struct vm_map_dead entries; /* in order; linked nowhere */
	struct vm_charge charge;    /* for them; taken of the system */
	struct vm_map_rights rights;
	bool refused; /* VM_ENOMEM for what is promised, not for what is used */
};

/* What becomes of the memory that is picked. */
enum vm_pass {
	VM_PASS_SHARE,  /* the same memory for both */
	VM_PASS_COPY,   /* a copy, made on write */
	VM_PASS_DONATE, /* it leaves the map */
};

struct vm_map_pick {
	vaddr_t start, end; /* page aligned, inside the map, not empty */
	enum vm_pass how;
	bool contiguous; /* a hole is an error */
	bool whole;      /* no entry is cut for it; not with DONATE */
	bool foreign;    /* for a map whose upper layers are others */
};

void vm_map_cargo_init(struct vm_map_cargo *, const struct vm_map_rights *);

/*
 * vm_map_reserve: make an entry with nothing behind it, so that no one else
 * finds room there.  It can be neither unmapped nor changed but by
 * vm_map_replace, or when all of its space goes; a child gets nothing of it, a
 * fault in it finds nothing mapped.  It counts against size_limit.
 * => write-locked
 * => VM_ENOMEM, VM_EEXIST, VM_EINVAL: as vm_map_insert
 */
int vm_map_reserve(struct vm_map *, const struct vm_map_place *,
    vaddr_t *start);

/*
 * vm_map_replace: cargo, which lies inside of [start, end), takes the place of
 * what has been reserved as exactly that range; empty cargo ends the
 * reservation.  The rest of the range is free.  What was reserved comes out in
 * dead.
 * => write-locked; does not allocate
 * => VM_EFAULT: no such reservation (any more); nothing has changed
 */
int vm_map_replace(struct vm_map *, vaddr_t start, vaddr_t end,
    struct vm_map_cargo *, struct vm_map_dead *dead);

/*
 * vm_map_pick: make cargo of a range: twins of its entries or, to DONATE, the
 * entries themselves, whose places stay reserved for them until
 * vm_map_pick_done or vm_map_put_back.  Reservations of others count as holes.
 *
 * cargo  empty; its rights say what is to be charged
 * dead   gets what is to be dropped once nothing is locked, also on error
 * => write-locked; allocates, and COPY copies pages that are wired
 * => VM_EFAULT: nothing mapped, foreign, or a hole in what is to be contiguous;
 *    VM_EPERM: DONATE, and immutable; VM_EBUSY: DONATE, and wired or held;
 *    VM_ENOTSUP: SHARE of private memory, and `foreign`; VM_ENOMEM
 * => on error cargo is empty and no entry has changed its meaning, but that
 *    private memory which was to be shared may be marked so
 */
int vm_map_pick(struct vm_map *, const struct vm_map_pick *,
    struct vm_map_cargo *, struct vm_map_dead *dead);

/* The places of what was donated are free: cargo, which need not have any
 * entries by now, has arrived.  => write-locked */
void vm_map_pick_done(struct vm_map *, const struct vm_map_pick *,
    const struct vm_map_cargo *, struct vm_map_dead *dead);

/* Donated entries return to where they were.  What has no place any more,
 * since all of the space went meanwhile, comes out in dead.
 * => write-locked; cannot fail */
void vm_map_put_back(struct vm_map *, const struct vm_map_pick *,
    struct vm_map_cargo *, struct vm_map_dead *dead);

/* Charge what cargo needs where it arrives, beyond what it has.
 * => VM_ENOMEM, and `refused` */
int vm_map_cargo_charge(struct vm_system *, struct vm_map_cargo *);

/* All that is in one becomes the other's, which is empty. */
void vm_map_cargo_take_over(struct vm_map_cargo *to, struct vm_map_cargo *from);

/* Let cargo's entries begin so much higher, or lower: wrapping. */
void vm_map_cargo_shift(struct vm_map_cargo *, vaddr_t distance);

/* Put cargo into a map where all its places are free; make cargo of all that a
 * map has.  => write-locked; cannot fail */
void vm_map_put(struct vm_map *, struct vm_map_cargo *);
void vm_map_take_all(struct vm_map *, struct vm_map_cargo *);

/* Cargo that will not arrive: its charge, its entries.  => no lock held.
 * The map is one of the design that they are of */
void vm_map_cargo_drop(struct vm_map *, struct vm_map_cargo *);

#endif
