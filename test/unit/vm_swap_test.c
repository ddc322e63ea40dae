/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swap_test.c - devices to swap to, and their slots: who gets which, and
 * when it is free again.
 */
#include "test/unit/base_test.h"
#include "test/unit/swap_fixture.h"

#include "vm/vm_swapdev.h"

static vm_slot_t
take(struct swapfx *sx, unsigned want, unsigned wanted_got)
{
	unsigned got;
	vm_slot_t slot = vm_swap_alloc(sx->sys, want, &got);

	verify(got == wanted_got);
	verify((slot == 0) == (got == 0));
	vm_swap_check(sx->sys);
	return slot;
}

static void
drop(struct swapfx *sx, vm_slot_t slot, unsigned n)
{
	vm_swap_free(sx->sys, slot, n);
	vm_swap_check(sx->sys);
}

static bool
is_on(struct swapfx *sx, vm_slot_t slot, unsigned device)
{
	return vm_swap_is_on(sx->sys, slot, sx->devices[device].id);
}

/* Do devices of odd sizes hold just so many pages? */
static void
test_sizes(void **state)
{
	const uint64_t sizes[] = { 1, 63, 64, 65, 127, 129, 1025 };
	struct swapfx *sx = *state;

	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		vm_slot_t slot;

		assert_int_equal(sx_add(sx, sizes[i], 0), 0);
		assert_int_equal(vm_swap_total(sx->sys), sizes[i]);
		slot = take(sx, 2000, (unsigned)sizes[i]);
		assert_int_equal(slot, 1);
		assert_int_equal(vm_swap_in_use(sx->sys), sizes[i]);
		(void)take(sx, 1, 0);
		drop(sx, slot, (unsigned)sizes[i]);
		assert_int_equal(vm_swap_remove(sx->sys, sx->devices[i].id), 0);
		assert_true(sx->devices[i].faulty.closed);
	}
	assert_int_equal(vm_swap_total(sx->sys), 0);
}

static int
add_size(struct swapfx *sx, uint64_t npages)
{
	const struct vm_swap_device device = {
		.ops = &ramswap_ops,
		.npages = npages,
	};
	unsigned id;

	return vm_swap_add(sx->sys, &device, &id);
}

/* Is a size that the drum has no room for refused, before memory is? */
static void
test_impossible_sizes(void **state)
{
	struct swapfx *sx = *state;
	uint64_t asked;

	assert_int_equal(sx_add(sx, 10, 0), 0);
	asked = sx->fx->env.allocations;
	assert_int_equal(add_size(sx, 0), VM_EINVAL);
	assert_int_equal(add_size(sx, UINT32_MAX - 10), VM_EINVAL);
	assert_int_equal(add_size(sx, UINT32_MAX), VM_EINVAL);
	assert_int_equal(add_size(sx, (uint64_t)1 << 32), VM_EINVAL);
	assert_int_equal(add_size(sx, ((uint64_t)1 << 32) + 5), VM_EINVAL);
	assert_int_equal(add_size(sx, UINT64_MAX), VM_EINVAL);
	assert_int_equal(sx->fx->env.allocations, asked);
	faulty_fail(&sx->fx->env, 2, FAULTY_ON);
	assert_int_equal(add_size(sx, UINT32_MAX - 11), VM_ENOMEM);
	vm_swap_check(sx->sys);
	assert_int_equal(vm_swap_total(sx->sys), 10);
}

static int
no_key(void *ctx, uint8_t key[VM_SWAP_KEY])
{
	(void)ctx, (void)key;
	return VM_EIO;
}

/* When memory fails at each allocation in turn, is nothing left, with and
 * without a cipher? */
