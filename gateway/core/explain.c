/* SPDX-License-Identifier: Apache-2.0 */
#include "base/words.h"
#include "core/inside.h"

#define EXPRESSION_SHOWN 90 /* characters of an expression within a sentence */
#define BOUND_SHOWN      192u

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

const char *explain_time_text(uint64_t ms, char buffer[EXPLAIN_TIME_MAX])
{
	struct str s;
	str_init(&s, buffer, EXPLAIN_TIME_MAX);
	add_time(&s, ms);
	return buffer;
}

void explain_sayv(char why[CORE_WHY_MAX], const char *format, va_list args)
{
	char text[CORE_WHY_MAX * 4];
	struct str s, whole;
	str_init(&whole, text, sizeof text);
	str_addv(&whole, format, args);
	str_init(&s, why, CORE_WHY_MAX);
	str_add_cut(&s, text);
}

void explain_say(char why[CORE_WHY_MAX], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	explain_sayv(why, format, args);
	va_end(args);
}

/* An age that is over what is allowed, so that it reads as more than that. */
static const char *excess(uint64_t ms, uint64_t allowed_ms, char buffer[EXPLAIN_TIME_MAX])
{
	struct str s;
	if (ms - allowed_ms >= 100 || ms >= 60000)
		return explain_time_text(ms, buffer);
	str_init(&s, buffer, EXPLAIN_TIME_MAX);
	str_add_number(&s, (double)ms / 1e3, 3);
	str_add(&s, " s");
	return buffer;
}

const char *explain_amount(const struct core *core, double value, enum therapy_unit unit, unsigned decimals,
			   char buffer[EXPLAIN_AMOUNT_MAX])
{
	struct unit_view view = unit_view(core->units, unit);
	struct str s;
	str_init(&s, buffer, EXPLAIN_AMOUNT_MAX);
	str_add_number(&s, unit_view_shown(&view, value), decimals);
	str_add(&s, "%s%s", view.text[0] ? " " : "", view.text);
	return buffer;
}

/* Where and since when a sentence looks. */
struct view {
	const struct core *core;
	const struct logic_cause *cause;
	uint64_t at_ms; /* when the cause was so */
	bool past;
};

/* "<= 10 deg" as it is written, but in the units that people are shown. */
static void add_bound(struct str *s, const struct core *core, const struct node *leaf, enum therapy_unit unit)
{
	int size;
	char amount[EXPLAIN_AMOUNT_MAX];
	const char *text = logic_written(&core->logic, leaf, &size);
	bool word = size > 3 && memcmp(text, "is ", 3) == 0;
	size_t op = word ? 0 : strspn(text, "<>= ");
	struct unit_view view = unit_view(core->units, unit);
	bool other = strcmp(view.text, unit_text(unit)) != 0 && op > 0 && (int)op < size && !isnan(leaf->limit);
	if (leaf->slot == LOGIC_NONE && other)
		str_add(s, "%.*s%s", (int)op, text, explain_amount(core, leaf->limit, unit, 2, amount));
	else
		str_add(s, "%.*s", word ? size - 3 : size, word ? text + 3 : text);
	if (leaf->slot != LOGIC_NONE) /* which figure that is now */
		str_add(s, " (%s)", explain_amount(core, leaf->limit, unit, 3, amount));
}

/* ", must be <= 10 deg" */
static void add_must(struct str *s, const struct view *v, const struct node *leaf)
{
	char bound[BOUND_SHOWN];
	struct str b;
	str_init(&b, bound, sizeof bound);
	add_bound(&b, v->core, leaf, v->core->home.metrics[leaf->metric].unit);
	if (v->cause->negated)
		str_add(s, SAY(v->core, ", must not be %s"), bound);
	else
		str_add(s, SAY(v->core, ", must be %s"), bound);
}

static const char *reading(const struct core *core, double value, const struct node *leaf, const struct home_metric *m,
			   char buffer[EXPLAIN_AMOUNT_MAX])
{
	size_t size;
	struct str s;
	const char *word = words_of(m->words, value, &size);
	if (!word) /* "10 deg, must be <= 10 deg" would help nobody */
		return explain_amount(core, value, m->unit, fabs(value - leaf->limit) < 0.01 ? 6 : 2, buffer);
	str_init(&s, buffer, EXPLAIN_AMOUNT_MAX);
	str_add(&s, "%.*s", (int)size, word);
	return buffer;
}

