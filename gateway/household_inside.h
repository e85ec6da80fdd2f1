/* SPDX-License-Identifier: Apache-2.0
 * Shared by household.c (who there is, and what that means to the rules) and household_order.c (what is asked of it).
 * Nobody else includes it. */
#ifndef HOUSEHOLD_INSIDE_H
#define HOUSEHOLD_INSIDE_H

#include "gateway_inside.h"
#include "household.h"

/* What a limit of the configuration was last told to the core. */
struct household_told {
	bool given;
	double value;
};

struct household {
	struct gateway *g;
	struct history *history; /* NULL: there is none */
	struct household_callbacks callbacks;
	struct household_person people[HOUSEHOLD_MAX];
	size_t n;
	bool loaded;    /* who there is, or that it cannot be known */
	bool failed;    /* it could not be known */
	int64_t active; /* SESSION_NOBODY */
	uint64_t used_ms;
	struct household_limit step[HOUSEHOLD_LIMITS_MAX]; /* of the active person's plan */
	size_t n_step;
	struct config_profile profile; /* that person.h tells of */
	bool denies[HOUSEHOLD_DENIES];
	struct household_told *told; /* by limit of the configuration */
	size_t n_told;
};

extern const char *const household_denials[HOUSEHOLD_DENIES]; /* "heat", ... */

/* The person as the document that the history keeps; allocated, NULL without memory. */
char *household_document(const struct household_person *person);
/* Fills in what the document says; what it does not say, or says wrongly, is not known. */
void household_read_document(struct household_person *person, const char *document);
/* What is kept of a person is changed, or a person is new (`id` 0, then *id tells it): into the cache, and to the
 * rules. False: there is no room. */
bool household_keep(struct household *h, const struct household_person *person);
void household_forget(struct household *h, int64_t id);
/* Tells the rules what holds now. */
void household_apply(struct household *h);
/* Nobody but the configuration's profile: there are no people. */
bool household_empty(const struct household *h);

#endif
