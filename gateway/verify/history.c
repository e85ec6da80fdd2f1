/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/history.h"

#include <stdlib.h>

#define SCENES_MAX 24u
#define DELAYS_MAX 5u

/* What to look for: how detailed a past, and how long ago the grant. */
struct plan {
	uint64_t ago_ms[SCENES_MAX + 1]; /* scene i ends that long before now; [0] is 0; the last begins long ago */
	uint32_t n, asked;               /* the grant is at the end of scene `asked` */
	uint64_t first_ms;               /* length of the oldest scene */
	bool one_by_one;                 /* at each boundary one device changes, for the order may matter */
};

/* Of all formulas of the control's those that its rules and this one invariant are made of. */
struct relevant {
	bool *formulas, *metrics, *controls;
	bool *devices; /* of the home: it makes a difference whether they are parked */
};

struct history {
	const struct proof *p;
	const struct relevant *relevant;
	const struct plan *plan;
	struct sat sat;
	struct encoder encoder;
	struct moment scenes[SCENES_MAX];
	int *known, *silent; /* by metric * SCENES_MAX + scene: there was a reading; it is not said again */
};

/* ---- what matters ---- */

static void mark(const struct formulas *f, const struct relevant *r, int reference)
{
	int index = reference < 0 ? -reference : reference;
	const struct formula *item = &f->items[index];
	if (r->formulas[index])
		return;
	r->formulas[index] = true;
	if (item->op == FORMULA_BELOW || item->op == FORMULA_ON)
		r->metrics[item->seen_metric] = true;
	if (item->op == FORMULA_ON)
		r->controls[item->seen_control] = true;
	if (item->op == FORMULA_UNSEEN)
		r->devices[item->metric] = true;
	else if (item->op == FORMULA_BELOW && item->parked != FORMULA_NEVER_PARKED)
		r->devices[f->core->home.metrics[item->metric].device] = true;
	for (uint32_t i = 0; i < item->n; i++)
		mark(f, r, f->children[item->first + i]);
}

static int find_relevant(const struct proof *p, size_t invariant, struct relevant *r)
{
	const struct formulas *f = &p->formulas;
	r->formulas = calloc((size_t)f->n + 1, sizeof *r->formulas);
	r->metrics = calloc((size_t)f->n_metrics + 1, sizeof *r->metrics);
	r->controls = calloc((size_t)f->n_controls + 1, sizeof *r->controls);
	r->devices = calloc((size_t)p->core->home.n_devices + 1, sizeof *r->devices);
	if (!r->formulas || !r->metrics || !r->controls || !r->devices)
		return -1;
	for (uint32_t i = 0; i < p->n_rules; i++) {
		mark(f, r, p->rules[i].only_while);
		mark(f, r, p->rules[i].hard);
		mark(f, r, p->rules[i].rearms);
	}
	mark(f, r, p->invariants[invariant]);
	return 0;
}

static void release_relevant(struct relevant *r)
{
	free(r->formulas);
	free(r->metrics);
	free(r->controls);
	free(r->devices);
}

/* ---- where the scenes end ---- */

static void add_boundary(struct plan *plan, uint64_t ago_ms)
{
	uint32_t at = 0;
	while (at < plan->n && plan->ago_ms[at] < ago_ms)
		at++;
	if (plan->n == SCENES_MAX || (at < plan->n && plan->ago_ms[at] == ago_ms))
		return;
	for (uint32_t i = plan->n; i > at; i--)
		plan->ago_ms[i] = plan->ago_ms[i - 1];
	plan->ago_ms[at] = ago_ms;
	plan->n++;
}

/* How far back a formula looks. */
static uint64_t reach(const struct formulas *f, int reference)
{
	const struct formula *item = formula_at(f, reference);
	uint64_t most = 0;
	for (uint32_t i = 0; i < item->n; i++) {
		uint64_t child = reach(f, f->children[item->first + i]);
		most = child > most ? child : most;
	}
	return item->op == FORMULA_FOR ? timers_after(most, item->age_ms) : most;
}

