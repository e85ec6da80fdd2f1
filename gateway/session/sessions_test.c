/* SPDX-License-Identifier: Apache-2.0
 * Promise: a session begins with therapy and ends with it; its times are right to the reading; what is not known counts
 * as therapy, so that no limit ever counts too little; and the record says how it ended. */
#include "session/sessions.h"

#include "base/testing.h"

enum { TABLE, BELT, PAD };
enum { FIRST, SECOND };
#define STALE 1000u

struct log {
	struct sessions *sessions;
	uint64_t now;
	bool limited; /* identify gives it a limit */
	unsigned begun, went_on, over;
	struct session_record last;
};

static void identify(void *user, const struct sessions_source *source, struct session_record *record)
{
	const struct log *log = user;
	assert_true(source->kind == record->kind);
	assert_string_equal(source->id, record->device);
	record->person = 7;
	record->has_limit = log->limited;
	record->limit = 30;
}

static void changed(void *user, enum sessions_change change, const struct session_record *record)
{
	struct log *log = user;
	log->begun += change == SESSIONS_BEGUN;
	log->went_on += change == SESSIONS_WENT_ON;
	log->over += change == SESSIONS_OVER;
	log->last = *record;
}

static int setup(void **state)
{
	static const struct sessions_source sources[] = {
	    {.device = TABLE,
	     .id = "table",
	     .kind = SESSION_INVERSION,
	     .decides = {{FIRST, STALE, SESSIONS_TILT_DEG}},
	     .n_decides = 1,
	     .has_value = true,
	     .value = {FIRST, STALE, 0},
	     .unit = THERAPY_UNIT_DEG},
	    {.device = BELT,
	     .id = "belt",
	     .kind = SESSION_TRACTION,
	     .decides = {{FIRST, STALE, SESSIONS_FORCE_N}},
	     .n_decides = 1,
	     .has_value = true,
	     .value = {FIRST, STALE, 0},
	     .unit = THERAPY_UNIT_NEWTON},
	    {.device = PAD,
	     .id = "pad",
	     .kind = SESSION_HEAT,
	     .decides = {{FIRST, 60000, 0}},
	     .n_decides = 1,
	     .has_value = true,
	     .value = {SECOND, 60000, 0},
	     .unit = THERAPY_UNIT_CELSIUS,
	     .has_dose = true,
	     .dose = {SECOND, 60000, 0}},
	};
	static struct log log;
	log = (struct log){.now = 1000000};
	const struct sessions_callbacks callbacks = {&log, identify, changed};
	assert_int_equal(sessions_new(sources, 3, &callbacks, &log.sessions), 0);
	*state = &log;
	return 0;
}

static int teardown(void **state)
{
	struct log *log = *state;
	sessions_free(log->sessions);
	return 0;
}

static void say(struct log *log, uint16_t device, uint16_t metric, double value)
{
	sessions_reading(log->sessions, log->now, device, metric, THERAPY_GOOD, value, log->now);
}

/* Ten readings a second, for `ms`. */
static void hold(struct log *log, uint16_t device, double value, uint64_t ms)
{
	for (uint64_t until = log->now + ms; log->now < until; log->now += 100) {
		say(log, device, FIRST, value);
		sessions_tick(log->sessions, log->now);
	}
}

static void silence(struct log *log, uint64_t ms)
{
	for (uint64_t until = log->now + ms; log->now < until; log->now += 250)
		sessions_tick(log->sessions, log->now);
	sessions_tick(log->sessions, log->now);
}

static void a_session_lasts_from_the_first_reading_beyond_to_the_last(void **state)
{
	struct log *log = *state;
	hold(log, TABLE, 0, 5000);
	uint64_t began = log->now;
	hold(log, TABLE, 22, 90000);
	assert_int_equal(log->begun, 1);
	hold(log, TABLE, 3, 59900);
	assert_int_equal(log->over, 0);
	hold(log, TABLE, 3, 200);
	assert_int_equal(log->over, 1);
	assert_int_equal(log->last.begun_boot_ms, began);
	assert_int_equal(log->last.lasted_ms, 90000);
	assert_int_equal(log->last.active_ms, 90000);
	assert_int_equal(log->last.unknown_ms, 0);
	assert_int_equal(log->last.end, SESSION_ENDED);
	assert_int_equal(log->last.person, 7);
	assert_near(log->last.peak, 22, 1e-9);
	assert_near(log->last.mean, 22, 1e-6);
}

