/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - the command line of bsdvm.
 *
 * Every subcommand is a row of the table below.  Sizes take K, M, G and T.
 * Errors of bsdvm itself are one line and status 125.
 */
#include "cmd/compare.h"
#include "cmd/options.h"
#include "env/swapcrypt.h"
#include "env/swapfile.h"
#include "env/swapnbd.h"
#include "host/message.h"
#include "host/run.h"
#include "vm/vm_design.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VERSION "0.1"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage[3], *summary; /* usage: NULL at the end */
	const char *details;            /* lines for help COMMAND, or NULL */
};

/* ------------------------------------------------------------------ run */

enum {
	OPT_STATS = 256,
	OPT_MAPS,
	OPT_WATCH,
	OPT_NO_OVERCOMMIT,
	OPT_NO_SWAP_SPACES,
	OPT_CHECK
};

static bool
set_option(struct run_options *o, int c, char **argv)
{
	switch (c) {
	case 'd':
		return option_design(optarg, &o->design);
	case 'm':
		return option_memory(optarg, &o->memory);
	case 's':
		return option_swap(optarg, o);
	case OPT_STATS:
		o->stats = true;
		o->stats_file = optarg;
		return option_is_file("--stats", optarg);
	case OPT_MAPS:
		o->maps = true;
		o->maps_file = optarg;
		return option_is_file("--maps", optarg);
	case OPT_WATCH:
		o->watch = true;
		return true;
	case OPT_NO_OVERCOMMIT:
		o->no_overcommit = true;
		return true;
	case OPT_NO_SWAP_SPACES:
		o->no_swap_spaces = true;
		return true;
	case OPT_CHECK:
		o->check = true;
		return true;
	case ':':
		message("%s: without its value; see bsdvm help run",
		    argv[optind - 1]);
		return false;
	default:
		message("%s: not an option of run, or one that has no value; "
			"see bsdvm help run",
		    argv[optind - 1]);
		return false;
	}
}

static int
cmd_run(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "stats", optional_argument, NULL, OPT_STATS },
		{ "maps", optional_argument, NULL, OPT_MAPS },
		{ "watch", no_argument, NULL, OPT_WATCH },
		{ "no-overcommit", no_argument, NULL, OPT_NO_OVERCOMMIT },
		{ "no-swap-spaces", no_argument, NULL, OPT_NO_SWAP_SPACES },
		{ "check", no_argument, NULL, OPT_CHECK },
		{ NULL, 0, NULL, 0 },
	};
	struct run_options o = { .design = option_default_design(),
		.memory = OPTION_MEMORY_DEFAULT };
	struct run_result result;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:d:m:s:", longs, NULL)) != -1)
		if (!set_option(&o, c, argv))
			return RUN_FAILED;
	if (optind == argc) {
		message("run what? see bsdvm help run");
		return RUN_FAILED;
	}
	o.argv = argv + optind;
	return run_program(&o, &result);
}

/* --------------------------------------------------------------- others */

static bool
has_no_arguments(int argc, char **argv)
{
	if (argc > 1)
		message("%s: %s: no arguments are wanted", argv[0], argv[1]);
	return argc == 1;
}

static int
cmd_designs(int argc, char **argv)
{
	const struct vm_design *d;

	if (!has_no_arguments(argc, argv))
		return RUN_FAILED;
	for (unsigned i = 0; (d = vm_design_nth(i)) != NULL; i++)
		printf("%-10s copy-on-write: %s; entries: %s; pages: %s; "
		       "neighbours: -%d/+%d\n",
		    d->name, d->cow->name, d->index->name, d->pageindex->name,
		    d->neighbours[VM_ADV_NORMAL].behind,
		    d->neighbours[VM_ADV_NORMAL].ahead);
	return 0;
}

static void
print_library(const char *what, bool is_built)
{
	printf("%s %s\n", is_built ? "with" : "without", what);
}

static int
cmd_version(int argc, char **argv)
{
	if (!has_no_arguments(argc, argv))
		return RUN_FAILED;
	printf("bsdvm %s\n", VERSION);
	print_library("io_uring", swapfile_has_uring());
	print_library("swap over NBD", swapnbd_is_built());
	print_library("encrypted swap", swapcrypt_is_built());
	return 0;
}

static int cmd_help(int argc, char **argv);

