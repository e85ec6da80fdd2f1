/* SPDX-License-Identifier: Apache-2.0
 * Checks discovery against Home Assistant's own rules, written down here as tables. */
#include "mqtt/discovery.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "base/unit.h"
#include "mqtt/testing_devices.h"

static const struct discovery_config table_config = {"homeassistant", "therapy/home", "home", "1.2", "Inversion table",
						     UNIT_METRIC,     LANGUAGE_EN,    NULL,   0};
static const struct discovery_config pad_config = {"homeassistant", "therapy/home", "home", "1.2", "Heat pad",
						   UNIT_METRIC,     LANGUAGE_EN,    NULL,   0};
static const struct discovery_config blanket_config = {"homeassistant", "therapy/home", "home", "1.2", "Blanket",
						       UNIT_METRIC,     LANGUAGE_EN,    NULL,   0};

/* ---- Home Assistant's rules ---- */

static const char *const root_keys[] = {"device",
					"components",
					"origin",
					"availability_topic",
					"availability",
					"availability_mode",
					"availability_template",
					"payload_available",
					"payload_not_available",
					"state_topic",
					"command_topic",
					"qos",
					"encoding",
					NULL};
static const char *const device_keys[] = {
    "identifiers", "connections",       "name",       "manufacturer",  "model",
    "model_id",    "hw_version",        "sw_version", "serial_number", "suggested_area",
    "via_device",  "configuration_url", NULL};
static const char *const origin_keys[] = {"name", "sw_version", "support_url", NULL};
#define COMMON                                                                                                         \
	"platform", "unique_id", "name", "state_topic", "value_template", "qos", "entity_category", "icon",            \
	    "availability_topic", "json_attributes_topic", "json_attributes_template", "enabled_by_default"
static const char *const sensor_keys[] = {
    COMMON, "device_class", "unit_of_measurement", "state_class", "suggested_display_precision", "options", NULL};
static const char *const binary_keys[] = {COMMON, "device_class", "payload_on", "payload_off", NULL};
static const char *const button_keys[] = {COMMON, "command_topic", "payload_press", NULL};
static const char *const event_keys[] = {COMMON, "event_types", NULL};
static const char *const switch_keys[] = {COMMON, "command_topic", "payload_on", "payload_off", NULL};
static const char *const number_keys[] = {COMMON,         "command_topic",       "min", "max", "step", "mode",
					  "device_class", "unit_of_measurement", NULL};
static const char *const climate_keys[] = {"platform",
					   "unique_id",
					   "name",
					   "qos",
					   "modes",
					   "mode_state_topic",
					   "mode_state_template",
					   "mode_command_topic",
					   "temperature_state_topic",
					   "temperature_state_template",
					   "temperature_command_topic",
					   "current_temperature_topic",
					   "current_temperature_template",
					   "action_topic",
					   "action_template",
					   "temperature_unit",
					   "min_temp",
					   "max_temp",
					   "temp_step",
					   "precision",
					   NULL};
static const char *const select_keys[] = {COMMON, "command_topic", "options", NULL};
static const char *const text_keys[] = {COMMON, "command_topic", NULL};
static const struct {
	const char *device_class, *units;
} units[] = {{"temperature", "°C °F K"},
	     {"power", "W kW"},
	     {"energy", "Wh kWh"},
	     {"duration", "s min h ms"},
	     {"pressure", "kPa mmHg psi"},
	     {"weight", "kg lb"},
	     {"voltage", "V"},
	     {"current", "A"},
	     {"battery", "%"},
	     {"humidity", "%"},
	     {"moisture", "%"},
	     {"power_factor", "%"}};
static const char *const binary_classes[] = {"safety",  "problem",      "heat",  "occupancy",
					     "running", "connectivity", "sound", NULL};

static bool among(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

static void assert_closed(struct json_object *o, const char *const *keys)
{
	json_object_object_foreach(o, key, value)
	{
		(void)value;
		if (!among(key, keys))
			fail_msg("'%s' is not allowed", key);
	}
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *value;
	return json_object_object_get_ex(o, key, &value) ? json_object_get_string(value) : NULL;
}

static void assert_id(const char *text)
{
	assert_non_null(text);
	assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
			 strlen(text));
}

