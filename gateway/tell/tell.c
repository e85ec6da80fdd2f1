/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/tell.h"

#include "base/str.h"
#include "base/unit.h"
#include "base/words.h"

static const char *const verdicts[] = {
    [CORE_VIOLATED] = "violated", [CORE_HOLDS] = "holds", [CORE_NOT_KNOWN] = "unknown", [CORE_IMPLAUSIBLE] = "error"};
static const char *const rule_states[] = {[CORE_RULE_ARMED] = "armed",
					  [CORE_RULE_GRACE] = "grace",
					  [CORE_RULE_PAUSED] = "paused",
					  [CORE_RULE_TRIPPED] = "tripped",
					  [CORE_RULE_LATCHED] = "latched"};

static void put_hazard(struct json_object *o, unsigned hazard)
{
	if (hazard)
		tell_put_count(o, "hazard", hazard);
	else
		tell_put(o, "hazard", NULL);
}

static void put_age(struct json_object *o, const char *key, bool read, uint64_t age_ms)
{
	if (read)
		tell_put_count(o, key, age_ms);
	else
		tell_put(o, key, NULL);
}

static void put_known(struct json_object *o, const char *key, bool known, double value)
{
	if (known)
		tell_put_number(o, key, value);
	else
		tell_put(o, key, NULL);
}

/* ---- readings ---- */

static void put_reading(struct json_object *o, const struct core *core, uint16_t device, uint16_t metric,
			const struct core_reading *r)
{
	enum therapy_unit unit;
	size_t size;
	const char *key = core_metric_key(core, device, metric, &unit);
	bool known = r->quality == THERAPY_GOOD;
	const char *word = known ? core_metric_word(core, device, metric, r->value, &size) : NULL;
	tell_put(o, "metric", key);
	put_known(o, "value", known, r->value);
	json_object_object_add(o, "word", word ? json_object_new_string_len(word, (int)size) : NULL);
	tell_put(o, "unit", key ? unit_text(unit) : NULL);
	tell_put(o, "quality", tell_quality(r->quality));
	uint64_t now_ms = core_now_ms(core);
	put_age(o, "age_ms", r->stamp_ms != 0, now_ms > r->stamp_ms ? now_ms - r->stamp_ms : 0);
}

struct json_object *tell_value(const struct core *core, uint16_t device, uint16_t metric)
{
	struct json_object *o = json_object_new_object();
	struct core_reading r = core_value(core, device, metric);
	put_reading(o, core, device, metric, &r);
	return o;
}

static struct json_object *cause_object(const struct core *core, const struct core_cause *cause)
{
	if (cause->device == CORE_NO_DEVICE)
		return NULL;
	struct json_object *o = json_object_new_object();
	struct core_reading r = {cause->metric, cause->quality, cause->value, cause->stamp_ms};
	tell_put(o, "device", core_device_id(core, cause->device));
	put_reading(o, core, cause->device, cause->metric, &r);
	return o;
}

/* ---- controls ---- */

static void put_permission(struct json_object *o, const struct core_explanation *e)
{
	const struct core_permission *p = &e->permission;
	size_t size = 0;
	const char *word = words_of(e->words, p->value, &size);
	tell_put(o, "device", e->device);
	tell_put(o, "control", e->control);
	tell_put(o, "kind", e->kind);
	tell_put_bool(o, "permitted", p->permitted);
	tell_put_bool(o, "granted", p->granted);
	tell_put_bool(o, "suspended", p->suspended);
	tell_put_number(o, "value", p->value);
	json_object_object_add(o, "word", word ? json_object_new_string_len(word, (int)size) : NULL);
	tell_put(o, "unit", unit_text(e->unit));
	tell_put(o, "phase", tell_phase(p->phase));
	tell_put(o, "why", p->why);
	tell_put(o, "rule", p->rule);
	put_hazard(o, p->hazard);
}

struct json_object *tell_control(const struct core *core, uint16_t device, uint16_t control)
{
	struct core_explanation e;
	if (!core_explain(core, device, control, &e))
		return NULL;
	struct json_object *o = json_object_new_object();
	put_permission(o, &e);
	return o;
}

