/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_amap_test.c - amaps by themselves: slots, references to parts, growth,
 * clones.
 *
 *	slot	0 1 2 3 4 5 6 7
 *	anon	. a . . b . . .
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/cow/amap.h"
#include "vm/vm_page.h"

/* How the design's amaps keep their slots. */
static const struct vm_slots_ops *
slots(void)
{
	return fx_is(&vm_design_openbsd) ? &vm_slots_chunks : &vm_slots_array;
}

/* An amap with an anon in each slot; the anons' pages say which. */
static struct vm_aref
full_amap(struct fixture *fx, uint32_t nslots)
{
	struct vm_aref ref = { vm_amap_create(fx->sys, slots(), nslots), 0 };

	assert_non_null(ref.amap);
	vm_amap_lock(ref.amap);
	for (uint32_t i = 0; i < nslots; i++) {
		struct vm_anon *an = vm_anon_create(fx->sys, ref.amap->family,
		    NULL, 0);

		assert_non_null(an);
		memset(pmap_page_data(fx->machine, an->page), 'a' + (int)i,
		    FX_PAGE);
		assert_true(vm_amap_reserve(fx->sys, &ref, i));
		vm_amap_add(&ref, i, an);
	}
	vm_amap_unlock(ref.amap);
	return ref;
}

/* Which letter is in page n of a reference; 0 for none. */
static int
letter(struct fixture *fx, const struct vm_aref *ref, vm_pindex_t n)
{
	struct vm_anon *an;
	int byte = 0;

	vm_amap_lock(ref->amap);
	an = vm_amap_lookup(ref, n);
	if (an != NULL)
		byte = *(uint8_t *)pmap_page_data(fx->machine, an->page);
	vm_amap_check(ref->amap);
	vm_amap_unlock(ref->amap);
	return byte;
}

/* Do slots come and go in any order? */
static void
test_slots(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref ref = full_amap(fx, 8);
	struct vm_anon *an, *old;

	vm_amap_lock(ref.amap);
	an = vm_amap_take(fx->sys, &ref, 3);
	assert_null(vm_amap_lookup(&ref, 3));
	old = vm_amap_replace(&ref, 0, an);
	assert_ptr_equal(vm_amap_lookup(&ref, 0), an);
	vm_amap_add(&ref, 3, old);
	vm_amap_unlock(ref.amap);
	assert_int_equal(letter(fx, &ref, 0), 'd');
	assert_int_equal(letter(fx, &ref, 3), 'a');
	vm_amap_unref(fx->sys, &ref, 8);
	assert_null(ref.amap);
	assert_int_equal(pages_used(fx), 0);
}

/* Does the last reference free the anons, and not the one before? */
static void
test_ref(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref a = full_amap(fx, 4), b = a;

	vm_amap_lock(a.amap);
	vm_amap_ref(fx->sys, &b, 4);
	vm_amap_unlock(a.amap);
	vm_amap_unref(fx->sys, &a, 4);
	assert_int_equal(letter(fx, &b, 2), 'c');
	vm_amap_unref(fx->sys, &b, 4);
}

/* Does a part that loses its only reference lose its pages at once?
 *
 *	[ a b c d e f ]  ->  [ a b ] [ c d ] [ e f ], and the middle goes
 */
static void
test_cut(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref lo = full_amap(fx, 6), mid, hi;

	mid = vm_amap_cut(fx->sys, &lo, 6, 2);
	hi = vm_amap_cut(fx->sys, &mid, 4, 2);
	assert_int_equal(letter(fx, &hi, 0), 'e');
	vm_amap_unref(fx->sys, &mid, 2);
	assert_int_equal(pages_used(fx), 4);
	assert_int_equal(letter(fx, &lo, 1), 'b');
	assert_int_equal(letter(fx, &lo, 2), 0);
	assert_int_equal(letter(fx, &hi, 1), 'f');
	vm_amap_unref(fx->sys, &lo, 2);
	assert_int_equal(pages_used(fx), 2);
	vm_amap_unref(fx->sys, &hi, 2);
}

/* Do pages stay that another reference still covers, part by part?
 *
 *	one	[ a b c d e f ]
 *	two	    [ c d e f ]		two is cut out of a second reference
 */
