/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"

#include <stdio.h>
#include <string.h>

#include "sim/esphome.h"

struct fixture {
	struct esphome board;
	uint64_t now_ms;
	double measured;
	bool closed;
	char said[8192]; /* "topic payload\n" each */
};

static void on_publish(void *user, const char *topic, const char *payload, bool retained)
{
	struct fixture *f = user;
	size_t n = strlen(f->said);
	snprintf(f->said + n, sizeof f->said - n, "%s %s%s\n", topic, payload, retained ? " (retained)" : "");
}

static double on_measure(void *user)
{
	return ((struct fixture *)user)->measured;
}

static void on_relay(void *user, bool closed)
{
	((struct fixture *)user)->closed = closed;
}

static void begin(struct fixture *f, enum esphome_kind kind)
{
	*f = (struct fixture){.now_ms = 1000000};
	esphome_init(&f->board, f->now_ms, kind, "n", &(struct esphome_ops){f, on_publish, on_measure, on_relay});
}

/* What was said before is forgotten. */
static void pass(struct fixture *f, unsigned ms)
{
	f->said[0] = '\0';
	for (unsigned i = 0; i < ms; i += 50)
		esphome_step(&f->board, f->now_ms += 50);
}

static void tell(struct fixture *f, const char *topic, const char *payload)
{
	esphome_message(&f->board, f->now_ms, topic, payload);
}

static void a_table_says_its_heartbeat_and_then_its_tilt_five_times_a_second(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, ESPHOME_TABLE);
	f.measured = 12.34;
	pass(&f, 400);
	assert_string_equal(f.said, "n/sensor/heartbeat/state 1\nn/sensor/tilt/state 12.3\n"
				    "n/sensor/heartbeat/state 2\nn/sensor/tilt/state 12.3\n");
}

static void a_belt_says_its_counts_besides(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, ESPHOME_BELT);
	f.measured = 100;
	pass(&f, 200);
	assert_string_equal(f.said,
			    "n/sensor/counts/state -913\nn/sensor/heartbeat/state 1\nn/sensor/force/state 100.0\n");
}

static void the_fifth_of_one_value_is_nan_without_a_heartbeat(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, ESPHOME_TABLE);
	f.measured = 5;
	pass(&f, 200);
	f.board.hung = true;
	f.measured = 60;
	pass(&f, 600);
	assert_non_null(strstr(f.said, "heartbeat/state 4\nn/sensor/tilt/state 5.0\n"));
	pass(&f, 400);
	assert_string_equal(f.said, "n/sensor/tilt/state nan\nn/sensor/tilt/state nan\n");
	f.board.hung = false;
	pass(&f, 200);
	assert_string_equal(f.said, "n/sensor/heartbeat/state 5\nn/sensor/tilt/state 60.0\n");
}

static void it_says_that_it_is_there_and_what_it_is(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, ESPHOME_PAD);
	esphome_connected(&f.board);
	assert_non_null(strstr(f.said, "n/status online (retained)\n"));
	assert_non_null(strstr(f.said, "\"project_name\":\"therapy_gateway.heat_pad\""));
	assert_non_null(strstr(f.said, "n/switch/heater/state OFF (retained)\n"));
}

static void a_pad_says_its_relay_every_second_and_its_power_every_two(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, ESPHOME_PAD);
	pass(&f, 2000);
	assert_string_equal(f.said, "n/relay OFF\nn/relay OFF\nn/sensor/power/state 0.0\n");
	tell(&f, "n/switch/heater/command", "ON");
	assert_true(f.closed);
	pass(&f, 2000);
	assert_string_equal(f.said, "n/relay ON\nn/relay ON\nn/sensor/power/state 36.0\n");
}

static void a_pad_goes_off_30_s_after_on_or_the_last_renewal(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, ESPHOME_PAD);
	tell(&f, "n/switch/heater/command", "ON");
	pass(&f, 20000);
	tell(&f, "n/switch/heater/command", "ON"); /* renews nothing */
	pass(&f, 9950);
	assert_true(f.closed);
	pass(&f, 50);
	assert_false(f.closed);
	assert_non_null(strstr(f.said, "n/switch/heater/state OFF (retained)\n"));
	tell(&f, "n/switch/heater/command", "ON");
	pass(&f, 20000);
	tell(&f, "n/button/keep_on/command", "PRESS");
	pass(&f, 29950);
	assert_true(f.closed);
	pass(&f, 50);
	assert_false(f.closed);
}

static void a_renewal_never_switches_on_and_half_an_hour_is_the_end(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, ESPHOME_PAD);
	tell(&f, "n/button/keep_on/command", "PRESS");
	assert_false(f.board.on);
	tell(&f, "n/switch/heater/command", "on");
	for (unsigned i = 0; i < 359; i++) {
		pass(&f, 5000);
		tell(&f, "n/button/keep_on/command", "PRESS");
	}
	assert_true(f.board.on);
	pass(&f, 5000);
	assert_false(f.board.on);
}

static void after_a_power_cut_a_pad_is_off_and_welded_contacts_stay_closed(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, ESPHOME_PAD);
	tell(&f, "n/switch/heater/command", "ON");
	esphome_power(&f.board, f.now_ms, false);
	assert_false(f.closed);
	pass(&f, 3000);
	assert_string_equal(f.said, "");
	esphome_power(&f.board, f.now_ms, true);
	assert_false(f.board.on);
	esphome_weld(&f.board, true);
	tell(&f, "n/switch/heater/command", "ON");
	tell(&f, "n/switch/heater/command", "OFF");
	pass(&f, 2000);
	assert_non_null(strstr(f.said, "n/relay OFF\n"));
	assert_non_null(strstr(f.said, "n/sensor/power/state 36.0\n"));
	esphome_weld(&f.board, false);
	assert_false(f.closed);
}

static void others_topics_and_words_are_passed_over(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, ESPHOME_PAD);
	tell(&f, "other/switch/heater/command", "ON");
	tell(&f, "n/switch/heater/command", "1");
	tell(&f, "n/switch/heater", "ON");
	assert_false(f.board.on);
	tell(&f, "n/switch/heater/command", "ON");
	tell(&f, "n/button/keep_on/command", "press");
	assert_int_equal(f.board.renewals, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_table_says_its_heartbeat_and_then_its_tilt_five_times_a_second),
	    cmocka_unit_test(a_belt_says_its_counts_besides),
	    cmocka_unit_test(the_fifth_of_one_value_is_nan_without_a_heartbeat),
	    cmocka_unit_test(it_says_that_it_is_there_and_what_it_is),
	    cmocka_unit_test(a_pad_says_its_relay_every_second_and_its_power_every_two),
	    cmocka_unit_test(a_pad_goes_off_30_s_after_on_or_the_last_renewal),
	    cmocka_unit_test(a_renewal_never_switches_on_and_half_an_hour_is_the_end),
	    cmocka_unit_test(after_a_power_cut_a_pad_is_off_and_welded_contacts_stay_closed),
	    cmocka_unit_test(others_topics_and_words_are_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
