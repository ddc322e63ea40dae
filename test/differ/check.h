/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.h - system and model side by side.
 *
 * Each function returns NULL, or what does not agree, valid until the next
 * call.
 */
#ifndef TEST_DIFFER_CHECK_H
#define TEST_DIFFER_CHECK_H

#include "test/differ/subject.h"

/* The attributes of every page of a space. */
const char *check_attributes(struct subject *, const struct model *,
    unsigned space);

/* What the MMU has, without touching it: rights and bytes of all pages that
 * are mapped, and that wired ones are. */
const char *check_mapped(struct subject *, const struct model *,
    unsigned space);

/* How much there is now, and in use: devices come, go, and fail. */
void check_limits(struct subject *, struct model *);

/* What has become of files since the last time. */
void check_files(struct subject *, struct model *);

/* One page, read as the program reads it. */
const char *check_page(struct subject *, struct model *, unsigned space,
    size_t cell, unsigned cpu);

/* What is lent is what it was. */
const char *check_loans(struct subject *, const struct model *);

/* Private copies are where the model has them. */
const char *check_copied(const struct model *, unsigned space,
    const bool *copied);

/* All of it, for every space. */
const char *check_everything(struct subject *, struct model *);

#endif
