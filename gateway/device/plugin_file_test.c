/* SPDX-License-Identifier: Apache-2.0
 * Every table that the machine could not rely on is refused, with a sentence that says why. */
#include "device/plugin_file.h"

#include "base/testing.h"

#include <uv.h>

/* A plugin without a fault, in one piece, that each test breaks in one place. */
struct good {
	struct therapy_metric metrics[2];
	struct therapy_verb verbs[4];
	struct therapy_step rest[17];
	struct therapy_control controls[17];
	struct therapy_channel channels[2];
	struct therapy_poll polls[1];
	struct therapy_option options[2];
	uint8_t on_connect[1];
	struct therapy_model models[2];
	struct therapy_plugin plugin;
	struct plugin_file *file;
	char why[4096];
};

enum { ASK, OFF, ON, RENEW };

static long frame(void *state, const uint8_t *bytes, size_t size)
{
	(void)state;
	(void)bytes;
	return (long)size;
}

static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	(void)state;
	(void)message;
	(void)out;
	return THERAPY_OK;
}

static int encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	(void)state;
	(void)now_ms;
	(void)verb;
	(void)value;
	(void)out;
	return 0;
}

static void good_init(struct good *g)
{
	*g = (struct good){
	    .metrics = {{.key = "power", .name = "Power", .unit = THERAPY_UNIT_WATT, .max = 3000, .interval_ms = 100},
			{.key = "temp",
			 .name = "Skin",
			 .unit = THERAPY_UNIT_CELSIUS,
			 .min = -20,
			 .max = 90,
			 .interval_ms = 1000}},
	    .verbs = {{"ask", THERAPY_QUERY}, {"off", THERAPY_STOP}, {"on", THERAPY_ACT}, {"again", THERAPY_RENEW}},
	    .rest = {{0, OFF, 0}, {1000, OFF, 0}},
	    .controls = {{.key = "heat",
			  .name = "Heat",
			  .type = THERAPY_SWITCH,
			  .max = 1,
			  .set = ON,
			  .renew = RENEW,
			  .renew_ms = 1000,
			  .device_timer_ms = 12000,
			  .confirm = 0,
			  .rest_max = 3,
			  .confirm_ms = 2000,
			  .n_rest = 2}},
	    .channels = {{"a/{name}", THERAPY_IN}, {"b/{name}", THERAPY_OUT}},
	    .polls = {{.verb = ASK, .every_ms = 1000, .reply_ms = 100}},
	    .options = {{.key = "zero", .min = -10, .max = 10, .help = "Offset"},
			{.key = "axis", .type = THERAPY_OPTION_WORD, .words = "roll|pitch", .help = "Axis"}},
	    .on_connect = {ASK},
	};
	g->controls[0].rest = g->rest;
	g->models[0] = (struct therapy_model){.key = "serial",
					      .name = "Pad",
					      .manufacturer = "M",
					      .links = THERAPY_LINK_SERIAL | THERAPY_LINK_TCP,
					      .metrics = g->metrics,
					      .verbs = g->verbs,
					      .controls = g->controls,
					      .polls = g->polls,
					      .options = g->options,
					      .on_connect = g->on_connect,
					      .n_metrics = 2,
					      .n_verbs = 4,
					      .n_controls = 1,
					      .n_polls = 1,
					      .n_options = 2,
					      .n_on_connect = 1,
					      .state_size = 8,
					      .frame = frame,
					      .decode = decode,
					      .encode = encode};
	g->models[1] = g->models[0];
	g->models[1].key = "mqtt";
	g->models[1].links = THERAPY_LINK_MQTT;
	g->models[1].frame = NULL;
	g->models[1].channels = g->channels;
	g->models[1].n_channels = 2;
	g->plugin = (struct therapy_plugin){.abi = THERAPY_ABI,
					    .sizes = THERAPY_SIZES,
					    .key = "heat_pad",
					    .kind = "heat",
					    .version = "1",
					    .models = g->models,
					    .n_models = 2};
}

