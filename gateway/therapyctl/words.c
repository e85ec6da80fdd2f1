/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

int words_count(char **words)
{
	int n = 0;
	while (words[n])
		n++;
	return n;
}

bool words_refuse(const char *command, const char *found, const char *expected)
{
	fprintf(stderr, "therapyctl: %s: found '%s', expected %s\n", command, found, expected);
	return false;
}

bool words_readable(const char *command, char **words)
{
	for (int i = 0; words[i]; i++)
		if (!utf8_valid(words[i], strlen(words[i]))) {
			fprintf(stderr,
				"therapyctl: %s: word %d is not UTF-8; expected a terminal whose locale is, like "
				"LANG=C.UTF-8\n",
				command, i + 1);
			return false;
		}
	return true;
}

bool words_join(char **words, struct str *s)
{
	for (int i = 0; words[i]; i++)
		str_add(s, "%s%s", i ? " " : "", words[i]);
	return !s->overflow;
}

bool words_whole(const char *text, long most, long *out)
{
	char *end = NULL;
	long n = text[0] >= '0' && text[0] <= '9' ? strtol(text, &end, 10) : -1;
	if (n < 0 || n > most || *end)
		return false;
	*out = n;
	return true;
}
