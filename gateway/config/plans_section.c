/* SPDX-License-Identifier: Apache-2.0
 * Plans of therapy: one in each file. What is read here is what is written; which plans cannot be is plan/'s to say. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/unit.h"
#include "config/sections.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define A_DAY_MS      86400000u
#define SOURCE_MAX    1024u

struct gatherer {
	struct arena *arena;
	struct faults *faults;
	struct list plans; /* of struct plan */
};

/* ---- an item ---- */

struct item_fields {
	unsigned what;
	char *activity;
	uint64_t time, rest, gap, per_day, per_week;
};

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct item_fields, key_), __VA_ARGS__                     \
	}
static const struct field item_fields[] = {
    FIELD(what, FIELD_WORD, .required = true, .words = plan_whats,
	  .expected = "\"inversion\", \"traction\", \"heat\", \"cold\" or \"activity\""),
    FIELD(activity, FIELD_TEXT, .max = 64, .expected = "the activity's name like \"stretching\""),
    {.key = "angle", .type = FIELD_OTHER},
    {.key = "force", .type = FIELD_OTHER},
    FIELD(time, FIELD_DURATION, .min = 1000, .max = A_DAY_MS, .expected = "a duration like \"10 min\""),
    FIELD(per_day, FIELD_COUNT, .min = 1, .max = 24, .expected = "how many sessions a day"),
    FIELD(per_week, FIELD_COUNT, .min = 1, .max = 168, .expected = "how many sessions a week"),
    FIELD(rest, FIELD_DURATION, .max = 7ull * A_DAY_MS, .expected = "a duration like \"4 h\""),
    FIELD(gap, FIELD_DURATION, .max = A_DAY_MS, .expected = "a duration like \"10 min\""),
};
#undef FIELD

/* A member in one of two units; `*other` says which. */
static bool read_amount(struct reader *r, setting *group, const char *where, const char *key, const char *expected,
			enum therapy_unit unit, enum therapy_unit or_unit, double *out, bool *other)
{
	setting *s = read_member(group, key);
	enum therapy_unit found;
	double value;
	char what[160], text[96];
	if (!s)
		return false;
	snprintf(what, sizeof what, "%s: %s", where, key);
	if (!setting_amount(r, s, what, expected, &value, &found))
		return false;
	if (found == unit || found == or_unit) {
		*out = value;
		*other = found != unit;
		return true;
	}
	setting_describe(s, text, sizeof text);
	read_fault(r, setting_line(s), "%s: found %s, expected %s", what, text, expected);
	return false;
}

static void read_item(struct reader *r, setting *group, const char *where, struct plan_item *item)
{
	struct item_fields in = {0};
	read_fields(r, group, where, item_fields, LENGTH(item_fields), &in);
	*item = (struct plan_item){.what = (enum plan_what)in.what,
				   .activity = in.activity,
				   .has_minutes = in.time > 0,
				   .minutes = (double)in.time / 60000,
				   .per_day = (unsigned)in.per_day,
				   .per_week = (unsigned)in.per_week,
				   .rest_min_minutes = (double)in.rest / 60000,
				   .gap_minutes = (double)in.gap / 60000,
				   .line = setting_line(group)};
	double value;
	bool share;
	if (read_amount(r, group, where, "angle", "an angle like \"20 deg\"", THERAPY_UNIT_DEG, THERAPY_UNIT_DEG,
			&value, &share)) {
		item->has_angle = true;
		item->angle_deg = value;
	}
	if (!read_amount(r, group, where, "force", "\"20 %\" of the body weight, or a force like \"150 N\"",
			 THERAPY_UNIT_NEWTON, THERAPY_UNIT_PERCENT, &value, &share))
		return;
	item->has_share = share;
	item->has_force = !share;
	*(share ? &item->force_share : &item->force_n) = share ? value / 100 : value;
}

/* ---- steps ---- */

/* The groups of the list `key`; 0, with the fault, if it is none, or has more than `max` or something else in it. */
static size_t groups_of(struct reader *r, setting *group, const char *where, const char *key, size_t max, setting **out)
{
	setting *list = read_list(r, group, where, key, "a list ( ... ) of groups { ... }");
	size_t n = list ? setting_length(list) : 0;
	const char *colon = *where ? ": " : "";
	if (n > max) {
		read_fault(r, setting_line(list), "%s%s%s: found %zu, expected 1 to %zu", where, colon, key, n, max);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		setting *s = setting_at(list, i);
		char found[96];
		if (setting_is_group(s))
			continue;
		setting_describe(s, found, sizeof found);
		read_fault(r, setting_line(s), "%s%s%s[%zu]: found %s, expected a group { ... }", where, colon, key, i,
			   found);
		return 0;
	}
	*out = list;
	return n;
}

struct step_fields {
	uint64_t weeks, sessions;
};

static const struct field step_fields[] = {
    {.key = "weeks",
     .type = FIELD_COUNT,
     .at = offsetof(struct step_fields, weeks),
     .min = 1,
     .max = 52,
     .expected = "a number of weeks"},
    {.key = "sessions",
     .type = FIELD_COUNT,
     .at = offsetof(struct step_fields, sessions),
     .min = 1,
     .max = 1000,
     .expected = "a number of sessions"},
    {.key = "items", .type = FIELD_OTHER, .required = true, .expected = "a list ( ... ) of groups { what = ...; }"},
};