static void
test_no_memory(void **state)
{
	static const struct vm_swap_cipher cipher = { .make_key = no_key };
	struct swapfx *sx = *state;
	uint64_t blocks = sx->fx->env.blocks;
	int error = VM_ENOMEM;

	for (unsigned round = 0; round < 2; round++) {
		unsigned n = 0;

		while (error != 0) {
			faulty_fail(&sx->fx->env, ++n, FAULTY_ONCE);
			error = sx_add(sx, 300, 0);
			assert_true(error == 0 || error == VM_ENOMEM);
			assert_int_equal(error == 0, n > (round ? 9 : 4));
			assert_true(error == 0 || sx->fx->env.blocks == blocks);
			vm_swap_check(sx->sys);
		}
		faulty_fail(&sx->fx->env, 0, FAULTY_ONCE);
		assert_int_equal(vm_swap_remove(sx->sys, sx->devices[round].id),
		    0);
		assert_int_equal(sx->fx->env.blocks, blocks);
		error = VM_ENOMEM;
		vm_swap_set_cipher(sx->sys, &cipher);
	}
}

/* Does a device get the lowest numbers that are free in a row?
 *
 *	|0: 10|1: 20|2: 30|	1 goes
 *	|0: 10|3: 20|2: 30|4: 21|
 */
static void
test_drum(void **state)
{
	struct swapfx *sx = *state;
	const unsigned sizes[] = { 10, 20, 30, 20, 21 };
	const vm_slot_t first[] = { 1, 11, 31, 11, 61 };

	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		assert_int_equal(sx_add(sx, sizes[i], (int)i), 0);
		assert_int_equal(take(sx, sizes[i], sizes[i]), first[i]);
		drop(sx, first[i], sizes[i]);
		if (i == 2)
			assert_int_equal(vm_swap_remove(sx->sys,
					     sx->devices[1].id),
			    0);
	}
}

/* Do slots follow each other on one device only? */
static void
test_follows(void **state)
{
	struct swapfx *sx = *state;
	vm_slot_t a, b;

	assert_int_equal(sx_add(sx, 4, 1), 0);
	assert_int_equal(sx_add(sx, 4, 0), 0);
	a = take(sx, 4, 4);
	b = take(sx, 4, 4);
	assert_int_equal(b, a + 4);
	assert_true(vm_swap_follows(sx->sys, a, a + 1));
	assert_true(vm_swap_follows(sx->sys, b, b + 1));
	assert_false(vm_swap_follows(sx->sys, a + 3, b));
	assert_false(vm_swap_follows(sx->sys, a + 1, a));
	assert_false(vm_swap_follows(sx->sys, a, a));
	assert_false(vm_swap_follows(sx->sys, a, a + 2));
	assert_false(vm_swap_follows(sx->sys, 0, 1));
	assert_true(is_on(sx, a + 3, 0) && !is_on(sx, a + 3, 1));
	assert_true(is_on(sx, b, 1) && !is_on(sx, b, 0));
	drop(sx, a, 4);
	drop(sx, b, 4);
}

/* Is the higher priority used first, whoever was added first? */
static void
test_priority(void **state)
{
	struct swapfx *sx = *state;
	const unsigned turn[] = { 1, 1, 2, 2, 0, 0 };
	vm_slot_t slots[6];

	assert_int_equal(sx_add(sx, 16, -5), 0);
	assert_int_equal(sx_add(sx, 16, 7), 0);
	assert_int_equal(sx_add(sx, 16, 0), 0);
	for (unsigned i = 0; i < 6; i++) {
		slots[i] = take(sx, 8, 8);
		assert_true(is_on(sx, slots[i], turn[i]));
	}
	(void)take(sx, 1, 0);
	for (unsigned i = 0; i < 6; i++)
		drop(sx, slots[i], 8);
	slots[0] = take(sx, 8, 8);
	assert_true(is_on(sx, slots[0], 1));
	drop(sx, slots[0], 8);
}

