/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_env.h - what the library asks of its host.  Public.
 *
 * The core has no allocator, no threads and no clock of its own; it is handed
 * this struct of functions with a context pointer.  Rules for all of them:
 * they may be called with locks of the library held, so they must not call
 * back into it; they may be called from any thread; ctx is passed unchanged.
 *
 * wait and wake are a futex: all locks and all sleeping of the core are built
 * on them (vm_lock.h).  A host with one thread may leave both NULL: then a
 * lock that is taken twice is a panic, which is what it deserves.
 *
 * One symbol is bound at link time: vm_panic() (base/check.h), called when the
 * library finds itself broken.  It must not return.
 */
#ifndef VM_ENV_H
#define VM_ENV_H

#include <stddef.h>
#include <stdint.h>

struct vm_env {
	void *ctx;

	/*
	 * alloc: size bytes aligned to 16 (to VM_PAGE_SIZE when size is a
	 * multiple of it), contents undefined; NULL when there are none.
	 * free gets the same size back.  Neither blocks on the library.
	 */
	void *(*alloc)(void *ctx, size_t size);
	void (*free)(void *ctx, void *p, size_t size);

	/*
	 * wait: sleep while *word == value; may return early for no reason.
	 * The comparison and the going to sleep are one step against wake.
	 * wake: wake the threads that sleep on word.  Called too for who
	 * waits without sleeping (struct vm_wait), whom the host lets look.
	 */
	void (*wait)(void *ctx, const _Atomic uint32_t *word, uint32_t value);
	void (*wake)(void *ctx, const _Atomic uint32_t *word);

	/* yield: let others run who hold what the caller would have to wait
	 * for but may not.  NULL: somebody else runs anyway. */
	void (*yield)(void *ctx);

	/* cpu: a small number, a hint which cache to use.  NULL: always 0. */
	unsigned (*cpu)(void *ctx);

	/* log: one message for people, no newline at its end.  May be NULL. */
	void (*log)(void *ctx, const char *text, size_t len);
};

#endif
