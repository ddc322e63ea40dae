/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * system.c - systems: their beginning, their swap, and their end.
 *
 * Each has an arena for all that it allocates, so that nothing is left of it,
 * and a thread that makes free pages.
 */
#include "env/swapcrypt.h"
#include "env/swapfile.h"
#include "env/swapnbd.h"
#include "pmap/host_self.h"
#include "self/frames.h"
#include "self/signal.h"
#include "self/window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_PRESET ((uint64_t)64 << 20)
#define MEMORY_LEAST  ((uint64_t)256 << 10)
#define WINDOW_PRESET ((uint64_t)64 << 30)
#define WINDOW_MOST   ((uint64_t)1 << 45)

/* A fault costs a signal and a call: what is likely to be next comes along. */
#define ZERO_AHEAD_MAX   16
#define NEIGHBOUR_FACTOR 8
#define READ_AROUND      16
#define MAX_MAPPINGS     15000 /* of some 65,000 for the process */

_Static_assert(BSDVM_PAGE_SIZE == VM_PAGE_SIZE, "one page");
_Static_assert((int)BSDVM_ENOTSUP == (int)VM_ENOTSUP &&
	(int)BSDVM_ENOMEM == (int)VM_ENOMEM &&
	(int)BSDVM_EPERM == (int)VM_EPERM && (int)BSDVM_EIO == (int)VM_EIO,
    "the same errors");

/* ------------------------------------------------------------------ text */

const char *
bsdvm_strerror(int error)
{
	static const char *const text[] = {
		[BSDVM_OK] = "no error",
		[BSDVM_ENOMEM] = "out of memory",
		[BSDVM_EFAULT] = "nothing is mapped there",
		[BSDVM_EACCES] = "not for this access",
		[BSDVM_EINVAL] = "invalid argument",
		[BSDVM_EEXIST] = "the range is taken",
		[BSDVM_ERANGE] = "past the end of the object",
		[BSDVM_EIO] = "input or output failed",
		[BSDVM_EBUSY] = "in use",
		[BSDVM_EPERM] = "not permitted",
		[BSDVM_EAGAIN] = "too much would be wired",
		[BSDVM_ENOTSUP] = "not supported",
	};

	if (error < 0 || (size_t)error >= sizeof(text) / sizeof(text[0]))
		return "unknown error";
	return text[error];
}

const char *
bsdvm_design_name(unsigned i)
{
	const struct vm_design *design = vm_design_nth(i);

	return design == NULL ? NULL : design->name;
}

static int
refuse(struct bsdvm_why *why, const char *text, int error)
{
	if (why != NULL)
		(void)snprintf(why->text, sizeof(why->text), "%s", text);
	return error;
}

/* ------------------------------------------------------------------ swap */

static int
set_cipher(struct bsdvm_system *sys, struct bsdvm_why *why)
{
	struct swapdev_why line;

	if (!sys->vm->paging->encrypt)
		return 0;
	if (!swapcrypt_create(sys->env, &sys->cipher, &line))
		return refuse(why, line.text, BSDVM_EIO);
	vm_swap_set_cipher(sys->vm, &sys->cipher);
	return 0;
}

static bool
open_device(struct bsdvm_system *sys, const struct bsdvm_swap *swap,
    struct vm_swap_device *device, struct swapdev_why *why)
{
	const struct swapnbd_config nbd = { .env = sys->env,
		.uri = swap->place };
	const struct swapfile_config file = { .env = sys->env,
		.path = swap->place,
		.size = swap->size };

	if (swap->place != NULL && swapnbd_is_uri(swap->place))
		return swapnbd_open(&nbd, device, why);
	return swapfile_open(&file, device, why);
}

int
bsdvm_swap_add(struct bsdvm_system *sys, const struct bsdvm_swap *swap,
    struct bsdvm_why *why)
{
	struct vm_swap_device device;
	struct swapdev_why line;
	unsigned id;
	int error = 0;

	/* No cipher yet means that there is no device either. */
	if (sys->cipher.ctx == NULL)
		error = set_cipher(sys, why);
	if (error != 0)
		return error;
	if (!open_device(sys, swap, &device, &line))
		return refuse(why, line.text, BSDVM_EIO);
	device.name = "swap";
	device.priority = swap->priority;
	error = vm_swap_add(sys->vm, &device, &id);
	if (error == 0)
		return 0;
	swapdev_close(&device);
	return refuse(why, bsdvm_strerror(error), error);
}

/* ------------------------------------------------------------- beginning */

static void *
make_pages(void *arg)
{
	struct bsdvm_system *sys = arg;

	signal_block();
	(void)bsdvm_thread_init(); /* for pagers; else its own stack will do */
	vm_pageout_daemon(sys->vm);
	return NULL;
}

static int
make_machine(struct bsdvm_system *sys, const struct bsdvm_config *config)
{
	uint64_t memory = config->memory != 0 ? config->memory : MEMORY_PRESET;
	uint64_t window = config->window != 0 ? config->window : WINDOW_PRESET;
	struct host_self_config host = { .env = sys->env,
		.npages = vm_atop(memory),
		.align = WINDOW_GRANULE,
		.max_mappings = MAX_MAPPINGS,
		.zero_ahead_max = ZERO_AHEAD_MAX,
		.neighbour_factor = NEIGHBOUR_FACTOR,
		.read_around = READ_AROUND };

	host.va_max = (window + WINDOW_GRANULE - 1) / WINDOW_GRANULE *
	    WINDOW_GRANULE;
	return host_self_create(&host, &sys->machine);
}