static void make_plan(const struct proof *p, const struct relevant *r, uint64_t delay_ms, unsigned detail,
		      struct plan *plan)
{
	const struct formulas *f = &p->formulas;
	*plan = (struct plan){0};
	add_boundary(plan, 0);
	add_boundary(plan, delay_ms);
	uint64_t longest = 0;
	for (uint32_t i = 3; i < f->n; i++) {
		if (f->items[i].op != FORMULA_FOR || !r->formulas[i])
			continue;
		uint64_t back = reach(f, (int)i);
		longest = back > longest ? back : longest;
		if (detail < 1)
			continue;
		add_boundary(plan, f->items[i].age_ms);
		add_boundary(plan, timers_after(f->items[i].age_ms, delay_ms));
	}
	for (uint32_t m = 0; detail == 2 && m < f->n_metrics; m++)
		for (uint32_t a = 0; r->metrics[m] && a < f->metrics[m].n_ages; a++)
			add_boundary(plan, timers_after(f->metrics[m].ages_ms[a], 1));
	plan->one_by_one = detail >= 3;
	for (uint32_t i = plan->n; detail >= 3 && i-- > 1;) /* room for two changes at each */
		add_boundary(plan, plan->ago_ms[i] + 1);
	plan->first_ms = timers_after(longest, 1000);
	for (uint32_t i = 0; i < plan->n; i++)
		if (plan->ago_ms[i] == delay_ms)
			plan->asked = i;
}

/* A little after the grant, and as long after it as windows are. */
static uint32_t find_delays(const struct proof *p, const struct relevant *r, uint64_t delays[DELAYS_MAX])
{
	uint64_t little = 100;
	uint32_t n = 2;
	for (uint32_t i = 0; i < p->n_rules; i++)
		if (p->rules[i].has_grace && p->core->rules[p->rules[i].rule].grace_ms <= little)
			little = 1;
	for (uint32_t i = 3; i < p->formulas.n; i++)
		if (r->formulas[i] && p->formulas.items[i].op == FORMULA_FOR && p->formulas.items[i].age_ms <= little)
			little = 1;
	delays[0] = 0;
	delays[1] = little;
	for (uint32_t i = 3; i < p->formulas.n && n < DELAYS_MAX; i++) {
		const struct formula *f = &p->formulas.items[i];
		bool new = f->op == FORMULA_FOR && r->formulas[i];
		for (uint32_t k = 0; k < n; k++)
			new = new &&delays[k] != f->age_ms;
		if (new)
			delays[n++] = f->age_ms;
	}
	return n;
}

/* ---- clauses ---- */

static struct rails window_over_scenes(struct encoder *e, struct moment *m, int item)
{
	struct history *h = e->user;
	const struct plan *plan = h->plan;
	const struct formula *f = &e->formulas->items[item];
	uint32_t scene = (uint32_t)(m - h->scenes), n = 0;
	int trues[SCENES_MAX], falses[SCENES_MAX];
	for (uint32_t k = scene; k < plan->n && (k == scene || plan->ago_ms[k] < plan->ago_ms[scene] + f->age_ms);
	     k++) {
		struct rails r = moment_rails(e, &h->scenes[k], e->formulas->children[f->first]);
		trues[n] = r.is_true;
		falses[n++] = r.is_false;
	}
	return (struct rails){sat_and(e->sat, trues, n), sat_or(e->sat, falses, n)};
}

/* From silent scenes to ages: at the end of scene j the last reading is as old as the silence lasts. */
static void encode_freshness(struct history *h, uint32_t metric, uint32_t scene)
{
	const struct plan *plan = h->plan;
	const struct seen_metric *s = &h->p->formulas.metrics[metric];
	const int *known = &h->known[metric * SCENES_MAX], *silent = &h->silent[metric * SCENES_MAX];
	for (uint32_t a = 0; a < s->n_ages; a++) {
		int fresh = moment_fresh(&h->encoder, &h->scenes[scene], metric, a), stale = -h->sat.yes;
		uint32_t k = scene;
		while (k + 1 < plan->n && plan->ago_ms[k + 1] - plan->ago_ms[scene] <= s->ages_ms[a])
			k++;
		if (k + 1 < plan->n)
			stale = sat_and(&h->sat, &silent[scene], k - scene + 1);
		int should = sat_and2(&h->sat, known[scene], -stale);
		sat_2(&h->sat, -fresh, should);
		sat_2(&h->sat, fresh, -should);
	}
}