static const char run_details[] =
    "  -d DESIGN       which VM, of those that bsdvm designs lists [netbsd]\n"
    "  -m MEMORY       its physical memory, 1M to 64G [1G]\n"
    "  -s SWAP         where to swap to; more than once: to all of them\n"
    "  --stats[=FILE]  at the end, all that was counted: one line of JSON\n"
    "  --maps[=FILE]   when an address space ends, what was mapped in it;\n"
    "                  without FILE both go to standard error\n"
    "  --watch         on a terminal, a line of what goes on, while it does\n"
    "  --no-overcommit map no more that may be written than memory and swap\n"
    "                  can hold: more is ENOMEM.  Most designs count a stack as\n"
    "                  large as ulimit -s allows, for each process\n"
    "  --no-swap-spaces   when memory is short, processes that sleep are not\n"
    "                  swapped out as a whole\n"
    "  --check         the library's invariants, looked at in between; one that\n"
    "                  does not hold is the end\n"
    "Options end at PROGRAM or --.  SIGUSR1 to bsdvm prints on standard error what\n"
    "goes on: memory, swap, each process.\n"
    "\n"
    "SWAP is one of these, maybe with ,priority=N after it: from 0, which it\n"
    "is without, to 32767, which is used first.\n"
    "  SIZE                      a temporary file in $TMPDIR or /var/tmp\n"
    "  FILE                      a file or block device, as large as it is\n"
    "  FILE:SIZE                 the same; it is made, or grows\n"
    "  nbd://HOST[:PORT]/EXPORT  a network block device, by its server\n"
    "  nbd+unix:///EXPORT?socket=PATH  ... on this machine\n"
    "                            nbds:// and nbds+unix://: with TLS\n"
    "Sizes are a number with K, M, G or T after it.  64K are the least, and of a\n"
    "named file 68K.  A file that is no swap file is refused when there are\n"
    "contents in its first or its last megabyte; what lies between is not looked\n"
    "at, and lost.\n"
    "\n"
    "The exit status is the program's, or 128+N when signal N ended it; 125\n"
    "is an error of bsdvm itself, as when FILE cannot be written, 126 a program\n"
    "that cannot be executed, 127 one that is not found.\n";

static const char compare_details[] =
    "  -m MEMORY       physical memory of each run, 1M to 64G [1G]\n"
    "  -s SWAP         where each run swaps to: see bsdvm help run\n"
    "  --designs=A,B   these designs, in this order [all of bsdvm designs]\n"
    "  --format=WORD   table, csv or json [table]\n"
    "  -o FILE         the report goes there; also --output=FILE [standard\n"
    "                  output]\n"
    "  --keep=SIZE     so much is kept of standard input, which must be all of\n"
    "                  it, and of the first run's output [256M]\n"
    "  --suite=cranor  instead of a program: the experiments of the UVM paper\n"
    "\n"
    "The exit status is the program's when all runs agree in output and\n"
    "status, else 124; 125, 126 and 127 are as for run.  That of a suite is\n"
    "0 when it came to its end, else 125.\n";

static const struct command commands[] = {
	{ .name = "run",
	    .run = cmd_run,
	    .usage = { "run [-d DESIGN] [-m MEMORY] [-s SWAP]... "
		       "[--stats[=FILE]]\n"
		       "            [--maps[=FILE]] [--watch] [--no-overcommit]\n"
		       "            [--no-swap-spaces] [--check] [--] PROGRAM [ARG...]" },
	    .summary = "run a program whose memory is managed by a BSD VM",
	    .details = run_details },
	{ .name = "compare",
	    .run = cmd_compare,
	    .usage = { "compare [-m MEMORY] [-s SWAP]... [--designs=A,B,...]\n"
		       "                [--format=WORD] [-o FILE] [--] PROGRAM [ARG...]",
		"compare --suite=cranor [-m MEMORY] [--designs=A,B,...]\n"
		"                [--format=WORD] [-o FILE]" },
	    .summary = "run a program under each design, or the experiments "
		       "of the UVM paper",
	    .details = compare_details },
	{ .name = "designs",
	    .run = cmd_designs,
	    .usage = { "designs" },
	    .summary = "list the designs" },
	{ .name = "version",
	    .run = cmd_version,
	    .usage = { "version" },
	    .summary = "print the version" },
	{ .name = "help",
	    .run = cmd_help,
	    .usage = { "help [COMMAND]" },
	    .summary = "say what a command does" },
};

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	message("%s: no such command; see bsdvm help", name);
	return NULL;
}

static void
print_usage(const struct command *c)
{
	for (const char *const *line = c->usage; *line != NULL; line++)
		printf("  bsdvm %s\n", *line);
}

static int
cmd_help(int argc, char **argv)
{
	const struct command *c;

	if (argc > 2) {
		message("help %s: %s: one command at a time", argv[1], argv[2]);
		return RUN_FAILED;
	}
	if (argc > 1) {
		c = find_command(argv[1]);
		if (c == NULL)
			return RUN_FAILED;
		printf("usage:\n");
		print_usage(c);
		printf("\n%s\n", c->summary);
		if (c->details != NULL)
			printf("\n%s", c->details);
		return 0;
	}
	printf("usage:\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		print_usage(&commands[i]);
		printf("      %s\n", commands[i].summary);
	}
	return 0;
}

static bool
asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int
run_command(int argc, char **argv)
{
	char *help[] = { argv[0], argv[1], NULL };
	const struct command *c;

	if (asks_for_help(argv[1]))
		return cmd_help(1, help);
	if (strcmp(argv[1], "--version") == 0)
		return cmd_version(1, help);
	c = find_command(argv[1]);
	if (c == NULL)
		return RUN_FAILED;
	if (argc > 2 && asks_for_help(argv[2]))
		return cmd_help(2, help);
	return c->run(argc - 1, argv + 1);
}

/* What we open must not become a standard stream that was closed: messages
 * would go there.  A program that we run finds it closed. */
static void
hold_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

int
main(int argc, char **argv)
{
	int status;

	hold_standard_streams();
	if (argc < 2) {
		message("a command is needed; see bsdvm help");
		return RUN_FAILED;
	}
	status = run_command(argc, argv);
	if (fflush(stdout) != 0 && status == 0) {
		message("standard output: %s", strerror(errno));
		return RUN_FAILED;
	}
	return status;
}
