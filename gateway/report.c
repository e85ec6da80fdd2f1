/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <json-c/json.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/unit.h"
#include "base/words.h"
#include "core/explanation.h"

/* Whether a pad goes on heating when its plug is powered, nobody can see from here. */
static void questions(FILE *to, const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions)
{
	for (size_t i = 0; i < config->n_devices; i++) {
		const struct config_device *d = &config->devices[i];
		const Therapy__V1__DeviceDescription *said = descriptions[i];
		bool plugged = d->address.kind == LINK_MQTT && strcmp(said->kind, "heat") == 0 &&
			       said->n_controls > 0 &&
			       said->controls[0]->type == THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_SWITCH;
		if (plugged && !d->says_heats_when_powered)
			fprintf(to,
				"\n%s: does the pad heat by itself when its plug is switched on? Answer with\n"
				"  heats_when_powered = true, or = false if it has a handset that is off after\n"
				"  each power cut: then it is only switched off from here. Until then: true.\n",
				d->id);
	}
}

void report_home(FILE *to, const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
		 const struct core *core, const struct promises *promises)
{
	fprintf(to, "%s: no fault: %zu device%s, %zu rule%s\n\n", config->file, config->n_devices,
		config->n_devices == 1 ? "" : "s", config->n_rules, config->n_rules == 1 ? "" : "s");
	for (size_t i = 0; i < config->n_devices; i++) {
		const Therapy__V1__DeviceDescription *d = descriptions[i];
		/* "Tasmota plug" by Tasmota needs no second Tasmota */
		bool named = strncmp(d->model_name, d->manufacturer, strlen(d->manufacturer)) == 0;
		fprintf(to, "%-12s %s, %s%s%s, on %s\n", d->device_id, d->kind, named ? "" : d->manufacturer,
			named ? "" : " ", d->model_name, config->devices[i].link);
	}
	questions(to, config, descriptions);
	fputs("\nHow soon it goes off when something dies (docs/dead-man.md)\n", to);
	for (size_t i = 0; i < promises->n_controls; i++) {
		fputc('\n', to);
		words_deadman(to, &promises->controls[i]);
	}
	fputs("\nHazards\n", to);
	words_hazards(to, promises->hazards);
	bool others = false;
	for (size_t i = 0; i < config->n_rules; i++) {
		char text[CORE_WHY_MAX];
		if (config->rules[i].hazard != 0)
			continue;
		core_coverage(core, i, text);
		if (!others)
			fputs("\nRules about no hazard of the table\n", to);
		others = true;
		fprintf(to, "      %s: %s\n", config->rules[i].id, text);
	}
	fputs("\nThis is an interlock and a logbook, not a medical device. It cannot see a strap\n"
	      "that slips, the state of skin, or a person without a sensor.\n",
	      to);
}

static struct json_object *settings_of(const Therapy__V1__DeviceDescription *d)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < d->n_settings; i++) {
		const Therapy__V1__SettingDescription *said = d->settings[i];
		char wanted[64];
		size_t size = 0;
		const char *word = words_of(said->words, said->wanted, &size);
		struct str s;
		str_init(&s, wanted, sizeof wanted);
		if (word)
			str_add_bytes(&s, word, size);
		else
			str_add_number(&s, said->wanted, 3);
		struct json_object *o = json_object_new_object();
		json_object_object_add(o, "name", json_object_new_string(said->name));
		json_object_object_add(o, "wanted", json_object_new_string(wanted));
		json_object_object_add(o, "because", json_object_new_string(said->because));
		json_object_array_add(list, o);
	}
	return list;
}

void report_json(FILE *to, const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
		 const struct promises *promises)
{
	const char *comma = "";
	fputs("{\"deadman\":{", to);
	for (size_t d = 0; d < config->n_devices; d++)
		if (promises->deadman_json[d]) {
			fprintf(to, "%s\"%s\":%s", comma, config->devices[d].id, promises->deadman_json[d]);
			comma = ",";
		}
	const int style = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	struct json_object *settings = json_object_new_object(), *kinds = json_object_new_object();
	for (size_t d = 0; d < config->n_devices; d++) {
		json_object_object_add(kinds, config->devices[d].id, json_object_new_string(descriptions[d]->kind));
		if (descriptions[d]->n_settings > 0)
			json_object_object_add(settings, config->devices[d].id, settings_of(descriptions[d]));
	}
	fprintf(to, "},\"hazards\":%s,\"kinds\":%s,\"settings\":%s}\n", promises->hazards_json,
		json_object_to_json_string_ext(kinds, style), json_object_to_json_string_ext(settings, style));
	json_object_put(kinds);
	json_object_put(settings);
}

