/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - values of options that several subcommands have.
 *
 * Each function says itself, in one line, what is wrong with the text, and
 * returns false then.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include "host/run.h"

/* The design that is used when none is named. */
const struct vm_design *option_default_design(void);

/* -m SIZE: "64M" */
bool option_memory(const char *text, vsize_t *memory);
#define OPTION_MEMORY_DEFAULT ((vsize_t)1 << 30)

/* -s SWAP, as swapspec.h says: one more of the run's */
bool option_swap(const char *text, struct run_options *);

/* The FILE of --stats and the like, or NULL. */
bool option_is_file(const char *option, const char *path);

/* --keep=SIZE: "256M" */
bool option_keep(const char *text, uint64_t *bytes);
#define OPTION_KEEP_DEFAULT ((uint64_t)256 << 20)

/* -d DESIGN */
bool option_design(const char *name, const struct vm_design **);

/* So many runs a comparison has at most. */
#define OPTION_DESIGNS_MAX 16

/* --designs=A,B: at most max of them, in that order; how many in *count. */
bool option_designs(const char *list, const struct vm_design **designs,
    size_t max, size_t *count);
/* All there are, in the order of `bsdvm designs`. */
size_t option_all_designs(const struct vm_design **designs, size_t max);

/* One of the words, by its number in *which. */
bool option_word(const char *option, const char *text, const char *const *words,
    unsigned *which);

#endif
