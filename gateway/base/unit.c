/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unit.h"

#include <stdlib.h>

struct written {
	const char *text;
	struct unit_conversion to;
};

/* Exact by definition: kgf (3rd CGPM 1901), lb and lbf (1959 agreement), mmHg and psi (NIST SP 811). */
static const struct written written[] = {
    {"", {THERAPY_UNIT_ONE, 1, 0}},
    {"deg", {THERAPY_UNIT_DEG, 1, 0}},
    {"deg/s", {THERAPY_UNIT_DEG_PER_S, 1, 0}},
    {"N", {THERAPY_UNIT_NEWTON, 1, 0}},
    {"kgf", {THERAPY_UNIT_NEWTON, 9.80665, 0}},
    {"lbf", {THERAPY_UNIT_NEWTON, 4.4482216152605, 0}},
    {"degC", {THERAPY_UNIT_CELSIUS, 1, 0}},
    {"degF", {THERAPY_UNIT_CELSIUS, 5.0 / 9.0, -160.0 / 9.0}},
    {"kPa", {THERAPY_UNIT_KILOPASCAL, 1, 0}},
    {"mmHg", {THERAPY_UNIT_KILOPASCAL, 0.133322387415, 0}},
    {"psi", {THERAPY_UNIT_KILOPASCAL, 6.894757293168, 0}},
    {"W", {THERAPY_UNIT_WATT, 1, 0}},
    {"Wh", {THERAPY_UNIT_WATT_HOUR, 1, 0}},
    {"V", {THERAPY_UNIT_VOLT, 1, 0}},
    {"A", {THERAPY_UNIT_AMPERE, 1, 0}},
    {"kg", {THERAPY_UNIT_KILOGRAM, 1, 0}},
    {"lb", {THERAPY_UNIT_KILOGRAM, 0.45359237, 0}},
    {"%", {THERAPY_UNIT_PERCENT, 1, 0}},
    {"s", {THERAPY_UNIT_SECOND, 1, 0}},
    {"min", {THERAPY_UNIT_SECOND, 60, 0}},
    {"h", {THERAPY_UNIT_SECOND, 3600, 0}},
    {"g", {THERAPY_UNIT_STANDARD_G, 1, 0}},
    {"N/s", {THERAPY_UNIT_NEWTON_PER_S, 1, 0}},
    {"lbf/s", {THERAPY_UNIT_NEWTON_PER_S, 4.4482216152605, 0}},
};

static const struct {
	const char *text, *symbol, *choices;
} shown[THERAPY_UNIT_COUNT_] = {
    [THERAPY_UNIT_ONE] = {"", "", "a plain number"},
    [THERAPY_UNIT_BOOL] = {"", "", "0 or 1"},
    [THERAPY_UNIT_DEG] = {"deg", "°", "deg"},
    [THERAPY_UNIT_DEG_PER_S] = {"deg/s", "°/s", "deg/s"},
    [THERAPY_UNIT_NEWTON] = {"N", "N", "N, kgf or lbf"},
    [THERAPY_UNIT_CELSIUS] = {"degC", "°C", "degC or degF"},
    [THERAPY_UNIT_KILOPASCAL] = {"kPa", "kPa", "kPa, mmHg or psi"},
    [THERAPY_UNIT_WATT] = {"W", "W", "W"},
    [THERAPY_UNIT_WATT_HOUR] = {"Wh", "Wh", "Wh"},
    [THERAPY_UNIT_VOLT] = {"V", "V", "V"},
    [THERAPY_UNIT_AMPERE] = {"A", "A", "A"},
    [THERAPY_UNIT_KILOGRAM] = {"kg", "kg", "kg or lb"},
    [THERAPY_UNIT_PERCENT] = {"%", "%", "%"},
    [THERAPY_UNIT_SECOND] = {"s", "s", "s, min or h"},
    [THERAPY_UNIT_STANDARD_G] = {"g", "g", "g"},
    [THERAPY_UNIT_NEWTON_PER_S] = {"N/s", "N/s", "N/s or lbf/s"},
};

bool unit_parse(const char *text, size_t size, struct unit_conversion *out)
{
	for (size_t i = 0; i < sizeof written / sizeof *written; i++)
		if (strlen(written[i].text) == size && memcmp(written[i].text, text, size) == 0) {
			*out = written[i].to;
			return true;
		}
	return false;
}

const char *unit_text(enum therapy_unit unit)
{
	return (unsigned)unit < THERAPY_UNIT_COUNT_ ? shown[unit].text : "?";
}

const char *unit_symbol(enum therapy_unit unit)
{
	return (unsigned)unit < THERAPY_UNIT_COUNT_ ? shown[unit].symbol : "?";
}

const char *unit_choices(enum therapy_unit unit)
{
	return (unsigned)unit < THERAPY_UNIT_COUNT_ ? shown[unit].choices : "?";
}

/* Pressure is psi and not mmHg: that is what Home Assistant itself shows where its units are the US customary ones. */
static const struct {
	enum therapy_unit unit;
	const char *text, *symbol;
	unsigned finer;
} imperial[] = {
    {THERAPY_UNIT_CELSIUS, "degF", "°F", 0},          {THERAPY_UNIT_NEWTON, "lbf", "lbf", 1},
    {THERAPY_UNIT_KILOGRAM, "lb", "lb", 0},           {THERAPY_UNIT_KILOPASCAL, "psi", "psi", 1},
    {THERAPY_UNIT_NEWTON_PER_S, "lbf/s", "lbf/s", 1},
};

struct unit_view unit_view(enum unit_system system, enum therapy_unit unit)
{
	struct unit_view view = {unit_text(unit), unit_symbol(unit), 1, 0, 0};
	for (size_t i = 0; system == UNIT_IMPERIAL && i < sizeof imperial / sizeof *imperial; i++) {
		struct unit_conversion to;
		if (imperial[i].unit != unit || !unit_parse(imperial[i].text, strlen(imperial[i].text), &to))
			continue;
		view = (struct unit_view){imperial[i].text, imperial[i].symbol, to.scale, to.offset, imperial[i].finer};
	}
	return view;
}

double unit_view_shown(const struct unit_view *view, double inner)
{
	return (inner - view->offset) / view->scale;
}

double unit_view_inner(const struct unit_view *view, double seen)
{
	return seen * view->scale + view->offset;
}

bool unit_amount(const char *text, double *out, enum therapy_unit *unit)
{
	const char *at = text + (text[0] == '-' || text[0] == '+');
	if (!(at[0] >= '0' && at[0] <= '9') || (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')))
		return false; /* strtod would take " 5", "inf", "nan" and "0x5" */
	char *end;
	double number = strtod(text, &end);
	while (*end == ' ')
		end++;
	struct unit_conversion to;
	if (!unit_parse(end, strlen(end), &to) || !isfinite(number) || !isfinite(number * to.scale + to.offset))
		return false;
	*out = number * to.scale + to.offset;
	*unit = to.unit;
	return true;
}

bool unit_duration(const char *text, uint64_t *out_ms)
{
	static const struct {
		const char *text;
		double ms;
	} units[] = {{"ms", 1}, {"s", 1e3}, {"min", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
	char *end;
	if (!(text[0] >= '0' && text[0] <= '9')) /* strtod would take " 5", "+5", "inf" and "0x5" */
		return false;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return false;
	double value = strtod(text, &end);
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(end, units[i].text) == 0) {
			double ms = value * units[i].ms;
			if (!(ms >= 0 && ms <= 31.0 * 86400e3))
				return false;
			*out_ms = (uint64_t)(ms + 0.5);
			return true;
		}
	return false;
}
