/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapcrypt.h - what a device is given is encrypted, with a key for each
 * region of slots.
 *
 * A region's key is made when a slot of it is written for the first time, and
 * wiped when the last slot in use becomes free: then nobody can read any more
 * what was there, on the device or in memory.
 *
 * A write goes by a bounce buffer, for the pages are still the program's.
 * Each device has a few, made with it.  When all are in use a write waits in
 * a queue, not in a thread: who ends a write begins that one.
 *
 * A device without a cipher has none of this (crypt is NULL), and only
 * vm_swapcrypt_init may be called for it.
 * Source: OpenBSD uvm_swap_encrypt.c; differs: a queue for buffers.
 */
#ifndef VM_SWAPCRYPT_H
#define VM_SWAPCRYPT_H

#include "vm/vm_swapdev.h"

/* => VM_ENOMEM; then fini takes away what is there */
int vm_swapcrypt_init(struct vm_system *, struct vm_swapdev *);
void vm_swapcrypt_fini(struct vm_system *, struct vm_swapdev *);

/* Slots that are in use from now on, [i, i + n) of the device; one that is
 * not any more.  => lock held */
void vm_swapcrypt_take(struct vm_swapdev *, uint32_t i, uint32_t n);
void vm_swapcrypt_drop(struct vm_swap *, struct vm_swapdev *, uint32_t i);

/* See to it that slots have keys.  => lock held; VM_EIO: no key was made */
int vm_swapcrypt_keys(struct vm_swap *, struct vm_swapdev *, uint32_t i,
    uint32_t n);

/*
 * One page, in slot i, which is in use.
 * encrypt: => it has a key
 * decrypt: in place.  => false: nothing was ever written there
 */
void vm_swapcrypt_encrypt(struct vm_swap *, struct vm_swapdev *, uint32_t i,
    const void *in, void *out);
bool vm_swapcrypt_decrypt(struct vm_swap *, struct vm_swapdev *, uint32_t i,
    void *page);

/*
 * get: a buffer of VM_CLUSTER_MAX pages as sio->bounce.
 * => false: sio is in the queue, and somebody else's to begin
 * put: give it back.
 * => a transfer of the queue, which has a buffer now and is to be begun; NULL
 */
bool vm_swapcrypt_get(struct vm_swap *, struct vm_swapio *);
struct vm_swapio *vm_swapcrypt_put(struct vm_swap *, struct vm_swapio *);

/* W4.  => nobody else runs */
void vm_swapcrypt_check(const struct vm_swapdev *);

#endif
