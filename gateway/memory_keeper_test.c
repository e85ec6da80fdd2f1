/* SPDX-License-Identifier: Apache-2.0
 * How often the state file is written: what flutters is bounded, and what a person did or has to look at never waits
 * behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/inside.h"
#include "core/testing_rig.h"
#include "memory_keeper.h"

#define BURST 20u

struct keeping {
	struct rig rig;
	uv_loop_t loop;
	uv_timer_t patience;
	struct memory_keeper *keeper;
	char directory[64], id[8];
	struct config config;
	unsigned written;
	uint64_t revision;
	bool waited;
};

static void remembered(void *user, uint64_t revision, bool ok)
{
	struct keeping *k = user;
	assert_true(ok);
	k->revision = revision;
	k->written++;
}

static void closed(void *user)
{
	uv_close((uv_handle_t *)&((struct keeping *)user)->patience, NULL);
}

static void on_patience(uv_timer_t *timer)
{
	((struct keeping *)timer->data)->waited = true;
}

/* Runs the loop until `n` more writes are done, or for 2 s (0: 100 ms) without. How many there were. */
static unsigned wait_for(struct keeping *k, unsigned n)
{
	unsigned before = k->written;
	k->waited = false;
	uv_timer_start(&k->patience, on_patience, n ? 2000 : 100, 0);
	while (!k->waited && (n == 0 || k->written < before + n))
		uv_run(&k->loop, UV_RUN_ONCE);
	uv_timer_stop(&k->patience);
	return k->written - before;
}

static void begin(struct keeping *k)
{
	const struct memory_keeper_callbacks callbacks = {.user = k, .remembered = remembered, .closed = closed};
	*k = (struct keeping){.directory = "/tmp/memory_keeper_test.XXXXXX", .id = "demo"};
	assert_non_null(mkdtemp(k->directory));
	k->config.state_dir = k->directory;
	k->config.gateway_id = k->id;
	rig_start_guarded(&k->rig, true);
	k->rig.core->memory.enabled = true;
	rig_calm_guarded(&k->rig);
	assert_int_equal(uv_loop_init(&k->loop), 0);
	uv_timer_init(&k->loop, &k->patience);
	k->patience.data = k;
	assert_int_equal(memory_keeper_new(&k->loop, &k->config, k->rig.core, &callbacks, &k->keeper), 0);
}

static void end(struct keeping *k)
{
	static const char *const names[] = {
	    "/demo/state", "/demo/state.previous", "/demo/state.spare", "/demo/lock", "/demo", ""};
	memory_keeper_close(k->keeper);
	uv_run(&k->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&k->loop), 0);
	rig_stop(&k->rig);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s%s", k->directory, names[i]);
		remove(path);
	}
}

static void tell(struct keeping *k, enum core_urgency urgency)
{
	const struct core_output output = {.type = CORE_OUT_REMEMBER, .urgency = urgency};
	memory_keeper_changed(k->keeper, &output);
}

/* What the last step announced is handed to the keeper, and in the file at once; then the core hears of it. */
static void assert_at_once(struct keeping *k)
{
	const struct core_output *told = rig_output(&k->rig, CORE_OUT_REMEMBER, 0);
	assert_non_null(told);
	memory_keeper_changed(k->keeper, told);
	assert_int_equal(wait_for(k, 1), 1);
	const struct core_input input = {.type = CORE_IN_REMEMBERED, .remembered = {k->revision, true}};
	k->rig.last = core_step(k->rig.core, k->rig.now, &input);
}

/* A sensor has fluttered until nothing more may be written at once. */
static void flutter(struct keeping *k)
{
	for (unsigned i = 0; i < BURST; i++) {
		tell(k, CORE_URGENT);
		assert_int_equal(wait_for(k, 1), 1);
	}
	for (unsigned i = 0; i < BURST; i++)
		tell(k, CORE_URGENT);
	assert_int_equal(wait_for(k, 0), 0);
}

