/* SPDX-License-Identifier: Apache-2.0
 * A memory that is lost latches, and what it held is not known until it is past. */
#include "core/testing_memory.h"

static void a_lost_memory_latches_until_a_person_resets(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	mem_heat(&rig, &kept, 5 * MINUTE);
	mem_off(&rig);
	mem_store(&rig, &kept);
	rig_stop(&rig);
	mem_start(&rig, kept.about.at_ms + 1000);
	core_recall(rig.core,
		    &(struct core_recall){
			.state = CORE_RECALL_LOST, .rows = kept.rows, .n = kept.n, .off_known = true, .off_ms = 1000});
	rig_calm(&rig);
	mem_assert_pad(&rig, PAD_SESSION_TIME, 300); /* an older copy still tells the sums */
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "missing or damaged");
	mem_store(&rig, &kept); /* writing it anew is no reset, nor is a restart */
	mem_restart(&rig, &kept, 1000);
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
	mem_start(rig, 100 * HOUR);
	core_recall(rig->core, &(struct core_recall){.state = CORE_RECALL_LOST});
	rig_calm(rig);
	assert_contains(rig_permission(rig, PAD, PAD_HEAT).why,
			"missing or damaged"); /* first what a person has to do */
	assert_contains(rig_permission(rig, PAD, PAD_HEAT).why, "also today and this week, is not known");
	mem_live(rig, 3000);
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
		mem_assert_pad(&rig, PAD_DAY_TIME, 0);
		mem_assert_pad(&rig, PAD_SESSIONS, 0);
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
		assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why,
				"pad.session_time is unknown: what was before the memory was lost still counts");
		mem_live(&rig, 10 * MINUTE - 3000);
		mem_store(&rig, &kept);
		rig_stop(&rig); /* a restart does not make it known */
		mem_start(&rig, begun + 10 * MINUTE + off_ms);
		core_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT,
							    .rows = kept.rows,
							    .n = kept.n,
							    .off_known = known,
							    .off_ms = off_ms});
		rig_calm(&rig);
		mem_live(&rig, begun + 30 * MINUTE - 1000 - rig.now);
		assert_false(is_known(&rig, PAD_LATELY));
		mem_live(&rig, 2000);
		mem_assert_pad(&rig, PAD_LATELY, 0);
		uint64_t over = begun + (known ? 40 : 50) * MINUTE; /* a pause begins anew without a clock */
		mem_live(&rig, over - 1000 - rig.now);
		assert_false(is_known(&rig, PAD_SESSION_TIME));
		mem_live(&rig, 2000);
		mem_assert_pad(&rig, PAD_SESSION_TIME, 0);
		assert_true(rig_permission(&rig, PAD, PAD_HEAT).permitted);
		mem_store(&rig, &kept);
		mem_restart(&rig, &kept, 1000);
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
	mem_live(&rig, 30 * MINUTE);
	rig_read(&rig, PAD, PAD_POWER, 50); /* somebody switched it on */
	mem_live(&rig, 40 * MINUTE - 1000);
	assert_false(is_known(&rig, PAD_SESSION_TIME));
	mem_live(&rig, 2000);
	mem_assert_pad(&rig, PAD_SESSION_TIME, 0);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_lost_memory_latches_until_a_person_resets),
	    cmocka_unit_test(sums_are_not_known_until_what_was_lost_is_past),
	    cmocka_unit_test(a_session_after_a_loss_needs_its_whole_pause),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
