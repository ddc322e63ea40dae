/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mix.c - parts by name, put together.
 *
 * Each part of a family must do in every design, so each is tried in one that
 * does not have it, beside what the presets themselves are.
 */
#include "test/differ/mix.h"

#include <string.h>

static const char *const mixes[] = {
	"netbsd+list",
	"netbsd+twotrees",
	"netbsd+twotrees+best",
	"netbsd+hinted",
	"netbsd+hash",
	"netbsd+tree",
};

static const struct vm_index_ops *const indexes[] = {
	&vm_index_list,
	&vm_index_rbtree,
	&vm_index_twotrees,
	&vm_index_hinted,
};

static const struct vm_pageindex_ops *const pageindexes[] = {
	&vm_pageindex_radix,
	&vm_pageindex_tree,
	&vm_pageindex_hash,
};

const char *
mix_nth(unsigned i)
{
	return i < sizeof(mixes) / sizeof(mixes[0]) ? mixes[i] : NULL;
}

static bool
set_part(struct vm_design *d, const char *part)
{
	if (strcmp(part, "best") == 0) {
		d->fit = VM_FIT_BEST;
		return true;
	}
	for (size_t i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
		if (strcmp(part, indexes[i]->name) == 0) {
			d->index = indexes[i];
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(pageindexes) / sizeof(pageindexes[0]);
	     i++) {
		if (strcmp(part, pageindexes[i]->name) == 0) {
			d->pageindex = pageindexes[i];
			return true;
		}
	}
	return false;
}

static bool
mix_design(struct vm_design *d, const char *name)
{
	char text[64];
	const struct vm_design *preset;
	char *part, *rest;

	if (strlen(name) >= sizeof(text))
		return false;
	strcpy(text, name);
	part = strtok_r(text, "+", &rest);
	preset = part == NULL ? NULL : vm_design_named(part);
	if (preset == NULL)
		return false;
	*d = *preset;
	while ((part = strtok_r(NULL, "+", &rest)) != NULL) {
		if (!set_part(d, part))
			return false;
	}
	return true;
}

static void
mix_all(struct mix *mix)
{
	const struct vm_design *d;

	while (mix->n < MIX_MAX && (d = vm_design_nth(mix->n)) != NULL)
		mix->designs[mix->n++] = *d;
}

bool
mix_named(struct mix *mix, const char *name)
{
	mix->n = 0;
	if (strcmp(name, "mixed") == 0)
		mix_all(mix);
	else if (mix_design(&mix->designs[0], name))
		mix->n = 1;
	return mix->n != 0;
}

bool
mix_is_prompt(const struct mix *mix)
{
	for (unsigned i = 0; i < mix->n; i++) {
		if (!mix->designs[i].cow->prompt)
			return false;
	}
	return true;
}
