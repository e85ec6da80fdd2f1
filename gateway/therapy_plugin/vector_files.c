/* SPDX-License-Identifier: Apache-2.0 */
#include "therapy_plugin/vector_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "therapy_plugin/command.h"

static bool add_file(struct vector_files *files, const char *path, bool named)
{
	char why[VECTORS_WHY];
	if (files->n == VECTOR_FILES_MAX) {
		command_usage("%s: one vector file too many, expected at most %d", path, VECTOR_FILES_MAX);
		return false;
	}
	struct vector_text *t = &files->at[files->n];
	*t = (struct vector_text){strdup(path), vectors_slurp(path, why), named};
	if (t->path && t->text) {
		files->n++;
		return true;
	}
	command_usage("%s", why);
	free(t->path);
	free(t->text);
	return false;
}

static int is_vectors(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);
	return n > 4 && strcmp(entry->d_name + n - 4, ".vec") == 0;
}

static bool add_folder(struct vector_files *files, const char *folder)
{
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, is_vectors, alphasort);
	bool good = n >= 0;
	if (!good)
		command_usage("%s: %s", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		char *path = NULL;
		if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
			abort();
		good = good && add_file(files, path, false);
		free(path);
		free(entries[i]);
	}
	free(entries);
	if (n == 0)
		command_usage("%s: holds no *.vec, expected vector files", folder);
	return good && n > 0;
}

bool vector_files_add(struct vector_files *files, const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		command_usage("%s: %s; expected a vector file, or a folder of them", path, strerror(errno));
		return false;
	}
	return S_ISDIR(st.st_mode) ? add_folder(files, path) : add_file(files, path, true);
}

void vector_files_release(struct vector_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->at[i].path);
		free(files->at[i].text);
	}
	files->n = 0;
}

void model_vectors_open(const struct vector_files *from, const struct therapy_plugin *plugin,
			const struct therapy_model *model, struct model_vectors *out)
{
	char why[VECTORS_WHY];
	out->n_files = out->n_vectors = 0;
	for (size_t i = 0; i < from->n; i++) {
		struct vector_file *file = &out->files[out->n_files];
		char *copy = strdup(from->at[i].text);
		if (!copy)
			abort();
		if (!vectors_parse(from->at[i].path, copy, plugin, file, why))
			continue;
		if (file->model != model) {
			vectors_close(file);
			continue;
		}
		out->n_files++;
		for (size_t v = 0; v < file->n_vectors && out->n_vectors < sizeof out->vectors / sizeof *out->vectors;
		     v++) {
			file->vectors[v].file = file;
			out->vectors[out->n_vectors++] = &file->vectors[v];
		}
	}
}
