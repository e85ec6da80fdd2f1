/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "config/sections.h"

struct profile_fields {
	char *cleared_on, *cleared_by;
	bool heat_acknowledged;
	uint64_t presence;
};

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct profile_fields, key_), __VA_ARGS__                  \
	}
static const struct field fields[] = {
    {.key = "weight", .type = FIELD_OTHER},
    FIELD(cleared_on, FIELD_TEXT, .max = TEXT_MAX, .expected = "a date like \"2026-05-01\""),
    FIELD(cleared_by, FIELD_TEXT, .max = TEXT_MAX, .expected = "the name of the professional in quotes"),
    FIELD(heat_acknowledged, FIELD_TRUTH, .expected = "true or false"),
    FIELD(presence, FIELD_DURATION, .min = 10000, .max = 3600000, .expected = "a duration like \"2 min\""),
};
#undef FIELD

/* Howard Hinnant's days_from_civil. */
bool config_day(const char *text, int64_t *out)
{
	unsigned y, m, d;
	int used = 0;
	static const unsigned char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (strlen(text) != 10 || strspn(text, "0123456789-") != 10 || text[4] != '-' || text[7] != '-' ||
	    sscanf(text, "%4u-%2u-%2u%n", &y, &m, &d, &used) != 3 || used != 10)
		return false;
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	if (y < 1970 || m < 1 || m > 12 || d < 1 || d > lengths[m - 1] + (unsigned)(m == 2 && leap))
		return false;
	y -= m <= 2;
	unsigned of_era = y % 400, of_year = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	*out = (int64_t)(y / 400) * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
	return true;
}

static void read_weight(struct reader *r, setting *s, struct config_profile *out)
{
	enum therapy_unit unit;
	double weight;
	const char *expected = "a weight like \"70 kg\" of 20 kg to 300 kg";
	if (!setting_amount(r, s, "profile: weight", expected, &weight, &unit))
		return;
	if (unit == THERAPY_UNIT_KILOGRAM && weight >= 20 && weight <= 300) {
		out->has_weight = true;
		out->weight_kg = weight;
		return;
	}
	char found[96];
	setting_describe(s, found, sizeof found);
	read_fault(r, setting_line(s), "profile: weight: found %s, expected %s", found, expected);
}

void profile_section(struct reader *r, setting *root, struct config_profile *out)
{
	struct profile_fields in = {0};
	setting *group = read_group(r, root, "", "profile"), *weight;
	if (!group)
		return;
	read_fields(r, group, "profile", fields, sizeof fields / sizeof *fields, &in);
	*out = (struct config_profile){.heat_acknowledged = in.heat_acknowledged,
				       .cleared_on = in.cleared_on,
				       .cleared_by = in.cleared_by,
				       .presence_ms = in.presence,
				       .line = setting_line(group)};
	if ((weight = read_member(group, "weight")))
		read_weight(r, weight, out);
	int64_t day;
	if (in.cleared_on && config_day(in.cleared_on, &day)) {
		out->has_cleared = true;
		out->cleared_s = day * 86400;
	} else if (in.cleared_on) {
		read_fault(r, setting_line(read_member(group, "cleared_on")),
			   "profile: cleared_on: found \"%.40s\", expected a day that exists, like \"2026-05-01\"",
			   in.cleared_on);
	}
	if ((in.cleared_on != NULL) != (in.cleared_by != NULL))
		read_fault(r, setting_line(group), "profile: %s is missing, expected who cleared this person, and when",
			   in.cleared_on ? "cleared_by" : "cleared_on");
}
