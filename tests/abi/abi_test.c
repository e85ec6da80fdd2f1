/* SPDX-License-Identifier: Apache-2.0
 * Plugins that were built against each header that was kept are loaded by what loads plugins today, every row of theirs
 * is read as it was meant, and the device machine runs them. And what becomes of those from a later header. */
#include "device/device.h"
#include "device/plugin_file.h"

#include "base/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { LEVEL, WARMTH };

struct kept {
	const char *path;
	bool has_row; /* built since init_row is there */
	bool has_setting;
	struct plugin_file *file;
	struct device *device;
	struct device_outputs out;
	uint64_t now_ms;
	char why[1024];
};

static int setup(void **state)
{
	struct kept *k = *state;
	if (plugin_file_open(k->path, &k->file, k->why, sizeof k->why) != 0)
		fail_msg("%s", k->why);
	k->now_ms = 1000000;
	return 0;
}

static int teardown(void **state)
{
	struct kept *k = *state;
	device_free(k->device);
	k->device = NULL;
	plugin_file_close(k->file);
	k->file = NULL;
	return 0;
}

static void every_row_is_read_as_it_was_meant(void **state)
{
	struct kept *k = *state;
	const struct therapy_plugin *p = plugin_file_plugin(k->file);
	assert_string_equal(p->key, "lamp");
	assert_string_equal(p->kind, "heat");
	assert_string_equal(p->version, "1.2");
	assert_int_equal(p->n_models, 2);
	const struct therapy_model *m = plugin_file_model(k->file, "wire");
	assert_string_equal(m->manufacturer, "Maker");
	assert_int_equal(m->baud, 19200);
	assert_int_equal(m->n_metrics * 100 + m->n_verbs * 10 + m->n_options, k->has_setting ? 262 : 242);
	assert_string_equal(m->metrics[LEVEL].words, "off|low|high");
	assert_true(m->metrics[LEVEL].diagnostic && !m->metrics[LEVEL].stops);
	assert_int_equal(m->metrics[LEVEL].stale_ms, 2500);
	assert_string_equal(m->metrics[WARMTH].key, "warmth");
	assert_string_equal(m->metrics[WARMTH].device_class, "temperature");
	assert_int_equal(m->metrics[WARMTH].stale_ms, 1200); /* the default, of 400 */
	assert_near(m->metrics[WARMTH].max_rate, 5, 0);
	assert_near(m->metrics[WARMTH].deadband, 0.25, 0);
	assert_string_equal(m->verbs[3].key, "again");
	assert_int_equal(m->verbs[3].effect, THERAPY_RENEW);
	const struct therapy_control *c = &m->controls[0];
	assert_int_equal(c->n_rest * 10 + c->n_stop, 21);
	assert_int_equal(c->rest[1].delay_ms, 20);
	assert_near(c->rest[1].value, 1, 0);
	assert_near(c->stop[0].value, 2, 0);
	assert_int_equal(c->renew_ms, 900);
	assert_int_equal(c->device_timer_ms, 7000);
	assert_int_equal(c->confirm_ms, 1500);
	assert_true(c->resumes);
	assert_int_equal(c->load * 100000 + c->load_ms, 109000);
	assert_int_equal(c->test_ms, 4000);
	assert_int_equal(c->stop_ms, 1200);
	assert_string_equal(c->words, "off|low|high");
	assert_int_equal(c->measures, THERAPY_NONE);
	assert_int_equal(m->polls[0].energised_ms, 800);
	assert_string_equal(m->options[1].words, "left|right");
	assert_int_equal(m->on_connect[0], 0);
	const struct therapy_model *topic = plugin_file_model(k->file, "topic");
	assert_string_equal(topic->channels[1].address, "told/{name}");
	assert_int_equal(topic->channels[1].direction, THERAPY_OUT);
}

static void what_came_later_is_there_only_if_it_was_built_with_it(void **state)
{
	struct kept *k = *state;
	const struct therapy_model *m = plugin_file_model(k->file, "wire");
	assert_int_equal(m->init_row != NULL, k->has_row);
	assert_int_equal(m->own != NULL, k->has_row);
	assert_int_equal(m->init != NULL, !k->has_row);
	assert_int_equal(m->n_settings, k->has_setting);
	if (!k->has_setting)
		return;
	assert_int_equal(m->setting_size, sizeof *m->settings);
	assert_string_equal(m->settings[0].key, "dim");
	assert_string_equal(m->settings[0].name, "Dim");
	assert_string_equal(m->settings[0].because, "bright enough to be seen");
	assert_string_equal(m->settings[0].words, "off|on");
	assert_near(m->settings[0].wanted, 1, 0);
	assert_int_equal(m->settings[0].ask * 10 + m->settings[0].set, 45);
	assert_true(m->settings[0].unasked);
}

static void start(struct kept *k, const char *model, const struct therapy_value *values)
{
	struct device_config config = {.model = plugin_file_model(k->file, model), .options = values, .seed = 5};
	assert_int_equal(device_new(&config, k->now_ms, &k->device), 0);
}

static void step(struct kept *k, uint64_t after_ms, struct device_input input)
{
	k->now_ms += after_ms;
	k->out = device_step(k->device, k->now_ms, &input);
}

/* Whether the device was told this in this step. */
static bool told(const struct kept *k, uint8_t verb, uint8_t value)
{
	const uint8_t frame[] = {0x33, verb, value};
	for (size_t i = 0; i < k->out.n_sends; i++)
		if (k->out.sends[i].size == sizeof frame && memcmp(k->out.sends[i].data, frame, sizeof frame) == 0)
			return true;
	return false;
}