static void assert_unit_fits(struct json_object *o)
{
	const char *device_class = text_of(o, "device_class"), *unit = text_of(o, "unit_of_measurement");
	if (!device_class)
		return;
	if (strcmp(device_class, "enum") == 0 || strcmp(device_class, "timestamp") == 0) {
		assert_null(unit);
		assert_null(text_of(o, "state_class"));
		return;
	}
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(units[i].device_class, device_class) == 0) {
			assert_non_null(unit);
			assert_non_null(strstr(units[i].units, unit));
			return;
		}
	fail_msg("no such class: %s", device_class);
}

static void assert_component(struct json_object *o, const char *device_name)
{
	const char *platform = text_of(o, "platform"), *name = text_of(o, "name");
	struct json_object *qos, *named;
	assert_non_null(platform);
	assert_id(text_of(o, "unique_id"));
	assert_true(json_object_object_get_ex(o, "qos", &qos));
	assert_true(json_object_object_get_ex(o, "name", &named)); /* null, or text that does not repeat the device's */
	if (name)
		assert_null(strstr(name, device_name));
	bool stateless = strcmp(platform, "button") == 0 || strcmp(platform, "climate") == 0;
	assert_true(text_of(o, "state_topic") || stateless);
	if (strcmp(platform, "button") == 0) {
		assert_closed(o, button_keys);
		assert_non_null(text_of(o, "command_topic"));
	} else if (strcmp(platform, "event") == 0) {
		assert_closed(o, event_keys);
	} else if (strcmp(platform, "sensor") == 0) {
		assert_closed(o, sensor_keys);
		assert_unit_fits(o);
	} else if (strcmp(platform, "binary_sensor") == 0) {
		assert_closed(o, binary_keys);
		if (text_of(o, "device_class"))
			assert_true(among(text_of(o, "device_class"), binary_classes));
	} else if (strcmp(platform, "switch") == 0) {
		assert_closed(o, switch_keys);
		assert_non_null(text_of(o, "command_topic"));
	} else if (strcmp(platform, "number") == 0) {
		assert_closed(o, number_keys);
		assert_unit_fits(o);
		assert_non_null(text_of(o, "command_topic"));
	} else if (strcmp(platform, "climate") == 0) {
		assert_closed(o, climate_keys);
		assert_true(strcmp(text_of(o, "precision"), "0.1") == 0 || strcmp(text_of(o, "precision"), "0.5") == 0);
	} else if (strcmp(platform, "text") == 0) {
		assert_closed(o, text_keys);
		assert_non_null(text_of(o, "command_topic"));
	} else if (strcmp(platform, "select") == 0) {
		assert_closed(o, select_keys);
		assert_non_null(text_of(o, "command_topic"));
		assert_non_null(text_of(o, "options"));
	} else {
		fail_msg("no such platform: %s", platform);
	}
	const char *category = text_of(o, "entity_category");
	bool acts = strcmp(platform, "switch") == 0 || strcmp(platform, "button") == 0;
	if (category && !acts) /* "config" on a sensor jams the id */
		assert_string_equal(category, "diagnostic");
}

static struct json_object *checked_text(const struct discovery_config *config, char *text)
{
	assert_non_null(text);
	struct json_object *root = json_tokener_parse(text);
	free(text);
	assert_non_null(root);
	struct json_object *device_object, *components, *origin, *list;
	assert_closed(root, root_keys);
	assert_true(json_object_object_get_ex(root, "device", &device_object));
	assert_closed(device_object, device_keys);
	assert_true(json_object_object_get_ex(device_object, "identifiers", &list));
	assert_int_equal(json_object_array_length(list), 1);
	assert_true(json_object_object_get_ex(root, "origin", &origin));
	assert_closed(origin, origin_keys);
	assert_non_null(text_of(origin, "name"));
	assert_true(json_object_object_get_ex(root, "components", &components));
	json_object_object_foreach(components, key, value)
	{
		assert_id(key);
		if (json_object_object_length(value) > 1) /* else it is removed */
			assert_component(value, config->name);
	}
	return root;
}

static struct json_object *checked(const struct discovery_config *config, const Therapy__V1__DeviceDescription *device)
{
	struct json_object *root = checked_text(config, discovery_payload(config, device)), *list;
	assert_null(text_of(root, "availability_topic"));
	assert_string_equal(text_of(root, "availability_mode"), "all");
	assert_true(json_object_object_get_ex(root, "availability", &list));
	assert_int_equal(json_object_array_length(list), 2);
	return root;
}

