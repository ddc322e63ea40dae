/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapcrypt.h - the cipher of encrypted swap.  Public.
 *
 * AES-128 in XTS mode, by libcrypto of OpenSSL, which is loaded when the first
 * one is made.  XTS takes two keys of 128 bits, which are the 32 bytes of a
 * region's key, and the slot as the tweak: the same page in two slots is not
 * the same on the device.  A stream cipher with the slot as nonce would not
 * do: a slot is written again under the same key, and who has both versions
 * had their difference.
 *
 * Nothing is authenticated here; the checksums of vm_swap.h, which never leave
 * memory, find what comes back changed.
 */
#ifndef ENV_SWAPCRYPT_H
#define ENV_SWAPCRYPT_H

#include "env/swapdev.h"
#include "vm/vm_swap.h"

/*
 * swapcrypt_create: make the hooks for vm_swap_set_cipher().
 *
 * => false: why says it
 * => they are for any number of threads, and outlive the vm_system;
 *    swapcrypt_destroy() ends them
 */
bool swapcrypt_create(const struct vm_env *, struct vm_swap_cipher *,
    struct swapdev_why *why);
void swapcrypt_destroy(struct vm_swap_cipher *);

/* Is there encryption in this build? */
bool swapcrypt_is_built(void);

#endif
