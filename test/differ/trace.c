/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c - operations as text and back.
 *
 * Two tables say it all: the fields of an operation, with the way each is
 * written, and the names of the kinds with the words for their flags.  Fields
 * are copied as their low bytes: for little-endian machines.
 */
#include "test/differ/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* How a field looks: a number, a set of rights, or words for its flags. */
enum look { LOOK_DECIMAL, LOOK_HEX, LOOK_RIGHTS, LOOK_FLAGS };

struct field {
	const char *name;
	size_t offset, size;
	enum look look;
};

/* clang-format off */
#define FIELD(type, name, member, look) \
	{ name, offsetof(type, member), sizeof(((type *)0)->member), look }
/* clang-format on */

static const struct field op_fields[] = {
	FIELD(struct op, "space", space, LOOK_DECIMAL),
	FIELD(struct op, "cpu", cpu, LOOK_DECIMAL),
	FIELD(struct op, "addr", addr, LOOK_HEX),
	FIELD(struct op, "len", len, LOOK_HEX),
	FIELD(struct op, "prot", prot, LOOK_RIGHTS),
	FIELD(struct op, "max", max_prot, LOOK_RIGHTS),
	FIELD(struct op, "flags", flags, LOOK_FLAGS),
	FIELD(struct op, "object", object, LOOK_DECIMAL),
	FIELD(struct op, "addr2", addr2, LOOK_HEX),
	FIELD(struct op, "len2", len2, LOOK_HEX),
	FIELD(struct op, "value", value, LOOK_DECIMAL),
};

static const struct field config_fields[] = {
	FIELD(struct trace_config, "frames", frames, LOOK_DECIMAL),
	FIELD(struct trace_config, "swap", swap, LOOK_DECIMAL),
	FIELD(struct trace_config, "fail", fail, LOOK_DECIMAL),
	FIELD(struct trace_config, "nth", nth, LOOK_DECIMAL),
	FIELD(struct trace_config, "forever", for_ever, LOOK_DECIMAL),
	FIELD(struct trace_config, "counted", counted, LOOK_DECIMAL),
	FIELD(struct trace_config, "min", va_min, LOOK_HEX),
	FIELD(struct trace_config, "max", va_max, LOOK_HEX),
	FIELD(struct trace_config, "ahead", zero_ahead, LOOK_DECIMAL),
	FIELD(struct trace_config, "around", read_around, LOOK_DECIMAL),
	FIELD(struct trace_config, "neighbours", neighbours, LOOK_DECIMAL),
	FIELD(struct trace_config, "wired", wired_limit, LOOK_HEX),
	FIELD(struct trace_config, "forget", forget, LOOK_DECIMAL),
	FIELD(struct trace_config, "copies", copies, LOOK_DECIMAL),
};

/* Words for the bits of flags, or with `one` for its values. */
struct words {
	bool one;
	const char *word[16];
};

static const struct words map_words = { false,
	{ "shared", "private", "fixed", "noreplace", "stack", "populate",
	    "wired", "bottomup", "foreign", "guard" } };
static const struct words remap_words = { false,
	{ "maymove", "fixed", "keep", "duplicate" } };
static const struct words sync_words = { false,
	{ "async", "sync", "invalidate" } };
static const struct words fail_words = { true,
	{ "read", "write", "change", "lose" } };
static const struct words file_fail_words = { true,
	{ "read", "short", "write", "part", "lose" } };
static const struct words access_words = { false, { "leave" } };
static const struct words let_go_words = { false, { "fails" } };
static const struct words hold_words = { false, { "on" } };
static const struct words lock_words = { false, { "onfault" } };
static const struct words lockall_words = { false,
	{ "current", "future", "onfault" } };
static const struct words extract_words = { false,
	{ "fixed", "reserved", "contig", "fixprot", "protall", "qref", "copy",
	    "donate" } };
static const struct words inherit_words = { true,
	{ "share", "copy", "none", "zero" } };
static const struct words advise_words = { true,
	{ "normal", "random", "sequential", "willneed", "deactivate", "discard",
	    "free", "remove", "populate_read", "populate_write", "dofork",
	    "dontfork", "wipeonfork", "keeponfork" } };

