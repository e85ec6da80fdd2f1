/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/log.h"
#include "base/testing.h"
#include "supervisor/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/close_range.h>

enum goal { FAILED, TRAFFIC, PRESENT, TWO_READINGS, KEPT, RESPAWNED, ANEW, NONE };

struct fixture {
	uv_loop_t loop;
	uv_timer_t tick, limit;
	Therapy__V1__Setup setup;
	struct process *process;
	enum goal goal;
	unsigned described, failed, present, absent, readings, sequences, kept;
	uint32_t generation_at_close;
	uint64_t frames;      /* its counters at the close, */
	size_t counters_size; /* and what they take packed */
	bool reached, closing, closed;
	unsigned traffic;
	char why[256];
};

static void on_closed(void *user)
{
	struct fixture *f = user;
	f->closed = true;
	uv_close((uv_handle_t *)&f->tick, NULL);
	uv_close((uv_handle_t *)&f->limit, NULL);
}

static void end(struct fixture *f)
{
	if (f->closing)
		return;
	f->closing = true;
	f->generation_at_close = process_respawns(f->process);
	f->frames = process_counters(f->process)->frames;
	f->counters_size = protobuf_c_message_get_packed_size(&process_counters(f->process)->base);
	process_close(f->process, 1000, on_closed, f);
}

static void reach(struct fixture *f, enum goal goal)
{
	if (goal != f->goal)
		return;
	f->reached = true;
	end(f);
}

static void on_described(void *user, const Therapy__V1__DeviceDescription *description)
{
	struct fixture *f = user;
	assert_string_equal(description->device_id, f->setup.device_id);
	f->described++;
	process_open(f->process);
	if (f->goal == TRAFFIC)
		process_record(f->process, true);
}

static void on_failed(void *user, const char *why)
{
	struct fixture *f = user;
	f->failed++;
	snprintf(f->why, sizeof f->why, "%s", why);
	reach(f, FAILED);
}

static void on_readings(void *user, uint32_t generation, const Therapy__V1__ReadingBatch *batch)
{
	struct fixture *f = user;
	assert_int_equal(generation, 1);
	f->readings += (unsigned)batch->n_readings;
	f->sequences += (unsigned)batch->first_sequence;
	if (f->readings == 2)
		reach(f, TWO_READINGS);
}

static void on_control(void *user, const Therapy__V1__ControlState *state)
{
	(void)user;
	(void)state;
}

static void on_presence(void *user, bool present)
{
	struct fixture *f = user;
	if (present)
		f->present++;
	else
		f->absent++;
	if (present)
		reach(f, PRESENT);
	if (present && f->goal == ANEW && f->present == 1)
		process_restart(f->process);
	else if (present)
		reach(f, ANEW);
}

static void on_kept(void *user, const Therapy__V1__KeptCommand *said)
{
	struct fixture *f = user;
	assert_int_equal(said->channel, 3);
	assert_string_equal(said->topic, "cmnd/pad/POWER");
	assert_string_equal(said->payload, "ON");
	assert_true(said->cleared);
	f->kept++;
	reach(f, KEPT);
}

static void on_traffic(void *user, const Therapy__V1__Traffic *said)
{
	struct fixture *f = user;
	assert_int_equal(said->monotonic_ms, 77);
	assert_string_equal(said->address, "stat/pad/POWER");
	assert_int_equal(said->data.len, 2);
	f->traffic++;
	if (f->traffic == 2)
		reach(f, TRAFFIC);
	else if (f->traffic == 1)
		process_lease(f->process, 0, 1, 1, 0, false); /* which ends it */
}

static void on_tick(uv_timer_t *tick)
{
	struct fixture *f = tick->data;
	if (f->closing)
		return;
	process_tick(f->process, clock_boot_ms());
	if (process_respawns(f->process) >= 2)
		reach(f, RESPAWNED);
}

static void on_limit(uv_timer_t *limit)
{
	end(limit->data);
}

static void run(struct fixture *f, const char *id, enum goal goal, uint64_t limit_ms)
{
	static char text[32];
	memset(f, 0, sizeof *f);
	snprintf(text, sizeof text, "%s", id);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->goal = goal;
	f->setup = (Therapy__V1__Setup)THERAPY__V1__SETUP__INIT;
	f->setup.device_id = text;
	uv_timer_init(&f->loop, &f->tick);
	uv_timer_init(&f->loop, &f->limit);
	f->tick.data = f->limit.data = f;
	uv_timer_start(&f->tick, on_tick, 20, 20);
	uv_timer_start(&f->limit, on_limit, limit_ms, 0);
	struct process_config config = {
	    .program = TESTING_CHILD, .setup = &f->setup, .address = {.kind = LINK_MQTT}, .deadline_ms = 300};
	struct process_callbacks callbacks = {f,           on_described, on_failed,  on_readings, on_control,
					      on_presence, on_kept,      on_traffic, NULL,        NULL};
	assert_int_equal(process_new(&f->loop, &config, &callbacks, &f->process), 0);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->closed);
	process_free(f->process);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