static int setup(void **state)
{
	static struct good g;
	good_init(&g);
	*state = &g;
	return 0;
}

static int teardown(void **state)
{
	struct good *g = *state;
	plugin_file_close(g->file);
	g->file = NULL;
	return 0;
}

static int load(struct good *g)
{
	return plugin_table_open(&g->plugin, "table", &g->file, g->why, sizeof g->why);
}

/* Expects refusal with exactly one sentence per fault, each naming `text`. Restores the good table. */
static void refused(struct good *g, const char *text)
{
	struct plugin_file *untouched = g->file;
	assert_int_equal(load(g), UV_EINVAL);
	assert_ptr_equal(g->file, untouched);
	if (!strstr(g->why, text))
		fail_msg("expected \"%s\" in: %s", text, g->why);
	assert_int_equal(strncmp(g->why, "table: ", 7), 0);
	good_init(g);
}

static void a_good_table_is_taken_and_its_models_are_found(void **state)
{
	struct good *g = *state;
	if (load(g) != 0)
		fail_msg("%s", g->why);
	assert_string_equal(plugin_file_plugin(g->file)->kind, "heat");
	assert_string_equal(plugin_file_model(g->file, "mqtt")->key, "mqtt");
	assert_null(plugin_file_model(g->file, "other"));
	assert_null(plugin_file_model(g->file, "")); /* there are two */
	assert_int_equal(plugin_file_model(g->file, "serial")->controls[0].rest[1].delay_ms, 1000);
}

static void staleness_defaults_to_three_intervals_and_at_least_a_second(void **state)
{
	struct good *g = *state;
	g->metrics[0].interval_ms = 100;
	g->metrics[1].interval_ms = 700;
	assert_int_equal(load(g), 0);
	const struct therapy_model *m = plugin_file_model(g->file, "serial");
	assert_int_equal(m->metrics[0].stale_ms, 1000);
	assert_int_equal(m->metrics[1].stale_ms, 2100);
}

static void another_abi_is_refused_before_anything_else_is_believed(void **state)
{
	struct good *g = *state;
	g->plugin.abi = 2;
	g->plugin.models = (const struct therapy_model *)(uintptr_t)16; /* would crash */
	refused(g, "abi 2, expected 1");
}

#define BREAK(what, text)                                                                                              \
	do {                                                                                                           \
		what;                                                                                                  \
		refused(g, text);                                                                                      \
	} while (0)

static void sizes_that_no_compiler_makes_are_refused(void **state)
{
	struct good *g = *state;
	BREAK(g->plugin.sizes.metric = 0, "metric rows have 0 bytes");
	BREAK(g->plugin.sizes.step = 9, "step rows have 9 bytes");
	BREAK(g->plugin.sizes.model = 60000, "model rows have 60000 bytes");
	BREAK(g->plugin.sizes.plugin = 32, "plugin row has 32 bytes");
}

static void a_plugin_without_names_or_models_is_refused(void **state)
{
	struct good *g = *state;
	BREAK(g->plugin.n_models = 0, "no models");
	BREAK(g->plugin.models = NULL, "no models");
	BREAK(g->plugin.key = "Heat", "key \"Heat\"");
	BREAK(g->plugin.key = NULL, "key \"(none)\"");
	BREAK(g->plugin.kind = "", "kind \"\"");
	BREAK(g->plugin.version = NULL, "no version");
	BREAK(g->models[1].key = "serial", "expected each key once");
	BREAK(g->models[0].name = NULL, "no name or manufacturer");
}

