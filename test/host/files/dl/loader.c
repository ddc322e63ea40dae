/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loader.c: loads, calls, unloads and loads again.
 *
 * Two plug-ins are opened by several threads at once, again and again, and a
 * library of the system besides; their data must be fresh after each load, and
 * their constructors and destructors run.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef int (*number_fn)(int);
typedef double (*real_fn)(double);

static void *
must(void *p)
{
	if (p == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return (p);
}

static int
call(const char *path, int argument)
{
	void *handle = must(dlopen(path, RTLD_NOW | RTLD_LOCAL));
	number_fn add = (number_fn)(size_t)must(dlsym(handle, "plugin_add"));
	int sum = 0;

	for (int i = 0; i < 10; i++)
		sum = add(argument);
	dlclose(handle);
	return (sum);
}

static void *
worker(void *arg)
{
	for (int i = 0; i < 50; i++) {
		void *handle = must(dlopen("./plugin1.so", RTLD_LAZY));

		must(dlsym(handle, "plugin_add"));
		dlclose(handle);
	}
	return (arg);
}

int
main(void)
{
	pthread_t threads[4];
	real_fn cosine;
	void *libm;

	for (int i = 0; i < 3; i++) {
		printf("plugin1: %d\n", call("./plugin1.so", i));
		printf("plugin2: %d\n", call("./plugin2.so", i));
	}
	libm = must(dlopen("libm.so.6", RTLD_NOW));
	cosine = (real_fn)(size_t)must(dlsym(libm, "cos"));
	printf("cos 1 = %.6f\n", cosine(1));
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, worker, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	if (dlopen("./no-such.so", RTLD_NOW) == NULL)
		printf("%s\n", dlerror());
	return (0);
}
