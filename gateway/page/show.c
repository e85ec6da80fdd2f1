/* SPDX-License-Identifier: Apache-2.0 */
#include "page/show.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>

#include "base/str.h"
#include "base/words.h"
#include "core/explanation.h"
#include "tell/tell.h"

static void put_moment(struct json_object *o, const char *key, bool known, uint64_t at_ms)
{
	if (known)
		tell_put_count(o, key, at_ms);
	else
		tell_put(o, key, NULL);
}

/* A number for people: in their unit, with as many decimals as say something. */
static void put_figure(const struct show *show, struct json_object *o, double value, enum therapy_unit unit,
		       unsigned decimals)
{
	const struct unit_view view = unit_view(show->units, unit);
	char text[48];
	struct str s;
	str_init(&s, text, sizeof text);
	str_add(&s, "%.*f", (int)(decimals + view.finer), unit_view_shown(&view, value));
	tell_put(o, "text", text);
	tell_put(o, "symbol", view.symbol);
}

static struct page_label label_of(const struct show *show, enum page_thing thing, uint16_t device, uint16_t index)
{
	struct page_label label = {0};
	show->label(show->user, thing, device, index, &label);
	return label;
}

/* ---- readings ---- */

static struct json_object *metric_object(const struct show *show, const struct core *core, uint16_t device,
					 uint16_t metric)
{
	enum therapy_unit unit = THERAPY_UNIT_ONE;
	size_t size = 0;
	struct json_object *o = json_object_new_object();
	const char *key = core_metric_key(core, device, metric, &unit);
	const struct core_reading r = core_value(core, device, metric);
	const struct page_label label = label_of(show, PAGE_METRIC, device, metric);
	bool known = r.quality == THERAPY_GOOD;
	const char *word = known ? core_metric_word(core, device, metric, r.value, &size) : NULL;
	tell_put(o, "metric", key);
	tell_put(o, "name", label.name ? language_say(show->language, label.name) : key);
	tell_put(o, "quality", tell_quality(r.quality));
	tell_put_bool(o, "minor", label.minor);
	tell_put_bool(o, "switch", unit == THERAPY_UNIT_BOOL && !word);
	put_moment(o, "at_ms", r.stamp_ms != 0, r.stamp_ms);
	if (known) {
		put_figure(show, o, r.value, unit, label.decimals);
		tell_put_number(o, "value", r.value);
	}
	if (word)
		json_object_object_add(o, "text", json_object_new_string_len(word, (int)size));
	return o;
}

/* ---- controls ---- */

static struct json_object *rule_object(const struct core *core, const struct core_rule_explanation *r)
{
	static const char *const states[] = {[CORE_RULE_ARMED] = "armed",
					     [CORE_RULE_GRACE] = "grace",
					     [CORE_RULE_PAUSED] = "paused",
					     [CORE_RULE_TRIPPED] = "tripped",
					     [CORE_RULE_LATCHED] = "latched"};
	struct json_object *o = json_object_new_object();
	tell_put(o, "rule", r->id);
	tell_put(o, "state", states[r->state]);
	tell_put(o, "why", r->why);
	tell_put(o, "because", r->because);
	tell_put(o, "rearms", r->rearms ? r->rearms : r->only_while);
	put_moment(o, "rearms_at_ms", r->state == CORE_RULE_TRIPPED && r->waits, core_now_ms(core) + r->rearm_in_ms);
	return o;
}

/* What forbids comes first; what permits is not told. */
static struct json_object *rules_array(const struct core *core, uint16_t device, uint16_t control)
{
	struct json_object *list = json_object_new_array();
	struct core_rule_explanation r;
	for (size_t i = 0; core_explain_rule(core, device, control, i, &r) && r.state != CORE_RULE_ARMED; i++)
		json_object_array_add(list, rule_object(core, &r));
	return list;
}

/* How it is asked for. */
static void put_ways(struct json_object *o, const struct page_label *label)
{
	struct json_object *words = label->words ? json_object_new_array() : NULL;
	size_t size;
	const char *word;
	for (size_t i = 0; words && (word = words_of(label->words, (double)i, &size)); i++)
		json_object_array_add(words, json_object_new_string_len(word, (int)size));
	tell_put_bool(o, "number", label->number);
	tell_put_bool(o, "only_cuts", label->only_cuts);
	tell_put_bool(o, "has_timer", label->has_timer);
	tell_put_number(o, "least", label->least);
	tell_put_number(o, "most", label->most);
	tell_put_number(o, "step", label->step);
	json_object_object_add(o, "words", words);
}

/* How long it may still go on by the rules that bound a time: the earliest moment at which one ends it. What counts
 * over a window (20 minutes of the last 40) may end later. */
static void put_time_left(const struct core *core, uint16_t device, uint16_t control, bool granted,
			  struct json_object *o)
{
	struct core_rule_explanation r;
	double left_s = HUGE_VAL;
	for (size_t i = 0; granted && core_explain_rule(core, device, control, i, &r); i++)
		for (size_t s = 0; s < r.n_seen; s++) {
			const struct core_seen *seen = &r.seen[s];
			bool bounds = seen->unit == THERAPY_UNIT_SECOND && seen->has_figure && seen->read &&
				      !seen->negated && seen->must[0] == '<';
			if (bounds && seen->figure - seen->value < left_s)
				left_s = seen->figure - seen->value;
		}
	bool known = left_s < 7 * 24 * 3600;
	/* To the second: else the text were another with every reading. */
	uint64_t left_ms = known && left_s > 0 ? (uint64_t)left_s * 1000 : 0;
	put_moment(o, "ends_at_ms", known, (core_now_ms(core) + left_ms + 500) / 1000 * 1000);
}

