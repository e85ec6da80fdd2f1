/* SPDX-License-Identifier: Apache-2.0
 *
 * testing_monitor - knows the hazard table and nothing of the core or of the rule files: it hears what the sensors say
 * and what is granted, and says when something runs that must not. Where the table leaves room it takes the laxer
 * reading, so that what it objects to is wrong. Test programs only. */
#ifndef HAZARDS_TESTING_MONITOR_H
#define HAZARDS_TESTING_MONITOR_H

#include "testing_life.h"

#define MONITOR_HOURS 72 /* a life is no longer */

/* What is summed over time. */
enum monitor_sum { HEATED, CHILLED, PULLED, MAYBE_PULLED, INVERTED, COLD_SKIN, DOSE, MONITOR_SUMS };

struct monitor_seen {
	bool good;
	double value;
	uint64_t stamp;
};

struct monitor {
	const struct life_setup *setup;
	uint64_t now, born;
	struct monitor_seen seen[LIFE_DEVICES][LIFE_METRICS];
	bool on[LIFE_DEVICES];
	double total[MONITOR_SUMS];                         /* s */
	double until[MONITOR_SUMS][MONITOR_HOURS * 3600];   /* ... up to each second of its life */
	uint64_t tilted_since, calm_since, clear_since;     /* 11, 14; UINT64_MAX: not now */
	uint64_t hot_since, strained_since, squeezed_since; /* 8, 4, 7 */
	bool tripped, burnt, strained, squeezed, stopped;   /* 11, 8, 4, 7, 28 */
	bool turning, stuck;                                /* 18 */
	uint64_t turning_since;
	double turned_from;
	struct monitor_seen force_before;
	double force_rate;
	uint64_t full_ms,
	    sessions[64]; /* 16: when half an hour last had a minute of traction in it; when sessions were over */
	size_t n_sessions;
	bool in_session, maybe_pulls; /* it pulls, or was not seen at rest since */
};

void monitor_init(struct monitor *m, const struct life_setup *setup, uint64_t now);
/* Time passes; what is on is on all the while. */
void monitor_pass(struct monitor *m, uint64_t now);
void monitor_hear(struct monitor *m, enum life_device device, int metric, double value, bool good);
/* Somebody asked for a reset. */
void monitor_reset(struct monitor *m);
/* May it run now? NULL, or what is against it. `fresh`: it was begun just now, there is no grace for it. */
const char *monitor_objects(const struct monitor *m, enum life_device device, bool fresh);
/* Is anything that it depends on unknown or implausible? */
bool monitor_in_doubt(const struct monitor *m);

#endif
