/* SPDX-License-Identifier: Apache-2.0
 * Named conditions and words: they mean what they say, and whatever is written, the cost is bounded. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/inside.h"
#include "core/testing_rig.h"

#define CONDITION(id_, when_, line_)                                                                                   \
	{                                                                                                              \
		.file = "c.cfg", .line = (line_), .id = (id_), .when = {(when_), (line_) + 1 }                         \
	}

static const struct core_metric button_metrics[] = {
    {.key = "state", .unit = THERAPY_UNIT_ONE, .stale_ms = 1000, .words = "released|pressed|stuck"},
    {.key = "armed", .unit = THERAPY_UNIT_BOOL, .stale_ms = 1000},
    {.key = "turns", .unit = THERAPY_UNIT_ONE, .stale_ms = 1000}};
static const struct core_device button = {"button", "stop_button", button_metrics, 3, NULL, 0};

/* A home with table, belt, pad and button; NULL, and what is wrong in *told. */
static struct core *build(const struct core_condition *conditions, size_t n, const struct core_rule *rules,
			  size_t n_rules, char **told)
{
	const struct core_device home[] = {rig_table, rig_belt, rig_pad, button};
	const struct core_spec spec = {.devices = home,
				       .n_devices = 4,
				       .rules = rules,
				       .n_rules = n_rules,
				       .conditions = conditions,
				       .n_conditions = n,
				       .lease_ms = 1000,
				       .renew_ms = 250};
	struct faults faults = {0};
	struct core *core = NULL;
	size_t size = 0;
	*told = NULL;
	FILE *to = open_memstream(told, &size);
	core_new(&spec, 1000000, &core, &faults);
	faults_print(&faults, to);
	fclose(to);
	faults_release(&faults);
	return core;
}

static void start(struct rig *rig, const struct core_condition *conditions, size_t n, const char *only_while)
{
	char *told;
	const struct core_rule rule = rig_rule("r", only_while);
	*rig = (struct rig){.now = 1000000, .core = build(conditions, n, &rule, 1, &told), .n_devices = 4};
	assert_string_equal(told, "");
	free(told);
	rig_calm(rig);
}

static void assert_told(const struct core_condition *conditions, size_t n, const char *only_while, const char *says)
{
	char *told;
	const struct core_rule rule = rig_rule("r", only_while);
	assert_null(build(conditions, n, &rule, 1, &told));
	if (!strstr(told, says))
		fail_msg("expected '%s' in '%s'", says, told);
	free(told);
}

/* ---- what they mean ---- */

static void named_condition_means_what_it_would_mean_in_parentheses(void **state)
{
	(void)state;
	const struct core_condition named[] = {
	    CONDITION("calm", "level and not loaded", 1), CONDITION("level", "all inversion.tilt <= 10 deg", 3),
	    CONDITION("loaded", "any traction.force > 20 N or any traction.pressure > 1 kPa", 5)};
	const char *forms[][2] = {
	    {"calm for 2 s",
	     "((all inversion.tilt <= 10 deg) and not (any traction.force > 20 N or any traction.pressure > "
	     "1 kPa)) for 2 s"},
	    {"3 s since loaded and level",
	     "3 s since (any traction.force > 20 N or any traction.pressure > 1 kPa) and all "
	     "inversion.tilt <= 10 deg"},
	    {"not loaded or not level", "not (any traction.force > 20 N or any traction.pressure > 1 kPa) or not (all "
					"inversion.tilt <= 10 deg)"}};
	srand(3);
	for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
		struct rig a, b;
		start(&a, named, 3, forms[f][0]);
		start(&b, NULL, 0, forms[f][1]);
		for (int i = 0; i < 2000; i++) {
			uint16_t device = (uint16_t)(rand() % 2 ? TABLE : BELT), metric = (uint16_t)(rand() % 2);
			double value = rand() % 3 ? 0 : rand() % 60;
			uint8_t quality = (uint8_t)(rand() % 8 ? THERAPY_GOOD : rand() % 3);
			uint64_t pause = (uint64_t)(rand() % 900);
			rig_wait(&a, pause);
			rig_wait(&b, pause);
			rig_read_quality(&a, device, metric, value, quality, a.now);
			rig_read_quality(&b, device, metric, value, quality, b.now);
			assert_int_equal(a.core->rules[0].value, b.core->rules[0].value);
			assert_int_equal(a.core->rules[0].state, b.core->rules[0].state);
		}
		rig_stop(&a);
		rig_stop(&b);
	}
}

