/* SPDX-License-Identifier: Apache-2.0
 * core_new: everything that allocates, and everything that can be wrong with what the user wrote. */
#include "core/inside.h"

#include <stdlib.h>

#include "core/coverage.h"

struct builder {
	struct core *core;
	struct stop_rules *stops;
	const struct core_spec *spec;
	struct faults *faults;
	bool *blind;    /* by device, for the rule at hand */
	bool *governed; /* by control, for the rule at hand */
	struct conditions conditions;
	bool *named;               /* by condition, for the rule at hand */
	const struct expr **asked; /* what it asks: room for its texts and every condition */
};

static const char *const text_names[TEXT_COUNT_] = {"only_while", "hard", "rearms"};

static const struct core_text *text_of(const struct core_rule *rule, unsigned which)
{
	return which == TEXT_ONLY_WHILE ? &rule->only_while : which == TEXT_HARD ? &rule->hard : &rule->rearms;
}

static int out_of_memory(struct builder *b)
{
	faults_add(b->faults, NULL, 0, "not enough memory for the rules");
	return -1;
}

static int check_rule(struct builder *b, const struct core_rule *rule, size_t index)
{
	size_t before = b->faults->n;
	bool written = index < b->spec->n_rules; /* the others have a device and a metric in their ids */
	if (!rule->id || (written && !id_valid(rule->id)))
		faults_add(b->faults, rule->file, rule->line,
			   "rule id '%.40s': [a-z0-9_-]+ of at most %d characters was expected",
			   rule->id ? rule->id : "", ID_MAX - 1);
	else
		for (size_t i = 0; i < index && i < b->spec->n_rules; i++)
			if (b->spec->rules[i].id && strcmp(b->spec->rules[i].id, rule->id) == 0)
				faults_add(b->faults, rule->file, rule->line,
					   "rule '%s' is there twice, first at %s:%u", rule->id, b->spec->rules[i].file,
					   b->spec->rules[i].line);
	if (rule->n_permits == 0 && rule->n_watches == 0)
		faults_add(
		    b->faults, rule->file, rule->line,
		    "rule '%.40s' permits nothing and watches nothing: [\"kind:heat\"] or [\"pad.heat\"] was expected",
		    rule->id ? rule->id : "");
	if (rule->n_watches > 0 && (rule->n_permits > 0 || rule->latch || rule->stop))
		faults_add(b->faults, rule->file, rule->line,
			   "rule '%.40s' watches: then it permits nothing, and has nothing to latch or stop",
			   rule->id ? rule->id : "");
	if (!rule->only_while.text)
		faults_add(b->faults, rule->file, rule->line,
			   "rule '%.40s' has no only_while: a condition was expected", rule->id ? rule->id : "");
	if ((unsigned)rule->priority > CORE_PRIORITY_HIGH)
		faults_add(b->faults, rule->file, rule->line, "rule '%.40s' has no priority that is known",
			   rule->id ? rule->id : "");
	return b->faults->n == before ? 0 : -1;
}

static int govern_kind(struct builder *b, const struct core_rule *rule, const struct core_text *permits)
{
	const struct home *home = &b->core->home;
	const char *kind = permits->text + strlen("kind:");
	if (!id_valid(kind)) {
		faults_add(b->faults, rule->file, permits->line,
			   "permits '%.60s': a kind like \"kind:heat\" was expected", permits->text);
		return -1;
	}
	char text[256];
	struct str choices;
	str_init(&choices, text, sizeof text);
	uint32_t found = home_find_kind(home, kind, strlen(kind));
	if (!home_knows_kind(home, kind, strlen(kind), &choices) &&
	    home_find_device(home, kind, strlen(kind)) == HOME_NONE) {
		faults_add(b->faults, rule->file, permits->line,
			   "permits '%s': there is no kind of device '%s'; expected one of %s", permits->text, kind,
			   text);
		return -1;
	}
	if (found == HOME_NONE && home_find_device(home, kind, strlen(kind)) != HOME_NONE) {
		faults_add(b->faults, rule->file, permits->line,
			   "permits '%s': '%s' is a device: one of its controls was "
			   "expected, like \"%s.heat\"",
			   permits->text, kind, kind);
		return -1;
	}
	for (uint32_t c = 0; found != HOME_NONE && c < home->n_controls; c++)
		if (home->devices[home->controls[c].device].kind == found)
			b->governed[c] = true;
	return 0;
}

