/* SPDX-License-Identifier: Apache-2.0
 * steady - the mean of what one metric says while a person holds still, or why there is none. Only readings that were
 * made after the beginning count. The caller's memory; pure. */
#ifndef ADJUST_STEADY_H
#define ADJUST_STEADY_H

#include <stdbool.h>
#include <stdint.h>

#define STEADY_MS       2000u /* of readings that a mean is made of: longer than a breath, short enough to hold a table */
#define STEADY_READINGS 3u    /* and so many: a device at rest is heard twice a second */

enum steady_state {
	STEADY_MEASURING,
	STEADY_DONE,
	STEADY_MOVED,       /* the readings are further apart than `spread` */
	STEADY_IMPLAUSIBLE, /* one of them was not to be believed */
	STEADY_SILENT,      /* too few came */
};

struct steady {
	enum steady_state state;
	bool round;    /* an angle: 179 and -179 deg are 2 deg apart */
	double spread; /* the most between the lowest and the highest */
	uint64_t begun_ms, wait_ms;
	double first, sum, low, high; /* the latter three from `first` on */
	unsigned n;
};

/* Gives up `wait_ms` after `now_ms`. */
void steady_begin(struct steady *steady, double spread, bool round, uint64_t now_ms, uint64_t wait_ms);
/* A reading, `quality` an enum therapy_quality, made at `stamp_ms`. */
enum steady_state steady_take(struct steady *steady, uint8_t quality, double value, uint64_t stamp_ms);
/* Time passed. */
enum steady_state steady_wait(struct steady *steady, uint64_t now_ms);
/* The mean of what came; of an angle in -180..180. */
double steady_mean(const struct steady *steady);

#endif
