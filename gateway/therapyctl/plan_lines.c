/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/plan_lines.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "therapyctl/date.h"
#include "therapyctl/fields.h"
#include "therapyctl/print.h"

static void pad(struct text *out, const char *piece, size_t columns)
{
	text_add(out, "%s", piece);
	for (size_t n = print_columns_of(piece); n < columns; n++)
		text_add(out, " ");
}

static void add_done(struct text *out, struct json_object *item, const char *done, const char *planned, size_t columns)
{
	char text[64];
	snprintf(text, sizeof text, "%llu of %llu", (unsigned long long)field_count(item, done),
		 (unsigned long long)field_count(item, planned));
	pad(out, text, columns);
}

void plan_item(struct text *out, struct json_object *item)
{
	struct text what = {0};
	const char *text = field_text(item, "text");
	text_add_line(&what, text[0] ? text : field_text(item, "what"));
	pad(out, what.at ? what.at : "", PLAN_ITEM_COLUMNS - 2);
	text_add(out, "  ");
	out->failed |= what.failed;
	text_release(&what);
	add_done(out, item, "done_today", "today", PLAN_DONE_COLUMNS);
	add_done(out, item, "done_week", "week", 0);
}

const char *plan_item_waits(struct json_object *item)
{
	const char *why = field_text(item, "why");
	if (strcmp(why, "needs_clearance") == 0)
		return "waits for a professional's clearance: therapyctl person set NAME --cleared-on DAY --cleared-by "
		       "WHO";
	if (strcmp(why, "needs_weight") == 0)
		return "waits for a weight, of which its force is a share: therapyctl person set NAME --weight \"72 "
		       "kg\"";
	return why[0] ? "waits" : "";
}

/* "14:05", of another day "Mon 30 Nov, 14:05". */
static void add_moment(struct str *s, int64_t ms, int64_t now_ms)
{
	struct date date, today;
	if (date_of(ms, &date) && date_of(now_ms, &today) && date_between(today, date) != 0)
		str_add(s, "%s %u %s, ", date_weekday_name(date_weekday(date), true), date.day,
			date_month_name(date.month, true));
	date_add_time(s, ms);
}

void plan_next(struct text *out, struct json_object *plan, int64_t now_ms)
{
	struct json_object *next = field(plan, "next");
	int64_t ms;
	if (!field_text(next, "text")[0])
		return;
	text_add(out, "Next: ");
	text_add_line(out, field_text(next, "text"));
	if (date_parse_moment(field_text(next, "not_before"), now_ms, false, &ms) && ms > now_ms) {
		char text[48];
		struct str s;
		str_init(&s, text, sizeof text);
		add_moment(&s, ms, now_ms);
		text_add(out, ", not before %s", text);
	}
	text_add(out, ".");
}

const char *plan_backed(struct json_object *plan)
{
	const char *backed = field_text(plan, "backed");
	if (strcmp(backed, "pain") == 0)
		return "It went back to this step because of pain. If that stays, ask your professional.";
	if (strcmp(backed, "trip") == 0)
		return "It went back to this step because a rule ended a session.";
	if (strcmp(backed, "person") == 0)
		return "It went back to this step because you asked for it.";
	return backed[0] ? "It went back to this step." : "";
}

const char *plan_frozen(struct json_object *plan)
{
	return field_true(plan, "frozen")
		   ? "It is frozen: the clearance by a professional has lapsed. It goes on after a "
		     "new one: therapyctl person set NAME --cleared-on DAY --cleared-by WHO"
		   : "";
}

void plan_reminds(struct text *out, struct json_object *plan)
{
	struct json_object *times = field_list(plan, "remind"), *quiet = field_list(plan, "quiet");
	size_t n = json_object_array_length(times);
	if (n == 0)
		return;
	text_add(out, "Reminds at ");
	for (size_t i = 0; i < n; i++) {
		const char *time = json_object_get_string(json_object_array_get_idx(times, i));
		text_add(out, "%s", i ? ", " : "");
		text_add_line(out, time ? time : "");
	}
	if (json_object_array_length(quiet) == 2) {
		const char *from = json_object_get_string(json_object_array_get_idx(quiet, 0)),
			   *to = json_object_get_string(json_object_array_get_idx(quiet, 1));
		text_add(out, ", but not from ");
		text_add_line(out, from ? from : "");
		text_add(out, " to ");
		text_add_line(out, to ? to : "");
	}
	text_add(out, ".");
}
