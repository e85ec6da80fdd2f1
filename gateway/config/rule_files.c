/* SPDX-License-Identifier: Apache-2.0
 * Rule files: which they are, and all that they and the main file say together. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/sections.h"
#include "config/text.h"

#define RULE_FILES_MAX 64u
#define LENGTH(array)  (sizeof(array) / sizeof *(array))

struct gatherer {
	struct reader *r; /* the main file's */
	struct rule_lists lists;
	char *real[RULE_FILES_MAX]; /* the files read so far, by their real paths */
	size_t n_real;
};

/* conditions, derived and invariants; the same in the main file and in rule files. */
static void other_lists(struct reader *r, setting *root, struct rule_lists *lists)
{
	conditions_section(r, root, &lists->conditions);
	derived_section(r, root, &lists->derived);
	invariants_section(r, root, &lists->invariants);
}

static void read_one(struct gatherer *g, const char *path, const struct naming *named)
{
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

static void add_file(struct gatherer *g, const char *path, const struct naming *named)
{
	char *real = realpath(path, NULL);
	bool again = false;
	for (size_t i = 0; real && i < g->n_real && !again; i++)
		again = strcmp(g->real[i], real) == 0;
	if (again)
		read_fault(g->r, named->line, "%s %s is named twice, expected once", named->what, path);
	else if (g->n_real == RULE_FILES_MAX)
		read_fault(g->r, named->line, "%s more than %u files, expected at most so many", named->what,
			   RULE_FILES_MAX);
	else {
		if (real)
			g->real[g->n_real++] = arena_copy(g->r->arena, real, strlen(real));
		read_one(g, path, named);
	}
	free(real);
}

static int is_rule_file(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);
	return entry->d_name[0] != '.' && n > 4 && strcmp(entry->d_name + n - 4, ".cfg") == 0;
}

/* By bytes: the order must not depend on the user's language. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_directory(struct gatherer *g, const char *path, const struct naming *named)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_rule_file, by_bytes);
	if (n < 0) {
		read_fault(g->r, named->line, "%s %s cannot be read: %s", named->what, path, strerror(errno));
		return;
	}
	if (n == 0)
		read_fault(g->r, named->line, "%s %s is a directory without a file *.cfg, expected one or more",
			   named->what, path);
	for (int i = 0; i < n; i++) {
		add_file(g, arena_print(g->r->arena, "%s/%s", path, entries[i]->d_name), named);
		free(entries[i]);
	}
	free(entries);
}

static void add_path(struct gatherer *g, const char *path, const struct naming *named)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		add_directory(g, path, named);
	else
		add_file(g, path, named);
}

static void add_named(struct gatherer *g, setting *root)
{
	struct reader *r = g->r;
	setting *list = read_list(r, root, "", "rule_files", "a list like [ \"my-rules.cfg\" ] of files");
	size_t n = list ? setting_length(list) : 0;
	if (n > RULE_FILES_MAX) {
		read_fault(r, setting_line(list), "rule_files: found %zu, expected at most %u", n, RULE_FILES_MAX);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		setting *s = setting_at(list, i);
		const struct naming named = {.file = r->source.file, .line = setting_line(s), .what = "rule_files:"};
		char *name = setting_text(r, s, "rule_files", PATH_BYTES, "the name of a file in quotes");
		if (name)
			add_path(g, text_path(r->arena, r->source.file, name), &named);
	}
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
	struct rule_lists *l = &g.lists;
	size_t faults = r->faults->n;
	setting *inline_rules = read_member(root, "rules"), *files = read_member(root, "rule_files");
	rules_section(r, root, &l->rules);
	other_lists(r, root, l);
	if (files)
		add_named(&g, root);
	if (!inline_rules && !files) {
		const struct naming named = {
		    .file = r->source.file, .line = 1, .what = "names no rules, and the shipped ones,"};
		const char *path = places->default_rules ? places->default_rules : "(none)";
		add_path(&g, arena_copy(r->arena, path, strlen(path)), &named);
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
