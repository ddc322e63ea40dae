/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fmt.c - see fmt.h.
 *
 * A format is a row of literal stretches and directives.  A directive is
 * parsed into a fmt_spec, its argument fetched as the widest type of its
 * kind, and the result put as one field: padding, prefix, text, padding.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"
#include "base/mem.h"

#define FMT_UNLIMITED SIZE_MAX

enum fmt_length { FMT_INT, FMT_L, FMT_LL, FMT_Z, FMT_J, FMT_T };

struct fmt_spec {
	bool left, zero, alternate;
	size_t width, precision;
	enum fmt_length length;
};

/* One call of fmt_vprintf(): where output goes, arguments left, bytes put. */
struct fmt_job {
	const struct fmt_out *out;
	size_t n;
	va_list ap;
};

static size_t
fmt_strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != '\0')
		n++;
	return n;
}

static void
fmt_put(struct fmt_job *job, const char *s, size_t n)
{
	if (n > 0)
		job->out->put(job->out->ctx, s, n);
	job->n += n;
}

static void
fmt_pad(struct fmt_job *job, char c, size_t n)
{
	char piece[16];
	size_t len;

	memset(piece, c, sizeof(piece));
	for (; n > 0; n -= len) {
		len = n < sizeof(piece) ? n : sizeof(piece);
		fmt_put(job, piece, len);
	}
}

/* Put prefix and text, n bytes, in a field as wide as the spec says. */
static void
fmt_field(struct fmt_job *job, const struct fmt_spec *spec, const char *prefix,
    const char *text, size_t n)
{
	size_t nprefix = fmt_strnlen(prefix, FMT_UNLIMITED);
	size_t len = n + nprefix;
	size_t pad = spec->width > len ? spec->width - len : 0;
	bool zero = spec->zero && !spec->left;

	if (!spec->left && !zero)
		fmt_pad(job, ' ', pad);
	fmt_put(job, prefix, nprefix);
	if (zero)
		fmt_pad(job, '0', pad);
	fmt_put(job, text, n);
	if (spec->left)
		fmt_pad(job, ' ', pad);
}

static void
fmt_string(struct fmt_job *job, const struct fmt_spec *spec, const char *s,
    size_t n)
{
	struct fmt_spec plain = *spec;

	plain.zero = false;
	fmt_field(job, &plain, "", s, n);
}

