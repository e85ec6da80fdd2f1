/* SPDX-License-Identifier: Apache-2.0
 *
 * sessions - recognises sessions of therapy in readings: when one begins, what it amounts to while it runs, when and
 * how it ended. It decides nothing and permits nothing.
 *
 * A pure machine like the core: no loop, clock, file or thread, no allocation after sessions_new. Time is an argument,
 * milliseconds of CLOCK_BOOTTIME; an earlier one is taken as the latest seen. One thread.
 *
 * A source is ACTIVE while a reading says so. A session begins when its source was active for 2 s, at the first of
 * these, and is over when it was not for 60 s; it lasted until it was active last. A reading holds until it is stale.
 * While nothing is known the session goes on, and that time counts as active: limits never count too little. After 60 s
 * of it the session is over, too.
 */
#ifndef SESSION_SESSIONS_H
#define SESSION_SESSIONS_H

#include <stddef.h>

#include "session/record.h"

#define SESSIONS_BEGIN_MS 2000u  /* SAFETY: 2 s beyond 10 deg; the swing of getting on is shorter */
#define SESSIONS_LATE_MS  5000u  /* what happens so long after it was active last may still be why; later it is not */
#define SESSIONS_GAP_MS   60000u /* ... until 60 s near horizontal; the same for traction and heat */

/* Bounds beyond which a source is active. */
#define SESSIONS_TILT_DEG     10.0 /* hazards 1 to 3, 11 */
#define SESSIONS_FORCE_N      20.0 /* hazard 12: what a loaded belt is */
#define SESSIONS_PRESSURE_KPA 1.0  /* of a belt without a force sensor: more than the noise of its sensor */

/* What sources are made of. */
#define SESSIONS_METRICS_MAX 8u
struct sessions_metric {
	uint16_t metric; /* of the device */
	uint32_t stale_ms;
	double above; /* DECIDES: active while above this */
};

/* A device that can be in a session. */
struct sessions_source {
	uint16_t device;
	const char *id; /* of the device; copied */
	enum session_kind kind;
	struct sessions_metric decides[SESSIONS_METRICS_MAX]; /* active while any of them says so */
	size_t n_decides;
	bool has_value;
	struct sessions_metric value; /* of which peak and mean are told */
	enum therapy_unit unit;
	bool has_dose;
	struct sessions_metric dose; /* a temperature of the skin side, degC */
};

enum sessions_change {
	SESSIONS_BEGUN,
	SESSIONS_WENT_ON, /* something else than time: a trip, an alarm */
	SESSIONS_OVER,
};

struct sessions_callbacks {
	void *user;
	/* A session is about to begin: fills in what only others know: id, boot_id, person, limit, plan, pain. */
	void (*identify)(void *user, const struct sessions_source *source, struct session_record *record);
	/* From within sessions_... below. The record is valid within the call. */
	void (*changed)(void *user, enum sessions_change change, const struct session_record *record);
};

struct sessions;

/* Copies the sources. 0, or -1 without memory. */
int sessions_new(const struct sessions_source *sources, size_t n, const struct sessions_callbacks *callbacks,
		 struct sessions **out);
void sessions_free(struct sessions *sessions);

/* One reading of the device. `quality`: enum therapy_quality. `stamp_ms`: when it was true. */
void sessions_reading(struct sessions *sessions, uint64_t now_ms, uint16_t device, uint16_t metric, uint8_t quality,
		      double value, uint64_t stamp_ms);
/* The device is gone: nothing is known of it. */
void sessions_lost(struct sessions *sessions, uint64_t now_ms, uint16_t device);
/* Only time has passed; at least every second while one runs. */
void sessions_tick(struct sessions *sessions, uint64_t now_ms);

/* Something happened to what runs. `device` SESSIONS_EVERY: to all. */
#define SESSIONS_EVERY UINT16_MAX
enum sessions_event { SESSIONS_TRIP, SESSIONS_STOP, SESSIONS_ALARM };
void sessions_event(struct sessions *sessions, uint64_t now_ms, enum sessions_event event, uint16_t device,
		    const char *rule);

/* What an earlier process of this boot left running, before the first reading: it goes on, or is over as CUT. It was
 * accounted for up to `at_ms`; `active`: it was active then. False: no source is of its device and kind. */
bool sessions_resume(struct sessions *sessions, const struct session_record *record, uint64_t at_ms, bool active);

/* The gateway ends: what runs is cut. */
void sessions_close(struct sessions *sessions, uint64_t now_ms);

/* The session that runs at source `i`, brought up to the last call, or NULL. To be changed only in what identify
 * fills in and in pain and note. *active: right now, by what is known. `i` beyond the sources: NULL. */
struct session_record *sessions_running(struct sessions *sessions, size_t i, bool *active);
size_t sessions_n(const struct sessions *sessions);
/* How long the source was not active by what is known, or nothing was: while it was less than SESSIONS_GAP_MS the
 * session is not over. 0: it is active. */
uint64_t sessions_idle_ms(const struct sessions *sessions, size_t i);
/* Whether, of that time, a reading said at some moment that it is not active; else it may still be. */
bool sessions_idle_known(const struct sessions *sessions, size_t i);

#endif
