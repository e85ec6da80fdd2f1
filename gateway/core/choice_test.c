/* SPDX-License-Identifier: Apache-2.0
 * A control whose values have words is asked for by number here, and spoken of in its words. */
#include <string.h>

#include "core/explanation.h"
#include "core/testing_rig.h"

static const struct core_metric metrics[] = {
    {.key = "stage", .unit = THERAPY_UNIT_ONE, .stale_ms = 10000, .words = "off|low|medium|high"}};
static const struct core_control controls[] = {{.key = "warmth",
						.min = 1,
						.max = 3,
						.step = 1,
						.words = "off|low|medium|high",
						.unit = THERAPY_UNIT_ONE,
						.confirm = 0,
						.rest_max = 0.5,
						.resumes = true,
						.device_timer_ms = 5000}};
static const struct core_device blanket = {"blanket", "heat", metrics, 1, controls, 1};

static int start(void **state)
{
	static struct rig rig;
	const struct core_rule rule = rig_rule("stages", "all heat.stage <= 3");
	rig_start(&rig, &blanket, 1, &rule, 1);
	rig_present(&rig, 0, true);
	rig_read(&rig, 0, 0, 0);
	rig_phase(&rig, 0, 0, CORE_PHASE_AT_REST);
	*state = &rig;
	return 0;
}

static int stop(void **state)
{
	rig_stop(*state);
	return 0;
}

static const char *why(const struct rig *rig)
{
	return rig_output(rig, CORE_OUT_RESULT, 0)->why;
}

static void what_is_granted_is_said_in_its_word(void **state)
{
	struct rig *rig = *state;
	assert_int_equal(rig_ask(rig, "blanket", "warmth", 2), CORE_ACCEPTED);
	assert_contains(why(rig), "is granted at medium");
	assert_near(rig_output(rig, CORE_OUT_LEASE, 0)->value, 2, 0);
	assert_int_equal(rig_ask(rig, "blanket", "warmth", 2), CORE_ACCEPTED);
	assert_contains(why(rig), "goes on at medium as it was");
	assert_int_equal(rig_ask(rig, "blanket", "warmth", 0), CORE_ACCEPTED);
}

static void a_value_without_a_word_is_refused_with_those_there_are(void **state)
{
	struct rig *rig = *state;
	static const double values[] = {4, 1.5, -1, (double)INFINITY};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		assert_int_equal(rig_ask(rig, "blanket", "warmth", values[i]), CORE_OUT_OF_RANGE);
		assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 0);
	}
	assert_int_equal(rig_ask(rig, "blanket", "warmth", 4), CORE_OUT_OF_RANGE);
	assert_contains(why(rig), "4 is none of what blanket.warmth takes: off, low, medium, high, or 0 to 3");
}

static void its_words_can_be_asked_for(void **state)
{
	struct rig *rig = *state;
	struct core_explanation e;
	assert_true(core_explain(rig->core, 0, 0, &e));
	assert_string_equal(e.words, "off|low|medium|high");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_granted_is_said_in_its_word),
	    TEST(a_value_without_a_word_is_refused_with_those_there_are),
	    TEST(its_words_can_be_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
