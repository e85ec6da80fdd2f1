/* SPDX-License-Identifier: Apache-2.0
 * The machine as a whole: messages, presence, the will, and a long random life in which no promise may break. */
#include "device/fake_model.h"

#include "base/testing.h"

#include <uv.h>

static int setup(void **state)
{
	static struct fake f;
	fake_init_messages(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fake_end(*state);
	return 0;
}

static void options_that_the_plugin_refuses_make_no_machine(void **state)
{
	struct fake *f = *state;
	struct therapy_value value = {.set = true, .number = -1};
	struct device_config config = {.model = &f->model, .options = &value};
	assert_int_equal(device_new(&config, 0, &f->device), UV_EINVAL);
	assert_null(f->device);
}

/* Models that share functions tell them which row they are. */
static int init_by_row(void *state, const struct therapy_model *row, const struct therapy_value *values, uint32_t seed)
{
	(void)values, (void)seed;
	fake_state = state;
	return strcmp(row->own, "welcome") == 0 ? 0 : -1;
}

static void a_row_that_is_given_to_its_functions_is_that_of_the_model(void **state)
{
	struct fake *f = *state;
	f->model.init = NULL;
	f->model.init_row = init_by_row;
	f->model.own = "unwelcome";
	struct device_config config = {.model = &f->model};
	assert_int_equal(device_new(&config, 0, &f->device), UV_EINVAL);
	assert_null(f->device);
	f->model.own = "welcome";
	assert_int_equal(device_new(&config, 0, &f->device), 0);
}

static void the_will_is_the_rest_of_the_first_control_and_costs_no_sequence_number(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	struct therapy_frame will;
	assert_true(device_will(f->device, &will));
	assert_int_equal(will.channel, 1);
	assert_int_equal(will.size, 2);
	assert_int_equal(will.bytes[0], FAKE_OFF);
	assert_int_equal(device_counters(f->device)->link_ups, 0);
	device_free(f->device);
	f->model.n_controls = 0;
	fake_start(f);
	assert_false(device_will(f->device, &will));
}

static void a_retained_value_is_an_old_truth_and_proves_nothing(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_link(f, true);
	fake_say_retained(f, "R\0\0\0", 4);
	assert_int_equal(f->out.n_readings + f->out.n_states, 0);
	assert_int_equal(device_counters(f->device)->readings, 0);
	fake_say(f, "R\0\0\0", 4);
	assert_int_equal(f->out.n_readings, 1);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
	fake_say_retained(f, "R\0\62\0", 4);
	assert_int_equal(f->out.n_states + f->out.n_sends, 0);
}

static void presence_is_told_also_when_it_was_retained(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_link(f, true);
	fake_say_retained(f, "P\1", 2);
	assert_int_equal(f->out.presence, THERAPY_PRESENT);
	assert_int_equal(f->out.n_sends, 0);
	fake_say_retained(f, "P\2", 2);
	assert_int_equal(f->out.presence, THERAPY_ABSENT);
	fake_tick(f, 1);
	assert_int_equal(f->out.presence, THERAPY_PRESENCE_SAME);
}

static void a_device_that_goes_loses_its_lease_and_must_prove_rest_when_it_comes_back(void **state)
{
	struct fake *f = *state;
	f->model.n_on_connect = 1;
	fake_start(f);
	fake_at_rest(f);
	fake_tick(f, 1000);
	fake_lease(f, FAKE_HEAT, 1, 1, 60000);
	fake_say(f, "P\2", 2);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).grant, 1);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_COMING_TO_REST);
	fake_say(f, "R\0\0\0", 4);
	fake_lease(f, FAKE_HEAT, 2, 1, 1000); /* not while it is gone, whatever it said last */
	assert_int_equal(fake_sent(f, FAKE_ON), 0);
	fake_tick(f, 1000);
	fake_say(f, "P\1", 2);
	assert_int_equal(f->out.sends[0].data[0], FAKE_HELLO);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_COMING_TO_REST);
	fake_say(f, "R\0\0\0", 4);
	fake_lease(f, FAKE_HEAT, 3, 1, 1000);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
	fake_tick(f, 500);
	fake_say(f, "P\1", 2); /* it says again that it is there */
	assert_int_equal(f->out.n_sends + f->out.n_states, 0);
}

