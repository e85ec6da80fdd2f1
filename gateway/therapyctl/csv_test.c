/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/csv.h"

#include "base/testing.h"

static void row_becomes(const char *json, const char *expected)
{
	struct json_object *from = json_tokener_parse(json);
	struct text text = {0};
	struct row row;
	assert_non_null(from);
	row_read(&row, from);
	csv_row(&text, &row);
	assert_string_equal(text.at, expected);
	text_release(&text);
	row_release(&row);
	json_object_put(from);
}

/* Programs of others read these: a name or a place that changes breaks them. */
static void the_columns_stay(void **state)
{
	struct text text = {0};
	(void)state;
	csv_header(&text);
	assert_string_equal(text.at, "id,kind,what,device,person,begun,begun_ms,placed,lasted_ms,active_ms,unknown_ms,"
				     "unit,peak,mean,limit,over_ms,dose_min,trips,alarms,end,rule,pain_before,"
				     "pain_after,plan,step,note\r\n");
	text_release(&text);
}

static void a_session_is_a_line(void **state)
{
	(void)state;
	row_becomes("{\"id\":\"a1\",\"kind\":\"inversion\",\"what\":\"\",\"device\":\"table\",\"person\":\"Ada\","
		    "\"begun\":\"2026-11-28T14:05:00+01:00\",\"begun_ms\":1795871100000,\"placed\":true,"
		    "\"lasted_ms\":260000,\"active_ms\":250000,\"unknown_ms\":0,\"unit\":\"deg\",\"peak\":22.4,"
		    "\"mean\":18,\"limit\":25.0,\"over_ms\":0,\"dose_min\":null,\"trips\":0,\"alarms\":1,"
		    "\"end\":\"ended\",\"rule\":\"\",\"pain_before\":5,\"pain_after\":null,\"note\":\"fine\","
		    "\"plan\":\"beginner\",\"step\":2}",
		    "a1,inversion,,table,Ada,2026-11-28T14:05:00+01:00,1795871100000,true,260000,250000,0,deg,22.4,18,"
		    "25,0,,0,1,ended,,5,,beginner,2,fine\r\n");
	row_becomes("{}", ",,,,,,,false,,,,,,,,,,,,,,,,,,\r\n"); /* of a gateway that says nothing */
}

static void note_becomes(const char *note, const char *expected)
{
	struct json_object *from = json_object_new_object();
	struct text text = {0};
	struct row row;
	char line[256];
	struct str s;
	json_object_object_add(from, "note", json_object_new_string(note));
	row_read(&row, from);
	csv_row(&text, &row);
	str_init(&s, line, sizeof line);
	str_add(&s, ",,,,,,,false,,,,,,,,,,,,,,,,,,%s\r\n", expected);
	assert_string_equal(text.at, line);
	text_release(&text);
	row_release(&row);
	json_object_put(from);
}

static void what_would_break_a_cell_is_quoted(void **state)
{
	(void)state;
	note_becomes("a, b", "\"a, b\"");
	note_becomes("said \"ow\"", "\"said \"\"ow\"\"\"");
	note_becomes("one\r\ntwo", "\"one\r\ntwo\"");
	note_becomes("bell\007 \xff", "bell\uFFFD \uFFFD");
}

static void no_note_is_a_formula(void **state)
{
	(void)state;
	note_becomes("=1+1", "'=1+1");
	note_becomes("+1", "'+1");
	note_becomes("-2 on the scale", "'-2 on the scale");
	note_becomes("@SUM(A1)", "'@SUM(A1)");
	note_becomes("\t=1", "'\t=1");
	note_becomes("\r=1", "\"'\r=1\"");
	note_becomes("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
	note_becomes("a=1", "a=1");
	/* a number below nothing is a number */
	row_becomes("{\"peak\":-4.5}", ",,,,,,,false,,,,,-4.5,,,,,,,,,,,,,\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_columns_stay),
	    cmocka_unit_test(a_session_is_a_line),
	    cmocka_unit_test(what_would_break_a_cell_is_quoted),
	    cmocka_unit_test(no_note_is_a_formula),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
