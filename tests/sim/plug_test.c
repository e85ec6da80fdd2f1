/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/plug.h"

#define START_MS 5000000u

struct said {
	char topic[PLUG_TOPIC_MAX], payload[PLUG_PAYLOAD_MAX];
	bool retained;
};

struct fixture {
	struct plug plug;
	struct rng rng;
	uint64_t now_ms;
	struct said said[32];
	unsigned n_said, moves;
};

static void on_publish(void *user, const char *topic, const char *payload, bool retained)
{
	struct fixture *f = user;
	assert_true(f->n_said < 32);
	struct said *s = &f->said[f->n_said++];
	s->retained = retained;
	strcpy(s->topic, topic);
	strcpy(s->payload, payload);
}

static void on_relay(void *user, bool closed)
{
	struct fixture *f = user;
	(void)closed;
	f->moves++;
}

static int setup(void **state)
{
	static struct fixture f;
	f = (struct fixture){.now_ms = START_MS, .rng = {5}};
	plug_init(&f.plug, f.now_ms, "pad_plug", 1700000000000, &f.rng,
		  &(struct plug_ops){.user = &f, .publish = on_publish, .relay = on_relay});
	f.plug.tele_period_s = 0; /* what a test does not ask about shall not come in between */
	*state = &f;
	return 0;
}

static void say(struct fixture *f, const char *command, const char *payload)
{
	f->n_said = 0;
	plug_command(&f->plug, f->now_ms * 1000, command, payload);
}

static void pass(struct fixture *f, unsigned ms)
{
	f->n_said = 0;
	for (unsigned i = 0; i < ms; i += 100)
		plug_step(&f->plug, f->now_ms += 100);
}

static void expect(const struct fixture *f, unsigned i, const char *topic, const char *payload)
{
	assert_true(i < f->n_said);
	assert_string_equal(f->said[i].topic, topic);
	assert_string_equal(f->said[i].payload, payload);
	assert_false(f->said[i].retained);
}

static double energy(const char *json, const char *status, const char *key)
{
	struct json_object *all = json_tokener_parse(json), *at = all, *value;
	assert_non_null(all);
	if (status)
		assert_true(json_object_object_get_ex(at, status, &at));
	assert_true(json_object_object_get_ex(at, "ENERGY", &at));
	assert_true(json_object_object_get_ex(at, key, &value));
	double out = json_object_get_double(value);
	json_object_put(all);
	return out;
}

static double power_now(struct fixture *f)
{
	say(f, "STATUS", "10");
	assert_int_equal(f->n_said, 1);
	assert_string_equal(f->said[0].topic, "stat/pad_plug/STATUS10");
	return energy(f->said[0].payload, "StatusSNS", "Power");
}

static void on_and_off_are_told_on_result_and_power(void **state)
{
	struct fixture *f = *state;
	say(f, "POWER", "ON");
	assert_int_equal(f->n_said, 2);
	expect(f, 0, "stat/pad_plug/RESULT", "{\"POWER\":\"ON\"}");
	expect(f, 1, "stat/pad_plug/POWER", "ON");
	assert_true(f->plug.contacts);
	say(f, "power", "0");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"POWER\":\"OFF\"}");
	assert_false(f->plug.contacts);
	assert_int_equal(f->moves, 2);
}

static void an_empty_power_asks_and_changes_nothing(void **state)
{
	struct fixture *f = *state;
	say(f, "POWER", "ON");
	say(f, "POWER", "");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"POWER\":\"ON\"}");
	assert_int_equal(f->moves, 1);
	say(f, "POWER", "nonsense");
	assert_true(f->plug.contacts);
}

static void pulse_time_is_answered_with_what_remains(void **state)
{
	struct fixture *f = *state;
	say(f, "PulseTime1", "130");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"PulseTime1\":{\"Set\":130,\"Remaining\":130}}");
	say(f, "PulseTime1", "20");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"PulseTime1\":{\"Set\":20,\"Remaining\":20}}");
	say(f, "PulseTime1", "65536");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"PulseTime1\":{\"Set\":20,\"Remaining\":20}}");
}

static void the_pulse_timer_switches_off_by_itself(void **state)
{
	struct fixture *f = *state;
	say(f, "PulseTime1", "103"); /* below 112 it is tenths: 10.3 s */
	say(f, "POWER", "ON");
	pass(f, 10200);
	assert_true(f->plug.contacts);
	pass(f, 100);
	assert_false(f->plug.contacts);
	expect(f, 0, "stat/pad_plug/RESULT", "{\"POWER\":\"OFF\"}");
}

static void from_112_on_pulse_time_counts_seconds_above_100(void **state)
{
	struct fixture *f = *state;
	say(f, "PulseTime1", "130");
	say(f, "POWER", "ON");
	pass(f, 29900);
	assert_true(f->plug.contacts);
	pass(f, 100);
	assert_false(f->plug.contacts);
}