static int govern_control(struct builder *b, const struct core_rule *rule, const struct core_text *permits)
{
	const struct home *home = &b->core->home;
	const char *dot = strchr(permits->text, '.');
	if (!dot) {
		faults_add(b->faults, rule->file, permits->line,
			   "permits '%.60s': \"kind:heat\" or \"pad.heat\" was expected", permits->text);
		return -1;
	}
	uint32_t device = home_find_device(home, permits->text, (size_t)(dot - permits->text));
	uint32_t control = device == HOME_NONE ? HOME_NONE : home_find_control(home, device, dot + 1, strlen(dot + 1));
	if (control == HOME_NONE) {
		faults_add(b->faults, rule->file, permits->line,
			   "permits '%.60s': there is no such %s; a control of a configured device, or \"kind:heat\", "
			   "was expected",
			   permits->text, device == HOME_NONE ? "device" : "control");
		return -1;
	}
	b->governed[control] = true;
	return 0;
}

/* How many devices of this home the rule watches. */
static int watch(struct builder *b, const struct core_rule *rule, struct rule *to)
{
	const struct home *home = &b->core->home;
	int bad = 0;
	to->watches = rule->n_watches > 0;
	for (uint32_t d = 0; d < home->n_devices; d++) {
		bool watched = false;
		for (size_t i = 0; i < rule->n_watches; i++) {
			const char *text = rule->watches[i].text;
			bool kind = strncmp(text, "kind:", strlen("kind:")) == 0;
			watched |= strcmp(kind ? text + strlen("kind:") : text,
					  kind ? home->kinds[home->devices[d].kind] : home->devices[d].id) == 0;
		}
		to->n_watched += watched;
	}
	for (size_t i = 0; i < rule->n_watches; i++) {
		const char *text = rule->watches[i].text, *kind = text + strlen("kind:");
		char list[256];
		struct str choices;
		str_init(&choices, list, sizeof list);
		bool is_kind = strncmp(text, "kind:", strlen("kind:")) == 0;
		if (is_kind ? id_valid(kind) && home_knows_kind(home, kind, strlen(kind), &choices)
			    : home_find_device(home, text, strlen(text)) != HOME_NONE)
			continue;
		faults_add(b->faults, rule->file, rule->watches[i].line,
			   "watches '%.60s': a kind like \"kind:inversion\"%s%s%s, or the id of a device, was expected",
			   text, list[0] ? " (one of " : "", list, list[0] ? ")" : "");
		bad = -1;
	}
	return bad;
}

/* What the rule governs; one that governs nothing here is dormant. */
static int govern(struct builder *b, const struct core_rule *rule, struct rule *to)
{
	uint32_t n = b->core->home.n_controls;
	int bad = 0;
	memset(b->governed, 0, n * sizeof *b->governed);
	for (size_t i = 0; i < rule->n_permits; i++) {
		const struct core_text *permits = &rule->permits[i];
		bool kind = strncmp(permits->text, "kind:", strlen("kind:")) == 0;
		bad |= kind ? govern_kind(b, rule, permits) : govern_control(b, rule, permits);
	}
	for (uint32_t c = 0; c < n; c++)
		to->n_controls += b->governed[c];
	to->controls = calloc((size_t)to->n_controls + 1, sizeof *to->controls);
	if (!to->controls) {
		to->n_controls = 0;
		return out_of_memory(b);
	}
	for (uint32_t c = 0, at = 0; c < n; c++)
		if (b->governed[c])
			to->controls[at++] = c;
	return bad;
}

static void tell(struct builder *b, const struct core_rule *rule, unsigned which, const struct expr_fault *fault)
{
	char what[ID_MAX + 32];
	struct str s;
	str_init(&s, what, sizeof what);
	str_add(&s, "%s of rule '%s'", text_names[which], rule->id);
	expr_tell(b->faults, rule->file, text_of(rule, which)->line, what, text_of(rule, which)->text, fault);
}

static int parse_texts(struct builder *b, const struct core_rule *rule, struct expr exprs[TEXT_COUNT_])
{
	int bad = 0;
	for (unsigned which = 0; which < TEXT_COUNT_; which++) {
		struct expr_fault fault;
		if (text_of(rule, which)->text && expr_parse(text_of(rule, which)->text, &exprs[which], &fault)) {
			tell(b, rule, which, &fault);
			bad = -1;
		}
	}
	return bad;
}

