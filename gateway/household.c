/* SPDX-License-Identifier: Apache-2.0 */
#include "household_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/language.h"
#include "base/log.h"
#include "base/str.h"
#include "figures.h"

#define SETTING "person" /* of the history: the id of who is active */

/* ---- who there is ---- */

bool household_empty(const struct household *h)
{
	return h->n == 0;
}

size_t household_n(const struct household *h)
{
	return h ? h->n : 0;
}

const struct household_person *household_at(const struct household *h, size_t i)
{
	return &h->people[i];
}

const struct household_person *household_of_id(const struct household *h, int64_t id)
{
	for (size_t i = 0; h && id != SESSION_NOBODY && i < h->n; i++)
		if (h->people[i].id == id)
			return &h->people[i];
	return NULL;
}

const struct household_person *household_named(const struct household *h, const char *name)
{
	for (size_t i = 0; h && i < h->n; i++)
		if (strcasecmp(h->people[i].name, name) == 0)
			return &h->people[i];
	return NULL;
}

const struct household_person *household_active(const struct household *h)
{
	return h ? household_of_id(h, h->active) : NULL;
}

/* ---- what that means to the rules ---- */

static void tighten(struct household_told *told, bool minimum, double value)
{
	told->value = !told->given ? value : minimum ? fmax(told->value, value) : fmin(told->value, value);
	told->given = true;
}

static void tighten_by(const struct core_limit *limit, const struct household_limit *limits, size_t n,
		       struct household_told *told)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(limits[i].limit, limit->id) == 0)
			tighten(told, limit->minimum, limits[i].value);
}

static bool gives(const struct household_limit *limits, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(limits[i].limit, id) == 0)
			return true;
	return false;
}

static void figure_of_person(const struct household *h, const struct household_person *p,
			     const struct core_limit *limit, struct household_told *told)
{
	struct figures_weight of[FIGURES_OF_WEIGHT];
	tighten_by(limit, p->limits, p->n_limits, told);
	tighten_by(limit, h->step, h->n_step, told);
	if (!p->has_weight)
		return;
	bool force = gives(p->limits, p->n_limits, "force") || gives(h->step, h->n_step, "force");
	figures_of_weight(h->g->config, p->weight_kg, force, of);
	for (size_t i = 0; i < FIGURES_OF_WEIGHT; i++)
		if (strcmp(of[i].limit, limit->id) == 0 && of[i].unit == limit->unit)
			tighten(told, limit->minimum, of[i].value);
}

/* Nobody is active: the strictest of what anybody has, and not looser than what holds without a figure. */
static void figure_of_all(const struct household *h, const struct core_limit *limit, struct household_told *told)
{
	for (size_t i = 0; i < h->n; i++)
		tighten_by(limit, h->people[i].limits, h->people[i].n_limits, told);
	if (told->given && limit->has_default)
		tighten(told, limit->minimum, limit->value);
}

static void tell_figures(struct household *h)
{
	const struct config *config = h->g->config;
	const struct household_person *p = household_active(h);
	uint64_t now_ms = clock_boot_ms();
	for (size_t i = 0; i < config->n_limits && i < h->n_told; i++) {
		const struct core_limit *limit = &config->limits[i];
		struct household_told now = {0}, *was = &h->told[i];
		if (p)
			figure_of_person(h, p, limit, &now);
		else
			figure_of_all(h, limit, &now);
		bool same =
		    now.given == was->given && (!now.given || (now.value <= was->value && now.value >= was->value));
		if (same)
			continue;
		*was = now;
		struct core_input input = {.type = CORE_IN_FIGURE,
					   .device = CORE_NO_DEVICE,
					   .figure = {.limit = limit->id, .given = now.given, .value = now.value}};
		gateway_feed(h->g, now_ms, &input);
	}
}

static void fill_profile(struct household *h)
{
	const struct config_profile *home = &h->g->config->profile;
	const struct household_person *p = household_active(h);
	memset(h->denies, 0, sizeof h->denies);
	if (household_empty(h)) {
		h->profile = *home;
		return;
	}
	/* What is the home's, whoever is active. */
	h->profile = (struct config_profile){
	    .heat_acknowledged = home->heat_acknowledged, .presence_ms = home->presence_ms, .line = home->line};
	for (size_t i = 0; i < h->n; i++)
		for (size_t d = 0; d < HOUSEHOLD_DENIES; d++)
			h->denies[d] |= (!p || p == &h->people[i]) && h->people[i].denies[d];
	if (!p)
		return;
	h->profile.has_weight = p->has_weight;
	h->profile.weight_kg = p->weight_kg;
	h->profile.has_cleared = p->cleared_on[0] != '\0';
	h->profile.cleared_s = p->cleared_s;
	h->profile.cleared_on = h->people[p - h->people].cleared_on;
	h->profile.cleared_by = h->people[p - h->people].cleared_by;
}

void household_apply(struct household *h)
{
	fill_profile(h);
	gateway_set_person(h->g, &h->profile, h->denies);
	tell_figures(h);
}

/* ---- changes ---- */

static int by_name(const void *a, const void *b)
{
	return strcasecmp(((const struct household_person *)a)->name, ((const struct household_person *)b)->name);
}

bool household_keep(struct household *h, const struct household_person *person)
{
	size_t i = 0;
	while (i < h->n && h->people[i].id != person->id)
		i++;
	if (i == HOUSEHOLD_MAX)
		return false;
	if (i == h->n)
		h->people[h->n++] = (struct household_person){0};
	if (h->people[i].plan != person->plan)
		json_object_put(h->people[i].plan);
	h->people[i] = *person;
	qsort(h->people, h->n, sizeof *h->people, by_name);
	return true;
}

