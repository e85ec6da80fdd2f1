/* SPDX-License-Identifier: Apache-2.0
 *
 * core - decides. It keeps the latest value, age and quality of every metric, evaluates the rules, grants and withdraws
 * leases, and answers requests. Nothing else in the gateway decides anything.
 *
 * It is a pure machine: no loop, socket, clock, file or thread, and no allocation after core_new. Time is an argument,
 * milliseconds of CLOCK_BOOTTIME, and must not go backwards (an earlier one is taken as the latest seen). One thread.
 *
 * Words: PERMISSIVE, a rule that must be TRUE for what it governs. PAUSE, a rule is not known to be TRUE. TRIP, a rule
 * was violated; it needs rearming and a new request. GRANT, one accepted request, numbered, kept alive by leases.
 * FIRST-OUT, the reading that was the first cause.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/id.h"
#include "base/unit.h"
#include "base/language.h"
#include "therapy/plugin.h"

#define CORE_WHY_MAX        256  /* bytes of a reason; Home Assistant shows at most 255 characters */
#define CORE_LATE_MS        5000 /* a request that is older is refused, unless it asks for rest */
#define CORE_REQUEST_ID_MAX 64   /* bytes of a request's id with its NUL */

/* ---- what there is: read once by core_new, which copies all it needs ---- */

struct core_metric {
	const char *key;
	enum therapy_unit unit;
	uint32_t stale_ms; /* > 0 */
	const char *words; /* "released|pressed": what 0, 1, .. are called; NULL: nothing */
	double deadband;   /* a smaller change is noise */
	bool stops;        /* while above 0 a person wants everything at rest at once */
};

struct core_control {
	const char *key;
	double min, max, step;    /* of a request other than 0; 0 asks for rest */
	const char *words;        /* "off|low|high": what 0, 1, .. are called; NULL: nothing */
	uint16_t confirm;         /* index of the metric that says what it does */
	double rest_max;          /* at rest while that metric is at or below this */
	bool resumes;             /* goes on by itself after a pause of at most 60 s (heat) */
	bool only_cuts;           /* a request never switches it on: a hand at the device does, and may be adopted */
	enum therapy_unit unit;   /* of a request: a limit in the same unit can cap it */
	uint16_t load;            /* index of the metric that is the second proof of rest ... */
	double load_max;          /* ... while at or below this ... */
	uint32_t load_ms;         /* ... within this long; 0: there is no second proof */
	uint32_t confirm_ms;      /* its device process sends rest again when nothing proved it for this long */
	uint32_t device_timer_ms; /* the device rests by itself after this; 0: it does not */
	uint32_t test_ms;         /* the timer that an off-test runs; 0: device_timer_ms */
	uint32_t rest_bound_ms;   /* told to rest, a reading proves it within this if all is well; 0: not watched here,
				     only what its device process counts */
	bool accept_no_device_timer; /* the user accepts that its timer was not proved, or that it has none */
	bool test_once;              /* ... or that one off-test is enough: a session never begins with one */
	bool has_cutoff;             /* what is upstream of it can cut it off: ... */
	uint16_t cutoff_device, cutoff_control; /* ... a control of another device of the spec */
};

struct core_device {
	const char *id;   /* "pad" */
	const char *kind; /* "heat" */
	const struct core_metric *metrics;
	size_t n_metrics;
	const struct core_control *controls;
	size_t n_controls;
};

enum core_priority { CORE_PRIORITY_LOW, CORE_PRIORITY_MEDIUM, CORE_PRIORITY_HIGH };

/* A setting of a rule with its place, for faults. text NULL: not given. */
struct core_text {
	const char *text;
	unsigned line;
};

struct core_rule {
	const char *file;
	unsigned line;
	const char *id;
	unsigned hazard;                 /* row of the hazard table, 0: none */
	const struct core_text *permits; /* "kind:heat" or "pad.heat" */
	size_t n_permits;
	struct core_text only_while; /* required */
	struct core_text hard;       /* beyond this there is no grace */
	struct core_text rearms;     /* NULL: only_while */
	uint64_t max_age_ms;         /* 0: each metric's own staleness */
	uint64_t grace_ms;
	enum core_priority priority;
	const char *because;             /* one sentence, for people */
	const struct core_text *watches; /* "kind:inversion": the rule only raises alarms; then `permits` is empty */
	size_t n_watches;
	bool latch; /* a trip needs a person's reset */
	bool stop;  /* reaction: the fast sequence (Rest.stop) */
	/* A device of a kind it asks about that measures nothing of what it asks is left out, and the hazard is not
	 * covered there. False: such a device makes it deny. For what a kind of device need not have (a pad behind a
	 * plug has no skin sensor). */
	bool where_measured;
};

