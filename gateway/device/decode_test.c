/* SPDX-License-Identifier: Apache-2.0
 * Frames and readings: what is cut, refused, believed, forwarded and counted. */
#include "device/fake_model.h"

#include "base/testing.h"

#include <limits.h>

static int setup(void **state)
{
	static struct fake f;
	fake_init(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fake_end(*state);
	return 0;
}

static struct fake *up(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_link(f, true);
	return f;
}

static void bytes(struct fake *f, const uint8_t *data, size_t size)
{
	struct device_input in = {.type = DEVICE_IN_BYTES, .data = data, .size = size};
	f->out = device_step(f->device, f->now_ms, &in);
}

static const struct device_reading *only(const struct fake *f, uint8_t quality)
{
	assert_int_equal(f->out.n_readings, 1);
	assert_int_equal(f->out.readings[0].quality, quality);
	return &f->out.readings[0];
}

static void a_frame_is_read_however_its_bytes_arrive(void **state)
{
	struct fake *f = up(state);
	uint8_t frame[16];
	size_t n = fake_pack_reading(frame, FAKE_TILT, -45);
	for (size_t split = 1; split < n; split++) {
		bytes(f, frame, split);
		assert_int_equal(f->out.n_readings, 0);
		f->now_ms += 7;
		bytes(f, frame + split, n - split);
		const struct device_reading *r = only(f, THERAPY_GOOD);
		assert_near(r->value, -45, 0);
		assert_int_equal(r->stamp_ms, f->now_ms); /* when its last byte came */
		assert_int_equal(f->out.first_sequence, split);
	}
	for (size_t i = 0; i < n; i++)
		bytes(f, frame + i, 1);
	assert_int_equal(f->out.n_readings, 1);
	assert_int_equal(device_counters(f->device)->frames, n);
	assert_int_equal(device_counters(f->device)->skipped_bytes, 0);
}

static void noise_between_frames_is_skipped_and_counted(void **state)
{
	struct fake *f = up(state);
	uint8_t data[64] = {1, 2, 3, 0xA5, 0, 9};
	size_t n = 6 + fake_pack_reading(data + 6, FAKE_TILT, 1);
	data[n++] = 0x77;
	n += fake_pack_reading(data + n, FAKE_TILT, 2);
	bytes(f, data, n);
	assert_int_equal(f->out.n_readings, 2);
	assert_int_equal(device_counters(f->device)->skipped_bytes, 7);
}

static void a_full_input_of_the_shortest_readings_loses_none(void **state)
{
	struct fake *f = up(state);
	uint8_t data[4096];
	size_t n = 0, frames = 0;
	while (n + 7 <= sizeof data) {
		n += fake_pack_reading(data + n, FAKE_TILT, (int)(frames % 2));
		frames++;
	}
	uint64_t next = 1;
	for (int i = 0; i < 20; i++) {
		bytes(f, data, n);
		assert_int_equal(f->out.n_readings, frames);
		assert_int_equal(f->out.first_sequence, next);
		next += frames;
	}
	assert_int_equal(device_counters(f->device)->overflows, 0);
	assert_int_equal(device_counters(f->device)->readings, next - 1);
}

static void many_readings_in_one_frame_fit_and_what_does_not_is_counted(void **state)
{
	struct fake *f = up(state);
	uint8_t payload[252], data[4096 + 256];
	for (size_t i = 0; i < sizeof payload; i += 4)
		memcpy(payload + i, "R\1\1\0", 4);
	size_t n = 0;
	while (n + 255 <= 4096)
		n += fake_pack(data + n, payload, sizeof payload);
	bytes(f, data, n);
	assert_int_equal(f->out.n_readings, n / 255 * 63);
	uint8_t
	    big[255 * 80]; /* more than a link hands on at a time: nothing breaks, and what has no room is counted */
	for (size_t i = 0; i < 80; i++)
		fake_pack(big + 255 * i, payload, sizeof payload);
	bytes(f, big, sizeof big);
	assert_int_equal(f->out.n_readings, 4096 + 512);
	assert_int_equal(device_counters(f->device)->overflows, 80 * 63 - 4096 - 512);
	uint64_t next = f->out.first_sequence + f->out.n_readings;
	fake_reading(f, FAKE_TILT, 1);
	assert_int_equal(f->out.first_sequence, next);
}

static void no_input_of_any_bytes_breaks_or_stalls_the_machine(void **state)
{
	struct fake *f = up(state);
	uint64_t random = 88172645463325252u;
	uint8_t data[4096];
	for (int i = 0; i < 300; i++) {
		for (size_t k = 0; k < sizeof data; k++) {
			random ^= random << 13, random ^= random >> 7, random ^= random << 17;
			data[k] = k % 5 == 0 ? 0xA5 : (uint8_t)(random >> 32);
		}
		bytes(f, data, sizeof data);
	}
	const struct device_counters *c = device_counters(f->device);
	assert_true(c->refused[THERAPY_REFUSED_CHECKSUM] > 100);
	assert_true(c->skipped_bytes > 100);
	uint8_t rest[512] = {0};
	bytes(f, rest, sizeof rest); /* ends whatever frame was begun */
	fake_reading(f, FAKE_SWITCH, 1);
	assert_int_equal(f->out.n_readings, 1);
}

static void a_frame_function_that_misbehaves_is_contained(void **state)
{
	struct fake *f = up(state);
	const long nonsense[] = {0, 513, 100000, LONG_MAX, LONG_MIN, -5000, -1};
	uint8_t data[4096];
	memset(data, 0xA5, sizeof data);
	for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
		fake_state->broken_frame = true;
		fake_state->nonsense = nonsense[i];
		bytes(f, data, sizeof data);
		bytes(f, data, sizeof data);
		assert_int_equal(f->out.n_readings, 0);
		fake_link(f, false);
		fake_link(f, true);
	}
	assert_int_equal(device_counters(f->device)->skipped_bytes,
			 2 * sizeof data * sizeof nonsense / sizeof *nonsense);
}

