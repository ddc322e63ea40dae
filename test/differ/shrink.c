/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shrink.c - delta debugging on the list of operations.
 *
 * Take out pieces, first halves, then ever smaller ones down to a single
 * operation, as long as what is left still fails; begin again until nothing
 * more can go.  Then the same with the fields of each operation: zero, or
 * shorter.  Only a failure of the same words counts, numbers left aside, so
 * that one bug does not turn into another on the way.
 *
 * Source: Zeller and Hildebrandt 2002, simplified.
 */
#include "test/differ/shrink.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct shrinker {
	struct run_report *rep;
	struct op *best; /* the shortest that fails */
	size_t nbest;
	time_t until;
	char words[sizeof(((struct run_report *)0)->complaint)];
};

/* A complaint without its numbers. */
static void
words_of(const char *complaint, char *words)
{
	bool number = false;

	for (; *complaint != '\0'; complaint++) {
		number = number ? isxdigit(*complaint) || *complaint == 'x' :
				  isdigit(*complaint);
		if (!number)
			*words++ = *complaint;
	}
	*words = '\0';
}

static bool
out_of_time(const struct shrinker *s)
{
	return time(NULL) >= s->until;
}

/* Whether the candidate in the report fails; then it is the best. */
static bool
still_fails(struct shrinker *s)
{
	struct trace *t = &s->rep->trace;
	char words[sizeof(s->words)];

	if (run_trace(s->rep, false))
		return false;
	words_of(s->rep->complaint, words);
	if (strcmp(words, s->words) != 0)
		return false;
	if (s->rep->at + 1 < t->nops)
		t->nops = s->rep->at + 1;
	memcpy(s->best, t->ops, t->nops * sizeof(*t->ops));
	s->nbest = t->nops;
	return true;
}

/* The candidate: the best without [from, from + n). */
static void
leave_out(struct shrinker *s, size_t from, size_t n)
{
	struct trace *t = &s->rep->trace;

	if (from + n > s->nbest)
		n = s->nbest - from;
	memcpy(t->ops, s->best, from * sizeof(*t->ops));
	memcpy(t->ops + from, s->best + from + n,
	    (s->nbest - from - n) * sizeof(*t->ops));
	t->nops = s->nbest - n;
}

/* One pass with pieces of n operations, from the back. */
static bool
remove_pieces(struct shrinker *s, size_t n)
{
	size_t at = s->nbest;
	bool any = false;

	while (at > 0 && !out_of_time(s)) {
		at = at > n ? at - n : 0;
		leave_out(s, at, n);
		if (still_fails(s))
			any = true;
		if (at > s->nbest)
			at = s->nbest;
	}
	return any;
}

static void
remove_ops(struct shrinker *s)
{
	size_t n = s->nbest / 2;

	while (n > 0 && !out_of_time(s)) {
		if (!remove_pieces(s, n) || n > 1)
			n /= 2;
	}
}

/* ----------------------------------------------------------------- fields */

typedef bool simplify_fn(struct op *);

static bool
without_flag(struct op *op, unsigned bit)
{
	bool numbered = op->kind == OP_INHERIT || op->kind == OP_ADVISE ||
	    op->kind == OP_FORK || op->kind == OP_BRANCH;

	if (numbered || !(op->flags >> bit & 1))
		return false;
	op->flags &= ~(1u << bit);
	return true;
}

/* The i-th way to make an operation simpler; false when it changes nothing. */
static bool
simpler(struct op *op, unsigned i)
{
	struct op was = *op;

	switch (i) {
	case 0:
		op->cpu = 0;
		break;
	case 1:
		op->len = op->len > 4096 ? 4096 : op->len;
		break;
	case 2:
		op->len = op->len > 1 && op->len < 4096 ? 1 : op->len;
		break;
	case 3:
		op->len = op->len > 4096 ? op->len / 2 & ~4095u : op->len;
		break;
	case 4:
		op->addr &= ~(uint64_t)4095;
		break;
	case 5:
		op->value = op->value > 1 ? 1 : op->value;
		break;
	default:
		return without_flag(op, i - 6);
	}
	return memcmp(&was, op, sizeof(was)) != 0;
}

static void
simplify_ops(struct shrinker *s)
{
	for (size_t i = 0; i < s->nbest; i++) {
		for (unsigned way = 0; way < 16 && !out_of_time(s); way++) {
			leave_out(s, s->nbest, 0);
			if (i < s->nbest && simpler(&s->rep->trace.ops[i], way))
				(void)still_fails(s);
		}
	}
}

void
shrink(struct run_report *rep, unsigned seconds)
{
	struct shrinker s = { .rep = rep, .until = time(NULL) + seconds };

	s.best = calloc(rep->trace.nops, sizeof(*s.best));
	if (s.best == NULL)
		return;
	memcpy(s.best, rep->trace.ops, rep->trace.nops * sizeof(*s.best));
	s.nbest = rep->trace.nops;
	words_of(rep->complaint, s.words);
	remove_ops(&s);
	simplify_ops(&s);
	remove_ops(&s);
	leave_out(&s, s.nbest, 0);
	(void)run_trace(rep, true);
	free(s.best);
}
