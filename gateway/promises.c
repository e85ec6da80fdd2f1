/* SPDX-License-Identifier: Apache-2.0 */
#include "promises.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "broker/url.h"
#include "core/explanation.h"
#include "device_host.h"
#include "supervisor/process.h"

#define KEEP_ALIVE_S 10u /* of broker.h, where 0 is configured */

/* A broker that dies with this machine. One that is named by another of our own addresses is taken for another machine:
 * then the network is this machine's too, and the bound for its death is that of the device's timer at the latest. */
static bool broker_is_here(const struct config_mqtt *mqtt)
{
	struct url url;
	char why[160];
	if (!mqtt->enabled || url_parse(mqtt->url, &url, why, sizeof why) != 0)
		return false;
	return strcmp(url.host, "localhost") == 0 || strncmp(url.host, "127.", 4) == 0 || strcmp(url.host, "::1") == 0;
}

/* How long a number may take to be proved at rest is how long its ramp may take. What heats is off at once. */
static bool ramps(const char *kind, const Therapy__V1__ControlDescription *d)
{
	return d->type == THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_NUMBER && strcmp(kind, "heat") != 0;
}

static void fill_control(const struct config *config, const struct core *core, size_t device, size_t control,
			 const Therapy__V1__ControlDescription *d, struct words_control *out)
{
	const struct config_device *row = &config->devices[device];
	bool mqtt = row->address.kind == LINK_MQTT;
	unsigned alive_s = config->mqtt.keep_alive_s ? config->mqtt.keep_alive_s : KEEP_ALIVE_S;
	*out = (struct words_control){
	    .device = row->id,
	    .key = d->key,
	    .accepted = row->accept_no_device_timer,
	    .config = {.lease_ms = config->lease_ms,
		       .deadline_ms = config->deadline_ms,
		       .silent_ms = PROCESS_SILENT_MS,
		       .tick_ms = PROCESS_TICK_MS,
		       .watchdog_ms = DEVICE_HOST_WATCHDOG_MS,
		       .link = mqtt ? DEADMAN_BROKER : DEADMAN_WIRE,
		       .has_will = mqtt && control == 0, /* a connection has one will: its first control's OFF */
		       .broker_here = broker_is_here(&config->mqtt),
		       .alive_ms = alive_s * 1000u,
		       .timer_ms = d->device_timer_ms,
		       .rest_ms = d->rest_bound_ms,
		       .confirm_ms = d->confirm_ms,
		       .load_ms = d->load_ms,
		       .ramp_ms = ramps(core_device_kind(core, (uint16_t)device), d) ? d->confirm_ms : 0,
		       .age_ms = core_silence_ms(core, (uint16_t)device, (uint16_t)control)},
	};
}

static enum hazard_level level_of(enum core_coverage coverage)
{
	return coverage == CORE_COVERED ? HAZARD_COVERED : coverage == CORE_PARTLY ? HAZARD_PARTLY : HAZARD_NOT_COVERED;
}

/* What the rule asks of the person, and nobody has said: its setting. NULL: nothing. */
static const char *lacks_of_person(const struct config *config, const struct core_rule *rule)
{
	const struct config_profile *p = &config->profile;
	const struct {
		const char *metric, *setting;
		bool given;
	} rows[] = {{"person.weight", "profile.weight", p->has_weight},
		    {"person.cleared", "profile.cleared_on", p->has_cleared},
		    {"person.heat_acknowledged", "profile.heat_acknowledged", p->heat_acknowledged}};
	const char *texts[] = {rule->only_while.text, rule->hard.text};
	for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
		for (size_t i = 0; texts[t] && i < sizeof rows / sizeof *rows; i++)
			if (!rows[i].given && strstr(texts[t], rows[i].metric))
				return rows[i].setting;
	return NULL;
}

/* A rule that waits for what the user has to say guards nothing until then: if it permits something, that is refused.
 */
static void wait_for_user(struct hazards_rule *rule, bool permits, const char *what, char text[CORE_WHY_MAX])
{
	struct str s;
	rule->level = HAZARD_NOT_COVERED;
	rule->refused = permits;
	str_init(&s, text, CORE_WHY_MAX);
	str_add(&s, "%s until you give %.150s in the configuration", permits ? "refused" : "not covered", what);
}

/* `texts` has CORE_WHY_MAX bytes for each rule. */
static void fill_rules(const struct config *config, const struct core *core, struct hazards_rule *rules, char *texts)
{
	for (size_t i = 0; i < config->n_rules; i++) {
		char *text = texts + i * CORE_WHY_MAX, figure[CORE_WHY_MAX];
		rules[i] = (struct hazards_rule){.id = config->rules[i].id, .hazard = config->rules[i].hazard};
		rules[i].level = level_of(core_coverage(core, i, text));
		rules[i].text = text;
		const char *person = lacks_of_person(config, &config->rules[i]);
		bool permits = config->rules[i].n_permits > 0;
		if (core_governs(core, i) == 0)
			rules[i].level = HAZARD_ABSENT;
		else if (core_lacks_figure(core, i, figure))
			wait_for_user(&rules[i], permits, figure, text);
		else if (person)
			wait_for_user(&rules[i], permits, person, text);
		else if (strncmp(text, "not covered and therefore refused", 33) == 0)
			rules[i].refused = true;
	}
}

