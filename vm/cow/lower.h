/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/lower.h - what every design does alike: when it resolves, the object at
 * the bottom of an entry, leaving the pmap before a copy, and the answer; and
 * what happens to that object when entries are copied, cut, joined and dropped.
 */
#ifndef VM_COW_LOWER_H
#define VM_COW_LOWER_H

#include "vm/vm_cow.h"

/* The page at r->va is pg, to be mapped with at most prot. */
enum vm_verdict vm_cow_answer(struct vm_resolve *, struct vm_page *,
    vm_prot_t prot, enum vm_resolved_how);

/* The page is in transit: wait for it, if the question goes as far as that. */
enum vm_verdict vm_cow_busy(struct vm_resolve *, struct vm_page *);

/* As long as the page may change behind the entry's back: all but write. */
static inline vm_prot_t
vm_cow_readonly(const struct vm_map_entry *e)
{
	return (vm_prot_t)(e->prot & ~VM_PROT_WRITE);
}

/*
 * vm_cow_leave_pmap: take what r->pmap has at the address out, complete on
 * every processor.  Its page, of this entry, loses the wiring of a wired
 * mapping.
 */
void vm_cow_leave_pmap(struct vm_resolve *);

/* Nothing that the pmap maps for the entry can be written to any more.  => the
 * caller updates */
static inline void
vm_cow_protect(struct pmap *pm, const struct vm_map_entry *e)
{
	if (e->prot & VM_PROT_WRITE)
		pmap_protect(pm, e->start, e->end, vm_cow_readonly(e));
}

/* vm_cow_unmap: all of an entry that is rewound leaves its pmap, complete on
 * every processor, and counts. */
void vm_cow_unmap(struct vm_rewind *);

/*
 * vm_cow_lower: find page n of the entry in its object, which it has.  OK: the
 * answer is that of a reader, or of shared memory; who writes to private
 * memory makes a copy of r->page first.
 */
enum vm_verdict vm_cow_lower(struct vm_resolve *, vm_pindex_t n);

/* dst has the object of src as well, at the same place. */
void vm_cow_ref_lower(const struct vm_map_entry *src, struct vm_map_entry *dst);

/* The object's part of split and of drop. */
void vm_cow_split_lower(const struct vm_map_entry *lo, struct vm_map_entry *hi,
    vm_pindex_t n);
void vm_cow_drop_lower(struct vm_map_entry *);

/*
 * vm_cow_may_join: whether flags and objects let lo, made longer, stand for hi
 * too; whether they need a copy is for the upper layer to judge.
 */
bool vm_cow_may_join(const struct vm_map_entry *lo,
    const struct vm_map_entry *hi);

/* What holds of an entry in every design. */
void vm_cow_check_entry(const struct vm_map_entry *);

#endif
