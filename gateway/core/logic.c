/* SPDX-License-Identifier: Apache-2.0 */
#include "core/logic.h"

static enum truth compute_compare(struct logic *logic, struct node *node, uint64_t now_ms)
{
	if (node->parked)
		return (enum truth)node->parked_value;
	const struct value *v = &logic->values[node->metric];
	uint8_t quality = value_quality(v, now_ms, node->max_age_ms);
	if (quality == THERAPY_UNKNOWN)
		return TRUTH_UNKNOWN;
	/* A timer that runs already rings earlier than this one would, and then finds out: far fewer moves in the heap.
	 */
	if (node->timer.slot == 0 && !v->lasting)
		timers_set(logic->timers, &node->timer, timers_after(timers_after(v->stamp_ms, node->max_age_ms), 1));
	if (quality == THERAPY_ERROR)
		return TRUTH_ERROR;
	if (isnan(node->limit))
		return TRUTH_UNKNOWN;
	bool holds = false;
	switch ((enum expr_compare)node->compare) {
	case EXPR_LESS:
		holds = v->value < node->limit;
		break;
	case EXPR_LESS_EQUAL:
		holds = v->value <= node->limit;
		break;
	case EXPR_MORE:
		holds = v->value > node->limit;
		break;
	case EXPR_MORE_EQUAL:
		holds = v->value >= node->limit;
		break;
	case EXPR_EQUAL:
		holds = v->value >= node->limit && v->value <= node->limit;
		break;
	case EXPR_NOT_EQUAL:
		holds = v->value < node->limit || v->value > node->limit;
		break;
	}
	return holds ? TRUTH_TRUE : TRUTH_FALSE;
}

/* On once granted or read on; off only if nothing is granted and a fresh reading says so. */
static enum truth compute_on(struct logic *logic, struct node *node, uint64_t now_ms)
{
	const struct logic_switch *s = &logic->switches[node->control];
	const struct value *v = &logic->values[node->metric];
	bool on = s->granted || s->phase == CORE_PHASE_ENERGISED || s->phase == CORE_PHASE_CONFIRMED_ON;
	if (node->parked)
		return on ? TRUTH_TRUE : (enum truth)node->parked_value;
	bool known = value_quality(v, now_ms, node->max_age_ms) == THERAPY_GOOD;
	if (known && node->timer.slot == 0)
		timers_set(logic->timers, &node->timer, timers_after(timers_after(v->stamp_ms, node->max_age_ms), 1));
	if (on)
		return TRUTH_TRUE;
	if (!known)
		return TRUTH_UNKNOWN;
	return v->value > node->limit ? TRUTH_TRUE : TRUTH_FALSE;
}

/* Was it that within the window? At the end of what it was it is no longer: the window is open at its old end. */
static bool within(const struct window *w, enum truth what, uint64_t now_ms)
{
	return w->was[what] && timers_since(w->ended[what], w->duration_ms) > now_ms;
}

static void note_child(struct logic *logic, const struct node *node, struct window *w, uint64_t now_ms)
{
	uint8_t child = logic->nodes[node->first].value, before = w->child;
	if (child == before)
		return;
	w->ended[before] = (int64_t)now_ms;
	w->was[before] = true;
	w->child = child;
	if (child != TRUTH_TRUE)
		w->causes[child] = logic_node_cause(logic, node->first, now_ms);
	logic->windows_changed = true;
	logic->windows_violated |=
	    child == TRUTH_FALSE || child == TRUTH_ERROR || before == TRUTH_FALSE || before == TRUTH_ERROR;
}

static const enum truth strongest[] = {TRUTH_FALSE, TRUTH_ERROR, TRUTH_UNKNOWN};

/* What the window is, of a child that is this. */
static enum truth window_value(const struct window *w, uint8_t child, uint64_t now_ms)
{
	for (size_t i = 0; i < sizeof strongest / sizeof *strongest; i++)
		if (child == strongest[i] || within(w, strongest[i], now_ms))
			return strongest[i];
	return TRUTH_TRUE;
}

/* The window above takes nothing for granted any more if it is still UNKNOWN with this. */
static void ask(struct logic *logic, uint32_t index, bool window_differs, bool changed)
{
	enum truth value = (enum truth)logic->nodes[index].value;
	for (uint32_t up = logic->nodes[index].parent; up != LOGIC_NONE; up = logic->nodes[up].parent) {
		const struct node *node = &logic->nodes[up];
		if (node->op == NODE_NOT)
			value = truth_not(value);
		if (node->op != NODE_FOR)
			continue;
		struct window *w = &logic->windows[node->window];
		w->doubted |= window_differs;
		w->asked |= window_differs || changed || (value != TRUTH_UNKNOWN && value != w->child);
		if (w->bridge_ms && w->asked)
			logic_touch_node(logic, up);
		return;
	}
}