static int find_coverage(struct builder *b, const struct core_rule *rule, const struct expr exprs[TEXT_COUNT_],
			 struct rule *to)
{
	struct coverage_asks asks = {.exprs = b->asked};
	memset(b->named, 0, b->conditions.n * sizeof *b->named);
	for (unsigned which = 0; which < TEXT_COUNT_; which++) {
		if (exprs[which].text)
			coverage_gather(&exprs[which], &b->conditions, b->named, b->asked, &asks.n);
		if (which == TEXT_ONLY_WHILE)
			asks.n_first = asks.n;
	}
	const struct coverage_scope scope = {.n = to->watches ? to->n_watched : to->n_controls,
					     .names = to->watches ? rule->watches[0].text : rule->permits[0].text,
					     .watches = to->watches,
					     .where_measured = rule->where_measured,
					     .derived = b->spec->derived,
					     .n_derived = b->spec->n_derived};
	struct coverage coverage;
	coverage_find(&b->core->home, &asks, &scope, b->blind, &coverage);
	to->blind = coverage.blind;
	to->coverage = coverage.level;
	to->coverage_text = strdup(coverage.text);
	return to->coverage_text ? 0 : out_of_memory(b);
}

/* A limit without a figure is known before anything runs: nobody needs to wonder why the rule refuses. */
static int note_missing_figure(struct builder *b, uint32_t first_node, struct rule *to)
{
	const struct logic *logic = &b->core->logic;
	for (uint32_t i = first_node; i < logic->n_nodes; i++) {
		const struct node *node = &logic->nodes[i];
		if (node->op != NODE_COMPARE || !isnan(node->limit) || to->coverage == CORE_NOT_COVERED)
			continue;
		const struct limit_slot *slot = &b->core->limits.slots[node->slot];
		char text[CORE_WHY_MAX];
		struct str s;
		str_init(&s, text, sizeof text);
		str_add(&s, "not covered%s: limit.%s is not given for %s", to->watches ? "" : " and therefore refused",
			b->core->limits.items[slot->limit].id, b->core->home.devices[slot->device].id);
		free(to->coverage_text);
		to->coverage = CORE_NOT_COVERED;
		to->coverage_text = strdup(text);
	}
	return to->coverage_text ? 0 : out_of_memory(b);
}

static int bind_texts(struct builder *b, const struct core_rule *rule, const struct expr exprs[TEXT_COUNT_],
		      uint32_t index)
{
	int bad = 0;
	uint32_t first_node = b->core->logic.n_nodes;
	struct logic_binding binding = {
	    .owner = index, .max_age_ms = rule->max_age_ms, .blind = b->blind, .conditions = &b->conditions};
	for (unsigned which = 0; which < TEXT_COUNT_; which++) {
		struct expr_fault fault;
		uint32_t *text = &b->core->rules[index].texts[which];
		*text = NONE;
		if (exprs[which].text && logic_bind(&b->core->logic, &exprs[which], &binding, text, &fault)) {
			tell(b, rule, which, &fault);
			bad = -1;
		}
	}
	return bad ? bad : note_missing_figure(b, first_node, &b->core->rules[index]);
}

/* Each by itself, so that what does not fit this home is told once and where it stands. */
static int build_conditions(struct builder *b)
{
	if (conditions_init(&b->conditions, b->spec, b->faults))
		return -1;
	struct logic_binding binding = {.conditions = &b->conditions};
	int bad = 0;
	for (uint32_t i = 0; i < b->conditions.n; i++) {
		struct expr_fault fault;
		if (!logic_check(&b->core->logic, &b->conditions.exprs[i], &binding, &fault))
			continue;
		conditions_tell(&b->conditions, i, &fault, b->faults);
		bad = -1;
	}
	return bad;
}

/* Those of the spec, then those of stop sources. */
static const struct core_rule *rule_at(const struct builder *b, size_t index)
{
	return index < b->spec->n_rules ? &b->spec->rules[index] : stop_rules_at(b->stops, index - b->spec->n_rules);
}

