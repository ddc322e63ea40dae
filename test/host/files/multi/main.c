/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: the first file of a small program that is compiled, linked and run.
 */
#include <stdio.h>

#include "matrix.h"
#include "text.h"

int
main(int argc, char **argv)
{
	struct matrix a = matrix_hilbert(8), b = matrix_identity(8);

	for (int i = 0; i < argc + 5; i++)
		b = matrix_multiply(&a, &b);
	printf("%s: trace %.12g\n", text_basename(argv[0]), matrix_trace(&b));
	printf("%s\n", text_reverse("drawkcab"));
	return (7);
}
