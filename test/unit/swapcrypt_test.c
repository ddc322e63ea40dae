/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapcrypt_test.c - does a page that was encrypted come back, in place too,
 * and by several threads (pthread_create)?  Does the ciphertext differ by
 * slot, by key, and from the plain text everywhere?  Is it AES-XTS?
 */
#include "env/swapcrypt.h"
#include "test/unit/swap_rig.h"

#include <stdio.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 300 };

static struct swap_env rig;
static struct vm_swap_cipher cipher;

static int
set_up(void **state)
{
	struct swapdev_why why;

	(void)state;
	swap_env_init(&rig);
	cipher.ctx = NULL;
	if (!swapcrypt_is_built())
		return 0;
	if (swapcrypt_create(&rig.env, &cipher, &why))
		return 0;
	printf("%s\n", why.text);
	return 1;
}

static int
tear_down(void **state)
{
	(void)state;
	if (cipher.ctx != NULL)
		swapcrypt_destroy(&cipher);
	return atomic_load(&rig.faulty.blocks) != 0;
}

static void
need_cipher(void)
{
	if (swapcrypt_is_built())
		return;
	printf("skip: built without encryption\n");
	skip();
}

static void
make_key(uint8_t *key)
{
	assert_int_equal(cipher.make_key(cipher.ctx, key), VM_OK);
}

static void
fill(uint8_t *page, unsigned seed)
{
	for (unsigned i = 0; i < VM_PAGE_SIZE; i++)
		page[i] = (uint8_t)(seed + i / 64);
}

static void
crypt_page(const uint8_t *key, vm_slot_t slot, bool encrypt, const void *in,
    void *out)
{
	if (encrypt)
		cipher.encrypt(cipher.ctx, key, slot, in, out);
	else
		cipher.decrypt(cipher.ctx, key, slot, in, out);
}

/* Does it come back, out of place and in place? */
static void
test_round_trip(void **state)
{
	static const vm_slot_t slots[] = { 1, 2, 127, 128, 65536, UINT32_MAX };
	uint8_t key[VM_SWAP_KEY], plain[VM_PAGE_SIZE], out[VM_PAGE_SIZE],
	    back[VM_PAGE_SIZE];

	(void)state;
	need_cipher();
	make_key(key);
	for (unsigned i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		fill(plain, i);
		crypt_page(key, slots[i], true, plain, out);
		crypt_page(key, slots[i], false, out, back);
		assert_memory_equal(plain, back, VM_PAGE_SIZE);
		memcpy(back, plain, VM_PAGE_SIZE);
		crypt_page(key, slots[i], true, back, back);
		assert_memory_equal(back, out, VM_PAGE_SIZE);
		crypt_page(key, slots[i], false, back, back);
		assert_memory_equal(plain, back, VM_PAGE_SIZE);
	}
}

/* Blocks of the cipher that are the same at the same place. */
static unsigned
same_blocks(const uint8_t *a, const uint8_t *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < VM_PAGE_SIZE; i += 16)
		n += memcmp(a + i, b + i, 16) == 0;
	return n;
}

/* Does it differ everywhere: by slot, by key, inside a page of zeroes? */
static void
test_differs(void **state)
{
	static const uint8_t plain[VM_PAGE_SIZE];
	uint8_t key[VM_SWAP_KEY], other[VM_SWAP_KEY];
	uint8_t a[VM_PAGE_SIZE], b[VM_PAGE_SIZE];

	(void)state;
	need_cipher();
	make_key(key);
	make_key(other);
	assert_memory_not_equal(key, other, VM_SWAP_KEY);
	crypt_page(key, 5, true, plain, a);
	assert_int_equal(same_blocks(a, plain), 0);
	crypt_page(key, 6, true, plain, b);
	assert_int_equal(same_blocks(a, b), 0);
	crypt_page(other, 5, true, plain, b);
	assert_int_equal(same_blocks(a, b), 0);
	for (unsigned i = 16; i < VM_PAGE_SIZE; i += 16)
		assert_memory_not_equal(a, a + i, 16);
	crypt_page(key, 6, false, a, b);
	assert_int_equal(same_blocks(b, plain), 0);
}