static int build_rule(struct builder *b, uint32_t index)
{
	const struct core_rule *rule = rule_at(b, index);
	struct rule *to = &b->core->rules[index];
	struct expr exprs[TEXT_COUNT_] = {0};
	if (check_rule(b, rule, index))
		return -1;
	to->hazard = rule->hazard;
	to->priority = rule->priority;
	to->grace_ms = rule->grace_ms;
	to->blind = NONE;
	to->timer = (struct timer){.kind = TIMER_RULE, .index = index};
	to->id = strdup(rule->id);
	to->because = rule->because ? strdup(rule->because) : NULL;
	if (!to->id || (rule->because && !to->because))
		return out_of_memory(b);
	to->stops_all = index >= b->spec->n_rules;
	to->latch = rule->latch;
	to->stop = rule->stop;
	int bad = govern(b, rule, to) | watch(b, rule, to);
	bad |= parse_texts(b, rule, exprs);
	if (!bad)
		bad = find_coverage(b, rule, exprs, to);
	if (!bad)
		bad = bind_texts(b, rule, exprs, index);
	for (unsigned which = 0; which < TEXT_COUNT_; which++)
		expr_release(&exprs[which]);
	return bad;
}

/* The other direction: which rules govern a control. */
static int link_controls(struct core *core)
{
	for (uint32_t r = 0; r < core->n_rules; r++)
		for (uint32_t i = 0; i < core->rules[r].n_controls; i++)
			core->controls[core->rules[r].controls[i]].n_rules++;
	for (uint32_t c = 0; c < core->home.n_controls; c++) {
		struct control *control = &core->controls[c];
		control->timer = (struct timer){.kind = TIMER_CONTROL, .index = c};
		control->obey = (struct timer){.kind = TIMER_OBEY, .index = c};
		control->rules = calloc((size_t)control->n_rules + 1, sizeof *control->rules);
		control->n_rules = 0;
		if (!control->rules)
			return -1;
	}
	for (uint32_t r = 0; r < core->n_rules; r++)
		for (uint32_t i = 0; i < core->rules[r].n_controls; i++) {
			struct control *control = &core->controls[core->rules[r].controls[i]];
			control->rules[control->n_rules++] = r;
		}
	return 0;
}

/* In one step a control can be told to rest because its grant ends, because a request asks for it, once more the fast
 * way, again because it appears, and as the cut-off of others (each of them once for each fault); it can be granted,
 * renewed and resumed. It can be paused, resumed, tripped, latched and reset, and a late step may see some of that
 * twice. What was ordered before the first step leaves with it. */
static int reserve_outputs(struct core *core)
{
	size_t controls = core->home.n_controls, orders = controls * 13 + 2;
	core->room_for_events = controls * 12 + core->n_rules * 4u + core->home.n_devices * 2u + 9;
	core->cap_outputs = orders + core->room_for_events;
	core->outputs = malloc((core->cap_outputs + 1) * sizeof *core->outputs);
	return core->outputs ? 0 : -1;
}

static int reserve(struct core *core, const struct core_spec *spec, size_t n_stops)
{
	size_t controls = (size_t)core->home.n_controls + 1, metrics = (size_t)core->home.n_metrics + 1;
	core->values = calloc(metrics, sizeof *core->values);
	core->group = calloc(metrics, sizeof *core->group);
	core->presence = calloc((size_t)core->home.n_devices + 1, sizeof *core->presence);
	core->switches = calloc(controls, sizeof *core->switches);
	core->controls = calloc(controls, sizeof *core->controls);
	core->changed = calloc(controls, sizeof *core->changed);
	core->due = calloc(controls, sizeof *core->due);
	core->suspended = calloc(controls, sizeof *core->suspended);
	core->remembered = calloc(REMEMBERED_REQUESTS, sizeof *core->remembered);
	core->parking = calloc((size_t)core->home.n_devices + 1, sizeof *core->parking);
	core->anchors = calloc(metrics, sizeof *core->anchors);
	core->rules = calloc(spec->n_rules + n_stops + 1, sizeof *core->rules);
	if (!core->values || !core->group || !core->presence || !core->switches || !core->controls || !core->changed ||
	    !core->due || !core->suspended || !core->remembered || !core->rules || !core->parking || !core->anchors)
		return -1;
	core->n_written = (uint32_t)spec->n_rules;
	core->n_rules = (uint32_t)(spec->n_rules + n_stops);
	for (uint32_t i = 0; i < core->home.n_devices; i++)
		core->parking[i].timer = (struct timer){.kind = TIMER_PARKED, .index = i};
	logic_init(&core->logic, &core->home, core->values, core->switches, &core->timers);
	core->logic.limits = &core->limits;
	return 0;
}