/* Do equals take turns, and does one that is full lose its turn? */
static void
test_turns(void **state)
{
	struct swapfx *sx = *state;
	const unsigned turn[] = { 0, 1, 2, 0, 1, 2, 0, 2, 0, 2, 3 };
	vm_slot_t slots[ARRAY_LEN(turn)];

	assert_int_equal(sx_add(sx, 32, 1), 0);
	assert_int_equal(sx_add(sx, 16, 1), 0);
	assert_int_equal(sx_add(sx, 32, 1), 0);
	assert_int_equal(sx_add(sx, 32, 0), 0);
	for (unsigned i = 0; i < ARRAY_LEN(turn); i++) {
		slots[i] = take(sx, 8, 8);
		assert_true(is_on(sx, slots[i], turn[i]));
	}
	for (unsigned i = 0; i < ARRAY_LEN(turn); i++)
		drop(sx, slots[i], 8);
}

/* Is a device in pieces passed over while another has the run, and else the
 * longest run taken that there is?
 *
 *	0:  x.xx..xx	    1:  xxxxxx......	(priority lower)
 */
static void
test_fragments(void **state)
{
	struct swapfx *sx = *state;
	vm_slot_t a, b, c;

	assert_int_equal(sx_add(sx, 8, 1), 0);
	assert_int_equal(sx_add(sx, 12, 0), 0);
	a = take(sx, 8, 8);
	b = take(sx, 6, 6);
	drop(sx, a + 1, 1);
	drop(sx, a + 4, 2);
	c = take(sx, 3, 3);
	assert_true(is_on(sx, c, 1));
	drop(sx, c, 3);
	c = take(sx, 2, 2);
	assert_int_equal(c, a + 4);
	drop(sx, c, 2);
	c = take(sx, 64, 6);
	assert_int_equal(c, b + 6);
	assert_int_equal(take(sx, 64, 2), a + 4);
	assert_int_equal(take(sx, 64, 1), a + 1);
	(void)take(sx, 64, 0);
	drop(sx, a, 8);
	drop(sx, b, 12);
}

/* Do runs go on where the last one ended, so that a device is written in
 * order? */
static void
test_cursor(void **state)
{
	struct swapfx *sx = *state;
	vm_slot_t a;

	assert_int_equal(sx_add(sx, 100, 0), 0);
	a = take(sx, 10, 10);
	drop(sx, a, 10);
	assert_int_equal(take(sx, 10, 10), a + 10);
	drop(sx, a + 10, 10);
	assert_int_equal(take(sx, 80, 80), a + 20);
	assert_int_equal(take(sx, 10, 10), a);
	drop(sx, a, 10);
	drop(sx, a + 20, 80);
}

/* Is a slot free when its last user has gone, and not before? */
static void
test_references(void **state)
{
	struct swapfx *sx = *state;
	vm_slot_t a;

	assert_int_equal(sx_add(sx, 3, 0), 0);
	a = take(sx, 3, 3);
	vm_swap_ref(sx->sys, a + 1);
	vm_swap_ref(sx->sys, a + 1);
	drop(sx, a, 3);
	assert_int_equal(vm_swap_in_use(sx->sys), 1);
	assert_int_equal(sx->sys->stats.swap_frees, 2);
	drop(sx, a + 1, 1);
	assert_int_equal(take(sx, 3, 1), a);
	drop(sx, a, 2);
	assert_int_equal(vm_swap_in_use(sx->sys), 0);
	assert_int_equal(take(sx, 3, 3), a);
	drop(sx, a, 3);
	assert_int_equal(sx->sys->stats.swap_allocs, 7);
	assert_int_equal(sx->sys->stats.swap_frees, 7);
}

/* Does nobody get a bad slot again, even one that had more users? */
static void
test_bad(void **state)
{
	struct swapfx *sx = *state;
	struct vm_swap_info info;
	vm_slot_t a;

	assert_int_equal(sx_add(sx, 10, 0), 0);
	a = take(sx, 10, 10);
	vm_swap_ref(sx->sys, a + 5);
	vm_swap_bad(sx->sys, a + 4, 2);
	vm_swap_check(sx->sys);
	assert_int_equal(vm_swap_in_use(sx->sys), 9);
	assert_int_equal(vm_swap_total(sx->sys), 8);
	vm_swap_bad(sx->sys, a + 5, 1);
	vm_swap_check(sx->sys);
	assert_int_equal(vm_swap_total(sx->sys), 8);
	assert_int_equal(sx->sys->stats.swap_bad, 2);
	assert_true(vm_swap_nth(sx->sys, 0, &info));
	assert_int_equal(info.bad, 2);
	assert_int_equal(info.used, 8);
	drop(sx, a, 4);
	drop(sx, a + 6, 4);
	assert_int_equal(take(sx, 10, 4), a);
	assert_int_equal(take(sx, 10, 4), a + 6);
	(void)take(sx, 10, 0);
	drop(sx, a, 4);
	drop(sx, a + 6, 4);
	assert_int_equal(vm_swap_remove(sx->sys, sx->devices[0].id), 0);
	assert_int_equal(vm_swap_total(sx->sys), 0);
}

