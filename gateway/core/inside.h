/* SPDX-License-Identifier: Apache-2.0
 * The core's insides, shared by its own files only:
 *
 *   core.c     steps: lets time pass, takes the input, settles, resumes, renews
 *   build.c    core_new and core_free: from the spec to rules over this home
 *   rule.c     one rule's states: ARMED, PAUSED, GRACE, TRIPPED
 *   grant.c    one control's grant: leases, suspension, rest
 *   gate.c     requests
 *   explain.c  sentences for people
 *   explain_control.c  everything about one control, as data
 *   needs.c    what the rules need of this home: ages, figures; start-up
 *   caps.c     which limits bound which requests: start-up
 *   figure.c   figures of limits that change, and what they cap
 *   derived.c  metrics that are computed here (derived.h)
 *   memory.c   what outlives the process
 *   out.c      the outputs of a step
 *
 * Only grant.c makes a LEASE or a REST; only rule.c changes a rule's state.
 */
#ifndef CORE_INSIDE_H
#define CORE_INSIDE_H

#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "core/core.h"
#include "core/derived.h"
#include "core/conditions.h"
#include "core/home.h"
#include "core/limits.h"
#include "core/logic.h"
#include "core/timers.h"
#include "core/values.h"

#define NONE                UINT32_MAX
#define HELD_MS             5000u  /* a grant waits this long for the memory to be written */
#define BRIDGE_MS           60000u /* after a start devices have this long to say how they are */
#define PAUSE_MS            60000u /* how long a request may wait to go on by itself; DESIGN: within 60 s */
#define DUPLICATE_MS        60000u /* the same id within this is a duplicate */
#define REMEMBERED_REQUESTS 1024u  /* ids within DUPLICATE_MS; more requests than 17 a second are refused */

enum rule_state {
	RULE_ARMED,   /* TRUE: permits */
	RULE_GRACE,   /* violated, and may be for a moment: what runs goes on, nothing new is granted */
	RULE_PAUSED,  /* not known to be TRUE */
	RULE_TRIPPED, /* was violated; waits to be rearmed */
};

enum { TEXT_ONLY_WHILE, TEXT_HARD, TEXT_REARMS, TEXT_COUNT_ };

struct rule {
	char *id, *because; /* because NULL: not given */
	unsigned hazard;
	enum core_priority priority;
	uint64_t grace_ms;
	uint32_t texts[TEXT_COUNT_]; /* index of logic.texts, NONE: not given */
	uint32_t blind;              /* device that cannot tell what the rule asks: it is never TRUE; NONE: none */
	uint32_t *controls;          /* what it governs */
	uint32_t n_controls;
	bool watches;       /* it governs nothing, it only raises alarms */
	uint32_t n_watched; /* devices of this home; 0: there is nothing to watch, and it is dormant */
	bool latch, stop;
	enum core_coverage coverage;
	char *coverage_text;

	enum rule_state state;
	enum truth value;         /* of only_while, for what is shown */
	bool violated;            /* only_while is FALSE ... */
	uint64_t since_ms;        /* ... since then */
	bool told;                /* a TRIPPED event spoke of this trip: tell when it is rearmed */
	struct logic_cause cause; /* first-out: what made it leave ARMED, or go on from there */
	uint64_t cause_ms;
	struct timer timer; /* end of grace */
};

struct control {
	uint32_t *caps; /* slots of the limits that bound a request */
	uint32_t n_caps;
	uint32_t *rules; /* those that govern it */
	uint32_t n_rules;
	uint32_t n_forbidding; /* of them, those not ARMED */
	uint64_t grant;        /* number of the running grant or of the last one */
	uint64_t expires_ms;
	double value; /* of the grant, or of the suspended request */
	bool suspended, due, changed;
	bool held;       /* granted, but its first lease waits for the memory to be written ... */
	uint64_t needed; /* ... up to this revision */
	uint64_t pause_end_ms;
	struct timer timer; /* renewal while granted, end of the pause while suspended */
};

struct remembered {
	uint64_t hash, at_ms;
	bool used;
	char id[CORE_REQUEST_ID_MAX];
};

struct memory_window {
	uint32_t node, ordinal; /* the nth window of its text */
	uint32_t text;
	uint64_t hash; /* of the text and of what it looks at in this home */
};

/* What outlives the process (memory.c). */
struct memory {
	bool enabled;
	bool failing;         /* the last write failed: nothing new is granted */
	bool lost;            /* it was missing or damaged at start: latched until a person resets */
	bool changed, urgent; /* since the last CORE_OUT_REMEMBER */
	uint64_t revision, stored;
	uint32_t n_held;
	bool closing;
	uint64_t closing_ms;
	struct memory_window *windows;
	uint32_t n_windows;
	double *numbers; /* of one row */
};

struct presence {
	bool present;
	bool lost;        /* it went at least once, ... */
	uint64_t lost_ms; /* ... last then: readings stamped until then are not taken */
};

struct core {
	struct home home;
	struct value *values;          /* by metric */
	struct logic_switch *switches; /* by control: granted, phase */
	struct presence *presence;     /* by device */
	struct limits limits;
	struct logic logic;
	struct timers timers;
	struct rule *rules;
	struct control *controls;
	uint32_t n_rules;
	uint64_t now_ms, lease_ms, renew_ms, last_grant;
	struct derived *derived;
	uint32_t n_derived;
	uint32_t *derived_of; /* by metric: the first that looks at it, NONE: none does */
	uint32_t *group;      /* by metric: the last group of readings it was in */
	uint32_t last_group;
	/* Lists of controls, each as long as there are controls. */
	uint32_t *changed, *due, *suspended;
	uint32_t n_changed, n_due, n_suspended;
	struct remembered *remembered;
	struct memory memory;
	struct core_output *outputs;
	size_t n_outputs, cap_outputs, room_for_events;
	size_t n_events;
};

