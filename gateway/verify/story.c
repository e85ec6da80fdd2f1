/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/story.h"

#include <stdlib.h>

#define BEGIN_MS  1000000u /* any moment will do */
#define STEPS_MAX 5000000u /* of one story; half an hour said every second by a dozen metrics takes 30,000 */

struct player {
	const struct story *story;
	struct core *core;
	uint64_t now_ms;
	uint64_t *said_ms; /* by the story's metrics: when last */
	uint64_t asked_ms;
	size_t rule, steps;
	struct story_end *end;
	uint32_t scene;
};

int story_init(struct story *s, uint32_t n_devices, uint32_t n_metrics, uint32_t n_controls, uint32_t n_scenes)
{
	*s = (struct story){.n_metrics = n_metrics, .n_controls = n_controls};
	s->metrics = calloc((size_t)n_metrics + 1, sizeof *s->metrics);
	s->every_ms = calloc((size_t)n_metrics + 1, sizeof *s->every_ms);
	s->controls = calloc((size_t)n_controls + 1, sizeof *s->controls);
	s->parked = calloc((size_t)n_devices + 1, sizeof *s->parked);
	s->scenes = calloc((size_t)n_scenes + 1, sizeof *s->scenes);
	if (!s->metrics || !s->every_ms || !s->controls || !s->parked || !s->scenes)
		return -1;
	for (; s->n_scenes < n_scenes; s->n_scenes++) {
		struct story_scene *scene = &s->scenes[s->n_scenes];
		scene->readings = calloc((size_t)n_metrics + 1, sizeof *scene->readings);
		scene->on = calloc((size_t)n_controls + 1, sizeof *scene->on);
		if (!scene->readings || !scene->on) {
			s->n_scenes++;
			return -1;
		}
	}
	return 0;
}

void story_release(struct story *s)
{
	for (uint32_t i = 0; i < s->n_scenes; i++) {
		free(s->scenes[i].readings);
		free(s->scenes[i].on);
	}
	free(s->metrics);
	free(s->every_ms);
	free(s->controls);
	free(s->parked);
	free(s->scenes);
	*s = (struct story){0};
}

/* ---- playing ---- */

static uint32_t find_grace(const struct core *core, uint32_t control)
{
	for (uint32_t i = 0; i < core->controls[control].n_rules; i++)
		if (core->rules[core->controls[control].rules[i]].state == RULE_GRACE)
			return core->controls[control].rules[i];
	return NONE;
}

static void step(struct player *p, const struct core_input *input)
{
	p->steps++;
	core_step(p->core, p->now_ms, input);
	if (p->end->violated || !monitor_permitted(p->core, p->story->control) || !monitor_violated(p->core, p->rule))
		return;
	*p->end = (struct story_end){.violated = true,
				     .at_ms = p->now_ms - BEGIN_MS,
				     .scene = p->scene,
				     .granted = p->core->switches[p->story->control].granted,
				     .asked_ms = p->asked_ms,
				     .in_grace = find_grace(p->core, p->story->control),
				     .value = p->core->rules[p->rule].value};
}

static void tick(struct player *p)
{
	step(p, &(struct core_input){.type = CORE_IN_TICK});
}

static void set_phase(struct player *p, uint32_t control, enum core_phase phase)
{
	const struct home_control *c = &p->core->home.controls[control];
	step(p, &(struct core_input){.type = CORE_IN_CONTROL,
				     .device = c->device,
				     .control = (uint16_t)(control - p->core->home.devices[c->device].first_control),
				     .state = {.phase = phase}});
}

static bool is_parked(const struct story *s, uint16_t device)
{
	for (uint32_t i = 0; i < s->n_parked; i++)
		if (s->parked[i] == device)
			return true;
	return false;
}

/* Says what the scene has of the metrics of one device that are due (all of them, if `all`), as one input. */
static void say_device(struct player *p, uint16_t device, bool all)
{
	enum { ROOM = 64 };
	const struct story *s = p->story;
	const struct home *home = &p->core->home;
	struct core_reading items[ROOM];
	size_t n = 0;
	for (uint32_t i = 0; i < s->n_metrics && n < ROOM; i++) {
		const struct home_metric *m = &home->metrics[s->metrics[i]];
		const struct story_reading *r = &s->scenes[p->scene].readings[i];
		if (is_parked(s, device)) /* nothing is heard of it: it would not stay parked */
			continue;
		bool due = all || p->now_ms - p->said_ms[i] >= s->every_ms[i];
		if (m->device != device || m->derived != HOME_NONE || r->what == STORY_SILENT || !due)
			continue;
		items[n++] =
		    (struct core_reading){.metric = (uint16_t)(s->metrics[i] - home->devices[device].first_metric),
					  .quality = r->what == STORY_GOOD    ? THERAPY_GOOD
						     : r->what == STORY_ERROR ? THERAPY_ERROR
									      : THERAPY_UNKNOWN,
					  .value = r->value,
					  .stamp_ms = p->now_ms};
		p->said_ms[i] = p->now_ms;
	}
	if (n)
		step(p, &(struct core_input){.type = CORE_IN_READINGS, .device = device, .readings = {items, n}});
}

