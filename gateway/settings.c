/* SPDX-License-Identifier: Apache-2.0
 *
 * What is changed on devices, between their processes, the state file and the core, which tells people. A setting may
 * be changed once what it was is on disk. Letting a device go: its grants end, its process brings it to rest and gives
 * its settings back, and only then its link is let go, for good: over a restart too, until somebody takes it again. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "core/explanation.h"
#include "gateway_inside.h"

static const char *id_of(const struct seat *seat)
{
	return seat->gateway->config->devices[seat->index].id;
}

static void tell(const struct seat *seat, enum core_setting_news news, const char *text)
{
	struct gateway *g = seat->gateway;
	struct core_input input = {
	    .type = CORE_IN_SETTING, .device = seat->index, .setting = {.news = news, .text = text}};
	gateway_feed(g, clock_boot_ms(), &input);
	outward_touched(g, seat->index);
}

/* ---- the state file ---- */

void settings_found(void *user, const Therapy__V1__Memory *memory, bool lost)
{
	struct gateway *g = user;
	kept_settings_read(&g->settings, memory, lost);
}

void settings_put(void *user, Therapy__V1__Memory *head)
{
	struct gateway *g = user;
	kept_settings_put(&g->settings, head);
}

void settings_written(void *user)
{
	struct gateway *g = user;
	for (size_t i = 0; i < g->n_seats; i++) {
		struct seat *seat = &g->seats[i];
		for (uint32_t s = 0; s < 32; s++)
			if (seat->unwritten >> s & 1)
				process_setting_kept(seat->process, s);
		seat->unwritten = 0;
	}
}

/* ---- what device processes say ---- */

void settings_said(struct seat *seat, const Therapy__V1__SettingState *said)
{
	struct gateway *g = seat->gateway;
	char why[CORE_WHY_MAX];
	const Therapy__V1__SettingDescription *row = g->descriptions[seat->index]->settings[said->setting];
	struct kept_settings_step step =
	    kept_settings_take(&g->settings, id_of(seat), row, said, g->config->language, why);
	if (step.kept)
		process_setting_kept(seat->process, said->setting);
	if (step.write && said->setting < 32)
		seat->unwritten |= UINT32_C(1) << said->setting;
	if (step.write)
		memory_keeper_write(g->memory);
	if (step.event == KEPT_SETTINGS_CHANGED)
		tell(seat, CORE_SETTING_CHANGED, why);
	else if (step.event == KEPT_SETTINGS_TROUBLE)
		tell(seat, CORE_SETTING_TROUBLE, why);
	outward_touched(g, seat->index);
}

/* ---- letting go ---- */

void settings_hold(struct seat *seat)
{
	struct gateway *g = seat->gateway;
	bool elsewhere = !g->alone && g->config->devices[seat->index].address.kind == LINK_MQTT;
	bool released = kept_settings_is_released(&g->settings, id_of(seat));
	struct core_input held = {.type = CORE_IN_HELD, .device = seat->index};
	held.held = released ? CORE_HELD_RELEASED : elsewhere ? CORE_HELD_ELSEWHERE : CORE_HELD_NOT;
	process_hold(seat->process, held.held != CORE_HELD_NOT);
	gateway_feed(g, clock_boot_ms(), &held);
}

/* What was given back and what stays as it is. */
static void explain_released(const struct seat *seat, char why[CORE_WHY_MAX])
{
	struct gateway *g = seat->gateway;
	enum language language = g->config->language;
	const Therapy__V1__DeviceDescription *d = g->descriptions[seat->index];
	char value[32];
	struct str s;
	str_init(&s, why, CORE_WHY_MAX);
	str_add(&s, language_say(language, "%s was let go"), id_of(seat));
	const char *separator = ": ";
	for (size_t i = 0; i < d->n_settings; i++) {
		const Therapy__V1__SettingDescription *row = d->settings[i];
		const struct kept_setting *k = kept_settings_find(&g->settings, id_of(seat), row->key);
		if (!k || (!k->known && !k->changed))
			continue;
		str_add(&s, "%s", separator);
		separator = ", ";
		if (k->known)
			str_add(&s, language_say(language, "%s is %s as it was"), row->name,
				kept_settings_value(row, k->was, value, sizeof value));
		else
			str_add(&s, language_say(language, "%s stays %s, for what it was is not known"), row->name,
				kept_settings_value(row, row->wanted, value, sizeof value));
	}
	if (!s.overflow)
		return;
	str_init(&s, why, CORE_WHY_MAX);
	str_add(&s, language_say(language, "%s was let go"), id_of(seat));
}

static void let_go(struct seat *seat)
{
	struct gateway *g = seat->gateway;
	char why[CORE_WHY_MAX];
	seat->releasing = false;
	explain_released(seat, why);
	kept_settings_forget(&g->settings, id_of(seat));
	if (!kept_settings_release(&g->settings, id_of(seat), true))
		log_error(id_of(seat), "no memory to remember that it was let go: a restart takes it again");
	memory_keeper_write(g->memory);
	tell(seat, CORE_RELEASED, why);
	settings_hold(seat);
}

static void not_let_go(struct seat *seat, const char *because)
{
	char why[CORE_WHY_MAX];
	struct str s;
	seat->releasing = false;
	str_init(&s, why, sizeof why);
	str_add(&s,
		language_say(seat->gateway->config->language, "%s was not let go, and is the gateway's as before: %s"),
		id_of(seat), because);
	tell(seat, CORE_RELEASE_FAILED, why);
}

