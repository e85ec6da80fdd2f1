/* SPDX-License-Identifier: Apache-2.0 */
#include "base/words.h"
#include "core/inside.h"

#define EXPRESSION_SHOWN 90 /* characters of an expression within a sentence */

static void add_time(struct str *s, uint64_t ms)
{
	if (ms < 100)
		str_add(s, "%u ms", (unsigned)ms);
	else if (ms < 60000) {
		str_add_number(s, (double)ms / 1e3, 1);
		str_add(s, " s");
	} else if (ms < 120 * 60000u) {
		str_add_number(s, (double)ms / 60e3, 1);
		str_add(s, " min");
	} else {
		str_add_number(s, (double)ms / 3600e3, 1);
		str_add(s, " h");
	}
}

void explain_time(struct str *s, uint64_t ms)
{
	add_time(s, ms);
}

/* An age that is over what is allowed, so that it reads as more than that. */
static void add_excess(struct str *s, uint64_t ms, uint64_t allowed_ms)
{
	if (ms - allowed_ms >= 100 || ms >= 60000) {
		add_time(s, ms);
		return;
	}
	str_add_number(s, (double)ms / 1e3, 3);
	str_add(s, " s");
}

static void add_value(struct str *s, double value, double limit, enum therapy_unit unit)
{
	str_add_number(s, value,
		       fabs(value - limit) < 0.01 ? 6 : 2); /* "10 deg, must be <= 10 deg" would help nobody */
	if (unit_text(unit)[0])
		str_add(s, " %s", unit_text(unit));
}

/* Where and since when a sentence looks. */
struct view {
	const struct core *core;
	const struct logic_cause *cause;
	uint64_t at_ms; /* when the cause was so */
	bool past;
};

/* ", must be <= 10 deg"; of a limit also which figure that is now. */
static void add_must(struct str *s, const struct view *v, const struct node *leaf)
{
	int size;
	const char *text = logic_written(&v->core->logic, leaf, &size);
	bool word = size > 3 && memcmp(text, "is ", 3) == 0;
	str_add(s, ", must %sbe %.*s", v->cause->negated ? "not " : "", word ? size - 3 : size, word ? text + 3 : text);
	if (leaf->slot == LOGIC_NONE)
		return;
	str_add(s, " (");
	str_add_number(s, leaf->limit, 3);
	enum therapy_unit unit = v->core->home.metrics[leaf->metric].unit;
	str_add(s, "%s%s)", unit_text(unit)[0] ? " " : "", unit_text(unit));
}

static void add_reading(struct str *s, double value, const struct node *leaf, const struct home_metric *m)
{
	size_t size;
	const char *word = words_of(m->words, value, &size);
	if (word)
		str_add(s, "%.*s", (int)size, word);
	else
		add_value(s, value, leaf->limit, m->unit);
}

/* The device is parked, or the limit has no figure: the reading is not to blame. */
static bool describe_other(struct str *s, const struct view *v, const struct node *leaf)
{
	const struct core *core = v->core;
	const struct home_metric *m = &core->home.metrics[leaf->metric];
	const char *device = core->home.devices[m->device].id;
	if (leaf->parked)
		str_add(s, "%s is parked, and %s.%s would have to be known", device, device, m->key);
	else if (leaf->op == NODE_COMPARE && isnan(leaf->limit))
		str_add(s, "limit.%s is not given for %s: set it in `limits` of the configuration",
			core->limits.items[core->limits.slots[leaf->slot].limit].id, device);
	else
		return false;
	return true;
}

static void describe_lost(struct str *s, const struct core *core, uint32_t metric)
{
	const struct derived *d = derived_find_lost(core, metric);
	if (!d)
		return;
	str_add(s, ": what was before the memory was lost still counts, ");
	add_time(s, d->lost_ms == UINT64_MAX ? d->gap_ms : d->lost_ms - core->now_ms);
	str_add(s, d->lost_ms == UINT64_MAX ? " of a pause are to be seen" : " to go");
}

static void describe_reading(struct str *s, const struct view *v, const struct node *leaf)
{
	const struct core *core = v->core;
	const struct home_metric *m = &core->home.metrics[leaf->metric];
	const struct value *r = &v->cause->reading;
	const char *is = v->past ? "was" : "is";
	if (describe_other(s, v, leaf))
		return;
	str_add(s, "%s.%s ", core->home.devices[m->device].id, m->key);
	uint64_t age = value_age(r, v->at_ms);
	if (!r->seen) {
		str_add(s, "%s not been read yet", v->past ? "had" : "has");
	} else if (!value_fresh(r, v->at_ms, leaf->max_age_ms)) {
		str_add(s, "%s unknown: its last reading %s ", is, is);
		add_excess(s, age, leaf->max_age_ms);
		str_add(s, " old, at most ");
		add_time(s, leaf->max_age_ms);
		str_add(s, " is allowed");
		return;
	} else if (r->quality == THERAPY_UNKNOWN) {
		str_add(s, "%s unknown%s", is, core->presence[m->device].present ? "" : ": the device is not there");
		if (!v->past)
			describe_lost(s, core, leaf->metric);
	} else if (r->quality == THERAPY_ERROR) {
		str_add(s, "%s implausible", is);
	} else {
		str_add(s, "%s ", is);
		add_reading(s, r->value, leaf, m);
		if (!v->past) {
			str_add(s, " (");
			add_time(s, age);
			str_add(s, " old)");
		}
	}
	add_must(s, v, leaf);
}

