/* SPDX-License-Identifier: Apache-2.0
 *
 * What one session was, as plain data: what the session machine fills, the history keeps and people are shown. Times on
 * the boot clock are milliseconds of CLOCK_BOOTTIME in the boot that `boot_id` names; times of day are milliseconds
 * since 1970 (Unix), and mean something only where `placed` is set: the gateway's clock was right at some moment of
 * that boot. How long something took never depends on the time of day.
 */
#ifndef SESSION_RECORD_H
#define SESSION_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "therapy/plugin.h"

#define SESSION_ID_SIZE       33  /* 32 hexadecimal digits and a NUL: drawn once, never given twice */
#define SESSION_BOOT_SIZE     37  /* /proc/sys/kernel/random/boot_id */
#define SESSION_WHAT_MAX      64  /* bytes of an activity's name with its NUL: "stretching" */
#define SESSION_NOTE_MAX      512 /* bytes of a note with its NUL, UTF-8 */
#define SESSION_PAIN_NOT_TOLD (-1)
#define SESSION_NOBODY        0 /* `person`: none was chosen */

/* The order is kept in files: only add at the end. */
enum session_kind {
	SESSION_INVERSION,
	SESSION_TRACTION,
	SESSION_HEAT,
	SESSION_COLD,
	SESSION_ACTIVITY,
	SESSION_KIND_COUNT_
};

/* How it ended. The order is kept in files: only add at the end. */
enum session_end {
	SESSION_RUNNING,
	SESSION_ENDED,   /* by itself or by a person's ordinary request */
	SESSION_TRIPPED, /* a rule ended it: `rule` */
	SESSION_STOPPED, /* somebody pressed stop, or told pain */
	SESSION_LOST,    /* the sensor or the device went silent and did not come back */
	SESSION_CUT,     /* the gateway ended or lost its power while it ran */
	SESSION_END_COUNT_
};

struct session_record {
	char id[SESSION_ID_SIZE];
	int64_t person; /* row of the history's people; SESSION_NOBODY */
	enum session_kind kind;
	char what[SESSION_WHAT_MAX]; /* ACTIVITY: which; else "" */
	char device[ID_MAX];         /* "" for an activity without one */

	char boot_id[SESSION_BOOT_SIZE];
	int64_t begun_boot_ms;
	bool placed;
	int64_t begun_ms;   /* Unix */
	int64_t lasted_ms;  /* from the beginning to the last moment that counted */
	int64_t active_ms;  /* of these: inverted, under force, heated. Includes unknown_ms: never too little */
	int64_t unknown_ms; /* of these: nothing was known, while it ran */

	bool has_value;         /* something was measured: */
	enum therapy_unit unit; /* of peak, mean and limit: degrees, newtons, watts, degrees Celsius */
	double peak, mean;      /* mean over the active time in which a value was known */
	bool has_limit;
	double limit;    /* the figure that the rules compared with when it began */
	int64_t over_ms; /* beyond it */
	bool has_dose;
	double dose_min; /* thermal dose, CEM43 in minutes */

	unsigned trips, alarms;
	enum session_end end;
	char rule[ID_MAX]; /* the rule that tripped it, or "" */

	int pain_before, pain_after; /* 0..10, SESSION_PAIN_NOT_TOLD */
	char note[SESSION_NOTE_MAX];
	char plan[ID_MAX]; /* that it belonged to, or "" */
	int step;          /* of the plan, from 1; 0: none */
};

#endif
