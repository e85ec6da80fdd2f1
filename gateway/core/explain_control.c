/* SPDX-License-Identifier: Apache-2.0 */
#include "base/words.h"
#include "core/explanation.h"
#include "core/inside.h"

/* ---- what a rule looks at ---- */

static void fill_reading(const struct core *core, const struct value *v, uint64_t max_age_ms, struct core_seen *to)
{
	to->quality = value_quality(v, core->now_ms, max_age_ms);
	to->read = v->seen;
	to->value = v->value;
	to->age_ms = v->lasting ? 0 : value_age(v, core->now_ms);
	to->max_age_ms = max_age_ms;
}

static void fill_compare(const struct core *core, const struct node *leaf, struct core_seen *to)
{
	const struct home_metric *m = &core->home.metrics[leaf->metric];
	int size;
	const char *written = logic_written(&core->logic, leaf, &size);
	struct str must;
	to->device = core->home.devices[m->device].id;
	to->key = m->key;
	to->unit = m->unit;
	to->parked = leaf->parked;
	fill_reading(core, &core->values[leaf->metric], leaf->max_age_ms, to);
	str_init(&must, to->must, sizeof to->must);
	str_add_bytes(&must, written, (size_t)size < sizeof to->must ? (size_t)size : sizeof to->must - 1);
	to->has_figure = !isnan(leaf->limit);
	to->figure = to->has_figure ? leaf->limit : 0;
	if (leaf->slot != LOGIC_NONE)
		to->limit = core->limits.items[core->limits.slots[leaf->slot].limit].id;
}

static void fill_on(const struct core *core, const struct node *leaf, struct core_seen *to)
{
	const struct home_control *c = &core->home.controls[leaf->control];
	to->device = core->home.devices[c->device].id;
	to->key = c->key;
	to->is_control = true;
	to->parked = leaf->parked;
	to->unit = core->home.metrics[leaf->metric].unit;
	fill_reading(core, &core->values[leaf->metric], leaf->max_age_ms, to);
}

static struct core_seen seen_of(const struct core *core, const struct node *leaf, enum truth value)
{
	struct core_seen to = {.quality = THERAPY_UNKNOWN, .verdict = (enum core_verdict)value};
	if (leaf->op == NODE_COMPARE)
		fill_compare(core, leaf, &to);
	else if (leaf->op == NODE_ON)
		fill_on(core, leaf, &to);
	else if (leaf->unseen == LOGIC_NONE)
		to.device = core->home.unmonitored[leaf->kind];
	else
		to.device = core->home.devices[leaf->unseen].id;
	return to;
}

static bool same(const struct core_seen *a, const struct core_seen *b)
{
	return a->device == b->device && a->key == b->key && a->is_control == b->is_control &&
	       a->max_age_ms == b->max_age_ms && a->negated == b->negated && strcmp(a->must, b->must) == 0;
}

static void add_seen(const struct core *core, const struct node *leaf, bool negated, struct core_rule_explanation *out)
{
	enum truth value = (enum truth)leaf->value;
	struct core_seen one = seen_of(core, leaf, negated ? truth_not(value) : value);
	one.negated = negated;
	for (size_t i = 0; i < out->n_seen; i++)
		if (same(&out->seen[i], &one))
			return;
	if (out->n_seen < CORE_SEEN_MAX)
		out->seen[out->n_seen++] = one;
	else
		out->n_more++;
}

/* Recursion is bounded by LOGIC_DEPTH. What does not hold comes first: it must not be cut off. */
static void add_leaves(const struct core *core, uint32_t index, bool negated, bool holding,
		       struct core_rule_explanation *out)
{
	const struct node *node = &core->logic.nodes[index];
	switch ((enum node_op)node->op) {
	case NODE_COMPARE:
	case NODE_ON:
	case NODE_UNSEEN:
		if ((node->value == (negated ? TRUTH_FALSE : TRUTH_TRUE)) == holding)
			add_seen(core, node, negated, out);
		break;
	case NODE_CONSTANT:
		break;
	case NODE_AND:
	case NODE_OR:
	case NODE_NOT:
	case NODE_FOR:
		for (uint32_t child = node->first; child != LOGIC_NONE; child = core->logic.nodes[child].next)
			add_leaves(core, child, negated != (node->op == NODE_NOT), holding, out);
		break;
	}
}

