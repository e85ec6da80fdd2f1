/* SPDX-License-Identifier: Apache-2.0
 * Words of a command with options of its own: how they are counted, judged and put together. What goes wrong is said on
 * standard error. */
#ifndef THERAPYCTL_WORDS_H
#define THERAPYCTL_WORDS_H

#include <stdbool.h>

#include "base/str.h"

/* `words` end with NULL. */
int words_count(char **words);
/* "therapyctl: COMMAND: found 'FOUND', expected EXPECTED"; false. */
bool words_refuse(const char *command, const char *found, const char *expected);
/* Well-formed UTF-8, as JSON must be; else that was said. */
bool words_readable(const char *command, char **words);
/* One blank between two of them. False, and `s` overflows: they do not fit. */
bool words_join(char **words, struct str *s);
/* A whole number of 0 to `most`, and nothing else. False, and *out untouched: it is none. */
bool words_whole(const char *text, long most, long *out);

#endif
