/* SPDX-License-Identifier: Apache-2.0
 * The person who uses this home's devices, as a device without a process: rules look at person.weight, person.cleared,
 * person.heat_acknowledged, person.denies_... and, where presence is to be confirmed, person.present. The active person
 * of the household (household.h) or the configuration's `profile` fills it; what that does not say stays unknown, and
 * never permits.
 *
 * How long a clearance still holds is read off the wall clock once, when it is first trusted, and counted down by the
 * boot clock from then on: a step of the wall clock changes nothing. Pure but for the clock it is given. */
#ifndef PERSON_H
#define PERSON_H

#include "config/config.h"
#include "core/core.h"

#define PERSON_METRICS    8u
#define PERSON_DENIES     4u
#define PERSON_REFRESH_MS 10000u /* how often it has to be told */

enum {
	PERSON_WEIGHT,
	PERSON_CLEARED,
	PERSON_HEAT_ACKNOWLEDGED,
	PERSON_DENIES_FIRST, /* denies_heat, denies_cold, denies_traction, denies_inversion */
	PERSON_PRESENT = PERSON_DENIES_FIRST + PERSON_DENIES,
};

struct person {
	const struct config_profile *profile;
	bool denies[PERSON_DENIES]; /* what a professional said that this person must not use */
	bool anchored;              /* the wall clock was trusted once */
	int64_t ends_ms;            /* of CLOCK_BOOTTIME: the clearance; may be long past */
	uint64_t told_ms;
	bool told;
};

/* Its rows, for the core's spec; `metrics` (PERSON_METRICS) must live as long as `out` is used. */
void person_describe(const struct config_profile *profile, struct core_metric metrics[PERSON_METRICS],
		     struct core_device *out);
/* `profile` NULL: it is not known yet whose it is, and nothing is told. `denies` NULL: nothing is denied. */
void person_init(struct person *person, const struct config_profile *profile, const bool *denies);
/* The readings that are due at `now_ms`; 0: none are. */
size_t person_readings(struct person *person, uint64_t now_ms, int64_t wall_ms, bool wall_trusted,
		       struct core_reading out[PERSON_METRICS]);

#endif