static struct json_object *seen_object(const struct core_seen *seen)
{
	struct json_object *o = json_object_new_object();
	bool known = seen->read && seen->quality == THERAPY_GOOD;
	tell_put(o, "device", seen->device);
	tell_put(o, seen->is_control ? "control" : "metric", seen->key);
	put_known(o, "value", known, seen->value);
	tell_put(o, "unit", unit_text(seen->unit));
	tell_put(o, "quality", tell_quality(seen->quality));
	put_age(o, "age_ms", seen->read, seen->age_ms);
	tell_put_count(o, "max_age_ms", seen->max_age_ms);
	tell_put(o, "must", seen->must[0] ? seen->must : NULL);
	tell_put_bool(o, "must_not", seen->negated);
	tell_put(o, "limit", seen->limit);
	put_known(o, "bound", seen->has_figure, seen->figure);
	tell_put_bool(o, "parked", seen->parked);
	tell_put(o, "verdict", verdicts[seen->verdict]);
	return o;
}

static struct json_object *rule_object(const struct core *core, const struct core_rule_explanation *r)
{
	struct json_object *o = json_object_new_object(), *looks = json_object_new_array();
	tell_put(o, "rule", r->id);
	put_hazard(o, r->hazard);
	tell_put(o, "priority", tell_priority(r->priority));
	tell_put(o, "state", rule_states[r->state]);
	tell_put(o, "verdict", verdicts[r->verdict]);
	tell_put(o, "because", r->because);
	tell_put(o, "only_while", r->only_while);
	tell_put(o, "hard", r->hard);
	tell_put(o, "rearms", r->rearms);
	tell_put(o, "why", r->why[0] ? r->why : NULL);
	tell_put(o, "first_why", r->first_why[0] ? r->first_why : NULL);
	json_object_object_add(o, "first_cause", cause_object(core, &r->first));
	put_age(o, "first_ago_ms", r->state != CORE_RULE_ARMED, r->first_ago_ms);
	put_age(o, "rearms_in_ms", r->waits, r->rearm_in_ms);
	for (size_t i = 0; i < r->n_seen; i++)
		json_object_array_add(looks, seen_object(&r->seen[i]));
	json_object_object_add(o, "looks_at", looks);
	tell_put_count(o, "looks_at_more", r->n_more);
	return o;
}

static struct json_object *caps_array(const struct core_explanation *e)
{
	struct json_object *caps = json_object_new_array();
	for (size_t i = 0; i < e->n_caps; i++) {
		struct json_object *o = json_object_new_object();
		tell_put(o, "limit", e->caps[i].limit);
		put_known(o, "value", e->caps[i].has_figure, e->caps[i].figure);
		json_object_array_add(caps, o);
	}
	return caps;
}

/* ---- latches and alarms ---- */

static struct json_object *latch_object(const struct core *core, const struct core_latch *l)
{
	static const char *const types[] = {
	    [CORE_LATCH_STOP] = "stop",     [CORE_LATCH_MEMORY] = "memory",
	    [CORE_LATCH_RULE] = "rule",     [CORE_LATCH_NOT_OBEYED] = "not_obeyed",
	    [CORE_LATCH_WELDED] = "welded", [CORE_LATCH_BYPASSED] = "bypassed",
	};
	struct json_object *o = json_object_new_object();
	struct core_explanation e;
	bool control = core_explain(core, l->device, l->control, &e);
	uint64_t now_ms = core_now_ms(core);
	tell_put(o, "latch", (size_t)l->type < sizeof types / sizeof *types ? types[l->type] : "unknown");
	tell_put(o, "device", core_device_id(core, l->device));
	tell_put(o, "control", control ? e.control : NULL);
	tell_put(o, "rule", l->rule);
	put_hazard(o, l->hazard);
	tell_put_count(o, "since_ms", now_ms > l->since_ms ? now_ms - l->since_ms : 0);
	tell_put_bool(o, "resettable", l->resettable);
	tell_put_bool(o, "silenced", l->silenced);
	tell_put(o, "why", l->why);
	return o;
}

static bool bears_on(const struct core *core, const struct core_latch *l, uint16_t device, uint16_t control)
{
	if (l->type == CORE_LATCH_STOP || l->type == CORE_LATCH_MEMORY)
		return true;
	if (l->type != CORE_LATCH_RULE)
		return l->device == device && l->control == control;
	struct core_rule_explanation r;
	for (size_t i = 0; core_explain_rule(core, device, control, i, &r); i++)
		if (r.id == l->rule)
			return true;
	return false;
}

