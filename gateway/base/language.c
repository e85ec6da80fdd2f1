/* SPDX-License-Identifier: Apache-2.0 */
#include "base/language.h"

#include <string.h>

#include "base/language_tables.h"

const char *const language_codes[] = {[LANGUAGE_EN] = "en", [LANGUAGE_DE] = "de", NULL};

struct language_table language_table(enum language language, size_t i)
{
	switch (language) {
	case LANGUAGE_DE:
		return i == 0 ? language_de_sentences() : i == 1 ? language_de_names() : language_de_page();
	case LANGUAGE_EN:
	case LANGUAGE_COUNT_:
		break;
	}
	return (struct language_table){NULL, 0};
}

static const char *find(struct language_table table, const char *english)
{
	for (size_t from = 0, to = table.n; from < to;) {
		size_t middle = from + (to - from) / 2;
		int order = strcmp(english, table.entries[middle].english);
		if (order == 0)
			return table.entries[middle].other;
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

const char *language_say(enum language language, const char *english)
{
	for (size_t i = 0; i < LANGUAGE_TABLES; i++) {
		const char *other = find(language_table(language, i), english);
		if (other)
			return other;
	}
	return english;
}