/* The device is parked, or the limit has no figure: the reading is not to blame. */
static bool describe_other(struct str *s, const struct view *v, const struct node *leaf)
{
	const struct core *core = v->core;
	const struct home_metric *m = &core->home.metrics[leaf->metric];
	const char *device = core->home.devices[m->device].id;
	if (leaf->parked)
		str_add(s, SAY(core, "%s is parked, and %s.%s would have to be known"), device, device, m->key);
	else if (leaf->op == NODE_COMPARE && isnan(leaf->limit))
		str_add(s, SAY(core, "limit.%s is not given for %s: set it in `limits` of the configuration"),
			core->limits.items[core->limits.slots[leaf->slot].limit].id, device);
	else
		return false;
	return true;
}

static void describe_lost(struct str *s, const struct core *core, uint32_t metric)
{
	char time[EXPLAIN_TIME_MAX];
	const struct derived *d = derived_find_lost(core, metric);
	if (!d)
		return;
	if (d->lost_ms == UINT64_MAX)
		str_add(s,
			SAY(core, ": what was before the memory was lost still counts, %s of a pause are to be seen"),
			explain_time_text(d->gap_ms, time));
	else
		str_add(s, SAY(core, ": what was before the memory was lost still counts, %s to go"),
			explain_time_text(d->lost_ms - core->now_ms, time));
}

static void describe_stale(struct str *s, const struct view *v, const struct node *leaf)
{
	const struct core *core = v->core;
	const struct home_metric *m = &core->home.metrics[leaf->metric];
	char age[EXPLAIN_TIME_MAX], most[EXPLAIN_TIME_MAX];
	excess(value_age(&v->cause->reading, v->at_ms), leaf->max_age_ms, age);
	explain_time_text(leaf->max_age_ms, most);
	str_add(s,
		v->past ? SAY(core, "%s.%s was unknown: its last reading was %s old, at most %s is allowed")
			: SAY(core, "%s.%s is unknown: its last reading is %s old, at most %s is allowed"),
		core->home.devices[m->device].id, m->key, age, most);
}

static void describe_reading(struct str *s, const struct view *v, const struct node *leaf)
{
	const struct core *core = v->core;
	const struct home_metric *m = &core->home.metrics[leaf->metric];
	const struct value *r = &v->cause->reading;
	const char *device = core->home.devices[m->device].id;
	char time[EXPLAIN_TIME_MAX], amount[EXPLAIN_AMOUNT_MAX];
	if (describe_other(s, v, leaf))
		return;
	if (!r->seen) {
		str_add(s,
			v->past ? SAY(core, "%s.%s had not been read yet") : SAY(core, "%s.%s has not been read yet"),
			device, m->key);
	} else if (!value_fresh(r, v->at_ms, leaf->max_age_ms)) {
		describe_stale(s, v, leaf);
		return;
	} else if (r->quality == THERAPY_UNKNOWN) {
		str_add(s, v->past ? SAY(core, "%s.%s was unknown") : SAY(core, "%s.%s is unknown"), device, m->key);
		if (!core->presence[m->device].present)
			str_add(s, "%s", SAY(core, ": the device is not there"));
		if (!v->past)
			describe_lost(s, core, leaf->metric);
	} else if (r->quality == THERAPY_ERROR) {
		str_add(s, v->past ? SAY(core, "%s.%s was implausible") : SAY(core, "%s.%s is implausible"), device,
			m->key);
	} else if (v->past) {
		str_add(s, SAY(core, "%s.%s was %s"), device, m->key, reading(core, r->value, leaf, m, amount));
	} else {
		str_add(s, SAY(core, "%s.%s is %s (%s old)"), device, m->key, reading(core, r->value, leaf, m, amount),
			explain_time_text(value_age(r, v->at_ms), time));
	}
	add_must(s, v, leaf);
}