/* A figure with a name, declared in a rule file's `limits`: conditions write limit.<id>. */
struct core_limit {
	const char *file;
	unsigned line;
	const char *id; /* "force" */
	enum therapy_unit unit;
	bool minimum;                 /* the larger figure is the stricter one */
	bool has_default;             /* holds only when nobody gives a figure */
	double value;                 /* the default, in the inner unit */
	const struct core_text *caps; /* "kind:traction", "belt.tension": a request beyond the figure is refused, a
					 running grant beyond it is ended. Of a kind: its controls in this unit */
	size_t n_caps;
};

/* A figure that somebody gave for a limit. */
struct core_figure {
	const char *file;
	unsigned line;
	const char *limit, *device; /* device NULL: the whole home */
	enum therapy_unit unit;
	double value; /* in the inner unit */
};

/* A named condition: rules write its id. */
struct core_condition {
	const char *file;
	unsigned line;
	const char *id;
	struct core_text when;
};

enum core_derive { CORE_DERIVE_TIME, CORE_DERIVE_COUNT, CORE_DERIVE_DOSE, CORE_DERIVE_RATE, CORE_DERIVE_CONTRADICTION };

/* A metric that the core computes, for every device of `kind` that has what `of` needs. */
struct core_derived {
	const char *file;
	unsigned line;
	const char *id, *kind; /* key of the metric: "session_time" */
	enum core_derive type;
	struct core_text of;      /* TIME, COUNT: a condition over the device as `self`: "self.tilt > 10 deg",
				     "on(self)"; DOSE, RATE: a metric, "self.skin_temp" */
	struct core_text against; /* CONTRADICTION: `of` is TRUE while the metric here does not move: quality ERROR */
	uint64_t gap_ms;          /* TIME, COUNT: a session is over when `of` was not TRUE for this long */
	uint64_t within_ms;       /* COUNT, DOSE (and TIME if not 0): looks back this far (rolling) */
};

/* A metric that rules may ask of a kind although no device of this home measures it. */
struct core_known_metric {
	const char *kind, *key;
};

struct core_spec {
	const struct core_device *devices;
	size_t n_devices;
	const struct core_rule *rules;
	size_t n_rules;
	const char *const
	    *known_kinds;     /* what rules may name beside the kinds of `devices`; a misspelt kind would permit */
	size_t n_known_kinds; /* 0: anything may be named */
	const struct core_known_metric *known_metrics; /* as above, beside those of `devices` and `derived` */
	size_t n_known_metrics;                        /* 0: anything may be named */
	const char *const *owned_unmonitored; /* kinds that are owned but have no sensor: their terms are UNKNOWN */
	size_t n_owned_unmonitored;
	const struct core_limit *limits;
	size_t n_limits;
	const struct core_figure *figures;
	size_t n_figures;
	const struct core_condition *conditions;
	size_t n_conditions;
	const struct core_derived *derived;
	size_t n_derived;
	bool needs_timer_proof; /* refuse what has not proved its own timer by an off-test */
	uint64_t lease_ms;      /* how long a lease lasts: 1000 */
	uint64_t renew_ms;      /* how often it is renewed: 250 */
	enum language language; /* of what people are told */
	enum unit_system units; /* of figures in that; what is data stays in the inner units */
	bool remembers;         /* somebody writes down what CORE_OUT_REMEMBER announces: no grant runs before that */
};

struct core;

/* Compiles the rules against the devices. Every fault found is added to `faults` with file and line (and for an
 * expression, the character, with the expression and a caret); then -1 is returned and *out is untouched. The caller
 * frees *out. `now_ms` is when the core begins to know: windows before it are UNKNOWN. */
int core_new(const struct core_spec *spec, uint64_t now_ms, struct core **out, struct faults *faults);
void core_free(struct core *core);
/* Before the first step of a core that takes the place of `old`, over the same devices: grants are numbered on, so that
 * no device process takes a new one for a renewal, the ids of requests stay known, and who is watched for not obeying
 * goes on being watched. */
void core_go_on_from(struct core *core, const struct core *old);

/* ---- what happens ---- */

