/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/arguments.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int argument_number(const char *text, const char *unit, double *out)
{
	char *end;
	errno = 0;
	double value = strtod(text, &end);
	if (end == text || errno || !isfinite(value) || (*end && strcmp(end, unit) != 0))
		return WRONG;
	*out = value;
	return 0;
}

int argument_on_off(const char *text, bool *out)
{
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
		return WRONG;
	*out = text[1] == 'n';
	return 0;
}

int argument_chance(const char *text, double *out)
{
	double value;
	bool percent = strchr(text, '%');
	if (argument_number(text, "%", &value))
		return WRONG;
	value = percent ? value / 100 : value;
	if (value < 0 || value > 1)
		return WRONG;
	*out = value;
	return 0;
}

int argument_duration(const char *text, uint64_t *out_ms)
{
	double value;
	if (argument_number(text, "ms", &value)) {
		if (argument_number(text, "s", &value))
			return WRONG;
		value *= 1000;
	}
	if (value < 0 || value > 3.6e6)
		return WRONG;
	*out_ms = (uint64_t)value;
	return 0;
}