static void
test_parts(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref one = full_amap(fx, 6), lo = one, two;

	vm_amap_lock(one.amap);
	vm_amap_ref(fx->sys, &lo, 6);
	vm_amap_unlock(one.amap);
	two = vm_amap_cut(fx->sys, &lo, 6, 2);
	vm_amap_unref(fx->sys, &lo, 2);
	assert_int_equal(pages_used(fx), 6);
	vm_amap_unref(fx->sys, &one, 6);
	assert_int_equal(pages_used(fx), 4);
	assert_int_equal(letter(fx, &two, 0), 'c');
	vm_amap_unref(fx->sys, &two, 4);
}

/* Does a part live as long as the amap when there is no memory for counting
 * parts, and not longer? */
static void
test_cut_without_memory(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref lo = full_amap(fx, 4), hi;

	faulty_fail(&fx->env, 1, FAULTY_ONCE);
	hi = vm_amap_cut(fx->sys, &lo, 4, 2);
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	vm_amap_unref(fx->sys, &hi, 2);
	assert_int_equal(letter(fx, &lo, 1), 'b');
	vm_amap_unref(fx->sys, &lo, 2);
	assert_int_equal(pages_used(fx), 0);
}

/* Are two parts one again, as if nothing had been? */
static void
test_uncut(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref lo = full_amap(fx, 4), hi;

	hi = vm_amap_cut(fx->sys, &lo, 4, 1);
	vm_amap_uncut(&lo, &hi);
	assert_null(hi.amap);
	assert_int_equal(lo.amap->refs, 1);
	assert_int_equal(letter(fx, &lo, 3), 'd');
	vm_amap_unref(fx->sys, &lo, 4);
}

/* Does an amap grow behind, with empty slots, again and again? */
static void
test_extend_behind(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref ref = full_amap(fx, 3);
	vm_pindex_t len = 3;

	for (vm_pindex_t more = 1; more < 60; len += more, more *= 2)
		assert_true(vm_amap_extend(fx->sys, &ref, len, more, true));
	for (vm_pindex_t i = 0; i < len; i++)
		assert_int_equal(letter(fx, &ref, i), i < 3 ? 'a' + (int)i : 0);
	vm_amap_unref(fx->sys, &ref, len);
}

/* And before its range? */
static void
test_extend_before(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref ref = full_amap(fx, 3);
	vm_pindex_t len = 3;

	for (vm_pindex_t more = 1; more < 60; len += more, more *= 2)
		assert_true(vm_amap_extend(fx->sys, &ref, len, more, false));
	for (vm_pindex_t i = 0; i < len; i++)
		assert_int_equal(letter(fx, &ref, i),
		    i + 3 < len ? 0 : 'a' + (int)(i + 3 - len));
	vm_amap_unref(fx->sys, &ref, len);
}

/* Does growth stop short of pages that a lost part left in the way?
 *
 *	[ a b ] [ c d ]: the second part goes without being counted, then the
 *	first grows over its slots, which have to be empty
 */
static void
test_extend_over_lost(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref lo = full_amap(fx, 4), hi;

	faulty_fail(&fx->env, 1, FAULTY_ONCE);
	hi = vm_amap_cut(fx->sys, &lo, 4, 2);
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	vm_amap_unref(fx->sys, &hi, 2);
	assert_true(vm_amap_extend(fx->sys, &lo, 2, 2, true));
	assert_int_equal(letter(fx, &lo, 1), 'b');
	assert_int_equal(letter(fx, &lo, 2), 0);
	assert_int_equal(letter(fx, &lo, 3), 0);
	vm_amap_unref(fx->sys, &lo, 4);
}

/* Does a range that slides - grows behind, shrinks in front - need memory for
 * itself only, and keep its pages?
 *
 *	[ a b c ]  ->    [ b c . ]  ->	    [ c . . ]
 */
static void
test_slide(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref ref = full_amap(fx, 3), hi;

	for (unsigned i = 0; i < 5000; i++) {
		assert_true(vm_amap_extend(fx->sys, &ref, 3, 1, true));
		hi = vm_amap_cut(fx->sys, &ref, 4, 1);
		vm_amap_unref(fx->sys, &ref, 1);
		ref = hi;
		assert_int_equal(letter(fx, &ref, 0), i < 2 ? 'b' + (int)i : 0);
		assert_true(ref.amap->room < 100);
	}
	vm_amap_unref(fx->sys, &ref, 3);
}