static void a_metric_that_makes_no_sense_is_refused(void **state)
{
	struct good *g = *state;
	BREAK(g->models[0].n_metrics = 0, "measures nothing");
	BREAK(g->models[0].metrics = NULL, "counts 2 metrics but has no rows");
	BREAK(g->metrics[1].key = "te mp", "metric 1 has the key \"te mp\"");
	BREAK(g->metrics[1].key = "power", "metric 1 has the key \"power\" of metric 0");
	BREAK(g->metrics[1].name = "", "has no name");
	BREAK(g->metrics[1].unit = (enum therapy_unit)99, "has unit 99");
	BREAK(g->metrics[1].min = 91, "range 91 to 90");
	BREAK(g->metrics[1].max = (double)INFINITY, "finite");
	BREAK(g->metrics[1].min = (double)NAN, "finite");
	BREAK(g->metrics[1].max_rate = -1, "max_rate -1");
	BREAK(g->metrics[1].deadband = (double)NAN, "deadband");
	BREAK(g->metrics[1].precision = 10, "precision 10");
	BREAK(g->metrics[1].interval_ms = 0, "neither interval_ms nor stale_ms");
	BREAK(g->metrics[1].stale_ms = 500, "stale after 500 ms");
}

static void words_that_do_not_name_its_values_are_refused(void **state)
{
	struct good *g = *state;
	g->metrics[1].unit = THERAPY_UNIT_BOOL;
	g->metrics[1].min = 0;
	g->metrics[1].max = 1;
	g->metrics[1].words = "released|pressed";
	g->metrics[1].stops = true;
	assert_int_equal(load(g), 0);
	plugin_file_close(g->file);
	g->file = NULL;
	good_init(g);
	BREAK(g->metrics[1].words = "", "has the words \"\"");
	BREAK(g->metrics[1].words = "off|", "has the words \"off|\"");
	BREAK(g->metrics[1].words = "Off|On", "expected some of a-z, 0-9 and _");
	BREAK((g->metrics[1].unit = THERAPY_UNIT_ONE, g->metrics[1].min = 0, g->metrics[1].words = "a|b|c"),
	      "has 3 words for values from 0 to 90, expected a bool or a count from 0 to 2");
	BREAK((g->metrics[1].min = 0, g->metrics[1].max = 1, g->metrics[1].words = "off|on"),
	      "expected a bool or a count");
	BREAK(g->metrics[1].stops = true, "stops but is no bool");
}

static void a_second_proof_of_rest_must_be_another_metric_in_its_range(void **state)
{
	struct good *g = *state;
	BREAK((g->controls[0].load_ms = 1, g->controls[0].load = 2), "metric 2 as its second proof of rest");
	BREAK((g->controls[0].load_ms = 1, g->controls[0].load = 1, g->controls[0].load_max = 90), "load_max 90");
	BREAK((g->controls[0].load_ms = 1, g->controls[0].load = 1, g->controls[0].load_max = (double)NAN),
	      "load_max nan");
	BREAK(g->controls[0].load_ms = 1, "as both proofs of rest, expected two metrics");
}

static void an_off_test_must_be_able_to_end_by_itself(void **state)
{
	struct good *g = *state;
	BREAK((g->controls[0].test_ms = 5000, g->controls[0].test = OFF),
	      "test of control \"heat\" names verb \"off\"");
	BREAK((g->controls[0].test_ms = 12001, g->controls[0].test = ON), "no longer than its own of 12000 ms");
	BREAK((g->controls[0].test_ms = 5000, g->controls[0].test = ON, g->controls[0].device_timer_ms = 0),
	      "tested with a timer of 5000 ms");
}

