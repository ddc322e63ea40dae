/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * matrix.h: square matrices by value.
 */
#ifndef MATRIX_H
#define MATRIX_H

struct matrix {
	int n;
	double m[16][16];
};

struct matrix matrix_identity(int n);
struct matrix matrix_hilbert(int n);
struct matrix matrix_multiply(const struct matrix *, const struct matrix *);
double matrix_trace(const struct matrix *);

#endif
