/* SPDX-License-Identifier: Apache-2.0
 * Rule files: which they are, and all that they and the main file say together. */
#include <string.h>

#include "config/sections.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

struct gatherer {
	struct reader *r; /* the main file's */
	struct rule_lists lists;
};

/* conditions, derived and invariants; the same in the main file and in rule files. */
static void other_lists(struct reader *r, setting *root, struct rule_lists *lists)
{
	conditions_section(r, root, &lists->conditions);
	derived_section(r, root, &lists->derived);
	invariants_section(r, root, &lists->invariants);
}

static void read_one(void *user, const char *path, const struct naming *named)
{
	struct gatherer *g = user;
	static const struct field may[] = {
	    {.key = "rules", .type = FIELD_OTHER},      {.key = "limits", .type = FIELD_OTHER},
	    {.key = "conditions", .type = FIELD_OTHER}, {.key = "derived", .type = FIELD_OTHER},
	    {.key = "invariants", .type = FIELD_OTHER},
	};
	struct reader r;
	if (reader_open(&r, g->r->arena, g->r->faults, path, named) < 0)
		return;
	setting *root = reader_root(&r);
	read_fields(&r, root, "", may, LENGTH(may), NULL);
	if (setting_length(root) == 0)
		read_fault(&r, 1, "says nothing, expected rules, limits, conditions, derived or invariants");
	rules_section(&r, root, &g->lists.rules);
	limits_section(&r, root, &g->lists.limits);
	other_lists(&r, root, &g->lists);
	reader_close(&r);
}

/* Ids that are there twice. Every item begins with file, line, id. */
#define CHECK_IDS(r, list, type, what)                                                                                 \
	do {                                                                                                           \
		const type *items_ = (list)->items;                                                                    \
		struct named *names_ = arena_new((r)->arena, (list)->n, sizeof *names_);                               \
		for (size_t i_ = 0; i_ < (list)->n; i_++)                                                              \
			names_[i_] = (struct named){items_[i_].id, items_[i_].file, items_[i_].line};                  \
		check_names((r)->arena, (r)->faults, names_, (list)->n, what);                                         \
	} while (0)

static void check_ids(struct reader *r, const struct rule_lists *lists)
{
	CHECK_IDS(r, &lists->rules, struct core_rule, "rule");
	CHECK_IDS(r, &lists->limits, struct core_limit, "limit");
	CHECK_IDS(r, &lists->conditions, struct core_condition, "condition");
	/* A derived metric is of a kind: "heat.session_time" and "cold.session_time" are two. */
	const struct core_derived *derived = lists->derived.items;
	struct named *names = arena_new(r->arena, lists->derived.n, sizeof *names);
	for (size_t i = 0; i < lists->derived.n; i++)
		if (derived[i].id && derived[i].kind)
			names[i] = (struct named){arena_print(r->arena, "%s.%s", derived[i].kind, derived[i].id),
						  derived[i].file, derived[i].line};
	check_names(r->arena, r->faults, names, lists->derived.n, "derived");
}

void rule_files_section(struct reader *r, setting *root, const struct config_places *places, struct config *config)
{
	struct gatherer g = {.r = r};
	struct files named_files = {.r = r, .user = &g, .read = read_one};
	struct rule_lists *l = &g.lists;
	size_t faults = r->faults->n;
	setting *inline_rules = read_member(root, "rules"), *files = read_member(root, "rule_files");
	rules_section(r, root, &l->rules);
	other_lists(r, root, l);
	if (files)
		files_named(&named_files, root, "rule_files", "a list like [ \"my-rules.cfg\" ] of files");
	if (!inline_rules && !files) {
		const struct naming named = {
		    .file = r->source.file, .line = 1, .what = "names no rules, and the shipped ones,"};
		const char *path = places->default_rules ? places->default_rules : "(none)";
		files_at(&named_files, arena_copy(r->arena, path, strlen(path)), &named);
	} else if (!l->rules.n && r->faults->n == faults) {
		read_fault(
		    r, setting_line(inline_rules ? inline_rules : files),
		    "found no rule at all, expected one or more, or neither rules nor rule_files for the shipped ones");
	}
	check_ids(r, l);
	config->rules = l->rules.items;
	config->n_rules = l->rules.n;
	config->limits = l->limits.items;
	config->n_limits = l->limits.n;
	config->conditions = l->conditions.items;
	config->n_conditions = l->conditions.n;
	config->derived = l->derived.items;
	config->n_derived = l->derived.n;
	config->invariants = l->invariants.items;
	config->n_invariants = l->invariants.n;
}
