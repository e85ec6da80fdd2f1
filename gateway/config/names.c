/* SPDX-License-Identifier: Apache-2.0 */
#include "config/sections.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"

struct place {
	const struct named *item;
	const struct named *first; /* of the same name */
};

static int by_name(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = strcmp(x->item->name, y->item->name);
	return order ? order : (x->item > y->item) - (x->item < y->item);
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	return (x->item > y->item) - (x->item < y->item);
}

void check_names(struct arena *arena, struct faults *faults, const struct named *items, size_t n, const char *what)
{
	struct place *places = arena_new(arena, n, sizeof *places);
	size_t used = 0;
	for (size_t i = 0; i < n; i++)
		if (items[i].name)
			places[used++] = (struct place){.item = &items[i], .first = &items[i]};
	qsort(places, used, sizeof *places, by_name);
	for (size_t i = 1; i < used; i++)
		if (strcmp(places[i].item->name, places[i - 1].item->name) == 0)
			places[i].first = places[i - 1].first;
	qsort(places, used, sizeof *places, by_place);
	for (size_t i = 0; i < used; i++)
		if (places[i].first != places[i].item)
			faults_add(faults, places[i].item->file, places[i].item->line,
				   "%s \"%s\" is there already, at %s:%u: expected another id", what,
				   places[i].item->name, places[i].first->file, places[i].first->line);
}

char *suggest_file(struct arena *arena, const char *dir, const char *ending, const char *name)
{
	const char *names[256];
	size_t n = 0, tail = strlen(ending);
	DIR *entries = dir ? opendir(dir) : NULL;
	for (struct dirent *e; entries && n < sizeof names / sizeof *names && (e = readdir(entries));) {
		size_t length = strlen(e->d_name);
		if (length > tail && strcmp(e->d_name + length - tail, ending) == 0)
			names[n++] = arena_copy(arena, e->d_name, length - tail);
	}
	if (entries)
		closedir(entries);
	const char *nearest = text_nearest(name, names, n);
	return nearest ? arena_print(arena, "; did you mean %s?", nearest) : arena_copy(arena, "", 0);
}
