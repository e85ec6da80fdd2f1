/* SPDX-License-Identifier: Apache-2.0
 * Two devices in one device process, which testing_child plays: one that misbehaves as its id says, and a good one. */
#include "base/clock.h"
#include "base/log.h"
#include "base/testing.h"
#include "supervisor/process.h"

#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BAD, GOOD, N };

struct fixture;

struct device {
	struct fixture *f;
	char id[32];
	Therapy__V1__Setup setup;
	struct process *process;
	unsigned described, failed, present, absent, closed;
	char why[400];
};

struct fixture {
	uv_loop_t loop;
	uv_timer_t tick, limit;
	struct device devices[N];
	bool (*reached)(const struct fixture *f); /* what is waited for */
	bool held, closing;
};

static void on_closed(void *user)
{
	struct device *d = user;
	d->closed++;
	if (d->f->devices[BAD].closed + d->f->devices[GOOD].closed < N)
		return;
	uv_close((uv_handle_t *)&d->f->tick, NULL);
	uv_close((uv_handle_t *)&d->f->limit, NULL);
}

static void end(struct fixture *f)
{
	if (f->closing)
		return;
	f->closing = true;
	for (int i = 0; i < N; i++)
		process_close(f->devices[i].process, 1000, on_closed, &f->devices[i]);
}

static void on_described(void *user, const Therapy__V1__DeviceDescription *description)
{
	struct device *d = user;
	assert_string_equal(description->device_id, d->id);
	d->described++;
	process_open(d->process);
}

static void on_failed(void *user, const char *why)
{
	struct device *d = user;
	d->failed++;
	snprintf(d->why, sizeof d->why, "%s", why);
}

static void on_readings(void *user, uint32_t generation, const Therapy__V1__ReadingBatch *batch)
{
	(void)user;
	(void)generation;
	(void)batch;
}

static void on_control(void *user, const Therapy__V1__ControlState *state)
{
	(void)user;
	(void)state;
}

static void on_presence(void *user, bool present)
{
	struct device *d = user;
	if (present)
		d->present++;
	else
		d->absent++;
}

static void on_kept(void *user, const Therapy__V1__KeptCommand *said)
{
	(void)user;
	(void)said;
}

static void on_tick(uv_timer_t *tick)
{
	struct fixture *f = tick->data;
	for (int i = 0; i < N && !f->closing; i++)
		process_tick(f->devices[i].process, clock_boot_ms());
	if (f->reached(f))
		end(f);
}

static void on_limit(uv_timer_t *limit)
{
	end(limit->data);
}

