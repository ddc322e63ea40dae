/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_self.c - see host_self.h.
 *
 * A window is reserved when its pmap is made.  Gains are entered when an
 * access misses them; losses are never deferred, because this process never
 * stops.  Operations run under the port's lock, so that a mapping that somebody
 * enters cannot overtake the loss of it by another thread.
 *
 * The calls go to the kernel directly: they are made by handlers of signals,
 * and what they do to addresses is not the business of those who watch the C
 * library, as sanitizers do.
 *
 * Test accesses go through process_vm_readv(2) on ourselves: the kernel
 * checks them as it checks the processor's, and says EFAULT instead of SIGSEGV.
 */
#include "pmap/host_self.h"

#include "pmap/host.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_MAPPINGS 30000

struct area {
	char *start;
	size_t len;
};

static bool
map(struct area a, int prot, int flags, int fd, uint64_t offset)
{
	return syscall(SYS_mmap, a.start, a.len, prot, flags, fd, offset) ==
	    (long)a.start;
}

static bool
unmap(struct area a)
{
	return a.len == 0 || syscall(SYS_munmap, a.start, a.len) == 0;
}

/* Nothing is there, and nobody else maps there. */
static bool
reserve(struct area a)
{
	return map(a, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

/* Of more than is wanted, what is aligned is kept. */
static char *
reserve_aligned(size_t len, size_t align)
{
	size_t all = len + align;
	char *p, *start;

	if (all < len)
		return NULL;
	p = mmap(NULL, all, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	start = p + (-(uintptr_t)p & (align - 1));
	(void)unmap((struct area){ p, (size_t)(start - p) });
	(void)unmap(
	    (struct area){ start + len, all - len - (size_t)(start - p) });
	return start;
}

char *
host_self_window(struct pmap *pm)
{
	return pmap_host_owner(pm);
}

static bool
born(void *ctx, struct pmap *pm)
{
	/* The executor's word is the alignment itself. */
	char *window = reserve_aligned(pm->machine->va_max, (uintptr_t)ctx);

	pmap_host_set_owner(pm, window);
	return window != NULL;
}

static void
gone(void *ctx, struct pmap *pm)
{
	(void)ctx;
	(void)unmap((struct area){ pmap_host_owner(pm), pm->machine->va_max });
}

static int
host_prot(vm_prot_t prot)
{
	return (prot & VM_PROT_READ ? PROT_READ : 0) |
	    (prot & VM_PROT_WRITE ? PROT_WRITE : 0) |
	    (prot & VM_PROT_EXEC ? PROT_EXEC : 0);
}

static bool
run_one(struct pmap *pm, const struct pmap_host_op *op)
{
	struct area a = { (char *)pmap_host_owner(pm) + op->start,
		op->end - op->start };
	int prot = host_prot(op->prot);

	switch (op->kind) {
	case PMAP_HOST_MAP: /* and no second fault, the kernel's */
		return map(a, prot, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
		    pmap_host_file(pm->machine), op->offset);
	case PMAP_HOST_UNMAP:
		return reserve(a);
	case PMAP_HOST_PROTECT:
		break;
	}
	return syscall(SYS_mprotect, a.start, a.len, prot) == 0;
}

static enum pmap_host_result
run(void *ctx, struct pmap *pm, const struct pmap_host_op *ops, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++)
		if (!run_one(pm, &ops[i]))
			return PMAP_HOST_FULL;
	return PMAP_HOST_DONE;
}

static bool
may_wait(void *ctx, struct pmap *pm)
{
	(void)ctx;
	(void)pm;
	return false;
}

int
host_self_create(const struct host_self_config *config, struct vm_machine **out)
{
	uintptr_t align = config->align != 0 ? config->align : VM_PAGE_SIZE;
	struct pmap_host_config host = {
		.env = config->env,
		.exec = { .ctx = (void *)align,
		    .may_wait = may_wait,
		    .born = born,
		    .gone = gone,
		    .run = run },
		.npages = config->npages,
		.va_min = VM_PAGE_SIZE,
		.va_max = config->va_max,
		.zero_ahead_max = config->zero_ahead_max,
		.neighbour_factor = config->neighbour_factor,
		.read_around = config->read_around,
		.max_mappings = config->max_mappings != 0 ?
		    config->max_mappings :
		    MAX_MAPPINGS,
	};

	return pmap_host_create(&host, out);
}

void
host_self_destroy(struct vm_machine *m)
{
	pmap_host_destroy(m);
}

static bool
try_access(char *at, vm_prot_t access, unsigned char *byte)
{
	struct iovec here = { byte, 1 }, there = { at, 1 };

	if (access & VM_PROT_WRITE)
		return process_vm_writev(getpid(), &here, 1, &there, 1, 0) == 1;
	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 1;
}

bool
host_self_knows(struct pmap *pm, vaddr_t va, vm_prot_t access)
{
	return pmap_host_fault(pm, va, access);
}

bool
host_self_enter(struct pmap *pm)
{
	return pmap_host_enter(pm);
}

void
host_self_forget(struct pmap *pm)
{
	pmap_host_forget(pm);
	(void)pmap_host_enter(pm);
}

bool
host_self_ready(struct pmap *pm, vaddr_t va, vm_prot_t access)
{
	return host_self_knows(pm, va, access) && host_self_enter(pm);
}

bool
host_self_access(struct pmap *pm, vaddr_t va, vm_prot_t access,
    unsigned char *byte)
{
	char *window = host_self_window(pm);

	if (try_access(window + va, access, byte))
		return true;
	return host_self_ready(pm, va, access) &&
	    try_access(window + va, access, byte);
}