static void equal_if(struct sat *sat, int condition, int a, int b)
{
	sat_3(sat, -condition, -a, b);
	sat_3(sat, -condition, a, -b);
}

static void encode_metric(struct history *h, uint32_t metric)
{
	const struct plan *plan = h->plan;
	const struct seen_metric *s = &h->p->formulas.metrics[metric];
	int *known = &h->known[metric * SCENES_MAX], *silent = &h->silent[metric * SCENES_MAX];
	for (uint32_t j = 0; j < plan->n; j++) {
		known[j] = sat_new(&h->sat);
		silent[j] = sat_new(&h->sat);
	}
	bool derived = h->p->core->home.metrics[s->metric].derived != HOME_NONE;
	sat_1(&h->sat, -silent[plan->n - 1]);
	for (uint32_t j = 0; j < plan->n; j++) {
		struct moment *m = &h->scenes[j];
		if (derived) { /* it is what comes of the rest: guessed as nothing, and the core will tell */
			sat_1(&h->sat, known[j]);
			sat_1(&h->sat, -silent[j]);
			sat_1(&h->sat, -moment_error(&h->encoder, m, metric));
			for (uint32_t t = 0; t < s->n_thresholds; t++) {
				bool below =
				    s->thresholds[t].inclusive ? s->thresholds[t].at >= 0 : s->thresholds[t].at > 0;
				int bit = moment_below(&h->encoder, m, metric, t);
				sat_1(&h->sat, below ? bit : -bit);
			}
		} else if (j + 1 < plan->n) {
			struct moment *older = &h->scenes[j + 1];
			equal_if(&h->sat, silent[j], known[j], known[j + 1]);
			equal_if(&h->sat, silent[j], moment_error(&h->encoder, m, metric),
				 moment_error(&h->encoder, older, metric));
			for (uint32_t t = 0; t < s->n_thresholds; t++)
				equal_if(&h->sat, silent[j], moment_below(&h->encoder, m, metric, t),
					 moment_below(&h->encoder, older, metric, t));
		}
		encode_freshness(h, metric, j);
	}
}

/* From the grant until now the rule lets the control run. */
static void encode_running(struct history *h, const struct proof_rule *r)
{
	const struct plan *plan = h->plan;
	uint64_t grace_ms = h->p->core->rules[r->rule].grace_ms;
	for (uint32_t j = 0; j < plan->asked; j++) {
		struct rails now = moment_rails(&h->encoder, &h->scenes[j], r->only_while);
		int choices[SCENES_MAX], n = 0;
		for (uint32_t k = j + 1; r->has_grace && k < plan->n && plan->ago_ms[k] - plan->ago_ms[j] < grace_ms;
		     k++)
			choices[n++] = moment_rails(&h->encoder, &h->scenes[k], r->only_while).is_true;
		int grace = sat_and2(&h->sat, now.is_false, sat_or(&h->sat, choices, (size_t)n));
		sat_2(&h->sat, now.is_true, grace);
		sat_1(&h->sat, moment_rails(&h->encoder, &h->scenes[j], r->hard).is_true);
	}
}

/* At the grant it is armed: TRUE, and either rearmed or never violated. */
static void encode_armed(struct history *h, const struct proof_rule *r)
{
	const struct plan *plan = h->plan;
	struct moment *m = &h->scenes[plan->asked];
	sat_1(&h->sat, moment_rails(&h->encoder, m, r->only_while).is_true);
	sat_1(&h->sat, moment_rails(&h->encoder, m, r->hard).is_true);
	int rearms = moment_rails(&h->encoder, m, r->rearms).is_true;
	for (uint32_t k = plan->asked + 1; k < plan->n; k++) {
		sat_2(&h->sat, rearms, -moment_rails(&h->encoder, &h->scenes[k], r->only_while).is_false);
		sat_2(&h->sat, rearms, -moment_rails(&h->encoder, &h->scenes[k], r->hard).is_false);
	}
}