/* Whether it was reached. */
static bool run(struct fixture *f, const char *bad, bool (*reached)(const struct fixture *f))
{
	struct process_config configs[N];
	struct process_callbacks callbacks[N];
	struct process *processes[N];
	memset(f, 0, sizeof *f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->reached = reached;
	for (int i = 0; i < N; i++) {
		struct device *d = &f->devices[i];
		d->f = f;
		snprintf(d->id, sizeof d->id, "%s", i == BAD ? bad : "good");
		d->setup = (Therapy__V1__Setup)THERAPY__V1__SETUP__INIT;
		d->setup.device_id = d->id;
		configs[i] = (struct process_config){
		    .program = TESTING_CHILD, .setup = &d->setup, .address = {.kind = LINK_MQTT}, .deadline_ms = 300};
		callbacks[i] = (struct process_callbacks){d,           on_described, on_failed, on_readings, on_control,
							  on_presence, on_kept,      NULL,      NULL,        NULL};
	}
	assert_int_equal(process_new_shared(&f->loop, "two", configs, callbacks, N, processes), 0);
	for (int i = 0; i < N; i++)
		f->devices[i].process = processes[i];
	uv_timer_init(&f->loop, &f->tick);
	uv_timer_init(&f->loop, &f->limit);
	f->tick.data = f->limit.data = f;
	uv_timer_start(&f->tick, on_tick, 20, 20);
	uv_timer_start(&f->limit, on_limit, 8000, 0);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	bool ok = reached(f);
	for (int i = 0; i < N; i++) {
		assert_int_equal(f->devices[i].closed, 1);
		process_free(f->devices[i].process);
	}
	assert_int_equal(uv_loop_close(&f->loop), 0);
	return ok;
}

static bool both_present(const struct fixture *f)
{
	return f->devices[BAD].present && f->devices[GOOD].present;
}

static bool good_present(const struct fixture *f)
{
	return f->devices[BAD].failed && f->devices[GOOD].present;
}

static bool good_back(const struct fixture *f)
{
	return f->devices[GOOD].present == 2;
}

static bool both_failed(const struct fixture *f)
{
	return f->devices[BAD].failed && f->devices[GOOD].failed;
}

static void two_devices_get_a_wire_each_and_nothing_else(void **state)
{
	(void)state;
	struct fixture f; /* the child says `up` only if it has descriptors 0 to 4 and no more */
	assert_true(run(&f, "other", both_present));
	assert_int_equal(f.devices[BAD].described, 1);
	assert_int_equal(f.devices[GOOD].described, 1);
}

static void a_plugin_that_cannot_be_used_is_told_and_the_other_device_lives(void **state)
{
	(void)state;
	struct fixture f;
	assert_true(run(&f, "refuses", good_present));
	assert_string_equal(f.devices[BAD].why, "no such plugin");
	assert_int_equal(f.devices[GOOD].absent, 0);
}

static void a_plugin_that_poses_as_another_device_is_put_out_alone(void **state)
{
	(void)state;
	struct fixture f;
	assert_true(run(&f, "poses", good_present));
	assert_int_equal(f.devices[GOOD].absent, 0);
}

static void a_crash_while_loading_is_told_for_all_with_their_process(void **state)
{
	(void)state;
	struct fixture f;
	assert_true(run(&f, "dies-early", both_failed));
	assert_non_null(strstr(f.devices[GOOD].why, "process 'two'"));
	assert_non_null(strstr(f.devices[BAD].why, "signal 6"));
}

static void a_device_that_does_not_answer_ends_the_process_for_all(void **state)
{
	(void)state;
	struct fixture f;
	assert_true(run(&f, "mute", good_back));
	assert_int_equal(f.devices[GOOD].absent, 1);
	assert_int_equal(f.devices[BAD].absent, 1);
	assert_int_equal(f.devices[GOOD].described, 1);
}

/* It crashes when its link is opened; after that start only the other one is there, and no other start follows. */
static bool good_after_crash(const struct fixture *f)
{
	const struct device *good = &f->devices[GOOD];
	return process_respawns(good->process) > 0 && good->present > good->absent;
}

static void stays_back(const char *bad)
{
	struct fixture f;
	assert_true(run(&f, bad, good_after_crash));
	assert_int_equal(f.devices[BAD].present, 0);
	assert_int_equal(f.devices[BAD].failed, 0);
}

static void a_plugin_that_changed_is_left_out_when_all_are_started_again(void **state)
{
	(void)state;
	stays_back("changed");
}

static void a_plugin_that_can_be_used_no_more_is_left_out_when_all_are_started_again(void **state)
{
	(void)state;
	stays_back("lapses");
}

static bool good_back_after_hold(const struct fixture *f)
{
	union {
		const struct fixture *in;
		struct fixture *out;
	} u = {f};
	if (both_present(f) && !f->held) {
		u.out->held = true;
		process_hold(f->devices[BAD].process, true);
	}
	return good_back(f);
}

static void one_that_is_held_lets_all_go_and_the_other_comes_back(void **state)
{
	(void)state;
	struct fixture f;
	assert_true(run(&f, "other", good_back_after_hold));
	assert_int_equal(f.devices[BAD].present, 1);
	assert_int_equal(f.devices[BAD].absent, 1);
}

int main(void)
{
	log_set_level(LOG_ERROR);
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_devices_get_a_wire_each_and_nothing_else),
	    cmocka_unit_test(a_plugin_that_cannot_be_used_is_told_and_the_other_device_lives),
	    cmocka_unit_test(a_plugin_that_poses_as_another_device_is_put_out_alone),
	    cmocka_unit_test(a_crash_while_loading_is_told_for_all_with_their_process),
	    cmocka_unit_test(a_device_that_does_not_answer_ends_the_process_for_all),
	    cmocka_unit_test(a_plugin_that_changed_is_left_out_when_all_are_started_again),
	    cmocka_unit_test(a_plugin_that_can_be_used_no_more_is_left_out_when_all_are_started_again),
	    cmocka_unit_test(one_that_is_held_lets_all_go_and_the_other_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