static void say(struct player *p, bool all)
{
	uint16_t last = CORE_NO_DEVICE;
	uint32_t n = p->story->n_metrics;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = p->story->backwards ? n - 1 - i : i;
		uint16_t device = p->core->home.metrics[p->story->metrics[at]].device;
		if (device != last) /* metrics stand in the order of their devices */
			say_device(p, device, all);
		last = device;
	}
}

static uint64_t next_due(const struct player *p, uint64_t end_ms)
{
	const struct story *s = p->story;
	uint64_t next = core_deadline(p->core) < end_ms ? core_deadline(p->core) : end_ms;
	for (uint32_t i = 0; i < s->n_metrics; i++)
		if (s->scenes[p->scene].readings[i].what != STORY_SILENT && p->said_ms[i] + s->every_ms[i] < next)
			next = p->said_ms[i] + s->every_ms[i];
	return next > p->now_ms ? next : p->now_ms + 1;
}

static void ask(struct player *p)
{
	const struct home_control *c = &p->core->home.controls[p->story->control];
	uint64_t before = p->core->last_grant;
	step(p, &(struct core_input){.type = CORE_IN_REQUEST,
				     .request = {.device = p->core->home.devices[c->device].id,
						 .control = c->key,
						 .id = "",
						 .value = c->min > 0 ? c->min : c->max,
						 .age_ms = -1}});
	if (p->core->last_grant > before)
		p->asked_ms = p->now_ms - BEGIN_MS;
	if (p->end->violated)
		p->end->asked_ms = p->asked_ms;
}

static void play_scene(struct player *p)
{
	const struct story *s = p->story;
	const struct story_scene *scene = &s->scenes[p->scene];
	uint64_t end_ms = timers_after(p->now_ms, scene->length_ms);
	for (uint32_t i = 0; i < s->n_controls; i++)
		if (p->scene == 0 || scene->on[i] != s->scenes[p->scene - 1].on[i])
			set_phase(p, s->controls[i], scene->on[i] ? CORE_PHASE_CONFIRMED_ON : CORE_PHASE_AT_REST);
	say(p, true);
	while (p->now_ms < end_ms && !p->end->violated && p->steps < STEPS_MAX) {
		p->now_ms = next_due(p, end_ms);
		tick(p);
		say(p, p->now_ms == end_ms);
	}
	if (p->scene == s->asked && !p->end->violated)
		ask(p);
}

static void begin(struct player *p)
{
	const struct home *home = &p->core->home;
	for (uint16_t d = 0; d < home->n_devices; d++)
		step(p, &(struct core_input){.type = CORE_IN_PRESENCE, .device = d, .present = true});
	for (uint32_t c = 0; c < home->n_controls; c++)
		set_phase(p, c, CORE_PHASE_AT_REST);
	for (uint32_t i = 0; i < p->story->n_parked; i++)
		step(p, &(struct core_input){.type = CORE_IN_REQUEST,
					     .request = {.verb = CORE_PARK,
							 .device = home->devices[p->story->parked[i]].id,
							 .control = "",
							 .id = "",
							 .age_ms = 0}});
}

int story_play(const struct story *s, const struct monitor *monitor, size_t invariant, struct story_end *end)
{
	struct faults faults = {0};
	struct player p = {.story = s,
			   .now_ms = BEGIN_MS,
			   .rule = monitor->first_rule + invariant,
			   .end = end,
			   .asked_ms = UINT64_MAX};
	*end = (struct story_end){.asked_ms = UINT64_MAX};
	int bad = core_new(&monitor->spec, BEGIN_MS, &p.core, &faults);
	faults_release(&faults);
	if (bad)
		return -1;
	p.said_ms = calloc((size_t)s->n_metrics + 1, sizeof *p.said_ms);
	uint64_t *ages = calloc((size_t)p.core->home.n_metrics + 1, sizeof *ages);
	if (p.said_ms && ages) {
		monitor_ages(p.core, s->control, ages);
		monitor_tune(p.core, p.rule, ages);
		begin(&p);
		for (; p.scene < s->n_scenes && !end->violated && p.steps < STEPS_MAX; p.scene++)
			play_scene(&p);
	}
	bad = p.said_ms && ages && p.steps < STEPS_MAX ? 0 : -1;
	free(ages);
	free(p.said_ms);
	core_free(p.core);
	return bad;
}