/* ---- one rule ---- */

static const char *text_of(const struct core *core, const struct rule *rule, unsigned which)
{
	return rule->texts[which] == NONE ? NULL : core->logic.texts[rule->texts[which]].text;
}

static enum core_rule_state state_of(const struct rule *rule)
{
	if (rule->latched)
		return CORE_RULE_LATCHED;
	switch (rule->state) {
	case RULE_ARMED:
		return CORE_RULE_ARMED;
	case RULE_GRACE:
		return CORE_RULE_GRACE;
	case RULE_PAUSED:
		return CORE_RULE_PAUSED;
	case RULE_TRIPPED:
		return rule->latched ? CORE_RULE_LATCHED : CORE_RULE_TRIPPED;
	}
	return CORE_RULE_TRIPPED;
}

static uint64_t rearms_at(const struct core *core, const struct rule *rule)
{
	uint64_t at = core->now_ms;
	for (unsigned which = 0; which < TEXT_COUNT_; which++) {
		if (rule->texts[which] == NONE || (which == TEXT_REARMS && rule->state != RULE_TRIPPED))
			continue;
		uint64_t earliest = logic_earliest(&core->logic, rule->texts[which], core->now_ms);
		at = earliest > at ? earliest : at;
	}
	return at;
}

static void fill_rule(const struct core *core, uint32_t index, struct core_rule_explanation *out)
{
	const struct rule *rule = &core->rules[index];
	struct core_cause now;
	*out = (struct core_rule_explanation){.id = rule->id,
					      .because = rule->because,
					      .hazard = rule->hazard,
					      .priority = rule->priority,
					      .state = state_of(rule),
					      .verdict = (enum core_verdict)rule->value,
					      .only_while = text_of(core, rule, TEXT_ONLY_WHILE),
					      .hard = text_of(core, rule, TEXT_HARD),
					      .rearms = text_of(core, rule, TEXT_REARMS),
					      .first.device = CORE_NO_DEVICE};
	for (int holding = 0; holding <= 1; holding++)
		for (unsigned which = 0; which < TEXT_COUNT_; which++)
			if (rule->texts[which] != NONE && (which != TEXT_REARMS || rule->state == RULE_TRIPPED))
				add_leaves(core, core->logic.texts[rule->texts[which]].root, false, holding, out);
	if (rule->state == RULE_ARMED)
		return;
	explain_rule(core, index, &now, out->why);
	out->first = explain_cause(core, &rule->cause);
	explain_first_out(core, index, out->first_why);
	out->first_ago_ms = core->now_ms - rule->cause_ms;
	out->waits = rule->blind == NONE && out->state != CORE_RULE_LATCHED;
	out->rearm_in_ms = rearms_at(core, rule) - core->now_ms;
}

/* ---- the control ---- */

static uint32_t find(const struct core *core, uint16_t device, uint16_t control)
{
	if (device >= core->home.n_devices || control >= core->home.devices[device].n_controls)
		return NONE;
	return core->home.devices[device].first_control + control;
}

static void fill_caps(const struct core *core, uint32_t control, struct core_explanation *out)
{
	const struct control *c = &core->controls[control];
	for (uint32_t i = 0; i < c->n_caps && out->n_caps < sizeof out->caps / sizeof *out->caps; i++) {
		const struct limit_slot *slot = &core->limits.slots[c->caps[i]];
		out->caps[out->n_caps++] =
		    (struct core_figure_cap){core->limits.items[slot->limit].id, slot->now.given, slot->now.value};
	}
}

bool core_explain(const struct core *core, uint16_t device, uint16_t control, struct core_explanation *out)
{
	uint32_t index = find(core, device, control);
	if (index == NONE)
		return false;
	const struct home_device *d = &core->home.devices[device];
	const struct home_control *c = &core->home.controls[index];
	const struct control *state = &core->controls[index];
	*out = (struct core_explanation){.device = d->id,
					 .kind = core->home.kinds[d->kind],
					 .control = c->key,
					 .unit = c->unit,
					 .words = c->words,
					 .n_rules = state->n_rules,
					 .confirm = core->home.metrics[c->confirm].key};
	core_permission(core, device, control, &out->permission);
	if (!latch_forbids(core, index, out->waits) && !memory_refuses(core, out->waits) &&
	    !explain_not_ready(core, index, out->waits) && !proof_missing(core, index, out->waits))
		out->waits[0] = '\0';
	if (state->suspended && state->pause_end_ms > core->now_ms)
		out->resume_left_ms = state->pause_end_ms - core->now_ms;
	out->confirmed = core_value(core, device, (uint16_t)(c->confirm - d->first_metric));
	out->tested = state->proved && state->dated;
	out->tested_ago_ms = out->tested ? (uint64_t)((int64_t)core->now_ms - state->proved_ms) : 0;
	out->test_first = proof_due(core, index);
	out->test_ms = c->test_ms;
	fill_caps(core, index, out);
	return true;
}

