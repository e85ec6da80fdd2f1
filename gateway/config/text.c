/* SPDX-License-Identifier: Apache-2.0 */
#include "config/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool text_has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

#define NEAREST_MAX 32 /* no key of the configuration is longer */

/* Levenshtein's distance: insertions, deletions and replacements that make one word the other. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	size_t row[NEAREST_MAX + 1];
	for (size_t j = 0; j <= n_b; j++)
		row[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
			size_t added = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			diagonal = row[j];
			row[j] = replaced < added ? replaced : added;
		}
	}
	return row[n_b];
}

const char *text_nearest(const char *found, const char *const *words, size_t n)
{
	const char *nearest = NULL;
	size_t length = strlen(found), best = length / 3 + 1;
	if (length > NEAREST_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(words[i]);
		if (other > NEAREST_MAX)
			continue;
		size_t d = distance(found, length, words[i], other);
		if (d <= best && (!nearest || d < best)) {
			nearest = words[i];
			best = d;
		}
	}
	return nearest;
}

static size_t name_length(const char *at)
{
	return *at >= '0' && *at <= '9' ? 0
					: strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
}

char *text_expand(struct arena *arena, const char *text, char why[256])
{
	char *done = arena_copy(arena, "", 0);
	for (;;) {
		const char *open = strstr(text, "${");
		if (!open)
			return arena_print(arena, "%s%s", done, text);
		size_t n = name_length(open + 2);
		if (!n || open[2 + n] != '}') {
			snprintf(why, 256, "found \"%.40s\", expected ${NAME}, the name of an environment variable",
				 open);
			return NULL;
		}
		char *name = arena_copy(arena, open + 2, n);
		const char *value = getenv(name);
		if (!value || !*value) {
			snprintf(why, 256, "the environment variable %.100s is %s, expected a value", name,
				 value ? "empty" : "not set");
			return NULL;
		}
		done = arena_print(arena, "%s%.*s%s", done, (int)(open - text), text, value);
		text = open + 3 + n;
	}
}

char *text_path(struct arena *arena, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	if (path[0] == '/' || !slash)
		return arena_print(arena, "%s", path);
	return arena_print(arena, "%.*s/%s", (int)(slash - file), file, path);
}
