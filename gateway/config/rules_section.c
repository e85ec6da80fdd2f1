/* SPDX-License-Identifier: Apache-2.0 */
#include "config/sections.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HAZARD_ROWS 30 /* of the hazard table, docs/configuration.md */

static const char *const priorities[] = {"low", "medium", "high", NULL}; /* enum core_priority's order */

struct rule_fields {
	char *id, *because;
	struct core_text only_while, hard, rearms;
	uint64_t hazard, max_age, grace;
	unsigned priority;
};

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct rule_fields, key_), __VA_ARGS__                     \
	}
#define EXPRESSION .expected = "a condition like \"all inversion.tilt <= 10 deg\""
static const struct field fields[] = {
    FIELD(id, FIELD_ID, .required = true, .expected = "a name of a-z, 0-9, _ and -"),
    FIELD(hazard, FIELD_COUNT, .min = 1, .max = HAZARD_ROWS, .expected = "a row of the hazard table"),
    {.key = "permits",
     .type = FIELD_OTHER,
     .required = true,
     .expected = "what the rule governs, like [ \"kind:heat\" ] or [ \"pad.heat\" ]"},
    FIELD(only_while, FIELD_EXPRESSION, .required = true, EXPRESSION),
    /* 0 would read as "not given" */
    FIELD(max_age, FIELD_DURATION, .min = 100, .max = 31ull * 86400000, .expected = "a duration like \"5 s\""),
    /* a violation that may last longer than a minute is a rule that does not hold */
    FIELD(grace, FIELD_DURATION, .max = 60000, .expected = "a duration like \"1 s\""),
    FIELD(hard, FIELD_EXPRESSION, EXPRESSION),
    FIELD(rearms, FIELD_EXPRESSION, EXPRESSION),
    FIELD(priority, FIELD_WORD, .words = priorities, .expected = "\"low\", \"medium\" or \"high\""),
    FIELD(because, FIELD_TEXT, .max = TEXT_MAX, .expected = "one sentence in quotes"),
};
#undef FIELD
#undef EXPRESSION

static struct core_rule *append(struct arena *arena, struct rule_list *rules)
{
	if (rules->n == rules->cap) {
		size_t cap = rules->cap ? rules->cap * 2 : 16;
		struct core_rule *items = arena_new(arena, cap, sizeof *items);
		if (rules->n)
			memcpy(items, rules->items, rules->n * sizeof *items);
		rules->items = items;
		rules->cap = cap;
	}
	return &rules->items[rules->n++];
}

static void read_permits(struct reader *r, setting *group, const char *where, struct core_rule *rule)
{
	const char *expected = "a list like [ \"kind:heat\" ] or [ \"pad.heat\" ]";
	char what[96];
	setting *list = read_list(r, group, where, "permits", expected);
	if (!list)
		return;
	size_t n = setting_length(list);
	struct core_text *permits = arena_new(r->arena, n, sizeof *permits);
	snprintf(what, sizeof what, "%s: permits", where);
	if (!n)
		read_fault(r, setting_line(list), "%s: found an empty list, expected %s", what, expected);
	for (size_t i = 0; i < n; i++) {
		setting *s = setting_at(list, i);
		permits[i] = (struct core_text){
		    .text = setting_text(r, s, what, TEXT_MAX,
					 "\"kind:heat\", all of a kind, or \"pad.heat\", one control"),
		    .line = setting_line(s)};
	}
	rule->permits = permits;
	rule->n_permits = n;
}

static void read_rule(struct reader *r, setting *group, size_t i, struct core_rule *rule)
{
	char where[64 + 16];
	setting *id = read_member(group, "id");
	const char *text = id ? setting_string(id) : NULL;
	if (text)
		snprintf(where, sizeof where, "rule \"%.48s\"", text);
	else
		snprintf(where, sizeof where, "rules[%zu]", i);
	struct rule_fields in = {.priority = CORE_PRIORITY_MEDIUM};
	read_fields(r, group, where, fields, sizeof fields / sizeof *fields, &in);
	*rule = (struct core_rule){
	    .file = r->source.file,
	    .line = setting_line(group),
	    .id = in.id,
	    .hazard = (unsigned)in.hazard,
	    .only_while = in.only_while,
	    .hard = in.hard,
	    .rearms = in.rearms,
	    .max_age_ms = in.max_age,
	    .grace_ms = in.grace,
	    .priority = (enum core_priority)in.priority,
	    .because = in.because ? in.because : arena_copy(r->arena, "", 0),
	};
	read_permits(r, group, where, rule);
}

void rules_section(struct reader *r, setting *root, struct rule_list *rules)
{
	setting *list = read_list(r, root, "", "rules", "a list ( ... ) of groups { ... }");
	for (size_t i = 0; list && i < setting_length(list); i++) {
		setting *s = setting_at(list, i);
		if (rules->n == RULES_MAX) {
			read_fault(r, setting_line(s), "more than %u rules, expected at most so many", RULES_MAX);
			return;
		}
		if (setting_is_group(s)) {
			read_rule(r, s, i, append(r->arena, rules));
		} else {
			char found[96];
			setting_describe(s, found, sizeof found);
			read_fault(r, setting_line(s), "rules[%zu]: found %s, expected a group { id = ...; }", i,
				   found);
		}
	}
}

void rules_file(struct arena *arena, struct faults *faults, const char *path, const struct naming *named,
		struct rule_list *rules)
{
	static const struct field only[] = {
	    {.key = "rules", .type = FIELD_OTHER, .required = true, .expected = "a list ( ... ) of groups { ... }"}};
	struct reader r;
	if (reader_open(&r, arena, faults, path, named) < 0)
		return;
	read_fields(&r, reader_root(&r), "", only, 1, NULL);
	rules_section(&r, reader_root(&r), rules);
	reader_close(&r);
}