static struct json_object *latches_of(const struct core *core, bool all, uint16_t device, uint16_t control)
{
	struct json_object *list = json_object_new_array();
	struct core_latch l;
	for (size_t n = 0; core_latch(core, n, &l); n++)
		if (all || bears_on(core, &l, device, control))
			json_object_array_add(list, latch_object(core, &l));
	return list;
}

struct json_object *tell_latches(const struct core *core)
{
	return latches_of(core, true, 0, 0);
}

struct json_object *tell_alarms(const struct core *core, bool raised_only)
{
	static const char *const states[] = {
	    [CORE_ALARM_UNKNOWN] = "unknown", [CORE_ALARM_GRACE] = "grace", [CORE_ALARM_RAISED] = "raised"};
	struct json_object *list = json_object_new_array();
	uint64_t now_ms = core_now_ms(core);
	struct core_alarm a;
	for (size_t i = 0; i < core_n_rules(core); i++) {
		if (!core_alarm(core, i, &a) || (raised_only && a.state != CORE_ALARM_RAISED))
			continue;
		struct json_object *o = json_object_new_object();
		tell_put(o, "rule", a.rule);
		tell_put(o, "state", states[a.state]);
		tell_put(o, "priority", tell_priority(a.priority));
		put_hazard(o, a.hazard);
		tell_put_count(o, "since_ms", now_ms > a.since_ms ? now_ms - a.since_ms : 0);
		tell_put_bool(o, "silenced", a.silenced);
		tell_put(o, "why", a.why);
		json_object_object_add(o, "cause", cause_object(core, &a.cause));
		json_object_array_add(list, o);
	}
	return list;
}

/* ---- whole things ---- */

struct json_object *tell_explanation(const struct core *core, uint16_t device, uint16_t control)
{
	struct core_explanation e;
	struct core_rule_explanation r;
	if (!core_explain(core, device, control, &e))
		return NULL;
	struct json_object *o = json_object_new_object(), *rules = json_object_new_array();
	put_permission(o, &e);
	tell_put(o, "waits_for", e.waits[0] ? e.waits : NULL);
	put_age(o, "resumes_within_ms", e.permission.suspended, e.resume_left_ms);
	json_object_object_add(o, "confirmed_by", tell_value(core, device, e.confirmed.metric));
	json_object_object_add(o, "limits", caps_array(&e));
	tell_put_bool(o, "timer_proved", core_timer_proved(core, device, control));
	put_age(o, "timer_proved_ago_ms", e.tested, e.tested_ago_ms);
	tell_put_bool(o, "test_first", e.test_first);
	put_age(o, "test_ms", e.test_ms > 0, e.test_ms);
	json_object_object_add(o, "latches", latches_of(core, false, device, control));
	for (size_t i = 0; core_explain_rule(core, device, control, i, &r); i++)
		json_object_array_add(rules, rule_object(core, &r));
	json_object_object_add(o, "rules", rules);
	return o;
}

struct json_object *tell_device(const struct core *core, uint16_t device)
{
	struct json_object *o = json_object_new_object(), *metrics = json_object_new_array(),
			   *controls = json_object_new_array();
	uint64_t until_ms = 0, now_ms = core_now_ms(core);
	bool parked = core_parked(core, device, &until_ms);
	tell_put(o, "device", core_device_id(core, device));
	tell_put(o, "kind", core_device_kind(core, device));
	tell_put_bool(o, "present", core_present(core, device));
	tell_put_bool(o, "heard", core_heard(core, device));
	tell_put_bool(o, "parked", parked);
	put_age(o, "parked_left_ms", parked, until_ms > now_ms ? until_ms - now_ms : 0);
	for (size_t m = 0; m < core_n_metrics(core, device); m++)
		json_object_array_add(metrics, tell_value(core, device, (uint16_t)m));
	struct json_object *control;
	for (uint16_t c = 0; (control = tell_control(core, device, c)); c++)
		json_object_array_add(controls, control);
	json_object_object_add(o, "metrics", metrics);
	json_object_object_add(o, "controls", controls);
	return o;
}