static int build_rules(struct builder *b)
{
	int bad = build_conditions(b);
	bool faulty = bad != 0;
	b->blind = calloc((size_t)b->core->home.n_devices + 1, sizeof *b->blind);
	b->governed = calloc((size_t)b->core->home.n_controls + 1, sizeof *b->governed);
	b->named = calloc((size_t)b->conditions.n + 1, sizeof *b->named);
	b->asked = calloc((size_t)b->conditions.n + TEXT_COUNT_, sizeof *b->asked);
	bool room = b->blind && b->governed && b->named && b->asked;
	if (!room)
		bad = out_of_memory(b);
	/* Rules that name a faulty condition would all be told again. */
	for (uint32_t i = 0; i < b->core->n_rules && room && !faulty; i++)
		bad |= build_rule(b, i);
	free(b->blind);
	free(b->governed);
	free(b->named);
	free(b->asked);
	conditions_release(&b->conditions);
	return bad;
}

static int finish(struct core *core)
{
	size_t timers = (size_t)core->logic.n_nodes + core->n_rules + core->home.n_controls * 2u + core->n_derived +
			core->home.n_devices + 1;
	core->audio.timer.kind = TIMER_AUDIO;
	return link_controls(core) || reserve_outputs(core) || timers_init(&core->timers, timers) ||
	       logic_seal(&core->logic, core->n_rules + core->n_derived) || memory_build(core);
}

static void begin(struct core *core)
{
	logic_begin(&core->logic, core->now_ms);
	derived_begin(core);
	for (uint32_t i = 0; i < core->n_rules; i++)
		rule_begin(core, i);
	core_settle(core);
	out_flush_changed(core); /* nobody has asked before: nothing has changed for anybody */
}

static int check_spec(const struct core_spec *spec, struct faults *faults)
{
	if (spec->renew_ms > 0 && spec->renew_ms < spec->lease_ms && spec->n_rules < UINT32_MAX / 4)
		return 0;
	faults_add(faults, NULL, 0, "a lease of %llu ms, renewed every %llu ms: it must be renewed before it ends",
		   (unsigned long long)spec->lease_ms, (unsigned long long)spec->renew_ms);
	return -1;
}

int core_new(const struct core_spec *spec, uint64_t now_ms, struct core **out, struct faults *faults)
{
	struct core *core = calloc(1, sizeof *core);
	struct builder b = {.core = core, .spec = spec, .faults = faults};
	if (!core)
		return out_of_memory(&b);
	core->now_ms = now_ms;
	core->lease_ms = spec->lease_ms;
	core->renew_ms = spec->renew_ms;
	core->memory.enabled = spec->remembers;
	core->needs_timer_proof = spec->needs_timer_proof;
	core->language = spec->language;
	core->units = spec->units;
	core->reset_ms = now_ms; /* a reset that is held while the gateway starts is none */
	if (check_spec(spec, faults) || home_init(&core->home, spec, faults) ||
	    limits_init(&core->limits, spec, &core->home, faults))
		goto failed;
	if (stop_rules_new(spec, &b.stops) || reserve(core, spec, stop_rules_count(b.stops))) {
		out_of_memory(&b);
		goto failed;
	}
	if (build_rules(&b) || derived_build(core, spec, faults) || caps_build(core, spec, faults))
		goto failed;
	if (finish(core)) {
		out_of_memory(&b);
		goto failed;
	}
	core->home.n_known_kinds = core->home.n_known_metrics = core->home.n_known_derived =
	    0; /* the lists are the spec's */
	core->limits.n_figures = 0;
	stop_rules_free(b.stops);
	begin(core);
	*out = core;
	return 0;

failed:
	stop_rules_free(b.stops);
	core_free(core);
	return -1;
}

void core_free(struct core *core)
{
	if (!core)
		return;
	for (uint32_t i = 0; core->rules && i < core->n_rules; i++) {
		free(core->rules[i].id);
		free(core->rules[i].because);
		free(core->rules[i].controls);
		free(core->rules[i].coverage_text);
	}
	for (uint32_t i = 0; core->controls && i < core->home.n_controls; i++) {
		free(core->controls[i].rules);
		free(core->controls[i].caps);
	}
	free(core->rules);
	free(core->controls);
	free(core->values);
	free(core->group);
	free(core->presence);
	free(core->parking);
	free(core->anchors);
	free(core->switches);
	free(core->changed);
	free(core->due);
	free(core->suspended);
	free(core->remembered);
	free(core->outputs);
	derived_release(core);
	memory_release(core);
	logic_release(&core->logic);
	limits_release(&core->limits);
	timers_release(&core->timers);
	home_release(&core->home);
	free(core);
}
