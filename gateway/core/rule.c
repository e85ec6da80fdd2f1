/* SPDX-License-Identifier: Apache-2.0
 *
 *            only_while TRUE and hard TRUE                    only_while TRUE and hard TRUE and rearms TRUE
 *   PAUSED ------------------------------> ARMED <------------------------------------------------- TRIPPED
 *     ^  |                                  |  ^                                                       ^
 *     |  | only_while FALSE                 |  | TRUE again                                            |
 *     |  +---------------> GRACE <----------+--+                                                       |
 *     |                      |                                                                         |
 *     |                      +--- FALSE for all of grace; or, from anywhere, hard FALSE ---------------+
 *     +--- anything not known, from ARMED and GRACE
 *
 * LATCHED is TRIPPED that only a person's reset ends, and only while everything is TRUE: a trip of a rule that latches,
 * or a condition that was implausible (ERROR) for ten seconds. A rule that watches goes through the same states and
 * ends nothing: TRIPPED is its alarm.
 *
 * A violation lasts until only_while is seen TRUE again: one that is lost from sight within its grace pauses at once,
 * and trips when the grace is over. Else to unplug the sensor would be kinder than to let it tell.
 */
#include "core/inside.h"

#define NEVER UINT64_MAX

static enum truth text_value(const struct core *core, const struct rule *rule, unsigned which)
{
	return rule->texts[which] == NONE ? TRUTH_TRUE : logic_value(&core->logic, rule->texts[which]);
}

/* What it asks of the readings: the one at fault wins. */
static enum truth only_while_of(const struct core *core, const struct rule *rule)
{
	enum truth value = text_value(core, rule, TEXT_ONLY_WHILE);
	return rule->blind == NONE ? value : truth_and(value, TRUTH_UNKNOWN);
}

/* A trip of it forbids for longer than its condition is violated. */
static bool has_rearms(const struct rule *rule)
{
	return rule->n_controls > 0 && rule->texts[TEXT_REARMS] != NONE;
}

static enum rule_state decide(const struct core *core, const struct rule *rule, enum truth only_while, enum truth hard)
{
	if (hard == TRUTH_FALSE)
		return RULE_TRIPPED;
	if (rule->violated && core->now_ms - rule->since_ms >= rule->grace_ms)
		return RULE_TRIPPED;
	if (rule->latched)
		return RULE_TRIPPED;
	bool fine = only_while == TRUTH_TRUE && hard == TRUTH_TRUE;
	if (rule->state == RULE_TRIPPED)
		return fine && text_value(core, rule, TEXT_REARMS) == TRUTH_TRUE ? RULE_ARMED : RULE_TRIPPED;
	if (fine)
		return RULE_ARMED;
	return only_while == TRUTH_FALSE && hard == TRUTH_TRUE ? RULE_GRACE : RULE_PAUSED;
}

/* The first cause stays the first cause: a grace that ends in a trip was begun by it. */
static void note_cause(struct core *core, struct rule *rule, enum rule_state next, enum truth only_while,
		       enum truth hard)
{
	if (next == RULE_ARMED || (next == RULE_TRIPPED && rule->state == RULE_GRACE && hard != TRUTH_FALSE))
		return;
	unsigned which = TEXT_ONLY_WHILE;
	if (hard == TRUTH_FALSE || (next == RULE_PAUSED && hard != TRUTH_TRUE && only_while == TRUTH_TRUE))
		which = TEXT_HARD;
	rule->cause = logic_cause(&core->logic, rule->texts[which], core->now_ms);
	rule->cause_ms = core->now_ms;
}

static void stop_controls(struct core *core, uint32_t index)
{
	struct rule *rule = &core->rules[index];
	struct core_cause cause = explain_cause(core, &rule->cause);
	char why[CORE_WHY_MAX] = "";
	for (uint32_t i = 0; i < rule->n_controls; i++) {
		uint32_t control = rule->controls[i];
		bool granted = core->switches[control].granted;
		if (!granted && !(rule->state == RULE_TRIPPED && core->controls[control].suspended)) {
			if (rule->state == RULE_TRIPPED && rule->stop)
				grant_stop(core, control); /* what is coming to rest slowly */
			continue;
		}
		if (why[0] == '\0')
			explain_first_out(core, index, why);
		if (rule->state == RULE_TRIPPED) {
			rule->told = true;
			grant_trip(core, control, index, &cause, why);
		} else {
			grant_pause(core, control, index, &cause, why);
		}
	}
}

