/* SPDX-License-Identifier: Apache-2.0
 * A row finds what it is about, wherever that stands; what means something else now is not found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/testing_memory.h"
#include "core/truth.h"

/* ---- what was edited ---- */

static void a_rule_that_was_edited_knows_nothing_of_before(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	mem_store(&rig, &kept);
	rig_stop(&rig);
	struct core_rule edited[] = {mem_rules[1], mem_rules[0]};
	edited[1].only_while.text = "20 min since any inversion.tilt > 15 deg";
	for (int change = 0; change < 2; change++) {
		mem_start_with(&rig, kept.about.at_ms + 1000,
			       change ? edited : (struct core_rule[]){mem_rules[1], mem_rules[0]}, 2);
		core_recall(
		    rig.core,
		    &(struct core_recall){
			.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n, .off_known = true, .off_ms = 1000});
		rig_calm(&rig);
		assert_int_equal(mem_traction_permitted(&rig),
				 !change); /* moved to another place it is the same rule */
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
	struct core_derived row = mem_derived[2];
	row.of.text = m->of;
	row.within_ms = m->within_ms;
	struct core_rule rule = mem_rules[0];
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
		mem_live(&rig, 31 * MINUTE);
		assert_true(mem_traction_permitted(&rig));
		mem_keep(&rig, &kept);
		rig_stop(&rig);
		start_meaning(&rig, kept.about.at_ms + 1000, &rows[i].after);
		core_recall(
		    rig.core,
		    &(struct core_recall){
			.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n, .off_known = true, .off_ms = 1000});
		rig_calm(&rig);
		if (mem_traction_permitted(&rig) != rows[i].after.kept)
			fail_msg("row %zu: %s", i, rig_permission(&rig, BELT, BELT_TENSION).why);
		rig_stop(&rig);
	}
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

/* In the worst order, and half of them of rules that were edited. How long it takes: tests/bench/core_bench.c. */
static void each_of_thousands_of_windows_is_found(void **state)
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
		many[r] = mem_rules[0];
		many[r].id = ids[r];
		many[r].only_while.text = texts[r];
	}
	mem_start_with(&rig, 100 * HOUR, many, MANY);
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
	mem_start_with(&rig, 100 * HOUR, many, MANY);
	core_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT, .rows = told.rows, .n = told.n});
	core_remember(rig.core, &again, put_many); /* and those that are known are what they were */
	for (size_t i = 0; i < again.n; i++)
		assert_int_equal(again.numbers[i][0], i % 2 ? TRUTH_TRUE : TRUTH_UNKNOWN);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_rule_that_was_edited_knows_nothing_of_before),
	    cmocka_unit_test(a_window_whose_meaning_was_edited_elsewhere_knows_nothing_of_before),
	    cmocka_unit_test(each_of_thousands_of_windows_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