static void describe_control(struct str *s, const struct view *v, const struct node *leaf, enum truth value)
{
	const struct core *core = v->core;
	const char *device = control_device(core, leaf->control), *key = control_key(core, leaf->control);
	bool known = value != TRUTH_UNKNOWN && value != TRUTH_ERROR;
	if (known && v->cause->negated)
		str_add(s, v->past ? SAY(core, "%s.%s was on, must be off") : SAY(core, "%s.%s is on, must be off"),
			device, key);
	else if (known)
		str_add(s, v->past ? SAY(core, "%s.%s was off, must be on") : SAY(core, "%s.%s is off, must be on"),
			device, key);
	else if (v->cause->negated)
		str_add(
		    s, v->past ? SAY(core, "%s.%s was not known to be off") : SAY(core, "%s.%s is not known to be off"),
		    device, key);
	else
		str_add(s,
			v->past ? SAY(core, "%s.%s was not known to be on") : SAY(core, "%s.%s is not known to be on"),
			device, key);
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
		str_add(s, SAY(core, "%s is owned but has no sensor (owned_unmonitored)"),
			core->home.unmonitored[leaf->kind]);
	else if (leaf->op == NODE_UNSEEN)
		str_add(s, SAY(core, "%s cannot tell what is asked"), core->home.devices[leaf->unseen].id);
	else
		str_add(s, "%s", SAY(core, "the condition is never true"));
}

static void add_ago(struct str *s, const struct view *v)
{
	char time[EXPLAIN_TIME_MAX];
	int64_t ms = (int64_t)v->core->now_ms - v->cause->until_ms;
	if (ms > 0)
		str_add(s, SAY(v->core, ", %s ago"), explain_time_text((uint64_t)ms, time));
}

/* What a window still remembers, and for how long. `value`: what the window is because of it. */
static void describe_window(struct str *s, const struct view *v, enum truth value)
{
	const struct core *core = v->core;
	const struct window *w = &core->logic.windows[core->logic.nodes[v->cause->window].window];
	uint64_t ends = timers_since(v->cause->until_ms, w->duration_ms);
	char time[EXPLAIN_TIME_MAX];
	if (v->cause->recalled) {
		str_add(s, "%s",
			value == TRUTH_FALSE
			    ? SAY(core, "the condition was not met before the gateway started or read its rules anew")
			    : SAY(core, "the condition was not known to be met before the gateway started or read its "
					"rules anew"));
		add_ago(s, v);
	} else if (v->cause->node == LOGIC_NONE) {
		str_add(s, "%s", SAY(core, "nothing is known of the time before the gateway started"));
	} else {
		describe_leaf(s, v, value);
		add_ago(s, v);
	}
	str_add(s, SAY(core, ", and that must hold for %s"), explain_time_text(w->duration_ms, time));
	if (ends > core->now_ms)
		str_add(s, SAY(core, ": %s to go"), explain_time_text(ends - core->now_ms, time));
}

static void describe(struct str *s, const struct core *core, const struct logic_cause *cause, enum truth value,
		     bool past)
{
	struct view v = {core, cause, cause->at_ms, past || cause->window != LOGIC_NONE};
	if (cause->window != LOGIC_NONE)
		describe_window(s, &v, value);
	else if (cause->node == LOGIC_NONE)
		str_add(s, "%s",
			cause->recalled ? SAY(core, "it tripped before the gateway started or read its rules anew")
					: SAY(core, "nothing is known yet"));
	else
		describe_leaf(s, &v, value);
}

static void add_rule(struct str *s, const struct core *core, const struct rule *rule)
{
	str_add(s, SAY(core, " (rule %s)"), rule->id);
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
	add_rule(&s, core, rule);
}

