/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/monitor.h"

#include <stdlib.h>

#define MONITOR_ID "verify-monitor"

int monitor_init(struct monitor *monitor, const struct core_spec *spec, const struct core_text *expressions,
		 const char *const *files, size_t n)
{
	static const struct core_metric metric = {.key = "none", .unit = THERAPY_UNIT_ONE, .stale_ms = 1000};
	static const struct core_control control = {.key = "none", .min = 0, .max = 1, .step = 1};
	static const struct core_text permits = {MONITOR_ID ".none", 0};
	*monitor = (struct monitor){.spec = *spec, .n = n, .first_rule = spec->n_rules};
	monitor->devices = calloc(spec->n_devices + 1, sizeof *monitor->devices);
	monitor->rules = calloc(spec->n_rules + n + 1, sizeof *monitor->rules);
	monitor->ids = calloc(n + 1, sizeof *monitor->ids);
	if (!monitor->devices || !monitor->rules || !monitor->ids)
		return -1;
	if (spec->n_devices)
		memcpy(monitor->devices, spec->devices, spec->n_devices * sizeof *monitor->devices);
	monitor->devices[spec->n_devices] = (struct core_device){.id = MONITOR_ID,
								 .kind = MONITOR_ID,
								 .metrics = &metric,
								 .n_metrics = 1,
								 .controls = &control,
								 .n_controls = 1};
	if (spec->n_rules)
		memcpy(monitor->rules, spec->rules, spec->n_rules * sizeof *monitor->rules);
	for (size_t i = 0; i < n; i++) {
		struct str s;
		str_init(&s, monitor->ids[i], sizeof monitor->ids[i]);
		str_add(&s, "verify-%zu", i + 1);
		monitor->rules[spec->n_rules + i] = (struct core_rule){.file = files[i],
								       .line = expressions[i].line,
								       .id = monitor->ids[i],
								       .permits = &permits,
								       .n_permits = 1,
								       .only_while = expressions[i]};
	}
	monitor->spec.devices = monitor->devices;
	monitor->spec.n_devices = spec->n_devices + 1;
	monitor->spec.rules = monitor->rules;
	monitor->spec.n_rules = spec->n_rules + n;
	/* These only refuse and hold back; a story would have to do with them what no answer depends on. */
	monitor->spec.remembers = false;
	monitor->spec.needs_timer_proof = false;
	return 0;
}

void monitor_release(struct monitor *monitor)
{
	free(monitor->devices);
	free(monitor->rules);
	free(monitor->ids);
	*monitor = (struct monitor){0};
}

/* As deep as the network is: LOGIC_DEPTH. */
static void ages_below(const struct core *core, uint32_t index, uint64_t *by_metric)
{
	const struct node *node = &core->logic.nodes[index];
	if (node->op == NODE_COMPARE || node->op == NODE_ON) {
		if (by_metric[node->metric] < node->max_age_ms)
			by_metric[node->metric] = node->max_age_ms;
		return;
	}
	if (node->op == NODE_UNSEEN || node->op == NODE_CONSTANT)
		return;
	for (uint32_t child = node->first; child != LOGIC_NONE; child = core->logic.nodes[child].next)
		ages_below(core, child, by_metric);
}

void monitor_ages(const struct core *core, uint32_t control, uint64_t *by_metric)
{
	for (uint32_t m = 0; m < core->home.n_metrics; m++)
		by_metric[m] = 0;
	const struct control *c = &core->controls[control];
	for (uint32_t r = 0; r < c->n_rules; r++)
		for (unsigned which = TEXT_ONLY_WHILE; which <= TEXT_HARD; which++) {
			uint32_t text = core->rules[c->rules[r]].texts[which];
			if (text != NONE)
				ages_below(core, core->logic.texts[text].root, by_metric);
		}
	for (uint32_t m = 0; m < core->home.n_metrics; m++)
		if (by_metric[m] == 0)
			by_metric[m] = core->home.metrics[m].stale_ms;
}

static void tune_below(struct core *core, uint32_t index, const uint64_t *by_metric)
{
	struct node *node = &core->logic.nodes[index];
	if (node->op == NODE_COMPARE || node->op == NODE_ON) {
		node->max_age_ms = by_metric[node->metric];
		return;
	}
	if (node->op == NODE_UNSEEN || node->op == NODE_CONSTANT)
		return;
	for (uint32_t child = node->first; child != LOGIC_NONE; child = core->logic.nodes[child].next)
		tune_below(core, child, by_metric);
}

void monitor_tune(struct core *core, size_t rule, const uint64_t *by_metric)
{
	tune_below(core, core->logic.texts[core->rules[rule].texts[TEXT_ONLY_WHILE]].root, by_metric);
}

bool monitor_permitted(const struct core *core, uint32_t control)
{
	return core->switches[control].granted || grant_possible(core, control);
}

bool monitor_violated(const struct core *core, size_t rule)
{
	return core->rules[rule].value != TRUTH_TRUE;
}