void report_coverage(const struct config *config, const struct core *core)
{
	for (size_t i = 0; i < config->n_rules; i++) {
		char text[CORE_WHY_MAX];
		if (core_coverage(core, i, text) != CORE_COVERED)
			log_warn("gateway", "hazard %u, rule %s: %s", config->rules[i].hazard, config->rules[i].id,
				 text);
	}
}

/* What a person should look at. */
static bool warns(enum core_event_type type)
{
	return type == CORE_EVENT_TRIPPED || type == CORE_EVENT_STOPPED || type == CORE_EVENT_LATCHED ||
	       type == CORE_EVENT_ALARM || type == CORE_EVENT_NOT_OBEYED || type == CORE_EVENT_WELDED ||
	       type == CORE_EVENT_BYPASSED || type == CORE_EVENT_TIMER_FAILED || type == CORE_EVENT_COMMAND_KEPT ||
	       type == CORE_EVENT_RELEASE_FAILED;
}

/* What the sentence is about, for who reads the log and not the language: " (rule x; table.tilt 21.96 deg)". */
static void add_facts(struct str *s, const struct core *core, const struct core_output *event)
{
	const struct core_cause *cause = &event->cause;
	enum therapy_unit unit;
	struct core_explanation control;
	const char *separator = " (", *key = NULL;
	if (core_explain(core, event->device, event->control, &control)) {
		str_add(s, "%s%s.%s", separator, control.device, control.control);
		separator = "; ";
	}
	if (event->rule) {
		str_add(s, "%srule %s", separator, event->rule);
		separator = "; ";
	}
	if (cause->device != CORE_NO_DEVICE)
		key = core_metric_key(core, cause->device, cause->metric, &unit);
	if (key) {
		str_add(s, "%s%s.%s ", separator, core_device_id(core, cause->device), key);
		separator = "; ";
		if (cause->quality == THERAPY_GOOD)
			str_add_number(s, cause->value, 3);
		else
			str_add(s, cause->quality == THERAPY_ERROR ? "implausible" : "unknown");
		if (cause->quality == THERAPY_GOOD && unit_text(unit)[0])
			str_add(s, " %s", unit_text(unit));
	}
	if (separator[0] == ';')
		str_add(s, ")");
}

void report_event(const char *who, const struct core_output *event, const struct core *core, enum language language)
{
	static const char *const names[] = {
	    [CORE_EVENT_GRANTED] = "granted",
	    [CORE_EVENT_ENDED] = "ended",
	    [CORE_EVENT_REFUSED] = "refused",
	    [CORE_EVENT_PAUSED] = "paused",
	    [CORE_EVENT_RESUMED] = "resumed",
	    [CORE_EVENT_TRIPPED] = "tripped",
	    [CORE_EVENT_REARMED] = "rearmed",
	    [CORE_EVENT_DEVICE_LOST] = "device lost",
	    [CORE_EVENT_DEVICE_BACK] = "device back",
	    [CORE_EVENT_STOPPED] = "stopped",
	    [CORE_EVENT_LATCHED] = "latched",
	    [CORE_EVENT_RESET] = "reset",
	    [CORE_EVENT_ALARM] = "alarm",
	    [CORE_EVENT_ALARM_OVER] = "alarm over",
	    [CORE_EVENT_NOT_OBEYED] = "not obeyed",
	    [CORE_EVENT_WELDED] = "welded",
	    [CORE_EVENT_ADOPTED] = "adopted",
	    [CORE_EVENT_BYPASSED] = "bypassed",
	    [CORE_EVENT_PARKED] = "parked",
	    [CORE_EVENT_UNPARKED] = "unparked",
	    [CORE_EVENT_TIMER_PROVED] = "timer proved",
	    [CORE_EVENT_TIMER_FAILED] = "timer failed",
	    [CORE_EVENT_LIMIT_CHANGED] = "limit changed",
	    [CORE_EVENT_COMMAND_KEPT] = "command kept",
	    [CORE_EVENT_COMMAND_CLEARED] = "command cleared",
	    [CORE_EVENT_SILENCED] = "silenced",
	    [CORE_EVENT_CALIBRATED] = "calibrated",
	    [CORE_EVENT_TARED] = "tared",
	    [CORE_EVENT_SETTING_CHANGED] = "setting changed",
	    [CORE_EVENT_RELEASED] = "released",
	    [CORE_EVENT_RELEASE_FAILED] = "release failed",
	    [CORE_EVENT_TAKEN] = "taken",
	};
	const char *name = (size_t)event->event < sizeof names / sizeof *names ? names[event->event] : "event";
	char facts[512];
	struct str s;
	str_init(&s, facts, sizeof facts);
	if (language != LANGUAGE_EN)
		add_facts(&s, core, event);
	if (warns(event->event))
		log_warn(who, "%s%s: %s", name, facts, event->why);
	else
		log_info(who, "%s%s: %s", name, facts, event->why);
}
