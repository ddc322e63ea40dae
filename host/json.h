/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json.h - strings for machines.
 *
 * JSON is UTF-8, and what people name files and arguments need not be.
 */
#ifndef HOST_JSON_H
#define HOST_JSON_H

#include <stdio.h>

/* Quoted; a byte that is no UTF-8 becomes the character of its number,
 * \u00XX. */
void json_string(FILE *, const char *);

#endif
