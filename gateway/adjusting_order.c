/* SPDX-License-Identifier: Apache-2.0
 * The control socket's side of adjusting: docs/control-socket.md has the steps. */
#include <stdlib.h>
#include <string.h>

#include "adjusting_inside.h"
#include "base/clock.h"
#include "core/explanation.h"
#include "tell/tell.h"

#define WAIT_MS     10000u  /* a measurement gives up after this and four intervals of the sensor, ... */
#define WAIT_MAX_MS 120000u /* ... at most */
#define OPTIONS_MAX 3u

/* What a session found, as options. Their texts are static. */
struct found {
	Therapy__V1__OptionValue values[OPTIONS_MAX], *items[OPTIONS_MAX];
	size_t n;
};

union text { /* protobuf-c's members are not const, but packing only reads them */
	const char *from;
	char *to;
};

static Therapy__V1__OptionValue *add_option(struct found *f, const char *key)
{
	Therapy__V1__OptionValue *o = &f->values[f->n];
	*o = (Therapy__V1__OptionValue)THERAPY__V1__OPTION_VALUE__INIT;
	o->key = (union text){.from = key}.to;
	f->items[f->n++] = o;
	return o;
}

static void add_word(struct found *f, const char *key, const char *word)
{
	Therapy__V1__OptionValue *o = add_option(f, key);
	o->value_case = THERAPY__V1__OPTION_VALUE__VALUE_WORD;
	o->word = (union text){.from = word}.to;
}

static void add_number(struct found *f, const char *key, double number)
{
	Therapy__V1__OptionValue *o = add_option(f, key);
	o->value_case = THERAPY__V1__OPTION_VALUE__VALUE_NUMBER;
	o->number = number;
}

static struct adjusted_options found_options(const struct session *s, struct found *f)
{
	const struct calibration *c = &s->calibration;
	f->n = 0;
	if (s->state == SESSION_FOUND && s->kind == SESSION_TARE)
		add_number(f, "zero_n", s->zero_n);
	if (s->state == SESSION_FOUND && s->kind == SESSION_CALIBRATE) {
		if (s->axes[c->axis].name)
			add_word(f, "axis", s->axes[c->axis].name);
		add_word(f, "sign", c->reversed ? "reversed" : "normal");
		add_number(f, "zero_deg", c->zero_deg);
	}
	return (struct adjusted_options){f->items, f->n};
}

/* ---- what a device can ---- */

static bool has_option(const Therapy__V1__DeviceDescription *d, const char *key)
{
	for (size_t i = 0; i < d->n_options; i++)
		if (strcmp(d->options[i], key) == 0)
			return true;
	return false;
}

static bool find_metric(const Therapy__V1__DeviceDescription *d, const char *key, uint16_t *out)
{
	for (size_t i = 0; i < d->n_metrics; i++)
		if (strcmp(d->metrics[i]->key, key) == 0) {
			*out = (uint16_t)i;
			return true;
		}
	return false;
}

static bool can_calibrate(const Therapy__V1__DeviceDescription *d)
{
	uint16_t metric;
	return find_metric(d, "angle", &metric) && has_option(d, "sign") && has_option(d, "zero_deg");
}

static bool can_tare(const Therapy__V1__DeviceDescription *d)
{
	uint16_t metric;
	return find_metric(d, "force_raw", &metric) && has_option(d, "zero_n");
}

/* ---- refusals ---- */

static struct json_object *refuse(struct json_object *answer, const char *why)
{
	tell_put_bool(answer, "ok", false);
	tell_put(answer, "error", why);
	return answer;
}

/* A rule that this device's force keeps shut, or that it shut and that is not armed again: a tare would open it. */
static bool shut_by(const struct core_rule_explanation *r, const char *device, struct str *why)
{
	for (size_t i = 0; i < r->n_seen; i++) {
		const struct core_seen *seen = &r->seen[i];
		bool is_force = seen->key && strcmp(seen->device, device) == 0 && strcmp(seen->key, "force") == 0;
		bool ended =
		    r->state == CORE_RULE_GRACE || r->state == CORE_RULE_TRIPPED || r->state == CORE_RULE_LATCHED;
		if (!is_force || !(seen->verdict == CORE_VIOLATED || seen->verdict == CORE_IMPLAUSIBLE || ended))
			continue;
		str_add(
		    why,
		    "rule %s forbids because of %s.force, and a tare would hide that: take the load off; if this is "
		    "what hangs there without one, set zero_n in the configuration",
		    r->id, device);
		return true;
	}
	return false;
}

