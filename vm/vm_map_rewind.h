/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_rewind.h - a map becomes what a frozen one is.
 *
 *	frozen	[     a      )     [   b   )[ c )
 *	map	[  a  )[ x ) [  y  )  [ b  )[ c )
 *		       `-----------'		  a map of its own, cut alike:
 *						  pieces that agree are turned
 *						  back, the others replaced
 *
 * Nobody runs in a frozen map: its pmap is empty, and its private entries all
 * need a copy.
 */
#ifndef VM_MAP_REWIND_H
#define VM_MAP_REWIND_H

#include "vm/vm_map.h"

/* What a frozen map has of an entry, and one made from it: private memory as a
 * copy, what is shared shared, reserved places not at all. */
vm_map_inherit_fn vm_map_keeps;

/* vm_map_freeze_copies: `frozen` has twins of all entries of the map that it
 * keeps, and is not changed any more.  => both write-locked */
void vm_map_freeze_copies(struct vm_map *map, struct vm_map *frozen);

/*
 * vm_map_rewind: the map's entries are what the frozen map's are.  What went
 * comes out in dead, also on error.  Those that were locked are; their pages
 * are when they are next used.
 *
 * npages  pages that changed, or were mapped and may have
 * => both write-locked, the frozen one first; one design, one system
 * => VM_ENOMEM, VM_EAGAIN (more than may be wired): no entry has changed its
 *    meaning; refused: not for lack of memory, but of what may be promised
 */
struct vm_map_rewound {
	vm_pindex_t npages;
	bool refused;
	bool locked; /* some of the entries are */
};
int vm_map_rewind(struct vm_map *, struct vm_map *frozen,
    struct vm_map_dead *dead, struct vm_map_rewound *);

#endif
