/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"

#include <string.h>

#include "sim/belt_board.h"
#include "sim/firmware.h"

struct fixture {
	struct belt_board board;
	uint64_t now_ms;
	unsigned reports, acks, infos;
	uint8_t status; /* of the last ACK */
	uint8_t acked_seq;
	double force, setpoint, pain; /* of the last REPORT */
	char changed[32];
};

static void on_send(void *user, uint8_t type, const uint8_t *body, size_t size)
{
	struct fixture *f = user;
	if (type == FIRMWARE_ACK) {
		assert_int_equal(size, 2);
		f->acks++;
		f->acked_seq = body[0];
		f->status = body[1];
	} else if (type == FIRMWARE_REPORT) {
		assert_int_equal(size, 25);
		assert_int_equal(body[4], 4);
		f->reports++;
		f->force = firmware_get32(body + 6) / 1000.0;
		f->setpoint = firmware_get32(body + 16) / 1000.0;
		f->pain = firmware_get32(body + 21) / 1000.0;
	} else {
		assert_int_equal(type, FIRMWARE_INFO);
		assert_int_equal(body[0], 1);
		assert_int_equal(body[1], 2);
		assert_int_equal(firmware_get16(body + 2), BELT_REPORT_MS);
		f->infos++;
	}
}

static void on_changed(void *user, const char *what)
{
	struct fixture *f = user;
	strncpy(f->changed, what, sizeof f->changed - 1);
}

static int setup(void **state)
{
	static struct fixture f;
	f = (struct fixture){.now_ms = 1000000};
	belt_init(&f.board, f.now_ms, &(struct belt_ops){.user = &f, .send = on_send, .changed = on_changed});
	*state = &f;
	return 0;
}

static void pass(struct fixture *f, unsigned ms)
{
	for (unsigned i = 0; i < ms; i += 10)
		belt_step(&f->board, f->now_ms += 10);
}

static void set(struct fixture *f, double newton, uint16_t timeout_ms)
{
	uint8_t body[7] = {1};
	firmware_put32(body + 1, (uint32_t)(int32_t)(newton * 1000));
	firmware_put16(body + 5, timeout_ms);
	belt_packet(&f->board, f->now_ms, FIRMWARE_SET, 9, body, sizeof body);
}

static void keep_alive(struct fixture *f, unsigned ms)
{
	uint8_t body[2];
	firmware_put16(body, 1000);
	for (unsigned i = 0; i < ms; i += 250) {
		belt_packet(&f->board, f->now_ms, FIRMWARE_KEEPALIVE, 1, body, 2);
		pass(f, 250);
	}
}

static void it_reports_every_100_ms(void **state)
{
	struct fixture *f = *state;
	pass(f, 1000);
	assert_int_equal(f->reports, 10);
	assert_near(f->force, 0, 0);
}

static void a_set_is_acknowledged_reported_at_once_and_followed_by_the_force(void **state)
{
	struct fixture *f = *state;
	set(f, 80, 1000);
	assert_int_equal(f->status, FIRMWARE_DONE);
	assert_int_equal(f->acked_seq, 9);
	assert_int_equal(f->reports, 1);
	assert_near(f->setpoint, 80, 0);
	assert_near(f->force, 0, 0);
	keep_alive(f, 2000);
	assert_in_range((unsigned)f->force, 30, 40); /* 20 N/s for 2 s, less the lag */
	keep_alive(f, 4000);
	assert_near(f->force, 80, 0.5);
	assert_near(f->setpoint, 80, 0);
}

static void without_keep_alive_it_ramps_down_by_itself_and_stays_down(void **state)
{
	struct fixture *f = *state;
	set(f, 40, 1000);
	keep_alive(f, 3000);
	pass(f, 900);
	assert_true(f->board.timeouts == 1 && !f->board.energised);
	pass(f, 500);
	assert_in_range((unsigned)f->setpoint, 20, 35); /* a ramp, not a drop */
	pass(f, 3000);
	assert_near(f->setpoint, 0, 0);
	assert_near(f->force, 0, 0.1);
	keep_alive(f, 1000); /* a renewal never energises */
	assert_near(f->setpoint, 0, 0);
	assert_false(f->board.energised);
}

/* What a broken board does, so that a test can ask the other layers alone. */
static void with_its_timer_off_it_goes_on_until_it_is_told(void **state)
{
	struct fixture *f = *state;
	f->board.no_timer = true;
	set(f, 40, 1000);
	pass(f, 20000);
	assert_true(f->board.timeouts == 0 && f->board.energised);
	assert_near(f->setpoint, 40, 0);
	f->changed[0] = '\0';
	const uint8_t all[] = {0xFF};
	belt_packet(&f->board, f->now_ms, FIRMWARE_REST, 9, all, sizeof all);
	assert_string_equal(f->changed, "resting"); /* the moment that counts; "rest" comes when the ramp is over */
}

static void a_timeout_longer_than_the_longest_is_cut(void **state)
{
	struct fixture *f = *state;
	set(f, 40, 60000);
	pass(f, BELT_TIMEOUT_MAX_MS + 20);
	assert_false(f->board.energised);
}