static void setting_pulse_time_restarts_it_and_never_switches_on(void **state)
{
	struct fixture *f = *state;
	say(f, "PulseTime1", "20");
	say(f, "POWER", "ON");
	for (int i = 0; i < 10; i++) {
		pass(f, 1000);
		say(f, "PulseTime1", "20");
	}
	assert_true(f->plug.contacts);
	pass(f, 2000);
	assert_false(f->plug.contacts);
	say(f, "PulseTime1", "20");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"PulseTime1\":{\"Set\":20,\"Remaining\":20}}");
	assert_false(f->plug.contacts);
}

static void backlog_runs_in_order_with_200_ms_between(void **state)
{
	struct fixture *f = *state;
	say(f, "Backlog", "PulseTime1 20; POWER ON");
	assert_int_equal(f->n_said, 0);
	pass(f, 100);
	expect(f, 0, "stat/pad_plug/RESULT", "{\"PulseTime1\":{\"Set\":20,\"Remaining\":20}}");
	assert_false(f->plug.contacts);
	pass(f, 200);
	assert_true(f->plug.contacts);
}

static void backlog0_runs_at_once(void **state)
{
	struct fixture *f = *state;
	say(f, "Backlog0", "PulseTime1 20;POWER ON");
	assert_int_equal(f->n_said, 3);
	assert_true(f->plug.contacts);
	assert_true(f->plug.pulse_at_ms == f->now_ms + 2000);
}

static void an_unknown_command_is_said_to_be_one(void **state)
{
	struct fixture *f = *state;
	say(f, "Frobnicate", "1");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"Command\":\"Unknown\"}");
}

static void the_meter_shows_the_pad_within_a_second_and_nothing_when_off(void **state)
{
	struct fixture *f = *state;
	assert_near(power_now(f), 0, 0);
	say(f, "POWER", "ON");
	pass(f, 1000);
	assert_near(power_now(f), 50, 2);
	assert_near(energy(f->said[0].payload, "StatusSNS", "Voltage"), 230, 0);
	say(f, "POWER", "OFF");
	assert_near(power_now(f), 0, 0);
}

static void telemetry_comes_each_period_of_at_least_10_s(void **state)
{
	struct fixture *f = *state;
	say(f, "TelePeriod", "3");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"TelePeriod\":10}");
	pass(f, 9900);
	assert_int_equal(f->n_said, 0);
	pass(f, 100);
	assert_int_equal(f->n_said, 2);
	assert_string_equal(f->said[0].topic, "tele/pad_plug/STATE");
	assert_string_equal(f->said[1].topic, "tele/pad_plug/SENSOR");
	assert_near(energy(f->said[1].payload, NULL, "Power"), 0, 0);
	say(f, "TelePeriod", "1");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"TelePeriod\":300}");
}

static void status_11_tells_the_relay(void **state)
{
	struct fixture *f = *state;
	say(f, "POWER", "ON");
	say(f, "STATUS", "11");
	assert_string_equal(f->said[0].topic, "stat/pad_plug/STATUS11");
	assert_non_null(strstr(f->said[0].payload, "\"POWER\":\"ON\""));
	struct json_object *json = json_tokener_parse(f->said[0].payload);
	assert_non_null(json);
	json_object_put(json);
}

static void only_the_last_will_topic_is_retained(void **state)
{
	struct fixture *f = *state;
	f->n_said = 0;
	plug_connected(&f->plug, f->now_ms);
	plug_subscribed(&f->plug, f->now_ms);
	assert_string_equal(f->said[0].topic, "tele/pad_plug/LWT");
	assert_string_equal(f->said[0].payload, "Online");
	assert_true(f->said[0].retained);
	for (unsigned i = 1; i < f->n_said; i++)
		assert_false(f->said[i].retained);
	assert_string_equal(f->said[f->n_said - 1].payload, "OFF");
}

static void a_plug_that_pretends_acknowledges_and_keeps_heating(void **state)
{
	struct fixture *f = *state;
	say(f, "SetOption21", "1");
	say(f, "POWER", "ON");
	f->plug.obedience = PLUG_PRETENDS;
	say(f, "POWER", "OFF");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"POWER\":\"OFF\"}");
	assert_true(f->plug.contacts);
	pass(f, 1000);
	assert_near(power_now(f), 50, 2);
}

static void a_plug_that_refuses_answers_what_it_is_and_stays_that(void **state)
{
	struct fixture *f = *state;
	say(f, "POWER", "ON");
	f->plug.obedience = PLUG_REFUSES;
	say(f, "POWER", "OFF");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"POWER\":\"ON\"}");
	expect(f, 1, "stat/pad_plug/POWER", "ON");
	assert_true(f->plug.contacts);
	pass(f, 1000);
	assert_true(power_now(f) > 40);
	f->plug.obedience = PLUG_OBEYS;
	say(f, "POWER", "OFF");
	assert_false(f->plug.contacts);
}