static void reason_quotes_the_condition_in_which_it_stands(void **state)
{
	(void)state;
	const struct core_condition named[] = {CONDITION("level", "all inversion.tilt <= 10 deg", 3)};
	struct rig rig;
	start(&rig, named, 1, "all traction.pressure < 1000 kPa and level");
	rig_read(&rig, TABLE, TABLE_TILT, 12);
	assert_contains(rig_permission(&rig, PAD, PAD_HEAT).why, "table.tilt is 12 deg (0 ms old), must be <= 10 deg");
	rig_stop(&rig);
}

static void rules_max_age_holds_within_the_condition(void **state)
{
	(void)state;
	char *told;
	const struct core_condition named[] = {CONDITION("level", "all inversion.tilt <= 10 deg", 3)};
	struct core_rule rule = rig_rule("r", "level");
	rule.max_age_ms = 5000; /* the table's own is 1 s */
	struct rig rig = {.now = 1000000, .core = build(named, 1, &rule, 1, &told), .n_devices = 4};
	free(told);
	rig_calm(&rig);
	rig_wait(&rig, 5000);
	assert_int_equal(rig.core->rules[0].value, TRUTH_TRUE);
	rig_wait(&rig, 1);
	assert_int_equal(rig.core->rules[0].value, TRUTH_UNKNOWN);
	rig_stop(&rig);
}

static void kind_that_is_missing_is_seen_through_the_condition(void **state)
{
	(void)state;
	const struct core_device home[] = {rig_belt, rig_pad};
	const struct core_condition named[] = {CONDITION("a", "b", 1),
					       CONDITION("b", "all inversion.tilt <= 10 deg", 3)};
	const struct core_rule rule = rig_rule("r", "a and all traction.force < 20 N");
	const struct core_spec spec = {.devices = home,
				       .n_devices = 2,
				       .rules = &rule,
				       .n_rules = 1,
				       .conditions = named,
				       .n_conditions = 2,
				       .lease_ms = 1000,
				       .renew_ms = 250};
	struct faults faults = {0};
	struct core *core = NULL;
	char text[CORE_WHY_MAX];
	assert_int_equal(core_new(&spec, 0, &core, &faults), 0);
	assert_int_equal(core_coverage(core, 0, text), CORE_PARTLY);
	assert_string_equal(text, "partly covered by belt.force; missing: a tilt sensor (kind inversion)");
	core_free(core);
}