static void a_device_that_is_gone_is_asked_in_the_slow_rhythm(void **state)
{
	struct fake *f = *state;
	f->model.n_polls = 1;
	f->polls[0].reply_ms = 0;
	fake_start(f);
	fake_link(f, true);
	size_t asked = 0;
	fake_say(f, "P\2", 2);
	for (int i = 0; i < 100; i++) { /* 10 s */
		fake_tick(f, 100);
		asked += fake_sent(f, FAKE_ASK);
	}
	assert_int_equal(asked, 10);
	fake_say(f, "P\1", 2);
	assert_int_equal(fake_sent(f, FAKE_ASK), 1); /* back: at once, then fast until it proves rest */
	fake_tick(f, 200);
	assert_int_equal(fake_sent(f, FAKE_ASK), 1);
}

static void presence_that_flickers_makes_us_send_at_a_bounded_rate(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	size_t told = 0;
	for (int i = 0; i < 1000; i++) {
		fake_say(f, i % 2 ? "P\1" : "P\2", 2);
		told += fake_sent(f, FAKE_OFF);
		fake_tick(f, 1);
		told += fake_sent(f, FAKE_OFF);
	}
	assert_in_range(told, 1, 11);
}

static void a_message_on_a_channel_that_is_none_and_a_frame_to_one_that_only_listens_are_dropped(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_link(f, true);
	struct device_input in = {.type = DEVICE_IN_MESSAGE, .data = (const uint8_t *)"P\1", .size = 2, .channel = 2};
	f->out = device_step(f->device, f->now_ms, &in);
	assert_int_equal(f->out.presence, THERAPY_PRESENCE_SAME);
	fake_say(f, "Ab", 2); /* an answer on channel 0, which is IN only */
	assert_int_equal(f->out.n_sends, 0);
	fake_say(f, "Aa", 2);
	assert_int_equal(f->out.n_sends, 1);
	assert_int_equal(device_counters(f->device)->overflows, 2);
	fake_say(f, "", 0);
	assert_int_equal(device_counters(f->device)->frames, 3);
}

static void an_orphan_on_messages_waits_for_its_link_until_the_bound(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	fake_link(f, false);
	assert_true(device_idle(f->device));
	fake_input(f, DEVICE_IN_ORPHANED);
	assert_false(device_idle(f->device));
	fake_tick(f, 3000);
	fake_link(f, true);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_false(device_idle(f->device));
	fake_tick(f, 3000);
	assert_true(device_idle(f->device));
}

/* ---- a random life ---- */

struct life {
	struct fake *f;
	uint64_t random;
	uint64_t grant;   /* the highest ever given */
	uint64_t running; /* grant that may be on; 0: none */
	bool waiting;     /* its ON is behind a transaction */
	uint64_t expires_ms;
	bool up;
	size_t sets, rests;
};

static uint32_t pick(struct life *l, uint32_t n)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return (uint32_t)(l->random >> 33) % n;
}

/* What holds after every step, whatever the input was. */
static void assert_promises(struct life *l, const struct device_input *in)
{
	const struct fake *f = l->f;
	size_t ons = fake_sent(f, FAKE_ON), offs = fake_sent(f, FAKE_OFF);
	bool new_grant = in->type == DEVICE_IN_LEASE && in->grant > l->grant && in->expires_ms > f->now_ms;
	bool ran_out = l->running != 0 && f->now_ms >= l->expires_ms;

	/* Only a new grant that is still good switches anything on, once. */
	assert_true(ons == 0 || new_grant || (l->waiting && f->now_ms < l->expires_ms));
	assert_true(ons <= 1);
	if (ran_out && l->up)
		assert_true(offs > 0);
	if (in->type == DEVICE_IN_REST && l->up)
		assert_true(offs > 0);
	if (in->type == DEVICE_IN_LINK_UP)
		assert_true(offs > 0);
	bool ended = false;
	bool granted = false;
	for (size_t i = 0; i < f->out.n_states; i++) {
		const struct device_control_state *s = &f->out.states[i];
		bool on = s->phase >= DEVICE_PHASE_ENERGISED;
		ended = ended || (s->grant == l->running && !on);
		granted = granted || (new_grant && s->grant == in->grant && on && !s->lease_expired);
		if (on && !s->lease_expired)
			assert_true(s->grant == in->grant || (s->grant == l->running && !ended));
	}
	if (ons > 0 && new_grant)
		assert_true(granted);
	if (ran_out || ended || in->type == DEVICE_IN_REST || in->type == DEVICE_IN_LINK_UP ||
	    in->type == DEVICE_IN_LINK_DOWN)
		l->running = 0;
	l->waiting = l->waiting && l->running != 0 && ons == 0;
	if (in->type == DEVICE_IN_LEASE && in->grant > l->grant)
		l->grant = in->grant;
	if (granted) {
		l->running = in->grant;
		l->expires_ms = in->expires_ms;
		l->waiting = ons == 0;
	} else if (in->type == DEVICE_IN_LEASE && in->grant == l->running && in->expires_ms > l->expires_ms) {
		l->expires_ms = in->expires_ms;
	}
	if (in->type == DEVICE_IN_LINK_UP || in->type == DEVICE_IN_LINK_DOWN)
		l->up = in->type == DEVICE_IN_LINK_UP;
	assert_true(device_deadline(f->device) > f->now_ms);
	l->sets += ons;
	l->rests += offs;
}