/* What a device process says of a control; see docs/wire.md. */
enum core_phase {
	CORE_PHASE_UNKNOWN,        /* nothing confirmed since its link came up: nothing may be granted */
	CORE_PHASE_AT_REST,        /* a reading says so */
	CORE_PHASE_COMING_TO_REST, /* its rest sequence runs or waits for its reading */
	CORE_PHASE_ENERGISED,      /* told to act */
	CORE_PHASE_CONFIRMED_ON,   /* a reading says so */
};

/* An off-test: it went off by itself when its timer says so, or it did not. */
enum core_test { CORE_TEST_NONE, CORE_TEST_PASSED, CORE_TEST_FAILED };

/* What is wrong with a request already as a message; the gate turns it into a reason. */
enum core_flaw { CORE_FLAW_NONE, CORE_FLAW_RETAINED, CORE_FLAW_MALFORMED, CORE_FLAW_TOO_LARGE, CORE_FLAW_UNTIMELY };

/* The first of them is all that most askers need. */
enum core_verb {
	CORE_SET,   /* `control` to `value`; where its off-test is due that comes first, and is part of the answer */
	CORE_STOP,  /* everything in this home to rest, the fast way, until somebody resets it; obeyed however late */
	CORE_RESET, /* clears latches whose conditions are healthy; it starts nothing. `device` and `control` empty: all
		       of them; `control` alone: a rule's id */
	CORE_PARK,  /* `device` is put away: it is as if it were not there */
	CORE_UNPARK,
	CORE_OFF_TEST, /* switch `control` on once and see it go off by its own timer */
	CORE_SILENCE,  /* what sounds now is silent for two minutes; what is raised later sounds. It permits nothing */
	CORE_CONFIRM,  /* somebody is there and well: person.present, for as long as that metric stays fresh */
	CORE_CHECK,    /* does `control` take `value`? Checked like a CORE_SET as far as message and range go; starts
			  nothing, ends nothing, and says nothing of the rules */
};

struct core_request {
	enum core_verb verb;
	const char *by;               /* who asks, for people: "mqtt", "therapyctl"; NULL: not known */
	const char *device, *control; /* as the asker wrote them; empty where the verb needs none */
	const char *id;               /* the asker's; "" if none was given (then it cannot be a duplicate) */
	double value;                 /* 0 asks for rest */
	bool converted;               /* said in another unit, whose numbers fit no step: the step below it is meant */
	int64_t age_ms;               /* by the asker's time stamp; negative: not stated. Over CORE_LATE_MS is late */
	enum core_flaw flaw;
	const char *flaw_text; /* what was expected, for MALFORMED; may be NULL */
};

enum core_input_type {
	CORE_IN_TICK,     /* only time has passed */
	CORE_IN_READINGS, /* of one device, in order */
	CORE_IN_PRESENCE, /* a device's link or process came or went; going makes its metrics and phases UNKNOWN */
	CORE_IN_HELD,     /* why the device's link is let go, or that it is not: told to whoever misses the device */
	CORE_IN_CONTROL,  /* a device process told a control's phase */
	CORE_IN_REQUEST,
	CORE_IN_REMEMBERED, /* what CORE_OUT_REMEMBER announced is on disk, or could not be written */
	CORE_IN_CLOSING, /* the gateway is about to end: every grant ends, and nothing new begins. With `let_go`: device
			    processes take no more orders, and bring what is not at rest there by themselves */
	CORE_IN_FIGURE,  /* the step of a plan sets or withdraws its figure for a limit */
	CORE_IN_KEPT,    /* the broker keeps a command for the device, or no more: people are told, no more */
	CORE_IN_ADJUSTED, /* the device was calibrated or tared: likewise */
	CORE_IN_SETTING,  /* of what is changed on the device itself: likewise */
};

/* Whose device it is, if not ours to drive: HELD. */
enum core_hold {
	CORE_HELD_NOT,
	CORE_HELD_RELEASED,  /* a person let it go */
	CORE_HELD_ELSEWHERE, /* another gateway with our id drives it */
};

/* What is told of it: SETTING. */
enum core_setting_news {
	CORE_SETTING_CHANGED, /* one was changed */
	CORE_SETTING_TROUBLE, /* the device does not take one */
	CORE_RELEASED,        /* the device was let go */
	CORE_RELEASE_FAILED,  /* it was not */
	CORE_TAKEN,           /* and it is ours again */
};

struct core_reading {
	uint16_t metric;
	uint8_t quality; /* enum therapy_quality */
	double value;
	uint64_t stamp_ms; /* when it was true; later than now counts as now */
};

