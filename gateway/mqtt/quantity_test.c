/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/quantity.h"

#include "base/testing.h"

static Therapy__V1__ControlDescription control(Therapy__V1__Unit unit, double min, double max, double step)
{
	Therapy__V1__ControlDescription c = THERAPY__V1__CONTROL_DESCRIPTION__INIT;
	c.type = THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_NUMBER;
	c.unit = unit;
	c.min = min;
	c.max = max;
	c.step = step;
	return c;
}

/* What a request for `shown` means to the device. */
static struct core_request taken(enum unit_system units, const Therapy__V1__ControlDescription *c, double shown)
{
	struct core_request r = {.verb = CORE_SET, .value = shown};
	quantity_take(units, c, &r);
	return r;
}

/* As core/gate.c does with what was converted: to the step below. */
static double stepped(const Therapy__V1__ControlDescription *c, double value)
{
	double steps = (value - c->min) / c->step;
	double whole = fabs(steps - round(steps)) > 1e-6 ? floor(steps) : round(steps);
	return fmin(c->min + whole * c->step, c->max);
}

static void metric_is_left_as_it_is(void **state)
{
	(void)state;
	Therapy__V1__ControlDescription c = control(THERAPY__V1__UNIT__UNIT_NEWTON, 5, 300, 5);
	struct core_request r = taken(UNIT_METRIC, &c, 133.4);
	assert_float_equal(r.value, 133.4, 0);
	assert_false(r.converted);
	c.unit = THERAPY__V1__UNIT__UNIT_DEG; /* the same in both */
	r = taken(UNIT_IMPERIAL, &c, 30);
	assert_float_equal(r.value, 30, 0);
	assert_false(r.converted);
}

static void a_request_means_the_unit_that_is_shown(void **state)
{
	(void)state;
	Therapy__V1__ControlDescription force = control(THERAPY__V1__UNIT__UNIT_NEWTON, 5, 300, 5);
	Therapy__V1__ControlDescription heat = control(THERAPY__V1__UNIT__UNIT_CELSIUS, 30, 42, 0.5);
	struct core_request r = taken(UNIT_IMPERIAL, &force, 30);
	assert_near(r.value, 133.4466, 1e-4);
	assert_true(r.converted);
	assert_float_equal(stepped(&force, r.value), 130, 0); /* never more than was asked */
	r = taken(UNIT_IMPERIAL, &heat, 104);
	assert_near(r.value, 40, 1e-9);
	assert_true(r.converted);
}

static void zero_is_rest_in_every_unit(void **state)
{
	(void)state;
	Therapy__V1__ControlDescription c = control(THERAPY__V1__UNIT__UNIT_CELSIUS, 30, 42, 0.5);
	struct quantity_scale scale;
	quantity_scale(UNIT_IMPERIAL, &c, &scale);
	assert_float_equal(quantity_shown(&scale, 0), 0, 0);
	struct core_request r = taken(UNIT_IMPERIAL, &c, 0);
	assert_float_equal(r.value, 0, 0);
	assert_false(r.converted);
}

static void what_is_no_request_for_a_value_is_left_alone(void **state)
{
	(void)state;
	Therapy__V1__ControlDescription c = control(THERAPY__V1__UNIT__UNIT_NEWTON, 5, 300, 5);
	struct core_request test = {.verb = CORE_OFF_TEST, .value = 7}, unknown = {.verb = CORE_SET, .value = 7};
	quantity_take(UNIT_IMPERIAL, &c, &test);
	quantity_take(UNIT_IMPERIAL, NULL, &unknown);
	assert_float_equal(test.value, 7, 0);
	assert_float_equal(unknown.value, 7, 0);
	assert_false(test.converted || unknown.converted);
}

/* A scene that restores what was shown, a slider, a button that adds one step: none of them may end a step lower, and
 * nothing that is shown may be above the largest that Home Assistant takes. */
static void every_step_that_is_shown_comes_back_as_itself(void **state)
{
	(void)state;
	Therapy__V1__ControlDescription rows[] = {control(THERAPY__V1__UNIT__UNIT_NEWTON, 5, 300, 5),
						  control(THERAPY__V1__UNIT__UNIT_NEWTON, 1, 700, 0.1),
						  control(THERAPY__V1__UNIT__UNIT_CELSIUS, 30, 42, 0.5),
						  control(THERAPY__V1__UNIT__UNIT_CELSIUS, 0.1, 60, 0.1),
						  control(THERAPY__V1__UNIT__UNIT_KILOPASCAL, 1, 40, 0.25),
						  control(THERAPY__V1__UNIT__UNIT_KILOGRAM, 1, 150, 1)};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		Therapy__V1__ControlDescription *c = &rows[i];
		struct quantity_scale scale;
		quantity_scale(UNIT_IMPERIAL, c, &scale);
		assert_true(scale.converted);
		for (int k = 0; c->min + k * c->step <= c->max + 1e-9; k++) {
			double value = fmin(c->min + k * c->step, c->max), shown = quantity_shown(&scale, value);
			assert_true(shown <= scale.max);
			assert_near(unit_view_inner(&scale.view, shown), value, c->step / 10);
			struct core_request r = taken(UNIT_IMPERIAL, c, shown);
			assert_near(stepped(c, r.value), value, 1e-9);
			assert_true(r.value <= c->max);
		}
	}
}

static void one_step_more_is_one_step_of_the_device_more(void **state)
{
	(void)state;
	Therapy__V1__ControlDescription c = control(THERAPY__V1__UNIT__UNIT_NEWTON, 5, 300, 5);
	struct quantity_scale scale;
	quantity_scale(UNIT_IMPERIAL, &c, &scale);
	assert_near(scale.step, 1.1241, 1e-9); /* 5 N are 1.12404 lbf */
	for (int k = 1; k <= 60; k++) { /* Home Assistant's buttons and browsers go to the next multiple of the step */
		struct core_request r = taken(UNIT_IMPERIAL, &c, k * scale.step);
		assert_near(stepped(&c, r.value), k * 5, 1e-9);
		assert_near(quantity_shown(&scale, k * 5), k * scale.step, 1e-9);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(metric_is_left_as_it_is),
	    cmocka_unit_test(a_request_means_the_unit_that_is_shown),
	    cmocka_unit_test(zero_is_rest_in_every_unit),
	    cmocka_unit_test(what_is_no_request_for_a_value_is_left_alone),
	    cmocka_unit_test(every_step_that_is_shown_comes_back_as_itself),
	    cmocka_unit_test(one_step_more_is_one_step_of_the_device_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
