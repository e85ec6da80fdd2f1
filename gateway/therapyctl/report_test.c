/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/report_page.h"

#include <stdlib.h>
#include <time.h>

#include "base/testing.h"

/* Written out, so that no database of zones has to be installed. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

struct sheet {
	struct rows sessions, unplaced;
	struct report report;
	struct json_object *person, *course;
	struct text text;
};

static int set_up(void **state)
{
	struct sheet *sheet = calloc(1, sizeof *sheet);
	if (!sheet)
		return -1;
	setenv("TZ", BERLIN, 1);
	tzset();
	sheet->report.month = (struct date){2026, 11, 1};
	sheet->report.now_ms = date_begins_ms((struct date){2026, 11, 28}) + 1000;
	sheet->report.sessions = &sheet->sessions;
	sheet->report.unplaced = &sheet->unplaced;
	*state = sheet;
	return 0;
}

static int tear_down(void **state)
{
	struct sheet *sheet = *state;
	rows_release(&sheet->sessions);
	rows_release(&sheet->unplaced);
	json_object_put(sheet->person);
	json_object_put(sheet->course);
	text_release(&sheet->text);
	free(sheet);
	return 0;
}

/* At noon of that day of the month; `members` are JSON. */
static void add(struct sheet *sheet, unsigned day, const char *members)
{
	char json[1024];
	struct str s;
	struct row row;
	struct date date = sheet->report.month;
	date.day = day ? day : 1;
	str_init(&s, json, sizeof json);
	str_add(&s, "{\"placed\":%s,\"begun_ms\":%lld,\"end\":\"ended\",\"active_ms\":60000,%s}",
		day ? "true" : "false", (long long)(date_begins_ms(date) + 12 * 3600000LL), members);
	struct json_object *from = json_tokener_parse(json);
	assert_non_null(from);
	row_read(&row, from);
	assert_true(rows_add(day ? &sheet->sessions : &sheet->unplaced, &row));
	row_release(&row);
	json_object_put(from);
}

static const char *page(struct sheet *sheet)
{
	text_clear(&sheet->text);
	sheet->report.person = sheet->person;
	sheet->report.course = sheet->course;
	report_page(&sheet->text, &sheet->report);
	assert_false(sheet->text.failed);
	return sheet->text.at;
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("found \"%s\"", part);
}

/* ---- tests ---- */

static void the_page_may_load_and_run_nothing(void **state)
{
	struct sheet *sheet = *state;
	add(sheet, 3, "\"kind\":\"inversion\",\"unit\":\"deg\",\"peak\":20");
	const char *at = page(sheet);
	assert_contains(at, "<html lang=\"en\">");
	assert_contains(at, "content=\"default-src 'none'; style-src 'unsafe-inline'\"");
	assert_lacks(at, "<script");
	assert_lacks(at, "href=");
	assert_lacks(at, "src=");
	assert_contains(at, "A logbook, not a medical device");
}

static void each_kind_has_its_totals(void **state)
{
	struct sheet *sheet = *state;
	add(sheet, 2, "\"kind\":\"inversion\",\"unit\":\"deg\",\"peak\":20,\"active_ms\":250000");
	add(sheet, 3,
	    "\"kind\":\"inversion\",\"unit\":\"deg\",\"peak\":24.44,\"end\":\"tripped\",\"trips\":1,\"over_ms\":"
	    "2000");
	add(sheet, 4, "\"kind\":\"heat\",\"unit\":\"W\",\"peak\":60,\"dose_min\":1.5");
	add(sheet, 5, "\"kind\":\"heat\",\"unit\":\"degC\",\"peak\":41,\"dose_min\":0.5,\"end\":\"lost\"");
	const char *at = page(sheet);
	assert_contains(at, "<tr><th scope=\"row\">Inversion</th><td class=\"n\">2</td><td class=\"n\">5 min 10 s</td>"
			    "<td class=\"n\">24.4°</td><td class=\"n\">2 s</td><td class=\"n\">–</td>"
			    "<td class=\"n\">1</td><td class=\"n\">0</td><td>1 ended normally, 1 tripped</td></tr>");
	assert_contains(at, "<td class=\"n\">60 W, 41 °C</td><td class=\"n\">–</td><td class=\"n\">2 min</td>");
	assert_contains(at, "1 ended normally, 1 sensor or device went silent");
	assert_lacks(at, "<tr><th scope=\"row\">Traction</th>");
}

