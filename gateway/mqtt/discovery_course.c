/* SPDX-License-Identifier: Apache-2.0
 * The course of therapy in Home Assistant, as part of the gateway itself: what runs, what was, and what a person says
 * of it. All of it reads "<base>/course", which no broker keeps unless the configuration wants it. */
#include <string.h>

#include "mqtt/discovery_parts.h"

static struct json_object *add(const struct discovery_parts *parts, const char *platform, const char *key,
			       const char *name, const char *value, const char *icon)
{
	struct json_object *o = discovery_component(parts, platform, key, name);
	discovery_put_topic(parts, o, "state_topic", "course");
	discovery_put_format(o, "value_template", "{{ %s }}", value);
	if (icon)
		discovery_put(o, "icon", icon);
	return o;
}

static void put_attributes(const struct discovery_parts *parts, struct json_object *o, const char *value)
{
	discovery_put_topic(parts, o, "json_attributes_topic", "course");
	discovery_put_format(o, "json_attributes_template", "{{ (%s) | tojson }}", value);
}

static void add_totals(const struct discovery_parts *parts, const char *kind, const char *today, const char *week,
		       bool there)
{
	const struct {
		const char *span, *name;
	} rows[] = {{"today", today}, {"week", week}};
	for (size_t i = 0; i < 2; i++) {
		char key[48], value[96];
		struct str s;
		str_init(&s, key, sizeof key);
		str_add(&s, "%s_%s", kind, rows[i].span);
		if (!there) {
			discovery_remove(parts, "sensor", key);
			continue;
		}
		str_init(&s, value, sizeof value);
		str_add(&s, "value_json.%s.%s.minutes if value_json.%s else None", rows[i].span, kind, rows[i].span);
		struct json_object *o = add(parts, "sensor", key, rows[i].name, value, "mdi:timer-outline");
		discovery_put(o, "device_class", "duration");
		discovery_put(o, "unit_of_measurement", "min");
		discovery_put(o, "state_class", "total_increasing");
	}
}

static void add_pain(const struct discovery_parts *parts, const char *key, const char *name)
{
	char value[48], topic[32];
	struct str s;
	str_init(&s, value, sizeof value);
	str_add(&s, "value_json.%s", key);
	str_init(&s, topic, sizeof topic);
	str_add(&s, "course/set/%s", key);
	struct json_object *o = add(parts, "number", key, name, value, "mdi:emoticon-sad-outline");
	discovery_put_topic(parts, o, "command_topic", topic);
	discovery_put_number(o, "min", 0);
	discovery_put_number(o, "max", 10);
	discovery_put_number(o, "step", 1);
	discovery_put(o, "mode", "slider");
}

static void add_button(const struct discovery_parts *parts, const char *key, const char *name, const char *what,
		       const char *word, const char *icon)
{
	char topic[32];
	struct str s;
	struct json_object *o = discovery_component(parts, "button", key, name);
	str_init(&s, topic, sizeof topic);
	str_add(&s, "course/set/%s", what);
	discovery_put_topic(parts, o, "command_topic", topic);
	discovery_put(o, "payload_press", word);
	discovery_put(o, "icon", icon);
}

static void add_types(struct json_object *o)
{
	static const char *const types[] = {"reminder", "proposal", "step_back"};
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		json_object_array_add(list, json_object_new_string(types[i]));
	json_object_object_add(o, "event_types", list);
}

static bool has_kind(const struct discovery_config *config, const char *kind)
{
	for (size_t i = 0; i < config->n_kinds; i++)
		if (strcmp(config->kinds[i]->kind, kind) == 0)
			return true;
	return false;
}