static struct json_object *component(struct json_object *root, const char *key)
{
	struct json_object *components, *o = NULL;
	assert_true(json_object_object_get_ex(root, "components", &components));
	assert_true(json_object_object_get_ex(components, key, &o));
	return o;
}

static bool has(struct json_object *root, const char *key)
{
	struct json_object *components;
	assert_true(json_object_object_get_ex(root, "components", &components));
	return json_object_object_get_ex(components, key, NULL);
}

/* ---- what we make ---- */

static void the_topic_names_gateway_and_device(void **state)
{
	(void)state;
	char topic[256];
	struct str s;
	str_init(&s, topic, sizeof topic);
	discovery_topic(&s, &pad_config, "pad");
	assert_string_equal(topic, "homeassistant/device/therapy-home-pad/config");
}

static void a_sensor_has_unit_precision_and_state_class(void **state)
{
	(void)state;
	struct json_object *root = checked(&table_config, testing_devices()[TABLE]);
	struct json_object *tilt = component(root, "tilt");
	assert_string_equal(text_of(tilt, "platform"), "sensor");
	assert_string_equal(text_of(tilt, "unit_of_measurement"), "°");
	assert_string_equal(text_of(tilt, "state_class"), "measurement");
	assert_string_equal(text_of(tilt, "suggested_display_precision"), "1");
	assert_string_equal(text_of(tilt, "unique_id"), "therapy-home-table-tilt");
	assert_string_equal(text_of(tilt, "state_topic"), "therapy/home/table/state");
	assert_string_equal(text_of(tilt, "value_template"), "{{ value_json.tilt }}");
	assert_null(text_of(tilt, "device_class"));
	struct json_object *occupied = component(root, "occupied");
	assert_string_equal(text_of(occupied, "platform"), "binary_sensor");
	assert_string_equal(text_of(occupied, "device_class"), "occupancy");
	json_object_put(root);
}

static void a_class_that_does_not_fit_its_unit_is_left_out(void **state)
{
	(void)state;
	struct json_object *root = checked(&pad_config, testing_devices()[PAD]);
	assert_string_equal(text_of(component(root, "power"), "device_class"), "power");
	assert_string_equal(text_of(component(root, "power"), "entity_category"), "diagnostic");
	assert_null(text_of(component(root, "energy"), "device_class"));
	assert_string_equal(text_of(component(root, "energy"), "state_class"), "total_increasing");
	json_object_put(root);
}

static void every_control_can_be_asked_for_and_says_why_not(void **state)
{
	(void)state;
	struct json_object *root = checked(&pad_config, testing_devices()[PAD]);
	struct json_object *heat = component(root, "heat");
	assert_string_equal(text_of(heat, "platform"), "switch");
	assert_string_equal(text_of(heat, "command_topic"), "therapy/home/pad/set/heat");
	assert_string_equal(text_of(heat, "payload_on"), "ON");
	assert_null(text_of(heat, "retain"));
	assert_string_equal(text_of(component(root, "heat_why"), "value_template"), "{{ value_json.heat_why }}");
	json_object_put(root);
	root = checked(&blanket_config, testing_blanket());
	struct json_object *vibration = component(root, "vibration");
	assert_string_equal(text_of(vibration, "platform"), "number");
	assert_string_equal(text_of(vibration, "command_topic"), "therapy/home/blanket/set/vibration");
	assert_string_equal(text_of(vibration, "min"), "0"); /* rest must be showable */
	assert_string_equal(text_of(vibration, "max"), "100");
	assert_string_equal(text_of(vibration, "step"), "5");
	json_object_put(root);
}

/* A release that had it as a number called its id "temperature_control": that one is taken back, and this is new. */
static void what_is_only_cut_has_a_button_that_switches_off_and_no_switch(void **state)
{
	(void)state;
	const Therapy__V1__DeviceDescription *pad = testing_devices()[PAD]; /* made anew by each call */
	pad->controls[0]->only_cuts = true;
	struct json_object *root = checked(&pad_config, pad);
	assert_false(has(root, "heat"));
	struct json_object *cut = component(root, "heat_cut");
	assert_string_equal(text_of(cut, "platform"), "button");
	assert_string_equal(text_of(cut, "command_topic"), "therapy/home/pad/set/heat");
	assert_string_equal(text_of(cut, "payload_press"), "OFF");
	assert_non_null(component(root, "heat_why"));
	json_object_put(root);
}