static void a_plug_without_a_timer_confirms_it_and_never_goes_off(void **state)
{
	struct fixture *f = *state;
	plug_timer(&f->plug, false);
	say(f, "PulseTime1", "50");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"PulseTime1\":{\"Set\":50,\"Remaining\":0}}");
	say(f, "POWER", "ON");
	pass(f, 60000);
	assert_true(f->plug.contacts);
	plug_timer(&f->plug, true);
	say(f, "POWER", "ON");
	pass(f, 5100);
	assert_false(f->plug.contacts);
}

static void a_deaf_plug_neither_answers_nor_obeys(void **state)
{
	struct fixture *f = *state;
	f->plug.obedience = PLUG_DEAF;
	say(f, "POWER", "ON");
	assert_int_equal(f->n_said, 0);
	assert_false(f->plug.contacts);
}

static void a_welded_relay_reads_power_only_with_set_option_21(void **state)
{
	struct fixture *f = *state;
	say(f, "POWER", "ON");
	plug_weld(&f->plug, true);
	say(f, "POWER", "OFF");
	pass(f, 1000);
	assert_true(f->plug.contacts);
	assert_near(f->plug.load_w, 50, 0);
	assert_near(power_now(f), 0, 0);
	say(f, "SetOption21", "1");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"SetOption21\":\"ON\"}");
	pass(f, 1000);
	assert_near(power_now(f), 50, 2);
	plug_weld(&f->plug, false);
	assert_false(f->plug.contacts);
}

static void the_button_on_the_plug_switches_and_tells(void **state)
{
	struct fixture *f = *state;
	f->n_said = 0;
	plug_press(&f->plug, f->now_ms, true);
	expect(f, 1, "stat/pad_plug/POWER", "ON");
	assert_true(f->plug.contacts);
}

static void after_a_power_cut_power_on_state_decides(void **state)
{
	struct fixture *f = *state;
	say(f, "POWER", "ON");
	plug_mains(&f->plug, f->now_ms, false);
	assert_false(f->plug.contacts);
	assert_near(f->plug.load_w, 0, 0);
	plug_mains(&f->plug, f->now_ms, true);
	assert_true(f->plug.contacts); /* 3, the default: as it was */
	say(f, "PowerOnState", "0");
	expect(f, 0, "stat/pad_plug/RESULT", "{\"PowerOnState\":0}");
	plug_mains(&f->plug, f->now_ms, false);
	plug_mains(&f->plug, f->now_ms, true);
	assert_false(f->plug.contacts);
}

static void the_pad_warms_slowly_towards_43_degrees_and_cools_again(void **state)
{
	struct fixture *f = *state;
	double cold = f->plug.skin_c;
	say(f, "POWER", "ON");
	pass(f, 180000);
	assert_near(f->plug.skin_c, cold + 12 * 0.632, 0.1);
	pass(f, 1800000);
	assert_near(f->plug.skin_c, 43, 0.1);
	say(f, "POWER", "OFF");
	pass(f, 1800000);
	assert_near(f->plug.skin_c, cold, 0.1);
}

static void a_handset_switched_off_draws_nothing_though_the_relay_is_on(void **state)
{
	struct fixture *f = *state;
	say(f, "POWER", "ON");
	plug_handset(&f->plug, false);
	pass(f, 1000);
	assert_true(f->plug.contacts);
	assert_near(power_now(f), 0, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
	    T(on_and_off_are_told_on_result_and_power),
	    T(an_empty_power_asks_and_changes_nothing),
	    T(pulse_time_is_answered_with_what_remains),
	    T(the_pulse_timer_switches_off_by_itself),
	    T(from_112_on_pulse_time_counts_seconds_above_100),
	    T(setting_pulse_time_restarts_it_and_never_switches_on),
	    T(backlog_runs_in_order_with_200_ms_between),
	    T(backlog0_runs_at_once),
	    T(an_unknown_command_is_said_to_be_one),
	    T(the_meter_shows_the_pad_within_a_second_and_nothing_when_off),
	    T(telemetry_comes_each_period_of_at_least_10_s),
	    T(status_11_tells_the_relay),
	    T(only_the_last_will_topic_is_retained),
	    T(a_plug_that_pretends_acknowledges_and_keeps_heating),
	    T(a_plug_that_refuses_answers_what_it_is_and_stays_that),
	    T(a_plug_without_a_timer_confirms_it_and_never_goes_off),
	    T(a_deaf_plug_neither_answers_nor_obeys),
	    T(a_welded_relay_reads_power_only_with_set_option_21),
	    T(the_button_on_the_plug_switches_and_tells),
	    T(after_a_power_cut_power_on_state_decides),
	    T(the_pad_warms_slowly_towards_43_degrees_and_cools_again),
	    T(a_handset_switched_off_draws_nothing_though_the_relay_is_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
