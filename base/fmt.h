/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fmt.h - formatted output without a C library, for dumps and messages.
 *
 * Text goes in pieces to a function of the caller's; nothing is allocated or
 * kept.  A directive is %[flags][width][.precision][length]conversion:
 *
 *	flags		- left in its field, 0 pad numbers with zeros,
 *			# 0x before hexadecimal numbers other than zero
 *	width		a number or *
 *	precision	a number or *; of %s only: the longest it may be
 *	length		l ll z j t
 *	conversion	c s d i u x X p %
 *
 * All mean what they mean to printf(3).  %p prints 0x and the address, also
 * of NULL; %s of NULL prints (null).  From a directive that is none of these
 * on, the format is printed as it stands: which argument comes next cannot be
 * known.  There is no floating point.
 */

#ifndef BASE_FMT_H
#define BASE_FMT_H

#include <stdarg.h>
#include <stddef.h>

#include "base/check.h"

/* put: take n bytes, not terminated; ctx is its first argument. */
struct fmt_out {
	void (*put)(void *ctx, const char *s, size_t n);
	void *ctx;
};

/* fmt_printf, fmt_vprintf: return how many bytes they put. */
size_t fmt_printf(const struct fmt_out *out, const char *format, ...)
    VM_PRINTFLIKE(2, 3);
size_t fmt_vprintf(const struct fmt_out *out, const char *format, va_list ap)
    VM_PRINTFLIKE(2, 0);

/*
 * fmt_snprintf: format into buf, cut to size bytes, with a final NUL unless
 * size is 0.
 *
 * => returns the length of the whole text without the NUL, cut or not
 */
size_t fmt_snprintf(char *buf, size_t size, const char *format, ...)
    VM_PRINTFLIKE(3, 4);
size_t fmt_vsnprintf(char *buf, size_t size, const char *format, va_list ap)
    VM_PRINTFLIKE(3, 0);

#endif /* BASE_FMT_H */
