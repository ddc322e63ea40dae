/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * use.c - a program of a stranger's, in what C and C++ have in common: it maps,
 * pages, forks a space, and uses a pager of its own.
 */
#include <bsdvm/vm.h>
#include <stdio.h>
#include <string.h>

#define LEN ((size_t)2 << 20)

static int
get(void *arg, uint64_t offset, void *const *pages, size_t *npages)
{
	(void)arg;
	for (size_t i = 0; i < *npages; i++)
		memset(pages[i], (int)(offset / BSDVM_PAGE_SIZE + i),
		    BSDVM_PAGE_SIZE);
	return 0;
}

static int
use(struct bsdvm_system *sys, struct bsdvm_space *space)
{
	struct bsdvm_pager pager;
	struct bsdvm_mapping m;
	struct bsdvm_space *child;
	unsigned char *p, *q;
	void *at;

	memset(&pager, 0, sizeof(pager));
	memset(&m, 0, sizeof(m));
	pager.get = get;
	if (bsdvm_map_anon(space, LEN, &at) != 0)
		return 1;
	p = (unsigned char *)at;
	memset(p, 1, LEN);
	if (bsdvm_space_fork(space, &child) != 0)
		return 1;
	q = (unsigned char *)bsdvm_translate(child, p);
	memset(p, 2, LEN);
	if (q[LEN - 1] != 1 || p[LEN - 1] != 2)
		return 1;
	bsdvm_space_destroy(child);
	m.len = LEN;
	m.prot = BSDVM_READ;
	if (bsdvm_object_pager(sys, &pager, NULL, LEN, &m.object) != 0 ||
	    bsdvm_mmap(space, &m, &at) != 0)
		return 1;
	p = (unsigned char *)at;
	if (p[7 * BSDVM_PAGE_SIZE] != 7)
		return 1;
	if (bsdvm_munmap(p, LEN) != 0)
		return 1;
	bsdvm_object_release(m.object);
	return 0;
}

int
main(void)
{
	struct bsdvm_config config;
	struct bsdvm_swap swap;
	struct bsdvm_system *sys;
	struct bsdvm_space *space;
	struct bsdvm_why why;
	int failed;

	memset(&config, 0, sizeof(config));
	memset(&swap, 0, sizeof(swap));
	swap.size = 4 * LEN;
	config.memory = LEN / 2;
	config.swaps = &swap;
	config.nswaps = 1;
	if (bsdvm_system_create(&config, &sys, &why) != 0) {
		(void)fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	if (bsdvm_space_create(sys, &space) != 0)
		return 1;
	failed = use(sys, space);
	bsdvm_space_destroy(space);
	return bsdvm_system_destroy(sys) != 0 || failed != 0;
}