struct core_input {
	enum core_input_type type;
	uint16_t device;  /* index into the spec's devices: of whatever has one */
	uint16_t control; /* index into that device's controls: CONTROL */
	union {
		struct {
			const struct core_reading *items;
			size_t n;
		} readings;
		bool present;
		enum core_hold held;
		bool let_go;
		struct {
			enum core_phase phase;
			uint64_t grant;       /* which grant it speaks of, 0: none */
			bool ended_by_device; /* somebody switched it off there */
			bool lease_expired;   /* the device process ended it by itself */
			bool never_on;        /* told to act, and its reading went on saying that it is at rest */
			bool foreign;         /* switched on, and not by us; `value` is what it does */
			double value;
			uint32_t repeats;    /* how often rest was sent again because no reading proved it */
			enum core_test test; /* what came of the off-test that `grant` was */
		} state;
		struct core_request request;
		struct {
			bool cleared;     /* no more */
			const char *text; /* for people */
		} kept;
		struct {
			bool tared;
			const char *text; /* for people */
		} adjusted;
		struct {
			enum core_setting_news news;
			const char *text; /* for people */
		} setting;
		struct {
			uint64_t revision; /* everything up to it */
			bool ok;
		} remembered;
		struct {
			const char *limit; /* its id; one that does not exist is ignored */
			bool given;        /* false: withdrawn */
			double value;      /* in the limit's unit; one that is not finite is ignored */
		} figure;                  /* FIGURE; `device` CORE_NO_DEVICE: for the whole home */
	};
};

enum core_output_type {
	CORE_OUT_LEASE,    /* energise or go on: device, control, grant, value, expires_ms */
	CORE_OUT_REST,     /* drive to rest: device, control, stop */
	CORE_OUT_RESULT,   /* answer to the request of this step: outcome, why, rule */
	CORE_OUT_EVENT,    /* something for the log of people: event */
	CORE_OUT_CHANGED,  /* what core_permission says of this control changed; of none: what core_sounds says */
	CORE_OUT_REMEMBER, /* what core_remember would tell has changed: revision, urgency */
};

enum core_outcome { /* the order is that of therapy.v1.CommandOutcome without its zero */
		    CORE_ACCEPTED,
		    CORE_NOT_PERMITTED,
		    CORE_RETAINED,
		    CORE_DUPLICATE,
		    CORE_LATE,
		    CORE_MALFORMED,
		    CORE_OUT_OF_RANGE,
		    CORE_UNKNOWN_CONTROL,
		    CORE_TOO_LARGE,
		    CORE_DEVICE_NOT_READY,
};

enum core_event_type { /* the order is that of therapy.v1.SafetyEventType without its zero */
		       CORE_EVENT_GRANTED,
		       CORE_EVENT_ENDED,
		       CORE_EVENT_REFUSED,
		       CORE_EVENT_PAUSED,
		       CORE_EVENT_RESUMED,
		       CORE_EVENT_TRIPPED,
		       CORE_EVENT_REARMED,
		       CORE_EVENT_DEVICE_LOST,
		       CORE_EVENT_DEVICE_BACK,
		       CORE_EVENT_STOPPED, /* everything, by a person */
		       CORE_EVENT_LATCHED, /* a rule, or a control: a person has to reset it */
		       CORE_EVENT_RESET,
		       CORE_EVENT_ALARM, /* a rule that watches is violated */
		       CORE_EVENT_ALARM_OVER,
		       CORE_EVENT_NOT_OBEYED, /* told to rest, and no reading proves it */
		       CORE_EVENT_WELDED,     /* power while commanded off */
		       CORE_EVENT_ADOPTED,    /* somebody else switched it on, and the rules permit it */
		       CORE_EVENT_BYPASSED,   /* somebody else switched it on, and it was switched off */
		       CORE_EVENT_PARKED,
		       CORE_EVENT_UNPARKED,
		       CORE_EVENT_TIMER_PROVED, /* the device's own timer, by an off-test */
		       CORE_EVENT_TIMER_FAILED,
		       CORE_EVENT_LIMIT_CHANGED,
		       CORE_EVENT_COMMAND_KEPT, /* by the broker: the device obeys it whenever it connects */
		       CORE_EVENT_COMMAND_CLEARED,
		       CORE_EVENT_SILENCED,   /* by a person, for two minutes */
		       CORE_EVENT_CALIBRATED, /* by a person: from now on its readings mean something else */
		       CORE_EVENT_TARED,
		       CORE_EVENT_SETTING_CHANGED, /* on the device itself, by the gateway */
		       CORE_EVENT_RELEASED,        /* the device was let go by a person */
		       CORE_EVENT_RELEASE_FAILED,
		       CORE_EVENT_TAKEN,
		       CORE_EVENT_COUNT_,
};

