/* SPDX-License-Identifier: Apache-2.0
 *
 * language - what people read, in the language that they chose: sentences that say why, and names of entities. English
 * stands in the code, where it is said, and is the key to the table of each other language, as with gettext; what a
 * table lacks stays English. Which files use it, and that no table lacks anything, tests/language checks.
 *
 * gettext itself is not used because its language is the process's, found through the environment and files that have
 * to be installed: the core is pure, and a router has neither locales nor room for them.
 *
 * Names that programs rely on (ids, keys, payloads, enumerations), the log, faults of the configuration and what
 * `check` prints do not go through here. Numbers have a point in every language, as in rules and in Home Assistant.
 * Pure; any thread.
 */
#ifndef BASE_LANGUAGE_H
#define BASE_LANGUAGE_H

#include <stddef.h>

enum language { LANGUAGE_EN, LANGUAGE_DE, LANGUAGE_COUNT_ };

/* What the configuration calls them, "en", "de", in that order; ends with NULL. */
extern const char *const language_codes[];

/* `english` in that language; `english` itself if it is not in the table. It may be a format: the compiler checks the
 * English one, and a test that the others take the same arguments, which they may reorder with %1$s. */
const char *language_say(enum language language, const char *english) __attribute__((format_arg(2)));

/* Marks an English text that language_say() gets somewhere else, so that the test finds it: in tables of names. */
#define LANGUAGE_MARK(english) english

/* ---- the tables: for language.c and its test ---- */

struct language_entry {
	const char *english, *other;
};
struct language_table {
	const struct language_entry *entries; /* in the order of strcmp of their English */
	size_t n;
};
#define LANGUAGE_TABLES 3u /* of each language: sentences, names, the page */
/* The i-th of a language's, i < LANGUAGE_TABLES. */
struct language_table language_table(enum language language, size_t i);

#endif
