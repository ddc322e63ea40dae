/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_test.c - does the port `soft` keep the contract, however mean it is?
 *
 * The tests run on several machines: one that drops from its TLBs at once,
 * one that waits for pmap_update, one whose TLB has a single entry, one that
 * forgets, one that copies ahead and starts with zeroed frames.
 */
#include "pmap/soft.h"
#include "test/contract/pmap_contract.h"

#define NCPUS 3

static struct soft_config config;

static int
create(const struct vm_env *env, vm_pindex_t npages, struct vm_machine **out)
{
	config.npages = npages;
	config.ncpus = NCPUS;
	return soft_machine_create(env, &config, out);
}

static bool
touch(struct pmap *pmap, unsigned cpu, vaddr_t va, vm_prot_t access,
    unsigned char *byte)
{
	struct soft_access a = {
		.pmap = pmap,
		.cpu = cpu,
		.access = access,
		.va = va,
		.buf = byte,
		.len = 1,
	};

	return soft_access(&a) == 0;
}

static int
run(const char *name, struct soft_config c)
{
	const struct pmap_contract_port port = {
		.name = name,
		.ncpus = NCPUS,
		.create = create,
		.destroy = soft_machine_destroy,
		.touch = touch,
		.check = soft_machine_check,
	};

	config = c;
	return pmap_contract_run(&port);
}

int
main(void)
{
	int failed = 0;

	failed += run("lazy", (struct soft_config){ 0 });
	failed += run("eager", (struct soft_config){ .eager = true });
	failed += run("tiny",
	    (struct soft_config){ .tlb_entries = 1,
		.va_min = 1 << 20,
		.va_max = 1 << 26 });
	failed += run("forgetful", (struct soft_config){ .forget_every = 2 });
	failed += run("copying",
	    (struct soft_config){ .copies = true,
		.frames_zeroed = true,
		.tlb_entries = 1024 });
	failed += run("quick", (struct soft_config){ .quick = true });
	return failed != 0;
}