static void a_control_that_could_not_be_driven_to_rest_is_refused(void **state)
{
	struct good *g = *state;
	BREAK(g->controls[0].n_rest = 0, "no rest sequence");
	BREAK(g->controls[0].rest = NULL, "has 2 steps but no rows");
	BREAK(g->controls[0].n_rest = 17, "has 17 steps");
	BREAK(g->rest[1].verb = ON, "step 1 of the rest sequence of control \"heat\" names verb \"on\", expected one "
				    "whose effect is STOP");
	BREAK(g->rest[0].verb = 4, "names verb 4, expected one of the 4 verbs");
	BREAK(g->rest[0].value = (double)NAN, "expected a finite one");
	BREAK(g->rest[1].delay_ms = 600001, "takes 600001 ms");
	BREAK((g->controls[0].stop = g->rest, g->controls[0].n_stop = 2, g->rest[0].verb = ASK), "stop sequence");
	BREAK(g->controls[0].confirm = 2, "confirmed by metric 2");
	BREAK(g->controls[0].rest_max = 3000, "at rest up to 3000");
	BREAK(g->controls[0].rest_max = -1, "at rest up to -1");
	BREAK(g->controls[0].rest_max = (double)NAN, "at rest up to");
	BREAK(g->controls[0].confirm_ms = 0, "no confirm_ms");
}

static void a_control_that_cannot_be_set_as_it_says_is_refused(void **state)
{
	struct good *g = *state;
	BREAK(g->controls[0].set = OFF, "expected one whose effect is ACT");
	BREAK(g->controls[0].set = THERAPY_NONE, "names verb 255");
	BREAK(g->controls[0].renew = ON, "expected one whose effect is RENEW");
	BREAK(g->controls[0].renew_ms = 0, "no renew_ms");
	BREAK(g->controls[0].renew_ms = 12000, "its own timer is 12000 ms");
	BREAK(g->controls[0].max = 0, "set from 0 to 0");
	BREAK(g->controls[0].max = 2, "the switch \"heat\" can be set up to 2");
	BREAK(g->controls[0].min = -1, "set from -1 to 1");
	BREAK(g->controls[0].type = (enum therapy_control_type)7, "has type 7");
	BREAK(g->controls[0].step = -1, "step -1");
	BREAK(g->controls[0].key = "", "control 0 has the key");
	BREAK(g->metrics[1].key = "heat_mode", "\"heat_mode\", which the gateway makes of control \"heat\"");
	BREAK(g->models[0].n_controls = 17, "at most 16");
}

static void verbs_polls_and_greetings_that_could_energise_are_refused(void **state)
{
	struct good *g = *state;
	BREAK(g->polls[0].verb = ON, "poll 0 names verb \"on\", expected one whose effect is QUERY");
	BREAK(g->polls[0].every_ms = 5, "poll 0 asks every 5 ms");
	BREAK(g->polls[0].energised_ms = 1, "energised 1 ms");
	BREAK(g->polls[0].reply_ms = 10001, "waits 10001 ms");
	BREAK(g->on_connect[0] = ON, "on_connect names verb \"on\" whose effect is ACT");
	BREAK(g->on_connect[0] = 4, "on_connect names verb 4");
	BREAK(g->verbs[0].effect = (enum therapy_effect)4, "has effect 4");
	BREAK(g->verbs[1].key = "ask", "verb 1 has the key \"ask\" of verb 0");
}

static int init(void *state, const struct therapy_value *values, uint32_t seed)
{
	(void)state, (void)values, (void)seed;
	return 0;
}

static int init_row(void *state, const struct therapy_model *row, const struct therapy_value *values, uint32_t seed)
{
	(void)state, (void)row, (void)values, (void)seed;
	return 0;
}

static void links_channels_and_functions_must_fit_each_other(void **state)
{
	struct good *g = *state;
	BREAK(g->models[0].links = 0, "its links are 0x0");
	BREAK(g->models[0].links = 16, "its links are 0x10");
	BREAK(g->models[0].frame = NULL, "no frame function");
	BREAK(g->models[0].decode = NULL, "no decode function");
	BREAK((g->models[0].init = init, g->models[0].init_row = init_row), "init and init_row");
	BREAK(g->models[0].encode = NULL, "no encode function");
	BREAK(g->models[0].state_size = 2u << 20, "at most 1048576");
	BREAK(g->models[1].frame = frame, "expected NULL on message links");
	BREAK(g->models[1].n_channels = 0, "has no channels");
	BREAK(g->models[1].channels = NULL, "counts 2 channels");
	BREAK((g->models[0].channels = g->channels, g->models[0].n_channels = 1), "no message link");
	BREAK(g->channels[0].direction = 0, "direction 0");
	BREAK(g->channels[0].direction = 4, "direction 4");
	BREAK(g->channels[1].address = "", "channel 1 has no address");
	BREAK((g->controls[1] = g->controls[0], g->controls[1].key = "vent", g->models[1].n_controls = 2),
	      "one last will");
}

