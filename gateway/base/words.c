/* SPDX-License-Identifier: Apache-2.0 */
#include "base/words.h"

#include <string.h>

/* The word at *at, which moves on to the next; NULL behind the last. */
static const char *next(const char **at, size_t *size)
{
	const char *word = *at;
	if (!word || *word == '\0')
		return NULL;
	*size = strcspn(word, "|");
	*at = word + *size + (word[*size] == '|');
	return word;
}

size_t words_count(const char *words)
{
	size_t n = 0, size;
	while (next(&words, &size))
		n++;
	return n;
}

const char *words_of(const char *words, double value, size_t *size)
{
	const char *word;
	for (double i = 0; (word = next(&words, size)); i++)
		if (value >= i && value <= i)
			return word;
	return NULL;
}

bool words_value(const char *words, const char *word, size_t size, double *out)
{
	const char *one;
	size_t n;
	for (double i = 0; (one = next(&words, &n)); i++)
		if (n == size && memcmp(one, word, n) == 0) {
			*out = i;
			return true;
		}
	return false;
}

void words_list(struct str *out, const char *words)
{
	const char *word;
	size_t size;
	for (size_t i = 0; (word = next(&words, &size)); i++)
		str_add(out, "%s%.*s", i ? ", " : "", (int)size, word);
}