static bool opens_rule(const struct core *core, const char *device, struct str *why)
{
	struct core_explanation e;
	struct core_rule_explanation r;
	struct core_alarm alarm;
	for (size_t d = 0; d < core_n_devices(core); d++)
		for (uint16_t c = 0; core_explain(core, (uint16_t)d, c, &e); c++)
			for (size_t i = 0; core_explain_rule(core, (uint16_t)d, c, i, &r); i++)
				if (shut_by(&r, device, why))
					return true;
	for (size_t i = 0; i < core_n_rules(core); i++)
		if (core_alarm(core, i, &alarm) && core_explain_rule_named(core, alarm.rule, &r) &&
		    shut_by(&r, device, why))
			return true;
	return false;
}

/* May what the device's readings mean be changed now? */
static bool may(const struct adjusting *a, uint16_t device, bool tare, struct str *why)
{
	const struct core *core = a->g->core;
	const char *id = a->g->config->devices[device].id;
	if (a->g->stage != RUNNING) {
		str_add(why, "the gateway is ending");
		return false;
	}
	if (adjusting_energised(core, why) || (tare && opens_rule(core, id, why)))
		return false;
	return true;
}

/* ---- the steps ---- */

static void begin(struct adjusting *a, uint16_t device, bool tare, struct str *why)
{
	static const char *const axes[] = {"roll", "pitch"};
	const struct config_device *config = &a->g->config->devices[device];
	const Therapy__V1__DeviceDescription *d = adjusting_described(a, device);
	uint64_t now_ms = clock_boot_ms();
	if (!(tare ? can_tare(d) : can_calibrate(d))) {
		str_add(why,
			tare ? "%s has no force that can be tared: expected a model with the metric force_raw and the "
			       "option "
			       "zero_n"
			     : "%s has no angle that can be calibrated: expected a model with the metric angle and the "
			       "options sign and zero_deg",
			config->id);
		return;
	}
	if (!core_present(a->g->core, device)) {
		str_add(why, "%s is not there: its link or its process ended", config->id);
		return;
	}
	if (!may(a, device, tare, why))
		return;
	(void)find_metric(d, tare ? "force_raw" : "angle", &a->metrics[0]);
	uint64_t wait_ms = WAIT_MS + UINT64_C(4) * d->metrics[a->metrics[0]]->interval_ms;
	wait_ms = wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
	const struct config_option *axis = adjusted_options_configured(config, "axis");
	bool two = has_option(d, "axis") && find_metric(d, "angle_pitch", &a->metrics[1]);
	bool pitch = two && axis && axis->is_word && strcmp(axis->word, "pitch") == 0;
	a->device = device;
	a->number = now_ms > a->number ? now_ms : a->number + 1;
	if (a->change == CHANGE_DONE || a->change == CHANGE_FAILED)
		a->change = CHANGE_NONE;
	if (tare) {
		session_begin_tare(&a->session, wait_ms, now_ms);
	} else if (two && !axis) {
		session_begin_calibrate(&a->session, axes, 2, true, wait_ms, now_ms);
	} else {
		if (pitch)
			a->metrics[0] = a->metrics[1];
		session_begin_calibrate(&a->session, two ? &axes[pitch] : NULL, 1, pitch, wait_ms, now_ms);
	}
}

static void store(struct adjusting *a, struct str *why)
{
	struct found f;
	bool tare = a->session.kind == SESSION_TARE;
	struct adjusted_options options = found_options(&a->session, &f);
	const struct config_device *d = &a->g->config->devices[a->device];
	const struct config_option *against = adjusted_options_against(d, options);
	if (options.n == 0) {
		str_add(why, "nothing was found yet; expected the step %s", session_step(&a->session));
	} else if (against) {
		str_add(why, "the configuration gives '%s' (%s:%u), which wins; write there: ", against->key, d->file,
			against->line);
		adjusted_options_line(why, options);
	} else if (may(a, a->device, tare, why) && adjusting_remember(a, a->device, tare, options, why)) {
		session_end(&a->session);
	}
}

