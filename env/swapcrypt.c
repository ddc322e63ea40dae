/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapcrypt.c - see swapcrypt.h.
 *
 * A page goes out when memory is short, so nothing may be allocated then: the
 * contexts of libcrypto are made at the start, some for each direction, each
 * with a lock.  A context remembers what it made of the last key.  So when a
 * key is wiped, all contexts are given another one.
 */
#include "env/swapcrypt.h"

#ifdef HAVE_LIBCRYPTO

#include "env/library.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sched.h>
#include <string.h>
#include <sys/random.h>

#define NCONTEXTS 8 /* of each direction */

struct calls {
	__typeof__(EVP_CIPHER_fetch) *fetch;
	__typeof__(EVP_CIPHER_free) *free_cipher;
	__typeof__(EVP_CIPHER_CTX_new) *new;
	__typeof__(EVP_CIPHER_CTX_free) *free;
	__typeof__(EVP_CipherInit_ex2) *init;
	__typeof__(EVP_CipherUpdate) *update;
	__typeof__(OPENSSL_cleanse) *cleanse;
};

static const char *const names[] = {
	"EVP_CIPHER_fetch",
	"EVP_CIPHER_free",
	"EVP_CIPHER_CTX_new",
	"EVP_CIPHER_CTX_free",
	"EVP_CipherInit_ex2",
	"EVP_CipherUpdate",
	"OPENSSL_cleanse",
};
enum { NCALLS = sizeof(names) / sizeof(names[0]) };
_Static_assert(sizeof(struct calls) == NCALLS * sizeof(void *),
    "library_open fills an array");

struct context {
	pthread_mutex_t lock;
	EVP_CIPHER_CTX *ctx;
};

struct swapcrypt {
	struct calls call;
	const struct vm_env *env;
	EVP_CIPHER *cipher;
	struct context contexts[2][NCONTEXTS]; /* to decrypt, to encrypt */
};

enum { IV = 16 };

static struct context *
context_of(struct swapcrypt *sc, unsigned i)
{
	return &sc->contexts[i / NCONTEXTS][i % NCONTEXTS];
}

/* What no page is ever encrypted with.  XTS wants two halves that differ. */
static const uint8_t no_key[VM_SWAP_KEY] = { 1 };

static int
make_key(void *arg, uint8_t key[VM_SWAP_KEY])
{
	(void)arg;
	return getrandom(key, VM_SWAP_KEY, 0) == VM_SWAP_KEY ? VM_OK : VM_EIO;
}

/* One that nobody uses, that of our processor first.  => locked */
static struct context *
take(struct swapcrypt *sc, bool encrypt)
{
	struct context *set = sc->contexts[encrypt];
	int cpu = sched_getcpu();
	unsigned first = cpu < 0 ? 0 : (unsigned)cpu;

	for (unsigned i = 0; i < NCONTEXTS; i++)
		if (pthread_mutex_trylock(&set[(first + i) % NCONTEXTS].lock) ==
		    0)
			return &set[(first + i) % NCONTEXTS];
	set += first % NCONTEXTS;
	(void)pthread_mutex_lock(&set->lock);
	return set;
}

/* With a cipher that is loaded and memory that is there, nothing can fail. */
static struct context *
begin(struct swapcrypt *sc, bool encrypt, const uint8_t key[VM_SWAP_KEY],
    vm_slot_t slot)
{
	struct context *c = take(sc, encrypt);
	uint8_t iv[IV] = { 0 };

	memcpy(iv, &slot, sizeof(slot));
	VM_VERIFY(sc->call.init(c->ctx, NULL, key, iv, -1, NULL) == 1);
	return c;
}

static void
end(struct swapcrypt *sc, struct context *c, const void *in, void *out)
{
	int len = 0;

	VM_VERIFY(
	    sc->call.update(c->ctx, out, &len, in, (int)VM_PAGE_SIZE) == 1);
	VM_VERIFY(len == (int)VM_PAGE_SIZE);
	(void)pthread_mutex_unlock(&c->lock);
}

