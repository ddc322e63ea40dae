/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swap.h - swap: slots, each the place of one page, on devices.  Public.
 *
 * All slots of all devices are numbered in one space, the drum:
 *
 *	 0   1 . . . . . 99 100 . . . . . . . 355         2^32 - 1
 *	none |---- sda ----||---- a file ------|  - - - -
 *
 * Whoever needs a place takes a run of slots, writes to it by a vm_swapio,
 * and keeps the number.  A slot has a count of references: pages that are
 * copied while they are paged out share one.  At the last reference it is
 * free again, or never, if its device has failed there.
 *
 * Devices with a higher priority are used first, those of the same priority
 * in turn; a device that is full, or has no run as long as wanted while
 * another has, is passed over.
 *
 * A checksum of every page that is out stays in memory, mixed with the number
 * of its slot: a page that comes back changed, old, or from another place, is
 * an error and not data.  With a cipher, what is written is encrypted, with a
 * key for each region of 128 slots that is forgotten when the region is free.
 *
 * Counted are slots and transfers (swap_*).  Page-ins and page-outs, and who
 * holds which slot, is known to who uses this.
 *
 * One leaf lock guards everything; no device is called with it held.  Except
 * where said, what is declared here may be called with any lock held.
 * Sources: UVM uvm_swap.c (the drum, priorities, bad slots), OpenBSD
 * uvm_swap_encrypt.c (keys of regions).
 */
#ifndef VM_SWAP_H
#define VM_SWAP_H

#include "base/list.h"
#include "vm/vm_io.h"
#include "vm/vm_system.h"
#include "vm/vm_types.h"

struct vm_page;
struct vm_swapdev;

/* ---- devices ---- */

/* What can be swapped to. */
struct vm_swap_device {
	const struct vm_swap_device_ops *ops;
	void *dev;        /* their first argument */
	const char *name; /* for people; outlives the device */
	uint64_t npages;  /* what fits on it */
	int priority;     /* higher ones are used first */
};

/*
 * vm_swap_add: swap to a device, too.
 *
 * id  out: what to call it from now on
 * => no lock held
 * => VM_EINVAL: no pages, or more than the drum has numbers left in a row;
 *    VM_ENOMEM.  On error the device stays the caller's, not closed
 */
int vm_swap_add(struct vm_system *, const struct vm_swap_device *,
    unsigned *id);

/*
 * To remove a device: retire it, bring back or free what is on it, remove it.
 *
 * vm_swap_retire: nothing more is allocated there.  => VM_EINVAL: no such;
 *    VM_EBUSY: it is already
 * vm_swap_reinstate: or be used again
 * vm_swap_remove: forget and close it.
 * => no lock held
 * => VM_EINVAL: no such; VM_EBUSY: a slot of it is in use, or in transit
 */
int vm_swap_retire(struct vm_system *, unsigned id);
void vm_swap_reinstate(struct vm_system *, unsigned id);
int vm_swap_remove(struct vm_system *, unsigned id);

/* Whether a slot in use lies on that device; on one that is retired. */
bool vm_swap_is_on(struct vm_system *, vm_slot_t, unsigned id);
bool vm_swap_is_retired(struct vm_system *, vm_slot_t);

struct vm_swap_info {
	unsigned id;
	const char *name, *kind;
	int priority;
	uint64_t npages, used, bad; /* slots; used: with references */
	bool retired;
	uint64_t reads, writes, errors; /* pages */
};

/* The i-th device in the order of adding; false: so many there are not. */
bool vm_swap_nth(struct vm_system *, unsigned i, struct vm_swap_info *);

/* Slots of all devices that are not retired, but for bad ones; those in use, on
 * any device; whether there is none for who wants one. */
uint64_t vm_swap_total(const struct vm_system *);
uint64_t vm_swap_in_use(const struct vm_system *);
bool vm_swap_is_full(const struct vm_system *);

/* ---- slots ---- */

/*
 * vm_swap_alloc: a run of slots on one device, with one reference each.
 *
 * want  at least 1
 * got   out: how many, at most want; fewer only when no device has such a run
 * => the first; 0: swap is full
 */
