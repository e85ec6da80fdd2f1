/* SPDX-License-Identifier: Apache-2.0 */
#include "person.h"

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
	for (size_t i = 0; i < PERSON_METRICS; i++)
		metrics[i].stale_ms = PERSON_REFRESH_MS * 3;
	if (profile->presence_ms)
		metrics[PERSON_PRESENT].stale_ms = (uint32_t)profile->presence_ms;
	*out = (struct core_device){.id = "person",
				    .kind = "person",
				    .metrics = metrics,
				    .n_metrics = profile->presence_ms ? PERSON_METRICS : PERSON_METRICS - 1u};
}

void person_init(struct person *person, const struct config_profile *profile)
{
	*person = (struct person){.profile = profile};
}

static void add(struct core_reading *out, size_t *n, uint16_t metric, double value, uint64_t now_ms)
{
	out[(*n)++] = (struct core_reading){metric, THERAPY_GOOD, value, now_ms};
}

size_t person_readings(struct person *person, uint64_t now_ms, int64_t wall_ms, bool wall_trusted,
		       struct core_reading out[PERSON_METRICS])
{
	const struct config_profile *p = person->profile;
	size_t n = 0;
	if (person->told && now_ms - person->told_ms < PERSON_REFRESH_MS)
		return 0;
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
	if (p->has_weight)
		add(out, &n, PERSON_WEIGHT, p->weight_kg, now_ms);
	if (person->anchored)
		add(out, &n, PERSON_CLEARED, (double)(person->ends_ms - (int64_t)now_ms) / 1e3, now_ms);
	if (p->line) /* whoever wrote a profile said yes or no */
		add(out, &n, PERSON_HEAT_ACKNOWLEDGED, p->heat_acknowledged, now_ms);
	return n;
}