static void every_refusal_is_counted_by_its_cause_and_is_no_reading(void **state)
{
	struct fake *f = up(state);
	uint8_t frame[16];
	size_t n = fake_pack_reading(frame, FAKE_TILT, 3);
	frame[4] ^= 1;
	bytes(f, frame, n);
	assert_int_equal(f->out.n_readings, 0);
	assert_int_equal(device_counters(f->device)->refused[THERAPY_REFUSED_CHECKSUM], 1);
	for (uint8_t cause = 1; cause < THERAPY_REFUSED_COUNT_; cause++) {
		uint8_t payload[] = {'R', FAKE_TILT, 1, 0, 'A', 1, 'P', 2, 'L', 3, 'X', cause};
		fake_say(f, payload, sizeof payload);
		assert_int_equal(f->out.n_readings + f->out.n_sends, 0);
		assert_int_equal(f->out.presence, THERAPY_PRESENCE_SAME);
		assert_int_equal(device_counters(f->device)->refused[cause], cause == THERAPY_REFUSED_CHECKSUM ? 2 : 1);
	}
	fake_say(f, "X\xC8", 2); /* a cause that is none */
	assert_int_equal(device_counters(f->device)->refused[THERAPY_REFUSED_FORMAT], 2);
	assert_int_equal(device_counters(f->device)->frames_lost, 0);
}

static void what_the_device_lost_and_what_overflowed_is_counted(void **state)
{
	struct fake *f = up(state);
	fake_say(f, "L\5", 2);
	fake_say(f, "L\2L\1", 4);
	assert_int_equal(device_counters(f->device)->frames_lost, 8);
	fake_say(f, "O", 1);
	fake_say(f, "AaAbAcAdAe", 10); /* five answers, room for four */
	assert_int_equal(f->out.n_sends, 4);
	fake_say(f, "R\4\1\0", 4); /* a metric that is not in the table */
	assert_int_equal(f->out.n_readings, 0);
	assert_int_equal(device_counters(f->device)->overflows, 3);
}

