/* SPDX-License-Identifier: Apache-2.0
 * Questions, transactions, and what must not wait for them. */
#include "device/fake_model.h"

#include "base/testing.h"

static int setup(void **state)
{
	static struct fake f;
	fake_init(&f);
	f.model.n_polls = 1;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fake_end(*state);
	return 0;
}

static void answer(struct fake *f)
{
	fake_say(f, "Y", 1);
}

/* At rest, the first question asked and answered. */
static struct fake *quiet(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_link(f, true);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_int_equal(fake_sent(f, FAKE_ASK), 0); /* the line is given time to answer the OFF */
	fake_tick(f, 50);
	assert_int_equal(fake_sent(f, FAKE_ASK), 1);
	fake_say(f, "YR\0\0\0", 5);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
	return f;
}

static void questions_are_asked_in_their_rhythm_which_is_faster_until_rest_is_proved(void **state)
{
	struct fake *f = *state;
	f->polls[0].reply_ms = 0;
	fake_start(f);
	fake_link(f, true);
	assert_int_equal(fake_sent(f, FAKE_ASK), 1);
	fake_tick(f, 199);
	assert_int_equal(fake_sent(f, FAKE_ASK), 0);
	fake_tick(f, 1);
	assert_int_equal(fake_sent(f, FAKE_ASK), 1);
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(device_deadline(f->device), f->now_ms + 1000);
	fake_tick(f, 999);
	assert_int_equal(fake_sent(f, FAKE_ASK), 0);
	fake_tick(f, 1);
	assert_int_equal(fake_sent(f, FAKE_ASK), 1);
	fake_tick(f, 300);
	fake_lease(f, FAKE_HEAT, 1, 1, 10000);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
	assert_int_equal(fake_sent(f, FAKE_ASK), 1); /* 300 ms since the last, so the faster rhythm is due */
	assert_true(device_deadline(f->device) <= f->now_ms + 200);
	fake_tick(f, 5000);
	assert_int_equal(fake_sent(f, FAKE_ASK), 1); /* after a late tick once, not twenty-five times */
}

static void only_a_question_waits_so_a_link_that_is_down_is_not_asked(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_tick(f, 60000);
	assert_int_equal(f->out.n_sends, 0);
	assert_int_equal(device_deadline(f->device), UINT64_MAX);
}

static void nothing_but_stop_is_sent_while_a_reply_is_awaited(void **state)
{
	struct fake *f = quiet(state);
	fake_tick(f, 1000);
	assert_int_equal(fake_sent(f, FAKE_ASK), 1);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	assert_int_equal(f->out.n_sends, 0);
	fake_rest(f, FAKE_HEAT, false);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_int_equal(f->out.n_sends, 1);
}

static void a_stop_that_may_have_met_an_answer_is_sent_again_when_the_line_is_free(void **state)
{
	struct fake *f = quiet(state);
	fake_tick(f, 1000);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	fake_rest(f, FAKE_HEAT, false); /* into the question's transaction */
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	fake_tick(f, 50);
	assert_int_equal(fake_sent(f, FAKE_ASK), 0);
	size_t told = 0, asked = 0;
	for (int i = 0; i < 6; i++) {
		fake_tick(f, 50);
		told += fake_sent(f, FAKE_OFF);
		asked += fake_sent(f, FAKE_ASK);
		assert_false(fake_sent(f, FAKE_OFF) && fake_sent(f, FAKE_ASK));
	}
	assert_int_equal(told, 1); /* that one had the line for itself; from now on every confirm_ms */
	assert_true(asked >= 1);
}

static void a_line_is_free_again_however_often_stop_is_sent(void **state)
{
	struct fake *f = *state;
	f->controls[0].confirm_ms = 100; /* sooner than the transaction can end */
	f->polls[0].reply_ms = 500;
	fake_start(f);
	fake_link(f, true);
	size_t asked = 0;
	for (int i = 0; i < 100; i++) {
		fake_tick(f, 50);
		asked += fake_sent(f, FAKE_ASK);
	}
	assert_true(asked >= 4); /* in 5 s: a proof can come */
}

static void an_order_waits_for_the_reply_and_no_longer(void **state)
{
	struct fake *f = quiet(state);
	fake_tick(f, 1000);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	answer(f);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
	assert_int_equal(device_counters(f->device)->polls_unanswered, 0);
}