static void a_set_point_is_a_thermostat_under_an_id_of_its_own(void **state)
{
	(void)state;
	struct json_object *root = checked(&pad_config, testing_devices()[PAD]);
	static const char *const texts[][2] = {
	    {"platform", "climate"},
	    {"unique_id", "therapy-home-pad-temperature_control_climate"},
	    {"name", "Target"},
	    {"mode_state_topic", "therapy/home/pad/state"},
	    {"mode_state_template", "{{ value_json.temperature_control_mode }}"},
	    {"mode_command_topic", "therapy/home/pad/set/temperature/mode"},
	    {"temperature_state_topic", "therapy/home/pad/state"},
	    {"temperature_state_template", "{{ value_json.temperature_control_target }}"},
	    {"temperature_command_topic", "therapy/home/pad/set/temperature/temperature"},
	    {"current_temperature_topic", "therapy/home/pad/state"},
	    {"current_temperature_template", "{{ value_json.temperature }}"},
	    {"action_topic", "therapy/home/pad/state"},
	    {"action_template", "{{ value_json.temperature_control_action }}"},
	    {"temperature_unit", "C"},
	    {"min_temp", "30"},
	    {"max_temp", "42"},
	    {"temp_step", "0.5"},
	    {"precision", "0.1"},
	};
	struct json_object *climate = component(root, "temperature_control_climate"), *modes;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_string_equal(text_of(climate, texts[i][0]), texts[i][1]);
	assert_true(json_object_object_get_ex(climate, "modes", &modes));
	assert_string_equal(json_object_to_json_string_ext(modes, JSON_C_TO_STRING_PLAIN), "[\"off\",\"heat\"]");
	assert_false(has(root, "temperature_control"));
	assert_string_equal(text_of(component(root, "temperature"), "platform"), "sensor");
	json_object_put(root);
	struct discovery_config imperial = pad_config; /* both temperatures are shown so, and asked for */
	imperial.units = UNIT_IMPERIAL;
	root = checked(&imperial, testing_devices()[PAD]);
	climate = component(root, "temperature_control_climate");
	static const char *const fahrenheit[][2] = {
	    {"temperature_unit", "F"}, {"min_temp", "86"}, {"max_temp", "107.6"}, {"temp_step", "0.9"}};
	for (size_t i = 0; i < sizeof fahrenheit / sizeof *fahrenheit; i++)
		assert_string_equal(text_of(climate, fahrenheit[i][0]), fahrenheit[i][1]);
	json_object_put(root);
}

/* "Why not", and whether it is there: just what one wants to know of a device that is gone. */
static void what_explains_a_device_outlives_it(void **state)
{
	(void)state;
	static const char *const keys[] = {"heat_permitted", "heat_why", "connected"};
	struct json_object *root = checked(&pad_config, testing_devices()[PAD]);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		assert_string_equal(text_of(component(root, keys[i]), "availability_topic"),
				    "therapy/home/availability");
	assert_null(text_of(component(root, "heat"), "availability_topic"));
	assert_string_equal(text_of(component(root, "heat_permitted"), "device_class"), "safety");
	assert_string_equal(text_of(component(root, "heat_permitted"), "value_template"),
			    "{{ 'OFF' if value_json.heat_permitted == 'ON' else 'ON' }}"); /* on is unsafe */
	assert_string_equal(text_of(component(root, "heat_why"), "json_attributes_topic"),
			    "therapy/home/pad/explain/heat");
	json_object_put(root);
}

static void only_a_device_without_controls_can_be_parked(void **state)
{
	(void)state;
	struct json_object *table = checked(&table_config, testing_devices()[TABLE]);
	struct json_object *pad = checked(&pad_config, testing_devices()[PAD]);
	assert_string_equal(text_of(component(table, "parked"), "command_topic"), "therapy/home/table/park");
	assert_string_equal(text_of(component(table, "parked"), "entity_category"), "config");
	assert_false(has(pad, "parked"));
	json_object_put(table);
	json_object_put(pad);
}