static void a_limit_is_a_line_of_steps_with_gaps(void **state)
{
	struct sheet *sheet = *state;
	add(sheet, 1, "\"kind\":\"traction\",\"unit\":\"N\",\"peak\":80,\"mean\":60,\"limit\":100");
	add(sheet, 2, "\"kind\":\"traction\",\"unit\":\"N\",\"peak\":80,\"mean\":60,\"limit\":50");
	add(sheet, 3, "\"kind\":\"traction\",\"unit\":\"N\",\"peak\":80,\"mean\":60");
	add(sheet, 4, "\"kind\":\"traction\",\"unit\":\"N\",\"peak\":80,\"mean\":60,\"limit\":50");
	const char *at = page(sheet);
	/* 320 of 360 are 30 days; 162 of 190 are 0 to 100 N */
	assert_contains(at, "<path class=\"limit\" d=\"M34.3 8.0H44.7V89.0H55.0M66.3 89.0H76.3\"/>");
	assert_contains(at, "<circle class=\"one\" cx=\"39.3\" cy=\"40.4\" r=\"2.6\"/>");
	assert_contains(at, ">4 sessions, peaks 80 N, limit 50 N to 100 N, 0 tripped.");
}

static void several_sessions_of_a_day_share_its_width(void **state)
{
	struct sheet *sheet = *state;
	add(sheet, 1, "\"kind\":\"activity\",\"what\":\"stretching\",\"active_ms\":600000");
	add(sheet, 1, "\"kind\":\"activity\",\"what\":\"rolling\",\"active_ms\":300000");
	const char *at = page(sheet);
	assert_contains(at, "<rect class=\"one\" x=\"34.5\" y=\"8.0\" width=\"4.3\" height=\"162.0\"/>\n"
			    "<rect class=\"one\" x=\"39.9\" y=\"89.0\" width=\"4.3\" height=\"81.0\"/>");
	assert_contains(at, ">2 sessions, 15 min in all, the longest 10 min.</desc>");
	assert_lacks(at, "class=\"limit\" d="); /* nothing was measured */
}

static void pain_is_paired(void **state)
{
	struct sheet *sheet = *state;
	add(sheet, 1, "\"kind\":\"heat\",\"pain_before\":6,\"pain_after\":4");
	add(sheet, 2, "\"kind\":\"heat\",\"pain_before\":3");
	add(sheet, 3, "\"kind\":\"heat\",\"pain_before\":0,\"pain_after\":11"); /* there is no 11 */
	const char *at = page(sheet);
	assert_contains(at,
			"Told at 3 sessions. Where both were told: less pain after 1, the same after 0, more after 0.");
	assert_contains(at, "<td class=\"n\">6 → 4</td>");
	assert_contains(at, "<td class=\"n\">3 → ?</td>");
	assert_contains(at, "<td class=\"n\">0 → ?</td>");
}

static void each_day_says_in_words_and_a_sign_what_became_of_the_plan(void **state)
{
	struct sheet *sheet = *state;
	sheet->course = json_tokener_parse(
	    "{\"planned\":[{\"day\":\"2026-10-31\",\"sessions\":9},{\"day\":\"2026-11-01\",\"sessions\":1},"
	    "{\"day\":\"2026-11-02\",\"sessions\":2},{\"day\":\"2026-11-03\",\"sessions\":2},"
	    "{\"day\":\"2026-11-28\",\"sessions\":1},{\"day\":\"2026-11-31\",\"sessions\":7}]}");
	add(sheet, 1, "\"kind\":\"heat\",\"plan\":\"p\"");
	add(sheet, 2, "\"kind\":\"heat\",\"plan\":\"p\"");
	add(sheet, 2, "\"kind\":\"heat\""); /* not of the plan */
	add(sheet, 4, "\"kind\":\"heat\",\"plan\":\"p\"");
	const char *at = page(sheet);
	assert_contains(at, "<b>1</b><i class=\"done\" aria-hidden=\"true\">✓</i><small>1 of 1</small>");
	assert_contains(at, "<b>2</b><i class=\"part\" aria-hidden=\"true\">◐</i><small>1 of 2</small>");
	assert_contains(at, "<b>3</b><i class=\"missed\" aria-hidden=\"true\">✗</i><small>0 of 2</small>");
	assert_contains(at, "<b>4</b><i class=\"done\" aria-hidden=\"true\">+</i><small>1 done</small>");
	assert_contains(at, "<b>5</b><i aria-hidden=\"true\">–</i><small>none</small>");
	assert_contains(at, "<b>28</b><i aria-hidden=\"true\">○</i><small>1 to do</small>"); /* today is not over */
	assert_contains(at,
			"Up to 27 November, 2 of 5 planned sessions were done; all that was planned on 1 of 3 days.");
	assert_lacks(at, "<b>31</b>");
}

