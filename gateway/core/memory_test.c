/* SPDX-License-Identifier: Apache-2.0
 * What outlives the process: pauses between therapies and sums hold across a restart, nothing comes on before it is
 * written that it will, and a memory that is lost latches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "core/testing_rig.h"
#include "core/truth.h"

#define MINUTE 60000u
#define HOUR   (60u * MINUTE)

/* ---- a home with a memory, and the file that keeps it ---- */

struct kept {
	struct core_row rows[32];
	char keys[32][160];
	double numbers[32][128];
	size_t n;
	struct core_memory about;
};

static const struct core_text traction[] = {{"kind:traction", 3}};
static const struct core_rule rules[] = {
    {.file = "r.cfg",
     .line = 1,
     .id = "gap-after-inversion",
     .permits = traction,
     .n_permits = 1,
     .only_while = {"30 min since any inversion.tilt > 10 deg", 2}},
    {.file = "r.cfg",
     .line = 5,
     .id = "slow-burn",
     .permits = (const struct core_text[]){{"kind:heat", 6}},
     .n_permits = 1,
     .only_while = {"all heat.session_time <= 20 min and all heat.sessions < 2", 7}},
};
static const struct core_derived derived[] = {
    {.file = "r.cfg",
     .line = 20,
     .id = "session_time",
     .kind = "heat",
     .type = CORE_DERIVE_TIME,
     .of = {"on(self)", 21},
     .gap_ms = 40 * MINUTE},
    {.file = "r.cfg",
     .line = 25,
     .id = "sessions",
     .kind = "heat",
     .type = CORE_DERIVE_COUNT,
     .of = {"on(self)", 26},
     .gap_ms = 10 * MINUTE,
     .within_ms = 24 * HOUR},
    {.file = "r.cfg",
     .line = 30,
     .id = "day_time",
     .kind = "heat",
     .type = CORE_DERIVE_TIME,
     .of = {"on(self)", 31},
     .within_ms = 24 * HOUR},
    {.file = "r.cfg",
     .line = 35,
     .id = "lately",
     .kind = "heat",
     .type = CORE_DERIVE_TIME,
     .of = {"on(self)", 36},
     .within_ms = 30 * MINUTE},
};
enum { PAD_SESSION_TIME = PAD_POWER + 1, PAD_SESSIONS, PAD_DAY_TIME, PAD_LATELY };

static void start_with(struct rig *rig, uint64_t now, const struct core_rule *with, size_t n_rules)
{
	const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
	const struct core_spec spec = {.devices = devices,
				       .n_devices = 3,
				       .derived = derived,
				       .n_derived = sizeof derived / sizeof *derived,
				       .rules = with,
				       .n_rules = n_rules,
				       .lease_ms = 1000,
				       .renew_ms = 250,
				       .remembers = true};
	struct faults faults = {0};
	*rig = (struct rig){.now = now, .n_devices = 3};
	assert_int_equal(core_new(&spec, now, &rig->core, &faults), 0);
}

static void start(struct rig *rig, uint64_t now)
{
	start_with(rig, now, rules, 2);
}

static void put(void *user, const struct core_row *row)
{
	struct kept *kept = user;
	size_t i = kept->n++;
	assert_true(i < 32 && row->n <= 128);
	strcpy(kept->keys[i], row->key);
	if (row->n)
		memcpy(kept->numbers[i], row->numbers, row->n * sizeof *row->numbers);
	kept->rows[i] = (struct core_row){row->kind, kept->keys[i], kept->numbers[i], row->n};
}

static void keep(const struct rig *rig, struct kept *kept)
{
	memset(kept, 0, sizeof *kept);
	kept->about = core_remember(rig->core, kept, put);
}

static void remembered(struct rig *rig, uint64_t revision, bool ok)
{
	const struct core_input input = {.type = CORE_IN_REMEMBERED, .remembered = {.revision = revision, .ok = ok}};
	rig->last = core_step(rig->core, rig->now, &input);
}

