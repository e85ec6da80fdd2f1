/* SPDX-License-Identifier: Apache-2.0
 * What is recalled permits nothing: under a not, in windows within windows, over random restarts. */
#include <stdlib.h>

#include "core/testing_memory.h"

static const char *const negated[] = {
    "not any inversion.tilt > 10 deg for 5 s",
    "4 s since (any inversion.tilt > 10 deg for 1 s)",
    "not (5 s since any inversion.tilt <= 10 deg)",
    "not (3 s since (any inversion.tilt <= 10 deg for 4 s))",
    "(any inversion.tilt > 10 deg or any inversion.tilt <= 5 deg) for 6 s",
    "3 s since ((any inversion.tilt > 10 deg for 2 s) and not (any inversion.tilt > 10 deg for 5 s))",
};

static struct core_rule negated_rule(const char *text)
{
	struct core_rule rule = rig_rule("h", text);
	rule.max_age_ms = 5000;
	return rule;
}

static bool heat_permitted(const struct rig *rig)
{
	return rig_permission(rig, PAD, PAD_HEAT).permitted;
}

static void pad_is_there(struct rig *rig)
{
	rig_present(rig, PAD, true);
	rig_read(rig, PAD, PAD_POWER, 0);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
}

static void a_silent_sensor_permits_nothing_after_a_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig rig;
		struct kept kept;
		const struct core_rule rule = negated_rule(negated[i]);
		mem_start_with(&rig, HOUR, &rule, 1);
		rig_calm(&rig);
		mem_live(&rig, 6000);
		assert_true(heat_permitted(&rig));
		mem_keep(&rig, &kept);
		rig_stop(&rig);
		mem_start_with(&rig, kept.about.at_ms + 5500, &rule, 1);
		core_recall(
		    rig.core,
		    &(struct core_recall){
			.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n, .off_known = true, .off_ms = 5500});
		for (int s = 0; s < 70; s++) {
			pad_is_there(&rig);
			assert_false(heat_permitted(&rig));
			rig_wait(&rig, 1000);
		}
		rig_stop(&rig);
	}
}

static struct rig lives[2]; /* one is restarted, the other watches all the time */

static void tilt_both(double tilt, bool both)
{
	for (int i = both ? 0 : 1; i < 2; i++) {
		rig_read(&lives[i], TABLE, TABLE_TILT, tilt);
		pad_is_there(&lives[i]);
	}
}

/* The oracle was never off, and its table stayed as it was until it was heard again: with `silent` it is lost then. */
static void live_and_restart(const struct core_rule *rule, unsigned *seed, bool silent, unsigned permitted[2])
{
	static const double tilts[] = {0, 3, 8, 12, 30, 0};
	struct kept kept;
	double tilt = 0;
	for (int i = 0; i < 2; i++) {
		mem_start_with(&lives[i], HOUR, rule, 1);
		rig_calm(&lives[i]);
	}
	for (unsigned restart = 0; restart < 4; restart++) {
		for (unsigned steps = (unsigned)rand_r(seed) % 60; steps-- > 0;) {
			if (rand_r(seed) % 8 == 0)
				tilt = tilts[rand_r(seed) % 6];
			tilt_both(tilt, true);
			for (int i = 0; i < 2; i++)
				rig_wait(&lives[i], 250);
		}
		tilt_both(tilt, true);
		uint64_t off = (uint64_t)rand_r(seed) % 8000, deaf = (uint64_t)rand_r(seed) % 9000;
		bool clock = rand_r(seed) % 4 > 0;
		mem_keep(&lives[0], &kept);
		rig_stop(&lives[0]);
		mem_start_with(&lives[0], kept.about.at_ms + off, rule, 1);
		core_recall(lives[0].core, &(struct core_recall){.state = CORE_RECALL_KEPT,
								 .rows = kept.rows,
								 .n = kept.n,
								 .off_known = clock,
								 .off_ms = clock ? off : 0});
		rig_present(&lives[0], TABLE, true);
		if (silent) {
			rig_present(&lives[1], TABLE, false);
			rig_present(&lives[1], TABLE, true);
		}
		for (uint64_t ms = 0; ms < off + deaf; ms += 50) {
			lives[1].now += 50;
			if (silent)
				pad_is_there(&lives[1]);
			else
				tilt_both(tilt, false);
			if (lives[1].now < lives[0].now)
				continue;
			lives[0].now = lives[1].now;
			pad_is_there(&lives[0]);
			permitted[0] += heat_permitted(&lives[0]);
			if (heat_permitted(&lives[0]) && !heat_permitted(&lives[1]))
				fail_msg("%s: %llu ms after the rows permitted by what is recalled",
					 rule->only_while.text, (unsigned long long)ms);
		}
		if (silent)
			break;
		lives[0].now = lives[1].now = lives[0].now > lives[1].now ? lives[0].now : lives[1].now;
		tilt_both(tilt, false);
		tilt = tilts[rand_r(seed) % 6];
		for (unsigned steps = 0; steps < 40; steps++) {
			tilt_both(tilt, true);
			permitted[1] += heat_permitted(&lives[0]);
			if (heat_permitted(&lives[0]) && !heat_permitted(&lives[1]))
				fail_msg("%s: permitted %u steps after the table was heard, and not without a restart",
					 rule->only_while.text, steps);
			for (int i = 0; i < 2; i++)
				rig_wait(&lives[i], 250);
			if (rand_r(seed) % 10 == 0)
				tilt = tilts[rand_r(seed) % 6];
		}
	}
	rig_stop(&lives[0]);
	rig_stop(&lives[1]);
}

static void what_is_recalled_permits_no_more_than_to_have_watched(void **state)
{
	(void)state;
	unsigned seed = 7, permitted[2] = {0};
	for (unsigned life = 0; life < 40; life++)
		for (size_t i = 0; i < sizeof negated / sizeof *negated; i++) {
			const struct core_rule rule = negated_rule(negated[i]);
			live_and_restart(&rule, &seed, life % 2 == 0, permitted);
		}
	assert_true(permitted[0] > 10 && permitted[1] > 1000); /* it was put to the test */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_silent_sensor_permits_nothing_after_a_start),
	    cmocka_unit_test(what_is_recalled_permits_no_more_than_to_have_watched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