static void
encrypt_page(void *sc, const uint8_t key[VM_SWAP_KEY], vm_slot_t slot,
    const void *in, void *out)
{
	end(sc, begin(sc, true, key, slot), in, out);
}

static void
decrypt_page(void *sc, const uint8_t key[VM_SWAP_KEY], vm_slot_t slot,
    const void *in, void *out)
{
	end(sc, begin(sc, false, key, slot), in, out);
}

static void
forget(struct swapcrypt *sc, struct context *c)
{
	static const uint8_t iv[IV];

	(void)pthread_mutex_lock(&c->lock);
	VM_VERIFY(sc->call.init(c->ctx, NULL, no_key, iv, -1, NULL) == 1);
	(void)pthread_mutex_unlock(&c->lock);
}

/* What has the size of a key is one. */
static void
wipe(void *arg, void *p, size_t size)
{
	struct swapcrypt *sc = arg;

	sc->call.cleanse(p, size);
	for (unsigned i = 0; size == VM_SWAP_KEY && i < 2 * NCONTEXTS; i++)
		forget(sc, context_of(sc, i));
}

/* ------------------------------------------------------------- beginning */

static bool
make_context(struct swapcrypt *sc, struct context *c, bool encrypt)
{
	static const uint8_t iv[IV];

	c->ctx = sc->call.new();
	return c->ctx != NULL &&
	    sc->call.init(c->ctx, sc->cipher, no_key, iv, encrypt, NULL) == 1;
}

static bool
make_contexts(struct swapcrypt *sc)
{
	sc->cipher = sc->call.fetch(NULL, "AES-128-XTS", NULL);
	if (sc->cipher == NULL)
		return false;
	for (unsigned i = 0; i < 2 * NCONTEXTS; i++)
		if (!make_context(sc, context_of(sc, i), i >= NCONTEXTS))
			return false;
	return true;
}

static void
destroy(struct swapcrypt *sc)
{
	for (unsigned i = 0; i < 2 * NCONTEXTS; i++) {
		if (context_of(sc, i)->ctx != NULL)
			sc->call.free(context_of(sc, i)->ctx);
		(void)pthread_mutex_destroy(&context_of(sc, i)->lock);
	}
	if (sc->cipher != NULL)
		sc->call.free_cipher(sc->cipher);
	sc->env->free(sc->env->ctx, sc, sizeof(*sc));
}

bool
swapcrypt_create(const struct vm_env *env, struct vm_swap_cipher *cipher,
    struct swapdev_why *why)
{
	struct swapcrypt *sc = env->alloc(env->ctx, sizeof(*sc));
	const char *lack;

	if (sc == NULL)
		return swapdev_refuse(why, "out of memory");
	memset(sc, 0, sizeof(*sc));
	sc->env = env;
	for (unsigned i = 0; i < 2 * NCONTEXTS; i++)
		(void)pthread_mutex_init(&context_of(sc, i)->lock, NULL);
	lack = library_open("libcrypto.so.3", names, NCALLS, &sc->call);
	if (lack == NULL && !make_contexts(sc))
		lack = "libcrypto has no AES-128-XTS";
	if (lack != NULL) {
		(void)swapdev_refuse(why, "no encryption: %s", lack);
		destroy(sc);
		return false;
	}
	*cipher = (struct vm_swap_cipher){ .ctx = sc,
		.make_key = make_key,
		.encrypt = encrypt_page,
		.decrypt = decrypt_page,
		.wipe = wipe };
	return true;
}

void
swapcrypt_destroy(struct vm_swap_cipher *cipher)
{
	destroy(cipher->ctx);
}

bool
swapcrypt_is_built(void)
{
	return true;
}

#else

bool
swapcrypt_create(const struct vm_env *env, struct vm_swap_cipher *cipher,
    struct swapdev_why *why)
{
	(void)env;
	(void)cipher;
	return swapdev_refuse(why, "this bsdvm is built without encryption");
}

void
swapcrypt_destroy(struct vm_swap_cipher *cipher)
{
	(void)cipher;
}

bool
swapcrypt_is_built(void)
{
	return false;
}

#endif