/* Writes down what was announced, at once. */
static void store(struct rig *rig, struct kept *kept)
{
	keep(rig, kept);
	remembered(rig, kept->about.revision, true);
}

/* The process died when the file said `kept`; another starts `off_ms` after that, in the same boot. */
static void restart(struct rig *rig, const struct kept *kept, uint64_t off_ms)
{
	rig_stop(rig);
	start(rig, kept->about.at_ms + off_ms);
	const struct core_recall recall = {
	    .state = CORE_RECALL_KEPT, .rows = kept->rows, .n = kept->n, .off_known = true, .off_ms = off_ms};
	core_recall(rig->core, &recall);
}

static void heat(struct rig *rig, struct kept *kept, uint64_t ms)
{
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
	store(rig, kept);
	assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 1);
	for (uint64_t end = rig->now + ms; rig->now < end; rig_wait(rig, 500)) {
		rig_read(rig, TABLE, TABLE_TILT, 0);
		rig_read(rig, BELT, BELT_FORCE, 0);
		rig_read(rig, PAD, PAD_POWER, 50);
	}
}

static void off(struct rig *rig)
{
	assert_int_equal(rig_ask(rig, "pad", "heat", 0), CORE_ACCEPTED);
	rig_read(rig, PAD, PAD_POWER, 0);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
}

/* Refreshes everything for so long. */
static void live(struct rig *rig, uint64_t ms)
{
	for (uint64_t end = rig->now + ms; rig->now < end; rig_wait(rig, end - rig->now < 500 ? end - rig->now : 500))
		rig_refresh(rig);
	rig_refresh(rig);
}

static void assert_pad(const struct rig *rig, uint16_t metric, double value)
{
	struct core_reading r = core_value(rig->core, PAD, metric);
	assert_int_equal(r.quality, THERAPY_GOOD);
	assert_near(r.value, value, 1.001);
}

static bool traction_permitted(const struct rig *rig)
{
	return rig_permission(rig, BELT, BELT_TENSION).permitted;
}

/* Nothing of before: the windows that a first start knows nothing of have passed. */
static void begin(struct rig *rig)
{
	start(rig, 100 * HOUR);
	core_recall(rig->core, &(struct core_recall){.state = CORE_RECALL_FIRST});
	rig_calm(rig);
	live(rig, 31 * MINUTE);
	assert_true(traction_permitted(rig));
}

/* ---- leases wait ---- */

static void the_first_lease_waits_until_it_is_written(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "as soon as the memory is written");
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	const struct core_output *told = rig_output(&rig, CORE_OUT_REMEMBER, 0);
	assert_non_null(told);
	assert_int_equal(told->urgency, CORE_URGENT);
	uint64_t revision = told->revision;
	struct core_permission p = rig_permission(&rig, PAD, PAD_HEAT);
	assert_true(p.granted);
	assert_contains(p.why, "waiting for the memory to be written");
	rig_wait(&rig, 4900); /* no lease by itself */
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	remembered(&rig, revision - 1, true); /* an older state is not enough */
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	remembered(&rig, revision, true);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 1);
	assert_int_equal(rig_output(&rig, CORE_OUT_LEASE, 0)->expires_ms, rig.now + 1000);
	assert_string_equal(rig_permission(&rig, PAD, PAD_HEAT).why, "permitted");
	rig_wait(&rig, 250); /* and renewals never wait */
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 1);
	keep(&rig, &kept);
	rig_stop(&rig);
}

static void a_grant_that_is_not_written_in_time_ends(void **state)
{
	(void)state;
	struct rig rig;
	begin(&rig);
	rig_ask(&rig, "pad", "heat", 1);
	rig_read(&rig, PAD, PAD_POWER, 0);
	rig_wait(&rig, 5000);
	const struct core_output *ended = rig_event(&rig, CORE_EVENT_ENDED);
	assert_non_null(ended);
	assert_contains(ended->why, "not written within 5 s");
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
	remembered(&rig, UINT64_MAX / 2, true); /* too late, and a number that was never told */
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	rig_refresh(&rig);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).permitted); /* it was never told to act: it is at rest */
	rig_stop(&rig);
}

