/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_cow_test.c - copy-on-write seen from outside: how many
 * pages are copied when, and which mappings let write.
 *
 *	p: parent, c: child; pages of the same letter are one page
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/vm_page.h"

#define STAT(fx, name) ((int)(fx)->sys->stats.name)

/* Does a fork copy no page, and let nobody write to those there are?
 *
 *	p  [ A B C . ]  ->  p [ A B C . ]  c [ A B C . ]
 */
static void
test_fork_lazy(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(store(fx, i, 'a' + (int)i), VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(pages_used(fx), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_false(may_write(fx->vs, i));
		assert_int_equal(load_in(fx, c, i), 'a' + (int)i);
		assert_false(may_write(c, i));
	}
	assert_int_equal(pages_used(fx), 3);
	vmspace_unref(c);
}

/* 1B: does the first write after a fork copy one page, for the writer? */
static void
test_copy_anon(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(store(fx, 1, 'b'), VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(store_in(fx, c, 0, 'c'), VM_OK);
	assert_int_equal(STAT(fx, flt_acow), 1);
	assert_int_equal(pages_used(fx), 3);
	assert_int_equal(load(fx, 0), 'a');
	assert_int_equal(load_in(fx, c, 1), 'b');
	vmspace_unref(c);
	assert_int_equal(pages_used(fx), 2);
}

/* Is the last one who has a page allowed to write to it without a copy? */
static void
test_sole_owner(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	c = fork_space(fx->vs);
	vmspace_unref(c);
	assert_int_equal(store(fx, 0, 'b'), VM_OK);
	if (fx_is(&vm_design_mach)) {
		assert_int_equal(STAT(fx, pages_copied), 1);
		return;
	}
	assert_int_equal(STAT(fx, pages_copied), 0);
	assert_int_equal(STAT(fx, amap_takes) + STAT(fx, shadow_takes), 1);
}

/* 2A, 2B: does a private mapping of a file read the file's pages, and copy one
 * when it is written, and nothing before? */
static void
test_private_file(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(load(fx, 1), 'B');
	assert_false(may_write(fx->vs, 1));
	assert_int_equal(STAT(fx, flt_obj), 1);
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	assert_int_equal(STAT(fx, flt_prcopy), 1);
	assert_int_equal(STAT(fx, pages_copied), 1);
	assert_true(may_write(fx->vs, 1));
	assert_int_equal(load(fx, 2), 'C');
	assert_false(may_write(fx->vs, 2));
	assert_int_equal(fx->files[0].bytes[FX_PAGE], 'B');
}

/* Do two private mappings of a file share its pages until they write? */
static void
test_private_file_twice(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 2, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(map_file(fx, 4, 2, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(load(fx, 0), 'A');
	assert_int_equal(load(fx, 4), 'A');
	assert_ptr_equal(mapping_of(fx->vs, 0).page,
	    mapping_of(fx->vs, 4).page);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(load(fx, 4), 'A');
}

/* What a copy is made of is nowhere to be written, and who waits for the copy
 * has the old page no longer: any thread could go on reading it. */
static struct {
	struct pmap_ops ops;
	const struct pmap_ops *real;
	struct pmap *pmap;
	unsigned copies;
} hook;

static void
copy_hook(struct vm_machine *m, struct vm_page *from, struct vm_page *to)
{
	struct pmap_mapping at;

	for (size_t i = 0; i < 4; i++) {
		if (pmap_extract(hook.pmap, fx_va(i), &at))
			assert_ptr_not_equal(at.page, from);
	}
	assert_int_equal(soft_pending(m), 0);
	hook.copies++;
	hook.real->copy_page(m, from, to);
}

/* Does the old page leave the pmap, for all processors, before it is copied?
 *
 *	0 1	anon, shared with a child	2 3	private file
 */
static void
test_copy_order(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	hook.real = fx->machine->ops;
	hook.ops = *hook.real;
	hook.ops.copy_page = copy_hook;
	hook.pmap = fx->vs->map.pmap;
	hook.copies = 0;
	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(map_file(fx, 2, 2, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(vmspace_fork(fx->vs, &c), VM_OK);
	assert_int_equal(load(fx, 0), 'a');
	assert_int_equal(load(fx, 2), 'A');
	assert_non_null(mapping_of(fx->vs, 0).page);
	assert_non_null(mapping_of(fx->vs, 2).page);
	fx->machine->ops = &hook.ops;
	assert_int_equal(store(fx, 0, 'b'), VM_OK);
	assert_int_equal(store(fx, 2, 'c'), VM_OK);
	fx->machine->ops = hook.real;
	assert_int_equal(hook.copies, 2);
	vmspace_unref(c);
}

/* Do three generations each keep what they had?
 *
 *	p [ a ]  ->  c [ a ] writes b  ->  g [ b ] writes c
 */
static void
test_generations(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c, *g;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(store_in(fx, c, 0, 'b'), VM_OK);
	g = fork_space(c);
	assert_int_equal(store_in(fx, g, 0, 'c'), VM_OK);
	assert_int_equal(load(fx, 0), 'a');
	assert_int_equal(load_in(fx, c, 0), 'b');
	assert_int_equal(load_in(fx, g, 0), 'c');
	vmspace_unref(c);
	assert_int_equal(load_in(fx, g, 0), 'c');
	assert_pages_used(fx, 2);
	vmspace_unref(g);
}

/* Do partners of shared private memory see each other, pages that were there
 * at the fork, pages made later, and pages that had to be copied first? */
static void
test_share(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *before, *c;

	assert_int_equal(map_anon(fx, 0, 3), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(store(fx, 2, 'c'), VM_OK);
	before = fork_space(fx->vs);
	assert_int_equal(vm_minherit(fx->vs, fx_va(0), 3 * FX_PAGE,
			     VM_INHERIT_SHARE),
	    VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(load_in(fx, c, 2), 'c');
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(load_in(fx, c, 0), 'x');
	assert_int_equal(store_in(fx, c, 1, 'y'), VM_OK);
	assert_int_equal(load(fx, 1), 'y');
	assert_int_equal(store_in(fx, c, 2, 'z'), VM_OK);
	assert_int_equal(load(fx, 2), 'z');
	assert_int_equal(load_in(fx, before, 0), 'a');
	assert_int_equal(load_in(fx, before, 2), 'c');
	vmspace_unref(before);
	vmspace_unref(c);
}

/* Does a copy of memory that two share stay as it was, whoever writes? */
static void
test_copy_of_shared(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *partner, *copy;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(vm_minherit(fx->vs, fx_va(0), FX_PAGE,
			     VM_INHERIT_SHARE),
	    VM_OK);
	partner = fork_space(fx->vs);
	assert_int_equal(vm_minherit(fx->vs, fx_va(0), FX_PAGE,
			     VM_INHERIT_COPY),
	    VM_OK);
	copy = fork_space(fx->vs);
	assert_int_equal(store_in(fx, partner, 0, 'b'), VM_OK);
	assert_int_equal(load(fx, 0), 'b');
	assert_int_equal(load_in(fx, copy, 0), 'a');
	vmspace_unref(partner);
	vmspace_unref(copy);
}

/* Is a part of a forked mapping freed when both have unmapped it, no sooner?
 *
 *	p [ a b c d ]	unmaps b c
 *	c [ a b c d ]	unmaps c d
 */
static void
test_partial_unmap(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store(fx, i, 'a' + (int)i), VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(unmap(fx, 1, 2), VM_OK);
	assert_int_equal(pages_used(fx), 4);
	assert_int_equal(vm_munmap(c, fx_va(2), 2 * FX_PAGE), VM_OK);
	assert_pages_used(fx, 3);
	assert_int_equal(load_in(fx, c, 1), 'b');
	assert_int_equal(load(fx, 3), 'd');
	vmspace_unref(c);
	assert_pages_used(fx, 2);
}

/* Is a wired page copied at the fork, so that its owner keeps it writable? */
static void
test_fork_wired(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg;
	struct vmspace *c;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), FX_PAGE), VM_OK);
	pg = mapping_of(fx->vs, 0).page;
	c = fork_space(fx->vs);
	assert_true(may_write(fx->vs, 0));
	assert_ptr_equal(mapping_of(fx->vs, 0).page, pg);
	assert_int_equal(load_in(fx, c, 0), 'a');
	assert_false(mapping_of(c, 0).wired);
	assert_int_equal(store(fx, 0, 'b'), VM_OK);
	assert_int_equal(load_in(fx, c, 0), 'a');
	vmspace_unref(c);
}

/* Does a read-only mapping that is wired after a fork keep its pages when it
 * settles?
 *
 *	p [ a . ] read-only; c wires both: the second page makes it settle
 */
static void
test_settle_wired(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(protect(fx, 0, 2, VM_PROT_READ), VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(vm_mlock(c, fx_va(0), 2 * FX_PAGE), VM_OK);
	vm_check(fx->sys);
	assert_int_equal(vm_mprotect(c, fx_va(0), 2 * FX_PAGE, VM_PROT_RW),
	    VM_OK);
	assert_int_equal(store_in(fx, c, 0, 'b'), VM_OK);
	assert_int_equal(load(fx, 0), 'a');
	vm_check(fx->sys);
	vmspace_unref(c);
}

/* May a fork copy one part of an amap and share another?
 *
 *	p [ copy | share | copy ]
 */
static void
test_share_part(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	assert_int_equal(map_anon(fx, 0, 3), VM_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(store(fx, i, 'a'), VM_OK);
	assert_int_equal(vm_minherit(fx->vs, fx_va(1), FX_PAGE,
			     VM_INHERIT_SHARE),
	    VM_OK);
	c = fork_space(fx->vs);
	vm_check(fx->sys);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(store(fx, i, 'b'), VM_OK);
	assert_int_equal(load_in(fx, c, 0), 'a');
	assert_int_equal(load_in(fx, c, 1), 'b');
	assert_int_equal(load_in(fx, c, 2), 'a');
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 3 * FX_PAGE,
			     VM_MADV_DISCARD),
	    VM_OK);
	assert_int_equal(load(fx, 0), 0);
	assert_int_equal(load(fx, 1), 'b');
	assert_int_equal(load(fx, 2), 0);
	vmspace_unref(c);
}

/* Does a large mapping that is touched here and there settle in chunks? */
static void
test_chunk(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 1024), VM_OK);
	assert_int_equal(entries(fx->vs), 1);
	assert_int_equal(store(fx, 500, 'a'), VM_OK);
	assert_int_equal(entries(fx->vs), 3);
	assert_int_equal(store(fx, 501, 'b'), VM_OK);
	assert_int_equal(entries(fx->vs), 3);
	assert_int_equal(load(fx, 500), 'a');
	assert_int_equal(load(fx, 1023), 0);
}

/* Does a mapping that follows another grow its amap instead of one more? */
static void
test_join_extends(void **state)
{
	struct fixture *fx = *state;

	for (size_t i = 0; i < 16; i++) {
		assert_int_equal(map_anon(fx, i, 1), VM_OK);
		assert_int_equal(store(fx, i, 'a' + (int)i), VM_OK);
	}
	for (size_t i = 40; i > 20; i--) {
		assert_int_equal(map_anon(fx, i, 1), VM_OK);
		assert_int_equal(store(fx, i, 'a' + (int)i), VM_OK);
	}
	assert_int_equal(entries(fx->vs), 2);
	assert_int_equal(STAT(fx, amap_extends), 15 + 19);
	for (size_t i = 21; i < 41; i++)
		assert_int_equal(load(fx, i), 'a' + (int)i);
}

/* ------------------------------------------------------------ large ranges */

static int
map_large(struct fixture *fx, vaddr_t va, vsize_t len)
{
	struct vm_mmap_args a = {
		.addr = va,
		.len = len,
		.prot = VM_PROT_RW,
		.flags = VM_MMAP_PRIVATE | VM_MMAP_FIXED,
	};

	return vm_mmap(fx->vs, &a, &va);
}

static int
write_byte(struct vmspace *vs, vaddr_t va, char byte)
{
	size_t done;

	return vmspace_write(vs, va, &byte, 1, &done);
}

static char
read_byte(struct vmspace *vs, vaddr_t va)
{
	char byte = 0;
	size_t done;

	assert_int_equal(vmspace_read(vs, va, &byte, 1, &done), VM_OK);
	return byte;
}

/* Can private memory that is larger than an amap be shared, with a child and
 * by a second mapping? */
static void
test_share_large(void **state)
{
	const struct soft_config config = { .npages = FX_FRAMES };
	const vsize_t len = (vsize_t)17 << 30;
	const vaddr_t va = (vaddr_t)1 << 40, last = va + len - FX_PAGE;
	struct vm_mremap_args again = {
		.old_addr = va,
		.old_len = len,
		.new_len = len,
		.flags = VM_MREMAP_DUPLICATE | VM_MREMAP_MAYMOVE,
	};
	struct fixture *fx = fixture_create(&config);
	struct vmspace *c;
	vaddr_t twin;

	(void)state;
	assert_non_null(fx);
	assert_int_equal(map_large(fx, va, len), VM_OK);
	assert_int_equal(vm_minherit(fx->vs, va, len, VM_INHERIT_SHARE), VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(write_byte(c, last, 'c'), VM_OK);
	assert_int_equal(write_byte(fx->vs, va, 'p'), VM_OK);
	assert_int_equal(read_byte(fx->vs, last), 'c');
	assert_int_equal(read_byte(c, va), 'p');
	vmspace_unref(c);
	vmspace_reset(fx->vs);

	assert_int_equal(map_large(fx, va, len), VM_OK);
	assert_int_equal(vm_mremap(fx->vs, &again, &twin), VM_OK);
	assert_int_equal(write_byte(fx->vs, twin + len - 1, 't'), VM_OK);
	assert_int_equal(read_byte(fx->vs, va + len - 1), 't');
	vm_check(fx->sys);
	assert_null(fixture_destroy(fx));
}

static void
count_page(const struct vm_cow_page *at, void *arg)
{
	unsigned *n = arg;

	*n = *n * 10 + (at->upper ? 1 : 2);
}

/* Does a walk cost what is there, in the order of pages, and not what could
 * be there? */
static void
test_walk_large(void **state)
{
	const struct soft_config config = { .npages = FX_FRAMES };
	const vsize_t len = (vsize_t)1 << 46;
	const vaddr_t va = (vaddr_t)1 << 40;
	struct fixture *fx = fixture_create(&config);
	const struct vm_cow_ops *cow = fx_design->cow;
	struct vm_map_entry *e;
	unsigned n = 0;

	(void)state;
	assert_non_null(fx);
	assert_int_equal(map_large(fx, va, len), VM_OK);
	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 8 * FX_PAGE,
			     VM_MADV_RANDOM),
	    VM_OK);
	assert_int_equal(load(fx, 1), 'B');
	assert_int_equal(store(fx, 3, 'x'), VM_OK);
	assert_int_equal(load(fx, 6), 'G');
	vm_map_lock_read(fx_map(fx));
	LIST_FOREACH(struct vm_map_entry, each, &fx_map(fx)->index.entries,
	    link) {
		cow->lock(each);
		cow->walk(each, 0, vm_entry_npages(each), count_page, &n);
		cow->unlock(each);
	}
	assert_int_equal(n, 212);
	e = vm_map_lookup(fx_map(fx), fx_va(0));
	cow->lock(e);
	n = 0;
	cow->walk(e, 2, 4, count_page, &n);
	cow->unlock(e);
	assert_int_equal(n, 1);
	vm_map_unlock_read(fx_map(fx));
	assert_null(fixture_destroy(fx));
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_fork_lazy),
		FX_TEST(test_copy_anon),
		FX_TEST(test_sole_owner),
		FX_TEST(test_private_file),
		FX_TEST(test_private_file_twice),
		FX_TEST(test_copy_order),
		FX_TEST(test_generations),
		FX_TEST(test_share),
		FX_TEST(test_copy_of_shared),
		FX_TEST(test_partial_unmap),
		FX_TEST(test_fork_wired),
		FX_TEST(test_settle_wired),
		FX_TEST(test_share_part),
		FX_TEST_IN(netbsd, test_chunk),
		FX_TEST_IN(netbsd, test_join_extends),
		FX_BARE(test_share_large),
		FX_BARE(test_walk_large),
	};

	return FX_RUN("cow", tests);
}
