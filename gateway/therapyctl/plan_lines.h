/* SPDX-License-Identifier: Apache-2.0
 * A plan as the gateway tells it, as lines for people. Pure. */
#ifndef THERAPYCTL_PLAN_LINES_H
#define THERAPYCTL_PLAN_LINES_H

#include <json-c/json.h>
#include <stdint.h>

#include "therapyctl/text.h"

#define PLAN_ITEM_COLUMNS 40
#define PLAN_DONE_COLUMNS 12

/* "inversion 20 deg, 2 min               0 of 2      3 of 10" */
void plan_item(struct text *out, struct json_object *item);
/* What the item waits for, or "". */
const char *plan_item_waits(struct json_object *item);
/* "Next: heat 15 min, not before 14:05." or "" */
void plan_next(struct text *out, struct json_object *plan, int64_t now_ms);
/* Why it is at this step, why it stands still; "" for nothing to say. */
const char *plan_backed(struct json_object *plan);
const char *plan_frozen(struct json_object *plan);
/* "Reminds at 08:00, 19:30, but not from 22:00 to 07:00." */
void plan_reminds(struct text *out, struct json_object *plan);

#endif