static void add_rearming(struct str *s, const struct core *core, const struct rule *rule)
{
	uint32_t text = rule->texts[rule->texts[TEXT_REARMS] == NONE ? TEXT_ONLY_WHILE : TEXT_REARMS];
	const char *expression = core->logic.texts[text].text;
	char time[EXPLAIN_TIME_MAX];
	if (rule->latched && rule_resettable(core, (uint32_t)(rule - core->rules))) {
		str_add(s, "%s", SAY(core, "; latched: look at it, then reset it"));
		return;
	}
	bool cut = strlen(expression) > EXPRESSION_SHOWN;
	str_add(s,
		rule->latched ? SAY(core, "; latched, can be reset when %.*s%s")
			      : SAY(core, "; armed again when %.*s%s"),
		cut ? EXPRESSION_SHOWN - 3 : EXPRESSION_SHOWN, expression, cut ? "..." : "");
	uint64_t earliest = logic_earliest(&core->logic, text, core->now_ms);
	if (earliest > core->now_ms)
		str_add(s, SAY(core, ", in %s at the earliest"), explain_time_text(earliest - core->now_ms, time));
}

void explain_rule(const struct core *core, uint32_t index, struct core_cause *cause, char why[CORE_WHY_MAX])
{
	const struct rule *rule = &core->rules[index];
	struct str s;
	str_init(&s, why, CORE_WHY_MAX);
	struct logic_cause now = rule->cause;
	char time[EXPLAIN_TIME_MAX];
	uint32_t text = NONE;
	for (unsigned which = TEXT_ONLY_WHILE; which <= TEXT_HARD && text == NONE; which++)
		if (rule->texts[which] != NONE && logic_value(&core->logic, rule->texts[which]) != TRUTH_TRUE)
			text = rule->texts[which];
	if (text != NONE) {
		now = logic_cause(&core->logic, text, core->now_ms);
		describe(&s, core, &now, logic_value(&core->logic, text), false);
	} else if (rule->blind != NONE) {
		str_add(&s, SAY(core, "%s cannot tell what this rule asks of it"), core->home.devices[rule->blind].id);
		now.node = LOGIC_NONE;
	} else {
		describe(&s, core, &now, TRUTH_FALSE, true);
		str_add(&s, SAY(core, ", %s ago"), explain_time_text(core->now_ms - rule->cause_ms, time));
	}
	add_rule(&s, core, rule);
	if (rule->state == RULE_TRIPPED)
		add_rearming(&s, core, rule);
	*cause = explain_cause(core, &now);
}

static void add_absence(struct str *s, const struct core *core, uint32_t control)
{
	const char *device = control_device(core, control);
	switch (core->presence[core->home.controls[control].device].held) {
	case CORE_HELD_RELEASED:
		str_add(s, SAY(core, "%s was let go: `therapyctl device take %s` takes it again"), device, device);
		break;
	case CORE_HELD_ELSEWHERE:
		str_add(s, SAY(core, "%s is left to another gateway with this gateway's id"), device);
		break;
	default:
		str_add(s, SAY(core, "%s is not there"), device);
	}
}

bool explain_not_ready(const struct core *core, uint32_t control, char why[CORE_WHY_MAX])
{
	const char *device = control_device(core, control), *key = control_key(core, control);
	struct str s;
	str_init(&s, why, CORE_WHY_MAX);
	if (!core->presence[core->home.controls[control].device].present) {
		add_absence(&s, core, control);
		return true;
	}
	if (core->switches[control].granted)
		return false;
	switch ((enum core_phase)core->switches[control].phase) {
	case CORE_PHASE_AT_REST:
		return false;
	case CORE_PHASE_UNKNOWN:
		str_add(&s, SAY(core, "no reading has confirmed yet that %s.%s is at rest"), device, key);
		break;
	case CORE_PHASE_COMING_TO_REST:
		str_add(&s, SAY(core, "%s.%s is coming to rest"), device, key);
		break;
	case CORE_PHASE_ENERGISED:
	case CORE_PHASE_CONFIRMED_ON:
		str_add(&s, SAY(core, "%s.%s is on though the gateway did not grant it: it must come to rest first"),
			device, key);
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
		str_add(&s, SAY(core, "no rule governs %s.%s: what nothing guards stays off"),
			control_device(core, control), control_key(core, control));
	else if (figure_blocking(core, control) != NONE)
		figure_describe(core, control, figure_blocking(core, control), core->home.controls[control].min, why);
	else if (!explain_not_ready(core, control, why) && !proof_missing(core, control, why))
		str_add(&s, "%s", SAY(core, "permitted"));
	return NONE;
}
