/* SPDX-License-Identifier: Apache-2.0
 *
 * proposal - what would be written and what would be changed on devices, before anybody agreed: composed, checked by
 * the gateway's own check under another name beside its place, and shown nowhere. One thread; blocks while the check
 * runs. */
#ifndef BEGIN_PROPOSAL_H
#define BEGIN_PROPOSAL_H

#include <json-c/json.h>

#include "begin/files.h"
#include "begin/home_file.h"
#include "begin/programs.h"

struct proposal_order {
	const char *old; /* the configuration that is there; NULL: none */
	struct home_change change;
	const char *password; /* "": none, or none that is new */
	bool wants_token;     /* the page needs one: */
	const char *token;    /* "": one that nobody chose */
	const struct seen_list *seen;
};

struct proposal {
	char *text;                /* as it would be */
	char *difference;          /* from the old one; NULL: there was none */
	char password_file[64];    /* "": none was written */
	char token_file[64];       /* of the page, likewise */
	struct json_object *check; /* what `check --json` says of it */
};

/* `answers->password_file` and `token_file` are filled in. False, and what is in the way as text in `*why`, which the
 * caller frees, or NULL: no memory, or asked to stop. What was written so far is files_drop()'s. */
bool proposal_make(struct proposal *out, const struct proposal_order *order, struct home_answers *answers,
		   struct files *files, const struct programs *programs, char **why);
/* For a page: 128 bits, which nobody guesses. False: a sentence in `why`. */
#define PROPOSAL_TOKEN 33u /* bytes, with the NUL */
bool proposal_token(char out[PROPOSAL_TOKEN], char *why, size_t why_size);
void proposal_release(struct proposal *proposal);
/* What is changed on that device itself, as lines; NULL: nothing. The caller frees. */
char *proposal_changes(const struct proposal *proposal, const char *id);
/* Has that device a control that could stay on, and so an off-test? */
bool proposal_switches(const struct proposal *proposal, const char *id);

#endif
