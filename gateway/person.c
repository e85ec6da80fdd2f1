/* SPDX-License-Identifier: Apache-2.0 */
#include "person.h"

#include <string.h>

#include "base/log.h"

#define DAY_MS        (86400 * 1000ll)
#define CLEARED_FOR_S (365 * 86400) /* twelve months; hazard 29 */

void person_describe(const struct config_profile *profile, struct core_metric metrics[PERSON_METRICS],
		     struct core_device *out)
{
	metrics[PERSON_WEIGHT] = (struct core_metric){.key = "weight", .unit = THERAPY_UNIT_KILOGRAM};
	metrics[PERSON_CLEARED] = (struct core_metric){.key = "cleared", .unit = THERAPY_UNIT_SECOND};
	metrics[PERSON_HEAT_ACKNOWLEDGED] = (struct core_metric){.key = "heat_acknowledged", .unit = THERAPY_UNIT_BOOL};
	metrics[PERSON_PRESENT] = (struct core_metric){.key = "present", .unit = THERAPY_UNIT_BOOL};
	static const char *const denies[PERSON_DENIES] = {"denies_heat", "denies_cold", "denies_traction",
							  "denies_inversion"};
	for (size_t i = 0; i < PERSON_DENIES; i++)
		metrics[PERSON_DENIES_FIRST + i] = (struct core_metric){.key = denies[i], .unit = THERAPY_UNIT_BOOL};
	for (size_t i = 0; i < PERSON_METRICS; i++)
		metrics[i].stale_ms = PERSON_REFRESH_MS * 3;
	if (profile->presence_ms)
		metrics[PERSON_PRESENT].stale_ms = (uint32_t)profile->presence_ms;
	*out = (struct core_device){.id = "person",
				    .kind = "person",
				    .metrics = metrics,
				    .n_metrics = profile->presence_ms ? PERSON_METRICS : PERSON_METRICS - 1u};
}

void person_init(struct person *person, const struct config_profile *profile, const bool *denies)
{
	*person = (struct person){.profile = profile};
	if (denies)
		memcpy(person->denies, denies, sizeof person->denies);
}

/* What is not known is told as well: it may have been, of another person. */
static void add(struct core_reading *out, size_t *n, uint16_t metric, bool known, double value, uint64_t now_ms)
{
	out[(*n)++] = (struct core_reading){metric, known ? THERAPY_GOOD : THERAPY_UNKNOWN, known ? value : 0, now_ms};
}

size_t person_readings(struct person *person, uint64_t now_ms, int64_t wall_ms, bool wall_trusted,
		       struct core_reading out[PERSON_METRICS])
{
	const struct config_profile *p = person->profile;
	size_t n = 0;
	if (!p || (person->told && now_ms - person->told_ms < PERSON_REFRESH_MS))
		return 0; /* or nobody knows yet who it is */
	person->told = true;
	person->told_ms = now_ms;
	if (p->has_cleared && wall_trusted && !person->anchored) {
		person->anchored = true;
		person->ends_ms = (p->cleared_s + CLEARED_FOR_S) * 1000 - wall_ms + (int64_t)now_ms;
		if (p->cleared_s * 1000 > wall_ms + DAY_MS) { /* a day: of the zone */
			person->ends_ms = (int64_t)now_ms;
			log_warn("gateway", "profile: cleared_on: found %s, which is still to come: it clears nobody",
				 p->cleared_on ? p->cleared_on : "a day");
		}
	}
	add(out, &n, PERSON_WEIGHT, p->has_weight, p->weight_kg, now_ms);
	add(out, &n, PERSON_CLEARED, person->anchored, (double)(person->ends_ms - (int64_t)now_ms) / 1e3, now_ms);
	/* whoever wrote a profile said yes or no */
	add(out, &n, PERSON_HEAT_ACKNOWLEDGED, p->line != 0, p->heat_acknowledged, now_ms);
	for (uint16_t i = 0; i < PERSON_DENIES; i++)
		add(out, &n, (uint16_t)(PERSON_DENIES_FIRST + i), true, person->denies[i], now_ms);
	return n;
}
