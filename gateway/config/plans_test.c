/* SPDX-License-Identifier: Apache-2.0
 * Files of plans: what becomes of one that can be followed, and a row for each that is refused, with all that is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/testing.h"
#include "config/config.h"
#include "config/test_home.h"

#define HOME      "gateway = { id = \"home\"; };\ndevices = ( );\n"
#define NAMED     HOME "plans = [ \"plan.cfg\" ];\n"
#define HEAD      "id = \"p\"; name = \"P\"; because = \"B.\"; source = \"S\";\n"
#define TURN      "what = \"inversion\"; angle = \"20 deg\"; time = \"2 min\"; per_day = 2;"
#define ONE(item) HEAD "steps = ( { items = (\n{ " item " } ); } );\n"

struct row {
	const char *promise, *main, *plan, *told;
};

static const struct row rows[] = {
    /* ---- which files ---- */
    {"a plan that is not there is told where it is named", HOME "plans = [\n\"mine.cfg\" ];\n", "",
     "home.cfg:4: plans: mine.cfg cannot be read: No such file or directory\n"},
    {"plans are a list", HOME "plans = \"plan.cfg\";\n", "",
     "home.cfg:3: plans: found \"plan.cfg\", expected a list like [ \"my-plan.cfg\" ] of files\n"},
    {"a plan is named once", HOME "plans = [ \"plan.cfg\",\n \"./plan.cfg\" ];\n", ONE(TURN),
     "home.cfg:4: plans: ./plan.cfg is named twice, expected once\n"},
    {"two plans have two ids", HOME "plans = [ \"plan.cfg\", \"copy.cfg\" ];\n", ONE(TURN),
     "copy.cfg:1: plan \"p\" is there already, at plan.cfg:1: expected another id\n"},
    {"a directory without plans is told", HOME "plans = [ \"plugins\" ];\n", "",
     "home.cfg:3: plans: plugins is a directory without a file *.cfg, expected one or more\n"},

    /* ---- what is written ---- */
    {"a plan says all that there is to say", NAMED, "id = \"p\";\n",
     "plan.cfg:1: name is missing, expected a name for people\n"
     "plan.cfg:1: because is missing, expected one sentence for people\n"
     "plan.cfg:1: source is missing, expected where its figures are from\n"
     "plan.cfg:1: steps is missing, expected a list ( ... ) of groups { items = ...; }\n"},
    {"an unknown setting of a plan is told", NAMED, ONE(TURN) "stepz = 1;\n",
     "plan.cfg:4: unknown setting stepz, did you mean steps?\n"},
    {"an unknown setting of a step is told", NAMED, HEAD "steps = ( {\n days = 3; items = ( { " TURN " } ); } );\n",
     "plan.cfg:3: step 1: unknown setting days, expected weeks, sessions or items\n"},
    {"an unknown setting of an item is told", NAMED, ONE(TURN "\n angel = \"20 deg\";"),
     "plan.cfg:4: step 1: item 1: unknown setting angel, did you mean angle?\n"},
    {"a kind that is none is told with the kinds", NAMED, ONE("what = \"swimming\"; per_day = 1;"),
     "plan.cfg:3: step 1: item 1: what: found \"swimming\", expected \"inversion\", \"traction\", \"heat\", \"cold\" "
     "or "
     "\"activity\"\n"},
    {"an angle has its unit", NAMED, ONE("what = \"inversion\"; angle = 20; time = \"2 min\"; per_day = 2;"),
     "plan.cfg:3: step 1: item 1: angle: found the number 20, expected an angle like \"20 deg\"\n"},
    {"a force is none of another unit", NAMED,
     ONE("what = \"traction\"; force = \"20 kg\"; time = \"5 min\"; per_week = 3;"),
     "plan.cfg:3: step 1: item 1: force: found \"20 kg\", expected \"20 %\" of the body weight, or a force like \"150 "
     "N\"\n"},
    {"a time is no negative one", NAMED, ONE("what = \"heat\"; time = \"-5 min\"; per_day = 1;"),
     "plan.cfg:3: step 1: item 1: time: found \"-5 min\", expected a duration like \"10 min\"\n"},
    {"a time is more than nothing", NAMED, ONE("what = \"heat\"; time = \"0 min\"; per_day = 1;"),
     "plan.cfg:3: step 1: item 1: time: found 0 min, expected 1 s to 1 d\n"},
    {"never is no number of sessions", NAMED, ONE("what = \"heat\"; time = \"5 min\"; per_day = 0;"),
     "plan.cfg:3: step 1: item 1: per_day: found the number 0, expected a whole number of 1 to 24\n"},
    {"half a week is no number of weeks", NAMED,
     HEAD "steps = ( { weeks = 0.5; items = ( { " TURN " } ); }, { items = ( { " TURN " } ); } );\n",
     "plan.cfg:2: step 1: weeks: found the number 0.5, expected a whole number of 1 to 52\n"},
    {"a step is a group", NAMED, HEAD "steps = ( 5 );\n",
     "plan.cfg:2: steps[0]: found the number 5, expected a group { ... }\n"},
    {"a step holds at most eight items", NAMED,
     HEAD "steps = ( { items = ( {}, {}, {}, {}, {}, {}, {}, {}, {} ); } );\n",
     "plan.cfg:2: step 1: items: found 9, expected 1 to 8\n"},

    /* ---- what cannot be ---- */
    {"a plan without a step is refused", NAMED, HEAD "steps = ( );\n",
     "plan.cfg:1: plan \"p\": steps: found 0, expected 1 to 104\n"},
    {"a step without an item is refused", NAMED, HEAD "steps = (\n{ items = ( ); } );\n",
     "plan.cfg:3: plan \"p\": step 1: items: found 0, expected 1 to 8\n"},
    {"a plan that begins too high is refused", NAMED,
     ONE("what = \"inversion\"; angle = \"30 deg\"; time = \"2 min\"; per_day = 2;"),
     "plan.cfg:3: plan \"p\": step 1: inversion: angle: found 30 deg, expected at most 20 deg to begin with\n"},
    {"a plan that rises too fast is refused", NAMED,
     HEAD "steps = ( { weeks = 1; items = ( { " TURN
	  " } ); },\n{ items = (\n{ what = \"inversion\"; angle = \"26 deg\"; "
	  "time = \"2 min\"; per_day = 2; } ); } );\n",
     "plan.cfg:4: plan \"p\": step 2: inversion: angle: found 26 deg, 6 deg more than in step 1, expected at most 5 "
     "deg "
     "more\n"},
    {"a plan with both ends is refused", NAMED,
     HEAD "steps = (\n{ weeks = 1; sessions = 14; items = ( { " TURN " } ); }, { items = ( { " TURN " } ); } );\n",
     "plan.cfg:3: plan \"p\": step 1: found weeks and sessions, expected one of them: after how long the next step is "
     "proposed\n"},
    {"heat right before traction is refused", NAMED,
     HEAD "steps = ( { items = (\n{ what = \"heat\"; time = \"15 min\"; per_day = 1; gap = \"5 min\"; },\n"
	  "{ what = \"traction\"; force = \"20 %\"; time = \"10 min\"; per_week = 3; per_day = 1; } ); } );\n",
     "plan.cfg:3: plan \"p\": step 1: heat: gap: found 5 min before traction, expected at least 10 min: both load the "
     "circulation or the same tissue\n"},

    /* ---- what this home does not allow ---- */
    {"a plan beyond the home's angle names both places", NAMED "limits = {\n tilt = \"15 deg\"; };\n", ONE(TURN),
     "plan.cfg:3: plan \"p\": step 1: inversion: found 20 deg, expected at most the 15 deg that home.cfg:5 gives for "
     "tilt: lower the plan, or agree on another figure\n"},
    {"a share is held against a force by the profile's weight",
     NAMED "limits = { force = \"100 N\"; };\nprofile = { weight = \"70 kg\"; };\n",
     ONE("what = \"traction\"; force = \"20 %\"; time = \"10 min\"; per_week = 3;"),
     "plan.cfg:3: plan \"p\": step 1: traction: found 137.293 N, expected at most the 100 N that home.cfg:4 gives for "
     "force: lower the plan, or agree on another figure\n"},
    {"a figure of a device counts as well",
     "gateway = { id = \"home\"; };\ndevices = ( { id = \"table\"; plugin = \"inversion_table\"; link = "
     "\"tcp://a:1\";\n limits = { tilt = \"15 deg\"; }; } );\nplans = [ \"plan.cfg\" ];\n",
     ONE(TURN),
     "plan.cfg:3: plan \"p\": step 1: inversion: found 20 deg, expected at most the 15 deg that home.cfg:3 gives for "
     "tilt: lower the plan, or agree on another figure\n"},
};