static void an_option_that_nobody_could_give_is_refused(void **state)
{
	struct good *g = *state;
	BREAK(g->options[0].min = 11, "takes 11 to 10");
	BREAK(g->options[0].help = NULL, "no help");
	BREAK(g->options[1].words = NULL, "takes the words \"(none)\"");
	BREAK(g->options[1].words = "roll||pitch", "takes the words");
	BREAK(g->options[1].words = "|roll", "takes the words");
	BREAK(g->options[1].words = "roll|", "takes the words");
	BREAK(g->options[1].type = (enum therapy_option_type)3, "has type 3");
	BREAK(g->options[1].key = "zero", "option 1 has the key \"zero\" of option 0");
}

/* A number with steps and words, and with a temperature, instead of the switch. */
static void as_choice(struct good *g, const char *words, double max)
{
	g->controls[0].type = THERAPY_NUMBER;
	g->controls[0].words = words;
	g->controls[0].min = g->controls[0].step = 1;
	g->controls[0].max = max;
}

static void as_set_point(struct good *g, uint8_t measures)
{
	g->controls[0].type = THERAPY_NUMBER;
	g->controls[0].unit = THERAPY_UNIT_CELSIUS;
	g->controls[0].max = 42;
	g->controls[0].measures = measures;
}

static void words_that_do_not_fit_the_values_of_a_control_are_refused(void **state)
{
	struct good *g = *state;
	as_choice(g, "off|low|high", 2);
	if (load(g) != 0)
		fail_msg("%s", g->why);
	assert_string_equal(plugin_file_model(g->file, "serial")->controls[0].words, "off|low|high");
	plugin_file_close(g->file);
	g->file = NULL;
	good_init(g);
	BREAK(as_choice(g, "off|low|high", 3), "has 3 words and can be set from 1 to 3");
	BREAK(as_choice(g, "off|low|low", 2), "has the word \"low\" twice");
	BREAK(as_choice(g, "off||high", 2), "has the words \"off||high\"");
	BREAK(as_choice(g, "off|Low", 1), "has the words \"off|Low\"");
	BREAK(as_choice(g, "", 1), "has the words \"\"");
	BREAK(as_choice(g, "off", 1), "has 1 words");
	BREAK((as_choice(g, "off|low", 1), g->controls[0].step = 0.5), "in steps of 0.5");
	BREAK((as_choice(g, "off|low", 1), g->controls[0].unit = THERAPY_UNIT_NEWTON), "of a number without unit");
	BREAK(g->controls[0].words = "off|on", "of a number without unit"); /* a switch has its own */
}

static void a_set_point_measures_a_temperature_or_nothing(void **state)
{
	struct good *g = *state;
	static const uint8_t good[] = {1, THERAPY_NONE};
	for (size_t i = 0; i < sizeof good; i++) {
		as_set_point(g, good[i]);
		if (load(g) != 0)
			fail_msg("%s", g->why);
		plugin_file_close(g->file);
		g->file = NULL;
		good_init(g);
	}
	BREAK(as_set_point(g, 0), "measures metric 0, expected a metric in degC or THERAPY_NONE");
	BREAK(as_set_point(g, 2), "measures metric 2");
}