vm_slot_t vm_swap_alloc(struct vm_system *, unsigned want, unsigned *got);

/* A reference more to a slot in use; one less to each of [slot, slot + n),
 * which lie on one device. */
void vm_swap_ref(struct vm_system *, vm_slot_t);
void vm_swap_free(struct vm_system *, vm_slot_t, unsigned n);

/* The same as vm_swap_free, and as the device failed there nobody gets these
 * slots again. */
void vm_swap_bad(struct vm_system *, vm_slot_t, unsigned n);

/* References to a slot; whether its device has failed there. */
uint32_t vm_swap_refs(struct vm_system *, vm_slot_t);
bool vm_swap_is_bad(struct vm_system *, vm_slot_t);

/* Whether b comes right after a on one device. => both are in use */
bool vm_swap_follows(struct vm_system *, vm_slot_t a, vm_slot_t b);

/* ---- transfers ---- */

struct vm_swapio {
	/* Filled in by who wants it: io.write, sys, slot, npages, pages,
	 * done, arg. */
	struct vm_io io;
	struct vm_system *sys;
	vm_slot_t slot;  /* the first of npages on one device, in use */
	unsigned npages; /* 1..VM_CLUSTER_MAX */
	struct vm_page *pages[VM_CLUSTER_MAX];
	uint64_t bad; /* out: a bit for each page that was not written, could
			 not be read, or came back wrong */
	int error;    /* out: 0, VM_EIO; of a write what vm_io_done said */
	void (*done)(struct vm_swapio *); /* any thread, no lock held */
	void *arg;                        /* the caller's */

	/* Private to vm_swapio.c. */
	struct vm_swapdev *dev;
	unsigned first;         /* what pages[] of io is about */
	_Atomic uint32_t holds; /* by who starts it, by the device */
	struct list link;       /* waits for a bounce buffer */
	void *bounce;
};

/*
 * vm_swap_start: begin; done is called when it has ended, maybe before this
 * returns.  A read that fails is repeated page by page, so that a bad spot
 * costs one page; a page that is bad has undefined contents.
 *
 * => no lock held; does not wait and needs no memory
 * => until done, nobody changes the pages, and when it reads nobody looks at
 *    them; the transfer holds references of its own to the slots
 */
void vm_swap_start(struct vm_swapio *);

/*
 * vm_swap_read: read n pages, and wait for them.
 *
 * bad  out: as in vm_swapio
 * => no lock held; blocks
 * => VM_EIO when a page is bad
 */
int vm_swap_read(struct vm_system *, vm_slot_t, struct vm_page *const *pages,
    unsigned n, uint64_t *bad);

/* ---- encryption ---- */

#define VM_SWAP_KEY    32  /* bytes of a key */
#define VM_SWAP_REGION 128 /* slots that have one key */

/*
 * A slot may be written more than once with the same key, so that this
 * must be a mode made for storage, as XTS is, with the slot as the tweak.
 */
struct vm_swap_cipher {
	void *ctx;
	/* Random bytes; VM_EIO: there are none, the page is not written.
	 * => a leaf lock is held */
	int (*make_key)(void *ctx, uint8_t key[VM_SWAP_KEY]);
	/* One page; in == out is allowed.  => no lock held, any thread */
	void (*encrypt)(void *ctx, const uint8_t key[VM_SWAP_KEY], vm_slot_t,
	    const void *in, void *out);
	void (*decrypt)(void *ctx, const uint8_t key[VM_SWAP_KEY], vm_slot_t,
	    const void *in, void *out);
	/* Zeroes that no compiler leaves out. => a leaf lock may be held */
	void (*wipe)(void *ctx, void *p, size_t size);
};

/* Encrypt what is written from now on.  => no device has been added yet; the
 * cipher outlives the system */
void vm_swap_set_cipher(struct vm_system *, const struct vm_swap_cipher *);

/* ---- beginning and end ---- */

int vm_swap_init(struct vm_system *);
/* => no slot is in use; devices are closed */
void vm_swap_fini(struct vm_system *);
/* vm_check's part: W1 to W4.  => nobody else runs */
void vm_swap_check(const struct vm_system *);

#endif
