/* SPDX-License-Identifier: Apache-2.0
 *
 * STOP: everything in the home to rest the fast way, and nothing again before a person resets it. It is asked for by a
 * request, or by a metric that its plugin marks with `stops`: a stop button, the pain button of a belt's hand set.
 *
 * Each such metric makes a rule, so that its state, its age and its reset are those of any other rule. A device that
 * has no control of its own is there to stop everything: its rule governs every control, and while it is not known to
 * be released nothing is permitted. A device with controls governs these: its button stops everything when it is
 * pressed, but its silence is its own matter.
 */
#include <stdlib.h>

#include "core/gate.h"

/* A button may be silent this long, as any sensor may: a radio that loses everything for 3 s must not end a session. */
#define SILENT_MS 5000u

/* ---- the rules of stop sources ---- */

struct stop_rule {
	char id[ID_MAX * 2 + 16], condition[ID_MAX * 2 + 16];
};

struct stop_rules {
	size_t n;
	struct core_rule *rules;
	struct stop_rule *texts;
	struct core_text *permits;     /* all controls, device by device */
	char (*names)[ID_MAX * 2 + 2]; /* of them */
};

static void count(const struct core_spec *spec, size_t *n_stops, size_t *n_controls)
{
	*n_stops = *n_controls = 0;
	for (size_t d = 0; d < spec->n_devices; d++) {
		*n_controls += spec->devices[d].n_controls;
		for (size_t m = 0; m < spec->devices[d].n_metrics; m++)
			*n_stops += spec->devices[d].metrics[m].stops;
	}
}

static void name_controls(const struct core_spec *spec, struct stop_rules *to)
{
	for (size_t d = 0, at = 0; d < spec->n_devices; d++)
		for (size_t c = 0; c < spec->devices[d].n_controls; c++, at++) {
			struct str s;
			str_init(&s, to->names[at], sizeof to->names[at]);
			str_add(&s, "%s.%s", spec->devices[d].id, spec->devices[d].controls[c].key);
			to->permits[at].text = to->names[at];
		}
}

static void add_rule(struct stop_rules *to, const struct core_device *device, const struct core_metric *metric,
		     const struct core_text *permits, size_t n_permits, enum language language)
{
	struct stop_rule *text = &to->texts[to->n];
	struct str s;
	str_init(&s, text->id, sizeof text->id);
	str_add(&s, "stop-at-%s-%s", device->id, metric->key);
	str_init(&s, text->condition, sizeof text->condition);
	const char *unit = metric->unit == THERAPY_UNIT_BOOL ? "" : unit_text(metric->unit);
	str_add(&s, "%s.%s <= 0%s%s", device->id, metric->key, unit[0] ? " " : "", unit);
	to->rules[to->n++] = (struct core_rule){
	    .id = text->id,
	    .hazard = 28,
	    .permits = permits,
	    .n_permits = n_permits,
	    .only_while = {text->condition, 0},
	    .max_age_ms = metric->stale_ms < SILENT_MS ? SILENT_MS : 0,
	    .priority = CORE_PRIORITY_HIGH,
	    .because = language_say(language, "Whoever presses it is in pain or afraid, and comes first."),
	    .latch = true,
	    .stop = true,
	};
}

int stop_rules_new(const struct core_spec *spec, struct stop_rules **out)
{
	size_t n_stops, n_controls;
	count(spec, &n_stops, &n_controls);
	struct stop_rules *to = calloc(1, sizeof *to);
	if (!to)
		return -1;
	to->rules = calloc(n_stops + 1, sizeof *to->rules);
	to->texts = calloc(n_stops + 1, sizeof *to->texts);
	to->permits = calloc(n_controls + 1, sizeof *to->permits);
	to->names = calloc(n_controls + 1, sizeof *to->names);
	if (!to->rules || !to->texts || !to->permits || !to->names) {
		stop_rules_free(to);
		return -1;
	}
	name_controls(spec, to);
	for (size_t d = 0, first = 0; d < spec->n_devices; first += spec->devices[d].n_controls, d++)
		for (size_t m = 0; m < spec->devices[d].n_metrics; m++) {
			const struct core_device *device = &spec->devices[d];
			bool alone = device->n_controls == 0;
			if (device->metrics[m].stops && n_controls > 0)
				add_rule(to, device, &device->metrics[m], alone ? to->permits : &to->permits[first],
					 alone ? n_controls : device->n_controls, spec->language);
		}
	*out = to;
	return 0;
}

