/* SPDX-License-Identifier: Apache-2.0
 *
 * home_file - the text of a configuration: a first one of under 20 lines, or one that is there, changed: devices behind
 * the last of its list, and single values. Every other byte stays, and so comments and hand edits. Pure but for memory.
 */
#ifndef BEGIN_HOME_FILE_H
#define BEGIN_HOME_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "begin/seen.h"

struct home_answers {
	const char *url, *username; /* username "": none */
	const char *password_file;  /* "": none */
	const char *page;           /* address and port for browsers; NULL: none that is new */
	const char *token_file;     /* of the page; "" or NULL: the one that is there */
	bool german;                /* language = "de" */
	bool heats_when_powered;
	bool heat_acknowledged;
	bool owns_table, owns_traction; /* that nothing measures */
};

#define HOME_FILE_ID "home" /* gateway.id of a first one */
/* The whole text, which the caller frees; NULL: no memory. */
char *home_file_new(const struct home_answers *answers, const struct seen_list *list);
/* What is to be changed besides the devices that are added. */
struct home_change {
	bool acknowledge; /* heat: the profile says so */
	bool broker;      /* url, and of username and password_file what is given */
	bool page;        /* where it is served, and token_file if that is given */
};

/* `text` with what was chosen added to its devices, and changed as told. The caller frees; NULL, and a sentence in
 * `why`. */
char *home_file_change(const char *text, const struct home_change *change, const struct home_answers *answers,
		       const struct seen_list *list, char *why, size_t why_size);

#endif