static struct json_object *control_object(const struct show *show, const struct core *core, uint16_t device,
					  uint16_t control)
{
	struct core_explanation e;
	struct json_object *o = tell_control(core, device, control);
	if (!o || !core_explain(core, device, control, &e))
		return o;
	const struct page_label label = label_of(show, PAGE_CONTROL, device, control);
	const struct core_permission *p = &e.permission;
	tell_put(o, "name", label.name ? language_say(show->language, label.name) : e.control);
	put_ways(o, &label);
	put_figure(show, o, p->value, e.unit, label.decimals);
	put_time_left(core, device, control, p->granted, o);
	tell_put(o, "waits_for", e.waits[0] ? e.waits : NULL);
	put_moment(o, "resumes_by_ms", p->suspended, core_now_ms(core) + e.resume_left_ms);
	json_object_object_add(o, "rules", rules_array(core, device, control));
	return o;
}

/* ---- whole things ---- */

char *show_device(const struct show *show, const struct core *core, uint16_t device)
{
	struct json_object *o = json_object_new_object(), *metrics = json_object_new_array(),
			   *controls = json_object_new_array(), *control;
	uint64_t until_ms = 0;
	const struct page_label label = label_of(show, PAGE_DEVICE, device, 0);
	const char *id = core_device_id(core, device);
	tell_put(o, "device", id);
	tell_put(o, "kind", core_device_kind(core, device));
	tell_put_bool(o, "ours", label.name == NULL);
	tell_put(o, "adjusts", label.adjusts);
	tell_put(o, "name", label.name ? label.name : id);
	tell_put_bool(o, "present", core_present(core, device));
	tell_put_bool(o, "parked", core_parked(core, device, &until_ms));
	for (size_t m = 0; m < core_n_metrics(core, device); m++)
		json_object_array_add(metrics, metric_object(show, core, device, (uint16_t)m));
	for (uint16_t c = 0; (control = control_object(show, core, device, c)); c++)
		json_object_array_add(controls, control);
	json_object_object_add(o, "metrics", metrics);
	json_object_object_add(o, "controls", controls);
	return tell_text(o);
}

static struct json_object *latches_array(const struct core *core)
{
	struct json_object *list = json_object_new_array();
	struct core_latch l;
	for (size_t n = 0; core_latch(core, n, &l); n++) {
		struct json_object *o = json_object_new_object();
		tell_put(o, "why", l.why);
		tell_put(o, "rule", l.rule);
		tell_put_bool(o, "resettable", l.resettable);
		put_moment(o, "since_ms", true, l.since_ms);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *alarms_array(const struct core *core)
{
	struct json_object *list = json_object_new_array();
	struct core_alarm a;
	for (size_t i = 0; i < core_n_rules(core); i++) {
		if (!core_alarm(core, i, &a) || a.state != CORE_ALARM_RAISED)
			continue;
		struct json_object *o = json_object_new_object();
		tell_put(o, "why", a.why);
		tell_put(o, "rule", a.rule);
		tell_put(o, "priority", tell_priority(a.priority));
		put_moment(o, "since_ms", true, a.since_ms);
		json_object_array_add(list, o);
	}
	return list;
}

char *show_home(const struct core *core, const struct show_facts *facts)
{
	char latched[SHOW_LATCHED_MAX];
	struct json_object *o = json_object_new_object();
	show_latched(core, latched);
	tell_put(o, "gateway", facts->gateway_id);
	tell_put(o, "version", facts->version);
	if (facts->connected < 0)
		tell_put(o, "connected", NULL);
	else
		tell_put_bool(o, "connected", facts->connected > 0);
	tell_put_bool(o, "asks_presence", facts->asks_presence);
	tell_put_bool(o, "sounding", core_sounds(core));
	tell_put(o, "latched", latched);
	json_object_object_add(o, "latches", latches_array(core));
	json_object_object_add(o, "alarms", alarms_array(core));
	return tell_text(o);
}

/* FNV-1a: nobody gains by two sets with one sum. */
static uint64_t mix(uint64_t sum, uint64_t fact)
{
	for (int i = 0; i < 8; i++, fact >>= 8)
		sum = (sum ^ (fact & 0xff)) * UINT64_C(1099511628211);
	return sum;
}

void show_latched(const struct core *core, char out[SHOW_LATCHED_MAX])
{
	uint64_t sum = UINT64_C(14695981039346656037);
	struct core_latch l;
	struct str s;
	size_t n = 0;
	for (; core_latch(core, n, &l); n++) {
		sum = mix(mix(mix(mix(sum, (uint64_t)l.type), l.device), l.control), l.since_ms);
		for (const char *c = l.rule; c && *c; c++)
			sum = mix(sum, (uint8_t)*c);
	}
	str_init(&s, out, SHOW_LATCHED_MAX);
	if (n > 0)
		str_add(&s, "%016" PRIx64, sum);
}

struct json_object *show_event(const uint8_t *bytes, size_t size)
{
	struct json_object *all = tell_event(bytes, size), *o = all ? json_object_new_object() : NULL, *part;
	static const char *const kept[] = {"sequence",          "event", "device",       "control", "rule",
					   "priority",          "text",  "monotonic_ms", "boot_id", "wall_unix_ms",
					   "wall_clock_trusted"};
	for (size_t i = 0; o && i < sizeof kept / sizeof *kept; i++)
		if (json_object_object_get_ex(all, kept[i], &part))
			json_object_object_add(o, kept[i], json_object_get(part));
	json_object_put(all);
	return o;
}
