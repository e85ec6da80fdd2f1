/* SPDX-License-Identifier: Apache-2.0
 * The orders that the words of `therapyctl pain`, `note` and `log` become. Pure, but that what goes wrong is said on
 * standard error. */
#ifndef THERAPYCTL_ADDING_WORDS_H
#define THERAPYCTL_ADDING_WORDS_H

#include <json-c/json.h>

/* `words` as in adding.h. NULL: they make no sense, which was said; else the caller's. */
struct json_object *adding_words_pain(char **words);
struct json_object *adding_words_note(char **words);
struct json_object *adding_words_log(char **words);

#endif