void settings_released(struct seat *seat, Therapy__V1__ReleaseResult result)
{
	enum language language = seat->gateway->config->language;
	if (!seat->releasing)
		return;
	if (result == THERAPY__V1__RELEASE_RESULT__RELEASE_RESULT_RELEASED)
		let_go(seat);
	else if (result == THERAPY__V1__RELEASE_RESULT__RELEASE_RESULT_NOT_AT_REST)
		not_let_go(seat, language_say(language, "no reading proves that it is at rest"));
	else
		not_let_go(seat, language_say(language, "it did not confirm what its settings were"));
}

void settings_presence(struct seat *seat, bool present)
{
	struct gateway *g = seat->gateway;
	seat->present = present;
	if (present)
		return;
	seat->unwritten = 0;
	kept_settings_away(&g->settings, id_of(seat));
	if (seat->releasing)
		not_let_go(seat, language_say(g->config->language, "it went away meanwhile"));
}

static bool any_changed(const struct seat *seat)
{
	const struct gateway *g = seat->gateway;
	const Therapy__V1__DeviceDescription *d = g->descriptions[seat->index];
	for (size_t i = 0; i < d->n_settings; i++) {
		const struct kept_setting *k = kept_settings_find(&g->settings, id_of(seat), d->settings[i]->key);
		if (k && k->changed)
			return true;
	}
	return false;
}

static void end_grants(struct seat *seat)
{
	struct gateway *g = seat->gateway;
	struct core_explanation e;
	for (uint16_t c = 0; core_explain(g->core, seat->index, c, &e); c++) {
		struct core_input input = {.type = CORE_IN_REQUEST};
		input.request = (struct core_request){
		    .device = e.device, .control = e.control, .id = "", .by = "device release", .age_ms = -1};
		if (e.permission.granted || e.permission.suspended || e.permission.asked > 0)
			gateway_feed(g, clock_boot_ms(), &input);
	}
}

static bool tell_process(struct seat *seat)
{
	const struct gateway *g = seat->gateway;
	const Therapy__V1__DeviceDescription *d = g->descriptions[seat->index];
	Therapy__V1__Release release = THERAPY__V1__RELEASE__INIT;
	Therapy__V1__SettingValue values[32], *pointers[32];
	for (uint32_t i = 0; i < d->n_settings && i < 32; i++) {
		const struct kept_setting *k = kept_settings_find(&g->settings, id_of(seat), d->settings[i]->key);
		if (!k || !k->known)
			continue;
		Therapy__V1__SettingValue *v = &values[release.n_was];
		*v = (Therapy__V1__SettingValue)THERAPY__V1__SETTING_VALUE__INIT;
		v->setting = i;
		v->value = k->was;
		pointers[release.n_was++] = v;
	}
	release.was = pointers;
	return process_release(seat->process, &release);
}

static struct seat *find_seat(struct gateway *g, const char *device)
{
	for (size_t i = 0; i < g->n_seats; i++)
		if (strcmp(g->config->devices[i].id, device) == 0)
			return &g->seats[i];
	return NULL;
}

static bool release(struct seat *seat, struct str *why)
{
	if (seat->releasing) {
		str_add(why, "'%s' is being let go already", id_of(seat));
		return false;
	}
	if (!seat->present && any_changed(seat)) {
		str_add(why,
			"'%s' is not there, so what was changed on it cannot be given back: expected a device that "
			"can be reached; or take it out of the configuration",
			id_of(seat));
		return false;
	}
	if (!seat->present) {
		let_go(seat);
		str_add(why, "'%s' was let go; it was not there, and nothing was changed on it", id_of(seat));
		return true;
	}
	end_grants(seat);
	seat->releasing = tell_process(seat);
	str_add(why,
		seat->releasing ? "'%s' comes to rest, then its settings are given back"
				: "'%s' cannot be told: its process is starting anew; try again",
		id_of(seat));
	return seat->releasing;
}

static bool take(struct seat *seat, struct str *why)
{
	struct gateway *g = seat->gateway;
	char told[CORE_WHY_MAX];
	struct str s;
	kept_settings_release(&g->settings, id_of(seat), false);
	memory_keeper_write(g->memory);
	str_init(&s, told, sizeof told);
	str_add(&s, language_say(g->config->language, "%s is the gateway's again"), id_of(seat));
	tell(seat, CORE_TAKEN, told);
	settings_hold(seat);
	str_add(why, "'%s' is the gateway's again", id_of(seat));
	return true;
}

bool settings_order(struct gateway *g, const char *device, bool takes, char why[CORE_WHY_MAX])
{
	struct str s;
	struct seat *seat = find_seat(g, device);
	str_init(&s, why, CORE_WHY_MAX);
	if (!seat || g->stage != RUNNING) {
		str_add(&s, seat ? "the gateway ends" : "there is no device '%.60s'; there is:", device);
		for (size_t i = 0; !seat && i < g->n_seats; i++) {
			str_add_cut(&s, i ? ", " : " ");
			str_add_cut(&s, g->config->devices[i].id);
		}
		return false;
	}
	if (takes == kept_settings_is_released(&g->settings, device))
		return takes ? take(seat, &s) : release(seat, &s);
	str_add(&s, takes ? "'%s' is not let go" : "'%s' is let go already", device);
	return false;
}

void settings_show(const struct gateway *g, uint16_t device, struct json_object *object)
{
	const char *id = device < g->n_seats ? g->config->devices[device].id : "";
	json_object_object_add(object, "settings",
			       device < g->n_seats ? kept_settings_json(&g->settings, id, g->descriptions[device])
						   : json_object_new_array());
	json_object_object_add(object, "released",
			       json_object_new_boolean(kept_settings_is_released(&g->settings, id)));
}
