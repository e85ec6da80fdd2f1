/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/coverage.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "therapyctl/fields.h"

#define MISSING "missing: "

static bool is_here(struct json_object *kinds, const char *kind, size_t size)
{
	if (!kinds)
		return false;
	json_object_object_foreach(kinds, id, value)
	{
		const char *own = json_object_get_string(value);
		(void)id;
		if (own && strlen(own) == size && memcmp(own, kind, size) == 0)
			return true;
	}
	return false;
}

/* "a tilt sensor (kind inversion), a ... (kind belt)": does each kind in it name one that this home does not have? */
static bool is_elsewhere(struct json_object *check, const char *what)
{
	static const char word[] = "(kind ";
	struct json_object *kinds = field(check, "kinds");
	const char *at = strstr(what, word);
	bool any = at != NULL;
	for (; at; at = strstr(at + 1, word)) {
		const char *kind = at + sizeof word - 1;
		if (is_here(kinds, kind, strcspn(kind, ")")))
			return false;
	}
	return any;
}

static const char *missing_of(struct json_object *part)
{
	const char *at = strstr(field_text(part, "text"), MISSING);
	return at ? at + sizeof MISSING - 1 : NULL;
}

static void add(struct str *s, const char *text)
{
	if (s->len)
		str_add_cut(s, "; ");
	str_add_cut(s, text);
}

static void lacks(struct coverage *c, struct json_object *check, const char *what, const char *title)
{
	size_t i = 0;
	struct str s;
	while (i < c->n && strncmp(c->lacks[i].what, what, sizeof c->lacks->what - 4) != 0)
		i++;
	if (i == COVERAGE_LACKS_MAX)
		return;
	struct coverage_lack *lack = &c->lacks[i];
	if (i == c->n) {
		*lack = (struct coverage_lack){.elsewhere = is_elsewhere(check, what)};
		str_init(&s, lack->what, sizeof lack->what);
		str_add_cut(&s, what);
		c->n++;
	}
	/* more than one part of a hazard may lack the same */
	size_t used = strlen(lack->titles), size = strlen(title);
	if (used >= size && strcmp(lack->titles + used - size, title) == 0)
		return;
	str_init(&s, lack->titles + used, sizeof lack->titles - used);
	if (used)
		str_add_cut(&s, "; ");
	str_add_cut(&s, title);
}

void coverage_read(struct coverage *out, struct json_object *check)
{
	struct json_object *hazards = field_list(check, "hazards");
	*out = (struct coverage){0};
	for (size_t i = 0; i < json_object_array_length(hazards); i++) {
		struct json_object *h = json_object_array_get_idx(hazards, i), *parts = field_list(h, "by");
		for (size_t p = 0; p < json_object_array_length(parts); p++) {
			const char *what = missing_of(json_object_array_get_idx(parts, p));
			if (what)
				lacks(out, check, what, field_text(h, "title"));
		}
	}
}

/* Is everything that a hazard lacks of a kind that is not here? */
static bool concerns_nobody(struct json_object *check, struct json_object *hazard)
{
	struct json_object *parts = field_list(hazard, "by");
	size_t n = json_object_array_length(parts);
	for (size_t p = 0; p < n; p++) {
		const char *what = missing_of(json_object_array_get_idx(parts, p));
		if (!what || !is_elsewhere(check, what))
			return false;
	}
	return n > 0;
}

void coverage_titles(struct json_object *check, const char *level, char *out, size_t size)
{
	struct json_object *hazards = field_list(check, "hazards");
	struct str s;
	str_init(&s, out, size);
	for (size_t i = 0; i < json_object_array_length(hazards); i++) {
		struct json_object *h = json_object_array_get_idx(hazards, i);
		char title[160];
		if (strcmp(field_text(h, "level"), level) != 0 ||
		    (strcmp(level, "not_covered") == 0 && concerns_nobody(check, h)))
			continue;
		snprintf(title, sizeof title, "%s%s", field_text(h, "title"),
			 field_true(h, "refused") ? " (refused)" : "");
		add(&s, title);
	}
}
