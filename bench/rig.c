/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig.c - see rig.h.
 */
#include "bench/rig.h"

#include "env/posix.h"
#include "env/swapfile.h"
#include "pmap/host_self.h"
#include "pmap/soft.h"

static void
begin(struct rig *rig)
{
	must(vm_system_create(&posix_env, rig->machine, &rig->sys), "system");
	vm_system_prefer(rig->sys, rig->design);
}

void
rig_init(struct rig *rig, const struct vm_design *design, size_t npages)
{
	const struct soft_config soft = { .npages = npages,
		.ncpus = 2,
		.quick = true };

	*rig = (struct rig){ .design = design };
	must(soft_machine_create(&posix_env, &soft, &rig->machine), "machine");
	begin(rig);
}

void
rig_init_here(struct rig *rig, const struct vm_design *design, size_t npages,
    size_t window)
{
	const struct host_self_config here = { .env = &posix_env,
		.npages = npages,
		.va_max = vm_ptoa(window) };

	*rig = (struct rig){ .design = design, .here = true };
	must(host_self_create(&here, &rig->machine), "machine");
	begin(rig);
}

void
rig_fini(struct rig *rig)
{
	if (rig->has_daemon) {
		vm_pageout_stop(rig->sys);
		(void)pthread_join(rig->daemon, NULL);
	}
	vm_system_destroy(rig->sys);
	if (rig->here)
		host_self_destroy(rig->machine);
	else
		soft_machine_destroy(rig->machine);
}

void
rig_swap_to(struct rig *rig, const char *path, size_t npages)
{
	const struct swapfile_config config = { .env = &posix_env,
		.path = path,
		.size = vm_ptoa(npages) };
	struct swapdev_why why;
	struct vm_swap_device device;
	unsigned id;

	if (!swapfile_open(&config, &device, &why))
		errx(1, "%s: %s", path, why.text);
	device.name = path;
	must(vm_swap_add(rig->sys, &device, &id), "vm_swap_add");
}

void
rig_touch(struct rig *rig, struct vmspace *vs, vaddr_t va, vm_prot_t access)
{
	do
		must(vm_fault(&vs->map, va, access, VM_FAULT_NARROW),
		    "vm_fault");
	while (rig->here && !host_self_ready(vs->map.pmap, va, access));
}

static void *
run_daemon(void *sys)
{
	vm_pageout_daemon(sys);
	return NULL;
}

void
rig_start_daemon(struct rig *rig)
{
	if (pthread_create(&rig->daemon, NULL, run_daemon, rig->sys) != 0)
		errx(1, "no thread");
	rig->has_daemon = true;
}

struct vmspace *
rig_space(struct rig *rig, size_t npages, unsigned flags, vaddr_t *base)
{
	struct vm_mmap_args args = {
		.len = vm_ptoa(npages),
		.prot = VM_PROT_RW,
		.max_prot = VM_PROT_ALL,
		.flags = flags,
	};
	struct vmspace *vs;

	must(vmspace_create(rig->sys, rig->design, &vs), "vmspace_create");
	must(vm_mmap(vs, &args, base), "vm_mmap");
	return vs;
}