/* At the boundary between a scene and the one before it only one of the devices says something new. */
static void encode_one_by_one(struct history *h, uint32_t scene)
{
	const struct formulas *f = &h->p->formulas;
	int before = -h->sat.yes; /* some device of those looked at so far changes */
	for (uint32_t home = 0, device = CORE_NO_DEVICE, changes = 0; home < f->n_home_metrics; home++) {
		uint32_t metric = f->metric_at[home];
		if (!metric-- || !h->relevant->metrics[metric])
			continue;
		if (h->p->core->home.metrics[home].device != device) { /* they stand in the order of their devices */
			device = h->p->core->home.metrics[home].device;
			if (changes)
				before = sat_or2(&h->sat, before, (int)changes);
			changes = (uint32_t)sat_new(&h->sat);
			sat_2(&h->sat, -(int)changes, -before);
		}
		struct moment *now = &h->scenes[scene], *then = &h->scenes[scene + 1];
		const int *known = &h->known[metric * SCENES_MAX];
		equal_if(&h->sat, -(int)changes, known[scene], known[scene + 1]);
		equal_if(&h->sat, -(int)changes, moment_error(&h->encoder, now, metric),
			 moment_error(&h->encoder, then, metric));
		for (uint32_t t = 0; t < f->metrics[metric].n_thresholds; t++)
			equal_if(&h->sat, -(int)changes, moment_below(&h->encoder, now, metric, t),
				 moment_below(&h->encoder, then, metric, t));
	}
}

static int encode(struct history *h, size_t invariant)
{
	const struct formulas *f = &h->p->formulas;
	for (uint32_t j = 0; j < h->plan->n; j++)
		moment_init(&h->encoder, &h->scenes[j]);
	h->known = calloc((size_t)f->n_metrics * SCENES_MAX + 1, sizeof *h->known);
	h->silent = calloc((size_t)f->n_metrics * SCENES_MAX + 1, sizeof *h->silent);
	if (!h->known || !h->silent || h->encoder.failed)
		return -1;
	for (uint32_t m = 0; m < f->n_metrics; m++)
		encode_metric(h, m);
	for (uint32_t j = 0; h->plan->one_by_one && j + 1 < h->plan->n; j++)
		encode_one_by_one(h, j);
	for (uint32_t d = 0; d < h->p->core->home.n_devices; d++) /* parked in all scenes or in none */
		for (uint32_t j = 0; h->relevant->devices[d] && j < h->plan->n; j++)
			h->scenes[j].parked[d] = moment_parked(&h->encoder, &h->scenes[0], d);
	uint32_t own = f->control_at[h->p->control];
	for (uint32_t j = 0; own && j < h->plan->n; j++) {
		int on = moment_on(&h->encoder, &h->scenes[j], own - 1);
		sat_1(&h->sat, j < h->plan->asked ? on : -on);
	}
	for (uint32_t i = 0; i < h->p->n_rules; i++) {
		encode_armed(h, &h->p->rules[i]);
		encode_running(h, &h->p->rules[i]);
	}
	sat_1(&h->sat, -moment_rails(&h->encoder, &h->scenes[0], h->p->invariants[invariant]).is_true);
	return h->encoder.failed ? -1 : 0;
}

/* ---- the story ---- */

/* Keeps of the wishes what can be kept, earlier ones first: all at once if they can, else half by half. */
static void keep(struct history *h, const int *wishes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sat_assume(&h->sat, wishes[i]);
	if (n == 0 || sat_solve(&h->sat)) {
		for (size_t i = 0; i < n; i++)
			sat_1(&h->sat, wishes[i]);
	} else if (n > 1) {
		keep(h, wishes, n / 2);
		keep(h, wishes + n / 2, n - n / 2);
	}
}

/* Nothing is parked, nothing is switched by others. */
static size_t wish_for_quiet(struct history *h, int *wishes)
{
	const struct formulas *f = &h->p->formulas;
	size_t n = 0;
	for (uint32_t d = 0; d < f->core->home.n_devices; d++)
		if (h->relevant->devices[d])
			wishes[n++] = -moment_parked(&h->encoder, &h->scenes[0], d);
	for (uint32_t c = 0; c < f->n_controls; c++)
		for (uint32_t j = h->plan->n; h->relevant->controls[c] && j-- > 0;)
			if (f->controls[c] != h->p->control)
				wishes[n++] = -moment_on(&h->encoder, &h->scenes[j], c);
	return n;
}