/* The child is known again, or nobody waits for it any longer. It was UNKNOWN meanwhile, unless it is TRUE as before.
 */
static void end_bridge(struct logic *logic, const struct node *node, struct window *w, uint8_t child, uint64_t now_ms)
{
	uint8_t before = w->child;
	bool differs = child != before || w->doubted;
	w->bridge_ms = 0;
	w->child = child;
	if (differs || child != TRUTH_TRUE) {
		w->was[TRUTH_UNKNOWN] = true;
		w->ended[TRUTH_UNKNOWN] = (int64_t)now_ms;
		logic->windows_changed = true;
		logic->windows_violated |= differs && (child == TRUTH_FALSE || child == TRUTH_ERROR);
	}
	if (child != TRUTH_TRUE)
		w->causes[child] = logic_node_cause(logic, node->first, now_ms);
	if (differs || window_value(w, child, now_ms) != (enum truth)w->recalled)
		ask(logic, (uint32_t)(node - logic->nodes), true, true);
}

static enum truth compute_for(struct logic *logic, struct node *node, uint64_t now_ms)
{
	struct window *w = &logic->windows[node->window];
	uint8_t child = logic->nodes[node->first].value;
	uint64_t at = UINT64_MAX;
	if (w->bridge_ms && child == TRUTH_UNKNOWN && !w->asked && now_ms < w->bridge_ms)
		at = w->bridge_ms;
	else if (w->bridge_ms)
		end_bridge(logic, node, w, child, now_ms);
	else
		note_child(logic, node, w, now_ms);
	enum truth value = window_value(w, child, now_ms);
	if (value != child && value != TRUTH_TRUE) {
		uint64_t ends = timers_since(w->ended[value], w->duration_ms);
		at = ends < at ? ends : at;
	}
	if (at != UINT64_MAX)
		timers_set(logic->timers, &node->timer, at);
	return value;
}

void logic_recall(struct logic *logic, uint32_t index, enum truth child, uint64_t until_ms)
{
	struct window *w = &logic->windows[logic->nodes[index].window];
	w->child = (uint8_t)child;
	w->bridge_ms = until_ms;
	w->doubted = w->asked = false;
	for (size_t i = 0; i < TRUTH_COUNT_; i++)
		w->causes[i] = (struct logic_cause){.node = LOGIC_NONE, .window = index, .recalled = true};
	if (until_ms > logic->bridge_ms)
		logic->bridge_ms = until_ms;
	logic_touch_node(logic, index);
}

static enum truth compute(struct logic *logic, struct node *node, uint64_t now_ms)
{
	const uint32_t *count = node->count;
	switch ((enum node_op)node->op) {
	case NODE_COMPARE:
		return compute_compare(logic, node, now_ms);
	case NODE_ON:
		return compute_on(logic, node, now_ms);
	case NODE_AND:
		return count[TRUTH_FALSE]     ? TRUTH_FALSE
		       : count[TRUTH_ERROR]   ? TRUTH_ERROR
		       : count[TRUTH_UNKNOWN] ? TRUTH_UNKNOWN
					      : TRUTH_TRUE;
	case NODE_OR:
		return count[TRUTH_TRUE]      ? TRUTH_TRUE
		       : count[TRUTH_ERROR]   ? TRUTH_ERROR
		       : count[TRUTH_UNKNOWN] ? TRUTH_UNKNOWN
					      : TRUTH_FALSE;
	case NODE_NOT:
		return truth_not((enum truth)logic->nodes[node->first].value);
	case NODE_FOR:
		return compute_for(logic, node, now_ms);
	case NODE_UNSEEN:
		return node->parked ? (enum truth)node->parked_value : TRUTH_UNKNOWN;
	case NODE_CONSTANT:
		break;
	}
	return (enum truth)node->value;
}

void logic_touch_node(struct logic *logic, uint32_t index)
{
	struct node *node = &logic->nodes[index];
	if (node->pending)
		return;
	node->pending = true;
	node->next_pending = logic->pending[node->depth];
	logic->pending[node->depth] = index;
	if (node->depth > logic->deepest)
		logic->deepest = node->depth;
}

void logic_touch_metric(struct logic *logic, uint32_t metric)
{
	for (uint32_t i = logic->metric_at[metric]; i < logic->metric_at[metric + 1]; i++)
		logic_touch_node(logic, logic->metric_nodes[i]);
}

