/* SPDX-License-Identifier: Apache-2.0
 * Files that a setting names, one by one or as a directory. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/sections.h"
#include "config/text.h"

static void add_file(struct files *f, const char *path, const struct naming *named)
{
	char *real = realpath(path, NULL);
	bool again = false;
	for (size_t i = 0; real && i < f->n_real && !again; i++)
		again = strcmp(f->real[i], real) == 0;
	if (again)
		read_fault(f->r, named->line, "%s %s is named twice, expected once", named->what, path);
	else if (f->n_real == FILES_MAX)
		read_fault(f->r, named->line, "%s more than %u files, expected at most so many", named->what,
			   FILES_MAX);
	else {
		if (real)
			f->real[f->n_real++] = arena_copy(f->r->arena, real, strlen(real));
		f->read(f->user, path, named);
	}
	free(real);
}

static int is_configuration(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);
	return entry->d_name[0] != '.' && n > 4 && strcmp(entry->d_name + n - 4, ".cfg") == 0;
}

/* By bytes: the order must not depend on the user's language. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_directory(struct files *f, const char *path, const struct naming *named)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_configuration, by_bytes);
	if (n < 0) {
		read_fault(f->r, named->line, "%s %s cannot be read: %s", named->what, path, strerror(errno));
		return;
	}
	if (n == 0)
		read_fault(f->r, named->line, "%s %s is a directory without a file *.cfg, expected one or more",
			   named->what, path);
	for (int i = 0; i < n; i++) {
		add_file(f, arena_print(f->r->arena, "%s/%s", path, entries[i]->d_name), named);
		free(entries[i]);
	}
	free(entries);
}

void files_at(struct files *f, const char *path, const struct naming *named)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		add_directory(f, path, named);
	else
		add_file(f, path, named);
}

void files_named(struct files *f, setting *root, const char *key, const char *expected)
{
	struct reader *r = f->r;
	setting *list = read_list(r, root, "", key, expected);
	size_t n = list ? setting_length(list) : 0;
	if (n > FILES_MAX) {
		read_fault(r, setting_line(list), "%s: found %zu, expected at most %u", key, n, FILES_MAX);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		setting *s = setting_at(list, i);
		const struct naming named = {
		    .file = r->source.file, .line = setting_line(s), .what = arena_print(r->arena, "%s:", key)};
		char *name = setting_text(r, s, key, PATH_BYTES, "the name of a file in quotes");
		if (name)
			files_at(f, text_path(r->arena, r->source.file, name), &named);
	}
}