static void half_a_frame_does_not_survive_the_link(void **state)
{
	struct fake *f = up(state);
	uint8_t frame[16];
	size_t n = fake_pack_reading(frame, FAKE_TILT, 3);
	bytes(f, frame, 4);
	fake_link(f, false);
	bytes(f, frame, n);
	assert_int_equal(f->out.n_readings, 0);
	fake_link(f, true);
	bytes(f, frame, n);
	assert_int_equal(f->out.n_readings, 1);
}

static void what_cannot_be_true_is_an_error_never_good(void **state)
{
	struct fake *f = up(state);
	const struct {
		uint8_t metric;
		int value;
	} bad[] = {{FAKE_POWER, -1},  {FAKE_POWER, 3001}, {FAKE_TILT, 181},
		   {FAKE_TILT, -181}, {FAKE_SWITCH, 2},   {FAKE_SWITCH, -1}};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		fake_reading(f, bad[i].metric, bad[i].value);
		only(f, THERAPY_ERROR);
	}
	fake_say(f, "N\1", 2);
	assert_true(isfinite(only(f, THERAPY_ERROR)->value));
	fake_say(f, "Q\1\11", 3); /* a quality that is none */
	only(f, THERAPY_ERROR);
	assert_int_equal(device_counters(f->device)->out_of_range, 8);
	fake_say(f, "Q\1\0", 3);
	only(f, THERAPY_UNKNOWN);
	fake_say(f, "Q\1\2", 3);
	only(f, THERAPY_ERROR);
	assert_int_equal(device_counters(f->device)->out_of_range, 8);
	fake_reading(f, FAKE_TILT, 180);
	only(f, THERAPY_GOOD);
}

static void an_implausible_power_proves_no_rest(void **state)
{
	struct fake *f = up(state);
	fake_reading(f, FAKE_POWER, -5); /* at or below rest_max, but impossible */
	assert_int_equal(f->out.n_states, 0);
}

static void one_jump_is_an_error_and_the_old_level_goes_on(void **state)
{
	struct fake *f = up(state);
	fake_reading(f, FAKE_TILT, 0);
	f->now_ms += 100;
	fake_reading(f, FAKE_TILT, 12); /* 100 deg/s for 0.1 s, and the dead-band */
	only(f, THERAPY_GOOD);
	f->now_ms += 100;
	fake_reading(f, FAKE_TILT, 90);
	only(f, THERAPY_ERROR);
	f->now_ms += 100;
	fake_reading(f, FAKE_TILT, 12);
	only(f, THERAPY_GOOD);
	f->now_ms += 100;
	fake_reading(f, FAKE_TILT, 90);
	only(f, THERAPY_ERROR);
	f->now_ms += 100;
	fake_reading(f, FAKE_TILT, -90); /* two that jump but disagree are both errors */
	only(f, THERAPY_ERROR);
}

static void a_new_level_is_believed_when_a_second_reading_agrees(void **state)
{
	struct fake *f = up(state);
	fake_reading(f, FAKE_TILT, 0);
	f->now_ms += 100;
	fake_reading(f, FAKE_TILT, 90);
	only(f, THERAPY_ERROR);
	f->now_ms += 100;
	fake_reading(f, FAKE_TILT, 91);
	only(f, THERAPY_GOOD);
	f->now_ms += 100;
	fake_reading(f, FAKE_TILT, 0);
	only(f, THERAPY_ERROR);
}