static void forget(struct adjusting *a, uint16_t device, bool tare, struct str *why)
{
	const struct adjusted_options none = {0};
	if (adjusting_remembered(a, device).n == 0 && !a->damaged)
		str_add(why, "nothing is remembered of %s", a->g->config->devices[device].id);
	else if (may(a, device, false, why))
		(void)adjusting_remember(a, device, tare, none, why);
}

static bool is_step(const char *step)
{
	static const char *const steps[] = {"upright", "level", "head_down", "empty"};
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (strcmp(step, steps[i]) == 0)
			return true;
	return false;
}

static void measure(struct adjusting *a, const char *step, struct str *why)
{
	const char *awaited = session_step(&a->session);
	if (!may(a, a->device, a->session.kind == SESSION_TARE, why))
		return;
	if (!session_measure(&a->session, step, clock_boot_ms()))
		str_add(why, "found the step \"%s\", expected %s", step,
			a->session.state == SESSION_MEASURING ? "to wait: it is measuring"
			: awaited                             ? awaited
							      : "store or cancel");
}

static void obey(struct adjusting *a, const struct console_adjust *o, uint16_t device, struct str *why)
{
	if ((strcmp(o->step, "store") == 0 || strcmp(o->step, "forget") == 0) && a->change != CHANGE_WRITING &&
	    a->change != CHANGE_WAITS) /* those are somebody else's */
		(void)str_copy(a->by, sizeof a->by, o->by ? o->by : "therapyctl");
	if (strcmp(o->step, "begin") == 0) {
		begin(a, device, o->tare, why);
	} else if (strcmp(o->step, "forget") == 0) {
		forget(a, device, o->tare, why);
	} else if (strcmp(o->step, "look") == 0) {
		return;
	} else if (a->session.kind != (o->tare ? SESSION_TARE : SESSION_CALIBRATE) || device != a->device ||
		   o->session != a->number) {
		str_add(why, "that session is over: it was ended, another one began, or nobody went on for %u min",
			(unsigned)(SESSION_IDLE_MS / 60000));
	} else if (strcmp(o->step, "cancel") == 0) {
		session_end(&a->session);
	} else if (strcmp(o->step, "store") == 0) {
		store(a, why);
	} else if (is_step(o->step)) {
		measure(a, o->step, why);
	} else {
		str_add(why, "found the step \"%.20s\", expected begin, %s, store, cancel, look or forget", o->step,
			o->tare ? "empty" : "upright, level, head_down");
	}
}

/* ---- answers ---- */

static void tell_found(const struct adjusting *a, struct json_object *answer)
{
	struct found f;
	char text[160];
	struct str line;
	struct json_object *against = json_object_new_array();
	struct adjusted_options options = found_options(&a->session, &f);
	const struct config_device *d = &a->g->config->devices[a->device];
	str_init(&line, text, sizeof text);
	adjusted_options_line(&line, options);
	json_object_object_add(answer, "found", options.n ? adjusted_options_json(options) : NULL);
	tell_put(answer, "line", options.n ? text : NULL);
	for (size_t i = 0; i < options.n; i++) {
		const struct adjusted_options one = {&options.items[i], 1};
		const struct config_option *given = adjusted_options_against(d, one);
		if (!given)
			continue;
		struct json_object *o = json_object_new_object();
		str_init(&line, text, sizeof text);
		str_add(&line, "%s:%u", d->file, given->line);
		tell_put(o, "option", given->key);
		tell_put(o, "where", text);
		json_object_array_add(against, o);
	}
	json_object_object_add(answer, "against", against);
}