static const struct kind {
	const char *name;
	const struct words *words;
} kinds[OP_KINDS] = {
	[OP_CREATE] = { "create", NULL },
	[OP_MAP] = { "map", &map_words },
	[OP_UNMAP] = { "unmap", NULL },
	[OP_PROTECT] = { "protect", NULL },
	[OP_INHERIT] = { "inherit", &inherit_words },
	[OP_REMAP] = { "remap", &remap_words },
	[OP_ADVISE] = { "advise", &advise_words },
	[OP_INCORE] = { "incore", NULL },
	[OP_SYNC] = { "sync", &sync_words },
	[OP_LOCK] = { "lock", &lock_words },
	[OP_UNLOCK] = { "unlock", NULL },
	[OP_LOCKALL] = { "lockall", &lockall_words },
	[OP_UNLOCKALL] = { "unlockall", NULL },
	[OP_BRK] = { "brk", NULL },
	[OP_FORK] = { "fork", NULL },
	[OP_EXIT] = { "exit", NULL },
	[OP_RESET] = { "reset", NULL },
	[OP_READ] = { "read", &access_words },
	[OP_WRITE] = { "write", &access_words },
	[OP_EXEC] = { "exec", &access_words },
	[OP_COPYIN] = { "copyin", NULL },
	[OP_COPYOUT] = { "copyout", NULL },
	[OP_FILE_READ] = { "file_read", NULL },
	[OP_FILE_WRITE] = { "file_write", NULL },
	[OP_FILE_SIZE] = { "file_size", NULL },
	[OP_FORGET] = { "forget", NULL },
	[OP_RENEW] = { "renew", NULL },
	[OP_FREEZE] = { "freeze", NULL },
	[OP_STACK] = { "stack", NULL },
	[OP_STACK_CHECK] = { "stack_check", NULL },
	[OP_SWAP_ON] = { "swap_on", NULL },
	[OP_SWAP_OFF] = { "swap_off", NULL },
	[OP_SWAP_FAIL] = { "swap_fail", &fail_words },
	[OP_FILE_FAIL] = { "file_fail", &file_fail_words },
	[OP_VSLOCK] = { "vslock", NULL },
	[OP_VSUNLOCK] = { "vsunlock", NULL },
	[OP_SWAP_HOLD] = { "swap_hold", &hold_words },
	[OP_FILE_HOLD] = { "file_hold", &hold_words },
	[OP_LET_GO] = { "let_go", &let_go_words },
	[OP_LOAN] = { "loan", NULL },
	[OP_UNLOAN] = { "unloan", NULL },
	[OP_LOAN_TO] = { "loan_to", NULL },
	[OP_EXTRACT] = { "extract", &extract_words },
	[OP_TAKE] = { "take", NULL },
	[OP_BRANCH] = { "branch", NULL },
	[OP_BACK] = { "back", NULL },
	[OP_DROP] = { "drop", NULL },
};

/* ------------------------------------------------------------------ print */

static uint64_t
get(const void *record, const struct field *f)
{
	uint64_t v = 0;

	memcpy(&v, (const char *)record + f->offset, f->size);
	return v;
}

static void
print_flags(FILE *out, const struct words *w, uint64_t v)
{
	const char *comma = "";

	if (w == NULL) {
		fprintf(out, "%" PRIu64, v);
		return;
	}
	if (w->one) {
		fputs(v < COUNT(w->word) && w->word[v] ? w->word[v] : "?", out);
		return;
	}
	for (unsigned i = 0; i < COUNT(w->word) && w->word[i] != NULL; i++) {
		if (v >> i & 1) {
			fprintf(out, "%s%s", comma, w->word[i]);
			comma = ",";
		}
	}
}

static void
print_rights(FILE *out, uint64_t v)
{
	for (unsigned i = 0; i < 3; i++) {
		if (v >> i & 1)
			fputc("rwx"[i], out);
	}
}

static void
print_field(FILE *out, const struct field *f, uint64_t v, const struct words *w)
{
	fprintf(out, " %s=", f->name);
	switch (f->look) {
	case LOOK_DECIMAL:
		fprintf(out, "%" PRIu64, v);
		break;
	case LOOK_HEX:
		fprintf(out, "0x%" PRIx64, v);
		break;
	case LOOK_RIGHTS:
		print_rights(out, v);
		break;
	case LOOK_FLAGS:
		print_flags(out, w, v);
		break;
	}
}

void
trace_print_op(FILE *out, const struct op *op)
{
	const struct kind *k = &kinds[op->kind];

	fputs(k->name, out);
	for (size_t i = 0; i < COUNT(op_fields); i++) {
		const struct field *f = &op_fields[i];
		uint64_t v = get(op, f);

		if (v != 0 || (f->look == LOOK_FLAGS && k->words != NULL))
			print_field(out, f, v, k->words);
	}
	fputc('\n', out);
}

