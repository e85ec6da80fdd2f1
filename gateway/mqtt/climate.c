/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/climate.h"

#include <math.h>
#include <string.h>

bool climate_is(const Therapy__V1__DeviceDescription *device, size_t control)
{
	const Therapy__V1__ControlDescription *row = device->controls[control];
	return strcmp(device->kind, "heat") == 0 && row->type == THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_NUMBER &&
	       row->unit == THERAPY__V1__UNIT__UNIT_CELSIUS && row->words[0] == '\0';
}

/* It heats, or will by itself: somebody's wish stands, or somebody else switched it on. */
static bool is_on(const struct core_permission *now)
{
	return now->granted || now->suspended || now->phase == CORE_PHASE_ENERGISED ||
	       now->phase == CORE_PHASE_CONFIRMED_ON;
}

/* Home Assistant converts from degrees Fahrenheit, and its numbers then fit no step: the one below is meant. */
static double stepped(const Therapy__V1__ControlDescription *row, double value)
{
	if (!(row->step > 0) || !isfinite(value) || value < row->min)
		return value;
	return row->min + floor((value - row->min) / row->step + 1e-6) * row->step;
}

double climate_target(const struct climate *climate, const Therapy__V1__ControlDescription *row,
		      const struct core_permission *now, uint64_t now_ms)
{
	if (is_on(now))
		return now->asked > 0 ? now->asked : now->value > 0 ? now->value : row->min;
	return now_ms < climate->until_ms ? climate->wanted : row->min;
}

const char *climate_mode(const struct core_permission *now)
{
	if (is_on(now))
		return "heat";
	return now->phase == CORE_PHASE_AT_REST ? "off" : NULL; /* off is what a reading proves */
}

void climate_request(const struct climate *climate, const Therapy__V1__ControlDescription *row, enum climate_part part,
		     const struct core_permission *now, uint64_t now_ms, struct core_request *r)
{
	if (r->value == 0)
		return;
	if (part == CLIMATE_MODE) {
		r->value = climate_target(climate, row, now, now_ms);
		return;
	}
	r->value = stepped(row, r->value);
	if (!is_on(now))
		r->verb = CORE_CHECK;
}

void climate_answered(struct climate *climate, enum climate_part part, const struct core_request *r,
		      enum core_outcome outcome, uint64_t now_ms)
{
	if (outcome != CORE_ACCEPTED)
		return;
	if (r->verb == CORE_CHECK) {
		*climate = (struct climate){r->value, now_ms + CLIMATE_WANTED_MS};
	} else if (r->value == 0) {
		if (now_ms < climate->until_ms)
			climate->until_ms = now_ms + CLIMATE_WANTED_MS;
	} else if (part == CLIMATE_TEMPERATURE) {
		*climate = (struct climate){r->value, now_ms + CLIMATE_ACTION_MS};
	} else {
		climate->until_ms = 0; /* it runs */
	}
}

bool climate_expired(struct climate *climate, uint64_t now_ms)
{
	if (climate->until_ms == 0 || now_ms < climate->until_ms)
		return false;
	climate->until_ms = 0;
	return true;
}
