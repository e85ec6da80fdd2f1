/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unit.h"
#include "base/testing.h"

static void every_written_unit_converts_to_its_inner_one(void **state)
{
	(void)state;
	const struct {
		const char *text;
		double in, out;
		enum therapy_unit unit;
	} rows[] = {
	    {"kgf", 1, 9.80665, THERAPY_UNIT_NEWTON},      {"lbf", 10, 44.482216, THERAPY_UNIT_NEWTON},
	    {"degF", 212, 100, THERAPY_UNIT_CELSIUS},      {"degF", 32, 0, THERAPY_UNIT_CELSIUS},
	    {"mmHg", 7.50062, 1, THERAPY_UNIT_KILOPASCAL}, {"lb", 2.20462262, 1, THERAPY_UNIT_KILOGRAM},
	    {"min", 2, 120, THERAPY_UNIT_SECOND},          {"", 3, 3, THERAPY_UNIT_ONE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct unit_conversion c;
		assert_true(unit_parse(rows[i].text, strlen(rows[i].text), &c));
		assert_int_equal(c.unit, rows[i].unit);
		assert_near(rows[i].in * c.scale + c.offset, rows[i].out, 1e-4);
	}
	struct unit_conversion c;
	assert_false(unit_parse("furlong", 7, &c));
	assert_false(unit_parse("de", 2, &c));
}

static void durations_are_bounded_and_need_a_unit(void **state)
{
	(void)state;
	uint64_t ms = 7;
	assert_true(unit_duration("5 s", &ms));
	assert_int_equal(ms, 5000);
	assert_true(unit_duration("1.5min", &ms));
	assert_int_equal(ms, 90000);
	assert_true(unit_duration("250 ms", &ms));
	assert_int_equal(ms, 250);
	const char *bad[] = {"",      "5",      "s",     "-1 s",     "+1 s", " 1 s", "inf s",
			     "nan s", "1e99 s", "0x5 s", "5 parsec", "32 d", "5 s "};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ms = 7;
		assert_false(unit_duration(bad[i], &ms));
		assert_int_equal(ms, 7);
	}
}

static void amounts_are_finite_numbers_of_known_units(void **state)
{
	(void)state;
	double value = 7;
	enum therapy_unit unit = THERAPY_UNIT_WATT;
	assert_true(unit_amount("150 N", &value, &unit));
	assert_int_equal(unit, THERAPY_UNIT_NEWTON);
	assert_float_equal(value, 150, 0);
	assert_true(unit_amount("20min", &value, &unit));
	assert_int_equal(unit, THERAPY_UNIT_SECOND);
	assert_float_equal(value, 1200, 0);
	assert_true(unit_amount("-4 degF", &value, &unit));
	assert_float_equal(value, -20, 1e-9);
	assert_true(unit_amount("3", &value, &unit));
	assert_int_equal(unit, THERAPY_UNIT_ONE);
	const char *bad[] = {"",     "N",    "nan",   "nan N", "inf N", "-inf N",   "1e999 N", "1e308 lbf",
			     " 5 N", "5 N ", "0x5 N", "5 n",   "+ 5 N", "5 Newton", "5 N 5",   "--5 N"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		value = 7;
		assert_false(unit_amount(bad[i], &value, &unit));
		assert_float_equal(value, 7, 0);
	}
}

static void what_people_are_shown_is_the_same_amount(void **state)
{
	(void)state;
	const struct {
		enum therapy_unit unit;
		const char *symbol;
		double inner, shown;
	} rows[] = {
	    {THERAPY_UNIT_CELSIUS, "°F", 40, 104},
	    {THERAPY_UNIT_NEWTON, "lbf", 133.446648, 30},
	    {THERAPY_UNIT_KILOGRAM, "lb", 70, 154.32358},
	    {THERAPY_UNIT_KILOPASCAL, "psi", 20, 2.9007548},
	    {THERAPY_UNIT_DEG, "°", 60, 60},
	    {THERAPY_UNIT_WATT, "W", 50, 50},
	    {THERAPY_UNIT_SECOND, "s", 12, 12},
	    {THERAPY_UNIT_NEWTON_PER_S, "lbf/s", 20, 4.4961789},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct unit_view view = unit_view(UNIT_IMPERIAL, rows[i].unit);
		assert_string_equal(view.symbol, rows[i].symbol);
		assert_near(unit_view_shown(&view, rows[i].inner), rows[i].shown, 1e-5);
		assert_near(unit_view_inner(&view, rows[i].shown), rows[i].inner, 1e-5);
	}
	for (int unit = 0; unit < THERAPY_UNIT_COUNT_; unit++) {
		struct unit_view metric = unit_view(UNIT_METRIC, (enum therapy_unit)unit);
		struct unit_view other = unit_view(UNIT_IMPERIAL, (enum therapy_unit)unit);
		struct unit_conversion to;
		assert_string_equal(metric.symbol, unit_symbol((enum therapy_unit)unit));
		assert_float_equal(unit_view_shown(&metric, 12.345678), 12.345678, 0);
		assert_true(unit_parse(other.text, strlen(other.text), &to)); /* rules take it as well */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_written_unit_converts_to_its_inner_one),
	    cmocka_unit_test(amounts_are_finite_numbers_of_known_units),
	    cmocka_unit_test(durations_are_bounded_and_need_a_unit),
	    cmocka_unit_test(what_people_are_shown_is_the_same_amount),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
