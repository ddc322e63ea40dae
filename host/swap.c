/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swap.c - see swap.h.
 */
#include "host/swap.h"

#include "env/swapcrypt.h"
#include "env/swapfile.h"
#include "env/swapnbd.h"
#include "host/message.h"
#include "host/space.h"
#include "host/syscall.h"
#include "vm/vm_pageout.h"
#include "vm/vm_swap.h"
#include "vm/vm_swapoff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool
open_file(const struct vm_env *env, const struct swapspec *spec,
    const char *path, struct vm_swap_device *device, struct swapdev_why *why)
{
	const struct swapfile_config config = {
		.env = env,
		.path = path,
		.size = spec->size,
	};

	return swapfile_open(&config, device, why);
}

static bool
open_nbd(const struct vm_env *env, const char *uri,
    struct vm_swap_device *device, struct swapdev_why *why)
{
	const struct swapnbd_config config = { .env = env, .uri = uri };

	return swapnbd_open(&config, device, why);
}

static bool
open_device(const struct vm_env *env, const struct swapspec *spec,
    struct vm_swap_device *device, struct swapdev_why *why)
{
	char *place = strndup(spec->text, spec->place_len);
	bool ok = false;

	if (place == NULL)
		return swapdev_refuse(why, "out of memory");
	switch (spec->kind) {
	case SWAPSPEC_TEMPORARY:
		ok = open_file(env, spec, NULL, device, why);
		break;
	case SWAPSPEC_FILE:
		ok = open_file(env, spec, place, device, why);
		break;
	case SWAPSPEC_NBD:
		ok = open_nbd(env, place, device, why);
		break;
	}
	free(place);
	return ok;
}

static bool
add(struct run *run, const struct swapspec *spec)
{
	struct swapdev_why why;
	struct vm_swap_device device;
	unsigned id;
	int error;

	if (!open_device(&run->env, spec, &device, &why)) {
		message("-s %s: %s", spec->text, why.text);
		return false;
	}
	device.name = spec->text;
	device.priority = spec->priority;
	error = vm_swap_add(run->sys, &device, &id);
	if (error == 0)
		return true;
	swapdev_close(&device);
	message("-s %s: %s", spec->text,
	    error == VM_ENOMEM ? "out of memory" : "too large");
	return false;
}

/* What goes out is encrypted where the design says so. */
static bool
set_cipher(struct run *run)
{
	struct swapdev_why why;

	if (!run->sys->paging->encrypt || run->cipher.ctx != NULL)
		return true;
	if (!swapcrypt_create(&run->env, &run->cipher, &why)) {
		message("swap of %s is encrypted: %s",
		    run->options->design->name, why.text);
		return false;
	}
	vm_swap_set_cipher(run->sys, &run->cipher);
	return true;
}

/* ---- by a program ---- */

/* The words, which the system goes on referring to. */
struct swap_name {
	struct list link; /* on run->swap_names */
	char text[];
};

static struct swap_name *
keep_name(struct run *run, const char *text)
{
	size_t size = strlen(text) + 1;
	struct swap_name *name = malloc(sizeof(*name) + size);

	if (name == NULL)
		return NULL;
	memcpy(name->text, text, size);
	list_insert_tail(&run->swap_names, &name->link);
	return name;
}

static void
forget_name(struct swap_name *name)
{
	list_remove(&name->link);
	free(name);
}

static bool
find_device(struct run *run, const char *text, struct vm_swap_info *info)
{
	for (unsigned i = 0; vm_swap_nth(run->sys, i, info); i++)
		if (strcmp(info->name, text) == 0)
			return true;
	return false;
}

int64_t
swap_on(struct run *run, const char *text)
{
	struct swap_name *name = keep_name(run, text);
	struct swapspec spec;
	int64_t error = -ENOMEM;

	if (name == NULL)
		return error;
	error = swapspec_parse(name->text, &spec) != NULL ? -EINVAL :
	    !set_cipher(run) || !add(run, &spec)          ? -EIO :
							    0;
	if (error != 0)
		forget_name(name);
	return error;
}

/* Words given in the command line are not on the list. */
static void
forget_words(struct run *run, const char *words)
{
	LIST_FOREACH_SAFE(struct swap_name, name, next, &run->swap_names, link)
		if (name->text == words)
			forget_name(name);
}

int64_t
swap_off(struct run *run, const char *text)
{
	struct vm_swap_info info;
	int error;

	if (!find_device(run, text, &info))
		return -EINVAL;
	error = vm_swapoff(run->sys, info.id);
	if (error == 0)
		forget_words(run, info.name);
	return syscall_error(error);
}

/* ---- from the beginning to the end ---- */

bool
swap_open(struct run *run)
{
	if (run->options->nswaps > 0 && !set_cipher(run))
		return false;
	for (unsigned i = 0; i < run->options->nswaps; i++)
		if (!add(run, &run->options->swaps[i]))
			return false;
	return true;
}

/* The only device with errors; of several nobody knows which it was. */
static const char *
which_failed(struct run *run)
{
	struct vm_swap_info info;
	const char *name = NULL;

	for (unsigned i = 0; vm_swap_nth(run->sys, i, &info); i++) {
		if (info.errors == 0)
			continue;
		if (name != NULL)
			return "(one of them)";
		name = info.name;
	}
	return name != NULL ? name : "";
}

/* Devices tell of their errors, but of this one they do not know. */
void
swap_look(struct run *run)
{
	if (run->swap_has_changed ||
	    atomic_load_explicit(&run->sys->stats.swap_wrong,
		memory_order_relaxed) == 0)
		return;
	run->swap_has_changed = true;
	message("swap %s has changed under us: who needs a page that is lost "
		"gets SIGBUS",
	    which_failed(run));
}

void
swap_tell(struct space *space, const char *what)
{
	if (space->told_of_loss)
		return;
	space->told_of_loss = true;
	swap_look(space->run); /* what happened comes first */
	message("%s: process %d %s: a page of it cannot be read", space->name,
	    (int)space->pid, what);
}

void
swap_close(struct run *run)
{
	LIST_FOREACH_SAFE(struct swap_name, name, next, &run->swap_names, link)
		forget_name(name);
	if (run->cipher.ctx != NULL)
		swapcrypt_destroy(&run->cipher);
}
