/* SPDX-License-Identifier: Apache-2.0
 * Promise: whatever the order of a mode and a temperature, they end the same; nothing heats that was not told to; who
 * begins, begins low. */
#include "mqtt/climate.h"

#include <string.h>

#include "base/testing.h"
#include "mqtt/testing_devices.h"

/* A core that permits all, or nothing. */
struct home {
	struct climate climate;
	struct core_permission now;
	bool refuses;
	uint64_t now_ms;
	struct core_request asked;
	enum core_outcome outcome;
};

static const Therapy__V1__ControlDescription *row(void)
{
	return testing_devices()[PAD]->controls[SETPOINT];
}

static int set_up(void **state)
{
	static struct home h;
	h = (struct home){.now = {.phase = CORE_PHASE_AT_REST}, .now_ms = 1000000};
	*state = &h;
	return 0;
}

static void obey(struct home *h)
{
	if (h->asked.verb == CORE_CHECK)
		return;
	bool on = h->asked.value != 0;
	h->now = (struct core_permission){.granted = on,
					  .value = h->asked.value,
					  .asked = h->asked.value,
					  .phase = on ? CORE_PHASE_CONFIRMED_ON : CORE_PHASE_AT_REST};
}

static void say(struct home *h, enum climate_part part, double value)
{
	h->asked = (struct core_request){.verb = CORE_SET, .device = "pad", .control = "heat", .value = value};
	climate_request(&h->climate, row(), part, &h->now, h->now_ms, &h->asked);
	bool rest = h->asked.verb == CORE_SET && h->asked.value == 0;
	bool fits = rest || (h->asked.value >= row()->min && h->asked.value <= row()->max);
	h->outcome = !fits ? CORE_OUT_OF_RANGE : h->refuses && !rest ? CORE_NOT_PERMITTED : CORE_ACCEPTED;
	if (h->outcome == CORE_ACCEPTED)
		obey(h);
	climate_answered(&h->climate, part, &h->asked, h->outcome, h->now_ms);
}

static void mode(struct home *h, const char *word)
{
	double value = 0;
	assert_true(strcmp(word, "off") == 0 || strcmp(word, "heat") == 0);
	value = strcmp(word, "heat") == 0;
	say(h, CLIMATE_MODE, value);
}

static void temperature(struct home *h, double value)
{
	say(h, CLIMATE_TEMPERATURE, value);
}

static void assert_shows(const struct home *h, const char *word, double target)
{
	assert_string_equal(climate_mode(&h->now), word);
	assert_near(climate_target(&h->climate, row(), &h->now, h->now_ms), target, 1e-9);
}

static void only_a_heating_number_in_celsius_is_a_set_point(void **state)
{
	(void)state;
	const Therapy__V1__DeviceDescription *pad = testing_devices()[PAD], *blanket = testing_blanket();
	static char cold[] = "cold";
	Therapy__V1__DeviceDescription cooler = *pad;
	cooler.kind = cold;
	assert_true(climate_is(pad, SETPOINT));
	assert_false(climate_is(pad, HEAT));
	assert_false(climate_is(blanket, WARMTH));
	assert_false(climate_is(blanket, VIBRATION));
	assert_false(climate_is(&cooler, SETPOINT));
}

static void both_orders_of_heat_and_a_temperature_end_the_same(void **state)
{
	struct home *h = *state;
	mode(h, "heat");
	assert_near(h->asked.value, 30, 0); /* the lowest, for the moment between the two */
	temperature(h, 38);
	assert_shows(h, "heat", 38);
	set_up(state);
	temperature(h, 38);
	assert_int_equal(h->asked.verb, CORE_CHECK);
	assert_false(h->now.granted);
	assert_shows(h, "off", 38);
	mode(h, "heat");
	assert_shows(h, "heat", 38);
	assert_near(h->now.value, 38, 0);
}

static void both_orders_of_off_and_a_temperature_end_the_same(void **state)
{
	struct home *h = *state;
	for (int mode_first = 0; mode_first < 2; mode_first++) {
		set_up(state);
		mode(h, "heat");
		h->now_ms += 30000;
		if (mode_first)
			mode(h, "off");
		temperature(h, 36);
		if (!mode_first)
			mode(h, "off");
		assert_shows(h, "off", 36);
		h->now_ms += CLIMATE_WANTED_MS - 1;
		assert_shows(h, "off", 36);
		h->now_ms++;
		assert_shows(h, "off", 30);
		assert_true(climate_expired(&h->climate, h->now_ms));
		assert_false(climate_expired(&h->climate, h->now_ms));
	}
}

static void who_begins_anew_begins_with_the_lowest(void **state)
{
	struct home *h = *state;
	temperature(h, 41);
	mode(h, "heat");
	assert_near(h->now.value, 41, 0);
	h->now_ms += 10000;
	mode(h, "off");
	assert_shows(h, "off", 30);
	mode(h, "heat");
	assert_near(h->now.value, 30, 0);
	temperature(h, 41);
	h->now_ms += CLIMATE_ACTION_MS; /* too late to be one action */
	mode(h, "off");
	assert_shows(h, "off", 30);
}