static void the_calendar_has_the_days_of_its_month(void **state)
{
	struct sheet *sheet = *state;
	sheet->report.month = (struct date){2024, 2, 1}; /* a leap year; the 1st is a Thursday */
	add(sheet, 29, "\"kind\":\"heat\"");
	const char *at = page(sheet);
	assert_contains(at, "<tr><td></td><td></td><td></td><td><b>1</b>");
	assert_contains(at, "<b>29</b><i class=\"done\" aria-hidden=\"true\">✓</i><small>1 done</small></td>"
			    "<td></td><td></td><td></td></tr>");
	assert_contains(at, "1 February 2024 to 29 February 2024");
	assert_contains(at, "No plan was followed");
	sheet->report.month = (struct date){2026, 2, 1};
	assert_lacks(page(sheet), "<b>29</b>");
}

static void texts_of_others_are_escaped_everywhere(void **state)
{
	struct sheet *sheet = *state;
	sheet->person =
	    json_tokener_parse("{\"name\":\"<b>Eve\",\"plan\":\"<b>plan\",\"cleared_by\":\"<b>by\","
			       "\"cleared_on\":\"<b>on\",\"limits\":{\"<b>_deg\":4},\"denies\":[\"<b>no\"]}");
	add(sheet, 3,
	    "\"kind\":\"<b>kind\",\"device\":\"<b>device\",\"rule\":\"<b>rule\",\"plan\":\"<b>p\",\"unit\":\"<b>u\","
	    "\"peak\":1,\"note\":\"<b>note ]]> '\\\"\\u0007\"");
	add(sheet, 3, "\"kind\":\"activity\",\"what\":\"<b>what\"");
	const char *at = page(sheet);
	assert_contains(at, "<bdi>&lt;b&gt;Eve</bdi>");
	assert_contains(at, "&lt;b&gt; 4°"); /* the limit */
	assert_contains(at, "dir=\"auto\">&lt;b&gt;note ]]&gt; &#39;&quot;\uFFFD</td>");
	static const char *const foreign[] = {"Eve",    "plan", "by", "on", "no",   "kind",
					      "device", "rule", "p",  "u",  "note", "what"};
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		char raw[32];
		struct str s;
		str_init(&s, raw, sizeof raw);
		str_add(&s, "<b>%s", foreign[i]);
		assert_lacks(at, raw);
	}
}

static void an_empty_month_says_so(void **state)
{
	struct sheet *sheet = *state;
	sheet->report.name = "Ada";
	const char *at = page(sheet);
	assert_contains(at, "<bdi>Ada</bdi>");
	assert_contains(at, "None was written down in this month.");
	assert_lacks(at, "<svg");
	add(sheet, 0, "\"kind\":\"heat\",\"note\":\"before the clock was set\"");
	at = page(sheet);
	assert_contains(at, "Time of day not known</h2>");
	assert_contains(at, "<th scope=\"row\" class=\"t\">not known</th>");
	assert_contains(at, "before the clock was set");
}

static void nothing_measured_draws_nothing_wrong(void **state)
{
	struct sheet *sheet = *state;
	add(sheet, 1, "\"kind\":\"inversion\",\"unit\":\"deg\",\"peak\":0,\"mean\":0");
	add(sheet, 2, "\"kind\":\"inversion\",\"unit\":\"deg\",\"peak\":-1e300,\"mean\":1e300");
	add(sheet, 3, "\"kind\":\"cold\",\"unit\":\"degC\",\"peak\":-18,\"mean\":-20,\"active_ms\":0");
	const char *at = page(sheet);
	assert_lacks(at, "nan");
	assert_lacks(at, "inf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_page_may_load_and_run_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(each_kind_has_its_totals, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_limit_is_a_line_of_steps_with_gaps, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(several_sessions_of_a_day_share_its_width, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(pain_is_paired, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(each_day_says_in_words_and_a_sign_what_became_of_the_plan, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(the_calendar_has_the_days_of_its_month, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(texts_of_others_are_escaped_everywhere, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(an_empty_month_says_so, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(nothing_measured_draws_nothing_wrong, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
