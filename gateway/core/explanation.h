/* SPDX-License-Identifier: Apache-2.0
 *
 * explanation - all that can be said about why a control may or may not act, as plain data: for showing, not for
 * deciding. One control's head, then its rules one by one, so that a hundred rules need no more room than one. What is
 * text lives as long as the core; the rest is copied. Between steps only, on the core's thread; allocates nothing.
 */
#ifndef CORE_EXPLANATION_H
#define CORE_EXPLANATION_H

#include "core/core.h"

#define CORE_SEEN_MAX 16u /* readings of one rule that are told; `n_more` counts the others */
#define CORE_MUST_MAX 64u

enum core_rule_state {
	CORE_RULE_ARMED,   /* it permits */
	CORE_RULE_GRACE,   /* violated, for a moment: what runs goes on, nothing new is granted */
	CORE_RULE_PAUSED,  /* not known to be TRUE */
	CORE_RULE_TRIPPED, /* was violated; waits to be rearmed */
	CORE_RULE_LATCHED, /* waits for a person */
};

/* What is known of a condition. */
enum core_verdict { CORE_VIOLATED, CORE_HOLDS, CORE_NOT_KNOWN, CORE_IMPLAUSIBLE };

/* One thing that a rule looks at. */
struct core_seen {
	const char *device, *key; /* "table", "tilt"; of on(): a control's. key NULL: the device cannot tell at all */
	bool is_control;
	bool negated; /* it must not be so */
	bool parked;  /* it is put away: `verdict` is what that means here */
	enum therapy_unit unit;
	uint8_t quality; /* enum therapy_quality, by the age that the rule allows */
	bool read;       /* there was a reading; else value and age mean nothing */
	double value;
	uint64_t age_ms, max_age_ms;
	char must[CORE_MUST_MAX]; /* "<= 10 deg" */
	const char *limit;        /* the limit's id, or NULL */
	bool has_figure;
	double figure; /* what it comes to, in `unit` */
	enum core_verdict verdict;
};

struct core_rule_explanation {
	const char *id, *because; /* because NULL: not given */
	unsigned hazard;
	enum core_priority priority;
	enum core_rule_state state;
	enum core_verdict verdict;
	const char *only_while, *hard, *rearms; /* as written; NULL: not given */
	char why[CORE_WHY_MAX];                 /* why it forbids; "" while it permits */
	/* First-out: what made it leave ARMED. cause.device CORE_NO_DEVICE: no reading. */
	struct core_cause first;
	char first_why[CORE_WHY_MAX];
	uint64_t first_ago_ms;
	bool waits;           /* it can be armed again by itself, ... */
	uint64_t rearm_in_ms; /* ... in this long at the earliest, were every reading good from now on */
	struct core_seen seen[CORE_SEEN_MAX]; /* each reading once for each bound */
	size_t n_seen, n_more;
};

struct core_explanation {
	const char *device, *kind, *control;
	enum therapy_unit unit;
	const char *words; /* "off|low|high": what its values 0, 1, .. are called; NULL: nothing */
	struct core_permission permission;
	size_t n_rules;
	char waits[CORE_WHY_MAX]; /* what else is waited for: "pad.heat is coming to rest"; "" if nothing */
	uint64_t resume_left_ms;  /* while it is suspended: it must be over within this, or a new request is needed */
	const char *confirm;      /* the metric that says what it does */
	struct core_reading confirmed;
	bool tested;             /* its own timer is proved, and it is known when: ... */
	uint64_t tested_ago_ms;  /* ... so long ago */
	bool test_first;         /* a request would be granted only after an off-test ... */
	uint32_t test_ms;        /* ... that is on for so long */
	struct core_figure_cap { /* a limit that bounds the request */
		const char *limit;
		bool has_figure;
		double figure;
	} caps[8];
	size_t n_caps;
};

/* False, and nothing written: there is no such control. */
bool core_explain(const struct core *core, uint16_t device, uint16_t control, struct core_explanation *out);
/* The control's `i`-th rule, those that forbid first. False: there are fewer. */
bool core_explain_rule(const struct core *core, uint16_t device, uint16_t control, size_t i,
		       struct core_rule_explanation *out);

/* The rule of this id, as an output of the core has it (the pointer counts, not the text). */
bool core_explain_rule_named(const struct core *core, const char *id, struct core_rule_explanation *out);

/* ---- names, of the core's own devices and metrics too (person, heat.session_time) ---- */

/* "table", "tilt", "deg" of a reading or a cause; NULL if there is none. */
const char *core_device_id(const struct core *core, uint16_t device);
const char *core_metric_key(const struct core *core, uint16_t device, uint16_t metric, enum therapy_unit *unit);
/* The word for the value ("pressed", `size` bytes, not terminated), or NULL: it is a number. */
const char *core_metric_word(const struct core *core, uint16_t device, uint16_t metric, double value, size_t *size);
const char *core_device_kind(const struct core *core, uint16_t device);
bool core_present(const struct core *core, uint16_t device);
/* Did it say a reading since it is there? True of one that measures nothing. */
bool core_heard(const struct core *core, uint16_t device);
size_t core_n_rules(const struct core *core);
/* Of these, how many somebody wrote; the others were made for stop and pain buttons and come after them. */
size_t core_n_written_rules(const struct core *core);
/* The moment that everything here speaks of: that of the last step. */
uint64_t core_now_ms(const struct core *core);
/* How many there are, those that the core computes included. */
size_t core_n_devices(const struct core *core);
size_t core_n_metrics(const struct core *core, uint16_t device);
/* False, and CORE_NO_... in out: there is no such control. */
bool core_find_control(const struct core *core, const char *device, const char *control, uint16_t *out_device,
		       uint16_t *out_control);

#endif