/* Readings are there and good. */
static size_t wish_for_knowledge(struct history *h, int *wishes)
{
	const struct formulas *f = &h->p->formulas;
	size_t n = 0;
	for (uint32_t m = 0; m < f->n_metrics; m++)
		for (uint32_t j = h->plan->n; h->relevant->metrics[m] && j-- > 0;) {
			wishes[n++] = h->known[m * SCENES_MAX + j];
			wishes[n++] = -h->silent[m * SCENES_MAX + j];
			wishes[n++] = -moment_error(&h->encoder, &h->scenes[j], m);
		}
	return n;
}

/* They are 0, the most ordinary value, and nothing changes without need. */
static size_t wish_for_calm(struct history *h, int *wishes)
{
	const struct formulas *f = &h->p->formulas;
	size_t n = 0;
	for (uint32_t m = 0; m < f->n_metrics; m++)
		for (uint32_t j = h->plan->n; h->relevant->metrics[m] && j-- > 0;)
			for (uint32_t t = 0; t < f->metrics[m].n_thresholds; t++) {
				int bit = moment_below(&h->encoder, &h->scenes[j], m, t);
				const struct threshold *at = &f->metrics[m].thresholds[t];
				if (j + 1 == h->plan->n) {
					wishes[n++] = (at->inclusive ? at->at >= 0 : at->at > 0) ? bit : -bit;
					continue;
				}
				int same = sat_new(&h->sat);
				equal_if(&h->sat, same, bit, moment_below(&h->encoder, &h->scenes[j + 1], m, t));
				wishes[n++] = same;
			}
	return n;
}

/* So that the story is one that a person can follow. */
static void make_pleasant(struct history *h)
{
	const struct formulas *f = &h->p->formulas;
	size_t most = f->core->home.n_devices + f->n_controls + (size_t)f->n_metrics * 3;
	for (uint32_t m = 0; m < f->n_metrics; m++)
		most += f->metrics[m].n_thresholds;
	int *wishes = malloc((most * h->plan->n + 1) * sizeof *wishes);
	if (!wishes) {
		h->encoder.failed = true;
		return;
	}
	keep(h, wishes, wish_for_quiet(h, wishes));
	keep(h, wishes, wish_for_knowledge(h, wishes));
	keep(h, wishes, wish_for_calm(h, wishes));
	free(wishes);
	sat_solve(&h->sat);
}

static struct story_reading read_out(struct history *h, uint32_t metric, uint32_t scene)
{
	uint32_t at = metric * SCENES_MAX + scene;
	struct story_reading r = {.value = moment_value(&h->encoder, &h->scenes[scene], metric), .what = STORY_GOOD};
	if (sat_value(&h->sat, h->silent[at]))
		r.what = STORY_SILENT;
	else if (!sat_value(&h->sat, h->known[at]))
		r.what = STORY_UNKNOWN;
	else if (sat_value(&h->sat, moment_error(&h->encoder, &h->scenes[scene], metric)))
		r.what = STORY_ERROR;
	return r;
}

/* Does the core compute something of what this device measures that matters here? Then all it measures has to be said.
 */
static bool feeds_derived(const struct history *h, uint32_t metric)
{
	const struct formulas *f = &h->p->formulas;
	const struct home *home = &h->p->core->home;
	const struct home_device *d = &home->devices[home->metrics[metric].device];
	if (home->metrics[metric].derived != HOME_NONE)
		return false;
	for (uint32_t m = d->first_metric; m < d->first_metric + d->n_metrics; m++)
		if (home->metrics[m].derived != HOME_NONE && f->metric_at[m] &&
		    h->relevant->metrics[f->metric_at[m] - 1])
			return true;
	return false;
}

