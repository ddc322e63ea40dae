/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - see options.h.
 */
#include "cmd/options.h"

#include "host/message.h"
#include "host/size.h"
#include "vm/vm_design.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_LEAST ((vsize_t)1 << 20)
#define MEMORY_MOST  ((vsize_t)1 << 36) /* more: the windows reach programs */
#define NAME_MAX_LEN 32

const struct vm_design *
option_default_design(void)
{
	return &vm_design_netbsd;
}

bool
option_memory(const char *text, vsize_t *memory)
{
	if (size_parse(text, memory) && *memory >= MEMORY_LEAST &&
	    *memory <= MEMORY_MOST)
		return true;
	message("-m %s: not a size of memory, from 1M to 64G", text);
	return false;
}

/* Of a server nobody else would know: it does not lock its exports. */
static bool
is_named_twice(const struct run_options *run, const struct swapspec *spec)
{
	if (spec->kind != SWAPSPEC_NBD)
		return false;
	for (unsigned i = 0; i < run->nswaps; i++)
		if (run->swaps[i].place_len == spec->place_len &&
		    memcmp(run->swaps[i].text, spec->text, spec->place_len) ==
			0)
			return true;
	return false;
}

bool
option_swap(const char *text, struct run_options *run)
{
	struct swapspec *spec = &run->swaps[run->nswaps];
	const char *wrong;

	if (run->nswaps == RUN_SWAPS_MAX) {
		message("-s %s: too many of them: %d are the most", text,
		    RUN_SWAPS_MAX);
		return false;
	}
	wrong = swapspec_parse(text, spec);
	if (wrong == NULL && is_named_twice(run, spec))
		wrong = "named twice";
	if (wrong == NULL)
		run->nswaps++;
	else
		message("-s %s: %s", text, wrong);
	return wrong == NULL;
}

bool
option_is_file(const char *option, const char *path)
{
	if (path == NULL || *path != '\0')
		return true;
	message("%s=: no file is named", option);
	return false;
}

bool
option_keep(const char *text, uint64_t *bytes)
{
	if (size_parse(text, bytes))
		return true;
	message("--keep=%s: not a size", text);
	return false;
}

bool
option_design(const char *name, const struct vm_design **design)
{
	*design = vm_design_named(name);
	if (*design == NULL)
		message("%s: no such design; see bsdvm designs",
		    *name == '\0' ? "\"\"" : name);
	return *design != NULL;
}

bool
option_designs(const char *list, const struct vm_design **designs, size_t max,
    size_t *count)
{
	char name[NAME_MAX_LEN];
	size_t len;

	for (*count = 0; *count < max; list += len + 1) {
		len = strcspn(list, ",");
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, list);
		if (!option_design(name, &designs[(*count)++]))
			return false;
		if (list[len] == '\0')
			return true;
	}
	message("--designs: more than %zu", max);
	return false;
}

size_t
option_all_designs(const struct vm_design **designs, size_t max)
{
	size_t n = 0;

	while (n < max && (designs[n] = vm_design_nth((unsigned)n)) != NULL)
		n++;
	return n;
}

bool
option_word(const char *option, const char *text, const char *const *words,
    unsigned *which)
{
	char list[80];

	for (*which = 0; words[*which] != NULL; (*which)++)
		if (strcmp(words[*which], text) == 0)
			return true;
	list[0] = '\0';
	for (*which = 0; words[*which] != NULL; (*which)++)
		(void)snprintf(list + strlen(list), sizeof(list) - strlen(list),
		    " %s", words[*which]);
	message("%s=%s: not one of:%s", option, text, list);
	return false;
}
