/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_self.c - see host_self.h.
 *
 * A window is reserved when its pmap is first used.  Gains are entered when an
 * access misses them; losses are never deferred, because this process never
 * stops.  Accesses go through process_vm_readv(2) on ourselves: the kernel
 * checks them as it checks the processor's, and says EFAULT instead of SIGSEGV.
 */
#include "pmap/host_self.h"

#include "pmap/host.h"

#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define BATCH        32
#define MAX_MAPPINGS 30000

static void *
reserve(const struct vm_machine *m)
{
	void *p = mmap(NULL, m->va_max, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

char *
host_self_window(struct pmap *pm)
{
	if (pmap_host_owner(pm) == NULL)
		pmap_host_set_owner(pm, reserve(pm->machine));
	return pmap_host_owner(pm);
}

static void
gone(void *ctx, struct pmap *pm)
{
	(void)ctx;
	if (pmap_host_owner(pm) != NULL)
		(void)munmap(pmap_host_owner(pm), pm->machine->va_max);
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
	char *at = (char *)pmap_host_owner(pm) + op->start;
	size_t len = op->end - op->start;
	int prot = host_prot(op->prot);

	switch (op->kind) {
	case PMAP_HOST_MAP:
		return mmap(at, len, prot, MAP_SHARED | MAP_FIXED,
			   pmap_host_file(pm->machine),
			   (off_t)op->offset) == at;
	case PMAP_HOST_UNMAP: /* the window stays reserved */
		return mmap(at, len, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			       MAP_FIXED,
			   -1, 0) == at;
	case PMAP_HOST_PROTECT:
		break;
	}
	return mprotect(at, len, prot) == 0;
}

static enum pmap_host_result
run(void *ctx, struct pmap *pm, const struct pmap_host_op *ops, size_t n)
{
	(void)ctx;
	if (pmap_host_owner(pm) == NULL)
		return PMAP_HOST_DONE; /* nothing has ever been mapped */
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
host_self_create(const struct vm_env *env, vm_pindex_t npages, vaddr_t va_max,
    struct vm_machine **out)
{
	struct pmap_host_config config = {
		.env = env,
		.exec = { .may_wait = may_wait, .run = run, .gone = gone },
		.npages = npages,
		.va_min = VM_PAGE_SIZE,
		.va_max = va_max,
		.max_mappings = MAX_MAPPINGS,
	};

	return pmap_host_create(&config, out);
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

static void
catch_up(struct pmap *pm)
{
	struct pmap_host_op ops[BATCH];
	size_t n;

	while ((n = pmap_host_take(pm, ops, BATCH)) > 0)
		if (run(NULL, pm, ops, n) != PMAP_HOST_DONE)
			pmap_host_forget(pm);
}

bool
host_self_ready(struct pmap *pm, vaddr_t va, vm_prot_t access)
{
	if (host_self_window(pm) == NULL || !pmap_host_fault(pm, va, access))
		return false;
	catch_up(pm);
	return true;
}

bool
host_self_access(struct pmap *pm, vaddr_t va, vm_prot_t access,
    unsigned char *byte)
{
	char *window = host_self_window(pm);

	if (window == NULL)
		return false;
	if (try_access(window + va, access, byte))
		return true;
	return host_self_ready(pm, va, access) &&
	    try_access(window + va, access, byte);
}