void discovery_add_course(const struct discovery_parts *parts)
{
	const struct discovery_config *config = parts->config;
	add(parts, "sensor", "guidance", LANGUAGE_MARK("Guidance"), "value_json.guidance[:255]", "mdi:human-handsup");
	struct json_object *o =
	    add(parts, "sensor", "remaining", LANGUAGE_MARK("Time left"), "value_json.remaining_s", "mdi:timer-sand");
	discovery_put(o, "device_class", "duration");
	discovery_put(o, "unit_of_measurement", "s");
	o = add(parts, "sensor", "last_session", LANGUAGE_MARK("Last session"), "value_json.last_begun", NULL);
	discovery_put(o, "device_class", "timestamp");
	put_attributes(parts, o, "value_json.last or {}");
	o = add(parts, "sensor", "sessions_today", LANGUAGE_MARK("Sessions today"),
		"value_json.today.sessions if value_json.today else None", "mdi:calendar-today");
	put_attributes(parts, o, "value_json.today or {}");
	o = add(parts, "sensor", "sessions_week", LANGUAGE_MARK("Sessions this week"),
		"value_json.week.sessions if value_json.week else None", "mdi:calendar-week");
	put_attributes(parts, o, "value_json.week or {}");
	add_totals(parts, "inversion", LANGUAGE_MARK("Inversion today"), LANGUAGE_MARK("Inversion this week"),
		   has_kind(config, "inversion"));
	add_totals(parts, "traction", LANGUAGE_MARK("Traction today"), LANGUAGE_MARK("Traction this week"),
		   has_kind(config, "traction"));
	add_totals(parts, "heat", LANGUAGE_MARK("Heat today"), LANGUAGE_MARK("Heat this week"),
		   has_kind(config, "heat"));
	add_totals(parts, "cold", LANGUAGE_MARK("Cold today"), LANGUAGE_MARK("Cold this week"),
		   has_kind(config, "cold"));
	add_pain(parts, "pain_before", LANGUAGE_MARK("Pain before"));
	add_pain(parts, "pain_after", LANGUAGE_MARK("Pain after"));
	o = add(parts, "sensor", "plan", LANGUAGE_MARK("Plan"),
		"value_json.plan.name ~ ', ' ~ value_json.plan.step ~ '/' ~ value_json.plan.steps if value_json.plan "
		"else None",
		"mdi:stairs-up");
	put_attributes(parts, o, "value_json.plan or {}");
	o = add(parts, "sensor", "next", LANGUAGE_MARK("Next"),
		"value_json.plan.next.text if value_json.plan and value_json.plan.next else None",
		"mdi:arrow-right-circle");
	put_attributes(parts, o, "(value_json.plan.next if value_json.plan else None) or {}");
	o = add(parts, "sensor", "adherence", LANGUAGE_MARK("Plan kept this week"),
		"(100 * value_json.adherence.done_week / value_json.adherence.planned_week) | round(0) if "
		"value_json.adherence and value_json.adherence.planned_week else None",
		"mdi:check-decagram");
	discovery_put(o, "unit_of_measurement", "%");
	put_attributes(parts, o, "value_json.adherence or {}");
	add(parts, "binary_sensor", "proposed", LANGUAGE_MARK("Next step proposed"),
	    "'ON' if value_json.plan and value_json.plan.proposed else 'OFF'", "mdi:stairs");
	add_button(parts, "plan_agree", LANGUAGE_MARK("Take the next step"), "plan", "agree", "mdi:stairs-up");
	add_button(parts, "plan_decline", LANGUAGE_MARK("Stay at this step"), "plan", "decline", "mdi:stairs-box");
	add_button(parts, "plan_back", LANGUAGE_MARK("Go back a step"), "plan", "back", "mdi:stairs-down");
	/* What is done without a device; any other name is taken as well, from wherever it comes. */
	add_button(parts, "log_stretching", LANGUAGE_MARK("Done: stretching"), "log", "stretching", "mdi:human");
	add_button(parts, "log_foam_rolling", LANGUAGE_MARK("Done: foam rolling"), "log", "foam rolling",
		   "mdi:circle-double");
	add_button(parts, "log_exercise", LANGUAGE_MARK("Done: exercise"), "log", "exercise", "mdi:dumbbell");
	add_button(parts, "log_physiotherapist", LANGUAGE_MARK("Done: physiotherapist"), "log", "physiotherapist",
		   "mdi:doctor");
	o = discovery_component(parts, "event", "course_happened", LANGUAGE_MARK("Reminders"));
	discovery_put_topic(parts, o, "state_topic", "course/happened");
	add_types(o);
	discovery_put(o, "icon", "mdi:calendar-clock");
	o = add(parts, "text", "note", LANGUAGE_MARK("Note"), "value_json.note[:255]", "mdi:note-edit-outline");
	discovery_put_topic(parts, o, "command_topic", "course/set/note");
	o = add(parts, "binary_sensor", "history_problem", LANGUAGE_MARK("History"), "value_json.problem", NULL);
	discovery_put(o, "device_class", "problem");
	discovery_put(o, "entity_category", "diagnostic");
	put_attributes(parts, o, "{'why': value_json.problem_why}");
}

/* ---- who it is: live, and kept by nobody ---- */

void discovery_person_topic(struct str *out, const struct discovery_config *config)
{
	str_add(out, "%s/select/therapy-%s-person/config", config->prefix, config->gateway_id);
}

char *discovery_person_payload(const struct discovery_config *config, struct json_object *names)
{
	struct discovery_parts parts;
	if (!discovery_begin(&parts, config, NULL))
		return NULL;
	const char *nobody = discovery_name(&parts, LANGUAGE_MARK("Nobody"));
	struct json_object *options = json_object_new_array(), *device = json_object_new_object(),
			   *ids = json_object_new_array();
	struct json_object *o = discovery_component(&parts, "select", "person", LANGUAGE_MARK("Person"));
	char id[DISCOVERY_ID_BYTES];
	struct str s;
	str_init(&s, id, sizeof id);
	discovery_id(&s, config, NULL);
	json_object_array_add(ids, json_object_new_string(id));
	json_object_object_add(device, "identifiers", ids);
	json_object_object_add(o, "device", device);
	json_object_array_add(options, json_object_new_string(nobody));
	for (size_t i = 0; i < json_object_array_length(names); i++)
		json_object_array_add(options, json_object_get(json_object_array_get_idx(names, i)));
	json_object_object_add(o, "options", options);
	discovery_put_topic(&parts, o, "state_topic", "course");
	discovery_put_format(o, "value_template", "{{ value_json.person or '%s' }}", nobody);
	discovery_put_topic(&parts, o, "command_topic", "course/set/person");
	discovery_put_format(o, "command_template", "{{ '' if value == '%s' else value }}", nobody);
	discovery_put_format(o, "availability_topic", "%s/availability", config->base);
	discovery_put(o, "icon", "mdi:account-switch");
	json_object_object_del(o, "platform"); /* it stands in the topic */
	json_object *root = parts.root;
	parts.root = json_object_get(o);
	json_object_put(root);
	return discovery_end(&parts);
}