static void a_memory_that_cannot_be_written_refuses_and_off_is_still_off(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	heat(&rig, &kept, 10000);
	rig_refresh(&rig);
	keep(&rig, &kept);
	remembered(&rig, kept.about.revision, false);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).granted); /* what runs was written */
	off(&rig);
	rig_refresh(&rig);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "memory cannot be written");
	assert_int_equal(rig_ask(&rig, "pad", "heat", 0), CORE_ACCEPTED);
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
	store(&rig, &kept);
	rig_refresh(&rig);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_ACCEPTED);
	rig_stop(&rig);
}

static void a_held_grant_ends_when_writing_fails(void **state)
{
	(void)state;
	struct rig rig;
	begin(&rig);
	rig_ask(&rig, "pad", "heat", 1);
	remembered(&rig, 1, false);
	assert_non_null(rig_event(&rig, CORE_EVENT_ENDED));
	assert_contains(rig_event(&rig, CORE_EVENT_ENDED)->why, "the memory cannot be written");
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	rig_stop(&rig);
}

/* ---- pauses ---- */

static void a_pause_goes_on_while_the_gateway_is_off(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	live(&rig, 10 * MINUTE);
	assert_false(traction_permitted(&rig));
	store(&rig, &kept);
	restart(&rig, &kept, 5 * MINUTE);
	rig_wait(&rig, 2000);
	rig_calm(&rig); /* devices need a moment; that is no break in the pause */
	live(&rig, 15 * MINUTE - 2000 - 1000);
	assert_false(traction_permitted(&rig));
	assert_contains(rig_permission(&rig, BELT, BELT_TENSION).why, "before the gateway started");
	live(&rig, 2000);
	assert_true(traction_permitted(&rig));
	rig_stop(&rig);
}

static void a_pause_that_was_over_needs_no_new_one(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	store(&rig, &kept);
	restart(&rig, &kept, 3000);
	assert_false(traction_permitted(&rig)); /* not before the table has said how it is */
	rig_wait(&rig, 2000);
	rig_calm(&rig);
	assert_true(traction_permitted(&rig));
	rig_stop(&rig);
}

static void nobody_is_waited_for_longer_than_a_minute(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	store(&rig, &kept);
	restart(&rig, &kept, 3000);
	rig_wait(&rig, 61000);
	rig_calm(&rig);
	assert_false(traction_permitted(&rig)); /* a minute of which nothing is known */
	live(&rig, 31 * MINUTE);
	assert_true(traction_permitted(&rig));
	rig_stop(&rig);
}

static void what_was_violated_counts_as_violated_until_the_start(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	store(&rig, &kept);
	restart(&rig, &kept, 25 * MINUTE);
	rig_calm(&rig);
	live(&rig, 29 * MINUTE);
	assert_false(traction_permitted(&rig));
	live(&rig, 2 * MINUTE);
	assert_true(traction_permitted(&rig));
	rig_stop(&rig);
}

static void without_a_trusted_clock_the_pause_begins_anew(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	live(&rig, 29 * MINUTE);
	store(&rig, &kept);
	rig_stop(&rig);
	start(&rig, 20000); /* another boot */
	core_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n});
	rig_calm(&rig);
	live(&rig, 29 * MINUTE);
	assert_false(traction_permitted(&rig));
	live(&rig, 2 * MINUTE);
	assert_true(traction_permitted(&rig));
	rig_stop(&rig);
}

static void with_a_trusted_clock_a_pause_reaches_back_before_the_boot(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	live(&rig, 10 * MINUTE);
	store(&rig, &kept);
	rig_stop(&rig);
	start(&rig, 20000); /* the machine has been up for 20 s */
	core_recall(
	    rig.core,
	    &(struct core_recall){
		.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n, .off_known = true, .off_ms = 15 * MINUTE});
	rig_calm(&rig);
	live(&rig, 4 * MINUTE);
	assert_false(traction_permitted(&rig));
	live(&rig, MINUTE + 1000);
	assert_true(traction_permitted(&rig));
	rig_stop(&rig);
}

