/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_test.c - does the port `host` keep the contract?
 *
 * It runs on this process itself: mappings are real ones, and a load that must
 * fault is one that the kernel refuses.
 */
#include "pmap/host_self.h"
#include "test/contract/pmap_contract.h"

#define ADDRESSES ((vaddr_t)256 << 20)

static int
create(const struct vm_env *env, vm_pindex_t npages, struct vm_machine **out)
{
	const struct host_self_config config = {
		.env = env,
		.npages = npages,
		.va_max = ADDRESSES,
	};

	return host_self_create(&config, out);
}

static bool
touch(struct pmap *pmap, unsigned cpu, vaddr_t va, vm_prot_t access,
    unsigned char *byte)
{
	(void)cpu;
	return host_self_access(pmap, va, access, byte);
}

int
main(void)
{
	const struct pmap_contract_port port = {
		.name = "host",
		.ncpus = 1,
		.create = create,
		.destroy = host_self_destroy,
		.touch = touch,
	};

	return pmap_contract_run(&port) != 0;
}
