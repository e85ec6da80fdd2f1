/* SPDX-License-Identifier: Apache-2.0 */
#include "core/values.h"

bool value_put(struct value *value, const struct core_reading *reading, uint64_t now_ms)
{
	uint64_t stamp = reading->stamp_ms > now_ms ? now_ms : reading->stamp_ms;
	if (value->seen && stamp < value->stamp_ms)
		return false;
	uint8_t quality = reading->quality;
	if (quality > THERAPY_ERROR || (quality == THERAPY_GOOD && !isfinite(reading->value)))
		quality = THERAPY_ERROR;
	*value = (struct value){
	    .value = isfinite(reading->value) ? reading->value : 0,
	    .stamp_ms = stamp,
	    .wrong_ms = value->seen && value->quality == THERAPY_ERROR ? value->wrong_ms : now_ms,
	    .quality = quality,
	    .seen = true,
	    .lasting = value->lasting,
	};
	return true;
}

void value_lose(struct value *value)
{
	value->quality = THERAPY_UNKNOWN;
}

uint64_t value_age(const struct value *value, uint64_t now_ms)
{
	return value->seen && !value->lasting && now_ms > value->stamp_ms ? now_ms - value->stamp_ms : 0;
}

bool value_fresh(const struct value *value, uint64_t now_ms, uint64_t max_age_ms)
{
	return value->seen && value_age(value, now_ms) <= max_age_ms;
}

uint8_t value_quality(const struct value *value, uint64_t now_ms, uint64_t max_age_ms)
{
	return value_fresh(value, now_ms, max_age_ms) ? value->quality : (uint8_t)THERAPY_UNKNOWN;
}