/* Is nothing taken from a retired device, until it is reinstated? */
static void
test_retire(void **state)
{
	struct swapfx *sx = *state;
	struct vm_swap_info info;
	vm_slot_t a, b;

	assert_int_equal(sx_add(sx, 10, 1), 0);
	assert_int_equal(sx_add(sx, 10, 0), 0);
	a = take(sx, 5, 5);
	assert_int_equal(vm_swap_retire(sx->sys, sx->devices[0].id), 0);
	assert_true(vm_swap_is_retired(sx->sys, a));
	b = take(sx, 10, 10);
	assert_true(is_on(sx, b, 1));
	assert_false(vm_swap_is_retired(sx->sys, b));
	(void)take(sx, 1, 0);
	assert_true(vm_swap_is_full(sx->sys));
	assert_int_equal(vm_swap_total(sx->sys), 10);
	vm_swap_check(sx->sys);
	assert_true(vm_swap_nth(sx->sys, 0, &info) && info.retired);
	vm_swap_reinstate(sx->sys, sx->devices[0].id);
	vm_swap_reinstate(sx->sys, sx->devices[0].id);
	assert_false(vm_swap_is_full(sx->sys));
	assert_int_equal(vm_swap_total(sx->sys), 20);
	vm_swap_check(sx->sys);
	assert_false(vm_swap_is_retired(sx->sys, a));
	assert_int_equal(take(sx, 5, 5), a + 5);
	drop(sx, a, 10);
	drop(sx, b, 10);
	assert_int_equal(vm_swap_retire(sx->sys, 99), VM_EINVAL);
	vm_swap_reinstate(sx->sys, 99);
}

/* Does a device go when nothing is on it, and only then? */
static void
test_remove(void **state)
{
	struct swapfx *sx = *state;
	struct vm_swap_info info;
	vm_slot_t a;

	assert_int_equal(sx_add(sx, 10, 0), 0);
	assert_int_equal(sx_add(sx, 20, 0), 0);
	a = take(sx, 1, 1);
	assert_int_equal(vm_swap_remove(sx->sys, 99), VM_EINVAL);
	assert_int_equal(vm_swap_remove(sx->sys, sx->devices[0].id), VM_EBUSY);
	assert_false(sx->devices[0].faulty.closed);
	drop(sx, a, 1);
	assert_int_equal(vm_swap_remove(sx->sys, sx->devices[0].id), 0);
	assert_true(sx->devices[0].faulty.closed);
	assert_int_equal(vm_swap_remove(sx->sys, sx->devices[0].id), VM_EINVAL);
	assert_true(vm_swap_nth(sx->sys, 0, &info));
	assert_int_equal(info.id, sx->devices[1].id);
	assert_int_equal(info.npages, 20);
	assert_string_equal(info.kind, "faulty");
	assert_string_equal(info.name, "test");
	assert_false(vm_swap_nth(sx->sys, 1, &info));
	assert_int_equal(vm_swap_total(sx->sys), 20);
}

