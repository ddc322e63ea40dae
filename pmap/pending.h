/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pending.h - ranges of addresses that the host has not been told about yet.
 *
 * A sorted array of ranges that never overlap.  Each range only says how much
 * has changed, not what: whoever brings the host up to date looks at the page
 * table.  So a page that came and went costs nothing, and the order of the
 * changes does not matter.
 *
 *	[ PROTECT )   [ MAP )[ PROTECT )      [ MAP      )
 *
 * MAP covers PROTECT; ranges that touch and are alike are one.
 */
#ifndef PMAP_PENDING_H
#define PMAP_PENDING_H

#include "vm/vm_env.h"
#include "vm/vm_types.h"

enum pending_kind {
	PENDING_PROTECT, /* the same pages, other permissions */
	PENDING_MAP,     /* anything */
};

struct pending_range {
	vaddr_t start, end;
	enum pending_kind kind;
};

struct pending {
	const struct vm_env *env;
	struct pending_range *ranges;
	size_t n, room;
};

/* => VM_ENOMEM */
int pending_init(struct pending *, const struct vm_env *);
void pending_fini(struct pending *);

/* pending_reserve: room for one pending_add.  => VM_ENOMEM: unchanged */
int pending_reserve(struct pending *);

/*
 * pending_add: [start, end) has changed.
 * => pending_reserve has been called since the last pending_add
 */
void pending_add(struct pending *, vaddr_t start, vaddr_t end,
    enum pending_kind);

/* pending_cut: the first range is done up to va. */
void pending_cut(struct pending *, vaddr_t va);
/* pending_drop: the first n ranges are done. */
void pending_drop(struct pending *, size_t n);

#endif
