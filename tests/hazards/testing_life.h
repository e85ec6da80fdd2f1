/* SPDX-License-Identifier: Apache-2.0
 *
 * testing_life - a home with a device of every kind, under the rules of a directory ($THERAPY_RULES, else those
 * shipped), loaded through gateway/config, on the real core, in simulated time. A test says what the sensors see and
 * what people ask; the actuators do what the core tells them. Test programs only.
 */
#ifndef HAZARDS_TESTING_LIFE_H
#define HAZARDS_TESTING_LIFE_H

#include "base/testing.h"
#include "config/config.h"
#include "core/core.h"
#include "core/explanation.h"

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* The home: calibrated, everybody within their limits, everything at rest. */
enum life_device { TABLE, BELT, PAD, WRAP, SCALE, BUTTON, PERSON, MAT, LIFE_DEVICES };
enum { TILT, RATE, ON_TABLE }; /* table, kind inversion */
enum { FORCE, PRESSURE };      /* belt, kind traction; control tension */
enum { RELAY, SKIN };          /* pad, kind heat, control heat; wrap, kind cold, control chill */
enum { WEIGHT };               /* scale */
enum { LAIN_ON };              /* mat, kind occupancy */
enum { PRESSED };              /* button, kind stop_button */
enum {                         /* person */
       BODY_WEIGHT,
       CLEARED,
       ACKNOWLEDGED,
       DENIES_HEAT,
       DENIES_COLD,
       DENIES_TRACTION,
       DENIES_INVERSION,
       THERE,
       LIFE_METRICS
};
#define LIFE_EVENTS 256

/* What is not as usual in this home. */
struct life_setup {
	const char *figures; /* of `limits`; NULL: force 150 N, ceiling 300 N, pressure 30 kPa, weight 65 to 75 kg */
	unsigned without;    /* bits of devices that it does not have */
	unsigned no_sensor;  /* bits of devices whose second metric it does not have */
	unsigned no_control; /* bits of devices that measure only */
	bool presence;       /* presence is asked for */
	bool says_who;       /* the table says whether somebody is on it */
	bool mat;            /* a mat does; else there is none */
	bool proofs;         /* the pad has to prove its timer, has done so, and is tested again when it is due */
	const char *unseen;  /* a kind of owned_unmonitored */
};

struct life_event {
	enum core_event_type type;
	enum core_priority priority;
	char rule[64];
	uint64_t at;
};

struct life {
	struct config *config;
	struct core *core;
	uint64_t now;
	uint16_t index[LIFE_DEVICES]; /* in the core; CORE_NO_DEVICE: it has none */
	double sees[LIFE_DEVICES][LIFE_METRICS];
	bool silent[LIFE_DEVICES];
	unsigned no_control;        /* as in its setup */
	double asked[LIFE_DEVICES]; /* what the actuator was last told: 0 rest */
	bool stopped[LIFE_DEVICES]; /* ... in the fast way */
	uint64_t testing;           /* the grant that the pad's off-test is; 0: none runs ... */
	uint64_t test_at;           /* ... since */
	bool manual_force;          /* the test says what the belt's force is */
	bool no_presence;
	uint64_t step_ms;
	struct life_event events[LIFE_EVENTS];
	size_t n_events;
	enum core_outcome outcome; /* of the last request */
	char why[CORE_WHY_MAX];
	uint64_t rested_at[LIFE_DEVICES]; /* when it was last told to rest */
	/* Somebody who looks on: after each step of the core, first with NULL, then with each of its outputs. */
	void (*watch)(void *user, const struct core_output *out);
	void *user;
};

/* Half an hour after the start: nothing of before can matter any more. */
void life_start(struct life *l, const struct life_setup *setup);
void life_stop(struct life *l);

/* Time passes; every sensor that is not silent says what it sees every step_ms (500), and everything happens on time.
 */
void life_pass(struct life *l, uint64_t ms);
/* The same with few readings, for hours in which nothing may pause that matters. */
void life_wait(struct life *l, uint64_t ms);
/* Time passes, and nobody says anything; one device says what it sees and does, unless it is silent. */
void life_move(struct life *l, uint64_t ms);
void life_say(struct life *l, enum life_device device);
/* The sensor sees something else from now on, and says so. */
void life_see(struct life *l, enum life_device device, int metric, double value);
void life_see_quality(struct life *l, enum life_device device, int metric, double value, uint8_t quality);
void life_ask(struct life *l, enum life_device device, double value);
/* Its link breaks and is there again; it has said nothing yet. */
void life_blink(struct life *l, enum life_device device);
/* Somebody puts it away, or takes it out again. */
void life_park(struct life *l, enum life_device device, bool away);
/* Somebody resets all latches. */
void life_reset(struct life *l);

bool life_runs(const struct life *l, enum life_device device);
bool life_permits(const struct life *l, enum life_device device);
/* What the rule says of the device's control, whatever other rules say. */
enum core_rule_state life_state(const struct life *l, enum life_device device, const char *rule);
/* A metric by its key, those that the core derives included. It must be known. */
double life_value(const struct life *l, enum life_device device, const char *key);
/* Events since life_forget. */
void life_forget(struct life *l);
bool life_told(const struct life *l, enum core_event_type type, const char *rule);
/* Was a grant ended (tripped or paused) by that rule? */
bool life_ended_by(const struct life *l, const char *rule);
bool life_alarmed(const struct life *l, const char *rule);

/* The request must be granted, or refused because of that rule. */
void life_grants(struct life *l, enum life_device device, double value);
void life_refuses(struct life *l, enum life_device device, double value, const char *rule);

/* Tests, by the file that has them. */
struct CMUnitTest;
extern const struct CMUnitTest inversion_tests[], traction_tests[], heat_tests[], cold_tests[], together_tests[],
    people_tests[], sensor_tests[];
extern const size_t n_inversion_tests, n_traction_tests, n_heat_tests, n_cold_tests, n_together_tests, n_people_tests,
    n_sensor_tests;

#endif
