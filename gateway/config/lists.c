/* SPDX-License-Identifier: Apache-2.0
 * What the lists of rule files have in common. */
#include <stdio.h>
#include <string.h>

#include "config/sections.h"

void *list_add(struct arena *arena, struct list *list, size_t size)
{
	if (list->n == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 16;
		void *items = arena_new(arena, cap, size);
		if (list->n)
			memcpy(items, list->items, list->n * size);
		list->items = items;
		list->cap = cap;
	}
	return (char *)list->items + list->n++ * size;
}

setting *lists_group(struct reader *r, setting *root, const char *key, const struct list *list, size_t max, size_t i)
{
	const char *expected = "a list ( ... ) of groups { ... }";
	setting *all = i == 0 ? read_list(r, root, "", key, expected) : read_member(root, key);
	if (!all || i >= setting_length(all))
		return NULL;
	setting *s = setting_at(all, i);
	if (list->n == max) {
		read_fault(r, setting_line(s), "more than %zu %s, expected at most so many", max, key);
		return NULL;
	}
	if (!setting_is_group(s)) {
		char found[96];
		setting_describe(s, found, sizeof found);
		read_fault(r, setting_line(s), "%s[%zu]: found %s, expected a group { id = ...; }", key, i, found);
	}
	return s;
}

void lists_where(setting *group, const char *what, const char *list, size_t i, char out[96])
{
	setting *id = read_member(group, "id");
	const char *text = id ? setting_string(id) : NULL;
	if (text)
		snprintf(out, 96, "%s \"%.48s\"", what, text);
	else
		snprintf(out, 96, "%s[%zu]", list, i);
}

bool lists_texts(struct reader *r, setting *group, const char *where, const char *key, const char *expected,
		 const struct core_text **out, size_t *n_out)
{
	char what[160];
	setting *list = read_list(r, group, where, key, expected);
	if (!list)
		return false;
	size_t n = setting_length(list);
	struct core_text *texts = arena_new(r->arena, n, sizeof *texts);
	snprintf(what, sizeof what, "%s: %s", where, key);
	if (!n)
		read_fault(r, setting_line(list), "%s: found an empty list, expected %s", what, expected);
	for (size_t i = 0; i < n; i++) {
		setting *s = setting_at(list, i);
		texts[i] =
		    (struct core_text){.text = setting_text(r, s, what, TEXT_MAX, expected), .line = setting_line(s)};
	}
	*out = texts;
	*n_out = n;
	return true;
}
