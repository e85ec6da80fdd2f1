/* SPDX-License-Identifier: Apache-2.0
 *
 * files - what is written: everything under another name first, so that a configuration is there as a whole or not at
 * all, and what was made for it goes again when it is not wanted. */
#ifndef BEGIN_FILES_H
#define BEGIN_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct files {
	char place[PATH_MAX];      /* the configuration; a symbolic link was followed */
	char fresh[PATH_MAX];      /* beside it, until it is taken; "": not written */
	char secrets[2][PATH_MAX]; /* beside it; "": none was written */
	char made[PATH_MAX];       /* the folder, if it was not there; goes again with the rest */
};

/* Where `file` is to be (its folder is made, but no more), whether it is there, and whether it can be written there.
 * False, and a sentence in `why`. */
bool files_find(struct files *files, const char *file, bool *there, char *why, size_t why_size);
/* The text of the configuration, which the caller frees; NULL, and a sentence. */
char *files_read(const struct files *files, char *why, size_t why_size);
enum files_secret { FILES_PASSWORD /* mqtt-password */, FILES_TOKEN /* page-token */ };
/* A new file beside it with that secret in it, mode 0600; how it is called, in `name`. */
bool files_secret(struct files *files, enum files_secret which, const char *secret, char name[64], char *why,
		  size_t why_size);
/* The configuration under its other name, with the mode and owner of the one that is there. */
bool files_write(struct files *files, const char *text, char *why, size_t why_size);
/* The other name becomes its own. What was there stays as <file>.before. */
bool files_take(struct files *files, char *why, size_t why_size);
/* What was written and not taken goes. */
void files_drop(struct files *files);

#endif