/* How soon what has changed is to be written. */
enum core_urgency {
	CORE_SOON,   /* within a minute */
	CORE_URGENT, /* at once, unless that has been so too often of late: readings cause it, which may flutter */
	CORE_GRAVE,  /* at once, always: what a person did, or has to look at */
};

#define CORE_NO_DEVICE  UINT16_MAX
#define CORE_NO_CONTROL UINT16_MAX

/* The reading that was the first cause of a decision. */
struct core_cause {
	uint16_t device; /* CORE_NO_DEVICE: none */
	uint16_t metric;
	uint8_t quality;
	double value;
	uint64_t stamp_ms;
};

struct core_output {
	enum core_output_type type;
	uint16_t device, control;  /* CORE_NO_...: not about one */
	uint64_t grant;            /* LEASE */
	double value;              /* LEASE; RESULT: what is in force now */
	uint64_t expires_ms;       /* LEASE: CLOCK_BOOTTIME */
	bool stop;                 /* REST: the fast sequence */
	bool adopt;                /* LEASE: keep what somebody else switched on; nothing is switched */
	bool test;                 /* LEASE: an off-test; nothing is renewed at the device and nothing switched off */
	uint64_t revision;         /* REMEMBER */
	enum core_urgency urgency; /* REMEMBER */
	bool awaited;              /* REMEMBER: a grant waits for it */
	enum core_outcome outcome;
	enum core_event_type event;
	enum core_priority priority;
	unsigned hazard;
	const char *rule; /* id, or NULL; lives as long as the core */
	struct core_cause cause;
	char request_id[CORE_REQUEST_ID_MAX]; /* RESULT */
	char why[CORE_WHY_MAX];               /* RESULT, EVENT: for people */
};

/* Outputs of one step, valid until the next. */
struct core_outputs {
	const struct core_output *items;
	size_t n;
};

/* Lets time pass to `now_ms`, then takes the input. Never fails: what cannot be taken is refused with a RESULT or, for
 * an index that does not exist, ignored. */
struct core_outputs core_step(struct core *core, uint64_t now_ms, const struct core_input *input);

/* Events that had no room among the outputs of their step; the state that they spoke of holds all the same. */
uint64_t core_events_dropped(const struct core *core);

/* When time alone will next change something: call core_step with TICK then at the latest. UINT64_MAX: never. */
uint64_t core_deadline(const struct core *core);

/* ---- what outlives the process ---- */

enum core_row_kind {                   /* the order is that of therapy.v1.MemoryKind without its zero */
		     CORE_ROW_WINDOW,  /* of a `for` or `since` */
		     CORE_ROW_DERIVED, /* a sum */
		     CORE_ROW_LATCH,
		     CORE_ROW_PARKED,
		     CORE_ROW_PROOF, /* of a device's own timer, and when */
		     CORE_ROW_TRIP,  /* of a rule that waits to be rearmed */
		     CORE_ROW_COUNT_
};

/* One thing worth keeping. Times in it are ages, so that they mean something in the next boot. */
struct core_row {
	enum core_row_kind kind;
	const char *key; /* stable across restarts and edits of other rules; a rule that was edited has another */
	const double *numbers;
	size_t n;
};

struct core_memory {
	uint64_t revision; /* counts changes; for CORE_IN_REMEMBERED */
	uint64_t at_ms;    /* the moment that the rows speak of */
};

/* Tells every row to `put`, valid only within the call. To be called between steps. */
struct core_memory core_remember(const struct core *core, void *user,
				 void (*put)(void *user, const struct core_row *row));

enum core_recall_state {
	CORE_RECALL_FIRST, /* the first start ever: windows and sums before it are not known */
	CORE_RECALL_KEPT,
	CORE_RECALL_LOST, /* missing or damaged: latched; rows of an older copy may still tell sums and latches */
};

struct core_recall {
	enum core_recall_state state;
	const struct core_row *rows;
	size_t n;
	bool off_known; /* how long ago the rows were written; else every pause in them begins anew now */
	uint64_t off_ms;
};

