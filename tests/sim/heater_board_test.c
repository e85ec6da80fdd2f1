/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"

#include <string.h>

#include "sim/firmware.h"
#include "sim/heater_board.h"

struct fixture {
	struct heater_board board;
	uint64_t now_ms;
	unsigned reports;
	uint8_t kind, status;     /* of the last INFO, of the last ACK */
	double skin, watt, asked; /* of the last REPORT */
	char changed[32];
};

static void on_send(void *user, uint8_t type, const uint8_t *body, size_t size)
{
	struct fixture *f = user;
	if (type == FIRMWARE_ACK) {
		assert_int_equal(size, 2);
		f->status = body[1];
	} else if (type == FIRMWARE_REPORT) {
		assert_int_equal(size, 20);
		f->reports++;
		f->skin = firmware_get32(body + 6) / 1000.0;
		f->watt = firmware_get32(body + 11) / 1000.0;
		f->asked = firmware_get32(body + 16) / 1000.0;
	} else {
		assert_int_equal(type, FIRMWARE_INFO);
		f->kind = body[1];
	}
}

static void on_changed(void *user, const char *what)
{
	struct fixture *f = user;
	strncpy(f->changed, what, sizeof f->changed - 1);
}

static void begin(struct fixture *f, enum heater_kind kind)
{
	*f = (struct fixture){.now_ms = 1000000};
	heater_init(&f->board, f->now_ms, kind, &(struct heater_ops){f, on_send, on_changed});
	heater_packet(&f->board, f->now_ms, FIRMWARE_HELLO, 0, (const uint8_t *)"\1", 1);
	assert_int_equal(f->kind, kind);
}

static void pass(struct fixture *f, unsigned ms)
{
	for (unsigned i = 0; i < ms; i += 10)
		heater_step(&f->board, f->now_ms += 10);
}

static uint8_t set(struct fixture *f, double value, uint16_t timeout_ms)
{
	uint8_t body[7] = {1};
	firmware_put32(body + 1, (uint32_t)(int32_t)lround(value * 1000.0));
	firmware_put16(body + 5, timeout_ms);
	heater_packet(&f->board, f->now_ms, FIRMWARE_SET, 1, body, sizeof body);
	return f->status;
}

static void tell(struct fixture *f, uint8_t type)
{
	const uint8_t all[] = {0xFF};
	heater_packet(&f->board, f->now_ms, type, 2, all, sizeof all);
}

static void a_thermostat_holds_what_it_was_set_to(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, HEATER_SETPOINT);
	assert_int_equal(set(&f, 36, 10000), FIRMWARE_DONE);
	assert_near(f.asked, 36, 0);
	for (unsigned s = 0; s < 600; s += 5) {
		pass(&f, 5000);
		set(&f, 36, 10000);
	}
	assert_near(f.skin, 36, 0.5);
	tell(&f, FIRMWARE_REST);
	assert_near(f.asked, 0, 0);
	assert_near(f.watt, 0, 0);
	assert_string_equal(f.changed, "rest");
}

static void stages_draw_their_part(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, HEATER_STAGED);
	for (int stage = 1; stage <= 3; stage++) {
		assert_int_equal(set(&f, stage, 5000), FIRMWARE_DONE);
		assert_near(f.asked, stage, 0);
		assert_near(f.watt, 50.0 * stage / 3, 0.001);
	}
	tell(&f, FIRMWARE_STOP);
	assert_near(f.watt, 0, 0);
}

static void what_is_out_of_range_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	static const struct {
		enum heater_kind kind;
		double value;
	} rows[] = {{HEATER_SETPOINT, 29.5}, {HEATER_SETPOINT, 41.5}, {HEATER_SETPOINT, -1},
		    {HEATER_STAGED, 4},      {HEATER_STAGED, 1.5},    {HEATER_STAGED, -1}};
	struct fixture f;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(&f, rows[i].kind);
		assert_int_equal(set(&f, rows[i].value, 5000), FIRMWARE_OUT_OF_RANGE);
		assert_near(f.board.asked, 0, 0);
	}
}

static void it_rests_by_itself_when_nobody_keeps_it_alive(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, HEATER_SETPOINT);
	set(&f, 35, 5000);
	pass(&f, 4000);
	uint8_t timeout[2];
	firmware_put16(timeout, 5000);
	heater_packet(&f.board, f.now_ms, FIRMWARE_KEEPALIVE, 3, timeout, sizeof timeout);
	pass(&f, 4990);
	assert_near(f.board.asked, 35, 0);
	pass(&f, 10);
	assert_near(f.asked, 0, 0); /* told at once */
	assert_string_equal(f.changed, "timeout");
	heater_packet(&f.board, f.now_ms, FIRMWARE_KEEPALIVE, 4, timeout, sizeof timeout);
	assert_near(f.board.asked, 0, 0); /* a keep-alive energises nothing */
}

static void the_button_wins_until_it_is_released(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, HEATER_STAGED);
	set(&f, 2, 5000);
	heater_press(&f.board, f.now_ms, true);
	assert_near(f.asked, 0, 0);
	assert_int_equal(set(&f, 1, 5000), FIRMWARE_NOT_NOW);
	assert_int_equal(set(&f, 0, 5000), FIRMWARE_DONE);
	heater_press(&f.board, f.now_ms, false);
	assert_int_equal(set(&f, 1, 5000), FIRMWARE_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_thermostat_holds_what_it_was_set_to),
	    cmocka_unit_test(stages_draw_their_part),
	    cmocka_unit_test(what_is_out_of_range_is_refused_and_changes_nothing),
	    cmocka_unit_test(it_rests_by_itself_when_nobody_keeps_it_alive),
	    cmocka_unit_test(the_button_wins_until_it_is_released),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