static void an_order_waits_for_the_time_out_when_no_reply_comes(void **state)
{
	struct fake *f = quiet(state);
	fake_tick(f, 1000);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	fake_reading(f, FAKE_TILT, 0); /* no reply */
	assert_int_equal(f->out.n_sends, 0);
	assert_int_equal(device_deadline(f->device), f->now_ms + 50);
	fake_tick(f, 50);
	assert_int_equal(f->out.sends[0].data[0], FAKE_ON);
	assert_int_equal(f->out.sends[0].effect, THERAPY_ACT);
	assert_int_equal(device_counters(f->device)->polls_unanswered, 1);
}

static void an_on_that_waits_never_follows_its_off(void **state)
{
	struct fake *f = quiet(state);
	fake_tick(f, 1000);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	fake_rest(f, FAKE_HEAT, false);
	for (int i = 0; i < 100; i++) {
		if (i % 3 == 0)
			answer(f);
		assert_int_equal(fake_sent(f, FAKE_ON), 0);
		fake_tick(f, 17);
		assert_int_equal(fake_sent(f, FAKE_ON), 0);
	}
}

static void an_on_that_waits_longer_than_its_lease_is_never_sent(void **state)
{
	struct fake *f = *state;
	f->polls[0].reply_ms = 5000;
	f->polls[0].every_ms = f->polls[0].energised_ms = 6000;
	fake_start(f);
	fake_link(f, true);
	answer(f);
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
	fake_tick(f, 6000);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	for (int i = 0; i < 100; i++) {
		fake_tick(f, 100);
		assert_int_equal(fake_sent(f, FAKE_ON), 0);
	}
}

static void an_on_that_waits_does_not_survive_the_link(void **state)
{
	struct fake *f = quiet(state);
	fake_tick(f, 1000);
	fake_lease(f, FAKE_HEAT, 1, 1, 60000);
	fake_say(f, "Ax", 2); /* nor does an answer to a connection that is over */
	fake_link(f, false);
	assert_int_equal(f->out.n_sends, 0);
	fake_link(f, true);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(fake_sent(f, FAKE_ON), 0);
		for (size_t k = 0; k < f->out.n_sends; k++)
			assert_int_not_equal(f->out.sends[k].data[0], 'x');
		fake_tick(f, 50);
	}
}

static void a_question_gives_the_device_time_to_answer_what_it_was_told_before(void **state)
{
	struct fake *f = quiet(state);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
	fake_tick(f, 49);
	assert_int_equal(f->out.n_sends, 0);
	fake_tick(f, 200);
	assert_int_equal(fake_sent(f, FAKE_ASK), 1);
	assert_int_equal(device_counters(f->device)->polls_unanswered, 0); /* an order's silence is no fault */
}

static void a_device_that_never_answers_still_gets_every_order_and_question_in_turn(void **state)
{
	struct fake *f = *state;
	f->model.n_polls = 2;
	f->polls[1].reply_ms = 50;
	f->polls[1].every_ms = 100;
	f->polls[0].every_ms = f->polls[0].energised_ms = 60;
	fake_start(f);
	fake_link(f, true);
	size_t asked[2] = {0};
	for (int i = 0; i < 100; i++) {
		fake_tick(f, 50);
		asked[0] += fake_sent(f, FAKE_ASK);
		asked[1] += fake_sent(f, FAKE_HELLO);
		assert_true(fake_sent(f, FAKE_ASK) + fake_sent(f, FAKE_HELLO) <= 1);
	}
	assert_true(asked[0] > 30 && asked[1] > 30);
	fake_reading(f, FAKE_POWER, 0);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	fake_tick(f, 50);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
}

static void half_an_answer_is_dropped_with_its_question(void **state)
{
	struct fake *f = quiet(state);
	uint8_t frame[16];
	size_t n = fake_pack_reading(frame, FAKE_TILT, 3);
	fake_tick(f, 1000);
	f->out = device_step(f->device, f->now_ms,
			     &(struct device_input){.type = DEVICE_IN_BYTES, .data = frame, .size = 4});
	fake_tick(f, 50);
	f->out = device_step(f->device, f->now_ms,
			     &(struct device_input){.type = DEVICE_IN_BYTES, .data = frame, .size = n});
	assert_int_equal(f->out.n_readings, 1);
	assert_int_equal(device_counters(f->device)->skipped_bytes, 4);
}

