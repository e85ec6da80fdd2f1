/* SPDX-License-Identifier: Apache-2.0
 * Topic names and filters as MQTT 5 defines them (section 4.7), and UTF-8 as it wants it (1.5.4). Pure. */
#ifndef BROKER_TOPIC_H
#define BROKER_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 without NUL, surrogates and overlong forms? */
bool topic_utf8(const char *bytes, size_t size);
/* May one publish to it? False with one sentence in `why`: empty, too long, not UTF-8, or a wildcard. */
bool topic_name_valid(const char *topic, char *why, size_t why_size);
/* May one subscribe to it? `+` and `#` only as whole levels, `#` only as the last. */
bool topic_filter_valid(const char *topic, char *why, size_t why_size);
/* Does `topic` fall under `filter` (both valid)? Topics that begin with '$' are no business of a leading wildcard. */
bool topic_matches(const char *filter, const char *topic);

#endif
