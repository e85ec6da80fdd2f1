/* SPDX-License-Identifier: Apache-2.0
 *
 * hazards - which of the 30 hazards this home is guarded against, by which rule or mechanism, and what is missing.
 * `check` prints it and the gateway publishes it. A hazard is kept by rules, which say themselves what they can see
 * (core_coverage), and by mechanisms of the program, which are the table in hazards.c.
 *
 * Pure: facts in, text out. Start-up only.
 */
#ifndef PROMISE_HAZARDS_H
#define PROMISE_HAZARDS_H

#include <stdbool.h>
#include <stddef.h>

#define HAZARDS_COUNT    30u /* rows of the hazard table, from 1 */
#define HAZARDS_TEXT_MAX 320u

enum hazard_level {
	HAZARD_COVERED,
	HAZARD_PARTLY,
	HAZARD_NOT_COVERED,
	HAZARD_ABSENT, /* it does not arise: this home has nothing that does it */
};

/* What one rule or mechanism says about one hazard. */
struct hazard_part {
	char by[64]; /* id of the rule; of a mechanism, its name in words */
	enum hazard_level level;
	bool refused; /* and therefore what it guards cannot be used */
	char text[HAZARDS_TEXT_MAX];
};

struct hazard {
	const char *title; /* "heat while inverted" */
	enum hazard_level level;
	bool refused;
	struct hazard_part *parts;
	size_t n_parts;
};

/* A rule of the configuration, as seen in this home. */
struct hazards_rule {
	const char *id;
	unsigned hazard;
	enum hazard_level level;
	bool refused;
	const char *text;
};

struct hazards_control {
	const char *device, *key;
	bool has_timer;  /* rests by itself */
	bool has_load;   /* a second proof of rest: power, force */
	bool has_cutoff; /* something upstream can cut it off */
};

struct hazards_home {
	const struct hazards_rule *rules;
	size_t n_rules;
	const struct hazards_control *controls;
	size_t n_controls;
	const char *stop_source;    /* "belt.pain_button"; NULL: none */
	const char *contradictions; /* derived metrics that contradict a stuck sensor; NULL: none */
};

struct hazards {
	struct hazard rows[HAZARDS_COUNT + 1]; /* [0] is not used */
};

/* NULL: out of memory. */
struct hazards *hazards_new(const struct hazards_home *home);
void hazards_free(struct hazards *hazards);
/* "covered", "partly", "not_covered", "absent". */
const char *hazard_level_key(enum hazard_level level);

#endif