void household_forget(struct household *h, int64_t id)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->people[i].id == id) {
			json_object_put(h->people[i].plan);
			memmove(&h->people[i], &h->people[i + 1], (h->n - i - 1) * sizeof *h->people);
			h->n--;
			break;
		}
	if (h->active == id) {
		h->active = SESSION_NOBODY;
		h->n_step = 0;
	}
}

static void activate(struct household *h, int64_t id)
{
	if (h->active != id)
		h->n_step = 0; /* the plan was another's */
	h->active = id;
	h->used_ms = clock_boot_ms();
	household_apply(h);
	h->callbacks.changed(h->callbacks.user);
}

bool household_choose(struct household *h, const char *name, char *why)
{
	struct str s;
	char id[24];
	str_init(&s, why, CORE_WHY_MAX);
	const struct household_person *p = name && name[0] ? household_named(h, name) : NULL;
	if (!h || (name && name[0] && !p)) {
		str_add(&s, "there is nobody called '%.60s'; `therapyctl person list` shows who there is",
			name ? name : "");
		return false;
	}
	if ((p ? p->id : SESSION_NOBODY) != h->active && h->callbacks.runs(h->callbacks.user)) {
		str_add(&s, LANGUAGE_MARK("a session runs: whose it is changes only when it is over"));
		return false;
	}
	str_init(&s, id, sizeof id);
	str_add(&s, "%lld", p ? (long long)p->id : 0ll);
	if (h->history)
		(void)history_put_setting(h->history, SETTING, p ? id : NULL);
	log_info("people", "%s", p ? "another person is active" : "nobody is active"); /* no name in a log */
	activate(h, p ? p->id : SESSION_NOBODY);
	return true;
}

void household_put_plan(struct household *h, int64_t id, struct json_object *plan)
{
	for (size_t i = 0; h && i < h->n; i++) {
		struct household_person *p = &h->people[i];
		if (p->id != id)
			continue;
		json_object_put(p->plan);
		p->plan = plan;
		char *document = household_document(p);
		struct history_person row = {.id = id, .document = document};
		memcpy(row.name, p->name, sizeof row.name);
		if (!document || !h->history || history_put_person(h->history, &row, NULL, NULL) != 0)
			log_error("people", "a step of a plan could not be kept");
		free(document);
		return;
	}
	json_object_put(plan);
}

void household_step(struct household *h, const struct household_limit *figures, size_t n)
{
	if (!h)
		return;
	h->n_step = n < HOUSEHOLD_LIMITS_MAX ? n : HOUSEHOLD_LIMITS_MAX;
	memcpy(h->step, figures, h->n_step * sizeof *figures);
	tell_figures(h);
}

void household_used(struct household *h, uint64_t now_ms)
{
	if (h)
		h->used_ms = now_ms;
}

void household_tick(struct household *h, uint64_t now_ms)
{
	char why[CORE_WHY_MAX];
	if (h && h->n > 1 && h->active != SESSION_NOBODY && now_ms - h->used_ms >= HOUSEHOLD_LAPSE_MS)
		(void)household_choose(h, NULL, why); /* not while a session runs: then later */
}

static bool make_room(struct household *h)
{
	size_t n = h->g->config->n_limits;
	struct household_told *told = calloc(n + 1, sizeof *told);
	if (!told)
		return false;
	free(h->told);
	h->told = told;
	h->n_told = n;
	return true;
}

void household_reconfigured(struct household *h)
{
	if (h && make_room(h) && h->loaded)
		household_apply(h);
}

/* ---- from the history ---- */

static void on_setting(void *user, int error, const char *value)
{
	struct household *h = user;
	if (error == UV_ECANCELED)
		return;
	h->loaded = true;
	h->failed = error != 0;
	activate(h, value ? strtoll(value, NULL, 10) : SESSION_NOBODY);
}

static void on_people(void *user, const struct history_people *answer)
{
	struct household *h = user;
	if (answer->error && answer->error != UV_ECANCELED)
		log_error("people", "who uses this home is not known: %s; the configuration's profile holds",
			  uv_strerror(answer->error));
	for (size_t i = 0; answer->error == 0 && i < answer->n; i++) {
		const struct history_person *row = &answer->items[i];
		struct household_person p = {.id = row->id};
		memcpy(p.name, row->name, sizeof p.name);
		household_read_document(&p, row->document);
		if (!household_keep(h, &p)) {
			log_error("people", "there are more than %u; the others cannot be chosen", HOUSEHOLD_MAX);
			json_object_put(p.plan);
		}
	}
	if (answer->error == 0 && history_setting(h->history, SETTING, h, on_setting) == 0)
		return;
	if (answer->error != UV_ECANCELED)
		on_setting(h, answer->error, NULL);
}

void household_read(struct household *h)
{
	if (h && h->failed && history_people(h->history, h, on_people) == 0)
		h->failed = false;
}

int household_new(struct gateway *g, struct history *history, const struct household_callbacks *callbacks,
		  struct household **out)
{
	struct household *h = calloc(1, sizeof *h);
	if (!h)
		return UV_ENOMEM;
	*h = (struct household){.g = g, .history = history, .callbacks = *callbacks};
	if (!make_room(h)) {
		free(h);
		return UV_ENOMEM;
	}
	*out = h;
	if (history && history_people(history, h, on_people) == 0)
		person_init(&g->person, NULL, NULL); /* there may be people who are denied something */
	else
		h->loaded = true;
	return 0;
}

void household_free(struct household *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++)
		json_object_put(h->people[i].plan);
	free(h->told);
	free(h);
}
