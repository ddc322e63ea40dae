/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cranor.c - see cranor.h.
 *
 * Charles D. Cranor and Gurudatta M. Parulkar, "The UVM Virtual Memory
 * System", USENIX 1999.  Tables 1 and 2 are about programs: ours run on the
 * host port.  Table 3 and Figures 6 and 2 are about the cost of operations:
 * they run on the core with the soft MMU, in this process.  docs/cranor.md
 * says what is the same as in the paper and what is not.
 */
#include "cmd/cranor_part.h"

#include "cmd/count.h"
#include "cmd/progress.h"
#include "host/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* -------------------------------------------------------------- programs */

static bool
copy_words(char **argv, const char *const *words)
{
	for (size_t n = 0; n < CRANOR_WORDS_MAX && words[n] != NULL; n++) {
		argv[n] = strdup(words[n]);
		if (argv[n] == NULL) {
			message("out of memory");
			return false;
		}
	}
	return true;
}

bool
cranor_program(struct cranor *c, const struct vm_design *design,
    const char *const *words, struct run_result *result)
{
	char *argv[CRANOR_WORDS_MAX + 1] = { NULL };
	struct run_options run = { .design = design,
		.memory = c->options->memory,
		.plain_faults = true,
		.argv = argv };
	struct trial t;
	bool ok = copy_words(argv, words);

	ok = ok && trial_run(&c->set, &run, TRIAL_DISCARD, &t);
	if (ok && t.result.status != 0)
		message("%s under %s: exit status %d", c->doing, design->name,
		    t.result.status);
	if (ok)
		*result = t.result;
	ok = ok && result->status == 0;
	for (size_t n = 0; n < CRANOR_WORDS_MAX; n++)
		free(argv[n]);
	return ok;
}

bool
cranor_shell(struct cranor *c, const struct vm_design *design,
    const char *script, struct run_result *result)
{
	const char *const words[] = { "sh", "-c", script, "sh", c->hello,
		c->dir, NULL };

	return cranor_program(c, design, words, result);
}

/* ------------------------------------------------------------------ rows */

bool
cranor_row(struct cranor *c, const struct figure_row *like,
    cranor_value_fn *value, const void *the_case)
{
	struct figure_row *row = figures_add(&c->figures, like);

	c->doing = like->label;
	for (size_t i = 0; row != NULL && i < c->options->count; i++) {
		const struct vm_design *d = c->options->designs[i];

		progress("%s: %s, %s", like->title, like->label, d->name);
		row->values[i] = value(c, d, the_case);
		if (trial_signal() != 0)
			return false;
	}
	return row != NULL;
}

static bool
add_table(struct cranor *c, const struct cranor_points *p, const char *measure)
{
	for (size_t k = 0; k < p->npoints; k++) {
		const struct figure_row like = { .figure = p->figure,
			.title = p->title,
			.measure = measure,
			.label = p->points[k].label,
			.bsd = p->points[k].bsd,
			.uvm = p->points[k].uvm,
			.paper = "s" };

		if (figures_add(&c->figures, &like) == NULL)
			return false;
	}
	return true;
}

bool
cranor_points(struct cranor *c, const struct cranor_points *p)
{
	size_t first = c->figures.count;

	for (size_t t = 0; t < p->ntables; t++)
		if (!add_table(c, p, p->measures[t]))
			return false;
	for (size_t k = 0; k < p->npoints; k++) {
		progress("%s: %s", p->title, p->points[k].label);
		p->measure(c, &c->figures.rows[first + k], p->points[k].size);
		if (trial_signal() != 0)
			return false;
	}
	return true;
}

/* ----------------------------------------------------------------- files */

static const char cat_source[] =
    "#include <unistd.h>\n"
    "int main(void) {\n"
    "	char b[4096]; ssize_t n;\n"
    "	while ((n = read(0, b, sizeof(b))) > 0)\n"
    "		if (write(1, b, (size_t)n) != n) return 1;\n"
    "	return n < 0;\n"
    "}\n";

static const char hello_source[] =
    "#include <stdio.h>\n"
    "int main(void) { printf(\"hello, world\\n\"); return 0; }\n";

static bool
write_source(struct cranor *c, const char *name, const char *text)
{
	char path[80];
	FILE *f;
	bool ok;

	(void)snprintf(path, sizeof(path), "%s/%s", c->dir, name);
	f = fopen(path, "we");
	if (f == NULL)
		return false;
	ok = fputs(text, f) >= 0;
	return fclose(f) == 0 && ok;
}

static void
be_quiet(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
}

/* No compiler: the rows that need one stay unknown. */
static void
compile_cat(const struct cranor *c)
{
	char source[sizeof(c->cat) + 2];
	int status = 1;
	pid_t pid;

	(void)snprintf(source, sizeof(source), "%s.c", c->cat);
	pid = fork();
	if (pid == 0) {
		be_quiet();
		(void)execlp("cc", "cc", "-O2", "-static", "-o", c->cat, source,
		    (char *)NULL);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		message("no cc that links statically: a row will be missing");
}

static bool
make_files(struct cranor *c)
{
	const char *tmp = getenv("TMPDIR");

	if (snprintf(c->dir, sizeof(c->dir), "%s/bsdvm-XXXXXX",
		tmp == NULL ? "/tmp" : tmp) >= (int)sizeof(c->dir) ||
	    mkdtemp(c->dir) == NULL) {
		message("no directory for files in %s: %s", c->dir,
		    strerror(errno));
		c->dir[0] = '\0';
		return false;
	}
	(void)snprintf(c->cat, sizeof(c->cat), "%s/cat", c->dir);
	(void)snprintf(c->hello, sizeof(c->hello), "%s/hello.c", c->dir);
	if (!write_source(c, "cat.c", cat_source) ||
	    !write_source(c, "hello.c", hello_source)) {
		message("%s: %s", c->dir, strerror(errno));
		return false;
	}
	compile_cat(c);
	return true;
}

static void
remove_files(const struct cranor *c)
{
	static const char *const names[] = { "cat.c", "hello.c", "cat", "hello",
		"cache" };
	char path[96];

	if (c->dir[0] == '\0')
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", c->dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(c->dir);
}

/* ------------------------------------------------------------- the whole */

/* In the order of the paper's tables, then its figures. */
static bool (*const parts[])(struct cranor *) = { cranor_entries, cranor_faults,
	cranor_cases, cranor_paging, cranor_fork, cranor_files };

static bool
measure(struct cranor *c)
{
	c->set.input = memfd_create("input", MFD_CLOEXEC);
	if (c->set.input < 0) {
		message("no memory file: %s", strerror(errno));
		return false;
	}
	if (!make_files(c))
		return false;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!parts[i](c))
			return false;
	return true;
}

static bool
print(const struct cranor *c)
{
	FILE *f = c->options->output;
	bool ok = figures_print(&c->figures, c->options->format, f);

	if (c->options->format == REPORT_TABLE)
		fprintf(f, "\nInstructions were %s.\n", count_method());
	return ok;
}

int
cranor_run(const struct cranor_options *options)
{
	struct cranor c = { .options = options };
	bool ok;

	trial_catch_signals();
	figures_init(&c.figures, options->designs, options->count);
	if (!trial_set_open(&c.set, 0))
		return RUN_FAILED;
	ok = measure(&c);
	progress_end();
	ok = ok && print(&c);
	trial_set_close(&c.set);
	remove_files(&c);
	figures_fini(&c.figures);
	if (trial_signal() != 0)
		return 128 + trial_signal();
	return ok ? 0 : RUN_FAILED;
}
