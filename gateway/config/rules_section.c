/* SPDX-License-Identifier: Apache-2.0 */
#include "config/sections.h"

#define HAZARD_ROWS 30 /* of the hazard table, docs/configuration.md */

static const char *const priorities[] = {"low", "medium", "high", NULL}; /* enum core_priority's order */

struct rule_fields {
	char *id, *because;
	struct core_text only_while, hard, rearms;
	uint64_t hazard, max_age, grace;
	unsigned priority;
	bool latch, stop, where_measured;
};

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct rule_fields, key_), __VA_ARGS__                     \
	}
#define EXPRESSION .expected = "a condition like \"all inversion.tilt <= 10 deg\""
static const struct field fields[] = {
    FIELD(id, FIELD_ID, .required = true, .expected = "a name of a-z, 0-9, _ and -"),
    FIELD(hazard, FIELD_COUNT, .min = 1, .max = HAZARD_ROWS, .expected = "a row of the hazard table"),
    {.key = "permits", .type = FIELD_OTHER},
    {.key = "watches", .type = FIELD_OTHER},
    FIELD(only_while, FIELD_EXPRESSION, .required = true, EXPRESSION),
    /* 0 would read as "not given" */
    FIELD(max_age, FIELD_DURATION, .min = 100, .max = 31ull * 86400000, .expected = "a duration like \"5 s\""),
    /* a violation that may last longer than a minute is a rule that does not hold */
    FIELD(grace, FIELD_DURATION, .max = 60000, .expected = "a duration like \"1 s\""),
    FIELD(hard, FIELD_EXPRESSION, EXPRESSION),
    FIELD(rearms, FIELD_EXPRESSION, EXPRESSION),
    FIELD(priority, FIELD_WORD, .words = priorities, .expected = "\"low\", \"medium\" or \"high\""),
    FIELD(latch, FIELD_TRUTH, .expected = "true or false"),
    FIELD(stop, FIELD_TRUTH, .expected = "true or false"),
    FIELD(where_measured, FIELD_TRUTH, .expected = "true or false"),
    FIELD(because, FIELD_TEXT, .max = TEXT_MAX, .expected = "one sentence in quotes"),
};
#undef FIELD
#undef EXPRESSION

/* What it governs, or what it only watches. */
static void read_scope(struct reader *r, setting *group, const char *where, struct core_rule *rule)
{
	setting *permits = read_member(group, "permits"), *watches = read_member(group, "watches");
	lists_texts(r, group, where, "permits", "a list like [ \"kind:heat\" ] or [ \"pad.heat\" ]", &rule->permits,
		    &rule->n_permits);
	lists_texts(r, group, where, "watches", "a list like [ \"kind:inversion\" ]", &rule->watches, &rule->n_watches);
	if (!permits && !watches)
		read_fault(r, rule->line,
			   "%s: permits is missing, expected what the rule governs, like [ \"kind:heat\" ] or "
			   "[ \"pad.heat\" ], or watches, for an alarm only",
			   where);
	if (permits && watches)
		read_fault(r, setting_line(watches),
			   "%s: found permits and watches, expected one of them: a rule either governs or only watches",
			   where);
	if (watches && !permits && (rule->latch || rule->stop))
		read_fault(r, setting_line(read_member(group, rule->latch ? "latch" : "stop")),
			   "%s: %s: a rule that only watches ends nothing, expected it in a rule that permits", where,
			   rule->latch ? "latch" : "stop");
}

static void read_rule(struct reader *r, setting *group, size_t i, struct core_rule *rule)
{
	char where[96];
	lists_where(group, "rule", "rules", i, where);
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
	    .latch = in.latch,
	    .stop = in.stop,
	    .where_measured = in.where_measured,
	};
	read_scope(r, group, where, rule);
}

void rules_section(struct reader *r, setting *root, struct list *rules)
{
	setting *s;
	for (size_t i = 0; (s = lists_group(r, root, "rules", rules, RULES_MAX, i)); i++)
		if (setting_is_group(s))
			read_rule(r, s, i, list_add(r->arena, rules, sizeof(struct core_rule)));
}
