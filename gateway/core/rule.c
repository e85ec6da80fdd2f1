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
 * A violation lasts until only_while is seen TRUE again: one that is lost from sight within its grace pauses at once,
 * and trips when the grace is over. Else to unplug the sensor would be kinder than to let it tell.
 */
#include "core/inside.h"

static enum truth text_value(const struct core *core, const struct rule *rule, unsigned which)
{
	return rule->texts[which] == NONE ? TRUTH_TRUE : logic_value(&core->logic, rule->texts[which]);
}

static enum rule_state decide(const struct core *core, const struct rule *rule, enum truth only_while, enum truth hard)
{
	if (hard == TRUTH_FALSE)
		return RULE_TRIPPED;
	if (rule->violated && core->now_ms - rule->since_ms >= rule->grace_ms)
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
		if (!granted && !(rule->state == RULE_TRIPPED && core->controls[control].suspended))
			continue;
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

static void tell_rearmed(struct core *core, uint32_t index)
{
	struct rule *rule = &core->rules[index];
	if (!rule->told)
		return;
	rule->told = false;
	char why[CORE_WHY_MAX];
	struct str s;
	str_init(&s, why, sizeof why);
	str_add(&s, "rule %s is armed again: what it ended needs a new request", rule->id);
	out_event(core, CORE_EVENT_REARMED, NONE, index, NULL, CORE_PRIORITY_LOW, why);
}

static void go_to(struct core *core, uint32_t index, enum rule_state next)
{
	struct rule *rule = &core->rules[index];
	enum rule_state before = rule->state;
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
	if (before == RULE_TRIPPED)
		tell_rearmed(core, index);
}

void rule_update(struct core *core, uint32_t index)
{
	struct rule *rule = &core->rules[index];
	enum truth only_while = text_value(core, rule, TEXT_ONLY_WHILE), hard = text_value(core, rule, TEXT_HARD);
	if (rule->blind != NONE)
		only_while = truth_and(only_while, TRUTH_UNKNOWN);
	bool violated = only_while == TRUTH_FALSE || (rule->violated && only_while != TRUTH_TRUE);
	if (violated && !rule->violated)
		rule->since_ms = core->now_ms;
	rule->violated = violated;

	enum rule_state next = decide(core, rule, only_while, hard);
	if (violated && next != RULE_TRIPPED)
		timers_set(&core->timers, &rule->timer, timers_after(rule->since_ms, rule->grace_ms));
	else
		timers_stop(&core->timers, &rule->timer);
	bool shown = next != rule->state || only_while != rule->value;
	rule->value = only_while;
	if (next != rule->state) {
		note_cause(core, rule, next, only_while, hard);
		go_to(core, index, next);
	}
	for (uint32_t i = 0; shown && i < rule->n_controls; i++)
		out_changed(core, rule->controls[i]);
}

void rule_begin(struct core *core, uint32_t index)
{
	struct rule *rule = &core->rules[index];
	rule->state = RULE_PAUSED;
	rule->value = TRUTH_UNKNOWN;
	for (uint32_t i = 0; i < rule->n_controls; i++)
		core->controls[rule->controls[i]].n_forbidding++;
	rule->cause = logic_cause(&core->logic, rule->texts[TEXT_ONLY_WHILE], core->now_ms);
	rule_update(core, index);
}