static void words_are_the_metrics_own_and_those_of_switches(void **state)
{
	(void)state;
	const struct {
		const char *only_while;
		uint16_t metric;
		double value;
		enum truth expected;
	} rows[] = {
	    {"button.state is released", 0, 0, TRUTH_TRUE}, {"button.state is released", 0, 1, TRUTH_FALSE},
	    {"button.state is pressed", 0, 1, TRUTH_TRUE},  {"button.state is stuck", 0, 2, TRUTH_TRUE},
	    {"button.state is stuck", 0, 1.5, TRUTH_FALSE}, {"all stop_button.armed is on", 1, 1, TRUTH_TRUE},
	    {"button.armed is yes", 1, 0, TRUTH_FALSE},     {"button.armed is off", 1, 0, TRUTH_TRUE},
	    {"not button.armed is no", 1, 0, TRUTH_FALSE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rig rig;
		start(&rig, NULL, 0, rows[i].only_while);
		rig_read(&rig, 3, rows[i].metric, rows[i].value);
		assert_int_equal(rig.core->rules[0].value, rows[i].expected);
		rig_stop(&rig);
	}
	struct rig rig;
	start(&rig, NULL, 0, "button.state is released");
	rig_read(&rig, 3, 0, 1);
	assert_contains(rig_permission(&rig, PAD, PAD_HEAT).why,
			"button.state is pressed (0 ms old), must be released");
	rig_stop(&rig);
	assert_told(NULL, 0, "button.state is open",
		    "character 17: button.state is never 'open': one of released, pressed, stuck was expected\n"
		    "    button.state is open\n"
		    "                    ^\n");
	assert_told(NULL, 0, "button.armed is open",
		    "button.armed is never 'open': one of on, off, yes, no was expected");
	assert_told(NULL, 0, "table.tilt is steep",
		    "table.tilt has no words: one of < <= > >= and a number with its unit was expected");
	assert_told(NULL, 0, "button.turns is on", "button.turns has no words");
}

/* ---- what is wrong with them ---- */

static void fault_in_a_condition_is_told_once_and_where_it_stands(void **state)
{
	(void)state;
	const struct core_condition unit[] = {CONDITION("level", "all inversion.tilt <= 10 N", 3)};
	assert_told(unit, 1, "level and level",
		    "c.cfg:4: condition 'level', character 23: table.tilt needs a number in deg, found '10 N'\n"
		    "    all inversion.tilt <= 10 N\n"
		    "                          ^\n");
	const struct core_condition parse[] = {CONDITION("level", "all inversion.tilt <=", 3)};
	assert_told(parse, 1, "level", "c.cfg:4: condition 'level', character 22: a number with its unit");
	const struct core_condition empty[] = {{.file = "c.cfg", .line = 3, .id = "level"}};
	assert_told(empty, 1, "level", "c.cfg:3: condition 'level' has no `when`");
	const struct core_condition word[] = {CONDITION("since", "all inversion.tilt <= 10 deg", 3)};
	assert_told(word, 1, "table.tilt < 1 deg", "c.cfg:3: condition id 'since': a name");
	const struct core_condition twice[] = {CONDITION("a", "table.tilt < 1 deg", 3),
					       CONDITION("a", "table.tilt < 1 deg", 7)};
	assert_told(twice, 2, "a", "c.cfg:7: condition 'a' is there twice, first at c.cfg:3");
	assert_told(NULL, 0, "table.tilt < 1 deg and level",
		    "my.cfg:2: only_while of rule 'r', character 24: there is no condition 'level'");
	const struct core_condition unknown[] = {CONDITION("a", "table.tilt < 1 deg or b", 3)};
	assert_told(unknown, 1, "a", "c.cfg:4: condition 'a', character 23: there is no condition 'b'");
}

static void circle_of_conditions_is_shown_as_a_chain(void **state)
{
	(void)state;
	const struct core_condition three[] = {CONDITION("a", "table.tilt < 1 deg and b", 1),
					       CONDITION("b", "not c", 3), CONDITION("c", "5 s since a", 5),
					       CONDITION("d", "a", 7)};
	assert_told(
	    three, 4, "d",
	    "c.cfg:6: condition 'c', character 11: conditions refer to each other in a circle: a -> b -> c -> a\n"
	    "    5 s since a\n"
	    "              ^\n");
	const struct core_condition self[] = {CONDITION("a", "a", 1)};
	assert_told(self, 1, "table.tilt < 1 deg", "circle: a -> a"); /* also when no rule uses it */
}

static void window_in_a_window_in_a_window_is_found_through_names(void **state)
{
	(void)state;
	const struct core_condition named[] = {CONDITION("a", "5 s since table.tilt > 1 deg", 1),
					       CONDITION("b", "a for 5 s", 3)};
	assert_told(
	    named, 2, "b for 1 s",
	    "my.cfg:2: only_while of rule 'r', character 1: in condition 'b' (c.cfg:4), character 1: in condition 'a' "
	    "(c.cfg:2), character 1: 'for' and 'since' may stand within one other, not deeper");
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* `n` conditions c0, c1, ...; each says `format` of the one before, twice if the format says so. */
static struct core_condition *chain(size_t n, const char *first, const char *format, char (**texts)[96])
{
	struct core_condition *all = calloc(n, sizeof *all);
	*texts = calloc(2 * n, sizeof **texts);
	for (size_t i = 0; i < n; i++) {
		snprintf((*texts)[2 * i], 96, "c%zu", i);
		if (i == 0)
			snprintf((*texts)[1], 96, "%s", first);
		else
			snprintf((*texts)[2 * i + 1], 96, format, i - 1, i - 1);
		all[i] = (struct core_condition)CONDITION((*texts)[2 * i], (*texts)[2 * i + 1], 1);
	}
	return all;
}

#pragma GCC diagnostic pop

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void chains_and_doublings_cost_an_error_not_time(void **state)
{
	(void)state;
	const struct {
		size_t n;
		const char *first, *format, *rule, *says;
	} rows[] = {
	    {10000, "table.tilt < 1 deg", "c%zu", "c9999", "conditions stand more than"},
	    {40, "table.tilt < 1 deg", "c%zu and c%zu", "c39", "has more than 32768 parts"},
	    {40, "all scale.weight < 1 kg", "c%zu or c%zu", "c39", "has more than 32768 parts"}, /* folds to nothing */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char(*texts)[96];
		struct core_condition *all = chain(rows[i].n, rows[i].first, rows[i].format, &texts);
		double begin = seconds();
		assert_told(all, rows[i].n, rows[i].rule, rows[i].says);
		assert_true(seconds() - begin < 5); /* sanitized, on a busy machine; it takes milliseconds */
		free(all);
		free(texts);
	}
}
static void deepest_chain_that_is_taken_runs(void **state)
{
	(void)state;
	size_t taken = 0;
	for (size_t n = 2; n < 140; n++) {
		char(*texts)[96], *told;
		struct core_condition *all = chain(n, "any inversion.tilt > 10 deg", "not (c%zu)", &texts);
		const struct core_rule rule = rig_rule("r", texts[2 * (n - 1)]);
		struct rig rig = {.now = 1000000, .core = build(all, n, &rule, 1, &told), .n_devices = 4};
		if (rig.core) {
			taken = n;
			rig_calm(&rig);
			for (int tilt = 0; tilt <= 40; tilt += 40) { /* an odd number of nots turns it around */
				rig_read(&rig, TABLE, TABLE_TILT, tilt);
				assert_int_equal(rig.core->rules[0].value, (tilt > 10) != (n % 2 == 0));
			}
			rig_stop(&rig);
		}
		free(told);
		free(all);
		free(texts);
	}
	assert_in_range(taken, 30, 138);
}

static void nonsense_of_real_words_is_taken_or_refused_but_does_no_harm(void **state)
{
	(void)state;
	static const char *const words[] = {"all",
					    "any",
					    "not",
					    "and",
					    "or",
					    "for",
					    "since",
					    "is",
					    "on(",
					    ")",
					    "(",
					    "c0",
					    "c1",
					    "c2",
					    "inversion.tilt",
					    "belt.force",
					    "table.tilt",
					    "<=",
					    ">",
					    "10 deg",
					    "5 N",
					    "limit.x",
					    "kind:heat",
					    "self",
					    "5 s",
					    "1e999",
					    "nan",
					    "pressed",
					    "button.state",
					    "on(pad.heat)",
					    "==",
					    "0"};
	srand(11);
	size_t taken = 0;
	for (int i = 0; i < 20000; i++) {
		char texts[4][160];
		for (size_t t = 0; t < 4; t++) {
			struct str s;
			str_init(&s, texts[t], sizeof texts[t]);
			for (int k = rand() % 10; k >= 0; k--)
				str_add(&s, "%s ", words[(size_t)rand() % (sizeof words / sizeof *words)]);
			if (rand() % 4) /* most of the time something that could be meant */
				str_copy(texts[t], sizeof texts[t],
					 (const char *[]){"all inversion.tilt <= 10 deg", "c1 or not c2", "c2 for 5 s",
							  "any inversion.tilt > 10 deg",
							  "button.state is pressed"}[rand() % 5]);
		}
		const struct core_condition all[] = {CONDITION("c0", texts[1], 1), CONDITION("c1", texts[2], 3),
						     CONDITION("c2", texts[3], 5)};
		const struct core_rule rule = rig_rule("r", texts[0]);
		char *told;
		struct rig rig = {.now = 1000000, .core = build(all, 3, &rule, 1, &told), .n_devices = 4};
		assert_true((rig.core != NULL) == (*told == '\0'));
		if (rig.core) {
			taken++;
			rig_calm(&rig);
			rig_wait(&rig, 10000);
			rig_stop(&rig);
		}
		free(told);
	}
	assert_in_range(taken, 500, 19000);
}

static void ten_thousand_rules_and_conditions_are_built_in_bounded_time(void **state)
{
	(void)state;
	enum { N = 10000 };
	char(*texts)[96], *told;
	struct core_condition *all = chain(N, "table.tilt < 1 deg", "all inversion.tilt < %zu deg", &texts);
	struct core_rule *rules = calloc(N, sizeof *rules);
	for (size_t i = 0; i < N; i++)
		rules[i] = rig_rule(texts[2 * i], texts[2 * i]); /* rule c5 says c5 */
	double begin = seconds();
	struct core *core = build(all, N, rules, N, &told);
	assert_string_equal(told, "");
	assert_non_null(core);
	assert_true(seconds() - begin < 20);
	core_free(core);
	free(told);
	free(rules);
	free(all);
	free(texts);
}

/* ---- watches ---- */

static void rule_that_watches_governs_nothing_and_sleeps_without_a_device(void **state)
{
	(void)state;
	static const struct core_text tables[] = {{"kind:inversion", 3}}, scales[] = {{"kind:scale", 3}},
				      misspelt[] = {{"tabel", 3}};
	struct core_rule rules[2] = {rig_rule("a", "all inversion.tilt <= 60 deg"),
				     rig_rule("b", "all scale.weight < 100 kg")};
	for (size_t i = 0; i < 2; i++) {
		rules[i].permits = NULL;
		rules[i].n_permits = 0;
		rules[i].watches = i ? scales : tables;
		rules[i].n_watches = 1;
	}
	char *told, text[CORE_WHY_MAX];
	struct core *core = build(NULL, 0, rules, 2, &told);
	assert_string_equal(told, "");
	free(told);
	assert_int_equal(core_coverage(core, 0, text), CORE_COVERED);
	assert_string_equal(text, "covered by table.tilt");
	core_coverage(core, 1, text);
	assert_string_equal(text, "nothing to watch: this home has nothing that kind:scale names");
	assert_int_equal(core->rules[0].n_watched, 1);
	assert_int_equal(core->rules[1].n_watched, 0);
	assert_int_equal(core->rules[0].n_controls, 0);
	core_free(core);
	rules[0].watches = misspelt;
	assert_null(build(NULL, 0, rules, 1, &told));
	assert_contains(told, "my.cfg:3: watches 'tabel': a kind like \"kind:inversion\"");
	free(told);
	rules[0].watches = tables;
	rules[0].latch = true;
	assert_null(build(NULL, 0, rules, 1, &told));
	assert_contains(told, "my.cfg:1: rule 'a' watches: then it permits nothing, and has nothing to latch or stop");
	free(told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(named_condition_means_what_it_would_mean_in_parentheses),
	    cmocka_unit_test(reason_quotes_the_condition_in_which_it_stands),
	    cmocka_unit_test(rules_max_age_holds_within_the_condition),
	    cmocka_unit_test(kind_that_is_missing_is_seen_through_the_condition),
	    cmocka_unit_test(words_are_the_metrics_own_and_those_of_switches),
	    cmocka_unit_test(fault_in_a_condition_is_told_once_and_where_it_stands),
	    cmocka_unit_test(circle_of_conditions_is_shown_as_a_chain),
	    cmocka_unit_test(window_in_a_window_in_a_window_is_found_through_names),
	    cmocka_unit_test(chains_and_doublings_cost_an_error_not_time),
	    cmocka_unit_test(deepest_chain_that_is_taken_runs),
	    cmocka_unit_test(nonsense_of_real_words_is_taken_or_refused_but_does_no_harm),
	    cmocka_unit_test(ten_thousand_rules_and_conditions_are_built_in_bounded_time),
	    cmocka_unit_test(rule_that_watches_governs_nothing_and_sleeps_without_a_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
