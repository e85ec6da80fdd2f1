/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/testing.h"
#include "promise/hazards.h"

#define ROWS(a)                     (sizeof(a) / sizeof *(a))
#define assert_contains(text, part) assert_non_null(strstr((text), (part)))

static const struct hazards_control heat = {.device = "pad", .key = "heat", .has_timer = true, .has_load = true};

static const struct hazard_part *part_of(const struct hazards *h, unsigned hazard, const char *by)
{
	for (size_t i = 0; i < h->rows[hazard].n_parts; i++)
		if (strcmp(h->rows[hazard].parts[i].by, by) == 0)
			return &h->rows[hazard].parts[i];
	fail_msg("hazard %u has no part by %s", hazard, by);
	return NULL;
}

/* Whatever a home has, each of the 30 is spoken of, and what nothing guards is called so. */
static void every_hazard_has_a_row(void **state)
{
	(void)state;
	const struct hazards_home empty = {0};
	struct hazards *h = hazards_new(&empty);
	assert_non_null(h);
	for (unsigned i = 1; i <= HAZARDS_COUNT; i++) {
		assert_non_null(h->rows[i].title);
		if (h->rows[i].n_parts == 0)
			assert_int_equal(h->rows[i].level, HAZARD_NOT_COVERED);
	}
	assert_int_equal(h->rows[11].n_parts, 0);
	assert_int_equal(h->rows[28].level, HAZARD_ABSENT);
	hazards_free(h);
}

static void a_hazard_is_as_good_as_its_rules_together(void **state)
{
	(void)state;
	static const struct {
		enum hazard_level one, other, expected;
	} rows[] = {
	    {HAZARD_COVERED, HAZARD_COVERED, HAZARD_COVERED},
	    {HAZARD_COVERED, HAZARD_NOT_COVERED, HAZARD_PARTLY},
	    {HAZARD_COVERED, HAZARD_PARTLY, HAZARD_PARTLY},
	    {HAZARD_COVERED, HAZARD_ABSENT, HAZARD_COVERED},
	    {HAZARD_PARTLY, HAZARD_NOT_COVERED, HAZARD_PARTLY},
	    {HAZARD_NOT_COVERED, HAZARD_NOT_COVERED, HAZARD_NOT_COVERED},
	    {HAZARD_NOT_COVERED, HAZARD_ABSENT, HAZARD_NOT_COVERED},
	    {HAZARD_ABSENT, HAZARD_ABSENT, HAZARD_ABSENT},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct hazards_rule rules[] = {{"a", 9, rows[i].one, false, "one"},
						     {"b", 9, rows[i].other, false, "other"}};
		const struct hazards_home home = {.rules = rules, .n_rules = 2};
		struct hazards *h = hazards_new(&home);
		assert_int_equal(h->rows[9].level, rows[i].expected);
		assert_int_equal(h->rows[9].n_parts, 2);
		hazards_free(h);
	}
}

/* A figure that nobody gave is visible where the hazard is. */
static void a_refusal_is_seen_at_its_hazard(void **state)
{
	(void)state;
	const struct hazards_rule rules[] = {
	    {"belt-pressure", 7, HAZARD_NOT_COVERED, true, "refused until limit.pressure is given"}};
	const struct hazards_home home = {.rules = rules, .n_rules = 1, .controls = &heat, .n_controls = 1};
	struct hazards *h = hazards_new(&home);
	assert_true(h->rows[7].refused);
	assert_false(h->rows[8].refused);
	assert_contains(part_of(h, 7, "belt-pressure")->text, "limit.pressure");
	hazards_free(h);
}

static void a_mechanism_names_what_it_lacks(void **state)
{
	(void)state;
	const struct hazards_control controls[] = {heat, {.device = "blanket", .key = "heat"}};
	struct hazards_home home = {.controls = controls, .n_controls = 2};
	struct hazards *h = hazards_new(&home);
	assert_int_equal(h->rows[25].level, HAZARD_PARTLY);
	assert_contains(part_of(h, 25, "load while off")->text, "blanket.heat");
	assert_contains(part_of(h, 25, "load while off")->text, "missing: a meter");
	assert_int_equal(h->rows[24].level, HAZARD_PARTLY);
	assert_int_equal(h->rows[22].level, HAZARD_PARTLY);
	assert_int_equal(h->rows[28].level, HAZARD_PARTLY);
	assert_int_equal(h->rows[18].level, HAZARD_NOT_COVERED);
	hazards_free(h);

	/* A cut-off is told, and proves nothing. */
	struct hazards_control cut = controls[1];
	cut.has_cutoff = true;
	home.controls = &cut;
	home.n_controls = 1;
	h = hazards_new(&home);
	assert_contains(part_of(h, 24, "cut-off")->text, "blanket.heat");
	assert_int_equal(h->rows[24].level, HAZARD_PARTLY);
	assert_int_equal(h->rows[25].level, HAZARD_NOT_COVERED);
	hazards_free(h);

	home.controls = &controls[1];
	home.n_controls = 1;
	h = hazards_new(&home);
	assert_int_equal(h->rows[25].level, HAZARD_NOT_COVERED);
	assert_int_equal(h->rows[24].level, HAZARD_PARTLY);
	hazards_free(h);

	home.controls = &heat;
	home.stop_source = "belt.pain_button";
	home.contradictions = "inversion.stuck";
	h = hazards_new(&home);
	assert_int_equal(h->rows[25].level, HAZARD_COVERED);
	assert_int_equal(h->rows[22].level, HAZARD_COVERED);
	assert_int_equal(h->rows[28].level, HAZARD_COVERED);
	assert_contains(part_of(h, 28, "stop")->text, "belt.pain_button");
	assert_int_equal(h->rows[18].level, HAZARD_PARTLY);
	hazards_free(h);
}

/* A rule's number beyond the table is nobody's. */
static void a_rule_without_a_row_is_left_out(void **state)
{
	(void)state;
	const struct hazards_rule rules[] = {{"mine", 0, HAZARD_COVERED, false, ""},
					     {"x", 31, HAZARD_COVERED, false, ""}};
	const struct hazards_home home = {.rules = rules, .n_rules = 2};
	struct hazards *h = hazards_new(&home);
	for (unsigned i = 1; i <= HAZARDS_COUNT; i++)
		for (size_t p = 0; p < h->rows[i].n_parts; p++)
			assert_string_not_equal(h->rows[i].parts[p].by, "mine");
	hazards_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_hazard_has_a_row),
	    cmocka_unit_test(a_hazard_is_as_good_as_its_rules_together),
	    cmocka_unit_test(a_refusal_is_seen_at_its_hazard),
	    cmocka_unit_test(a_mechanism_names_what_it_lacks),
	    cmocka_unit_test(a_rule_without_a_row_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