/* In the order of the home. */
static void write_metrics(struct history *h, struct story *story)
{
	const struct formulas *f = &h->p->formulas;
	uint32_t n = h->plan->n, metric = 0;
	for (uint32_t home = 0; home < f->n_home_metrics; home++) {
		uint32_t seen = f->metric_at[home] ? f->metric_at[home] - 1 : NONE;
		bool relevant = seen != NONE && h->relevant->metrics[seen];
		if (!relevant && !feeds_derived(h, home))
			continue;
		story->metrics[metric] = home;
		story->every_ms[metric] = relevant ? f->metrics[seen].ages_ms[0] : f->core->home.metrics[home].stale_ms;
		if (story->every_ms[metric] > f->core->home.metrics[home].stale_ms)
			story->every_ms[metric] = f->core->home.metrics[home].stale_ms;
		for (uint32_t j = 0; j < n; j++)
			story->scenes[n - 1 - j].readings[metric] =
			    relevant ? read_out(h, seen, j) : (struct story_reading){.what = STORY_GOOD};
		metric++;
	}
	story->n_metrics = metric;
}

static int write_story(struct history *h, struct story *story)
{
	const struct formulas *f = &h->p->formulas;
	const struct plan *plan = h->plan;
	if (story_init(story, f->core->home.n_devices, f->n_home_metrics, f->n_controls, plan->n))
		return -1;
	story->control = h->p->control;
	story->asked = plan->n - 1 - plan->asked;
	story->n_controls = 0;
	for (uint32_t d = 0; d < f->core->home.n_devices; d++)
		if (h->relevant->devices[d] && sat_value(&h->sat, moment_parked(&h->encoder, &h->scenes[0], d)))
			story->parked[story->n_parked++] = (uint16_t)d;
	write_metrics(h, story);
	for (uint32_t c = 0; c < f->n_controls; c++) {
		if (f->controls[c] == h->p->control || !h->relevant->controls[c])
			continue;
		for (uint32_t j = 0; j < plan->n; j++) {
			int on = h->scenes[j].controls[c];
			story->scenes[plan->n - 1 - j].on[story->n_controls] = on && sat_value(&h->sat, on);
		}
		story->controls[story->n_controls++] = f->controls[c];
	}
	for (uint32_t j = 0; j < plan->n; j++)
		story->scenes[plan->n - 1 - j].length_ms =
		    j + 1 == plan->n ? plan->first_ms : plan->ago_ms[j + 1] - plan->ago_ms[j];
	return 0;
}

/* 1: found and real; 0: not so; -1: no memory. */
static int try_plan(struct history *h, const struct monitor *monitor, size_t invariant, struct story *story,
		    struct story_end *end)
{
	sat_init(&h->sat);
	h->encoder = (struct encoder){
	    .sat = &h->sat, .formulas = &h->p->formulas, .window = window_over_scenes, .exact_limits = true, .user = h};
	int result = encode(h, invariant);
	if (result == 0 && sat_solve(&h->sat)) {
		make_pleasant(h);
		result = write_story(h, story);
		for (int order = 0; order < 2 && result == 0; order++) {
			story->backwards = order == 1;
			result = story_play(story, monitor, invariant, end) == 0 && end->violated;
		}
		if (result != 1)
			story_release(story);
	}
	for (uint32_t j = 0; j < h->plan->n; j++)
		moment_release(&h->scenes[j]);
	free(h->known);
	free(h->silent);
	sat_release(&h->sat);
	return result;
}

int history_find(const struct proof *p, const struct monitor *monitor, size_t invariant, struct story *story,
		 struct story_end *end)
{
	struct relevant relevant = {0};
	uint64_t delays[DELAYS_MAX];
	int result = find_relevant(p, invariant, &relevant);
	uint32_t n = result ? 0 : find_delays(p, &relevant, delays);
	for (unsigned detail = 0; detail <= 3 && !result; detail++)
		for (uint32_t i = 0; i < n && !result; i++) {
			struct plan plan;
			make_plan(p, &relevant, delays[i], detail, &plan);
			struct history h = {.p = p, .plan = &plan, .relevant = &relevant};
			result = try_plan(&h, monitor, invariant, story, end);
		}
	release_relevant(&relevant);
	return result;
}