static void live(struct life *l, struct device_input in)
{
	l->f->out = device_step(l->f->device, l->f->now_ms, &in);
	assert_promises(l, &in);
}

static void live_a_moment(struct life *l)
{
	struct fake *f = l->f;
	uint8_t data[4] = {0};
	static const uint32_t passes[] = {0, 1, 20, 100, 250, 250, 250, 900, 5000};
	f->now_ms += passes[pick(l, 9)];
	uint64_t soon = f->now_ms + pick(l, 1500) - 200;
	switch (pick(l, 12)) {
	case 0:
		live(l, (struct device_input){.type = pick(l, 8) ? DEVICE_IN_TICK : DEVICE_IN_LINK_UP});
		break;
	case 1:
		live(l, (struct device_input){.type = pick(l, 8) ? DEVICE_IN_TICK : DEVICE_IN_LINK_DOWN});
		break;
	case 2:
		live(l, (struct device_input){.type = DEVICE_IN_REST, .stop = pick(l, 2)});
		break;
	case 3:
	case 4:
		live(l, (struct device_input){
			    .type = DEVICE_IN_LEASE, .grant = l->grant + pick(l, 2), .value = 1, .expires_ms = soon});
		break;
	case 5: /* an old one, or a renewal */
		live(l, (struct device_input){.type = DEVICE_IN_LEASE,
					      .grant = l->grant - pick(l, l->grant > 3 ? 3 : 1),
					      .value = 1,
					      .expires_ms = soon});
		break;
	case 6:
		memcpy(data, pick(l, 2) ? "P\1" : "P\2", 2);
		live(l, (struct device_input){
			    .type = DEVICE_IN_MESSAGE, .data = data, .size = 2, .retained = pick(l, 4) == 0});
		break;
	case 7:
		memcpy(data, "Y", 1);
		live(l, (struct device_input){.type = DEVICE_IN_MESSAGE, .data = data, .size = 1});
		break;
	default: {
		uint8_t said[5] = {'R', FAKE_POWER, pick(l, 3) ? 0 : 50, 0};
		live(l, (struct device_input){
			    .type = DEVICE_IN_MESSAGE, .data = said, .size = 4, .retained = pick(l, 6) == 0});
	}
	}
}

static void whatever_happens_in_whatever_order_only_a_new_grant_switches_on(void **state)
{
	struct fake *f = *state;
	size_t sets = 0;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		fake_init_messages(f);
		f->model.n_polls = (uint8_t)(seed % 3);
		f->polls[0].reply_ms = seed % 2 ? 0 : 50;
		f->polls[1].reply_ms = seed % 2 ? 0 : 50;
		fake_start(f);
		struct life l = {.f = f, .random = seed * 0x9E3779B97F4A7C15u};
		live(&l, (struct device_input){.type = DEVICE_IN_LINK_UP});
		for (int i = 0; i < 2000; i++)
			live_a_moment(&l);
		sets += l.sets;
		assert_true(l.rests > 0);
		fake_end(f);
	}
	assert_true(sets > 1000); /* it was no life of refusals */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(options_that_the_plugin_refuses_make_no_machine),
	    TEST(a_row_that_is_given_to_its_functions_is_that_of_the_model),
	    TEST(the_will_is_the_rest_of_the_first_control_and_costs_no_sequence_number),
	    TEST(a_retained_value_is_an_old_truth_and_proves_nothing),
	    TEST(presence_is_told_also_when_it_was_retained),
	    TEST(a_device_that_goes_loses_its_lease_and_must_prove_rest_when_it_comes_back),
	    TEST(a_device_that_is_gone_is_asked_in_the_slow_rhythm),
	    TEST(presence_that_flickers_makes_us_send_at_a_bounded_rate),
	    TEST(a_message_on_a_channel_that_is_none_and_a_frame_to_one_that_only_listens_are_dropped),
	    TEST(an_orphan_on_messages_waits_for_its_link_until_the_bound),
	    TEST(whatever_happens_in_whatever_order_only_a_new_grant_switches_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