/* ---- out.c ---- */
struct core_output *out_add(struct core *core, enum core_output_type type, uint32_t control);
/* An event with its text. A NULL return is never used: events beyond the room are dropped, orders never. */
void out_event(struct core *core, enum core_event_type type, uint32_t control, uint32_t rule,
	       const struct core_cause *cause, enum core_priority priority, const char *why);
void out_device_event(struct core *core, enum core_event_type type, uint16_t device, const char *why);
/* What core_permission says of it has changed; told once at the end of the step. */
void out_changed(struct core *core, uint32_t control);
void out_flush_changed(struct core *core);

/* ---- rule.c ---- */
/* Looks at the rule's values again and acts on what they mean now. */
void rule_update(struct core *core, uint32_t rule);
void rule_begin(struct core *core, uint32_t rule);

/* ---- grant.c ---- */
bool grant_possible(const struct core *core, uint32_t control); /* rules, presence and phase would let it start */
void grant_start(struct core *core, uint32_t control, double value);
/* Ends a running grant or suspended request. `rest`: the device has to be told. */
void grant_end(struct core *core, uint32_t control, bool rest);
/* Knowledge was lost: to rest; a control that resumes waits. `why` becomes the event's text. */
void grant_pause(struct core *core, uint32_t control, uint32_t rule, const struct core_cause *cause, const char *why);
void grant_lose(struct core *core, uint32_t control, const char *why);
void grant_trip(struct core *core, uint32_t control, uint32_t rule, const struct core_cause *cause, const char *why);
void grant_rest(struct core *core, uint32_t control);
void grant_timer(struct core *core, uint32_t control);
void grant_lapse(struct core *core);
void grant_renew(struct core *core);
/* The memory is written up to core->memory.stored, or cannot be (`failed`): held grants begin, or end. */
void grant_release(struct core *core, bool failed);
/* Resumes one suspended request that may go on. False: there is none. */
bool grant_resume_one(struct core *core);
void grant_phase(struct core *core, uint32_t control, const struct core_input *input);
void grant_set_phase(struct core *core, uint32_t control, enum core_phase phase);

/* ---- memory.c ---- */
/* What is kept has changed: urgent, or soon. */
void memory_changed(struct core *core, bool urgent);
/* At the end of a step: tells, if something has. */
void memory_flush(struct core *core);
int memory_build(struct core *core); /* after the logic is sealed; -1 without memory */
void memory_release(struct core *core);
void memory_remembered(struct core *core, uint64_t revision, bool ok);
/* Why nothing may be granted as long as the memory is as it is. False, and nothing written: it may. */
bool memory_refuses(const struct core *core, char why[CORE_WHY_MAX]);
/* A person says that all is well, though the memory was lost. */
void memory_reset(struct core *core);
void memory_closing(struct core *core);

/* ---- caps.c ---- */
/* Which limits bound the requests for which controls. -1 with what is wrong added to `faults`. */
int caps_build(struct core *core, const struct core_spec *spec, struct faults *faults);

/* ---- figure.c ---- */
/* A step's figure came or went. What is stricter holds at once, and ends what is beyond it; what is looser waits until
 * nothing runs that the limit bears on. */
void figure_take(struct core *core, const struct core_input *input);
/* Figures that were put off and need not wait any more. */
void figure_settle(struct core *core);
/* The slot that forbids this value; NONE: none does. */
uint32_t figure_forbidding(const struct core *core, uint32_t control, double value);
/* The slot that forbids every value that the control takes; NONE: none does. */
uint32_t figure_blocking(const struct core *core, uint32_t control);
/* "limit.force is not given for belt: ..."; "belt.tension at 250 N is beyond limit.force (150 N)". */
void figure_describe(const struct core *core, uint32_t control, uint32_t slot, double value, char why[CORE_WHY_MAX]);

/* ---- gate.c ---- */
void gate_request(struct core *core, const struct core_request *request);

/* ---- explain.c ---- */
/* What a value is called: "pressed", `size` bytes; NULL if it has no word. */
const char *explain_word(const struct home_metric *metric, double value, size_t *size);
struct core_cause explain_cause(const struct core *core, const struct logic_cause *cause);
/* "table.tilt was 12.4 deg, must be <= 10 deg (rule x)": what made the rule leave ARMED. */
void explain_first_out(const struct core *core, uint32_t rule, char why[CORE_WHY_MAX]);
/* Why the rule forbids now, how old the reading is, and what would rearm it. *cause is filled. */
void explain_rule(const struct core *core, uint32_t rule, struct core_cause *cause, char why[CORE_WHY_MAX]);
/* Why a request for the control would be refused now: the rule (NONE if it is none), cause and sentence. */
uint32_t explain_refusal(const struct core *core, uint32_t control, struct core_cause *cause, char why[CORE_WHY_MAX]);
/* Why the control cannot be used whatever the rules say: absent, or not at rest. False, and nothing written: it can. */
bool explain_not_ready(const struct core *core, uint32_t control, char why[CORE_WHY_MAX]);

/* ---- core.c ---- */
/* Everything that follows from what was touched, at core->now_ms. */
void core_settle(struct core *core);

static inline const char *control_device(const struct core *core, uint32_t control)
{
	return core->home.devices[core->home.controls[control].device].id;
}

static inline const char *control_key(const struct core *core, uint32_t control)
{
	return core->home.controls[control].key;
}

#endif
