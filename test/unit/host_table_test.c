/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_table_test.c - does what compare prints line up, and can machines read
 * strings and values that people make up?
 */
#include "cmd/count.h"
#include "cmd/figure.h"
#include "cmd/table.h"
#include "host/json.h"
#include "test/unit/death.h"

#include <stdlib.h>
#include <string.h>

/* What a function prints: text that the caller frees. */
struct printed {
	FILE *f;
	char *text;
	size_t len;
};

static void
begin(struct printed *p)
{
	p->f = open_memstream(&p->text, &p->len);
	assert_non_null(p->f);
}

static void
expect(struct printed *p, const char *text)
{
	assert_int_equal(fclose(p->f), 0);
	assert_string_equal(p->text, text);
	free(p->text);
}

/* ---- tables ---- */

/* Is the first column flush left, the others right, the rest of a row left? */
static void
test_table_aligned(void **state)
{
	struct table t;
	struct printed p;

	(void)state;
	begin(&p);
	table_init(&t, 3);
	table_cell(&t, "%s", "");
	table_cell(&t, "mach");
	table_end_row(&t);
	table_cell(&t, "faults");
	table_cell(&t, "%d", 5);
	table_cell(&t, "%d", 123456);
	table_end_row(&t);
	table_cell(&t, "a heading longer than any cell");
	table_end_row(&t);
	assert_true(table_print(&t, p.f));
	table_fini(&t);
	expect(&p,
	    "                                mach\n"
	    "faults                             5  123456\n"
	    "a heading longer than any cell\n");
}

/* Are separators, quotes and control characters kept apart from the format? */
static void
test_strings(void **state)
{
	struct printed p;

	(void)state;
	begin(&p);
	table_csv_string(p.f, "plain");
	table_csv_string(p.f, "a, \"b\"");
	json_string(p.f, "a \"b\"\\\n\xc3\xa9");
	expect(&p, "plain\"a, \"\"b\"\"\"\"a \\\"b\\\"\\\\\\u000a\xc3\xa9\"");
}

/* Is what is no UTF-8 made a string that JSON takes, byte by byte? */
static void
test_json_bytes(void **state)
{
	static const struct {
		const char *given, *said;
	} cases[] = {
		{ "\x7f\xc2\x80\xdf\xbf", "\x7f\xc2\x80\xdf\xbf" },
		{ "\xe0\xa0\x80\xed\x9f\xbf", "\xe0\xa0\x80\xed\x9f\xbf" },
		{ "\xf0\x90\x80\x80", "\xf0\x90\x80\x80" },
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
		{ "\x80|", "\\u0080|" },
		{ "\xc1\xbf", "\\u00c1\\u00bf" }, /* too long a form */
		{ "\xe0\x9f\xbf", "\\u00e0\\u009f\\u00bf" },
		{ "\xf0\x8f\xbf\xbf", "\\u00f0\\u008f\\u00bf\\u00bf" },
		{ "\xed\xa0\x80",
		    "\\u00ed\\u00a0\\u0080" }, /* half of a pair */
		{ "\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080" },
		{ "\xf8\x88\x80\x80\x80",
		    "\\u00f8\\u0088\\u0080\\u0080\\u0080" },
		{ "\xc3", "\\u00c3" }, /* ends too early */
		{ "\xe2\x82", "\\u00e2\\u0082" },
		{ "\xe2\x82\"", "\\u00e2\\u0082\\\"" },
	};
	char said[80];
	struct printed p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(&p);
		json_string(p.f, cases[i].given);
		(void)snprintf(said, sizeof(said), "\"%s\"", cases[i].said);
		expect(&p, said);
	}
}

/* ---- figures ---- */

static const struct vm_design mach = { .name = "mach" };
static const struct vm_design other = { .name = "other" };
static const struct vm_design netbsd = { .name = "netbsd" };

static const struct vm_design *const designs[] = { &other, &mach, &netbsd };

static const struct figure_row like = { .figure = "table9",
	.title = "Table 9",
	.measure = "things, counted",
	.label = "a, b",
	.bsd = 4,
	.uvm = 2,
	.paper = "us" };

static void
make_figure(struct figures *f)
{
	struct figure_row *row;

	figures_init(f, designs, 3);
	row = figures_add(f, &like);
	assert_non_null(row);
	row->values[0] = 7;
	row->values[1] = 1000;
	row->values[2] = 1.5;
}

/* Do the values stand under their designs, with the ratios of both pairs? */
static void
test_figure_table(void **state)
{
	struct figures f;
	struct printed p;

	(void)state;
	make_figure(&f);
	begin(&p);
	assert_true(figures_print(&f, REPORT_TABLE, p.f));
	expect(&p,
	    "Table 9: things, counted (the paper: us)\n\n"
	    "      paper BSD  paper UVM  UVM/BSD  mach  netbsd  netbsd/mach  "
	    "other\n"
	    "a, b          4          2     0.50  1000    1.50         0.00  "
	    "    7\n");
	figures_fini(&f);
}

/* Is what is not known empty in CSV, and null in JSON? */
static void
test_figure_unknown(void **state)
{
	struct figures f;
	struct printed p;

	(void)state;
	make_figure(&f);
	f.rows[0].values[1] = (double)NAN;
	begin(&p);
	assert_true(figures_print(&f, REPORT_CSV, p.f));
	expect(&p,
	    "figure,measure,paper_unit,case,paper_bsd,paper_uvm,paper_ratio,"
	    "mach,netbsd,ratio,other\n"
	    "table9,\"things, counted\",us,\"a, b\",4,2,0.5,,1.5,,7\n");
	begin(&p);
	assert_true(figures_print(&f, REPORT_JSON, p.f));
	expect(&p,
	    "{\"suite\":\"cranor\",\"rows\":[{\"figure\":\"table9\","
	    "\"measure\":\"things, counted\",\"paper_unit\":\"us\","
	    "\"case\":\"a, b\",\"paper_bsd\":4,\"paper_uvm\":2,"
	    "\"paper_ratio\":0.5,\"mach\":null,\"netbsd\":1.5,\"ratio\":null,"
	    "\"other\":7}]}\n");
	figures_fini(&f);
}

/* ---- instructions ---- */

static void
work(void *arg)
{
	volatile unsigned *n = arg;

	for (unsigned i = 0; i < 1000; i++)
		*n = *n + 1;
}

static void
more_work(void *arg)
{
	for (unsigned i = 0; i < 3; i++)
		work(arg);
}

/* Do three times the work take three times the instructions, each time? */
static void
test_instructions(void **state)
{
	unsigned n = 0;
	double once = count_instructions(work, &n);
	double thrice = count_instructions(more_work, &n);

	(void)state;
	if (isnan(once))
		skip();
	assert_true(once > 2000);
	assert_true(thrice > 2.9 * once && thrice < 3.1 * once);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_aligned),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_json_bytes),
		cmocka_unit_test(test_figure_table),
		cmocka_unit_test(test_figure_unknown),
		cmocka_unit_test(test_instructions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
