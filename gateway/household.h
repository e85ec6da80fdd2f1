/* SPDX-License-Identifier: Apache-2.0
 *
 * household - who uses this home's devices, and who of them does now. They are kept in the history alone
 * (history/history.h). Whoever is active gives the rules weight, clearance and limits (person.h, CORE_IN_FIGURE), which
 * only tighten what the configuration gives. Where there are people and none is active the strictest of all of theirs
 * holds, weight and clearance are not known, and what is denied to one is denied. Without people the configuration's
 * `profile` holds; also where the history cannot be read, which is said. Wiring, on the loop's thread.
 */
#ifndef HOUSEHOLD_H
#define HOUSEHOLD_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "history/history.h"

#define HOUSEHOLD_LIMITS_MAX 16u
#define HOUSEHOLD_MAX        32u
#define HOUSEHOLD_LAPSE_MS   43200000u /* among several, who was chosen is asked anew after 12 h without a session */

enum household_denied {
	HOUSEHOLD_DENY_HEAT,
	HOUSEHOLD_DENY_COLD,
	HOUSEHOLD_DENY_TRACTION,
	HOUSEHOLD_DENY_INVERSION,
	HOUSEHOLD_DENIES
};

struct household_limit {
	char limit[ID_MAX];
	double value; /* in the limit's unit */
};

struct household_person {
	int64_t id;
	char name[HISTORY_NAME_MAX];
	bool has_weight;
	double weight_kg;
	char cleared_on[11], cleared_by[64]; /* "2026-05-01"; "": not cleared */
	int64_t cleared_s;
	bool denies[HOUSEHOLD_DENIES];
	struct household_limit limits[HOUSEHOLD_LIMITS_MAX];
	size_t n_limits;
	struct json_object *plan; /* what logbook_plan.c keeps of the person's course; NULL: none */
};

struct household;
struct gateway;

struct household_callbacks {
	void *user;
	void (*changed)(void *user);            /* who there is, who is active, or what is known of them */
	void (*erased)(void *user, int64_t id); /* before `changed` */
	bool (*runs)(void *user);               /* a session: nobody else is chosen meanwhile */
	void (*answer)(void *user, uint64_t ticket, struct json_object *answer); /* of an order that waited */
};

/* Reads them from the history; until that is done nothing is known of anybody, which permits nothing. `history` NULL:
 * there never is anybody. 0 or UV_ENOMEM. */
int household_new(struct gateway *g, struct history *history, const struct household_callbacks *callbacks,
		  struct household **out);
/* The history can be read again: asks it, if it could not tell before. NULL is fine. */
void household_read(struct household *household);
/* After history_close. */
void household_free(struct household *household);

size_t household_n(const struct household *household);
const struct household_person *household_at(const struct household *household, size_t i);
/* Who is active; NULL: nobody. */
const struct household_person *household_active(const struct household *household);
/* NULL: there is nobody of that id, or name (letters of ASCII count the same large and small). */
const struct household_person *household_of_id(const struct household *household, int64_t id);
const struct household_person *household_named(const struct household *household, const char *name);

/* Chooses who is active; "" or NULL: nobody. False, and why (CORE_WHY_MAX): refused. */
bool household_choose(struct household *household, const char *name, char *why);
/* Keeps what belongs to the person's plan; takes `plan`. */
void household_put_plan(struct household *household, int64_t id, struct json_object *plan);
/* The figures of the plan's step; replace those before. */
void household_step(struct household *household, const struct household_limit *figures, size_t n);
/* A session was had: who was chosen goes on being. */
void household_used(struct household *household, uint64_t now_ms);
void household_tick(struct household *household, uint64_t now_ms);
/* The core or the configuration is another one: all is told again. */
void household_reconfigured(struct household *household);

/* {"do":"person","step":...}. True: `answer` is complete; else callbacks.answer brings it under that ticket. */
bool household_order(struct household *household, struct json_object *asked, uint64_t ticket,
		     struct json_object *answer);
/* {"name","weight_kg","cleared_on","cleared_by","denies":[],"limits":{"tilt":"35 deg"},"plan","step"} */
struct json_object *household_tell(const struct household *household, const struct household_person *person);

#endif
