/* SPDX-License-Identifier: Apache-2.0
 *
 * stages - the parts of `check`, each of which loads the plugin in a child process of its own (kit/contain.h), so that
 * what kills one says nothing of the others.
 *
 * A line of the report begins with what it is: '!' a fault, '?' a remark, ' ' text to show, 'm' the key of a model,
 * 'f' the number of a vector that did not come as written and, behind a blank, how. */
#ifndef THERAPY_PLUGIN_STAGES_H
#define THERAPY_PLUGIN_STAGES_H

#include <stdio.h>

#include "therapy_plugin/vector_files.h"

enum stage_type {
	STAGE_TABLES,  /* loads it, looks at its tables, says what it is */
	STAGE_VECTORS, /* plays every vector, as written and damaged */
	STAGE_ALONE,   /* plays one as the first thing that this plugin ever does */
	STAGE_TWINS,   /* two vectors in turns */
	STAGE_NOISE,
};

enum { STAGE_NOISE_MS = 3000 }; /* noise ends then, however many frames it was */

struct stage {
	enum stage_type type;
	const char *path;  /* of the plugin */
	const char *model; /* its key; NULL: all (TABLES) */
	size_t vector;     /* ALONE: which of the model's */
	uint64_t seed;     /* NOISE */
	size_t frames;
	const struct vector_files *files;
	struct note *note; /* shared with the parent */
};

/* For contain_work.run. */
void stage_run(void *stage, FILE *report);

#endif