static void says(struct kept *k, uint64_t after_ms, uint8_t value)
{
	/* Since there are settings it says also what its own is, as it should be. */
	const uint8_t bytes[] = {0x55, (uint8_t)(k->has_setting ? value | 0xC0 : value), 0};
	step(k, after_ms, (struct device_input){.type = DEVICE_IN_BYTES, .data = bytes, .size = 2});
}

static void it_reads_and_rests_and_is_switched_and_renewed(void **state)
{
	struct kept *k = *state;
	const struct therapy_value values[] = {{.set = true, .number = 2.5}, {.set = true, .word = "left"}};
	start(k, "wire", values);
	step(k, 0, (struct device_input){.type = DEVICE_IN_LINK_UP});
	assert_true(told(k, 1, 0));
	bool second = false, rests = false, on = false, renewed = false;
	for (int i = 0; i < 100 && !rests; i++) { /* it answers each question at once */
		says(k, 10, 20 << 2);
		second = second || told(k, 1, 1);
		rests = k->out.n_states > 0 && k->out.states[0].phase == DEVICE_PHASE_AT_REST;
	}
	assert_true(second && rests);
	assert_int_equal(k->out.n_readings, 2);
	assert_near(k->out.readings[LEVEL].value, 0, 0);
	assert_near(k->out.readings[WARMTH].value, 22.5, 0);
	assert_int_equal(k->out.readings[WARMTH].quality, THERAPY_GOOD);
	step(k, 0,
	     (struct device_input){.type = DEVICE_IN_LEASE, .grant = 1, .value = 2, .expires_ms = k->now_ms + 5000});
	on = told(k, 2, 2);
	for (int i = 0; i < 200 && !renewed; i++) {
		says(k, 10, 20 << 2 | 2);
		on = on || told(k, 2, 2);
		renewed = told(k, 3, 2);
	}
	assert_true(on && renewed);
	step(k, 0, (struct device_input){.type = DEVICE_IN_REST, .stop = true});
	assert_true(told(k, 1, 2));
}

static void its_functions_know_the_row_since_there_is_one_to_know(void **state)
{
	struct kept *k = *state;
	const struct therapy_value none[2] = {{0}};
	start(k, "topic", none);
	step(k, 0, (struct device_input){.type = DEVICE_IN_LINK_UP});
	const uint8_t message[] = {0x55, 20 << 2, 0};
	step(k, 100, (struct device_input){.type = DEVICE_IN_MESSAGE, .data = message, .size = 2});
	assert_int_equal(k->out.n_readings, 2);
	assert_near(k->out.readings[WARMTH].value, k->has_row ? 21 : 20, 0);
}

static void it_refuses_options_as_it_did(void **state)
{
	struct kept *k = *state;
	const struct therapy_value values[] = {{0}, {.set = true, .word = "right"}};
	struct device_config config = {.model = plugin_file_model(k->file, "wire"), .options = values};
	assert_int_equal(device_new(&config, 0, &k->device), UV_EINVAL);
}

/* ---- from a later header ---- */

static void refused(const char *path, const char *text)
{
	struct plugin_file *file = NULL;
	char why[1024] = "";
	assert_int_equal(plugin_file_open(path, &file, why, sizeof why), UV_EINVAL);
	assert_null(file);
	if (!strstr(why, text))
		fail_msg("expected \"%s\" in: %s", text, why);
}

static void one_that_relies_on_what_is_not_known_here_is_refused_and_told_why(void **state)
{
	(void)state;
	refused(BUILT "/kept_later_used.so",
		"its model row 0 sets something at byte 168, and this program knows 168 bytes of it: expected a newer "
		"gateway, or the plugin built with this one's header");
}

static void one_of_the_next_abi_is_refused_and_told_what_to_do(void **state)
{
	(void)state;
	refused(BUILT "/kept_abi.so",
		"it was built for plugin abi 2, expected 1: build it again with this program's header");
}

int main(void)
{
	static struct kept kept[] = {
	    {.path = BUILT "/kept_1.so"},
	    {.path = BUILT "/kept_2.so", .has_row = true},
	    {.path = BUILT "/kept_3.so", .has_row = true, .has_setting = true},
	    {.path = BUILT "/kept_later.so",
	     .has_row = true,
	     .has_setting = true}, /* of more than is known here, and without using it */
	};
	_Static_assert(sizeof kept / sizeof *kept == REVISIONS + 1,
		       "a header is kept, and its plugin is not loaded here");
	static const struct {
		const char *name;
		CMUnitTestFunction function;
	} each[] = {
#define EACH(name) {#name, name}
	    EACH(every_row_is_read_as_it_was_meant),
	    EACH(what_came_later_is_there_only_if_it_was_built_with_it),
	    EACH(it_reads_and_rests_and_is_switched_and_renewed),
	    EACH(its_functions_know_the_row_since_there_is_one_to_know),
	    EACH(it_refuses_options_as_it_did),
	};
	static struct CMUnitTest tests[32];
	size_t n = 0;
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		for (size_t j = 0; j < sizeof each / sizeof *each; j++)
			tests[n++] = (struct CMUnitTest){each[j].name, each[j].function, setup, teardown, &kept[i]};
	tests[n++] =
	    (struct CMUnitTest)cmocka_unit_test(one_that_relies_on_what_is_not_known_here_is_refused_and_told_why);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(one_of_the_next_abi_is_refused_and_told_what_to_do);
	return _cmocka_run_group_tests("plugins of every header", tests, n, NULL, NULL);
}
