/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * window.c - see window.h.
 */
#include "host/window.h"

#include "host/run.h"
#include "host/shm.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#define POPULATE_READ 22 /* MADV_POPULATE_READ, since Linux 5.14 */

static const uint64_t prots[] = { PROT_READ, PROT_READ | PROT_WRITE,
	PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC };

#define NWINDOWS (sizeof(prots) / sizeof(prots[0]))

_Static_assert(WINDOW_CALLS == NWINDOWS + 2, "to close, and to protect");

static uint64_t
window_start(const struct run *run, size_t window)
{
	return SHM_WINDOW_END + window * pmap_host_tail_offset(run->machine);
}

uint64_t
window_args(const struct run *run)
{
	return window_start(run, NWINDOWS);
}

uint64_t
window_end(const struct run *run)
{
	return window_args(run) + WINDOW_ARGS_SIZE;
}

void
window_make(const struct run *run, uint64_t fd, struct stub_call *calls)
{
	for (size_t i = 0; i < NWINDOWS; i++)
		calls[i] = (struct stub_call){ SYS_mmap,
			{ window_start(run, i),
			    window_start(run, 1) - window_start(run, 0),
			    prots[i], MAP_SHARED | MAP_FIXED | MAP_NORESERVE,
			    fd, 0 } };
	calls[NWINDOWS] = (struct stub_call){ SYS_close, { fd } };
	calls[NWINDOWS + 1] = (struct stub_call){ SYS_mprotect,
		{ STUB_BASE, VM_PAGE_SIZE, PROT_READ | PROT_EXEC } };
}

static uint64_t
host_prot(vm_prot_t prot)
{
	return (prot & VM_PROT_READ ? PROT_READ : 0ul) |
	    (prot & VM_PROT_WRITE ? PROT_WRITE : 0ul) |
	    (prot & VM_PROT_EXEC ? PROT_EXEC : 0ul);
}

static struct stub_call
protect(const struct pmap_host_op *op)
{
	return (struct stub_call){ SYS_mprotect,
		{ op->start, op->end - op->start, host_prot(op->prot) } };
}

/* One page is there as soon by a fault as by a call; more are not. */
static size_t
map(const struct run *run, const struct pmap_host_op *op,
    struct stub_call *calls)
{
	uint64_t len = op->end - op->start, prot = host_prot(op->prot);
	size_t window = 0, n = 0;

	while (window < NWINDOWS - 1 && (prots[window] & prot) != prot)
		window++;
	calls[n++] = (struct stub_call){ SYS_mremap,
		{ window_start(run, window) + op->offset, 0, len,
		    MREMAP_MAYMOVE | MREMAP_FIXED, op->start } };
	if (prots[window] != prot)
		calls[n++] = protect(op);
	else if (len > VM_PAGE_SIZE)
		calls[n++] = (struct stub_call){ SYS_madvise,
			{ op->start, len, POPULATE_READ } };
	return n;
}

size_t
window_calls(const struct run *run, const struct pmap_host_op *op,
    struct stub_call *calls)
{
	switch (op->kind) {
	case PMAP_HOST_UNMAP:
		calls[0] = (struct stub_call){ SYS_munmap,
			{ op->start, op->end - op->start } };
		return 1;
	case PMAP_HOST_PROTECT:
		calls[0] = protect(op);
		return 1;
	case PMAP_HOST_MAP:
		break;
	}
	return map(run, op, calls);
}