static void tell_measured(const struct session *s, struct json_object *answer)
{
	static const char *const names[CALIBRATION_POSITIONS] = {"upright", "level", "head_down"};
	struct json_object *o = json_object_new_object();
	size_t n = s->kind != SESSION_CALIBRATE ? 0 : s->at;
	for (size_t i = 0; i < n && i < CALIBRATION_POSITIONS; i++) {
		struct json_object *axes = json_object_new_object();
		for (size_t x = 0; x < s->n_axes; x++)
			tell_put_number(axes, s->axes[x].name ? s->axes[x].name : "angle", s->axes[x].deg[i]);
		json_object_object_add(o, names[i], axes);
	}
	json_object_object_add(answer, "measured", o);
}

static void tell_session(const struct adjusting *a, struct json_object *answer)
{
	static const char *const states[] = {
	    [SESSION_WAITS] = "waits", [SESSION_MEASURING] = "measures", [SESSION_FOUND] = "found"};
	static const char *const changes[] = {[CHANGE_NONE] = NULL,
					      [CHANGE_WRITING] = "writing",
					      [CHANGE_WAITS] = "waits_for_rest",
					      [CHANGE_DONE] = "done",
					      [CHANGE_FAILED] = "failed"};
	const struct session *s = &a->session;
	bool open = s->kind != SESSION_NONE;
	if (open)
		tell_put_count(answer, "session", a->number);
	else
		tell_put(answer, "session", NULL);
	tell_put(answer, "device", open ? a->g->config->devices[a->device].id : NULL);
	tell_put(answer, "state", open ? states[s->state] : NULL);
	tell_put(answer, "step", session_step(s));
	tell_put(answer, "refused", s->refused[0] ? s->refused : NULL);
	tell_measured(s, answer);
	tell_found(a, answer);
	tell_put(answer, "change", changes[a->change]);
	tell_put(answer, "failed", a->change == CHANGE_FAILED ? a->failed : NULL);
}

void adjusting_order(struct adjusting *a, const struct console_adjust *o, struct json_object *answer)
{
	char text[CORE_WHY_MAX * 2] = "";
	struct str why;
	uint16_t device = 0;
	while (device < a->g->n_seats && strcmp(a->g->config->devices[device].id, o->device) != 0)
		device++;
	str_init(&why, text, sizeof text);
	if (device == a->g->n_seats)
		str_add(&why, "there is no device '%.60s'", o->device);
	else
		obey(a, o, device, &why);
	if (text[0]) {
		refuse(answer, text);
		return;
	}
	tell_put_bool(answer, "ok", true);
	tell_session(a, answer);
}

const char *adjusting_way(const struct adjusting *a, uint16_t device)
{
	const Therapy__V1__DeviceDescription *described = adjusting_described(a, device);
	if (!described)
		return NULL;
	return can_calibrate(described) ? "calibrate" : can_tare(described) ? "tare" : NULL;
}

void adjusting_tell_device(const struct adjusting *a, uint16_t device, struct json_object *object)
{
	const Therapy__V1__DeviceDescription *described = adjusting_described(a, device);
	const struct config_device *d = &a->g->config->devices[device];
	struct adjusted_options found = adjusting_remembered(a, device);
	struct json_object *o = NULL;
	tell_put(object, "adjusts", adjusting_way(a, device));
	bool used = found.n > 0 && !adjusted_options_against(d, found);
	if (described && can_calibrate(described))
		tell_put_bool(object, "calibrated", used || adjusted_options_configured(d, "sign"));
	else
		tell_put(object, "calibrated", NULL);
	if (found.n > 0) {
		struct adjusted_key key = adjusted_options_key(d);
		const Therapy__V1__AdjustedDevice *kept = adjusted_find(a->store, &key);
		const struct config_option *against = adjusted_options_against(d, found);
		bool known = described != NULL;
		for (size_t i = 0; i < found.n && known; i++)
			known = has_option(described, found.items[i]->key);
		o = json_object_new_object();
		json_object_object_add(o, "options", adjusted_options_json(found));
		tell_put_bool(o, "used", !against && known);
		tell_put(o, "against", against ? against->key : NULL);
		json_object_object_add(o, "wall_unix_ms", json_object_new_int64(kept->wall_unix_ms));
	}
	json_object_object_add(object, "remembered", o);
}

void adjusting_tell_status(const struct adjusting *a, struct json_object *status)
{
	tell_put_bool(status, "adjusted_damaged", a->damaged);
}