static void
fmt_decimal(struct fmt_job *job, const struct fmt_spec *spec,
    const char *prefix, uintmax_t value)
{
	char digits[3 * sizeof(value)];
	char *end = digits + sizeof(digits), *s = end;

	do {
		*--s = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	fmt_field(job, spec, prefix, s, (size_t)(end - s));
}

static void
fmt_hexadecimal(struct fmt_job *job, const struct fmt_spec *spec,
    const char *prefix, bool upper, uintmax_t value)
{
	const char *alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char digits[2 * sizeof(value)];
	char *end = digits + sizeof(digits), *s = end;

	do {
		*--s = alphabet[value % 16];
		value /= 16;
	} while (value != 0);
	fmt_field(job, spec, prefix, s, (size_t)(end - s));
}

static intmax_t
fmt_signed_arg(struct fmt_job *job, enum fmt_length length)
{
	switch (length) {
	case FMT_INT:
		return va_arg(job->ap, int);
	case FMT_L:
		return va_arg(job->ap, long);
	case FMT_LL:
		return va_arg(job->ap, long long);
	case FMT_Z: /* the signed type as wide as size_t */
	case FMT_T:
		return va_arg(job->ap, ptrdiff_t);
	case FMT_J:
		return va_arg(job->ap, intmax_t);
	}
	VM_UNREACHABLE();
}

static uintmax_t
fmt_unsigned_arg(struct fmt_job *job, enum fmt_length length)
{
	switch (length) {
	case FMT_INT:
		return va_arg(job->ap, unsigned);
	case FMT_L:
		return va_arg(job->ap, unsigned long);
	case FMT_LL:
		return va_arg(job->ap, unsigned long long);
	case FMT_Z:
	case FMT_T: /* the unsigned type as wide as ptrdiff_t */
		return va_arg(job->ap, size_t);
	case FMT_J:
		return va_arg(job->ap, uintmax_t);
	}
	VM_UNREACHABLE();
}

/* The conversions of integers; false if c is none of them. */
static bool
fmt_convert_integer(struct fmt_job *job, const struct fmt_spec *spec, char c)
{
	const char *prefix = "";
	intmax_t i;
	uintmax_t u;

	if (spec->precision != FMT_UNLIMITED)
		return false;
	switch (c) {
	case 'd':
	case 'i':
		i = fmt_signed_arg(job, spec->length);
		u = i < 0 ? -(uintmax_t)i : (uintmax_t)i;
		fmt_decimal(job, spec, i < 0 ? "-" : "", u);
		return true;
	case 'u':
		u = fmt_unsigned_arg(job, spec->length);
		fmt_decimal(job, spec, "", u);
		return true;
	case 'x':
	case 'X':
		u = fmt_unsigned_arg(job, spec->length);
		if (spec->alternate && u != 0)
			prefix = c == 'x' ? "0x" : "0X";
		fmt_hexadecimal(job, spec, prefix, c == 'X', u);
		return true;
	default:
		return false;
	}
}

/* The conversions that take no length; false if c is none of them. */
static bool
fmt_convert_other(struct fmt_job *job, const struct fmt_spec *spec, char c)
{
	const char *s;
	uintmax_t u;
	char ch;

	switch (c) {
	case 'c':
		ch = (char)va_arg(job->ap, int);
		fmt_string(job, spec, &ch, 1);
		return true;
	case 's':
		s = va_arg(job->ap, const char *);
		if (s == NULL)
			s = "(null)";
		fmt_string(job, spec, s, fmt_strnlen(s, spec->precision));
		return true;
	case 'p':
		u = (uintptr_t)va_arg(job->ap, void *);
		fmt_hexadecimal(job, spec, "0x", false, u);
		return true;
	case '%':
		fmt_put(job, "%", 1);
		return true;
	default:
		return false;
	}
}

static const char *
fmt_parse_flags(const char *s, struct fmt_spec *spec)
{
	for (;; s++) {
		if (*s == '-')
			spec->left = true;
		else if (*s == '0')
			spec->zero = true;
		else if (*s == '#')
			spec->alternate = true;
		else
			return s;
	}
}

static const char *
fmt_parse_number(const char *s, size_t *number)
{
	for (*number = 0; *s >= '0' && *s <= '9'; s++)
		*number = *number * 10 + (size_t)(*s - '0');
	return s;
}

/* A negative width from the arguments means left and its absolute value. */
static const char *
fmt_parse_width(struct fmt_job *job, const char *s, struct fmt_spec *spec)
{
	int width;

	if (*s != '*')
		return fmt_parse_number(s, &spec->width);
	width = va_arg(job->ap, int);
	spec->left |= width < 0;
	spec->width = width < 0 ? -(size_t)width : (size_t)width;
	return s + 1;
}

/* A negative precision from the arguments means none. */
static const char *
fmt_parse_precision(struct fmt_job *job, const char *s, struct fmt_spec *spec)
{
	int precision;

	spec->precision = FMT_UNLIMITED;
	if (*s != '.')
		return s;
	if (s[1] != '*')
		return fmt_parse_number(s + 1, &spec->precision);
	precision = va_arg(job->ap, int);
	if (precision >= 0)
		spec->precision = (size_t)precision;
	return s + 2;
}

static const char *
fmt_parse_length(const char *s, struct fmt_spec *spec)
{
	switch (*s) {
	case 'l':
		spec->length = s[1] == 'l' ? FMT_LL : FMT_L;
		return s + (s[1] == 'l' ? 2 : 1);
	case 'z':
		spec->length = FMT_Z;
		return s + 1;
	case 'j':
		spec->length = FMT_J;
		return s + 1;
	case 't':
		spec->length = FMT_T;
		return s + 1;
	default:
		spec->length = FMT_INT;
		return s;
	}
}

/* Put the directive at s; returns where to go on. */
static const char *
fmt_directive(struct fmt_job *job, const char *s)
{
	struct fmt_spec spec = { .width = 0 };
	const char *start = s;

	s = fmt_parse_flags(s + 1, &spec);
	s = fmt_parse_width(job, s, &spec);
	s = fmt_parse_precision(job, s, &spec);
	s = fmt_parse_length(s, &spec);
	if (fmt_convert_integer(job, &spec, *s))
		return s + 1;
	if (spec.length == FMT_INT && fmt_convert_other(job, &spec, *s))
		return s + 1;
	s += fmt_strnlen(s, FMT_UNLIMITED);
	fmt_put(job, start, (size_t)(s - start));
	return s;
}

static const char *
fmt_literal(struct fmt_job *job, const char *s)
{
	const char *start = s;

	while (*s != '\0' && *s != '%')
		s++;
	fmt_put(job, start, (size_t)(s - start));
	return s;
}

size_t
fmt_vprintf(const struct fmt_out *out, const char *format, va_list ap)
{
	struct fmt_job job = { .out = out };

	va_copy(job.ap, ap);
	while (*format != '\0') {
		if (*format == '%')
			format = fmt_directive(&job, format);
		else
			format = fmt_literal(&job, format);
	}
	va_end(job.ap);
	return job.n;
}

size_t
fmt_printf(const struct fmt_out *out, const char *format, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, format);
	n = fmt_vprintf(out, format, ap);
	va_end(ap);
	return n;
}

/* room: bytes of buf left for text; one more is kept for the NUL. */
struct fmt_buffer {
	char *buf;
	size_t room;
};

static void
fmt_buffer_put(void *ctx, const char *s, size_t n)
{
	struct fmt_buffer *buffer = ctx;

	if (n > buffer->room)
		n = buffer->room;
	if (n == 0)
		return;
	memcpy(buffer->buf, s, n);
	buffer->buf += n;
	buffer->room -= n;
}

size_t
fmt_vsnprintf(char *buf, size_t size, const char *format, va_list ap)
{
	struct fmt_buffer buffer = { buf, size > 0 ? size - 1 : 0 };
	struct fmt_out out = { fmt_buffer_put, &buffer };
	size_t n;

	n = fmt_vprintf(&out, format, ap);
	if (size > 0)
		*buffer.buf = '\0';
	return n;
}

size_t
fmt_snprintf(char *buf, size_t size, const char *format, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, format);
	n = fmt_vsnprintf(buf, size, format, ap);
	va_end(ap);
	return n;
}
