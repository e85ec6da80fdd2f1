/* SPDX-License-Identifier: Apache-2.0
 * What somebody wants of `therapyctl person`, read from its words, and the order that it becomes. Pure, but that what
 * goes wrong is said on standard error. */
#ifndef THERAPYCTL_PERSON_WORDS_H
#define THERAPYCTL_PERSON_WORDS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

enum person_step {
	PERSON_LIST,
	PERSON_SHOW,
	PERSON_ADD,
	PERSON_SET,
	PERSON_CHOOSE,
	PERSON_NOBODY,
	PERSON_ERASE,
	PERSON_EXPORT,
	PERSON_STEPS
};

#define PERSON_DENIALS    4u
#define PERSON_LIMITS_MAX 32u

extern const char *const person_denials[PERSON_DENIALS]; /* "heat", ... */

/* Every text is one of the words, or a part of one. */
struct person_words {
	enum person_step step;
	const char *name;   /* NULL: whoever is chosen; of PERSON_SHOW alone */
	const char *rename; /* NULL, as all below: stays as it is */
	const char *weight, *cleared_on, *cleared_by;
	bool no_weight, not_cleared;
	const char *limits[PERSON_LIMITS_MAX]; /* "tilt=35 deg"; "tilt=": no limit any more */
	size_t n_limits;
	bool denies[PERSON_DENIALS], allows[PERSON_DENIALS];
	bool yes;
	const char *file; /* of PERSON_EXPORT; "-": standard output */
};

/* `words` are what stands behind the command, NULL-terminated. False, and *out is of no use: that was said. */
bool person_words_read(char **words, struct person_words *out);
/* The order `set` for what is to change of `person`, as the gateway tells it; NULL: one who is not there yet. */
struct json_object *person_words_order(const struct person_words *words, struct json_object *person);

#endif