static void what_flutters_is_bounded_and_what_is_grave_is_not(void **state)
{
	(void)state;
	struct keeping k;
	begin(&k);
	flutter(&k);
	for (unsigned i = 0; i < 3 * BURST; i++) {
		tell(&k, CORE_GRAVE);
		assert_int_equal(wait_for(&k, 1), 1);
	}
	tell(&k, CORE_URGENT); /* it has cost what flutters nothing, and given it nothing */
	tell(&k, CORE_SOON);
	assert_int_equal(wait_for(&k, 0), 0);
	end(&k);
}

/* Each of them is in the file at once, whatever fluttered before. */
static void what_a_person_did_or_has_to_look_at_is_written_at_once(void **state)
{
	(void)state;
	struct keeping k;
	struct rig *rig = &k.rig;
	begin(&k);
	flutter(&k);
	assert_int_equal(rig_verb(rig, CORE_PARK, "table", ""), CORE_ACCEPTED);
	assert_at_once(&k);
	assert_int_equal(rig_verb(rig, CORE_UNPARK, "table", ""), CORE_ACCEPTED);
	assert_at_once(&k);
	for (int passes = 1; passes >= 0; passes--) {
		rig_calm_guarded(rig);
		assert_int_equal(rig_verb(rig, CORE_OFF_TEST, "pad", "heat"), CORE_ACCEPTED);
		assert_at_once(&k); /* a grant waits for it */
		struct core_input told = {.type = CORE_IN_CONTROL, .device = PAD, .control = PAD_HEAT};
		told.state.phase = CORE_PHASE_AT_REST;
		told.state.grant = rig_output(rig, CORE_OUT_LEASE, 0)->grant;
		told.state.test = passes ? CORE_TEST_PASSED : CORE_TEST_FAILED;
		rig_tell(rig, PAD, PAD_HEAT, &told);
		assert_int_equal(core_timer_proved(rig->core, PAD, PAD_HEAT), passes);
		assert_at_once(&k);
	}
	rig_read(rig, BELT, BELT_FORCE, 200); /* a rule that latches */
	assert_at_once(&k);
	assert_int_equal(rig_verb(rig, CORE_STOP, "", ""), CORE_ACCEPTED);
	assert_at_once(&k);
	rig_calm_guarded(rig); /* everything came to rest */
	rig_live_guarded(rig, 20000);
	rig_read(rig, PAD, PAD_LOAD, 50); /* a relay that is welded */
	rig_read(rig, PAD, PAD_LOAD, 50);
	assert_at_once(&k);
	rig_live_guarded(rig, 3000);
	rig_read(rig, PAD, PAD_LOAD, 0);
	assert_int_equal(rig_verb(rig, CORE_RESET, "", ""), CORE_ACCEPTED);
	assert_at_once(&k);
	end(&k);
}

/* Else each would write over what the other has latched. */
static void a_second_gateway_on_one_directory_is_refused_until_the_first_has_ended(void **state)
{
	(void)state;
	struct keeping k;
	struct memory_keeper *second;
	begin(&k);
	const struct memory_keeper_callbacks callbacks = {.user = &k, .remembered = remembered, .closed = closed};
	assert_int_equal(memory_keeper_new(&k.loop, &k.config, k.rig.core, &callbacks, &second), UV_EBUSY);
	uv_run(&k.loop, UV_RUN_NOWAIT);
	tell(&k, CORE_GRAVE); /* the first one goes on */
	assert_int_equal(wait_for(&k, 1), 1);
	memory_keeper_close(k.keeper);
	uv_run(&k.loop, UV_RUN_DEFAULT);
	uv_timer_init(&k.loop, &k.patience);
	assert_int_equal(memory_keeper_new(&k.loop, &k.config, k.rig.core, &callbacks, &k.keeper), 0);
	end(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_second_gateway_on_one_directory_is_refused_until_the_first_has_ended),
	    cmocka_unit_test(what_flutters_is_bounded_and_what_is_grave_is_not),
	    cmocka_unit_test(what_a_person_did_or_has_to_look_at_is_written_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