static void describe_control(struct str *s, const struct view *v, const struct node *leaf, enum truth value)
{
	const char *must = v->cause->negated ? "off" : "on";
	str_add(s, "%s.%s ", control_device(v->core, leaf->control), control_key(v->core, leaf->control));
	if (value == TRUTH_UNKNOWN || value == TRUTH_ERROR)
		str_add(s, "%s not known to be %s", v->past ? "was" : "is", must);
	else
		str_add(s, "%s %s, must be %s", v->past ? "was" : "is", v->cause->negated ? "on" : "off", must);
}

static void describe_leaf(struct str *s, const struct view *v, enum truth value)
{
	const struct core *core = v->core;
	const struct node *leaf = &core->logic.nodes[v->cause->node];
	if (leaf->op == NODE_COMPARE)
		describe_reading(s, v, leaf);
	else if (leaf->op == NODE_ON)
		describe_control(s, v, leaf, value);
	else if (leaf->op == NODE_UNSEEN && leaf->unseen == LOGIC_NONE)
		str_add(s, "%s is owned but has no sensor (owned_unmonitored)", core->home.unmonitored[leaf->kind]);
	else if (leaf->op == NODE_UNSEEN)
		str_add(s, "%s cannot tell what is asked", core->home.devices[leaf->unseen].id);
	else
		str_add(s, "the condition is never true");
}

static void add_ago(struct str *s, const struct view *v)
{
	int64_t ms = (int64_t)v->core->now_ms - v->cause->until_ms;
	if (ms <= 0)
		return;
	str_add(s, ", ");
	add_time(s, (uint64_t)ms);
	str_add(s, " ago");
}

/* What a window still remembers, and for how long. `value`: what the window is because of it. */
static void describe_window(struct str *s, const struct view *v, enum truth value)
{
	const struct core *core = v->core;
	const struct window *w = &core->logic.windows[core->logic.nodes[v->cause->window].window];
	uint64_t ends = timers_since(v->cause->until_ms, w->duration_ms);
	if (v->cause->recalled) {
		str_add(s, "the condition was %s before the gateway started or read its rules anew",
			value == TRUTH_FALSE ? "not met" : "not known to be met");
		add_ago(s, v);
	} else if (v->cause->node == LOGIC_NONE) {
		str_add(s, "nothing is known of the time before the gateway started");
	} else {
		describe_leaf(s, v, value);
		add_ago(s, v);
	}
	str_add(s, ", and that must hold for ");
	add_time(s, w->duration_ms);
	if (ends > core->now_ms) {
		str_add(s, ": ");
		add_time(s, ends - core->now_ms);
		str_add(s, " to go");
	}
}

static void describe(struct str *s, const struct core *core, const struct logic_cause *cause, enum truth value,
		     bool past)
{
	struct view v = {core, cause, cause->at_ms, past || cause->window != LOGIC_NONE};
	if (cause->window != LOGIC_NONE)
		describe_window(s, &v, value);
	else if (cause->node == LOGIC_NONE)
		str_add(s, "%s",
			cause->recalled ? "it tripped before the gateway started or read its rules anew"
					: "nothing is known yet");
	else
		describe_leaf(s, &v, value);
}

static void add_rule(struct str *s, const struct rule *rule)
{
	str_add(s, " (rule %s)", rule->id);
}

static void describe_blind(struct str *s, const struct core *core, const struct rule *rule)
{
	str_add(s, "%s cannot tell what this rule asks of it", core->home.devices[rule->blind].id);
}

struct core_cause explain_cause(const struct core *core, const struct logic_cause *cause)
{
	struct core_cause out = {.device = CORE_NO_DEVICE};
	if (cause->node == LOGIC_NONE)
		return out;
	const struct node *leaf = &core->logic.nodes[cause->node];
	if (leaf->op != NODE_COMPARE && leaf->op != NODE_ON)
		return out;
	const struct home_metric *m = &core->home.metrics[leaf->metric];
	out.device = m->device;
	out.metric = (uint16_t)(leaf->metric - core->home.devices[m->device].first_metric);
	out.quality = value_quality(&cause->reading, cause->at_ms, leaf->max_age_ms);
	out.value = cause->reading.value;
	out.stamp_ms = cause->reading.stamp_ms;
	return out;
}

void explain_first_out(const struct core *core, uint32_t index, char why[CORE_WHY_MAX])
{
	const struct rule *rule = &core->rules[index];
	struct str s;
	str_init(&s, why, CORE_WHY_MAX);
	/* A pause is told with TRUTH_UNKNOWN, a trip with FALSE: which one only matters to sentences about controls. */
	describe(&s, core, &rule->cause, rule->state == RULE_PAUSED ? TRUTH_UNKNOWN : TRUTH_FALSE, true);
	add_rule(&s, rule);
}

