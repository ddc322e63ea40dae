/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * args.c - see args.h.
 *
 * PR_SET_MM_MAP sets all the addresses that the kernel remembers at once, and
 * needs no privilege; where the kernel lacks it, ps shows nothing.
 */
#include "host/args.h"

#include "host/run.h"
#include "host/space.h"
#include "host/stub.h"
#include "host/user.h"
#include "host/window.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	START_CODE = 26,
	END_CODE = 27,
	START_STACK = 28,
	START_DATA = 45,
	END_DATA = 46,
	START_BRK = 47,
	ARG_START = 48,
	ARG_END = 49,
	ENV_START = 50,
	ENV_END = 51,
	NFIELDS
};

_Static_assert(sizeof(struct args_places) == NFIELDS * sizeof(uint64_t),
    "the last field is the last place");

static void
read_fields(const struct task *t, uint64_t *fields)
{
	char path[64], text[2048], *p;
	ssize_t n;
	int fd;

	memset(fields, 0, NFIELDS * sizeof(*fields));
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)t->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	p = strrchr(text, ')');
	for (int field = 3; p != NULL && field < NFIELDS; field++) {
		p = strchr(p + 1, ' ');
		if (p != NULL)
			fields[field] = strtoul(p, NULL, 10);
	}
}

void
args_find(struct task *t, struct space *space, struct args_places *places)
{
	const uint64_t *f = places->field;

	read_fields(t, places->field);
	space->vm->brk_start = space->vm->brk_end = vm_round_page(f[START_BRK]);
	space->arg_start = f[ARG_START];
	space->arg_end = f[ARG_END];
	space->env_start = f[ENV_START];
	space->env_end = f[ENV_END];
}

/* The strings as one piece: the kernel puts them one after the other. */
static char *
read_strings(struct task *t, size_t len)
{
	char *copy = malloc(len);

	if (copy != NULL && user_read(t, t->space->arg_start, copy, len) != 0) {
		free(copy);
		return NULL;
	}
	return copy;
}

/* What the kernel is to remember: all as it was, but for the strings. */
static struct prctl_mm_map
places_of(const struct space *space, const uint64_t *f, uint64_t at)
{
	uint64_t moved = at - space->arg_start;

	return (struct prctl_mm_map){ .start_code = f[START_CODE],
		.end_code = f[END_CODE],
		.start_data = f[START_DATA],
		.end_data = f[END_DATA],
		.start_brk = f[START_BRK],
		.brk = f[START_BRK],
		.start_stack = f[START_STACK],
		.arg_start = space->arg_start + moved,
		.arg_end = space->arg_end + moved,
		.env_start = space->env_start + moved,
		.env_end = space->env_end + moved,
		.exe_fd = (uint32_t)-1 };
}

static void
put_copy(struct task *t, const uint64_t *f, char *strings, size_t len)
{
	uint64_t at = window_args(t->run);
	struct stub_call calls[2] = { { SYS_mmap,
	    { at, vm_round_page(len), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, UINT64_MAX, 0 } } };
	struct iovec from = { strings, len }, to = { (void *)at, len };
	struct prctl_mm_map map = places_of(t->space, f, at);

	calls[1] = (struct stub_call){ SYS_prctl,
		{ PR_SET_MM, PR_SET_MM_MAP, stub_scratch(t, &map, sizeof(map)),
		    sizeof(map), 0 } };
	if (stub_run(t, calls, 2))
		(void)process_vm_writev(t->tid, &from, 1, &to, 1, 0);
}

void
args_show(struct task *t, const struct args_places *places)
{
	const struct space *s = t->space;
	size_t len = s->env_end - s->arg_start;
	char *strings;

	if (s->arg_start >= s->env_end || len > WINDOW_ARGS_SIZE)
		return;
	strings = read_strings(t, len);
	if (strings != NULL)
		put_copy(t, places->field, strings, len);
	free(strings);
}
