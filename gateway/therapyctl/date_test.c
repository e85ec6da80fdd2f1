/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/date.h"

#include <stdlib.h>
#include <time.h>

#include "base/testing.h"

/* Written out, so that no database of zones has to be installed. */
#define BERLIN    "CET-1CEST,M3.5.0,M10.5.0/3"
#define SAO_PAULO "<-03>3<-02>,M11.1.0/0,M2.3.0/0" /* until 2019: the clock went from 00:00 to 01:00 */

#define HOUR_MS 3600000LL
#define NOW_MS  1795874700000LL /* 2026-11-28 15:05 in Berlin */

static void zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

static int64_t length_h(struct date date)
{
	return (date_begins_ms(date_plus(date, 1)) - date_begins_ms(date)) / HOUR_MS;
}

static int64_t month_h(int year, unsigned month)
{
	struct date first = {year, month, 1};
	return (date_begins_ms(date_next_month(first)) - date_begins_ms(first)) / HOUR_MS;
}

static void days_are_as_long_as_the_clocks_make_them(void **state)
{
	(void)state;
	zone(BERLIN);
	assert_int_equal(date_begins_ms((struct date){2026, 11, 28}), 1795820400000LL);
	assert_int_equal(length_h((struct date){2026, 3, 29}), 23);
	assert_int_equal(length_h((struct date){2026, 10, 25}), 25);
	assert_int_equal(length_h((struct date){2026, 11, 28}), 24);
	assert_int_equal(month_h(2026, 3), 31 * 24 - 1);
	assert_int_equal(month_h(2026, 10), 31 * 24 + 1);
	assert_int_equal(month_h(2026, 12), 31 * 24);
}

static void a_day_without_midnight_begins_with_its_first_moment(void **state)
{
	struct date date = {0};
	(void)state;
	zone(SAO_PAULO);
	struct date skips = {2018, 11, 4};
	assert_true(date_of(date_begins_ms(skips), &date));
	assert_int_equal(date_between(skips, date), 0);
	assert_true(date_of(date_begins_ms(skips) - 1, &date));
	assert_int_equal(date_between(skips, date), -1);
	assert_int_equal(length_h(skips), 23);
	zone(BERLIN);
}

static void the_last_moment_of_a_month_is_of_that_month(void **state)
{
	struct date date = {0};
	(void)state;
	zone(BERLIN);
	int64_t december = date_begins_ms((struct date){2026, 12, 1});
	assert_true(date_of(december - 1, &date));
	assert_true(date.month == 11 && date.day == 30);
	assert_true(date_of(december, &date));
	assert_true(date.month == 12 && date.day == 1);
}

static void february_has_its_leap_day(void **state)
{
	struct date date = {0};
	(void)state;
	assert_int_equal(date_month_days((struct date){2024, 2, 1}), 29);
	assert_int_equal(date_month_days((struct date){2026, 2, 1}), 28);
	assert_int_equal(date_month_days((struct date){2100, 2, 1}), 28);
	assert_true(date_parse("2024-02-29", &date));
	assert_false(date_parse("2026-02-29", &date));
	date = date_plus((struct date){2024, 2, 28}, 2);
	assert_true(date.month == 3 && date.day == 1);
	assert_int_equal(date_weekday((struct date){2024, 2, 29}), 3);
	assert_int_equal(date_weekday((struct date){1970, 1, 1}), 3);
	assert_string_equal(date_weekday_name(date_weekday((struct date){2026, 11, 28}), false), "Saturday");
}

static void moments_are_read_as_people_type_them(void **state)
{
	int64_t ms = 0;
	(void)state;
	zone(BERLIN);
	assert_true(date_parse_moment("2026-11-28", NOW_MS, false, &ms));
	assert_int_equal(ms, 1795820400000LL);
	assert_true(date_parse_moment("2026-11-28", NOW_MS, true, &ms)); /* the day is within */
	assert_int_equal(ms, 1795820400000LL + 24 * HOUR_MS);
	assert_true(date_parse_moment("0d", NOW_MS, false, &ms));
	assert_int_equal(ms, 1795820400000LL);
	assert_true(date_parse_moment("7d", NOW_MS, false, &ms));
	assert_int_equal(ms, 1795820400000LL - 7 * 24 * HOUR_MS);
	assert_true(date_parse_moment("34d", NOW_MS, false, &ms)); /* days, not times of 24 h: 25 October had 25 */
	assert_int_equal(ms, 1795820400000LL - 34 * 24 * HOUR_MS - HOUR_MS);
	assert_true(date_parse_moment("2026-11-28T14:05", NOW_MS, true, &ms));
	assert_int_equal(ms, 1795820400000LL + 14 * HOUR_MS + 5 * 60000);
	assert_true(date_parse_moment("2026-11-28 14:05:30", NOW_MS, false, &ms));
	assert_int_equal(ms, 1795820400000LL + 14 * HOUR_MS + 5 * 60000 + 30000);
	assert_true(date_parse_moment("2026-11-28T14:05Z", NOW_MS, false, &ms));
	assert_int_equal(ms, 1795820400000LL + 15 * HOUR_MS + 5 * 60000);
	assert_true(date_parse_moment("2026-11-28T14:05-03:30", NOW_MS, false, &ms));
	assert_int_equal(ms, 1795820400000LL + 15 * HOUR_MS + 5 * 60000 + 3 * HOUR_MS + 30 * 60000);
}

static void what_is_no_moment_changes_nothing(void **state)
{
	static const char *const none[] = {"",
					   "yesterday",
					   "28.11.2026",
					   "2026-11",
					   "2026-11-31",
					   "2026-13-01",
					   "2026-11-28T",
					   "2026-11-28T25:00",
					   "2026-11-28x",
					   "2026-11-28T14:05x",
					   "7",
					   "d",
					   "-7d",
					   "99999999999999d",
					   "1969-12-31",
					   "2026-11-28T14:05+1",
					   "2026-1-1",
					   "7 d"};
	int64_t ms = 42;
	struct date month = {0};
	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		if (date_parse_moment(none[i], NOW_MS, false, &ms))
			fail_msg("'%s' was taken for a moment", none[i]);
	assert_int_equal(ms, 42);
	assert_true(date_parse_month("2026-02", &month));
	assert_true(month.year == 2026 && month.month == 2 && month.day == 1);
	assert_false(date_parse_month("2026-00", &month));
	assert_false(date_parse_month("2026-11-28", &month));
	assert_false(date_of(-1, &month));
	assert_false(date_of(INT64_MAX, &month));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(days_are_as_long_as_the_clocks_make_them),
	    cmocka_unit_test(a_day_without_midnight_begins_with_its_first_moment),
	    cmocka_unit_test(the_last_moment_of_a_month_is_of_that_month),
	    cmocka_unit_test(february_has_its_leap_day),
	    cmocka_unit_test(moments_are_read_as_people_type_them),
	    cmocka_unit_test(what_is_no_moment_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