void stop_rules_free(struct stop_rules *rules)
{
	if (!rules)
		return;
	free(rules->rules);
	free(rules->texts);
	free(rules->permits);
	free(rules->names);
	free(rules);
}

size_t stop_rules_count(const struct stop_rules *rules)
{
	return rules->n;
}

const struct core_rule *stop_rules_at(const struct stop_rules *rules, size_t i)
{
	return &rules->rules[i];
}

/* ---- everything to rest ---- */

/* It holds all the same; but who relies on it over a restart has to know. */
static bool may_be_forgotten(const struct core *core)
{
	return core->memory.failing && core->memory.stored < core->stop.revision;
}

/* What is told besides; or nothing. */
static const char *forgotten(const struct core *core)
{
	return may_be_forgotten(core)
		   ? SAY(core, ", but the memory cannot be written: after a restart it is not latched")
		   : "";
}

static const char *stopped_by(const struct core *core)
{
	return core->stop.rule == NONE ? core->stop.by : core->rules[core->stop.rule].id;
}

void stop_describe(const struct core *core, struct str *s)
{
	char time[EXPLAIN_TIME_MAX];
	str_add(s,
		core->stop.rule == NONE ? SAY(core, "everything was stopped by %s, %s ago")
					: SAY(core, "everything was stopped by rule %s, %s ago"),
		stopped_by(core), explain_time_text(core->now_ms - core->stop.since_ms, time));
	str_add(s, "%s", forgotten(core));
}

static void latch(struct core *core, uint32_t rule, const char *by, uint64_t since_ms)
{
	core->stop.latched = true;
	core->stop.since_ms = since_ms;
	core->stop.revision = 0; /* read back: it is written already */
	core->stop.rule = rule;
	struct str s;
	str_init(&s, core->stop.by, sizeof core->stop.by);
	str_add_cut(&s, by ? by : "");
	for (uint32_t i = 0; i < core->home.n_controls; i++)
		out_changed(core, i);
}

void stop_recall(struct core *core, const char *by, uint64_t since_ms)
{
	latch(core, NONE, by, since_ms);
}

void stop_all(struct core *core, uint32_t rule, const char *by)
{
	for (uint32_t i = 0; i < core->home.n_controls; i++)
		grant_stop(core, i);
	if (core->stop.latched)
		return; /* the first cause stays the first cause */
	latch(core, rule, by, core->now_ms);
	core->stop.revision = core->memory.revision + 1; /* of the write that this step asks for */
	memory_changed(core, CORE_GRAVE);
	char why[CORE_WHY_MAX];
	explain_say(
	    why,
	    rule == NONE
		? SAY(core, "everything is told to rest at once by %s; latched until a person resets it%s")
		: SAY(core, "everything is told to rest at once by rule %s; latched until a person resets it%s"),
	    stopped_by(core), forgotten(core));
	out_event(core, CORE_EVENT_STOPPED, NONE, rule, NULL, CORE_PRIORITY_HIGH, why);
}

bool stop_resettable(const struct core *core)
{
	for (uint32_t i = core->n_written; i < core->n_rules; i++)
		if (core->rules[i].latched || core->rules[i].value == TRUTH_FALSE)
			return false;
	return true;
}

void stop_reset(struct core *core)
{
	core->stop.latched = false;
	memory_changed(core, CORE_GRAVE);
	for (uint32_t i = 0; i < core->home.n_controls; i++)
		out_changed(core, i);
}

/* To all, also to what is thought to be at rest: who asks for this may see something that no reading says. */
int stop_request(struct core *core, struct decision *d, const struct core_request *request)
{
	char text[44];
	for (uint32_t i = 0; i < core->home.n_controls; i++)
		if (!core->switches[i].granted)
			grant_rest(core, i, REACT_STOP);
	stop_all(core, NONE, gate_shown(request->by, text));
	gate_conclude(
	    d, CORE_ACCEPTED,
	    core->let_go ? SAY(core, "the gateway ends and has let go of the devices: they come to rest by themselves, "
				     "and stay there after the next start until a person resets it%s")
			 : SAY(core, "everything is told to rest at once, and stays there until a person resets it%s"),
	    forgotten(core));
	return 0;
}
