/* SPDX-License-Identifier: Apache-2.0
 *
 * testing_monitor - knows the hazard table and nothing of rules, conditions or the core. It is shown everything that
 * goes into the core and when something is energised, and says whether that was allowed. What it counts (time on,
 * sessions, dose) it counts at least, never too much: so it never accuses wrongly, and what it says is a real fault.
 *
 * The home is testing_life's: table, belt, pad (with a skin sensor), wrap (cold), scale, stop button, person; limits
 * 150 and 300 N, 30 kPa, 65 to 75 kg. Test programs only.
 */
#ifndef HAZARDS_TESTING_MONITOR_H
#define HAZARDS_TESTING_MONITOR_H

#include "testing_life.h"

#define MONITOR_SPANS 4096u

/* One metric as its readings told it. */
struct monitor_metric {
	bool known; /* the last reading was good, and its device did not go since */
	double value;
	uint64_t stamp;         /* of the last reading */
	uint64_t unknown_until; /* last moment at which it was older than `look_ms`, implausible or absent */
	uint64_t look_ms;
	uint64_t
	    beyond_since; /* the bound of its hazard is exceeded since then, and was not seen kept; NEVER: it is kept */
	uint64_t beyond_last; /* last moment at which it was seen exceeded; NEVER: not once */
};

struct monitor_span {
	uint64_t from, until;
};

/* What was on, in spans, the newest last. */
struct monitor_spans {
	struct monitor_span at[MONITOR_SPANS];
	size_t n;
};

struct monitor {
	uint64_t now;
	bool present[LIFE_DEVICES];
	uint64_t lost[LIFE_DEVICES]; /* when it went last; what was on its way then does not count */
	struct monitor_metric metrics[LIFE_DEVICES][LIFE_METRICS];
	bool on[LIFE_DEVICES];
	uint64_t on_since[LIFE_DEVICES];
	struct monitor_spans was_on[LIFE_DEVICES], inverted, chilled;
	double dose[32]; /* minutes at 43 degC by hour */
	uint64_t dose_hour;
	bool stopped;         /* a stop came, and nobody has reset since */
	bool torn;            /* the force went beyond the ceiling, likewise */
	uint64_t still_since; /* the table turns and its angle does not change since then; NEVER: not so */
	double still_at;
	char why[128];
};

void monitor_start(struct monitor *m, uint64_t now);
void monitor_pass(struct monitor *m, uint64_t now);
void monitor_read(struct monitor *m, enum life_device device, int metric, double value, uint8_t quality,
		  uint64_t stamp);
void monitor_present(struct monitor *m, enum life_device device, bool present);
void monitor_stop(struct monitor *m);
/* A reset was asked for: what is well may be free again, even if something else could not be reset. */
void monitor_reset(struct monitor *m, bool accepted);
/* Is it so now? Call at each change and at each step. False, and `why` says which hazard: it must not be. `value` is
 * what is granted. */
bool monitor_on(struct monitor *m, enum life_device device, bool on, double value);
/* Is any of what heat or traction depends on stale, unknown or implausible now? */
bool monitor_blind(const struct monitor *m);

#endif