static void a_rule_that_was_edited_knows_nothing_of_before(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	store(&rig, &kept);
	rig_stop(&rig);
	struct core_rule edited[] = {rules[1], rules[0]};
	edited[1].only_while.text = "20 min since any inversion.tilt > 15 deg";
	for (int change = 0; change < 2; change++) {
		start_with(&rig, kept.about.at_ms + 1000, change ? edited : (struct core_rule[]){rules[1], rules[0]},
			   2);
		core_recall(
		    rig.core,
		    &(struct core_recall){
			.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n, .off_known = true, .off_ms = 1000});
		rig_calm(&rig);
		assert_int_equal(traction_permitted(&rig), !change); /* moved to another place it is the same rule */
		rig_stop(&rig);
	}
}

/* What a rule does not write itself: a condition that it names, a figure, a metric that is computed. */
struct meaning {
	const char *rested;
	const char *limit;
	double figure;
	const char *of;
	uint64_t within_ms, max_age_ms;
	bool kept;
};

static void start_meaning(struct rig *rig, uint64_t now, const struct meaning *m)
{
	const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
	const struct core_condition conditions[] = {{"r.cfg", 1, "calm", {m->rested, 1}},
						    {"r.cfg", 2, "rested", {"calm", 2}}};
	const struct core_limit limit = {
	    .id = m->limit, .unit = THERAPY_UNIT_DEG, .has_default = true, .value = m->figure};
	struct core_derived row = derived[2];
	row.of.text = m->of;
	row.within_ms = m->within_ms;
	struct core_rule rule = rules[0];
	rule.only_while.text = "rested and all traction.force < 500 N";
	rule.max_age_ms = m->max_age_ms;
	const struct core_spec spec = {.devices = devices,
				       .n_devices = 3,
				       .conditions = conditions,
				       .n_conditions = 2,
				       .limits = &limit,
				       .n_limits = 1,
				       .derived = &row,
				       .n_derived = 1,
				       .rules = &rule,
				       .n_rules = 1,
				       .lease_ms = 1000,
				       .renew_ms = 250};
	struct faults faults = {0};
	*rig = (struct rig){.now = now, .n_devices = 3};
	if (core_new(&spec, now, &rig->core, &faults)) {
		faults_print(&faults, stdout);
		fail();
	}
}

static void a_window_whose_meaning_was_edited_elsewhere_knows_nothing_of_before(void **state)
{
	(void)state;
	static const char tilt[] = "10 min since any inversion.tilt > 10 deg";
	static const char limited[] = "10 min since any inversion.tilt > limit.tilt";
	static const char heated[] = "10 min since any heat.day_time > 99 s";
	static const struct {
		struct meaning before, after;
	} rows[] = {
#define M(rested, ...) {rested, "tilt", 10, "on(self)", 24 * HOUR, 0, __VA_ARGS__}
	    {M(tilt, true), M(tilt, true)},
	    {M(tilt, true), M("30 min since any inversion.tilt > 10 deg", false)},
	    {M(tilt, true), M("10 min since any inversion.tilt > 5 deg", false)},
	    {M(tilt, true), M("10 min since any inversion.tilt >= 10 deg", false)},
	    {M(tilt, true), M("all inversion.tilt <= 10 deg for 10 min", false)},
	    {M(tilt, true), {tilt, "tilt", 10, "on(self)", 24 * HOUR, 900, false}},
	    {M(limited, true), {limited, "tilt", 5, "on(self)", 24 * HOUR, 0, true}}, /* as while it runs */
	    {M(limited, true), M("10 min since any inversion.tilt > 10 deg", false)},
	    {M(heated, true), M(heated, true)},
	    {M(heated, true), {heated, "tilt", 10, "self.power > 5 W", 24 * HOUR, 0, false}},
	    {M(heated, true), {heated, "tilt", 10, "on(self)", 25 * HOUR, 0, false}},
#undef M
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rig rig;
		struct kept kept;
		start_meaning(&rig, 100 * HOUR, &rows[i].before);
		rig_calm(&rig);
		live(&rig, 31 * MINUTE);
		assert_true(traction_permitted(&rig));
		keep(&rig, &kept);
		rig_stop(&rig);
		start_meaning(&rig, kept.about.at_ms + 1000, &rows[i].after);
		core_recall(
		    rig.core,
		    &(struct core_recall){
			.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n, .off_known = true, .off_ms = 1000});
		rig_calm(&rig);
		if (traction_permitted(&rig) != rows[i].after.kept)
			fail_msg("row %zu: %s", i, rig_permission(&rig, BELT, BELT_TENSION).why);
		rig_stop(&rig);
	}
}