/* Is what nobody refers to freed, when a range is torn apart upward, downward
 * and here and there? */
static void
test_tear(void **state)
{
	enum { N = 24 };
	static const unsigned steps[] = { 1, 5, 7, 11, N - 1 }; /* prime to N */
	struct fixture *fx = *state;
	struct vm_aref part[N];

	for (unsigned s = 0; s < sizeof(steps) / sizeof(*steps); s++) {
		part[0] = full_amap(fx, N);
		for (unsigned i = 1; i < N; i++)
			part[i] = vm_amap_cut(fx->sys, &part[i - 1], N - i + 1,
			    1);
		for (unsigned i = 0, at = 0; i < N; i++) {
			struct vm_amap *am = part[at].amap;

			vm_amap_unref(fx->sys, &part[at], 1);
			assert_int_equal(pages_used(fx), N - i - 1);
			if (i + 1 != N)
				vm_amap_check(am);
			at = (at + steps[s]) % N;
		}
	}
}

/* May nobody grow an amap that others use? */
static void
test_extend_shared(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref a = full_amap(fx, 2), b = a;

	vm_amap_lock(a.amap);
	vm_amap_ref(fx->sys, &b, 2);
	vm_amap_unlock(a.amap);
	assert_false(vm_amap_extend(fx->sys, &a, 2, 1, true));
	vm_amap_unref(fx->sys, &a, 2);
	assert_true(vm_amap_extend(fx->sys, &b, 2, 1, true));
	vm_amap_unref(fx->sys, &b, 3);
}

/* Does growth without memory leave everything as it was? */
static void
test_extend_without_memory(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref ref = full_amap(fx, 3);

	faulty_fail(&fx->env, 1, FAULTY_ON);
	assert_false(vm_amap_extend(fx->sys, &ref, 3, 200, true));
	assert_false(vm_amap_extend(fx->sys, &ref, 3, 200, false));
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	for (vm_pindex_t i = 0; i < 3; i++)
		assert_int_equal(letter(fx, &ref, i), 'a' + (int)i);
	vm_amap_unref(fx->sys, &ref, 3);
}

/* Does a clone have the same anons, of just its part? */
static void
test_clone(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref lo = full_amap(fx, 6), hi, copy = { NULL, 0 };

	hi = vm_amap_cut(fx->sys, &lo, 6, 2);
	copy.amap = vm_amap_clone(fx->sys, &hi, 4, true);
	assert_int_equal(pages_used(fx), 6);
	vm_amap_unref(fx->sys, &hi, 4);
	assert_int_equal(pages_used(fx), 6);
	assert_int_equal(letter(fx, &copy, 0), 'c');
	assert_int_equal(letter(fx, &copy, 3), 'f');
	vm_amap_unref(fx->sys, &lo, 2);
	vm_amap_unref(fx->sys, &copy, 4);
}

/* Are wired pages copied at once when a child is made? */
static void
test_clone_wired(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref ref = full_amap(fx, 2), copy = { NULL, 0 };
	struct vm_page *pg;

	vm_amap_lock(ref.amap);
	pg = vm_amap_lookup(&ref, 1)->page;
	vm_page_wire(fx->sys, pg);
	vm_amap_unlock(ref.amap);
	copy.amap = vm_amap_clone(fx->sys, &ref, 2, true);
	assert_int_equal(pages_used(fx), 3);
	assert_int_equal(letter(fx, &copy, 1), 'b');
	vm_page_unwire(fx->sys, pg);
	vm_amap_unref(fx->sys, &copy, 2);
	vm_amap_unref(fx->sys, &ref, 2);
}

/* Is a clone that found no page gone without a trace? */
static void
test_clone_without_pages(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref ref = full_amap(fx, 200);
	struct vm_page *wired[200];

	vm_amap_lock(ref.amap);
	for (vm_pindex_t i = 0; i < 200; i++) {
		wired[i] = vm_amap_lookup(&ref, i)->page;
		vm_page_wire(fx->sys, wired[i]);
	}
	vm_amap_unlock(ref.amap);
	assert_null(vm_amap_clone(fx->sys, &ref, 200, true));
	assert_int_equal(pages_used(fx), 200);
	for (vm_pindex_t i = 0; i < 200; i++)
		vm_page_unwire(fx->sys, wired[i]);
	vm_amap_unref(fx->sys, &ref, 200);
}

