/* SPDX-License-Identifier: Apache-2.0
 *
 * vectors - reads and plays the vector files. The format is described in README.md beside this file.
 */
#ifndef CODECS_VECTORS_H
#define CODECS_VECTORS_H

#include "session.h"

struct vector_line {
	char *text; /* without comment and surrounding blanks */
	unsigned number;
};

struct vector_file {
	char *path;
	char *text;
	struct vector_line *lines; /* the blank ones left out */
	size_t n_lines;
	const struct therapy_model *model;
	bool checksummed;
	struct vector_line *always; /* "KEY VALUE": options that every vector sets */
	size_t n_always;
};

struct vector {
	const struct vector_file *file;
	char *name;
	size_t first, end; /* its lines */
	bool mutate;       /* play it to try spoilt frames, not to compare */
};

/* Reads a file and finds its model in `plugin`. Ends the program with a sentence if that fails. */
void vectors_read(const char *path, const struct therapy_plugin *plugin, struct vector_file *out);
void vectors_free(struct vector_file *file);
/* The vectors of a file, at most `max`; returns how many. */
size_t vectors_find(const struct vector_file *file, struct vector *out, size_t max);
/* A session of the file's model with the options that the file always sets; not yet connected. */
struct session *vectors_session(const struct vector_file *file);
/* Plays one; fails the running test where it differs. */
void vectors_play(const struct vector *vector);

#endif
