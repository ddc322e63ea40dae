/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/shadow.h - shadow objects: layers that belong to their objects, so that
 * all who use an object see the same stack below it.
 *
 *	parent ----> shadow P    shadow C <---- child
 *	    	    (its writes)  (its writes)
 *			  \	 /
 *			   shadow T		what both had at the fork
 *
 * A shadow is written only by entries whose NEEDS_COPY is clear, and as long
 * as nothing shadows it.  References to it are those of entries and of the
 * shadows above; they change under the family's lock, but for one more that a
 * holder gives to another entry of the same map.
 *
 * Source: Rashid et al. 1987, 4.4BSD and FreeBSD vm_object.c.
 */
#ifndef VM_COW_SHADOW_H
#define VM_COW_SHADOW_H

#include "base/list.h"
#include "vm/cow/layers.h"

/* How much a system does against long chains: mach little, freebsd a lot. */
struct vm_shadow_policy {
	struct vm_layers_policy layers;
	bool takes_over;    /* the only user left writes without a new shadow */
	bool merges_always; /* collapse whenever a chain may get shorter, not
			     * only at a copying fault */
	bool one_mapping;   /* pages that one entry alone maps are freed with
			     * it, and split off at a fork */
	bool marks_pages;   /* each fork write-protects each page again */
	bool paged_stays;   /* what has been in swap is not merged with others,
			     * left out, or made longer */
};

struct vm_shadow {
	struct vm_layer layer; /* its below, too, is part of a shadow */
	const struct vm_shadow_policy *policy;
	struct vm_family *family;
	vm_pindex_t npages;    /* pages that can be asked for */
	uint32_t nshadows;     /* references that come from shadows above */
	struct list shadows;   /* those above */
	struct list sibling;   /* on the list of the one below */
	bool one_mapping;      /* no page is mapped by two entries */
	struct vm_layer *dead; /* merged into this one: goes with the lock */
};

static inline struct vm_shadow *
vm_shadow_of(struct vm_layer *l)
{
	return (struct vm_shadow *)l; /* its first member */
}

static inline struct vm_shadow *
vm_shadow_below(const struct vm_shadow *s)
{
	return vm_shadow_of(s->layer.below);
}

/*
 * vm_shadow_create: a shadow of npages with one reference, with nothing below
 * or, with `below`, over its pages from offset on, which takes over a
 * reference of the caller's.  All shadows of a chain have the page index of
 * the first.
 * => not locked   => NULL: no memory
 */
struct vm_shadow *vm_shadow_create(struct vm_system *,
    const struct vm_shadow_policy *, const struct vm_pageindex_ops *,
    vm_pindex_t npages);
struct vm_shadow *vm_shadow_create_over(struct vm_system *,
    struct vm_shadow *below, vm_pindex_t offset, vm_pindex_t npages);

static inline void
vm_shadow_lock(struct vm_shadow *s)
{
	vm_mutex_lock(&s->family->mutex);
}

/* Unlock; then let go of what has been merged into s meanwhile, so that nothing
 * else may be locked that is taken after a map's lock. */
void vm_shadow_unlock(struct vm_shadow *);

/* References of entries and shadows.  => locked */
static inline uint32_t
vm_shadow_refs(const struct vm_shadow *s)
{
	return atomic_load_explicit(&s->layer.obj->refs, memory_order_relaxed);
}

/* Whether it has been in swap, and has to stay as it is for that. => locked */
static inline bool
vm_shadow_was_paged(const struct vm_shadow *s)
{
	return s->policy->paged_stays && s->layer.obj->swap.used;
}

/*
 * vm_shadow_unref: a reference of an entry less; what nobody refers to any
 * more goes, all the way down.  => not locked; does not block
 */
void vm_shadow_unref(struct vm_shadow *);

/*
 * vm_shadow_push_down: slip a shadow in below s, to which the pages of s at
 * [first, first + len) go; wired ones are copied.  It comes back with a
 * reference for the caller.
 * => not locked   => NULL: no memory; all that see s see what they saw
 */
struct vm_shadow *vm_shadow_push_down(struct vm_system *, struct vm_shadow *s,
    vm_pindex_t first, vm_pindex_t len);

/*
 * vm_shadow_collapse: make the chain below shorter: merge what only we refer
 * to, leave out what we hide completely.  Gives up in between when memory is
 * short; the chain is sound at each step.
 * => locked; unlocked by vm_shadow_unlock of this s
 * Sources: FreeBSD vm_object_collapse.  4.4BSD's tries less often, and not
 * with what has been in swap, of which it could not tell what is there: it
 * leaves alone what is under an object with a pager, and does not leave out
 * one that has a pager.
 */
void vm_shadow_collapse(struct vm_shadow *);

/* Panic unless the shadow and what it refers to are sound.  => locked */
void vm_shadow_check(const struct vm_shadow *);

#endif
