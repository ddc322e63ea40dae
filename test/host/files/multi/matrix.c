/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * matrix.c: square matrices by value.
 */
#include "matrix.h"

struct matrix
matrix_identity(int n)
{
	struct matrix r = { .n = n };

	for (int i = 0; i < n; i++)
		r.m[i][i] = 1;
	return (r);
}

struct matrix
matrix_hilbert(int n)
{
	struct matrix r = { .n = n };

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			r.m[i][j] = 1.0 / (i + j + 1);
	return (r);
}

struct matrix
matrix_multiply(const struct matrix *a, const struct matrix *b)
{
	struct matrix r = { .n = a->n };

	for (int i = 0; i < a->n; i++)
		for (int j = 0; j < a->n; j++)
			for (int k = 0; k < a->n; k++)
				r.m[i][j] += a->m[i][k] * b->m[k][j];
	return (r);
}

double
matrix_trace(const struct matrix *a)
{
	double sum = 0;

	for (int i = 0; i < a->n; i++)
		sum += a->m[i][i];
	return (sum);
}