void
trace_print_config(FILE *out, const struct trace_config *c)
{
	fprintf(out, "design=%s", c->design);
	for (size_t i = 0; i < COUNT(config_fields); i++) {
		uint64_t v = get(c, &config_fields[i]);

		if (v != 0)
			print_field(out, &config_fields[i], v, NULL);
	}
	fputc('\n', out);
}

void
trace_print(FILE *out, const struct trace *t)
{
	trace_print_config(out, &t->config);
	for (size_t i = 0; i < t->nops; i++)
		trace_print_op(out, &t->ops[i]);
}

/* ------------------------------------------------------------------ parse */

static void
put(void *record, const struct field *f, uint64_t v)
{
	memcpy((char *)record + f->offset, &v, f->size);
}

static bool
parse_rights(const char *s, uint64_t *v)
{
	*v = 0;
	for (; *s != '\0'; s++) {
		const char *at = strchr("rwx", *s);

		if (at == NULL)
			return false;
		*v |= (uint64_t)1 << (at - "rwx");
	}
	return true;
}

static bool
parse_word(const char *s, size_t len, const struct words *w, uint64_t *v)
{
	for (unsigned i = 0; i < COUNT(w->word) && w->word[i] != NULL; i++) {
		if (strlen(w->word[i]) == len &&
		    memcmp(w->word[i], s, len) == 0) {
			*v |= w->one ? i : (uint64_t)1 << i;
			return true;
		}
	}
	return false;
}

static bool
parse_flags(const char *s, const struct words *w, uint64_t *v)
{
	*v = 0;
	while (*s != '\0') {
		size_t len = strcspn(s, ",");

		if (!parse_word(s, len, w, v))
			return false;
		s += len + (s[len] == ',');
	}
	return true;
}

static bool
parse_number(const char *s, uint64_t *v)
{
	char *end;

	*v = strtoull(s, &end, 0);
	return *s != '\0' && *end == '\0';
}

static bool
parse_value(const char *s, const struct field *f, const struct words *w,
    uint64_t *v)
{
	if (f->look == LOOK_RIGHTS)
		return parse_rights(s, v);
	if (f->look == LOOK_FLAGS && w != NULL)
		return parse_flags(s, w, v);
	return parse_number(s, v);
}

/* One KEY=VALUE into a record. */
static bool
parse_field(char *s, const struct field *fields, size_t n,
    const struct words *w, void *record)
{
	char *eq = strchr(s, '=');
	uint64_t v;

	if (eq == NULL)
		return false;
	*eq = '\0';
	for (size_t i = 0; i < n; i++) {
		if (strcmp(fields[i].name, s) != 0)
			continue;
		if (!parse_value(eq + 1, &fields[i], w, &v))
			return false;
		put(record, &fields[i], v);
		return true;
	}
	return false;
}

static bool
parse_op(char *line, struct op *op)
{
	char *save, *s = strtok_r(line, " \n", &save);
	const struct kind *k = kinds;

	memset(op, 0, sizeof(*op));
	if (s == NULL)
		return false;
	while (k < kinds + OP_KINDS && strcmp(k->name, s) != 0)
		k++;
	if (k == kinds + OP_KINDS)
		return false;
	op->kind = (uint8_t)(k - kinds);
	while ((s = strtok_r(NULL, " \n", &save)) != NULL) {
		if (!parse_field(s, op_fields, COUNT(op_fields), k->words, op))
			return false;
	}
	return op->space < TRACE_SPACES && op->cpu < TRACE_CPUS &&
	    op->object <= TRACE_OBJECTS;
}

static bool
parse_config(char *line, struct trace_config *c)
{
	char *save, *s = strtok_r(line, " \n", &save);

	memset(c, 0, sizeof(*c));
	if (s == NULL || strncmp(s, "design=", 7) != 0 ||
	    strlen(s + 7) >= sizeof(c->design))
		return false;
	strcpy(c->design, s + 7);
	while ((s = strtok_r(NULL, " \n", &save)) != NULL) {
		if (!parse_field(s, config_fields, COUNT(config_fields), NULL,
			c))
			return false;
	}
	return true;
}

bool
trace_parse(FILE *in, struct trace *t)
{
	char line[512];
	unsigned number = 0;
	bool configured = false, good = true;

	t->nops = 0;
	while (good && fgets(line, sizeof(line), in) != NULL) {
		number++;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (!configured)
			good = configured = parse_config(line, &t->config);
		else
			good = t->nops < t->max &&
			    parse_op(line, &t->ops[t->nops++]);
	}
	if (!good)
		fprintf(stderr, "differ: line %u is no part of a trace\n",
		    number);
	return good && configured;
}