static void the_gateway_is_a_device_of_its_own(void **state)
{
	(void)state;
	static const struct discovery_config config = {
	    "homeassistant", "therapy/home", "home", "1.2", "Therapy gateway home", UNIT_METRIC, LANGUAGE_EN, NULL, 0};
	char topic[256];
	struct str s;
	str_init(&s, topic, sizeof topic);
	discovery_topic(&s, &config, NULL);
	assert_string_equal(topic, "homeassistant/device/therapy-home/config");
	for (int presence = 0; presence < 2; presence++) {
		struct json_object *root = checked_text(&config, discovery_gateway_payload(&config, presence));
		assert_string_equal(text_of(root, "availability_topic"), "therapy/home/availability");
		assert_string_equal(text_of(component(root, "stop"), "command_topic"), "therapy/home/stop");
		assert_string_equal(text_of(component(root, "stop"), "unique_id"), "therapy-home-stop");
		assert_string_equal(text_of(component(root, "reset"), "payload_press"), "PRESS");
		assert_string_equal(text_of(component(root, "latched"), "device_class"), "problem");
		assert_string_equal(text_of(component(root, "happened"), "platform"), "event");
		/* Without presence the button is told to go, for it may have been there. */
		assert_int_equal(json_object_object_length(component(root, "present")) > 1, presence);
		json_object_put(root);
	}
}

static void sums_are_told_of_the_kinds_that_there_are(void **state)
{
	(void)state;
	struct discovery_config config = {.prefix = "homeassistant",
					  .base = "therapy/home",
					  .gateway_id = "home",
					  .version = "1.2",
					  .name = "Therapy gateway home",
					  .kinds = testing_devices(),
					  .n_kinds = 2};
	struct json_object *root = checked_text(&config, discovery_gateway_payload(&config, false));
	assert_string_equal(text_of(component(root, "inversion_today"), "state_topic"), "therapy/home/course");
	assert_string_equal(text_of(component(root, "heat_week"), "unit_of_measurement"), "min");
	/* what may have been there is told to go */
	assert_int_equal(json_object_object_length(component(root, "cold_today")), 1);
	assert_string_equal(text_of(component(root, "pain_after"), "command_topic"),
			    "therapy/home/course/set/pain_after");
	json_object_put(root);
}

static void who_may_be_chosen_is_a_select_of_names(void **state)
{
	(void)state;
	const struct discovery_config config = {
	    .prefix = "homeassistant", .base = "therapy/home", .gateway_id = "home", .version = "1.2", .name = "Home"};
	char topic[256];
	struct str s;
	str_init(&s, topic, sizeof topic);
	discovery_person_topic(&s, &config);
	assert_string_equal(topic, "homeassistant/select/therapy-home-person/config");
	struct json_object *names = json_tokener_parse("[\"Ada\",\"B \\\"ob\"]"), *options;
	char *text = discovery_person_payload(&config, names);
	struct json_object *o = json_tokener_parse(text);
	assert_true(json_object_object_get_ex(o, "options", &options));
	assert_string_equal(json_object_to_json_string_ext(options, JSON_C_TO_STRING_PLAIN),
			    "[\"Nobody\",\"Ada\",\"B \\\"ob\"]");
	assert_string_equal(text_of(o, "unique_id"), "therapy-home-person");
	assert_string_equal(text_of(o, "command_topic"), "therapy/home/course/set/person");
	json_object_put(o);
	json_object_put(names);
	free(text);
}

static void a_control_with_words_is_a_select_under_an_id_of_its_own(void **state)
{
	(void)state;
	struct json_object *root = checked(&blanket_config, testing_blanket());
	struct json_object *warmth = component(root, "warmth_select"), *options;
	assert_string_equal(text_of(warmth, "platform"), "select");
	assert_string_equal(text_of(warmth, "unique_id"), "therapy-home-blanket-warmth_select");
	assert_string_equal(text_of(warmth, "command_topic"), "therapy/home/blanket/set/warmth");
	assert_string_equal(text_of(warmth, "value_template"), "{{ value_json.warmth }}");
	assert_true(json_object_object_get_ex(warmth, "options", &options));
	assert_string_equal(json_object_to_json_string_ext(options, JSON_C_TO_STRING_PLAIN),
			    "[\"off\",\"low\",\"medium\",\"high\"]");
	assert_false(has(root, "warmth"));
	assert_string_equal(text_of(component(root, "vibration"), "platform"), "number");
	json_object_put(root);
}