static void what_is_over_within_two_seconds_is_no_session(void **state)
{
	struct log *log = *state;
	hold(log, TABLE, 0, 1000);
	hold(log, TABLE, 40, 1900);
	hold(log, TABLE, 5, 3000);
	hold(log, TABLE, 40, 1900);
	hold(log, TABLE, 5, 100000);
	assert_int_equal(log->begun, 0);
	/* and the peak of what was none is forgotten */
	hold(log, TABLE, 15, 5000);
	hold(log, TABLE, 0, 61000);
	assert_near(log->last.peak, 15, 1e-9);
}

static void a_rest_of_less_than_a_minute_does_not_make_it_two(void **state)
{
	struct log *log = *state;
	hold(log, TABLE, 20, 30000);
	hold(log, TABLE, 0, 50000);
	assert_true(sessions_idle_known(log->sessions, 0));
	hold(log, TABLE, 25, 30000);
	assert_false(sessions_idle_known(log->sessions, 0));
	hold(log, TABLE, 0, 61000);
	assert_int_equal(log->begun, 1);
	assert_int_equal(log->over, 1);
	assert_int_equal(log->last.active_ms, 60000);
	assert_int_equal(log->last.lasted_ms, 110000);
	assert_near(log->last.mean, 22.5, 1e-6);
	hold(log, TABLE, 20, 30000);
	assert_int_equal(log->begun, 2);
}

static void silence_counts_as_therapy_and_ends_it_after_a_minute(void **state)
{
	struct log *log = *state;
	hold(log, TABLE, 20, 10000);
	assert_false(sessions_idle_known(log->sessions, 0));
	silence(log, 55000);
	assert_int_equal(log->over, 0);
	assert_true(sessions_idle_ms(log->sessions, 0) > 0);
	assert_false(sessions_idle_known(log->sessions, 0));
	silence(log, 7000);
	assert_int_equal(log->over, 1);
	assert_int_equal(log->last.end, SESSION_LOST);
	/* its last reading held for as long as it does */
	assert_int_equal(log->last.active_ms, 10000 - 100 + STALE + SESSIONS_GAP_MS);
	assert_int_equal(log->last.unknown_ms, SESSIONS_GAP_MS);
	assert_int_equal(log->last.lasted_ms, log->last.active_ms);
}

static void a_gap_of_a_radio_is_part_of_it(void **state)
{
	struct log *log = *state;
	hold(log, TABLE, 20, 10000);
	silence(log, 5000);
	hold(log, TABLE, 20, 10000);
	hold(log, TABLE, 0, 61000);
	assert_int_equal(log->begun, 1);
	assert_int_equal(log->last.active_ms, 25000);
	assert_int_equal(log->last.unknown_ms, 5000 + 100 - STALE);
	assert_int_equal(log->last.end, SESSION_ENDED);
}

static void a_device_that_goes_is_not_known_at_once(void **state)
{
	struct log *log = *state;
	hold(log, BELT, 100, 10000);
	sessions_lost(log->sessions, log->now, BELT);
	silence(log, 61000);
	assert_int_equal(log->last.unknown_ms, SESSIONS_GAP_MS);
	assert_int_equal(log->last.end, SESSION_LOST);
	/* one that was at rest before it went is over, not lost */
	hold(log, BELT, 100, 10000);
	hold(log, BELT, 0, 5000);
	sessions_lost(log->sessions, log->now, BELT);
	silence(log, 61000);
	assert_int_equal(log->over, 2);
	assert_int_equal(log->last.unknown_ms, 0);
	assert_int_equal(log->last.active_ms, 10000);
	assert_int_equal(log->last.end, SESSION_ENDED);
}

static void an_implausible_reading_is_not_known(void **state)
{
	struct log *log = *state;
	hold(log, TABLE, 20, 5000);
	for (int i = 0; i < 50; i++, log->now += 100)
		sessions_reading(log->sessions, log->now, TABLE, FIRST, THERAPY_ERROR, 0, log->now);
	hold(log, TABLE, 20, 5000);
	hold(log, TABLE, 0, 61000);
	assert_int_equal(log->begun, 1);
	assert_int_equal(log->last.unknown_ms, 5000);
	assert_int_equal(log->last.active_ms, 15000);
}

static void how_it_ended_is_told(void **state)
{
	struct log *log = *state;
	hold(log, BELT, 100, 10000);
	sessions_event(log->sessions, log->now, SESSIONS_TRIP, BELT, "over-force");
	hold(log, BELT, 0, 61000);
	assert_int_equal(log->last.end, SESSION_TRIPPED);
	assert_string_equal(log->last.rule, "over-force");
	assert_int_equal(log->last.trips, 1);

	hold(log, BELT, 100, 10000);
	sessions_event(log->sessions, log->now, SESSIONS_STOP, SESSIONS_EVERY, NULL);
	sessions_event(log->sessions, log->now, SESSIONS_TRIP, BELT, "over-force"); /* after it: it was the stop */
	hold(log, BELT, 0, 61000);
	assert_int_equal(log->last.end, SESSION_STOPPED);
	assert_string_equal(log->last.rule, "");

	/* tripped, rearmed and gone on with: it ends as it ends then */
	hold(log, BELT, 100, 10000);
	sessions_event(log->sessions, log->now, SESSIONS_TRIP, BELT, "over-force");
	hold(log, BELT, 0, 20000);
	hold(log, BELT, 100, 10000);
	hold(log, BELT, 0, 61000);
	assert_int_equal(log->last.end, SESSION_ENDED);
	assert_int_equal(log->last.trips, 1);
	assert_int_equal(log->went_on, 4);
}

