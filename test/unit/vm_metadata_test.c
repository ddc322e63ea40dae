/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_metadata_test.c - what structures take, under every design.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"

static struct fixture *
system_of(const struct vm_design *design)
{
	const struct soft_config config = {
		.npages = FX_FRAMES,
		.va_min = FX_BASE,
		.va_max = FX_BASE + FX_CELLS * FX_PAGE,
	};
	struct fixture *fx = fixture_create_as(&config, design);

	assert_non_null(fx);
	return fx;
}

/* It can be no more than what the host gave. */
static struct vm_metadata
metadata(struct fixture *fx)
{
	struct vm_metadata md;

	vm_metadata_get(fx->sys, &md);
	assert_true(vm_metadata_total(&md) <= fx->env.bytes);
	assert_int_equal(md.frames, FX_FRAMES * sizeof(struct vm_page));
	return md;
}

static void
live(struct fixture *fx)
{
	struct vm_metadata before = metadata(fx), after;

	for (size_t i = 0; i < 10; i++)
		assert_int_equal(map_anon(fx, 2 * i, 1), VM_OK);
	after = metadata(fx);
	assert_int_equal(after.entries - before.entries,
	    10 * ((sizeof(struct vm_map_entry) + 15) / 16 * 16));
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(store(fx, 2 * i, 'x'), VM_OK);
	after = metadata(fx);
	assert_true(after.anons + after.layers > before.anons + before.layers);
	assert_int_equal(map_shared(fx, 100, 100), VM_OK);
	for (size_t i = 100; i < 200; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_true(metadata(fx).objects > after.objects);
	assert_true(metadata(fx).page_index >= after.page_index);
	vmspace_reset(fx->vs);
}

/* Do all parts grow with what is there, and come back to nothing? */
static void
test_life(void **state)
{
	const struct vm_design *design;

	(void)state;
	for (unsigned i = 0; (design = vm_design_nth(i)) != NULL; i++) {
		struct fixture *fx = system_of(design);
		struct vm_metadata md;

		live(fx);
		md = metadata(fx);
		assert_int_equal(md.entries + md.anons + md.layers + md.slots +
			md.objects,
		    0);
		assert_null(fixture_destroy(fx));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
	};

	return cmocka_run_group_tests_name("metadata", tests, NULL, NULL);
}
