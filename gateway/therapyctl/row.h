/* SPDX-License-Identifier: Apache-2.0
 * One session as the gateway tells it, with something harmless where a member is missing or makes no sense: an older or
 * newer gateway's answer must not end therapyctl. */
#ifndef THERAPYCTL_ROW_H
#define THERAPYCTL_ROW_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum row_kind { ROW_INVERSION, ROW_TRACTION, ROW_HEAT, ROW_COLD, ROW_ACTIVITY, ROW_OTHER, ROW_KINDS };
enum row_end { ROW_RUNNING, ROW_ENDED, ROW_TRIPPED, ROW_STOPPED, ROW_LOST, ROW_CUT, ROW_END_OTHER, ROW_ENDS };

#define ROW_PAIN_MOST 10
#define ROW_DURATION  32 /* bytes of a duration with its NUL */

struct row {
	struct json_object *from; /* owned: every text below lies in it */
	enum row_kind kind;
	const char *kind_told, *what, *device, *person, *rule, *note, *plan; /* foreign text; "" for none */
	enum row_end end;
	bool placed; /* it is known when it was: */
	int64_t begun_ms;
	uint64_t lasted_ms, active_ms, unknown_ms, over_ms;
	const char *unit; /* of the next three; "" for none */
	bool has_peak, has_mean, has_limit, has_dose;
	double peak, mean, limit, dose_min;
	uint64_t trips, alarms;
	int pain_before, pain_after; /* 0..ROW_PAIN_MOST; -1: not told */
	int step;                    /* of the plan, from 1; 0: none */
};

/* Takes a reference. */
void row_read(struct row *row, struct json_object *from);
void row_release(struct row *row);

/* What people call it: "inversion", or of an activity which: foreign text. */
const char *row_name(const struct row *row);
/* "inversion"; "other" of one that is not known. */
const char *row_kind_name(enum row_kind kind);
/* "ended normally", "tripped". */
const char *row_end_name(enum row_end end);
/* How long it counts: under angle, force or heat, or as long as it took where that has no meaning. */
uint64_t row_counted_ms(const struct row *row);
/* "4 min 10 s", "4 min", "1 h 05 min" */
void row_add_duration(struct str *s, uint64_t ms);
/* "22.4°": to a tenth, as finely as a person reads it. */
void row_add_quantity(struct str *s, double value, const char *unit);

/* A list that owns its rows. */
struct rows {
	struct row *items;
	size_t n, cap;
};

/* Takes a reference to what the row was read from. False: no memory. */
bool rows_add(struct rows *rows, const struct row *row);
void rows_reverse(struct rows *rows);
void rows_release(struct rows *rows);

#endif
