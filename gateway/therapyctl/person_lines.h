/* SPDX-License-Identifier: Apache-2.0
 * What is known of a person, as sentences for people. Pure. */
#ifndef THERAPYCTL_PERSON_LINES_H
#define THERAPYCTL_PERSON_LINES_H

#include <json-c/json.h>
#include <stdint.h>

#include "therapyctl/text.h"

/* "72 kg"; "not told: no force is known from it" */
void person_weight(struct text *out, struct json_object *person);
/* "on 1 May 2026 by Dr. X, until 1 May 2027". `now_ms`: Unix. */
void person_clearance(struct text *out, struct json_object *person, int64_t now_ms);
/* "tilt 35°, heat_time 20 min"; "none of their own" */
void person_limits(struct text *out, struct json_object *person);
/* "heat, cold"; "nothing" */
void person_denied(struct text *out, struct json_object *person);
/* All of that in one line. */
void person_line(struct text *out, struct json_object *person, int64_t now_ms);

#endif
