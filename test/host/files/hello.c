/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hello.c: a program that uses every kind of segment an executable can have.
 *
 * It is linked in many ways (static, dynamic, position independent or not,
 * segments sharing pages, huge alignment) and says the same each time.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

static const char constant[10000] = "constant";
static char data[10000] = "data";
static char zeroes[100 << 20];
static _Thread_local int thread_data = 5;
static _Thread_local char thread_zeroes[5000];
static const char *relocated[] = { "one", "two", "three" };
static int constructed;

__attribute__((constructor)) static void
construct(void)
{
	constructed++;
}

__attribute__((destructor)) static void
destruct(void)
{
	printf("destructor\n");
}

static long
sum(const char *p, size_t n)
{
	long s = 0;

	for (size_t i = 0; i < n; i += 512)
		s += p[i];
	return (s);
}

static void *
thread(void *arg)
{
	thread_data += *(int *)arg;
	thread_zeroes[4999] = 1;
	return (thread_data == 7 && thread_zeroes[0] == 0 ? arg : NULL);
}

static void
say_goodbye(void)
{
	printf("goodbye\n");
}

int
main(int argc, char **argv)
{
	int two = 2;
	pthread_t t;
	void *good;

	atexit(say_goodbye);
	for (int i = 1; i < argc; i++)
		printf("argument %s\n", argv[i]);
	printf("environment %s\n", getenv("LC_ALL"));
	printf("%s %s %ld %ld\n", constant, data,
	    sum(constant, sizeof(constant)), sum(data, sizeof(data)));
	printf("%d at start\n", zeroes[sizeof(zeroes) - 1]);
	for (size_t i = 0; i < sizeof(zeroes); i += 10 << 20)
		zeroes[i] = 1;
	printf("%s %s %s\n", relocated[0], relocated[1], relocated[2]);
	data[9999] = 1;
	pthread_create(&t, NULL, thread, &two);
	pthread_join(t, &good);
	printf("constructed %d, thread %s, own %d\n", constructed,
	    good == NULL ? "bad" : "good", thread_data);
	printf("page size %lu, random %s\n", getauxval(AT_PAGESZ),
	    getauxval(AT_RANDOM) != 0 ? "there" : "missing");
	return (strlen(argv[0]) > 0 ? 11 : 12);
}
