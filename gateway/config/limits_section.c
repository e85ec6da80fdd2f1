/* SPDX-License-Identifier: Apache-2.0
 * Limits: declared as a list in rule files, given figures as a group in the main file and in its devices. */
#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "config/sections.h"

struct limit_fields {
	char *id, *unit;
	bool minimum;
};

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct limit_fields, key_), __VA_ARGS__                    \
	}
static const struct field fields[] = {
    FIELD(id, FIELD_ID, .required = true, .expected = "a name of a-z, 0-9, _ and -"),
    FIELD(unit, FIELD_TEXT, .max = 16, .expected = "a unit like \"N\" or \"deg\"; none for a count"),
    FIELD(minimum, FIELD_TRUTH, .expected = "true or false"),
    {.key = "default", .type = FIELD_OTHER},
    {.key = "caps", .type = FIELD_OTHER},
};
#undef FIELD

/* A figure in the limit's unit, "150 N". */
static bool read_default(struct reader *r, setting *s, const char *where, enum therapy_unit unit, double *out)
{
	char what[128], expected[64];
	enum therapy_unit found;
	snprintf(what, sizeof what, "%s: default", where);
	snprintf(expected, sizeof expected, "a number in %s", unit_choices(unit));
	if (unit == THERAPY_UNIT_ONE)
		snprintf(expected, sizeof expected, "a plain number");
	if (!setting_amount(r, s, what, expected, out, &found))
		return false;
	if (found == unit)
		return true;
	char text[96];
	setting_describe(s, text, sizeof text);
	read_fault(r, setting_line(s), "%s: found %s, expected %s", what, text, expected);
	return false;
}

static void read_limit(struct reader *r, setting *group, size_t i, struct core_limit *limit)
{
	char where[96];
	lists_where(group, "limit", "limits", i, where);
	struct limit_fields in = {0};
	read_fields(r, group, where, fields, sizeof fields / sizeof *fields, &in);
	*limit = (struct core_limit){
	    .file = r->source.file, .line = setting_line(group), .id = in.id, .minimum = in.minimum};
	struct unit_conversion to = {.unit = THERAPY_UNIT_ONE};
	if (in.unit && !unit_parse(in.unit, strlen(in.unit), &to)) {
		read_fault(r, setting_line(read_member(group, "unit")),
			   "%s: unit: found \"%s\", expected one that is known, like N, deg, degC, kPa or min", where,
			   in.unit);
		return;
	}
	limit->unit = to.unit;
	setting *given = read_member(group, "default");
	limit->has_default = given && read_default(r, given, where, limit->unit, &limit->value);
	lists_texts(r, group, where, "caps", "a list like [ \"kind:traction\" ] or [ \"belt.tension\" ]", &limit->caps,
		    &limit->n_caps);
}

void limits_section(struct reader *r, setting *root, struct list *limits)
{
	setting *s;
	for (size_t i = 0; (s = lists_group(r, root, "limits", limits, LIMITS_MAX, i)); i++)
		if (setting_is_group(s))
			read_limit(r, s, i, list_add(r->arena, limits, sizeof(struct core_limit)));
}

void figures_group(struct reader *r, setting *group, const char *where, const char *device, struct list *figures)
{
	setting *limits = read_member(group, "limits");
	if (!limits)
		return;
	char what[160], found[96];
	if (!setting_is_group(limits)) {
		setting_describe(limits, found, sizeof found);
		read_fault(r, setting_line(limits),
			   "%s%slimits: found %s, expected figures { force = \"150 N\"; }; rule files declare limits",
			   where, *where ? ": " : "", found);
		return;
	}
	for (size_t i = 0; i < setting_length(limits); i++) {
		setting *s = setting_at(limits, i);
		double value;
		enum therapy_unit unit;
		snprintf(what, sizeof what, "%s%slimits: %.48s", where, *where ? ": " : "", setting_name(s));
		if (!setting_amount(r, s, what, "a number with its unit in quotes, like \"150 N\"", &value, &unit))
			continue;
		struct core_figure *figure = list_add(r->arena, figures, sizeof *figure);
		*figure = (struct core_figure){.file = r->source.file,
					       .line = setting_line(s),
					       .limit = arena_copy(r->arena, setting_name(s), strlen(setting_name(s))),
					       .device = device,
					       .unit = unit,
					       .value = value};
	}
}
