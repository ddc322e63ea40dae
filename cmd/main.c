/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - the command line of bsdvm.
 *
 * Every subcommand is a row of the table below.  Sizes take K, M and G.
 * Errors of bsdvm itself are one line and status 125.
 */
#include "cmd/compare.h"
#include "cmd/options.h"
#include "host/message.h"
#include "host/run.h"
#include "vm/vm_design.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define VERSION "0.1"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage, *summary;
};

static const struct command *find_command(const char *name);

/* ------------------------------------------------------------------ run */

enum { OPT_STATS = 256, OPT_MAPS };

static bool
set_option(struct run_options *o, int c, char **argv)
{
	switch (c) {
	case 'd':
		return option_design(optarg, &o->design);
	case 'm':
		return option_memory(optarg, &o->memory);
	case OPT_STATS:
		o->stats = true;
		o->stats_file = optarg;
		return true;
	case OPT_MAPS:
		o->maps = true;
		o->maps_file = optarg;
		return true;
	default:
		message("%s: not an option of run; see bsdvm help run",
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
		{ NULL, 0, NULL, 0 },
	};
	struct run_options o = { .design = option_default_design(),
		.memory = OPTION_MEMORY_DEFAULT };
	struct run_result result;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+d:m:", longs, NULL)) != -1)
		if (!set_option(&o, c, argv))
			return RUN_FAILED;
	if (optind == argc) {
		message("run what? usage: bsdvm %s",
		    find_command("run")->usage);
		return RUN_FAILED;
	}
	o.argv = argv + optind;
	return run_program(&o, &result);
}

/* --------------------------------------------------------------- others */

static int
cmd_designs(int argc, char **argv)
{
	const struct vm_design *d;

	(void)argc;
	(void)argv;
	for (unsigned i = 0; (d = vm_design_nth(i)) != NULL; i++)
		printf("%-10s copy-on-write: %s; entries: %s; pages: %s; "
		       "neighbours: -%d/+%d\n",
		    d->name, d->cow->name, d->index->name, d->pageindex->name,
		    d->neighbours[VM_ADV_NORMAL].behind,
		    d->neighbours[VM_ADV_NORMAL].ahead);
	return 0;
}

static int
cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("bsdvm %s\n", VERSION);
	return 0;
}

static int cmd_help(int argc, char **argv);

static const struct command commands[] = {
	{ "run", cmd_run,
	    "run [-d DESIGN] [-m MEMORY] [--stats[=FILE]] [--maps[=FILE]] "
	    "[--] PROGRAM [ARG...]",
	    "run a program whose memory is managed by a BSD VM" },
	{ "compare", cmd_compare,
	    "compare [-m MEMORY] [--designs=A,B,...] "
	    "[--format=table|csv|json] [-o FILE]\n"
	    "             [--] PROGRAM [ARG...]\n"
	    "  bsdvm compare --suite=cranor [--designs=A,B,...] "
	    "[--format=table|csv|json] [-o FILE]",
	    "run a program under each design, or the experiments of the UVM "
	    "paper" },
	{ "designs", cmd_designs, "designs", "list the designs" },
	{ "version", cmd_version, "version", "print the version" },
	{ "help", cmd_help, "help [COMMAND]", "say what a command does" },
};

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int
cmd_help(int argc, char **argv)
{
	const struct command *c;

	if (argc > 1) {
		c = find_command(argv[1]);
		if (c == NULL) {
			message("%s: no such command", argv[1]);
			return RUN_FAILED;
		}
		printf("usage: bsdvm %s\n%s\n", c->usage, c->summary);
		return 0;
	}
	printf("usage:\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		printf("  bsdvm %s\n      %s\n", commands[i].usage,
		    commands[i].summary);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		message("a command is needed; see bsdvm help");
		return RUN_FAILED;
	}
	c = find_command(argv[1]);
	if (c == NULL) {
		message("%s: no such command; see bsdvm help", argv[1]);
		return RUN_FAILED;
	}
	return c->run(argc - 1, argv + 1);
}