static void write_text(const struct test_home *home, const char *name, const char *text)
{
	test_home_write(home, name, text, strlen(text), 0640);
}

static void is_told(void **state)
{
	const struct row *row = *state;
	struct test_home home;
	struct faults faults = {0};
	struct config *config = NULL;
	test_home_make(&home);
	write_text(&home, "home.cfg", row->main);
	write_text(&home, "plan.cfg", row->plan);
	write_text(&home, "copy.cfg", row->plan);
	int result = test_home_load(&home, &config, &faults);
	char *told = test_home_told(&home, &faults);
	test_home_remove(&home);
	assert_string_equal(told, row->told);
	assert_int_equal(result, -1);
	assert_null(config);
	free(told);
	faults_release(&faults);
}

static int make_home(void **state)
{
	struct test_home *home = malloc(sizeof *home);
	test_home_make(home);
	*state = home;
	return 0;
}

static int remove_home(void **state)
{
	test_home_remove(*state);
	free(*state);
	return 0;
}

static struct config *load(const struct test_home *home, const char *text)
{
	struct config *config = NULL;
	struct faults faults = {0};
	write_text(home, "home.cfg", text);
	int result = test_home_load(home, &config, &faults);
	char *told = test_home_told(home, &faults);
	assert_string_equal(told, "");
	assert_int_equal(result, 0);
	free(told);
	faults_release(&faults);
	return config;
}