static void closing_loses_no_pause(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	heat(&rig, &kept, MINUTE);
	rig_refresh(&rig);
	rig.last = core_step(rig.core, rig.now, &(struct core_input){.type = CORE_IN_CLOSING});
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "about to end");
	for (int i = 0; i < 10; i++) { /* the table's process has ended, the pad's has something to say */
		rig_wait(&rig, 500);
		rig_read(&rig, PAD, PAD_POWER, 0);
	}
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	keep(&rig, &kept);
	restart(&rig, &kept, 3000);
	rig_calm(&rig);
	assert_true(traction_permitted(&rig)); /* the table was level all the time */
	assert_pad(&rig, PAD_SESSION_TIME, 60);
	live(&rig, 40 * MINUTE - 8000 - 1000);
	assert_pad(&rig, PAD_SESSION_TIME, 60);
	live(&rig, 2000); /* the pause began when the pad said that it was off */
	assert_pad(&rig, PAD_SESSION_TIME, 0);
	rig_stop(&rig);
}

/* ---- sums ---- */

static void sums_hold_when_the_process_is_killed_while_heating(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	heat(&rig, &kept, 5 * MINUTE);
	store(&rig, &kept);
	restart(&rig, &kept, 10000);
	assert_pad(&rig, PAD_SESSION_TIME, 310); /* not known to be off until now */
	assert_pad(&rig, PAD_DAY_TIME, 310);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	rig_wait(&rig, 2000);
	rig_calm(&rig);
	assert_pad(&rig, PAD_SESSION_TIME, 312);
	assert_pad(&rig, PAD_SESSIONS, 0);
	live(&rig, 10 * MINUTE + 1000);
	assert_pad(&rig, PAD_SESSIONS, 1);
	assert_pad(&rig, PAD_SESSION_TIME, 312);
	for (int i = 0; i < 3; i++) { /* and it holds through any number of restarts */
		store(&rig, &kept);
		restart(&rig, &kept, 5 * MINUTE);
		rig_calm(&rig);
	}
	assert_pad(&rig, PAD_SESSION_TIME, 312);
	live(&rig, 15 * MINUTE);
	assert_pad(&rig, PAD_SESSION_TIME, 0);
	assert_pad(&rig, PAD_DAY_TIME, 312);
	assert_pad(&rig, PAD_SESSIONS, 1);
	live(&rig, 22 * HOUR);
	assert_pad(&rig, PAD_SESSIONS, 1);
	assert_pad(&rig, PAD_DAY_TIME, 312);
	live(&rig, 3 * HOUR);
	assert_pad(&rig, PAD_SESSIONS, 0);
	assert_pad(&rig, PAD_DAY_TIME, 0);
	rig_stop(&rig);
}

static void a_count_survives_a_boot_without_a_trusted_clock(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	heat(&rig, &kept, 5 * MINUTE);
	off(&rig);
	live(&rig, 11 * MINUTE);
	store(&rig, &kept);
	rig_stop(&rig);
	start(&rig, 5000);
	core_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n});
	rig_calm(&rig);
	assert_pad(&rig, PAD_SESSIONS, 1);
	assert_pad(&rig, PAD_DAY_TIME, 300);
	rig_stop(&rig);
}