/* Is misuse caught, and does the check see what is wrong? */
static void
test_misuse(void **state)
{
	struct swapfx *sx = *state;
	struct vm_swapdev *sd;
	vm_slot_t a;

	assert_int_equal(sx_add(sx, 10, 0), 0);
	a = take(sx, 4, 4);
	sd = vm_swapdev_of(sx->sys->swap, a);
	assert_null(vm_swapdev_of(sx->sys->swap, 0));
	assert_null(vm_swapdev_of(sx->sys->swap, a + 10));
	sd->refs[6]++;
	expect_panic(vm_swap_check(sx->sys));
	sd->refs[6]--;
	vm_mutex_unlock(&sx->sys->swap->lock);
	sd->used++;
	expect_panic(vm_swap_check(sx->sys));
	sd->used--;
	vm_mutex_unlock(&sx->sys->swap->lock);
	sx->sys->swap->total++;
	expect_panic(vm_swap_check(sx->sys));
	sx->sys->swap->total--;
	vm_mutex_unlock(&sx->sys->swap->lock);
	expect_panic(vm_swap_ref(sx->sys, a + 4));
	vm_mutex_unlock(&sx->sys->swap->lock);
	expect_panic(vm_swap_free(sx->sys, a + 4, 1));
	vm_mutex_unlock(&sx->sys->swap->lock);
	expect_panic(vm_swap_free(sx->sys, a, 11));
	vm_mutex_unlock(&sx->sys->swap->lock);
	expect_panic(vm_swap_set_cipher(sx->sys, NULL));
	drop(sx, a, 4);
}

/* ---- at random, against a model ---- */

#define MODEL_SLOTS 800

/* What the test knows of a slot; refs 0: it is free, or never was. */
struct model_slot {
	unsigned refs;
	int byte; /* what was written; -1: nothing was */
	bool bad;
};

struct model {
	struct swapfx *sx;
	struct model_slot slots[MODEL_SLOTS];
	bool there[SX_DEVICES];
};

static void
model_alloc(struct model *m)
{
	unsigned want = 1 + (unsigned)random_below(70), got;
	vm_slot_t slot = vm_swap_alloc(m->sx->sys, want, &got);

	verify(got <= want);
	verify(slot + got <= MODEL_SLOTS);
	for (vm_slot_t s = slot; s < slot + got; s++) {
		verify(m->slots[s].refs == 0 && !m->slots[s].bad);
		m->slots[s] = (struct model_slot){ .refs = 1, .byte = -1 };
	}
}

/* A run of slots in use on one device; their number, 0 for none. */
static unsigned
model_run(struct model *m, vm_slot_t *slot, unsigned most)
{
	vm_slot_t s = 1 + (vm_slot_t)random_below(MODEL_SLOTS - 1);
	unsigned n = 1;

	while (s < MODEL_SLOTS && m->slots[s].refs == 0)
		s++;
	if (s == MODEL_SLOTS)
		return 0;
	*slot = s;
	while (n < most && s + n < MODEL_SLOTS && m->slots[s + n].refs > 0 &&
	    vm_swap_follows(m->sx->sys, s + n - 1, s + n))
		n++;
	return n;
}

static void
model_free(struct model *m)
{
	bool bad = random_below(20) == 0;
	vm_slot_t slot;
	unsigned n = model_run(m, &slot, 1 + (unsigned)random_below(90));

	if (n == 0)
		return;
	if (bad)
		vm_swap_bad(m->sx->sys, slot, n);
	else
		vm_swap_free(m->sx->sys, slot, n);
	for (vm_slot_t s = slot; s < slot + n; s++) {
		m->slots[s].refs--;
		m->slots[s].bad |= bad;
	}
}

static void
model_write(struct model *m)
{
	int byte = (int)random_below(100);
	vm_slot_t slot;
	unsigned n = model_run(m, &slot, 1 + (unsigned)random_below(64));

	if (n == 0)
		return;
	sx_fill(m->sx, 0, n, byte);
	verify(sx_write(m->sx, slot, 0, n) == 0);
	for (unsigned i = 0; i < n; i++)
		m->slots[slot + i].byte = byte + (int)i;
}