bool core_explain_rule(const struct core *core, uint16_t device, uint16_t control, size_t i,
		       struct core_rule_explanation *out)
{
	uint32_t index = find(core, device, control);
	if (index == NONE || i >= core->controls[index].n_rules)
		return false;
	const struct control *c = &core->controls[index];
	for (int permits = 0; permits <= 1; permits++)
		for (uint32_t r = 0; r < c->n_rules; r++)
			if ((core->rules[c->rules[r]].state == RULE_ARMED) == permits && i-- == 0) {
				fill_rule(core, c->rules[r], out);
				return true;
			}
	return false;
}

bool core_explain_rule_named(const struct core *core, const char *id, struct core_rule_explanation *out)
{
	for (uint32_t r = 0; r < core->n_rules; r++)
		if (core->rules[r].id == id) {
			fill_rule(core, r, out);
			return true;
		}
	return false;
}

/* ---- names ---- */

const char *core_device_kind(const struct core *core, uint16_t device)
{
	return device < core->home.n_devices ? core->home.kinds[core->home.devices[device].kind] : NULL;
}

bool core_present(const struct core *core, uint16_t device)
{
	return device < core->home.n_devices && core->presence[device].present;
}

bool core_heard(const struct core *core, uint16_t device)
{
	if (device >= core->home.n_devices)
		return false;
	const struct home_device *d = &core->home.devices[device];
	for (uint32_t i = d->first_metric; i < d->first_metric + d->n_own; i++)
		if (core->values[i].seen)
			return true;
	return d->n_own == 0;
}

size_t core_n_rules(const struct core *core)
{
	return core->n_rules;
}

size_t core_n_written_rules(const struct core *core)
{
	return core->n_written;
}

uint64_t core_now_ms(const struct core *core)
{
	return core->now_ms;
}

const char *core_device_id(const struct core *core, uint16_t device)
{
	return device < core->home.n_devices ? core->home.devices[device].id : NULL;
}

static const struct home_metric *metric_at(const struct core *core, uint16_t device, uint16_t metric)
{
	if (device >= core->home.n_devices || metric >= core->home.devices[device].n_metrics)
		return NULL;
	return &core->home.metrics[core->home.devices[device].first_metric + metric];
}

const char *core_metric_key(const struct core *core, uint16_t device, uint16_t metric, enum therapy_unit *unit)
{
	const struct home_metric *m = metric_at(core, device, metric);
	if (!m)
		return NULL;
	*unit = m->unit;
	return m->key;
}

const char *core_metric_word(const struct core *core, uint16_t device, uint16_t metric, double value, size_t *size)
{
	const struct home_metric *m = metric_at(core, device, metric);
	return m ? words_of(m->words, value, size) : NULL;
}

size_t core_n_devices(const struct core *core)
{
	return core->home.n_devices;
}

size_t core_n_metrics(const struct core *core, uint16_t device)
{
	return device < core->home.n_devices ? core->home.devices[device].n_metrics : 0;
}

bool core_find_control(const struct core *core, const char *device, const char *control, uint16_t *out_device,
		       uint16_t *out_control)
{
	uint32_t d = home_find_device(&core->home, device, strlen(device));
	uint32_t c = d == HOME_NONE ? HOME_NONE : home_find_control(&core->home, d, control, strlen(control));
	*out_device = d == HOME_NONE ? CORE_NO_DEVICE : (uint16_t)d;
	*out_control = c == HOME_NONE ? CORE_NO_CONTROL : (uint16_t)(c - core->home.devices[d].first_control);
	return c != HOME_NONE;
}