void logic_touch_control(struct logic *logic, uint32_t control)
{
	for (uint32_t i = logic->control_at[control]; i < logic->control_at[control + 1]; i++)
		logic_touch_node(logic, logic->control_nodes[i]);
}

void logic_set_limit(struct logic *logic, uint32_t slot, double figure)
{
	for (uint32_t i = logic->slot_at[slot]; i < logic->slot_at[slot + 1]; i++) {
		logic->nodes[logic->slot_nodes[i]].limit = figure;
		logic_touch_node(logic, logic->slot_nodes[i]);
	}
}

static void park_node(struct logic *logic, uint32_t index, bool parked)
{
	logic->nodes[index].parked = parked;
	logic_touch_node(logic, index);
}

void logic_park(struct logic *logic, uint16_t device, bool parked)
{
	const struct home_device *d = &logic->home->devices[device];
	for (uint32_t m = d->first_metric; m < d->first_metric + d->n_metrics; m++) /* ON looks at one of them, too */
		for (uint32_t i = logic->metric_at[m]; i < logic->metric_at[m + 1]; i++)
			park_node(logic, logic->metric_nodes[i], parked);
	for (uint32_t i = 0; i < logic->n_nodes; i++) /* seldom: by hand, a few times a day */
		if (logic->nodes[i].op == NODE_UNSEEN && logic->nodes[i].unseen == device)
			park_node(logic, i, parked);
}

void logic_mark_dirty(struct logic *logic, uint32_t owner)
{
	if (logic->is_dirty[owner])
		return;
	logic->is_dirty[owner] = true;
	logic->dirty[logic->n_dirty++] = owner;
}

bool logic_next_dirty(struct logic *logic, uint32_t *out)
{
	if (logic->n_dirty == 0)
		return false;
	*out = logic->dirty[--logic->n_dirty];
	logic->is_dirty[*out] = false;
	return true;
}

/* Computes one node; a change goes on to the parent, or to the owner. */
static void update(struct logic *logic, struct node *node, uint64_t now_ms)
{
	enum truth value = compute(logic, node, now_ms);
	if (value == node->value)
		return;
	uint8_t before = node->value;
	node->value = (uint8_t)value;
	if (now_ms < logic->bridge_ms && node->first == LOGIC_NONE) /* a leaf */
		ask(logic, (uint32_t)(node - logic->nodes), false, before != TRUTH_UNKNOWN);
	if (node->parent == LOGIC_NONE) {
		logic_mark_dirty(logic, logic->texts[node->text].owner);
		return;
	}
	struct node *parent = &logic->nodes[node->parent];
	if (parent->op == NODE_AND || parent->op == NODE_OR) {
		parent->count[before]--;
		parent->count[value]++;
	}
	logic_touch_node(logic, node->parent);
}

void logic_settle(struct logic *logic, uint64_t now_ms)
{
	for (uint32_t depth = logic->deepest + 1; depth-- > 0;)
		while (logic->pending[depth] != LOGIC_NONE) {
			struct node *node = &logic->nodes[logic->pending[depth]];
			logic->pending[depth] = node->next_pending;
			node->pending = false;
			update(logic, node, now_ms);
		}
	logic->deepest = 0;
}

enum truth logic_value(const struct logic *logic, uint32_t text)
{
	return (enum truth)logic->nodes[logic->texts[text].root].value;
}

void logic_begin(struct logic *logic, uint64_t now_ms)
{
	for (uint32_t i = 0; i < logic->n_nodes; i++) { /* children have lower indexes than their parents */
		struct node *node = &logic->nodes[i];
		if (node->op == NODE_FOR) {
			struct window *w = &logic->windows[node->window];
			w->child = logic->nodes[node->first].value;
			w->ended[TRUTH_UNKNOWN] = (int64_t)now_ms;
			w->was[TRUTH_UNKNOWN] = true;
			w->causes[TRUTH_UNKNOWN] =
			    (struct logic_cause){.node = LOGIC_NONE, .window = i, .at_ms = now_ms};
			if (w->child != TRUTH_TRUE)
				w->causes[w->child] = logic_node_cause(logic, node->first, now_ms);
		}
		node->value = (uint8_t)compute(logic, node, now_ms);
		if (node->parent != LOGIC_NONE) {
			struct node *parent = &logic->nodes[node->parent];
			if (parent->op == NODE_AND || parent->op == NODE_OR)
				parent->count[node->value]++;
		}
	}
}