static int
make_vm(struct bsdvm_system *sys, const struct bsdvm_config *config,
    struct bsdvm_why *why)
{
	int error = vm_system_create(sys->env, sys->machine, &sys->vm);

	if (error != 0)
		return refuse(why, bsdvm_strerror(error), error);
	vm_system_prefer(sys->vm, sys->design);
	for (size_t i = 0; error == 0 && i < config->nswaps; i++)
		error = bsdvm_swap_add(sys, &config->swaps[i], why);
	if (error == 0 &&
	    pthread_create(&sys->daemon, NULL, make_pages, sys) != 0)
		error = refuse(why, "no thread to be had", BSDVM_ENOMEM);
	if (error != 0)
		vm_system_destroy(sys->vm);
	return error;
}

static int
make_parts(struct bsdvm_system *sys, const struct bsdvm_config *config,
    struct bsdvm_why *why)
{
	int error = make_machine(sys, config);

	if (error != 0)
		return refuse(why, "no memory file of this size", error);
	error = frames_init(sys);
	if (error != 0)
		(void)refuse(why, bsdvm_strerror(error), error);
	else
		error = make_vm(sys, config, why);
	if (error != 0 && sys->frames != NULL)
		frames_fini(sys);
	if (error != 0)
		host_self_destroy(sys->machine);
	return error;
}

static const struct vm_design *
check(const struct bsdvm_config *config, struct bsdvm_why *why)
{
	const char *name = config->design != NULL ? config->design : "netbsd";
	const struct vm_design *design = vm_design_named(name);

	if (design == NULL)
		(void)refuse(why, "there is no such design", 0);
	else if (config->memory != 0 && config->memory < MEMORY_LEAST)
		(void)refuse(why, "less memory than 256 KB", 0);
	else if (config->window > WINDOW_MOST)
		(void)refuse(why, "a window larger than 32 TB", 0);
	else if (config->flags & ~BSDVM_NO_HANDLER)
		(void)refuse(why, "flags that do not exist", 0);
	else
		return design;
	return NULL;
}

static void
destroy(struct bsdvm_system *sys)
{
	if (sys->cipher.ctx != NULL)
		swapcrypt_destroy(&sys->cipher);
	arena_fini(&sys->arena);
	free(sys);
}

int
self_system_create(const struct bsdvm_config *config, self_wrap *wrap,
    struct bsdvm_system **out, struct bsdvm_why *why)
{
	const struct vm_design *design = check(config, why);
	struct bsdvm_system *sys;
	int error;

	if (design == NULL)
		return BSDVM_EINVAL;
	sys = calloc(1, sizeof(*sys));
	if (sys == NULL || bsdvm_thread_init() != 0 ||
	    ((config->flags & BSDVM_NO_HANDLER) == 0 && signal_take() != 0)) {
		free(sys);
		return refuse(why, "out of memory", BSDVM_ENOMEM);
	}
	arena_init(&sys->arena);
	sys->arena.log = config->log;
	sys->arena.log_arg = config->log_arg;
	sys->env = wrap != NULL ? wrap(&sys->arena.env) : &sys->arena.env;
	sys->design = design;
	error = make_parts(sys, config, why);
	if (error != 0)
		destroy(sys);
	else
		*out = sys;
	return error;
}

int
bsdvm_system_create(const struct bsdvm_config *config,
    struct bsdvm_system **out, struct bsdvm_why *why)
{
	return self_system_create(config, NULL, out, why);
}

int
bsdvm_system_destroy(struct bsdvm_system *sys)
{
	if (sys == NULL)
		return 0;
	if (atomic_load(&sys->nspaces) != 0 || atomic_load(&sys->nobjects) != 0)
		return BSDVM_EBUSY;
	vm_pageout_stop(sys->vm);
	(void)pthread_join(sys->daemon, NULL);
	vm_system_destroy(sys->vm);
	frames_fini(sys);
	host_self_destroy(sys->machine);
	destroy(sys);
	return 0;
}

/* --------------------------------------------------------------- figures */

static uint64_t
load(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void
bsdvm_stats(struct bsdvm_system *sys, struct bsdvm_stats *out)
{
	const struct vm_stats *s = &sys->vm->stats;

	*out = (struct bsdvm_stats){
		.memory = vm_ptoa(vm_page_count(sys->vm)),
		.free = vm_ptoa(vm_page_free_count(sys->vm)),
		.swap_total = vm_ptoa(vm_swap_total(sys->vm)),
		.swap_used = vm_ptoa(vm_swap_in_use(sys->vm)),
		.faults = load(&s->faults),
		.forks = load(&s->forks),
		.pageins = load(&s->pageins),
		.pageouts = load(&s->pageouts),
	};
}

int
bsdvm_counter(struct bsdvm_system *sys, const char *name, uint64_t *value)
{
#define NAME(counter, meaning) { #counter, offsetof(struct vm_stats, counter) },
	static const struct {
		const char *name;
		size_t at;
	} counters[] = { VM_STATS(NAME) };
#undef NAME
	const char *stats = (const char *)&sys->vm->stats;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		if (strcmp(counters[i].name, name) != 0)
			continue;
		*value = load((const _Atomic uint64_t *)(const void *)(stats +
		    counters[i].at));
		return 0;
	}
	return BSDVM_EINVAL;
}