static void what_has_a_timer_of_its_own_can_be_tested_and_nothing_else(void **state)
{
	(void)state;
	struct json_object *root = checked(&blanket_config, testing_blanket());
	struct json_object *test = component(root, "warmth_off_test");
	assert_string_equal(text_of(test, "platform"), "button");
	assert_string_equal(text_of(test, "name"), "Warmth off-test");
	assert_string_equal(text_of(test, "command_topic"), "therapy/home/blanket/off_test/warmth");
	assert_string_equal(text_of(test, "payload_press"), "PRESS");
	assert_string_equal(text_of(test, "entity_category"), "config");
	assert_false(has(root, "vibration_off_test"));
	json_object_put(root);
}

static void imperial_units_fit_their_classes_and_say_as_much(void **state)
{
	(void)state;
	struct discovery_config config = pad_config;
	config.units = UNIT_IMPERIAL;
	static char cold[] = "cold"; /* a heating one would be a thermostat */
	Therapy__V1__DeviceDescription cooler = *testing_devices()[PAD];
	cooler.kind = cold;
	struct json_object *root = checked(&config, &cooler);
	struct json_object *temperature = component(root, "temperature"),
			   *target = component(root, "temperature_control");
	assert_string_equal(text_of(temperature, "unit_of_measurement"), "°F");
	assert_string_equal(text_of(temperature, "device_class"), "temperature");
	assert_string_equal(text_of(target, "unit_of_measurement"), "°F");
	assert_string_equal(text_of(target, "min"), "0"); /* rest, in every unit */
	assert_string_equal(text_of(target, "max"), "107.6");
	assert_string_equal(text_of(target, "step"), "0.9");
	assert_string_equal(text_of(component(root, "power"), "unit_of_measurement"), "W");
	json_object_put(root);
	static char key[] = "force", name[] = "Force", id[] = "d";
	Therapy__V1__MetricDescription force = THERAPY__V1__METRIC_DESCRIPTION__INIT, *metrics[] = {&force};
	Therapy__V1__DeviceDescription belt = THERAPY__V1__DEVICE_DESCRIPTION__INIT;
	force.key = key;
	force.name = name;
	force.unit = THERAPY__V1__UNIT__UNIT_NEWTON;
	force.precision = 1;
	belt.device_id = id;
	belt.metrics = metrics;
	belt.n_metrics = 1;
	root = checked(&config, &belt);
	assert_string_equal(text_of(component(root, "force"), "unit_of_measurement"), "lbf");
	assert_null(text_of(component(root, "force"), "device_class")); /* there is none for forces */
	assert_string_equal(text_of(component(root, "force"), "suggested_display_precision"), "2");
	json_object_put(root);
}

/* Of each component all but its name, and the names. */
static void assert_only_names_differ(struct json_object *english, struct json_object *german)
{
	struct json_object *a, *b;
	assert_true(json_object_object_get_ex(english, "components", &a));
	assert_true(json_object_object_get_ex(german, "components", &b));
	assert_int_equal(json_object_object_length(a), json_object_object_length(b));
	json_object_object_foreach(a, key, value)
	{
		struct json_object *other;
		assert_true(json_object_object_get_ex(b, key, &other));
		json_object_object_del(value, "name");
		json_object_object_del(other, "name");
		assert_true(json_object_equal(value, other));
	}
}