static void a_stop_while_nothing_is_active_any_more_ended_nothing(void **state)
{
	struct log *log = *state;
	hold(log, TABLE, 20, 10000);
	hold(log, TABLE, 0, 20000);
	sessions_event(log->sessions, log->now, SESSIONS_STOP, SESSIONS_EVERY, NULL);
	hold(log, TABLE, 0, 61000);
	assert_int_equal(log->last.end, SESSION_ENDED);
	hold(log, BELT, 100, 10000);
	hold(log, BELT, 0, 2000); /* slack before the event was told */
	sessions_event(log->sessions, log->now, SESSIONS_TRIP, BELT, "over-force");
	hold(log, BELT, 0, 61000);
	assert_int_equal(log->last.end, SESSION_TRIPPED);
}

static void alarms_of_another_device_are_not_its_own(void **state)
{
	struct log *log = *state;
	hold(log, TABLE, 20, 5000);
	sessions_event(log->sessions, log->now, SESSIONS_ALARM, TABLE, "over-angle");
	sessions_event(log->sessions, log->now, SESSIONS_ALARM, BELT, "x");
	hold(log, TABLE, 0, 61000);
	assert_int_equal(log->last.alarms, 1);
	assert_int_equal(log->last.end, SESSION_ENDED);
}

static void time_beyond_the_limit_is_counted(void **state)
{
	struct log *log = *state;
	log->limited = true;
	hold(log, TABLE, 20, 10000);
	hold(log, TABLE, 31, 7000);
	hold(log, TABLE, 30, 10000);
	hold(log, TABLE, 0, 61000);
	assert_int_equal(log->last.over_ms, 7000);
	assert_near(log->last.peak, 31, 1e-9);
}

static void the_dose_of_heat_is_that_of_sapareto_and_dewey(void **state)
{
	struct log *log = *state;
	say(log, PAD, SECOND, 45); /* 4 minutes' worth a minute */
	for (int i = 0; i < 20; i++, log->now += 30000) {
		say(log, PAD, FIRST, 1);
		say(log, PAD, SECOND, 45);
	}
	say(log, PAD, FIRST, 0);
	silence(log, 61000);
	assert_int_equal(log->over, 1);
	assert_int_equal(log->last.active_ms, 600000);
	assert_true(log->last.has_dose);
	assert_near(log->last.dose_min, 40, 1e-6);
	assert_near(log->last.peak, 45, 1e-9);
}

static void devices_run_beside_each_other(void **state)
{
	struct log *log = *state;
	bool active;
	for (int i = 0; i < 100; i++, log->now += 100) {
		say(log, TABLE, FIRST, 20);
		say(log, BELT, FIRST, 50);
	}
	assert_int_equal(log->begun, 2);
	struct session_record *table = sessions_running(log->sessions, 0, &active);
	assert_non_null(table);
	assert_true(active);
	assert_int_equal(table->active_ms, 9900);
	assert_non_null(sessions_running(log->sessions, 1, &active));
	assert_null(sessions_running(log->sessions, 2, &active));
	assert_null(sessions_running(log->sessions, 3, &active));
}

static void the_end_of_the_gateway_cuts_what_runs(void **state)
{
	struct log *log = *state;
	hold(log, TABLE, 20, 5000);
	sessions_close(log->sessions, log->now);
	assert_int_equal(log->over, 1);
	assert_int_equal(log->last.end, SESSION_CUT);
	assert_int_equal(log->last.active_ms, 5000);
}

static void what_a_killed_process_left_running_goes_on(void **state)
{
	struct log *log = *state;
	bool active;
	hold(log, TABLE, 20, 30000);
	struct session_record left = *sessions_running(log->sessions, 0, &active);
	teardown(state);
	setup(state);
	log->now = (uint64_t)(left.begun_boot_ms + left.lasted_ms) + 1000; /* it is back after a second */
	assert_true(sessions_resume(log->sessions, &left, log->now - 1000, active));
	hold(log, TABLE, 26, 10000);
	hold(log, TABLE, 0, 61000);
	assert_int_equal(log->begun, 0);
	assert_int_equal(log->over, 1);
	assert_int_equal(log->last.end, SESSION_ENDED);
	assert_int_equal(log->last.active_ms, left.active_ms + 1000 + 10000);
	assert_int_equal(log->last.unknown_ms, 1000);
	assert_near(log->last.mean, (20.0 * (double)left.active_ms + 26 * 10000) / (double)(left.active_ms + 10000),
		    0.01);
	assert_near(log->last.peak, 26, 1e-9);
}