static void answers_of_the_codec_wait_their_turn_and_have_a_bound(void **state)
{
	struct fake *f = quiet(state);
	fake_tick(f, 1000);
	for (int i = 0; i < 100; i++) {
		fake_say(f, "Ax", 2);
		assert_int_equal(f->out.n_sends, 0);
	}
	assert_int_equal(device_counters(f->device)->overflows, 100 - 32);
	fake_rest(f, FAKE_HEAT, true); /* a full queue holds up no STOP */
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	answer(f);
	assert_int_equal(f->out.n_sends, 1);
	assert_int_equal(f->out.sends[0].data[0], 'x');
	assert_int_equal(f->out.sends[0].effect, THERAPY_QUERY);
}

static void renewals_do_not_pile_up_behind_a_transaction(void **state)
{
	struct fake *f = *state;
	f->polls[0].reply_ms = 3000;
	f->polls[0].every_ms = f->polls[0].energised_ms = 10000;
	fake_start(f);
	fake_link(f, true);
	answer(f);
	fake_say(f, "YR\0\0\0", 5);
	fake_lease(f, FAKE_HEAT, 1, 1, 60000);
	answer(f);
	for (int i = 0; i < 25; i++) {           /* the next question comes after 10 s */
		fake_reading(f, FAKE_POWER, 50); /* it says by itself that it is on */
		fake_tick(f, 400), answer(f);
	}
	assert_int_equal(fake_sent(f, FAKE_ASK), 1);
	for (int i = 0; i < 5; i++) {
		fake_tick(f, 400);
		assert_int_equal(f->out.n_sends, 0);
	}
	size_t renewed = 0;
	for (int i = 0; i < 3; i++) {
		answer(f);
		renewed += fake_sent(f, FAKE_RENEW);
	}
	assert_int_equal(renewed, 1);
}

static void an_on_that_finds_no_room_to_wait_ends_its_grant(void **state)
{
	struct fake *f = quiet(state);
	fake_tick(f, 1000);
	for (int i = 0; i < 32; i++)
		fake_say(f, "Ax", 2);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_true(fake_state_of(f, FAKE_HEAT).lease_expired);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).grant, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void a_device_is_asked_anew_without_anything_that_does_more_than_ask(void **state)
{
	struct fake *f = *state;
	f->on_connect[0] = FAKE_RENEW;
	f->model.n_on_connect = 1;
	f->polls[0].every_ms = 60000;
	fake_start(f);
	fake_input(f, DEVICE_IN_ASK); /* the link is down */
	assert_int_equal(f->out.n_sends, 0);
	fake_link(f, true);
	fake_tick(f, 50);
	fake_say(f, "YR\0\0\0", 5); /* the first question is answered, and rest proved */
	fake_input(f, DEVICE_IN_ASK);
	assert_int_equal(f->out.n_sends, 0); /* RENEW does more */
	f->on_connect[0] = FAKE_HELLO;
	fake_input(f, DEVICE_IN_ASK);
	assert_int_equal(fake_sent(f, FAKE_HELLO), 1);
	assert_int_equal(f->out.n_sends, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(questions_are_asked_in_their_rhythm_which_is_faster_until_rest_is_proved),
	    TEST(only_a_question_waits_so_a_link_that_is_down_is_not_asked),
	    TEST(nothing_but_stop_is_sent_while_a_reply_is_awaited),
	    TEST(a_stop_that_may_have_met_an_answer_is_sent_again_when_the_line_is_free),
	    TEST(a_line_is_free_again_however_often_stop_is_sent),
	    TEST(an_order_waits_for_the_reply_and_no_longer),
	    TEST(an_order_waits_for_the_time_out_when_no_reply_comes),
	    TEST(an_on_that_waits_never_follows_its_off),
	    TEST(an_on_that_waits_longer_than_its_lease_is_never_sent),
	    TEST(an_on_that_waits_does_not_survive_the_link),
	    TEST(a_question_gives_the_device_time_to_answer_what_it_was_told_before),
	    TEST(a_device_that_never_answers_still_gets_every_order_and_question_in_turn),
	    TEST(half_an_answer_is_dropped_with_its_question),
	    TEST(answers_of_the_codec_wait_their_turn_and_have_a_bound),
	    TEST(renewals_do_not_pile_up_behind_a_transaction),
	    TEST(an_on_that_finds_no_room_to_wait_ends_its_grant),
	    TEST(a_device_is_asked_anew_without_anything_that_does_more_than_ask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
