/* SPDX-License-Identifier: Apache-2.0
 * What docs/rules.md shows is what the program takes: its examples load and compile, and so does each condition. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "config/config.h"
#include "config/test_home.h"
#include "core/core.h"

static const struct core_metric table_metrics[] = {{.key = "tilt", .unit = THERAPY_UNIT_DEG, .stale_ms = 1000}};
static const struct core_metric belt_metrics[] = {
    {.key = "force", .unit = THERAPY_UNIT_NEWTON, .stale_ms = 1000},
    {.key = "pressure", .unit = THERAPY_UNIT_KILOPASCAL, .stale_ms = 1000}};
static const struct core_metric pad_metrics[] = {{.key = "power", .unit = THERAPY_UNIT_WATT, .stale_ms = 1000},
						 {.key = "skin_temp", .unit = THERAPY_UNIT_CELSIUS, .stale_ms = 1000}};
static const struct core_metric person_metrics[] = {{.key = "weight", .unit = THERAPY_UNIT_KILOGRAM, .stale_ms = 1000},
						    {.key = "cleared", .unit = THERAPY_UNIT_SECOND, .stale_ms = 1000},
						    {.key = "present", .unit = THERAPY_UNIT_BOOL, .stale_ms = 1000}};
static const struct core_control pad_controls[] = {
    {.key = "heat", .min = 0, .max = 1, .step = 1, .confirm = 0, .rest_max = 3, .unit = THERAPY_UNIT_BOOL}};
static const struct core_device home[] = {
    {.id = "person", .kind = "person", .metrics = person_metrics, .n_metrics = 3},
    {.id = "table", .kind = "inversion", .metrics = table_metrics, .n_metrics = 1},
    {.id = "belt", .kind = "traction", .metrics = belt_metrics, .n_metrics = 2},
    {.id = "pad", .kind = "heat", .metrics = pad_metrics, .n_metrics = 2, .controls = pad_controls, .n_controls = 1}};

static char *read_docs(void)
{
	FILE *from = fopen(THERAPY_DOCS_DIR "/rules.md", "r");
	assert_non_null(from);
	char *text = calloc(1, 1u << 18);
	size_t size = fread(text, 1, (1u << 18) - 1, from);
	assert_true(size > 1000 && feof(from));
	fclose(from);
	return text;
}

/* Compiles what a configuration says over `n` devices of the home; what is wrong as text. */
static char *compile(const struct config *c, size_t n)
{
	const struct core_spec spec = {.devices = home,
				       .n_devices = n,
				       .rules = c->rules,
				       .n_rules = c->n_rules,
				       .limits = c->limits,
				       .n_limits = c->n_limits,
				       .conditions = c->conditions,
				       .n_conditions = c->n_conditions,
				       .derived = c->derived,
				       .n_derived = c->n_derived,
				       .lease_ms = 1000,
				       .renew_ms = 250};
	struct faults faults = {0};
	struct core *core = NULL;
	char *told = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&told, &size);
	core_new(&spec, 0, &core, &faults);
	faults_print(&faults, to);
	fclose(to);
	faults_release(&faults);
	core_free(core);
	return told;
}

static void assert_taken(struct test_home *dir, const char *rules, size_t size, size_t n_devices)
{
	static const char main_file[] =
	    "gateway = { id = \"home\"; };\ndevices = ( );\nrule_files = [ \"docs.cfg\" ];\n";
	struct config *c = NULL;
	struct faults faults = {0};
	test_home_write(dir, "home.cfg", main_file, strlen(main_file), 0644);
	test_home_write(dir, "docs.cfg", rules, size, 0644);
	int result = test_home_load(dir, &c, &faults);
	char *told = test_home_told(dir, &faults);
	if (result != 0)
		fail_msg("%s%.*s", told, (int)size, rules);
	free(told);
	faults_release(&faults);
	told = compile(c, n_devices);
	if (*told)
		fail_msg("%s%.*s", told, (int)size, rules);
	free(told);
	config_free(c);
}

static void every_example_is_taken_as_it_stands(void **state)
{
	char *docs = read_docs();
	size_t n = 0;
	for (char *at = docs, *end; (at = strstr(at, "```cfg\n")); at = end + 4, n++) {
		at += strlen("```cfg\n");
		end = strstr(at, "\n```\n");
		assert_non_null(end);
		assert_taken(*state, at, (size_t)(end + 1 - at), sizeof home / sizeof *home);
	}
	assert_true(n >= 4);
	free(docs);
}

/* Limits that a condition names, declared as they are shipped: weights are weights, and one is a minimum. */
static void declare(FILE *to, const char *text)
{
	fprintf(to, "limits = (");
	const char *between = "";
	for (const char *at = text; (at = strstr(at, "limit.")); between = ",") {
		at += strlen("limit.");
		int size = 0;
		while (islower((unsigned char)at[size]) || at[size] == '_')
			size++;
		bool weight = memmem(at, (size_t)size, "weight", 6) != NULL,
		     least = memmem(at, (size_t)size, "_min", 4);
		fprintf(to, "%s{ id = \"%.*s\"; %s%s}", between, size, at, weight ? "unit = \"kg\"; " : "",
			least ? "minimum = true; " : "");
	}
	fprintf(to, ");\n");
}

static void every_condition_compiles(void **state)
{
	static const char *const keys[] = {"only_while = \"", "hard = \"", NULL};
	char *docs = read_docs();
	size_t n = 0;
	for (size_t k = 0; keys[k]; k++)
		for (char *at = docs; (at = strstr(at, keys[k]));) {
			at += strlen(keys[k]);
			size_t size = strcspn(at, "\"");
			char text[512], *rules = NULL;
			assert_true(size < sizeof text);
			memcpy(text, at, size);
			text[size] = '\0';
			if (strstr(text, "level")) /* a named one: in an example, which is taken above */
				continue;
			size_t length = 0;
			FILE *to = open_memstream(&rules, &length);
			declare(to, text);
			fprintf(to, "rules = ( { id = \"r\"; permits = [ \"kind:heat\" ]; only_while = \"%s\"; } );\n",
				text);
			fclose(to);
			assert_taken(*state, rules, length,
				     1); /* the person alone: any metric of a kind may be asked */
			free(rules);
			n++;
		}
	assert_true(n >= 20);
	free(docs);
}

static int make_home(void **state)
{
	struct test_home *dir = malloc(sizeof *dir);
	test_home_make(dir);
	*state = dir;
	return 0;
}

static int remove_home(void **state)
{
	test_home_remove(*state);
	free(*state);
	return 0;
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)
	const struct CMUnitTest tests[] = {T(every_example_is_taken_as_it_stands), T(every_condition_compiles)};
	return cmocka_run_group_tests_name("docs/rules.md", tests, NULL, NULL);
}