/* With what is said of its cause, and what follows. */
static void tell_cause(struct core *core, uint32_t index, enum core_event_type type, const char *follows)
{
	const struct rule *rule = &core->rules[index];
	struct core_cause cause = explain_cause(core, &rule->cause);
	char first_out[CORE_WHY_MAX], why[CORE_WHY_MAX];
	explain_first_out(core, index, first_out);
	explain_say(why, "%s%s", first_out, follows);
	out_event(core, type, NONE, index, &cause, rule->priority, why);
}

static void tell_over(struct core *core, uint32_t index)
{
	char why[CORE_WHY_MAX];
	explain_say(why, SAY(core, "the alarm of rule %s is over"), core->rules[index].id);
	out_event(core, CORE_EVENT_ALARM_OVER, NONE, index, NULL, CORE_PRIORITY_LOW, why);
}

static void tell_rearmed(struct core *core, uint32_t index)
{
	struct rule *rule = &core->rules[index];
	if (!rule->told)
		return;
	rule->told = false;
	char why[CORE_WHY_MAX];
	explain_say(why, SAY(core, "rule %s is armed again: what it ended needs a new request"), rule->id);
	out_event(core, CORE_EVENT_REARMED, NONE, index, NULL, CORE_PRIORITY_LOW, why);
}

/* A sensor may flutter; what ended a grant is as rare as grants are, which are written down before they begin. */
static void keep_trip(struct core *core, const struct rule *rule, enum rule_state before)
{
	if (!has_rearms(rule) || (rule->state == RULE_TRIPPED) == (before == RULE_TRIPPED))
		return;
	memory_changed(core, rule->state != RULE_TRIPPED ? CORE_SOON : rule->told ? CORE_GRAVE : CORE_URGENT);
}

static void go_to(struct core *core, uint32_t index, enum rule_state next)
{
	struct rule *rule = &core->rules[index];
	enum rule_state before = rule->state;
	if (next == RULE_TRIPPED)
		rule->raised_ms = core->now_ms;
	rule->state = next;
	for (uint32_t i = 0; i < rule->n_controls; i++) {
		struct control *c = &core->controls[rule->controls[i]];
		if (before == RULE_ARMED)
			c->n_forbidding++;
		else if (next == RULE_ARMED)
			c->n_forbidding--;
	}
	if (next == RULE_PAUSED || next == RULE_TRIPPED)
		stop_controls(core, index);
	keep_trip(core, rule, before);
	if (rule->watches && next == RULE_TRIPPED)
		tell_cause(core, index, CORE_EVENT_ALARM, "");
	else if (rule->watches && before == RULE_TRIPPED)
		tell_over(core, index);
	else if (before == RULE_TRIPPED)
		tell_rearmed(core, index);
}

static void latch(struct core *core, uint32_t index)
{
	struct rule *rule = &core->rules[index];
	rule->latched = true;
	rule->latched_ms = core->now_ms;
	tell_cause(core, index, CORE_EVENT_LATCHED, SAY(core, "; latched until a person resets it"));
	memory_changed(core, CORE_GRAVE);
}

/* A window that is ERROR already does not change when its sensor fails for good: then it is looked at again. */
#define LOOK_AGAIN_MS 5000u

/* When time alone may change what the rule is. */
static void set_timer(struct core *core, struct rule *rule, enum rule_state next)
{
	uint64_t at = UINT64_MAX;
	if (rule->violated && next != RULE_TRIPPED)
		at = timers_after(rule->since_ms, rule->grace_ms);
	bool wrong = rule->value == TRUTH_ERROR || text_value(core, rule, TEXT_HARD) == TRUTH_ERROR;
	uint64_t latch_at = rule->broken_ms != NEVER ? timers_after(rule->broken_ms, BROKEN_MS)
						     : timers_after(core->now_ms, LOOK_AGAIN_MS);
	if (wrong && rule->n_controls > 0 && !rule->latched && latch_at < at)
		at = latch_at;
	if (at == UINT64_MAX)
		timers_stop(&core->timers, &rule->timer);
	else
		timers_set(&core->timers, &rule->timer, at);
}

/* Since when the reading to blame is implausible, without a pause; NEVER: it is not now. A window stays ERROR for as
 * long as it remembers a single bad reading: that is a pause, not a sensor that needs a person. */
static uint64_t wrong_since(const struct core *core, const struct rule *rule, unsigned which)
{
	if (text_value(core, rule, which) != TRUTH_ERROR)
		return NEVER;
	struct logic_cause cause = logic_cause(&core->logic, rule->texts[which], core->now_ms);
	const struct node *leaf = cause.node == LOGIC_NONE ? NULL : &core->logic.nodes[cause.node];
	if (!leaf || cause.window != LOGIC_NONE || (leaf->op != NODE_COMPARE && leaf->op != NODE_ON))
		return NEVER;
	const struct value *v = &core->values[leaf->metric];
	return v->quality == THERAPY_ERROR ? v->wrong_ms : NEVER;
}