static const char whole[] =
    "# heat first\n"
    "id = \"back-2\"; name = \"Back\"; because = \"Warm tissue gives way.\"; source = \"a book, \" \"page 3\";\n"
    "steps = (\n"
    "  { sessions = 6;\n"
    "    items = ( { what = \"activity\"; activity = \"stretching\"; per_day = 1; },\n"
    "      { what = \"heat\"; time = \"15 min\"; gap = \"10 min\"; per_day = 1; },\n"
    "      { what = \"traction\"; force = \"20 %\"; time = \"90 s\"; per_day = 1; per_week = 3; rest = \"20 h\"; } ); "
    "},\n"
    "  { items = ( { what = \"traction\"; force = \"25 %\"; time = \"10 min\"; per_week = 2; } ); }\n"
    ");\n";

static void a_plan_is_as_its_file_says(void **state)
{
	struct test_home *home = *state;
	write_text(home, "plan.cfg", whole);
	struct config *c = load(home, NAMED);
	assert_int_equal(c->n_plans, 1);
	const struct plan *p = &c->plans[0];
	assert_string_equal(p->id, "back-2");
	assert_string_equal(p->name, "Back");
	assert_string_equal(p->because, "Warm tissue gives way.");
	assert_string_equal(p->source, "a book, page 3");
	assert_contains(p->file, "/plan.cfg");
	assert_int_equal(p->line, 2);
	assert_int_equal(p->n_steps, 2);
	assert_int_equal(p->steps[0].sessions, 6);
	assert_int_equal(p->steps[0].weeks, 0);
	assert_int_equal(p->steps[0].line, 4);
	assert_int_equal(p->steps[0].n_items, 3);
	const struct plan_item *i = p->steps[0].items;
	assert_int_equal(i[0].what, PLAN_ACTIVITY);
	assert_string_equal(i[0].activity, "stretching");
	assert_false(i[0].has_minutes);
	assert_int_equal(i[1].what, PLAN_HEAT);
	assert_null(i[1].activity);
	assert_near(i[1].minutes, 15, 0);
	assert_near(i[1].gap_minutes, 10, 0);
	assert_false(i[1].has_angle);
	assert_int_equal(i[2].line, 7);
	assert_true(i[2].has_share);
	assert_false(i[2].has_force);
	assert_near(i[2].force_share, 0.2, 1e-12);
	assert_near(i[2].minutes, 1.5, 0);
	assert_near(i[2].rest_min_minutes, 1200, 0);
	assert_int_equal(i[2].per_week, 3);
	assert_int_equal(p->steps[1].items[0].per_day, 0);
	config_free(c);
}