static void in_another_language_only_names_differ(void **state)
{
	(void)state;
	struct discovery_config config = pad_config, gateway = pad_config;
	config.language = gateway.language = LANGUAGE_DE;
	gateway.name = "Therapie-Gateway home";
	struct json_object *german = checked(&config, testing_devices()[PAD]);
	assert_string_equal(text_of(component(german, "heat"), "name"), "Wärme");
	assert_string_equal(text_of(component(german, "heat_permitted"), "name"), "Wärme: Sperre");
	assert_string_equal(text_of(component(german, "connected"), "name"), "Verbindung");
	assert_string_equal(text_of(component(german, "power"), "name"), "Leistung");
	assert_string_equal(text_of(component(german, "temperature"), "name"),
			    "skin temperature"); /* a plugin's name that no table has */
	struct json_object *english = checked(&pad_config, testing_devices()[PAD]);
	assert_only_names_differ(english, german);
	json_object_put(english);
	json_object_put(german);
	german = checked_text(&gateway, discovery_gateway_payload(&gateway, true));
	assert_string_equal(text_of(component(german, "stop"), "name"), "Stopp");
	assert_string_equal(text_of(component(german, "reset"), "name"), "Quittieren");
	gateway.language = LANGUAGE_EN;
	english = checked_text(&gateway, discovery_gateway_payload(&gateway, true));
	assert_only_names_differ(english, german);
	json_object_put(english);
	json_object_put(german);
}

static void names_do_not_repeat_the_devices(void **state)
{
	(void)state;
	struct json_object *root = checked(&pad_config, testing_devices()[PAD]);
	assert_string_equal(text_of(component(root, "temperature"), "name"), "skin temperature");
	json_object_put(root);
	struct discovery_config same = pad_config;
	same.name = "Heat";
	char *text = discovery_payload(&same, testing_devices()[PAD]);
	root = json_tokener_parse(text);
	free(text);
	assert_null(text_of(component(root, "heat"), "name"));
	json_object_put(root);
}

static void every_unit_that_a_plugin_may_use_passes(void **state)
{
	(void)state;
	static char key[] = "x", name[] = "X", id[] = "d", none[] = "";
	static char temperature[] = "temperature", weight[] = "weight", duration[] = "duration",
		    nonsense[] = "nonsense";
	static char *const device_classes[] = {none, temperature, weight, duration, nonsense};
	struct discovery_config imperial = table_config;
	imperial.units = UNIT_IMPERIAL;
	for (int unit = 0; unit < THERAPY_UNIT_COUNT_; unit++)
		for (size_t i = 0; i < sizeof device_classes / sizeof *device_classes; i++) {
			Therapy__V1__MetricDescription metric = THERAPY__V1__METRIC_DESCRIPTION__INIT;
			Therapy__V1__MetricDescription *metrics[] = {&metric};
			Therapy__V1__DeviceDescription device = THERAPY__V1__DEVICE_DESCRIPTION__INIT;
			metric.key = key;
			metric.name = name;
			metric.device_class = device_classes[i];
			metric.unit = (Therapy__V1__Unit)(unit + 1);
			device.device_id = id;
			device.metrics = metrics;
			device.n_metrics = 1;
			json_object_put(checked(&table_config, &device));
			json_object_put(checked(&imperial, &device));
		}
	assert_true(discovery_class_fits("temperature", unit_symbol(THERAPY_UNIT_CELSIUS)));
	assert_false(discovery_class_fits("temperature", unit_symbol(THERAPY_UNIT_DEG)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_topic_names_gateway_and_device),
	    cmocka_unit_test(a_sensor_has_unit_precision_and_state_class),
	    cmocka_unit_test(a_class_that_does_not_fit_its_unit_is_left_out),
	    cmocka_unit_test(every_control_can_be_asked_for_and_says_why_not),
	    cmocka_unit_test(what_is_only_cut_has_a_button_that_switches_off_and_no_switch),
	    cmocka_unit_test(what_explains_a_device_outlives_it),
	    cmocka_unit_test(only_a_device_without_controls_can_be_parked),
	    cmocka_unit_test(the_gateway_is_a_device_of_its_own),
	    cmocka_unit_test(a_set_point_is_a_thermostat_under_an_id_of_its_own),
	    cmocka_unit_test(sums_are_told_of_the_kinds_that_there_are),
	    cmocka_unit_test(who_may_be_chosen_is_a_select_of_names),
	    cmocka_unit_test(a_control_with_words_is_a_select_under_an_id_of_its_own),
	    cmocka_unit_test(what_has_a_timer_of_its_own_can_be_tested_and_nothing_else),
	    cmocka_unit_test(imperial_units_fit_their_classes_and_say_as_much),
	    cmocka_unit_test(in_another_language_only_names_differ),
	    cmocka_unit_test(names_do_not_repeat_the_devices),
	    cmocka_unit_test(every_unit_that_a_plugin_may_use_passes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
