/* SPDX-License-Identifier: Apache-2.0
 * The latest reading of a metric, and what is known of it after some time. Pure. */
#ifndef CORE_VALUES_H
#define CORE_VALUES_H

#include "core/core.h"

struct value {
	double value;
	uint64_t stamp_ms;
	uint64_t wrong_ms; /* while the quality is ERROR: since when it is */
	uint8_t quality;   /* enum therapy_quality */
	bool seen;         /* there was a reading; until then stamp_ms means nothing */
	bool lasting;      /* computed here: always as old as now */
};

/* Takes a reading that arrives at `now_ms`. A stamp in the future counts as now; one older than what is kept is ignored
 * (false). A value that is not finite, or a quality that does not exist, is an ERROR. */
bool value_put(struct value *value, const struct core_reading *reading, uint64_t now_ms);
/* Forgets what was known: UNKNOWN from now on. The stamp stays, so that an older reading cannot come back. */
void value_lose(struct value *value);
/* True while the reading is at most `max_age_ms` old. */
bool value_fresh(const struct value *value, uint64_t now_ms, uint64_t max_age_ms);
/* The quality after age: enum therapy_quality, UNKNOWN when stale. */
uint8_t value_quality(const struct value *value, uint64_t now_ms, uint64_t max_age_ms);
/* How old it is; 0 if there is none. */
uint64_t value_age(const struct value *value, uint64_t now_ms);

#endif
