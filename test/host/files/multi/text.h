/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.h: two small operations on strings.
 */
#ifndef TEXT_H
#define TEXT_H

const char *text_basename(const char *);
const char *text_reverse(const char *);

#endif