static void fill_stop(const Therapy__V1__DeviceDescription *const *descriptions, size_t n, struct str *out)
{
	for (size_t d = 0; d < n; d++)
		for (size_t m = 0; m < descriptions[d]->n_metrics; m++)
			if (descriptions[d]->metrics[m]->stops)
				str_add(out, "%s%s.%s", out->len ? ", " : "", descriptions[d]->device_id,
					descriptions[d]->metrics[m]->key);
}

static void fill_contradictions(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
				struct str *out)
{
	for (size_t i = 0; i < config->n_derived; i++) {
		bool here = false;
		for (size_t d = 0; d < config->n_devices; d++)
			here = here || strcmp(descriptions[d]->kind, config->derived[i].kind) == 0;
		if (here && config->derived[i].type == CORE_DERIVE_CONTRADICTION)
			str_add(out, "%s%s.%s", out->len ? ", " : "", config->derived[i].kind, config->derived[i].id);
	}
}

static int fill_hazards(struct promises *p, const struct config *config,
			const Therapy__V1__DeviceDescription *const *descriptions, const struct core *core)
{
	char stops[128], against[128];
	struct str stop, contradiction;
	str_init(&stop, stops, sizeof stops);
	str_init(&contradiction, against, sizeof against);
	fill_stop(descriptions, config->n_devices, &stop);
	fill_contradictions(config, descriptions, &contradiction);
	struct hazards_rule *rules = calloc(config->n_rules + 1, sizeof *rules);
	struct hazards_control *controls = calloc(p->n_controls + 1, sizeof *controls);
	char *texts = calloc(config->n_rules + 1, CORE_WHY_MAX);
	if (rules && controls && texts) {
		fill_rules(config, core, rules, texts);
		size_t at = 0;
		for (size_t d = 0; d < config->n_devices; d++)
			for (size_t c = 0; c < descriptions[d]->n_controls; c++, at++)
				controls[at] = (struct hazards_control){
				    .device = p->controls[at].device,
				    .key = p->controls[at].key,
				    .has_timer = p->controls[at].config.timer_ms > 0,
				    .has_load = descriptions[d]->controls[c]->load_ms > 0,
				    .has_cutoff = config->devices[d].cutoff != NULL,
				};
		const struct hazards_home home = {.rules = rules,
						  .n_rules = config->n_rules,
						  .controls = controls,
						  .n_controls = p->n_controls,
						  .stop_source = stop.len ? stops : NULL,
						  .contradictions = contradiction.len ? against : NULL};
		p->hazards = hazards_new(&home);
	}
	free(rules);
	free(controls);
	free(texts);
	return p->hazards ? 0 : -1;
}

static char *text_of(struct json_object *json)
{
	const char *text = json ? json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN) : NULL;
	char *copy = text ? strdup(text) : NULL;
	json_object_put(json);
	return copy;
}

static int fill_json(struct promises *p, const struct config *config)
{
	p->hazards_json = text_of(words_hazards_json(p->hazards));
	for (size_t d = 0; d < config->n_devices; d++) {
		bool has = false;
		for (size_t i = 0; i < p->n_controls; i++)
			has = has || strcmp(p->controls[i].device, config->devices[d].id) == 0;
		if (!has)
			continue;
		p->deadman_json[d] = text_of(words_deadman_json(p->controls, p->n_controls, config->devices[d].id));
		if (!p->deadman_json[d])
			return -1;
	}
	return p->hazards_json ? 0 : -1;
}

struct promises *promises_new(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
			      const struct core *core)
{
	struct promises *p = calloc(1, sizeof *p);
	size_t n = 0;
	if (!p)
		return NULL;
	for (size_t d = 0; d < config->n_devices; d++)
		n += descriptions[d]->n_controls;
	p->n_devices = config->n_devices;
	p->controls = calloc(n + 1, sizeof *p->controls);
	p->deadman_json = calloc(config->n_devices + 1, sizeof(char *));
	if (!p->controls || !p->deadman_json)
		goto out_of_memory;
	for (size_t d = 0; d < config->n_devices; d++)
		for (size_t c = 0; c < descriptions[d]->n_controls; c++)
			fill_control(config, core, d, c, descriptions[d]->controls[c], &p->controls[p->n_controls++]);
	if (fill_hazards(p, config, descriptions, core) != 0 || fill_json(p, config) != 0)
		goto out_of_memory;
	return p;
out_of_memory:
	promises_free(p);
	return NULL;
}

void promises_free(struct promises *promises)
{
	if (!promises)
		return;
	for (size_t d = 0; promises->deadman_json && d < promises->n_devices; d++)
		free(promises->deadman_json[d]);
	free(promises->deadman_json);
	free(promises->hazards_json);
	hazards_free(promises->hazards);
	free(promises->controls);
	free(promises);
}