/* Gives back what core_remember told an earlier run: once, after core_new and before the first step. Nothing resumes by
 * it. Of windows what was, was until it was written; since then it is UNKNOWN, but for what is TRUE again within a
 * minute. */
void core_recall(struct core *core, const struct core_recall *recall);

/* ---- what is the case: for showing, not for deciding ---- */

struct core_permission {
	bool permitted; /* a request would be granted now */
	bool granted;   /* a grant runs */
	bool suspended; /* paused, and will go on by itself */
	double value;   /* of the grant; 0 without one */
	double asked;   /* what somebody asked for and waits for: of the grant, of what is suspended, of what follows an
			   off-test; 0: nothing */
	enum core_phase phase;
	const char *rule; /* that forbids it, or NULL */
	unsigned hazard;
	struct core_cause cause;
	char why[CORE_WHY_MAX]; /* "permitted", or which rule, which value, how old, what would rearm it */
};
void core_permission(const struct core *core, uint16_t device, uint16_t control, struct core_permission *out);

/* What keeps things off until a person resets it. */
enum core_latch_type {
	CORE_LATCH_STOP,       /* everything */
	CORE_LATCH_MEMORY,     /* everything: what was latched before is not known */
	CORE_LATCH_RULE,       /* what the rule governs */
	CORE_LATCH_NOT_OBEYED, /* one control, from here on */
	CORE_LATCH_WELDED,
	CORE_LATCH_BYPASSED, /* switched on by somebody else three times in a minute */
};

struct core_latch {
	enum core_latch_type type;
	uint16_t device, control; /* CORE_NO_...: not about one */
	const char *rule;         /* RULE: its id */
	unsigned hazard;
	uint64_t since_ms;
	bool resettable;        /* a reset would clear it now */
	bool silenced;          /* somebody wanted quiet since */
	char why[CORE_WHY_MAX]; /* what latched it, and what is still wrong or how to reset it */
};
/* The n-th latch that is set. False, and nothing written: there are fewer. */
bool core_latch(const struct core *core, size_t n, struct core_latch *out);

/* A rule that watches and is not fine. */
enum core_alarm_state { CORE_ALARM_UNKNOWN, CORE_ALARM_GRACE, CORE_ALARM_RAISED };

struct core_alarm {
	enum core_alarm_state state;
	enum core_priority priority;
	const char *rule;
	unsigned hazard;
	uint64_t since_ms; /* when it began not to be fine */
	bool silenced;     /* RAISED: somebody wanted quiet since */
	struct core_cause cause;
	char why[CORE_WHY_MAX];
};
/* Of rule `i` (of the spec). False, and nothing written: it watches nothing, or all is well. */
bool core_alarm(const struct core *core, size_t i, struct core_alarm *out);

/* Does something sound: an alarm, or a device that does not obey, since which nobody wanted quiet? */
bool core_sounds(const struct core *core);

/* Is the device parked? *until_ms: when it ends by itself. */
bool core_parked(const struct core *core, uint16_t device, uint64_t *until_ms);

/* Has the control's own timer been proved by an off-test? */
bool core_timer_proved(const struct core *core, uint16_t device, uint16_t control);

/* A metric as rules see it now, with its own staleness applied. */
struct core_reading core_value(const struct core *core, uint16_t device, uint16_t metric);

enum core_coverage { CORE_COVERED, CORE_PARTLY, CORE_NOT_COVERED };

/* Does this home let rule `i` (of the spec) see its hazard? `text` (CORE_WHY_MAX) says what is covered or missing:
 * "covered by table.tilt", "not covered, missing: a tilt sensor (kind inversion)". */
enum core_coverage core_coverage(const struct core *core, size_t i, char text[CORE_WHY_MAX]);
/* How many controls it governs here, or devices it watches. 0: it is dormant, there is nothing to guard. */
size_t core_governs(const struct core *core, size_t i);
/* A figure without a default that rule `i` compares with and nobody gave, "limit.pressure for belt": until somebody
 * does, it refuses. False: none. */
bool core_lacks_figure(const struct core *core, size_t i, char text[CORE_WHY_MAX]);
/* The figure of a limit that is in force for the device, in the limit's unit. False, and nothing written: there is no
 * such limit here, or nobody gave a figure. */
bool core_limit(const struct core *core, const char *limit, uint16_t device, double *value);
/* The longest that another device's sensor, which the control's rules need, may be silent before the control goes to
 * rest. 0: they need none. */
uint64_t core_silence_ms(const struct core *core, uint16_t device, uint16_t control);

#endif