/* ---- lost ---- */

static void a_lost_memory_latches_until_a_person_resets(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	begin(&rig);
	heat(&rig, &kept, 5 * MINUTE);
	off(&rig);
	store(&rig, &kept);
	rig_stop(&rig);
	start(&rig, kept.about.at_ms + 1000);
	core_recall(rig.core,
		    &(struct core_recall){
			.state = CORE_RECALL_LOST, .rows = kept.rows, .n = kept.n, .off_known = true, .off_ms = 1000});
	rig_calm(&rig);
	assert_pad(&rig, PAD_SESSION_TIME, 300); /* an older copy still tells the sums */
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "missing or damaged");
	store(&rig, &kept); /* writing it anew is no reset, nor is a restart */
	restart(&rig, &kept, 1000);
	rig_calm(&rig);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "missing or damaged");
	rig_stop(&rig);
}

static bool is_known(const struct rig *rig, uint16_t metric)
{
	return core_value(rig->core, PAD, metric).quality == THERAPY_GOOD;
}

static void start_lost(struct rig *rig)
{
	start(rig, 100 * HOUR);
	core_recall(rig->core, &(struct core_recall){.state = CORE_RECALL_LOST});
	rig_calm(rig);
	assert_contains(rig_permission(rig, PAD, PAD_HEAT).why,
			"missing or damaged"); /* first what a person has to do */
	assert_contains(rig_permission(rig, PAD, PAD_HEAT).why, "also today and this week, is not known");
	live(rig, 3000);
	assert_int_equal(rig_verb(rig, CORE_RESET, "", ""), CORE_ACCEPTED);
}

/* What a sum would hold of the time before is not known; but nobody is locked out for a day. */
static void sums_are_not_known_until_what_was_lost_is_past(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	for (int known = 0; known < 2; known++) {
		uint64_t off_ms = known ? 5 * MINUTE : 0;
		start_lost(&rig);
		uint64_t begun = rig.now - 3000;
		assert_false(is_known(&rig, PAD_SESSION_TIME));
		assert_false(is_known(&rig, PAD_LATELY));
		assert_pad(&rig, PAD_DAY_TIME, 0);
		assert_pad(&rig, PAD_SESSIONS, 0);
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
		assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why,
				"pad.session_time is unknown: what was before the memory was lost still counts");
		live(&rig, 10 * MINUTE - 3000);
		store(&rig, &kept);
		rig_stop(&rig); /* a restart does not make it known */
		start(&rig, begun + 10 * MINUTE + off_ms);
		core_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT,
							    .rows = kept.rows,
							    .n = kept.n,
							    .off_known = known,
							    .off_ms = off_ms});
		rig_calm(&rig);
		live(&rig, begun + 30 * MINUTE - 1000 - rig.now);
		assert_false(is_known(&rig, PAD_LATELY));
		live(&rig, 2000);
		assert_pad(&rig, PAD_LATELY, 0);
		uint64_t over = begun + (known ? 40 : 50) * MINUTE; /* a pause begins anew without a clock */
		live(&rig, over - 1000 - rig.now);
		assert_false(is_known(&rig, PAD_SESSION_TIME));
		live(&rig, 2000);
		assert_pad(&rig, PAD_SESSION_TIME, 0);
		assert_true(rig_permission(&rig, PAD, PAD_HEAT).permitted);
		store(&rig, &kept);
		restart(&rig, &kept, 1000);
		rig_calm(&rig);
		assert_true(is_known(&rig, PAD_SESSION_TIME) && is_known(&rig, PAD_LATELY));
		rig_stop(&rig);
	}
}

