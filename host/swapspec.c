/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapspec.c - see swapspec.h.
 */
#include "host/swapspec.h"

#include "env/swapnbd.h"
#include "host/size.h"

#include <stdlib.h>
#include <string.h>

static const char priority_word[] = ",priority=";
static const char no_option[] = "there is no other option than priority=N";

#define SIZE_LEN 32 /* of text that may be a size */

static bool
is_size(const char *text, size_t len, uint64_t *bytes)
{
	char copy[SIZE_LEN];

	if (len == 0 || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return size_parse(copy, bytes);
}

/* Who writes 64MB, 1.5G, 1P or -5M means no file. */
static bool
is_meant_as_size(const char *text, size_t len)
{
	size_t n = strspn(text, "+-"), number;

	number = strspn(text + n, "0123456789.");
	if (n > 1 || number == 0 || text[n] == '.')
		return false;
	n += number;
	return n >= len ||
	    (len - n <= 3 && n + strspn(text + n, "KMGTPEBkmgtpeib") >= len);
}

/* Where the options begin: at the first comma before `word=`. */
static const char *
find_options(const char *text)
{
	const char *comma;

	for (comma = strchr(text, ','); comma != NULL;
	     comma = strchr(comma + 1, ','))
		if (comma[1 +
			strspn(comma + 1, "abcdefghijklmnopqrstuvwxyz")] ==
			'=' &&
		    comma[1] != '=')
			return comma;
	return text + strlen(text);
}

static const char *
parse_options(const char *text, struct swapspec *spec)
{
	char *end;
	long n;

	spec->priority = 0;
	if (*text == '\0')
		return NULL;
	if (strncmp(text, priority_word, sizeof(priority_word) - 1) != 0)
		return no_option;
	text += sizeof(priority_word) - 1;
	n = strtol(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || n < 0 ||
	    n > SWAPSPEC_PRIORITY_MOST)
		return "a priority is a number from 0 to 32767";
	spec->priority = (int)n;
	return NULL;
}

/* SCHEME://, and how others write it. */
static bool
is_uri(const char *text)
{
	return strncmp(text + strcspn(text, ":/"), "://", 3) == 0 ||
	    strncmp(text, "nbd:", 4) == 0;
}

/* FILE or FILE:SIZE, of so many characters. */
static const char *
parse_file(const char *text, size_t len, struct swapspec *spec)
{
	const char *colon = memrchr(text, ':', len);
	size_t before = colon == NULL ? len : (size_t)(colon - text);
	size_t word = strcspn(text, ",");

	spec->kind = SWAPSPEC_FILE;
	spec->place_len = len;
	if (word < len && is_meant_as_size(text, word))
		return no_option;
	if (is_meant_as_size(text, before))
		return "not a size, nK, nM, nG or nT; a file of that name is "
		       "./NAME";
	if (colon == NULL)
		return NULL;
	if (!is_size(colon + 1, len - before - 1, &spec->size))
		return is_meant_as_size(colon + 1, len - before - 1) ?
		    "no size behind the colon, nK, nM, nG or nT" :
		    NULL;
	spec->place_len = before;
	if (before == 0)
		return "no file is named before the size";
	return spec->size == 0 ? "a size of 0" : NULL;
}

/* The size of an export is the server's; nbd://HOST:PORT has none. */
static bool
has_size(const char *uri, size_t len)
{
	const char *path = strchr(strstr(uri, "://") + 3, '/');
	const char *colon = memrchr(uri, ':', len);
	uint64_t size;

	return path != NULL && colon > path &&
	    memchr(path, '?', (size_t)(colon - path)) == NULL &&
	    is_size(colon + 1, (size_t)(uri + len - colon - 1), &size) &&
	    strchr("KMGTkmgt", uri[len - 1]) != NULL;
}

const char *
swapspec_parse(const char *text, struct swapspec *spec)
{
	const char *options = find_options(text);
	size_t len = (size_t)(options - text);

	*spec = (struct swapspec){ .text = text };
	if (len == 0)
		return "neither a size nor a file is named";
	if (swapnbd_is_uri(text)) {
		spec->kind = SWAPSPEC_NBD;
		spec->place_len = len;
		if (has_size(text, len))
			return "an export has the size that its server says, "
			       "and no :SIZE";
	} else if (is_uri(text)) {
		return "the servers that are known are nbd://, nbds://, "
		       "nbd+unix:// and nbds+unix://; a file of that name is "
		       "./NAME";
	} else if (is_size(text, len, &spec->size)) {
		spec->kind = SWAPSPEC_TEMPORARY;
		if (spec->size == 0)
			return "a size of 0";
	} else {
		const char *wrong = parse_file(text, len, spec);

		if (wrong != NULL)
			return wrong;
	}
	return parse_options(options, spec);
}