static void add_rearming(struct str *s, const struct core *core, const struct rule *rule)
{
	uint32_t text = rule->texts[rule->texts[TEXT_REARMS] == NONE ? TEXT_ONLY_WHILE : TEXT_REARMS];
	const char *expression = core->logic.texts[text].text;
	if (rule->latched && rule_resettable(core, (uint32_t)(rule - core->rules))) {
		str_add(s, "; latched: look at it, then reset it");
		return;
	}
	bool cut = strlen(expression) > EXPRESSION_SHOWN;
	str_add(s, "; %s when %.*s%s", rule->latched ? "latched, can be reset" : "armed again",
		cut ? EXPRESSION_SHOWN - 3 : EXPRESSION_SHOWN, expression, cut ? "..." : "");
	uint64_t earliest = logic_earliest(&core->logic, text, core->now_ms);
	if (earliest > core->now_ms) {
		str_add(s, ", in ");
		add_time(s, earliest - core->now_ms);
		str_add(s, " at the earliest");
	}
}

void explain_rule(const struct core *core, uint32_t index, struct core_cause *cause, char why[CORE_WHY_MAX])
{
	const struct rule *rule = &core->rules[index];
	struct str s;
	str_init(&s, why, CORE_WHY_MAX);
	struct logic_cause now = rule->cause;
	uint32_t text = NONE;
	for (unsigned which = TEXT_ONLY_WHILE; which <= TEXT_HARD && text == NONE; which++)
		if (rule->texts[which] != NONE && logic_value(&core->logic, rule->texts[which]) != TRUTH_TRUE)
			text = rule->texts[which];
	if (text != NONE) {
		now = logic_cause(&core->logic, text, core->now_ms);
		describe(&s, core, &now, logic_value(&core->logic, text), false);
	} else if (rule->blind != NONE) {
		describe_blind(&s, core, rule);
		now.node = LOGIC_NONE;
	} else {
		describe(&s, core, &now, TRUTH_FALSE, true);
		str_add(&s, ", ");
		add_time(&s, core->now_ms - rule->cause_ms);
		str_add(&s, " ago");
	}
	add_rule(&s, rule);
	if (rule->state == RULE_TRIPPED)
		add_rearming(&s, core, rule);
	*cause = explain_cause(core, &now);
}

bool explain_not_ready(const struct core *core, uint32_t control, char why[CORE_WHY_MAX])
{
	const char *device = control_device(core, control), *key = control_key(core, control);
	struct str s;
	str_init(&s, why, CORE_WHY_MAX);
	if (!core->presence[core->home.controls[control].device].present) {
		str_add(&s, "%s is not there", device);
		return true;
	}
	if (core->switches[control].granted)
		return false;
	switch ((enum core_phase)core->switches[control].phase) {
	case CORE_PHASE_AT_REST:
		return false;
	case CORE_PHASE_UNKNOWN:
		str_add(&s, "no reading has confirmed yet that %s.%s is at rest", device, key);
		break;
	case CORE_PHASE_COMING_TO_REST:
		str_add(&s, "%s.%s is coming to rest", device, key);
		break;
	case CORE_PHASE_ENERGISED:
	case CORE_PHASE_CONFIRMED_ON:
		str_add(&s, "%s.%s is on though the gateway did not grant it: it must come to rest first", device, key);
		break;
	}
	return true;
}

/* A trip says more than a violation that may pass, and that more than a reading that is missing. */
static uint32_t forbidding_rule(const struct core *core, const struct control *control)
{
	uint32_t found = NONE;
	static const unsigned weight[] = {[RULE_ARMED] = 0, [RULE_PAUSED] = 1, [RULE_GRACE] = 2, [RULE_TRIPPED] = 3};
	for (uint32_t i = 0; i < control->n_rules; i++) {
		enum rule_state state = core->rules[control->rules[i]].state;
		if (state != RULE_ARMED && (found == NONE || weight[state] > weight[core->rules[found].state]))
			found = control->rules[i];
	}
	return found;
}

uint32_t explain_refusal(const struct core *core, uint32_t control, struct core_cause *cause, char why[CORE_WHY_MAX])
{
	const struct control *c = &core->controls[control];
	*cause = (struct core_cause){.device = CORE_NO_DEVICE};
	if (latch_forbids(core, control, why) || (core->memory.lost && memory_refuses(core, why)))
		return NONE;
	uint32_t rule = forbidding_rule(core, c);
	if (rule != NONE) {
		explain_rule(core, rule, cause, why);
		return rule;
	}
	struct str s;
	str_init(&s, why, CORE_WHY_MAX);
	if (memory_refuses(core, why))
		return NONE;
	if (!control_governed(core, control))
		str_add(&s, "no rule governs %s.%s: what nothing guards stays off", control_device(core, control),
			control_key(core, control));
	else if (figure_blocking(core, control) != NONE)
		figure_describe(core, control, figure_blocking(core, control), core->home.controls[control].min, why);
	else if (!explain_not_ready(core, control, why) && !proof_missing(core, control, why))
		str_add(&s, "permitted");
	return NONE;
}
