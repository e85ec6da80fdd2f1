/* SPDX-License-Identifier: Apache-2.0
 * Named conditions, derived metrics and invariants of a rule file. What they say is looked at by those who know the
 * devices. */
#include "config/sections.h"

#define EXPRESSION .expected = "a condition like \"all inversion.tilt <= 10 deg\""
#define WEEKS(n)   ((n)*7ull * 86400000)

static void read_condition(struct reader *r, setting *group, size_t i, struct core_condition *condition)
{
	static const struct field fields[] = {
	    {.key = "id",
	     .type = FIELD_ID,
	     .at = offsetof(struct core_condition, id),
	     .required = true,
	     .expected = "a name of a-z, 0-9, _ and -"},
	    {.key = "when",
	     .type = FIELD_EXPRESSION,
	     .at = offsetof(struct core_condition, when),
	     .required = true,
	     EXPRESSION},
	};
	char where[96];
	lists_where(group, "condition", "conditions", i, where);
	*condition = (struct core_condition){.file = r->source.file, .line = setting_line(group)};
	read_fields(r, group, where, fields, sizeof fields / sizeof *fields, condition);
}

void conditions_section(struct reader *r, setting *root, struct list *conditions)
{
	setting *s;
	for (size_t i = 0; (s = lists_group(r, root, "conditions", conditions, RULES_MAX, i)); i++)
		if (setting_is_group(s))
			read_condition(r, s, i, list_add(r->arena, conditions, sizeof(struct core_condition)));
}

/* ---- derived ---- */

static const char *const types[] = {"time", "count", "dose", "rate", "contradiction", NULL}; /* enum core_derive */

struct derived_fields {
	char *id, *kind;
	unsigned type;
	struct core_text of, against;
	uint64_t gap, within;
};

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct derived_fields, key_), __VA_ARGS__                  \
	}
static const struct field derived_fields[] = {
    FIELD(id, FIELD_ID, .required = true, .expected = "a name of a-z, 0-9, _ and -"),
    FIELD(kind, FIELD_ID, .required = true, .expected = "a kind of device like \"heat\""),
    FIELD(type, FIELD_WORD, .required = true, .words = types,
	  .expected = "\"time\", \"count\", \"dose\", \"rate\" or \"contradiction\""),
    FIELD(of, FIELD_EXPRESSION, .required = true,
	  .expected = "a condition like \"self.tilt > 10 deg\", or a metric like \"self.skin_temp\""),
    FIELD(against, FIELD_EXPRESSION, .expected = "a metric like \"self.sequence\""),
    FIELD(gap, FIELD_DURATION, .max = 86400000, .expected = "a duration like \"30 s\""),
    FIELD(within, FIELD_DURATION, .min = 1000, .max = WEEKS(4), .expected = "a duration like \"1 d\""),
};
#undef FIELD

/* What each type needs, and what means nothing to it. */
static void check_derived(struct reader *r, setting *group, const char *where, enum core_derive type)
{
	static const struct {
		const char *key;
		unsigned needs, takes; /* bits of types */
	} keys[] = {
	    {"gap", 1u << CORE_DERIVE_COUNT, 1u << CORE_DERIVE_TIME | 1u << CORE_DERIVE_COUNT},
	    {"within", 1u << CORE_DERIVE_COUNT | 1u << CORE_DERIVE_DOSE,
	     1u << CORE_DERIVE_TIME | 1u << CORE_DERIVE_COUNT | 1u << CORE_DERIVE_DOSE},
	    {"against", 1u << CORE_DERIVE_CONTRADICTION, 1u << CORE_DERIVE_CONTRADICTION},
	};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		setting *s = read_member(group, keys[i].key);
		if (!s && (keys[i].needs >> type & 1u))
			read_fault(r, setting_line(group), "%s: %s is missing, expected it for the type \"%s\"", where,
				   keys[i].key, types[type]);
		if (s && !(keys[i].takes >> type & 1u))
			read_fault(r, setting_line(s), "%s: %s means nothing to the type \"%s\", expected none", where,
				   keys[i].key, types[type]);
	}
}

static void read_derived(struct reader *r, setting *group, size_t i, struct core_derived *derived)
{
	char where[96];
	lists_where(group, "derived", "derived", i, where);
	struct derived_fields in = {.type = UINT32_MAX};
	size_t before = r->faults->n;
	read_fields(r, group, where, derived_fields, sizeof derived_fields / sizeof *derived_fields, &in);
	if (r->faults->n == before)
		check_derived(r, group, where, (enum core_derive)in.type);
	*derived = (struct core_derived){.file = r->source.file,
					 .line = setting_line(group),
					 .id = in.id,
					 .kind = in.kind,
					 .type = (enum core_derive)(in.type == UINT32_MAX ? 0 : in.type),
					 .of = in.of,
					 .against = in.against,
					 .gap_ms = in.gap,
					 .within_ms = in.within};
}

void derived_section(struct reader *r, setting *root, struct list *derived)
{
	setting *s;
	for (size_t i = 0; (s = lists_group(r, root, "derived", derived, DERIVED_MAX, i)); i++)
		if (setting_is_group(s))
			read_derived(r, s, i, list_add(r->arena, derived, sizeof(struct core_derived)));
}

/* ---- invariants ---- */

void invariants_section(struct reader *r, setting *root, struct list *invariants)
{
	const char *expected = "\"whenever permitted(kind:heat): all inversion.tilt <= 20 deg\"";
	setting *list = read_list(r, root, "", "invariants", "a list of texts in quotes");
	for (size_t i = 0; list && i < setting_length(list); i++) {
		setting *s = setting_at(list, i);
		if (invariants->n == RULES_MAX) {
			read_fault(r, setting_line(s), "more than %u invariants, expected at most so many", RULES_MAX);
			return;
		}
		struct config_invariant *invariant = list_add(r->arena, invariants, sizeof *invariant);
		invariant->file = r->source.file;
		if (!setting_expression(r, s, "invariants", expected, &invariant->text))
			invariants->n--;
	}
}