/* ---- chunks ---- */

static void
put(struct fixture *fx, struct vm_aref *ref, vm_pindex_t n)
{
	struct vm_anon *an;

	vm_amap_lock(ref->amap);
	an = vm_anon_create(fx->sys, ref->amap->family, NULL, VM_PAGE_ZERO);
	assert_non_null(an);
	assert_true(vm_amap_reserve(fx->sys, ref, n));
	vm_amap_add(ref, n, an);
	vm_amap_unlock(ref->amap);
}

/* Does a sparse amap cost what is there: a chunk made when it is first used,
 * which goes with its last slot?
 *
 *	slot	0	16		65536	   1048575
 *	anon	.	a b		c	       d
 */
static void
test_sparse(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref ref = { vm_amap_create(fx->sys, slots(), 1 << 20), 0 };
	size_t bytes = fx->env.bytes;

	assert_true(bytes < (1 << 20));
	put(fx, &ref, 16);
	put(fx, &ref, 17);
	put(fx, &ref, 1 << 16);
	put(fx, &ref, (1 << 20) - 1);
	assert_true(fx->env.bytes - bytes < (1 << 18)); /* slabs of pools */
	vm_amap_lock(ref.amap);
	assert_int_equal(vm_amap_next(&ref, 0, 1 << 20), 16);
	assert_int_equal(vm_amap_next(&ref, 18, 1 << 16), 1 << 16);
	assert_int_equal(vm_amap_next(&ref, 18, 1 << 20), 1 << 16);
	vm_amap_wipe(fx->sys, ref.amap, 17, 1 << 16);
	assert_int_equal(ref.amap->nused, 2);
	assert_non_null(vm_amap_lookup(&ref, 16));
	assert_null(vm_amap_lookup(&ref, 17));
	assert_null(vm_amap_where(ref.amap, 1 << 16));
	vm_amap_check(ref.amap);
	vm_amap_unlock(ref.amap);
	vm_amap_unref(fx->sys, &ref, 1 << 20);
	assert_int_equal(pages_used(fx), 0);
}

/* Is a chunk for which there is no memory refused, and nothing lost? */
static void
test_reserve_without_memory(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref ref = { vm_amap_create(fx->sys, slots(), 100), 0 };

	faulty_fail(&fx->env, 1, FAULTY_ON);
	vm_amap_lock(ref.amap);
	assert_false(vm_amap_reserve(fx->sys, &ref, 50));
	vm_amap_check(ref.amap);
	vm_amap_unlock(ref.amap);
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	vm_amap_unref(fx->sys, &ref, 100);
}

/* Is a clone that found no memory for its chunks gone without a trace? */
static void
test_clone_without_memory(void **state)
{
	struct fixture *fx = *state;
	struct vm_aref ref = full_amap(fx, 200), copy = { NULL, 0 };

	for (unsigned n = 1; copy.amap == NULL; n++) {
		faulty_fail(&fx->env, n, FAULTY_ON);
		copy.amap = vm_amap_clone(fx->sys, &ref, 200, true);
		faulty_fail(&fx->env, 0, FAULTY_ONCE);
		assert_int_equal(pages_used(fx), 200);
	}
	vm_amap_unref(fx->sys, &copy, 200);
	vm_amap_unref(fx->sys, &ref, 200);
}

#define ARRAY(f)  FX_TEST_IN(netbsd, f)
#define CHUNKS(f) FX_TEST_IN(openbsd, f)
#define BOTH(f)   ARRAY(f), CHUNKS(f)

int
main(void)
{
	const struct fx_test tests[] = {
		BOTH(test_slots),
		BOTH(test_ref),
		BOTH(test_cut),
		BOTH(test_parts),
		BOTH(test_cut_without_memory),
		BOTH(test_uncut),
		ARRAY(test_extend_behind),
		ARRAY(test_extend_before),
		ARRAY(test_extend_over_lost),
		ARRAY(test_slide),
		BOTH(test_tear),
		ARRAY(test_extend_shared),
		ARRAY(test_extend_without_memory),
		BOTH(test_clone),
		BOTH(test_clone_wired),
		BOTH(test_clone_without_pages),
		CHUNKS(test_sparse),
		CHUNKS(test_reserve_without_memory),
		BOTH(test_clone_without_memory),
	};

	return FX_RUN("amap", tests);
}