/*
 * A byte that changes: does it change its block of 16 alone?  That is what
 * tells XTS from stream ciphers (the byte alone) and chains (all after it).
 */
static void
test_is_xts(void **state)
{
	uint8_t key[VM_SWAP_KEY], plain[VM_PAGE_SIZE];
	uint8_t a[VM_PAGE_SIZE], b[VM_PAGE_SIZE];

	(void)state;
	need_cipher();
	make_key(key);
	fill(plain, 1);
	crypt_page(key, 9, true, plain, a);
	plain[100] ^= 1;
	crypt_page(key, 9, true, plain, b);
	assert_int_equal(same_blocks(a, b), VM_PAGE_SIZE / 16 - 1);
	for (unsigned i = 96; i < 112; i += 4)
		assert_memory_not_equal(a + i, b + i, 4);
}

/* Is what was wiped zero, and the next page right? */
static void
test_wipe(void **state)
{
	static const uint8_t zero[VM_PAGE_SIZE];
	uint8_t key[VM_SWAP_KEY], copy[VM_SWAP_KEY];
	uint8_t a[VM_PAGE_SIZE], b[VM_PAGE_SIZE];

	(void)state;
	need_cipher();
	make_key(key);
	memcpy(copy, key, sizeof(copy));
	fill(a, 3);
	crypt_page(key, 7, true, a, a);
	cipher.wipe(cipher.ctx, key, sizeof(key));
	assert_memory_equal(key, zero, sizeof(key));
	crypt_page(copy, 7, false, a, a);
	fill(b, 3);
	assert_memory_equal(a, b, VM_PAGE_SIZE);
	cipher.wipe(cipher.ctx, a, sizeof(a));
	assert_memory_equal(a, zero, sizeof(a));
}

struct hand {
	pthread_t thread;
	unsigned number, wrong;
};

static void *
run_hand(void *arg)
{
	struct hand *h = arg;
	uint8_t key[VM_SWAP_KEY], plain[VM_PAGE_SIZE], page[VM_PAGE_SIZE];

	for (unsigned i = 0; i < ROUNDS; i++) {
		h->wrong += cipher.make_key(cipher.ctx, key) != VM_OK;
		fill(plain, h->number + i);
		crypt_page(key, i, true, plain, page);
		crypt_page(key, i, false, page, page);
		h->wrong += memcmp(page, plain, VM_PAGE_SIZE) != 0;
		if (i % 50 == 0)
			cipher.wipe(cipher.ctx, key, sizeof(key));
	}
	return NULL;
}

/* Several threads at once, each with keys of its own? */
static void
test_threads(void **state)
{
	struct hand hands[THREADS] = { 0 };

	(void)state;
	need_cipher();
	for (unsigned i = 0; i < THREADS; i++) {
		hands[i].number = i;
		assert_int_equal(pthread_create(&hands[i].thread, NULL,
				     run_hand, &hands[i]),
		    0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		(void)pthread_join(hands[i].thread, NULL);
		assert_int_equal(hands[i].wrong, 0);
	}
}

/* No memory: refused, and nothing is left? */
static void
test_no_memory(void **state)
{
	struct vm_swap_cipher other;
	struct swapdev_why why;

	(void)state;
	need_cipher();
	faulty_fail(&rig.faulty, 1, FAULTY_ONCE);
	assert_false(swapcrypt_create(&rig.env, &other, &why));
	faulty_fail(&rig.faulty, 0, FAULTY_ONCE);
	assert_string_equal(why.text, "out of memory");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_differs),
		TEST(test_is_xts),
		TEST(test_wipe),
		TEST(test_threads),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