static void
model_read(struct model *m)
{
	uint64_t bad;
	vm_slot_t slot;
	unsigned n = model_run(m, &slot, 1 + (unsigned)random_below(64));

	if (n == 0)
		return;
	(void)sx_read(m->sx, slot, 0, n, &bad);
	for (unsigned i = 0; i < n; i++) {
		bool right = m->slots[slot + i].byte >= 0;

		verify((bad >> i & 1) == !right);
		verify(!right || sx_is(m->sx, i, 1, m->slots[slot + i].byte));
	}
}

static void
model_ref(struct model *m)
{
	vm_slot_t slot;

	if (model_run(m, &slot, 1) == 0)
		return;
	vm_swap_ref(m->sx->sys, slot);
	m->slots[slot].refs++;
}

/* Try to remove a device, or add one. */
static void
model_device(struct model *m)
{
	unsigned i = (unsigned)random_below(SX_DEVICES);
	struct swapfx *sx = m->sx;
	vm_slot_t first = 0;
	unsigned n = 0;

	if (i == sx->ndevices && i < SX_DEVICES) {
		m->there[i] = sx_add(sx, 1 + random_below(90),
				  (int)random_below(2)) == 0;
		verify(m->there[i]);
		return;
	}
	if (i > sx->ndevices || !m->there[i])
		return;
	if (random_below(2) == 0) {
		verify(vm_swap_retire(sx->sys, sx->devices[i].id) == 0);
		vm_swap_reinstate(sx->sys, sx->devices[i].id);
	}
	LIST_FOREACH(struct vm_swapdev, sd, &sx->sys->swap->devs, link) {
		if (sd->id == sx->devices[i].id)
			first = sd->first, n = sd->npages;
	}
	m->there[i] = vm_swap_remove(sx->sys, sx->devices[i].id) == VM_EBUSY;
	for (vm_slot_t s = first; s < first + n; s++) {
		verify(m->there[i] || m->slots[s].refs == 0);
		if (!m->there[i])
			m->slots[s].bad = false;
	}
}

static void
model_step(struct model *m)
{
	switch (random_below(12)) {
	case 0:
	case 1:
	case 2:
		model_alloc(m);
		break;
	case 3:
	case 4:
	case 5:
		model_free(m);
		break;
	case 6:
	case 7:
		model_write(m);
		break;
	case 8:
	case 9:
		model_read(m);
		break;
	case 10:
		model_ref(m);
		break;
	default:
		model_device(m);
	}
	vm_swap_check(m->sx->sys);
}

static void
model_verify(struct model *m)
{
	unsigned used = 0;

	for (unsigned s = 0; s < MODEL_SLOTS; s++)
		used += m->slots[s].refs != 0;
	verify(vm_swap_in_use(m->sx->sys) == used);
}

/* Is what is written to slots what is read, whatever else happens; are slots
 * taken once; is nothing left? */
static void
test_random(void **state VM_UNUSED)
{
	for (uint64_t seed = 1; seed <= test_seeds(40); seed++) {
		struct model m = { .sx = sx_create() };
		const char *left;

		random_start(seed);
		for (unsigned op = 0; op < 400; op++) {
			model_step(&m);
			model_verify(&m);
		}
		for (vm_slot_t s = 1; s < MODEL_SLOTS; s++) {
			for (; m.slots[s].refs > 0; m.slots[s].refs--)
				vm_swap_free(m.sx->sys, s, 1);
		}
		left = sx_destroy(m.sx);
		if (left != NULL)
			fail_msg("seed %llu: %s", (unsigned long long)seed,
			    left);
	}
}

#define SX_TEST(f) cmocka_unit_test_setup_teardown(f, sx_setup, sx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SX_TEST(test_sizes),
		SX_TEST(test_impossible_sizes),
		SX_TEST(test_no_memory),
		SX_TEST(test_drum),
		SX_TEST(test_follows),
		SX_TEST(test_priority),
		SX_TEST(test_turns),
		SX_TEST(test_fragments),
		SX_TEST(test_cursor),
		SX_TEST(test_references),
		SX_TEST(test_bad),
		SX_TEST(test_retire),
		SX_TEST(test_remove),
		SX_TEST(test_misuse),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
