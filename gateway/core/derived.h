/* SPDX-License-Identifier: Apache-2.0
 * Metrics that the core computes itself, a row of their device after its own: how long something was so (TIME), how
 * often (COUNT), the thermal dose of skin (DOSE), how fast a value changes (RATE), and whether two sensors contradict
 * each other (CONTRADICTION). Rules see plain metrics.
 *
 * What is not known never makes a sum smaller: after TRUE it counts as TRUE, and a pause between two sessions of a TIME
 * that was not seen as a whole begins anew. No sum is GOOD before something was known of what it is about, nor, after
 * the memory was lost, before what it would hold of the time before is past; one that reaches back further than
 * DERIVED_LOST_MS would lock a home for a day: a person's reset vouches for it.
 *
 * Times are milliseconds; a moment may lie before the machine was started (int64_t) once the memory of an earlier run
 * was read. Everything is allocated by derived_build. */
#ifndef CORE_DERIVED_H
#define CORE_DERIVED_H

#include "core/core.h"
#include "core/rolling.h"
#include "core/timers.h"

struct core;

#define DERIVED_SAMPLES 8u
#define DERIVED_LOST_MS 7200000u
#define DERIVED_HOLD_MS 600000u /* skin is taken to stay as warm as it was last seen for this long */

enum derived_state {
	DERIVED_NEW,     /* nothing is known yet */
	DERIVED_IDLE,    /* no session */
	DERIVED_RUNNING, /* TRUE, or not known after TRUE */
	DERIVED_GAP,     /* FALSE since false_ms: over when it lasted */
};

/* TIME and COUNT. */
struct derived_session {
	uint8_t state; /* enum derived_state */
	bool broken;   /* GAP: not known for a moment, so it begins anew */
	uint64_t broken_ms;
	uint64_t since_ms; /* RUNNING: counted up to here */
	int64_t false_ms;
	double sum_ms;
	uint64_t bridge_ms; /* after a start: until then, not known counts as what was so before; 0: it does not */
};

/* DOSE. */
struct derived_dose {
	bool seen;
	double rate;       /* equivalent seconds at 43 degC a second */
	uint64_t since_ms; /* counted up to here */
	uint64_t read_ms;  /* of the last good temperature */
};

/* RATE. */
struct derived_rate {
	struct {
		uint64_t ms;
		double value;
	} samples[DERIVED_SAMPLES]; /* oldest first */
	uint32_t n;
};

/* CONTRADICTION. */
struct derived_still {
	bool known;        /* the condition was seen to be TRUE or FALSE */
	bool stuck;        /* did not move for too long, and has not moved since */
	bool anchored;     /* the condition is TRUE: it should move ... */
	uint64_t since_ms; /* ... and did not since then */
	double value;
};

struct derived {
	enum core_derive type;
	uint32_t metric; /* the row it fills */
	uint32_t source; /* DOSE, RATE, CONTRADICTION: the metric it looks at; NONE: none */
	uint32_t text;   /* TIME, COUNT, CONTRADICTION: the condition; NONE: none */
	uint32_t next;   /* the next that looks at the same source */
	uint64_t gap_ms, within_ms;
	double deadband;
	bool recalled;    /* its sum was read from the memory */
	uint64_t lost_ms; /* the memory was lost: until then what was before counts too, so the sum is not known; 0: it
			     is, UINT64_MAX: until a session is over */
	struct timer timer;
	struct rolling rolling; /* TIME with a window, DOSE: seconds */
	struct moments moments; /* COUNT */
	union {
		struct derived_session session;
		struct derived_dose dose;
		struct derived_rate rate;
		struct derived_still still;
	};
};

/* The rows a device gets, for home.c: does it fit, and its unit (THERAPY_UNIT_COUNT_: there is none, a fault). */
struct home;
bool derived_fits(const struct core_derived *row, const struct home *home, uint32_t device);
enum therapy_unit derived_unit(const struct core_derived *row, const struct home *home, uint32_t device);

/* Makes the instances and binds their conditions, as owners of the logic after the rules. 0, or -1 with faults. */
int derived_build(struct core *core, const struct core_spec *spec, struct faults *faults);
void derived_release(struct core *core);

/* Its condition has changed. */
void derived_update(struct core *core, uint32_t index);
/* A metric got a reading, or was lost. */
void derived_source(struct core *core, uint32_t metric);
void derived_timer(struct core *core, uint32_t index);
/* The first values. */
void derived_begin(struct core *core);
/* The memory was lost, and with it what the sum was. */
void derived_lose(struct core *core, uint32_t index);
/* The metric is a sum that is not known because of that; else NULL. */
const struct derived *derived_find_lost(const struct core *core, uint32_t metric);
/* Brings the sum up to now, shows it and sets the timer: after the memory was read. */
void derived_show(struct core *core, uint32_t index);

#endif