static void newtons_and_their_kin_are_forces(void **state)
{
	struct test_home *home = *state;
	write_text(home, "plan.cfg",
		   ONE("what = \"traction\"; force = \"10 kgf\"; time = \"10 min\"; per_day = 1; per_week = 3;"));
	struct config *c = load(home, NAMED);
	assert_true(c->plans[0].steps[0].items[0].has_force);
	assert_false(c->plans[0].steps[0].items[0].has_share);
	assert_near(c->plans[0].steps[0].items[0].force_n, 98.0665, 1e-9);
	config_free(c);
}

static void a_file_that_names_no_plans_has_the_shipped_ones(void **state)
{
	struct test_home *home = *state;
	char path[96];
	snprintf(path, sizeof path, "%s/plans.d", home->dir);
	struct config *c = load(home, HOME); /* nobody says where they are */
	assert_int_equal(c->n_plans, 0);
	config_free(c);
	home->places.default_plans = path;
	c = load(home, HOME); /* not installed */
	assert_int_equal(c->n_plans, 0);
	config_free(c);
	assert_int_equal(mkdir(path, 0755), 0);
	write_text(home, "plans.d/20-b.cfg", whole);
	write_text(home, "plans.d/10-a.cfg", ONE(TURN));
	write_text(home, "plans.d/README", "no plan");
	c = load(home, HOME);
	assert_int_equal(c->n_plans, 2);
	assert_string_equal(c->plans[0].id, "p");
	assert_string_equal(c->plans[1].id, "back-2");
	config_free(c);
	c = load(home, HOME "plans = [ ];\n");
	assert_int_equal(c->n_plans, 0);
	config_free(c);
	c = load(home, HOME "plans = [ \"plans.d/20-b.cfg\" ];\n");
	assert_int_equal(c->n_plans, 1);
	config_free(c);
}

/* A home with a figure of its own starts as before when the shipped plans, which it never asked for, go further. */
static void shipped_plans_do_not_stop_a_home_that_is_stricter(void **state)
{
	struct test_home *home = *state;
	char path[96];
	snprintf(path, sizeof path, "%s/plan.cfg", home->dir);
	write_text(home, "plan.cfg", ONE(TURN));
	home->places.default_plans = path;
	struct config *c = load(home, HOME "limits = { tilt = \"15 deg\"; };\n");
	assert_int_equal(c->n_plans, 1);
	config_free(c);
}

/* docs/plans.md */
static void the_plan_of_the_documents_is_taken(void **state)
{
	static char docs[1u << 17];
	FILE *from = fopen(THERAPY_DOCS_DIR "/plans.md", "r");
	assert_non_null(from);
	size_t size = fread(docs, 1, sizeof docs - 1, from);
	assert_true(size > 1000 && feof(from));
	fclose(from);
	char *begin = strstr(docs, "```cfg\n"), *end = begin ? strstr(begin, "\n```\n") : NULL;
	if (!end) {
		fail_msg("docs/plans.md shows no plan");
		return;
	}
	end[1] = '\0';
	write_text(*state, "plan.cfg", begin + strlen("```cfg\n"));
	struct config *c = load(*state, NAMED);
	assert_int_equal(c->n_plans, 1);
	assert_int_equal(c->plans[0].n_steps, 2);
	config_free(c);
}

static struct CMUnitTest test_of(const struct row *row)
{
	union {
		const struct row *row;
		void *state;
	} is = {.row = row};
	return (struct CMUnitTest){.name = row->promise, .test_func = is_told, .initial_state = is.state};
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)
	struct CMUnitTest tests[sizeof rows / sizeof *rows];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		tests[i] = test_of(&rows[i]);
	const struct CMUnitTest others[] = {
	    T(a_plan_is_as_its_file_says),
	    T(newtons_and_their_kin_are_forces),
	    T(a_file_that_names_no_plans_has_the_shipped_ones),
	    T(shipped_plans_do_not_stop_a_home_that_is_stricter),
	    T(the_plan_of_the_documents_is_taken),
	};
	int failed = cmocka_run_group_tests_name("plan files that are refused", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("plan files", others, NULL, NULL);
}
