/* SPDX-License-Identifier: Apache-2.0
 *
 * vector_files - the texts of the vector files that a user named, one by one or as a folder of *.vec. Read in the
 * parent: the child that loads a plugin opens nothing. */
#ifndef THERAPY_PLUGIN_VECTOR_FILES_H
#define THERAPY_PLUGIN_VECTOR_FILES_H

#include "kit/vectors.h"

enum { VECTOR_FILES_MAX = 64 };

struct vector_text {
	char *path, *text;
	bool named; /* itself: then it has to be one for this plugin; a folder may hold those of others */
};

struct vector_files {
	struct vector_text at[VECTOR_FILES_MAX];
	size_t n;
};

/* A file or a folder. False, and said why not. */
bool vector_files_add(struct vector_files *files, const char *path);
void vector_files_release(struct vector_files *files);

/* Those of one model of a loaded plugin, opened. */
struct model_vectors {
	struct vector_file files[VECTOR_FILES_MAX];
	size_t n_files;
	const struct vector *vectors[4096]; /* of all of them */
	size_t n_vectors;
};

/* Takes those that are for `model`; what cannot be read is left out. Aborts if memory is short. */
void model_vectors_open(const struct vector_files *from, const struct therapy_plugin *plugin,
			const struct therapy_model *model, struct model_vectors *out);

#endif
