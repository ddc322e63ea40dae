/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/backing.h - a layer of an entry's own backing list.
 *
 *	entry A1 --.				  entry B (another map)
 *		    > head --> layer --> layer	     |
 *	entry A2 --'   |	 |	   |	   layer --> layer
 *		      obj	obj	  obj <------'	       |
 *				 `----------------------------'
 *
 * Objects are common to maps, lists are not: so nothing that one map does to
 * its list has to be agreed upon with another.  Entries cut from one another
 * use one list together.  An object's references are the layers that name it:
 * one, when no other map can see its pages.
 *
 * Source: DragonFly vm_map_backing.
 */
#ifndef VM_COW_BACKING_H
#define VM_COW_BACKING_H

#include "vm/cow/layers.h"

struct vm_backing {
	struct vm_layer layer; /* its below, too, is part of a backing */
	_Atomic uint32_t refs; /* entries and layers above it */
};

#endif