static void or_is_cut_where_it_does_not(void **state)
{
	struct log *log = *state;
	bool active;
	hold(log, TABLE, 20, 30000);
	struct session_record left = *sessions_running(log->sessions, 0, &active);
	teardown(state);
	setup(state);
	log->now = (uint64_t)(left.begun_boot_ms + left.lasted_ms);
	assert_true(sessions_resume(log->sessions, &left, log->now, active));
	silence(log, 61000);
	assert_int_equal(log->last.end, SESSION_CUT);
	assert_int_equal(log->last.active_ms, left.active_ms + SESSIONS_GAP_MS);
	left.kind = SESSION_HEAT;
	assert_false(sessions_resume(log->sessions, &left, log->now, active));
}

static void time_that_seems_to_go_back_takes_nothing_away(void **state)
{
	struct log *log = *state;
	hold(log, TABLE, 20, 5000);
	sessions_reading(log->sessions, log->now - 4000, TABLE, FIRST, THERAPY_GOOD, 20, log->now - 4000);
	sessions_tick(log->sessions, 5);
	hold(log, TABLE, 20, 5000);
	hold(log, TABLE, 0, 61000);
	assert_int_equal(log->begun, 1);
	assert_int_equal(log->last.active_ms, 10000);
}

/* Whatever readings come, in whatever order: the sums hold, and what was told to begin is told to end. */
static void sums_hold_for_any_readings(void **state)
{
	struct log *log = *state;
	uint32_t seed = 12345;
	for (int i = 0; i < 200000; i++) {
		seed = seed * 1664525u + 1013904223u;
		uint32_t r = seed >> 8;
		log->now += r % 7 ? r % 900 : r % 40000;
		if (r % 11 == 0)
			sessions_lost(log->sessions, log->now, (uint16_t)(r % 3));
		else if (r % 13 == 0)
			sessions_event(log->sessions, log->now, (enum sessions_event)(r % 3), (uint16_t)(r % 3), "r");
		else
			sessions_reading(log->sessions, log->now, (uint16_t)(r % 3), (uint16_t)(r / 3 % 2),
					 (uint8_t)(r / 7 % 5 ? THERAPY_GOOD : THERAPY_UNKNOWN), r / 5 % 3 ? 60 : 0,
					 log->now - r % 500);
		assert_true(log->over <= log->begun && log->begun <= log->over + 3);
		const struct session_record *l = &log->last;
		assert_true(l->unknown_ms >= 0 && l->unknown_ms <= l->active_ms);
		assert_true(l->active_ms <= l->lasted_ms);
		assert_true(l->lasted_ms + l->begun_boot_ms <= (int64_t)log->now);
		assert_true(!l->has_value || l->mean <= l->peak + 1e-9);
		assert_true((l->end == SESSION_TRIPPED) == (l->end != SESSION_RUNNING && l->rule[0] != '\0'));
	}
	sessions_close(log->sessions, log->now);
	assert_int_equal(log->over, log->begun);
	assert_true(log->begun > 100);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_session_lasts_from_the_first_reading_beyond_to_the_last),
	    TEST(what_is_over_within_two_seconds_is_no_session),
	    TEST(a_rest_of_less_than_a_minute_does_not_make_it_two),
	    TEST(silence_counts_as_therapy_and_ends_it_after_a_minute),
	    TEST(a_gap_of_a_radio_is_part_of_it),
	    TEST(a_device_that_goes_is_not_known_at_once),
	    TEST(an_implausible_reading_is_not_known),
	    TEST(how_it_ended_is_told),
	    TEST(a_stop_while_nothing_is_active_any_more_ended_nothing),
	    TEST(alarms_of_another_device_are_not_its_own),
	    TEST(time_beyond_the_limit_is_counted),
	    TEST(the_dose_of_heat_is_that_of_sapareto_and_dewey),
	    TEST(devices_run_beside_each_other),
	    TEST(the_end_of_the_gateway_cuts_what_runs),
	    TEST(what_a_killed_process_left_running_goes_on),
	    TEST(or_is_cut_where_it_does_not),
	    TEST(time_that_seems_to_go_back_takes_nothing_away),
	    TEST(sums_hold_for_any_readings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