static void a_session_after_a_loss_needs_its_whole_pause(void **state)
{
	(void)state;
	struct rig rig;
	start_lost(&rig);
	live(&rig, 30 * MINUTE);
	rig_read(&rig, PAD, PAD_POWER, 50); /* somebody switched it on */
	live(&rig, 40 * MINUTE - 1000);
	assert_false(is_known(&rig, PAD_SESSION_TIME));
	live(&rig, 2000);
	assert_pad(&rig, PAD_SESSION_TIME, 0);
	rig_stop(&rig);
}

static void the_first_start_latches_nothing_and_knows_no_pause(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, HOUR);
	core_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_FIRST});
	rig_calm(&rig);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_false(traction_permitted(&rig));
	rig_stop(&rig);
}

/* Whatever a file says: no crash, no sum that is not a number, nothing permitted that would not be without it. */
static void rows_that_make_no_sense_do_no_harm(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	const double evil[] = {-1, 1e300, (double)NAN, (double)INFINITY, 4, 1e12, -0.5};
	begin(&rig);
	heat(&rig, &kept, MINUTE);
	off(&rig);
	store(&rig, &kept);
	rig_stop(&rig);
	for (size_t row = 0; row < kept.n; row++)
		for (size_t at = 0; at < kept.rows[row].n; at++)
			for (size_t e = 0; e < sizeof evil / sizeof *evil; e++) {
				double was = kept.numbers[row][at];
				kept.numbers[row][at] = evil[e];
				start(&rig, 200 * HOUR);
				core_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT,
									    .rows = kept.rows,
									    .n = kept.n,
									    .off_known = e % 2,
									    .off_ms = e * MINUTE});
				rig_calm(&rig);
				for (uint16_t m = PAD_SESSION_TIME; m <= PAD_LATELY; m++) {
					double value = core_value(rig.core, PAD, m).value;
					assert_true(value >= 0 && value < 1e12);
				}
				rig_stop(&rig);
				kept.numbers[row][at] = was;
			}
	for (size_t row = 0; row < kept.n; row++) {
		size_t n = kept.rows[row].n;
		for (kept.rows[row].n = 0; kept.rows[row].n < n; kept.rows[row].n++) {
			start(&rig, 200 * HOUR);
			core_recall(rig.core,
				    &(struct core_recall){.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n});
			rig_calm(&rig);
			rig_stop(&rig);
		}
	}
}

/* What is told is what is taken back: the same rows, but for the time between. */
static void what_is_told_is_what_is_taken_back(void **state)
{
	(void)state;
	struct rig rig;
	struct kept first, second;
	begin(&rig);
	heat(&rig, &first, 3 * MINUTE);
	off(&rig);
	live(&rig, 20 * MINUTE);
	rig_read(&rig, TABLE, TABLE_TILT, 40);
	store(&rig, &first);
	restart(&rig, &first, 0);
	keep(&rig, &second);
	assert_int_equal(first.n, second.n);
	for (size_t i = 0; i < first.n; i++) {
		assert_string_equal(first.keys[i], second.keys[i]);
		assert_int_equal(first.rows[i].n, second.rows[i].n);
		for (size_t k = 0; k < first.rows[i].n && first.rows[i].kind == CORE_ROW_DERIVED; k++)
			assert_near(first.numbers[i][k], second.numbers[i][k], 0);
	}
	rig_stop(&rig);
}

/* ---- many ---- */

enum { MANY = 1000, EACH = 5 };

struct many {
	struct core_row rows[MANY * EACH];
	char keys[MANY * EACH][64];
	double numbers[MANY * EACH][7];
	size_t n;
};

static void put_many(void *user, const struct core_row *row)
{
	struct many *m = user;
	if (row->kind != CORE_ROW_WINDOW)
		return;
	assert_int_equal(row->n, 7);
	assert_true(m->n < MANY * EACH && strlen(row->key) < sizeof m->keys[0]);
	str_copy(m->keys[m->n], sizeof m->keys[0], row->key);
	memcpy(m->numbers[m->n], row->numbers, sizeof m->numbers[0]);
	m->rows[m->n] = (struct core_row){row->kind, m->keys[m->n], m->numbers[m->n], row->n};
	m->n++;
}