static void read_step(struct reader *r, setting *group, size_t number, struct plan_step *step)
{
	char where[64];
	struct step_fields in = {0};
	setting *list;
	snprintf(where, sizeof where, "step %zu", number);
	read_fields(r, group, where, step_fields, LENGTH(step_fields), &in);
	size_t n = groups_of(r, group, where, "items", PLAN_ITEMS_MAX, &list);
	struct plan_item *items = arena_new(r->arena, n, sizeof *items);
	for (size_t i = 0; i < n; i++) {
		snprintf(where, sizeof where, "step %zu: item %zu", number, i + 1);
		read_item(r, setting_at(list, i), where, &items[i]);
	}
	*step = (struct plan_step){.weeks = (unsigned)in.weeks,
				   .sessions = (unsigned)in.sessions,
				   .items = items,
				   .n_items = n,
				   .line = setting_line(group)};
}

/* ---- a plan ---- */

struct plan_fields {
	char *id, *name, *because, *source;
};

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct plan_fields, key_), .required = true, __VA_ARGS__   \
	}
static const struct field plan_fields[] = {
    FIELD(id, FIELD_ID, .expected = "a name of a-z, 0-9, _ and -"),
    FIELD(name, FIELD_TEXT, .max = TEXT_MAX, .expected = "a name for people"),
    FIELD(because, FIELD_TEXT, .max = TEXT_MAX, .expected = "one sentence for people"),
    FIELD(source, FIELD_TEXT, .max = SOURCE_MAX, .expected = "where its figures are from"),
    {.key = "steps", .type = FIELD_OTHER, .required = true, .expected = "a list ( ... ) of groups { items = ...; }"},
};
#undef FIELD

static void read_one(void *user, const char *path, const struct naming *named)
{
	struct gatherer *g = user;
	struct plan_fields in = {0};
	struct reader r;
	size_t before = g->faults->n;
	if (reader_open(&r, g->arena, g->faults, path, named) < 0)
		return;
	setting *root = reader_root(&r), *list;
	read_fields(&r, root, "", plan_fields, LENGTH(plan_fields), &in);
	size_t n = groups_of(&r, root, "", "steps", PLAN_STEPS_MAX, &list);
	struct plan_step *steps = arena_new(g->arena, n, sizeof *steps);
	for (size_t i = 0; i < n; i++)
		read_step(&r, setting_at(list, i), i + 1, &steps[i]);
	setting *id = read_member(root, "id");
	const struct plan plan = {.id = in.id,
				  .name = in.name,
				  .because = in.because,
				  .source = in.source,
				  .file = r.source.file,
				  .line = id ? setting_line(id) : 1,
				  .steps = steps,
				  .n_steps = n};
	reader_close(&r);
	if (g->faults->n == before && plan_check(&plan, g->faults))
		*(struct plan *)list_add(g->arena, &g->plans, sizeof plan) = plan;
}

/* Whoever names plans wants to follow them as they are; the shipped ones are there for every home, and what the home
 * gives holds if it is stricter. */
static void check_home(struct reader *r, const struct config *config)
{
	struct plan_figure *figures = arena_new(r->arena, config->n_figures, sizeof *figures);
	for (size_t i = 0; i < config->n_figures; i++) {
		const struct core_figure *f = &config->figures[i];
		figures[i] = (struct plan_figure){
		    .limit = f->limit, .unit = f->unit, .value = f->value, .file = f->file, .line = f->line};
	}
	for (size_t i = 0; i < config->n_plans; i++)
		plan_check_home(&config->plans[i], config->profile.has_weight ? config->profile.weight_kg : 0, figures,
				config->n_figures, r->faults);
}

void plans_section(struct reader *r, setting *root, const struct config_places *places, struct config *config)
{
	struct gatherer g = {.arena = r->arena, .faults = r->faults};
	struct files files = {.r = r, .user = &g, .read = read_one};
	const char *shipped = places->default_plans;
	bool named = read_member(root, "plans");
	if (named) {
		files_named(&files, root, "plans", "a list like [ \"my-plan.cfg\" ] of files");
	} else if (shipped && *shipped && (access(shipped, F_OK) == 0 || errno != ENOENT)) {
		const struct naming by = {
		    .file = r->source.file, .line = 1, .what = "names no plans, and the shipped ones,"};
		files_at(&files, arena_copy(r->arena, shipped, strlen(shipped)), &by);
	}
	config->plans = g.plans.items;
	config->n_plans = g.plans.n;
	struct named *names = arena_new(r->arena, config->n_plans, sizeof *names);
	for (size_t i = 0; i < config->n_plans; i++)
		names[i] = (struct named){config->plans[i].id, config->plans[i].file, config->plans[i].line};
	check_names(r->arena, r->faults, names, config->n_plans, "plan");
	if (named)
		check_home(r, config);
}