static void rest_ramps_and_reports_when_it_has_come_to_rest(void **state)
{
	struct fixture *f = *state;
	set(f, 40, 1000);
	keep_alive(f, 3000);
	belt_packet(&f->board, f->now_ms, FIRMWARE_REST, 2, (uint8_t[]){0xFF}, 1);
	assert_int_equal(f->status, FIRMWARE_DONE);
	pass(f, 1000);
	assert_near(f->setpoint, 20, 2.1);
	pass(f, 1100);
	assert_string_equal(f->changed, "rest");
	assert_near(f->setpoint, 0, 0);
}

static void stop_releases_fast(void **state)
{
	struct fixture *f = *state;
	set(f, 80, 1000);
	keep_alive(f, 5000);
	assert_true(f->force > 75);
	unsigned before = f->reports;
	belt_packet(&f->board, f->now_ms, FIRMWARE_STOP, 2, (uint8_t[]){1}, 1);
	assert_int_equal(f->reports, before + 1);
	assert_near(f->setpoint, 0, 0);
	pass(f, 300);
	assert_true(f->force < 5);
}

static void a_set_that_is_rested_at_once_reports_rest(void **state)
{
	struct fixture *f = *state;
	set(f, 80, 1000);
	belt_packet(&f->board, f->now_ms, FIRMWARE_REST, 2, (uint8_t[]){1}, 1);
	assert_near(f->setpoint, 0, 0);
	assert_string_equal(f->changed, "rest");
}

static void pain_releases_and_refuses_until_it_is_over(void **state)
{
	struct fixture *f = *state;
	set(f, 80, 1000);
	keep_alive(f, 5000);
	belt_pain(&f->board, f->now_ms, true);
	assert_near(f->setpoint, 0, 0);
	assert_near(f->pain, 1, 0);
	set(f, 80, 1000);
	assert_int_equal(f->status, FIRMWARE_NOT_NOW);
	assert_false(f->board.energised);
	belt_pain(&f->board, f->now_ms, false);
	assert_false(f->board.energised);
	set(f, 80, 1000);
	assert_int_equal(f->status, FIRMWARE_DONE);
}

static void what_it_cannot_do_is_refused_by_cause_and_changes_nothing(void **state)
{
	struct fixture *f = *state;
	set(f, 601, 1000);
	assert_int_equal(f->status, FIRMWARE_OUT_OF_RANGE);
	set(f, -1, 1000);
	assert_int_equal(f->status, FIRMWARE_OUT_OF_RANGE);
	belt_packet(&f->board, f->now_ms, FIRMWARE_SET, 1, (uint8_t[]){2, 0, 0, 0, 0, 0, 1}, 7);
	assert_int_equal(f->status, FIRMWARE_UNKNOWN_CONTROL);
	belt_packet(&f->board, f->now_ms, FIRMWARE_REST, 1, (uint8_t[]){3}, 1);
	assert_int_equal(f->status, FIRMWARE_UNKNOWN_CONTROL);
	belt_packet(&f->board, f->now_ms, FIRMWARE_SET, 1, (uint8_t[]){1, 0}, 2);
	assert_int_equal(f->status, FIRMWARE_MALFORMED);
	belt_packet(&f->board, f->now_ms, 0x55, 1, NULL, 0);
	assert_int_equal(f->status, FIRMWARE_MALFORMED);
	assert_int_equal(f->acks, 6);
	assert_false(f->board.energised);
}

static void hello_is_answered_by_info_and_query_by_a_report(void **state)
{
	struct fixture *f = *state;
	belt_packet(&f->board, f->now_ms, FIRMWARE_HELLO, 1, (uint8_t[]){1}, 1);
	assert_int_equal(f->infos, 1);
	belt_packet(&f->board, f->now_ms, FIRMWARE_QUERY, 2, NULL, 0);
	assert_int_equal(f->reports, 1);
}

static void a_board_that_ignores_acknowledges_and_goes_on(void **state)
{
	struct fixture *f = *state;
	set(f, 40, 1000);
	f->board.obeys = false;
	belt_packet(&f->board, f->now_ms, FIRMWARE_STOP, 2, (uint8_t[]){1}, 1);
	assert_int_equal(f->status, FIRMWARE_DONE);
	pass(f, 3000);
	assert_near(f->force, 40, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
	    T(it_reports_every_100_ms),
	    T(a_set_is_acknowledged_reported_at_once_and_followed_by_the_force),
	    T(without_keep_alive_it_ramps_down_by_itself_and_stays_down),
	    T(with_its_timer_off_it_goes_on_until_it_is_told),
	    T(a_timeout_longer_than_the_longest_is_cut),
	    T(rest_ramps_and_reports_when_it_has_come_to_rest),
	    T(stop_releases_fast),
	    T(a_set_that_is_rested_at_once_reports_rest),
	    T(pain_releases_and_refuses_until_it_is_over),
	    T(what_it_cannot_do_is_refused_by_cause_and_changes_nothing),
	    T(hello_is_answered_by_info_and_query_by_a_report),
	    T(a_board_that_ignores_acknowledges_and_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