static void an_impossible_reading_between_two_that_agree_makes_them_disagree(void **state)
{
	struct fake *f = up(state);
	const int values[] = {90, 200, 90};
	fake_reading(f, FAKE_TILT, 0);
	for (size_t i = 0; i < 3; i++) {
		f->now_ms += 100;
		fake_reading(f, FAKE_TILT, values[i]);
		only(f, THERAPY_ERROR);
	}
	f->now_ms += 100;
	fake_reading(f, FAKE_TILT, 90);
	only(f, THERAPY_GOOD);
}

static void a_gap_gives_time_to_move(void **state)
{
	struct fake *f = up(state);
	fake_reading(f, FAKE_TILT, 0);
	f->now_ms += 3000;
	fake_reading(f, FAKE_TILT, 90);
	only(f, THERAPY_GOOD);
}

static void frames_that_were_buffered_together_are_no_jump(void **state)
{
	struct fake *f = up(state);
	uint8_t data[128];
	size_t n = 0;
	for (int i = 0; i < 10; i++)
		n += fake_pack_reading(data + n, FAKE_TILT, i * 10);
	bytes(f, data, n);
	assert_int_equal(f->out.n_readings, 10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(f->out.readings[i].quality, THERAPY_GOOD);
}

static void a_reading_is_as_old_as_the_device_says_and_handling_never_makes_it_younger(void **state)
{
	struct fake *f = up(state);
	const uint8_t old[] = {'G', 0xE8, 3, 'R', FAKE_TILT, 1, 0};
	fake_say(f, old, sizeof old);
	assert_int_equal(only(f, THERAPY_GOOD)->stamp_ms, f->now_ms - 1000);
	fake_tick(f, 500);
	f->now_ms -= 400; /* the bytes came before that tick but are looked at after it */
	fake_reading(f, FAKE_TILT, 1);
	assert_int_equal(only(f, THERAPY_GOOD)->stamp_ms, f->now_ms);
}

/* Seen on a plug: its answer arrived a moment before it was told, was read after that, and "for how long do I wait"
 * came out as 584 million years: the pad was granted and never switched on. */
static void what_arrived_before_a_verb_was_told_is_not_handed_over_as_earlier(void **state)
{
	struct fake *f = *state;
	fake_init_messages(f);
	fake_start(f);
	fake_at_rest(f);
	fake_lease(f, FAKE_HEAT, 1, 1, 5000);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
	uint64_t told_ms = fake_state->last_ms;
	f->now_ms -= 3;
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(only(f, THERAPY_GOOD)->stamp_ms, told_ms - 3);
	assert_int_equal(fake_state->last_ms, told_ms);
}

static void a_resting_device_that_says_the_same_is_thinned(void **state)
{
	struct fake *f = *state;
	f->rest_forward_ms = 500;
	up(state);
	size_t forwarded = 0;
	for (int i = 0; i < 50; i++) { /* 5 s at 10 Hz; stale after 3 s */
		fake_reading(f, FAKE_TILT, i % 2);
		forwarded += f->out.n_readings;
		f->now_ms += 100;
	}
	assert_int_equal(forwarded, 10);
	const struct device_counters *c = device_counters(f->device);
	assert_int_equal(c->readings, 50);
	assert_int_equal(c->thinned, 40);
	fake_reading(f, FAKE_TILT, 0);
	assert_int_equal(f->out.first_sequence, 11); /* no gap */
}

static void a_change_worth_showing_or_of_quality_goes_on_at_once(void **state)
{
	struct fake *f = *state;
	f->rest_forward_ms = 500;
	up(state);
	fake_reading(f, FAKE_TILT, 0);
	f->now_ms += 10;
	fake_reading(f, FAKE_TILT, 1);
	assert_int_equal(f->out.n_readings, 0);
	fake_reading(f, FAKE_TILT, 2); /* creeping counts from what was last forwarded */
	assert_int_equal(f->out.n_readings, 1);
	fake_reading(f, FAKE_TILT, 170);
	only(f, THERAPY_ERROR);
	fake_reading(f, FAKE_TILT, 2);
	only(f, THERAPY_GOOD);
	fake_reading(f, FAKE_SWITCH, 0);
	fake_reading(f, FAKE_SWITCH, 1); /* no dead-band: every change */
	assert_int_equal(f->out.n_readings, 1);
	fake_reading(f, FAKE_SWITCH, 1);
	assert_int_equal(f->out.n_readings, 0);
}

static void thinning_leaves_readings_far_from_stale(void **state)
{
	struct fake *f = *state;
	f->rest_forward_ms = 10000;
	up(state);
	uint64_t last = f->now_ms;
	for (int i = 0; i < 100; i++) {
		fake_reading(f, FAKE_SWITCH, 0); /* stale after 1 s */
		if (f->out.n_readings) {
			assert_true(f->now_ms - last <= 333);
			last = f->now_ms;
		}
		f->now_ms += 100;
	}
	assert_true(f->now_ms - last <= 333 + 100);
	assert_true(device_counters(f->device)->thinned > 50);
}

static void nothing_is_thinned_while_a_control_has_a_lease_or_on_a_new_link(void **state)
{
	struct fake *f = *state;
	f->rest_forward_ms = 500;
	fake_start(f);
	fake_at_rest(f);
	fake_reading(f, FAKE_TILT, 0);
	fake_reading(f, FAKE_TILT, 0);
	assert_int_equal(f->out.n_readings, 0);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	fake_reading(f, FAKE_TILT, 0);
	assert_int_equal(f->out.n_readings, 1);
	fake_rest(f, FAKE_HEAT, false);
	fake_reading(f, FAKE_TILT, 0);
	assert_int_equal(f->out.n_readings, 0);
	fake_link(f, false);
	fake_link(f, true);
	fake_reading(f, FAKE_TILT, 0);
	assert_int_equal(f->out.n_readings, 1);
}

static void a_thinned_reading_still_proves_rest(void **state)
{
	struct fake *f = *state;
	f->rest_forward_ms = 500;
	fake_start(f);
	fake_at_rest(f);
	fake_rest(f, FAKE_HEAT, false);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	fake_rest(f, FAKE_HEAT, false);
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(f->out.n_readings, 0);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_frame_is_read_however_its_bytes_arrive),
	    TEST(noise_between_frames_is_skipped_and_counted),
	    TEST(a_full_input_of_the_shortest_readings_loses_none),
	    TEST(many_readings_in_one_frame_fit_and_what_does_not_is_counted),
	    TEST(no_input_of_any_bytes_breaks_or_stalls_the_machine),
	    TEST(a_frame_function_that_misbehaves_is_contained),
	    TEST(every_refusal_is_counted_by_its_cause_and_is_no_reading),
	    TEST(what_the_device_lost_and_what_overflowed_is_counted),
	    TEST(half_a_frame_does_not_survive_the_link),
	    TEST(what_cannot_be_true_is_an_error_never_good),
	    TEST(an_implausible_power_proves_no_rest),
	    TEST(one_jump_is_an_error_and_the_old_level_goes_on),
	    TEST(a_new_level_is_believed_when_a_second_reading_agrees),
	    TEST(an_impossible_reading_between_two_that_agree_makes_them_disagree),
	    TEST(a_gap_gives_time_to_move),
	    TEST(frames_that_were_buffered_together_are_no_jump),
	    TEST(a_reading_is_as_old_as_the_device_says_and_handling_never_makes_it_younger),
	    TEST(what_arrived_before_a_verb_was_told_is_not_handed_over_as_earlier),
	    TEST(a_resting_device_that_says_the_same_is_thinned),
	    TEST(a_change_worth_showing_or_of_quality_goes_on_at_once),
	    TEST(thinning_leaves_readings_far_from_stale),
	    TEST(nothing_is_thinned_while_a_control_has_a_lease_or_on_a_new_link),
	    TEST(a_thinned_reading_still_proves_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