static void a_process_gets_its_wire_and_nothing_else(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "good", PRESENT, 5000); /* the child says `up` only if it has descriptors 0 to 3 and no more */
	assert_true(f.reached);
	assert_int_equal(f.described, 1);
	assert_int_equal(f.failed, 0);
}

static void a_plugin_that_cannot_be_used_is_told_and_not_started_again(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "refuses", FAILED, 5000);
	assert_string_equal(f.why, "no such plugin");
	assert_int_equal(f.generation_at_close, 0);
}

static void a_crash_while_loading_is_told_with_its_signal(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "dies-early", FAILED, 5000);
	assert_non_null(strstr(f.why, "signal 6"));
	assert_int_equal(f.described, 0);
}

static void a_process_that_crashes_is_started_again_and_described_once(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "crashes", RESPAWNED, 8000);
	assert_true(f.reached);
	assert_int_equal(f.described, 1);
	assert_int_equal(f.failed, 0);
}

static void a_process_that_does_not_answer_is_killed_and_started_again(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "mute", RESPAWNED, 15000);
	assert_true(f.reached);
}

static void a_process_that_answers_is_left_alone(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "good", NONE, 2500); /* silent but for pongs, well past a second and the deadline */
	assert_false(f.reached);
	assert_int_equal(f.generation_at_close, 0);
	assert_int_equal(f.absent, 0);
}

static void a_plugin_that_changes_under_the_gateway_is_not_used(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "changed", RESPAWNED, 2000);
	assert_false(f.reached);
	assert_int_equal(f.generation_at_close, 1);
	assert_int_equal(f.described, 1);
}

static void readings_come_with_their_numbers_and_generation(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "counts-badly", TWO_READINGS, 5000);
	assert_true(f.reached);
	assert_int_equal(f.sequences, 1 + 5);
}

static void a_restart_that_is_asked_for_is_no_fault(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "good", ANEW, 5000);
	assert_true(f.reached);
	assert_int_equal(f.present, 2);
	assert_int_equal(f.absent, 1); /* in between nothing is known of it */
	assert_int_equal(f.generation_at_close, 1);
	assert_int_equal(f.described, 1);
	assert_int_equal(f.failed, 0);
}

static void what_the_broker_keeps_is_handed_on(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "keeps", KEPT, 5000);
	assert_true(f.reached);
	assert_int_equal(f.kept, 1);
}

static void counters_outlive_the_process_that_said_them(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "counts-more", RESPAWNED, 8000);
	assert_true(f.reached);
	assert_int_equal(f.frames, 7);
	assert_int_equal(f.counters_size,
			 2 + strlen("counts-more") + 2); /* its id and its frames, and nothing foreign */
}

static void a_process_that_says_it_is_another_device_is_not_used(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "poses", FAILED, 5000);
	assert_true(f.reached);
	assert_int_equal(f.described, 0);
	assert_non_null(strstr(f.why, "'pad'"));
}

static void what_is_recorded_is_recorded_of_the_next_process_too(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, "records", TRAFFIC, 5000); /* the first ends when it has told something */
	assert_true(f.reached);
	assert_int_equal(f.traffic, 2);
}

int main(void)
{
	log_set_level(LOG_ERROR);
	close_range(3, ~0u,
		    CLOSE_RANGE_CLOEXEC); /* what the caller of this test left open is not the supervisor's doing */
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_process_gets_its_wire_and_nothing_else),
	    cmocka_unit_test(a_plugin_that_cannot_be_used_is_told_and_not_started_again),
	    cmocka_unit_test(a_crash_while_loading_is_told_with_its_signal),
	    cmocka_unit_test(a_process_that_crashes_is_started_again_and_described_once),
	    cmocka_unit_test(a_process_that_does_not_answer_is_killed_and_started_again),
	    cmocka_unit_test(a_process_that_answers_is_left_alone),
	    cmocka_unit_test(a_plugin_that_changes_under_the_gateway_is_not_used),
	    cmocka_unit_test(readings_come_with_their_numbers_and_generation),
	    cmocka_unit_test(a_restart_that_is_asked_for_is_no_fault),
	    cmocka_unit_test(what_the_broker_keeps_is_handed_on),
	    cmocka_unit_test(counters_outlive_the_process_that_said_them),
	    cmocka_unit_test(a_process_that_says_it_is_another_device_is_not_used),
	    cmocka_unit_test(what_is_recorded_is_recorded_of_the_next_process_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
