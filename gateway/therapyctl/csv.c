/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/csv.h"

#include <string.h>

#include "base/str.h"
#include "therapyctl/fields.h"

enum cell { TEXT, NUMBER, TRUTH };

static const struct {
	const char *name; /* of the column and of the gateway's member */
	enum cell cell;
} columns[] = {
    {"id", TEXT},          {"kind", TEXT},          {"what", TEXT},         {"device", TEXT},
    {"person", TEXT},      {"begun", TEXT},         {"begun_ms", NUMBER},   {"placed", TRUTH},
    {"lasted_ms", NUMBER}, {"active_ms", NUMBER},   {"unknown_ms", NUMBER}, {"unit", TEXT},
    {"peak", NUMBER},      {"mean", NUMBER},        {"limit", NUMBER},      {"over_ms", NUMBER},
    {"dose_min", NUMBER},  {"trips", NUMBER},       {"alarms", NUMBER},     {"end", TEXT},
    {"rule", TEXT},        {"pain_before", NUMBER}, {"pain_after", NUMBER}, {"plan", TEXT},
    {"step", NUMBER},      {"note", TEXT},
};

#define COLUMNS (sizeof columns / sizeof *columns)

/* Excel and others compute what begins so, whatever it is quoted with. */
static bool computes(const char *text)
{
	return text[0] && strchr("=+-@\t\r\n", text[0]);
}

static void add_text(struct text *out, const char *foreign)
{
	bool quoted = strpbrk(foreign, ",\"\r\n") != NULL;
	if (quoted)
		text_add(out, "\"");
	if (computes(foreign))
		text_add(out, "'");
	for (uint32_t c; (c = text_next(&foreign)) != 0;) {
		if (c == '"')
			text_add(out, "\"");
		text_add_character(out, c);
	}
	if (quoted)
		text_add(out, "\"");
}

static void add_number(struct text *out, struct json_object *value)
{
	char number[64];
	struct str s;
	str_init(&s, number, sizeof number);
	if (json_object_is_type(value, json_type_int))
		str_add(&s, "%lld", (long long)json_object_get_int64(value));
	else if (json_object_is_type(value, json_type_double))
		str_add_number(&s, json_object_get_double(value), 6);
	text_add(out, "%s", number);
}

void csv_header(struct text *out)
{
	for (size_t i = 0; i < COLUMNS; i++)
		text_add(out, "%s%s", i ? "," : "", columns[i].name);
	text_add(out, "\r\n");
}

void csv_row(struct text *out, const struct row *row)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		const char *name = columns[i].name;
		text_add(out, "%s", i ? "," : "");
		if (columns[i].cell == TEXT)
			add_text(out, field_text(row->from, name));
		else if (columns[i].cell == NUMBER)
			add_number(out, field(row->from, name));
		else
			text_add(out, "%s", field_true(row->from, name) ? "true" : "false");
	}
	text_add(out, "\r\n");
}