static void note_broken(const struct core *core, struct rule *rule)
{
	uint64_t only_while = wrong_since(core, rule, TEXT_ONLY_WHILE), hard = wrong_since(core, rule, TEXT_HARD);
	rule->broken_ms = rule->n_controls == 0 ? NEVER : only_while < hard ? only_while : hard;
}

static bool is_broken(const struct core *core, const struct rule *rule)
{
	return rule->broken_ms != NEVER && core->now_ms - rule->broken_ms >= BROKEN_MS;
}

void rule_update(struct core *core, uint32_t index)
{
	struct rule *rule = &core->rules[index];
	enum truth only_while = only_while_of(core, rule), hard = text_value(core, rule, TEXT_HARD);
	bool violated = only_while == TRUTH_FALSE || (rule->violated && only_while != TRUTH_TRUE);
	if (violated && !rule->violated)
		rule->since_ms = core->now_ms;
	rule->violated = violated;

	note_broken(core, rule);

	bool broken = is_broken(core, rule);
	enum rule_state next = broken ? RULE_TRIPPED : decide(core, rule, only_while, hard);
	bool latches = !rule->latched && rule->n_controls > 0 &&
		       (broken || (rule->latch && next == RULE_TRIPPED && rule->state != RULE_TRIPPED));
	bool pressed = rule->stops_all && only_while == TRUTH_FALSE && rule->value != TRUTH_FALSE;
	bool shown = next != rule->state || only_while != rule->value || latches;
	rule->value = only_while;
	if (next != rule->state) {
		note_cause(core, rule, next, only_while, hard);
		go_to(core, index, next);
	}
	if (latches)
		latch(core, index);
	if (pressed)
		stop_all(core, index, NULL);
	set_timer(core, rule, next);
	for (uint32_t i = 0; shown && i < rule->n_controls; i++)
		out_changed(core, rule->controls[i]);
}

void rule_begin(struct core *core, uint32_t index)
{
	struct rule *rule = &core->rules[index];
	rule->state = RULE_PAUSED;
	rule->broken_ms = NEVER;
	rule->value = TRUTH_UNKNOWN;
	for (uint32_t i = 0; i < rule->n_controls; i++)
		core->controls[rule->controls[i]].n_forbidding++;
	rule->cause = logic_cause(&core->logic, rule->texts[TEXT_ONLY_WHILE], core->now_ms);
	rule->cause_ms = core->now_ms; /* boot time may have begun long before */
	rule_update(core, index);
}

bool rule_resettable(const struct core *core, uint32_t index)
{
	const struct rule *rule = &core->rules[index];
	return only_while_of(core, rule) == TRUTH_TRUE && text_value(core, rule, TEXT_HARD) == TRUTH_TRUE &&
	       text_value(core, rule, TEXT_REARMS) == TRUTH_TRUE;
}

void rule_recall_latch(struct core *core, uint32_t index, uint64_t since_ms)
{
	struct rule *rule = &core->rules[index];
	rule->latched = rule->n_controls > 0;
	rule->latched_ms = since_ms;
	logic_mark_dirty(&core->logic, index);
}

bool rule_keeps_trip(const struct core *core, uint32_t index)
{
	const struct rule *rule = &core->rules[index];
	return rule->state == RULE_TRIPPED && has_rearms(rule);
}

void rule_recall_trip(struct core *core, uint32_t index, uint64_t since_ms)
{
	struct rule *rule = &core->rules[index];
	if (!has_rearms(rule))
		return;
	if (rule->latch) { /* since then it is written that a trip latches */
		rule_recall_latch(core, index, since_ms);
		return;
	}
	for (uint32_t i = 0; i < rule->n_controls && rule->state == RULE_ARMED; i++)
		core->controls[rule->controls[i]].n_forbidding++;
	rule->state = RULE_TRIPPED;
	rule->told = false;
	rule->cause =
	    (struct logic_cause){.node = LOGIC_NONE, .window = LOGIC_NONE, .at_ms = core->now_ms, .recalled = true};
	rule->cause_ms = rule->raised_ms = since_ms;
	logic_mark_dirty(&core->logic, index);
	for (uint32_t i = 0; i < rule->n_controls; i++)
		out_changed(core, rule->controls[i]);
}

void rule_reset(struct core *core, uint32_t index)
{
	core->rules[index].latched = false;
	core->rules[index].told = false; /* the reset says so */
	logic_mark_dirty(&core->logic, index);
	core_settle(core);
}