static void every_fault_gets_its_line_and_a_small_buffer_holds_whole_lines(void **state)
{
	struct good *g = *state;
	g->models[1].key = "mqtt2";
	g->models[1].metrics = NULL;
	g->models[1].decode = NULL;
	g->controls[0].confirm_ms = 0;
	assert_int_equal(load(g), UV_EINVAL);
	size_t lines = 1;
	for (const char *p = g->why; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 3);
	char small[100];
	assert_int_equal(plugin_table_open(&g->plugin, "table", &g->file, small, sizeof small), UV_EINVAL);
	assert_true(strlen(small) > 20 && !strchr(small, '\n'));
}

/* Rows as a later header might have them: longer at their end. */
struct later_metric {
	struct therapy_metric known;
	double more[3];
};
struct later_step {
	struct therapy_step known;
	uint64_t more;
};

static void rows_of_a_newer_plugin_are_read_with_its_own_lengths(void **state)
{
	struct good *g = *state;
	struct later_metric metrics[2] = {{.known = g->metrics[0]}, {.known = g->metrics[1]}};
	struct later_step rest[2] = {{.known = g->rest[0]}, {.known = g->rest[1]}};
	g->models[0].metrics = g->models[1].metrics = &metrics[0].known;
	g->controls[0].rest = &rest[0].known;
	g->plugin.sizes.metric = sizeof metrics[0];
	g->plugin.sizes.step = sizeof rest[0];
	if (load(g) != 0)
		fail_msg("%s", g->why);
	const struct therapy_model *m = plugin_file_model(g->file, "serial");
	assert_string_equal(m->metrics[1].key, "temp");
	assert_int_equal(m->controls[0].rest[1].delay_ms, 1000);
	assert_int_equal(plugin_file_plugin(g->file)->sizes.metric, sizeof(struct therapy_metric));
}

static void a_newer_plugin_that_relies_on_what_is_not_known_here_is_refused(void **state)
{
	struct good *g = *state;
	struct later_metric metrics[2] = {{.known = g->metrics[0]}, {.known = g->metrics[1], .more = {0, 2, 0}}};
	g->models[0].metrics = g->models[1].metrics = &metrics[0].known;
	g->plugin.sizes.metric = sizeof metrics[0];
	refused(g, "its metric row 1 sets something at byte");
	struct later_step rest[2] = {{.known = g->rest[0]}, {.known = g->rest[1], .more = UINT64_MAX}};
	g->controls[0].rest = &rest[0].known;
	g->plugin.sizes.step = sizeof rest[0];
	refused(g, "its step row 1 sets something at byte 16, and this program knows 16 bytes of it: expected a newer "
		   "gateway");
}

static void what_an_older_plugin_does_not_have_yet_is_zero(void **state)
{
	struct good *g = *state;
	enum { SHORT = offsetof(struct therapy_metric, device_class) };
	_Static_assert(SHORT % _Alignof(struct therapy_metric) == 0, "device_class starts a word");
	g->metrics[0].device_class = "power";
	struct {
		_Alignas(struct therapy_metric) unsigned char bytes[2 * SHORT];
	} old;
	memcpy(old.bytes, &g->metrics[0], SHORT);
	memcpy(old.bytes + SHORT, &g->metrics[1], SHORT);
	g->models[0].metrics = g->models[1].metrics = (const struct therapy_metric *)(const void *)old.bytes;
	g->plugin.sizes.metric = SHORT;
	if (load(g) != 0)
		fail_msg("%s", g->why);
	const struct therapy_model *m = plugin_file_model(g->file, "serial");
	assert_string_equal(m->metrics[1].key, "temp");
	assert_null(m->metrics[0].device_class);
}