/* ---- telling ---- */

void story_add_time(struct str *to, uint64_t ms)
{
	if (ms >= 60000 && ms % 60000 == 0)
		str_add(to, "%llu min", (unsigned long long)(ms / 60000));
	else if (ms % 100 == 0)
		str_add(to, "%.1f s", (double)ms / 1e3);
	else
		str_add(to, "%.3f s", (double)ms / 1e3);
}

void story_add_reading(struct str *to, const struct home *home, uint32_t metric, const struct story_reading *reading)
{
	const struct home_metric *m = &home->metrics[metric];
	str_add(to, "%s.%s", home->devices[m->device].id, m->key);
	switch ((enum story_what)reading->what) {
	case STORY_GOOD:
		str_add(to, " ");
		str_add_number(to, reading->value, 6);
		str_add(to, "%s%s", unit_text(m->unit)[0] ? " " : "", unit_text(m->unit));
		break;
	case STORY_ERROR:
		str_add(to, " implausible");
		break;
	case STORY_UNKNOWN:
		str_add(to, " unknown");
		break;
	case STORY_SILENT:
		str_add(to, " silent");
		break;
	}
}

static bool same_reading(const struct story_reading *a, const struct story_reading *b)
{
	return a->what == b->what && (a->what != STORY_GOOD || (a->value >= b->value && a->value <= b->value));
}

static void tell_scene(const struct story *s, const struct core *core, uint32_t scene, struct str *to)
{
	const struct story_scene *now = &s->scenes[scene], *before = scene ? &s->scenes[scene - 1] : NULL;
	const char *gap = "";
	for (uint32_t i = 0; i < s->n_parked && !before; i++) {
		str_add(to, "%s%s is parked", gap, core->home.devices[s->parked[i]].id);
		gap = ", ";
	}
	for (uint32_t i = 0; i < s->n_metrics; i++) {
		if (is_parked(s, core->home.metrics[s->metrics[i]].device) ||
		    (before && same_reading(&now->readings[i], &before->readings[i])) ||
		    core->home.metrics[s->metrics[i]].derived != HOME_NONE)
			continue;
		str_add(to, "%s", gap);
		story_add_reading(to, &core->home, s->metrics[i], &now->readings[i]);
		gap = ", ";
	}
	for (uint32_t i = 0; i < s->n_controls; i++) {
		if (before ? now->on[i] == before->on[i] : !now->on[i])
			continue;
		str_add(to, "%s%s.%s %s", gap, control_device(core, s->controls[i]), control_key(core, s->controls[i]),
			now->on[i] ? "is on" : "is off");
		gap = ", ";
	}
}

static void tell_at(struct str *to, uint64_t at_ms, const char *what)
{
	str_add(to, "    at ");
	story_add_time(to, at_ms);
	str_add(to, ": %s\n", what);
}

void story_tell(const struct story *s, const struct core *core, const struct story_end *end, struct str *to)
{
	static const char *const values[] = {
	    [TRUTH_FALSE] = "FALSE", [TRUTH_TRUE] = "TRUE", [TRUTH_UNKNOWN] = "UNKNOWN", [TRUTH_ERROR] = "ERROR"};
	char line[2048];
	struct str l;
	uint64_t at = 0;
	const char *device = control_device(core, s->control), *key = control_key(core, s->control);
	for (uint32_t i = 0; i < s->n_scenes && i <= end->scene; i++) {
		str_init(&l, line, sizeof line);
		tell_scene(s, core, i, &l);
		if (l.len)
			tell_at(to, at, line);
		at += s->scenes[i].length_ms;
		if (i == s->asked && end->asked_ms != UINT64_MAX) {
			str_init(&l, line, sizeof line);
			str_add(&l, "%s.%s is asked for and granted", device, key);
			tell_at(to, end->asked_ms, line);
		}
	}
	str_init(&l, line, sizeof line);
	str_add(&l, "%s.%s %s", device, key, end->granted ? "still runs" : "would be granted");
	if (end->in_grace != NONE) {
		str_add(&l, " (rule %s gives a grace of ", core->rules[end->in_grace].id);
		story_add_time(&l, core->rules[end->in_grace].grace_ms);
		str_add(&l, ")");
	}
	str_add(&l, ", and what must hold is %s", values[end->value]);
	tell_at(to, end->at_ms, line);
}