/* Rows in the worst order, and half of them of rules that were edited: the loop, and its watchdog, wait for it. Whoever
 * looks through all windows for each row needs a minute here; the bound leaves room for sanitizers and a busy machine.
 */
static void thousands_of_windows_are_found_at_once(void **state)
{
	(void)state;
	static char ids[MANY][16], texts[MANY][256];
	static struct core_rule many[MANY];
	static struct many told, again;
	struct rig rig;
	for (size_t r = 0; r < MANY; r++) {
		struct str s;
		snprintf(ids[r], sizeof ids[r], "rule-%zu", r);
		str_init(&s, texts[r], sizeof texts[r]);
		for (size_t w = 0; w < EACH; w++)
			str_add(&s, "%s%zu min since any inversion.tilt > %zu deg", w ? " and " : "", w + 1, r % 50);
		many[r] = rules[0];
		many[r].id = ids[r];
		many[r].only_while.text = texts[r];
	}
	start_with(&rig, 100 * HOUR, many, MANY);
	rig_calm(&rig);
	told.n = again.n = 0;
	core_remember(rig.core, &told, put_many);
	assert_int_equal(told.n, MANY * EACH);
	rig_stop(&rig);
	for (size_t i = 0; i < told.n / 2; i++) {
		struct core_row row = told.rows[i];
		told.rows[i] = told.rows[told.n - 1 - i];
		told.rows[told.n - 1 - i] = row;
		told.keys[i * 2][strlen(told.keys[i * 2]) - 1] = 'x';
	}
	start_with(&rig, 100 * HOUR, many, MANY);
	clock_t before = clock();
	core_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT, .rows = told.rows, .n = told.n});
	double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
	print_message("%d windows were read back in %.1f ms\n", MANY * EACH, seconds * 1e3);
	assert_true(seconds < 2);
	core_remember(rig.core, &again, put_many); /* and those that are known are what they were */
	for (size_t i = 0; i < again.n; i++)
		assert_int_equal(again.numbers[i][0], i % 2 ? TRUTH_TRUE : TRUTH_UNKNOWN);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_lease_waits_until_it_is_written),
	    cmocka_unit_test(a_grant_that_is_not_written_in_time_ends),
	    cmocka_unit_test(a_memory_that_cannot_be_written_refuses_and_off_is_still_off),
	    cmocka_unit_test(a_held_grant_ends_when_writing_fails),
	    cmocka_unit_test(a_pause_goes_on_while_the_gateway_is_off),
	    cmocka_unit_test(a_pause_that_was_over_needs_no_new_one),
	    cmocka_unit_test(nobody_is_waited_for_longer_than_a_minute),
	    cmocka_unit_test(what_was_violated_counts_as_violated_until_the_start),
	    cmocka_unit_test(without_a_trusted_clock_the_pause_begins_anew),
	    cmocka_unit_test(with_a_trusted_clock_a_pause_reaches_back_before_the_boot),
	    cmocka_unit_test(a_rule_that_was_edited_knows_nothing_of_before),
	    cmocka_unit_test(a_window_whose_meaning_was_edited_elsewhere_knows_nothing_of_before),
	    cmocka_unit_test(closing_loses_no_pause),
	    cmocka_unit_test(sums_hold_when_the_process_is_killed_while_heating),
	    cmocka_unit_test(a_count_survives_a_boot_without_a_trusted_clock),
	    cmocka_unit_test(a_lost_memory_latches_until_a_person_resets),
	    cmocka_unit_test(sums_are_not_known_until_what_was_lost_is_past),
	    cmocka_unit_test(a_session_after_a_loss_needs_its_whole_pause),
	    cmocka_unit_test(the_first_start_latches_nothing_and_knows_no_pause),
	    cmocka_unit_test(rows_that_make_no_sense_do_no_harm),
	    cmocka_unit_test(what_is_told_is_what_is_taken_back),
	    cmocka_unit_test(thousands_of_windows_are_found_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
