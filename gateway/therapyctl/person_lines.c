/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/person_lines.h"

#include "base/str.h"
#include "therapyctl/date.h"
#include "therapyctl/fields.h"
#include "therapyctl/print.h"

#define CLEARED_DAYS 365 /* as the gateway has it: hazard 29 */
#define SOON_DAYS    30

static void add_date(struct text *out, struct date date)
{
	text_add(out, "%u %s %d", date.day, date_month_name(date.month, false), date.year);
}

static void add_quantity(struct text *out, double value, const char *unit)
{
	char text[96];
	struct str s;
	str_init(&s, text, sizeof text);
	print_quantity(&s, value, unit);
	text_add_line(out, text);
}

void person_weight(struct text *out, struct json_object *person)
{
	if (field_given(person, "weight_kg"))
		add_quantity(out, field_number(person, "weight_kg"), "kg");
	else
		text_add(out, "not told: no force follows from it");
}

void person_clearance(struct text *out, struct json_object *person, int64_t now_ms)
{
	struct date on, today;
	if (!date_parse(field_text(person, "cleared_on"), &on)) {
		text_add(out, "no: powered traction is refused");
		return;
	}
	struct date end = date_plus(on, CLEARED_DAYS);
	text_add(out, "on ");
	add_date(out, on);
	if (field_text(person, "cleared_by")[0]) {
		text_add(out, " by ");
		text_add_line(out, field_text(person, "cleared_by"));
	}
	int left = date_of(now_ms, &today) ? date_between(today, end) : CLEARED_DAYS;
	text_add(out, left > 0 ? ", until " : "; it LAPSED on ");
	add_date(out, end);
	if (left <= 0)
		text_add(out, ": powered traction is refused");
	else if (left <= SOON_DAYS)
		text_add(out, ", which is soon: see your professional");
}

void person_limits(struct text *out, struct json_object *person)
{
	struct json_object *limits = field(person, "limits");
	const char *separator = "";
	if (json_object_is_type(limits, json_type_object)) {
		json_object_object_foreach(limits, id, value)
		{
			text_add(out, "%s", separator);
			text_add_line(out, id);
			text_add(out, " ");
			text_add_line(out, value ? json_object_get_string(value) : ""); /* "35 deg" */
			separator = ", ";
		}
	}
	if (!separator[0])
		text_add(out, "none of their own");
}

void person_denied(struct text *out, struct json_object *person)
{
	struct json_object *denies = field_list(person, "denies");
	size_t n = json_object_array_length(denies);
	for (size_t i = 0; i < n; i++) {
		const char *kind = json_object_get_string(json_object_array_get_idx(denies, i));
		text_add(out, "%s", i ? ", " : "");
		text_add_line(out, kind ? kind : "");
	}
	if (n == 0)
		text_add(out, "nothing");
}

void person_line(struct text *out, struct json_object *person, int64_t now_ms)
{
	text_add(out, "weight ");
	person_weight(out, person);
	text_add(out, "; cleared ");
	person_clearance(out, person, now_ms);
	text_add(out, "; limits: ");
	person_limits(out, person);
	text_add(out, "; denied: ");
	person_denied(out, person);
}