static void a_wish_counts_for_a_minute_and_starts_nothing(void **state)
{
	struct home *h = *state;
	temperature(h, 40);
	assert_int_equal(h->outcome, CORE_ACCEPTED);
	h->now_ms += CLIMATE_WANTED_MS;
	mode(h, "heat");
	assert_near(h->now.value, 30, 0);
}

static void what_runs_goes_on_when_heat_is_said_again(void **state)
{
	struct home *h = *state;
	mode(h, "heat");
	temperature(h, 37.5);
	mode(h, "heat");
	assert_near(h->now.value, 37.5, 0);
	assert_shows(h, "heat", 37.5);
}

static void off_rests_at_once_whatever_is_wanted(void **state)
{
	struct home *h = *state;
	mode(h, "heat");
	h->refuses = true;
	mode(h, "off");
	assert_int_equal(h->asked.verb, CORE_SET);
	assert_near(h->asked.value, 0, 0);
	assert_false(h->now.granted);
	mode(h, "heat");
	temperature(h, 0); /* 0 is rest, also as a temperature */
	assert_int_equal(h->asked.verb, CORE_SET);
	assert_near(h->asked.value, 0, 0);
}

static void what_is_refused_changes_nothing(void **state)
{
	struct home *h = *state;
	mode(h, "heat");
	temperature(h, 36);
	h->now_ms += 5000;
	h->refuses = true;
	temperature(h, 40);
	assert_shows(h, "heat", 36);
	mode(h, "off");
	assert_shows(h, "off", 30);
	temperature(h, 40); /* not taken: no wish */
	assert_int_equal(h->outcome, CORE_NOT_PERMITTED);
	assert_shows(h, "off", 30);
	h->refuses = false;
	temperature(h, 60);
	assert_int_equal(h->outcome, CORE_OUT_OF_RANGE);
	assert_shows(h, "off", 30);
}

/* "Heat" is refused while somebody hangs head down; asked again when they are up it means the same. */
static void a_wish_outlives_a_refusal_of_heat(void **state)
{
	struct home *h = *state;
	temperature(h, 37);
	h->refuses = true;
	mode(h, "heat");
	assert_shows(h, "off", 37);
	h->refuses = false;
	h->now_ms += 20000;
	mode(h, "heat");
	assert_near(h->now.value, 37, 0);
}

static void between_two_steps_the_lower_is_meant(void **state)
{
	struct home *h = *state;
	static const double rows[][2] = {{37.7778, 37.5}, {37.5, 37.5}, {30.000001, 30}, {41.9999999, 42}, {42, 42}};
	mode(h, "heat");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		temperature(h, rows[i][0]);
		assert_near(h->asked.value, rows[i][1], 1e-9);
	}
	temperature(h, 29.9); /* below all steps: for the core to refuse */
	assert_int_equal(h->outcome, CORE_OUT_OF_RANGE);
}

static void while_its_off_test_runs_or_it_waits_the_wish_is_what_counts(void **state)
{
	struct home *h = *state;
	h->now = (struct core_permission){
	    .granted = true, .value = 30, .asked = 38, .phase = CORE_PHASE_CONFIRMED_ON}; /* tested first */
	assert_shows(h, "heat", 38);
	mode(h, "heat");
	assert_near(h->asked.value, 38, 0);
	h->now = (struct core_permission){.suspended = true, .asked = 38, .phase = CORE_PHASE_AT_REST};
	assert_shows(h, "heat", 38);
	temperature(h, 36);
	assert_int_equal(h->asked.verb, CORE_SET);
}

static void off_is_shown_when_a_reading_proves_it(void **state)
{
	(void)state;
	static const struct {
		struct core_permission p;
		const char *mode;
	} rows[] = {
	    {{.phase = CORE_PHASE_UNKNOWN}, NULL},
	    {{.phase = CORE_PHASE_AT_REST}, "off"},
	    {{.phase = CORE_PHASE_COMING_TO_REST}, NULL},
	    {{.phase = CORE_PHASE_CONFIRMED_ON}, "heat"}, /* by somebody else */
	    {{.phase = CORE_PHASE_AT_REST, .granted = true, .value = 35, .asked = 35}, "heat"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *shown = climate_mode(&rows[i].p);
		assert_true(shown ? rows[i].mode && strcmp(shown, rows[i].mode) == 0 : !rows[i].mode);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(only_a_heating_number_in_celsius_is_a_set_point),
	    TEST(both_orders_of_heat_and_a_temperature_end_the_same),
	    TEST(both_orders_of_off_and_a_temperature_end_the_same),
	    TEST(who_begins_anew_begins_with_the_lowest),
	    TEST(a_wish_counts_for_a_minute_and_starts_nothing),
	    TEST(what_runs_goes_on_when_heat_is_said_again),
	    TEST(off_rests_at_once_whatever_is_wanted),
	    TEST(what_is_refused_changes_nothing),
	    TEST(a_wish_outlives_a_refusal_of_heat),
	    TEST(between_two_steps_the_lower_is_meant),
	    TEST(while_its_off_test_runs_or_it_waits_the_wish_is_what_counts),
	    TEST(off_is_shown_when_a_reading_proves_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
