/* SPDX-License-Identifier: Apache-2.0
 *
 * vectors - reads and plays the vector files of docs/plugin-vectors.md: what a plugin makes of which bytes. A vector is
 * played step by step, so that two can be played in turns. One thread.
 */
#ifndef KIT_VECTORS_H
#define KIT_VECTORS_H

#include "kit/session.h"

enum { VECTORS_WHY = 1600 };

struct vector_line {
	char *text; /* without comment and surrounding blanks */
	unsigned number;
};

struct vector {
	const struct vector_file *file;
	char *name;
	size_t first, end; /* its lines */
	bool mutate;       /* play it to try spoilt frames, not to compare */
};

struct vector_file {
	char *path;
	char *text;
	struct vector_line *lines; /* the blank ones left out */
	size_t n_lines;
	const struct therapy_model *model;
	bool checksummed, plain;
	struct vector_line *always; /* "KEY VALUE": options that every vector sets */
	size_t n_always;
	struct vector *vectors;
	size_t n_vectors;
};

/* Reads a file, finds its model in `plugin` and its vectors. False, and one sentence with file and line in `why`. */
bool vectors_open(const char *path, const struct therapy_plugin *plugin, struct vector_file *out,
		  char why[VECTORS_WHY]);
/* The same, of a text that was read already: takes `text`, which was allocated. */
bool vectors_parse(const char *path, char *text, const struct therapy_plugin *plugin, struct vector_file *out,
		   char why[VECTORS_WHY]);
/* The whole file, allocated; or NULL, and why. */
char *vectors_slurp(const char *path, char why[VECTORS_WHY]);
void vectors_close(struct vector_file *file);
/* A session of the file's model with the options that the file always sets; not yet connected. */
struct session *vectors_session(const struct vector_file *file, struct note *note);

struct player {
	const struct vector *vector;
	struct session *session;
	const struct vector_line *line;
	size_t next;     /* line */
	size_t compared; /* of the session's lines */
	size_t n_expected;
	bool connected, wrong;
	char why[VECTORS_WHY]; /* if wrong: where, what was expected, what was found */
};

void player_begin(struct player *player, const struct vector *vector, struct note *note);
/* One line of it; false at the end or where it went wrong. */
bool player_step(struct player *player);
/* True if all came as expected and no promise was broken; else see `why`. */
bool player_end(struct player *player);
void player_release(struct player *player);

#endif
