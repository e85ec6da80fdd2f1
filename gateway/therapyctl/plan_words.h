/* SPDX-License-Identifier: Apache-2.0
 * The order that the words of `therapyctl plan` become. Pure, but that what goes wrong is said on standard error. */
#ifndef THERAPYCTL_PLAN_WORDS_H
#define THERAPYCTL_PLAN_WORDS_H

#include <json-c/json.h>

/* `words` are what stands behind the command, NULL-terminated. NULL: they make no sense, which was said; else an order
 * whose "step" is list, show, start, stop, agree, decline, back or set; the caller's. */
struct json_object *plan_words(char **words);

#endif