/* An index that an older plugin does not have would else be that of the first metric. */
static void an_older_plugin_has_no_words_and_measures_nothing(void **state)
{
	struct good *g = *state;
	enum { SHORT = offsetof(struct therapy_control, words) };
	_Static_assert(SHORT % _Alignof(struct therapy_control) == 0, "words starts a word");
	as_set_point(g, 0);
	struct {
		_Alignas(struct therapy_control) unsigned char bytes[SHORT];
	} old;
	memcpy(old.bytes, &g->controls[0], SHORT);
	g->models[0].controls = g->models[1].controls = (const struct therapy_control *)(const void *)old.bytes;
	g->plugin.sizes.control = SHORT;
	if (load(g) != 0)
		fail_msg("%s", g->why);
	const struct therapy_control *c = &plugin_file_model(g->file, "serial")->controls[0];
	assert_null(c->words);
	assert_int_equal(c->measures, THERAPY_NONE);
	assert_near(c->max, 42, 0);
}

static void a_real_shared_object_is_loaded_and_works(void **state)
{
	struct good *g = *state;
	if (plugin_file_open(FIXTURES "/tiny_plugin.so", &g->file, g->why, sizeof g->why) != 0)
		fail_msg("%s", g->why);
	const struct therapy_model *m = plugin_file_model(g->file, "");
	assert_non_null(m);
	assert_int_equal(m->metrics[0].stale_ms, 1500);
	struct therapy_reading r[1] = {0};
	struct therapy_out out = {.readings = r, .max_readings = 1};
	assert_int_equal(m->decode(NULL, &(struct therapy_message){.data = (const uint8_t *)"%", .size = 1}, &out),
			 THERAPY_OK);
	assert_near(r[0].value, 37, 0);
}

static void what_is_no_plugin_is_refused_with_its_path_and_what_was_expected(void **state)
{
	struct good *g = *state;
	const struct {
		const char *path, *text;
	} rows[] = {
	    {FIXTURES "/no_symbol.so", "has no symbol therapy_plugin"},
	    {FIXTURES "/not_elf.so", "cannot be loaded, expected a plugin (a shared object)"},
	    {FIXTURES "/absent.so", "cannot be loaded"},
	    {FIXTURES, "cannot be loaded"},
	    {"tiny_plugin.so", "expected a path with a slash"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(plugin_file_open(rows[i].path, &g->file, g->why, sizeof g->why), UV_EINVAL);
		assert_null(g->file);
		assert_int_equal(strncmp(g->why, rows[i].path, strlen(rows[i].path)), 0);
		assert_non_null(strstr(g->why, rows[i].text));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_good_table_is_taken_and_its_models_are_found),
	    TEST(staleness_defaults_to_three_intervals_and_at_least_a_second),
	    TEST(another_abi_is_refused_before_anything_else_is_believed),
	    TEST(sizes_that_no_compiler_makes_are_refused),
	    TEST(a_plugin_without_names_or_models_is_refused),
	    TEST(a_metric_that_makes_no_sense_is_refused),
	    TEST(words_that_do_not_name_its_values_are_refused),
	    TEST(a_second_proof_of_rest_must_be_another_metric_in_its_range),
	    TEST(an_off_test_must_be_able_to_end_by_itself),
	    TEST(a_control_that_could_not_be_driven_to_rest_is_refused),
	    TEST(a_control_that_cannot_be_set_as_it_says_is_refused),
	    TEST(words_that_do_not_fit_the_values_of_a_control_are_refused),
	    TEST(a_set_point_measures_a_temperature_or_nothing),
	    TEST(an_older_plugin_has_no_words_and_measures_nothing),
	    TEST(verbs_polls_and_greetings_that_could_energise_are_refused),
	    TEST(links_channels_and_functions_must_fit_each_other),
	    TEST(an_option_that_nobody_could_give_is_refused),
	    TEST(every_fault_gets_its_line_and_a_small_buffer_holds_whole_lines),
	    TEST(rows_of_a_newer_plugin_are_read_with_its_own_lengths),
	    TEST(a_newer_plugin_that_relies_on_what_is_not_known_here_is_refused),
	    TEST(what_an_older_plugin_does_not_have_yet_is_zero),
	    TEST(a_real_shared_object_is_loaded_and_works),
	    TEST(what_is_no_plugin_is_refused_with_its_path_and_what_was_expected),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
