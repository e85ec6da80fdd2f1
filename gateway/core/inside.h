/* SPDX-License-Identifier: Apache-2.0
 * The core's insides, shared by its own files only:
 *
 *   core.c     steps: lets time pass, takes the input, settles, resumes, renews
 *   build.c    core_new and core_free: from the spec to rules over this home
 *   rule.c     one rule's states: ARMED, PAUSED, GRACE, TRIPPED; latched, or an alarm
 *   grant.c    one control's grant: leases, suspension, rest
 *   gate.c     requests (gate.h)
 *   stop.c     everything to rest, until a person resets it
 *   latch.c    what a person has to look at
 *   reset.c    ... and the reset
 *   obey.c     what devices do against what they were told: not obeyed, welded, switched on by somebody else
 *   proof.c    off-tests: does a device's own timer switch it off?
 *   park.c     devices that are put away
 *   explain.c  sentences for people
 *   explain_control.c  everything about one control, as data
 *   needs.c    what the rules need of this home: ages, figures; start-up
 *   caps.c     which limits bound which requests: start-up
 *   figure.c   figures of limits that change, and what they cap
 *   derived.c  metrics that are computed here (derived.h)
 *   memory.c   what outlives the process
 *   keep.c     ... of latches, trips, parked devices and proofs
 *   out.c      the outputs of a step
 *
 * Only grant.c makes a LEASE or a REST; only rule.c changes a rule's state; only reset.c clears a latch.
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

#define BROKEN_MS      10000u /* a condition that is ERROR for this long latches its rule; SAFETY 18 */
#define RESET_QUIET_MS 2000u  /* a reset that follows another one sooner is a button that is held */
#define BYPASS_MS      60000u /* the third time within this that somebody else switched it on latches */
#define BYPASSES       3u
#define PARKED_MS      (12u * 3600u * 1000u)

/* What drives a control to rest. The stronger wins: a weaker one never undoes or delays it. To hold (what runs goes on,
 * nothing new begins) is GRACE. */
enum reaction { REACT_NOTHING, REACT_REST, REACT_STOP };

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
	uint64_t raised_ms; /* TRIPPED since then */
	bool latched;       /* TRIPPED until a person resets it */
	uint64_t latched_ms;
	uint64_t broken_ms; /* the reading to blame for an ERROR has been implausible since then; UINT64_MAX: none */
	bool stops_all;     /* made for a stop source: its trip stops everything */
	struct timer timer; /* end of grace, or of what an ERROR may last */
};

/* Why a control is latched, each on its own. */
enum fault_kind { FAULT_NOT_OBEYED, FAULT_WELDED, FAULT_BYPASSED, FAULT_COUNT_ };

enum grant_kind {
	GRANT_ASKED,
	GRANT_ADOPTED, /* switched on by somebody else: the first lease switches nothing */
	GRANT_TEST,    /* an off-test */
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
	enum grant_kind kind;
	bool unleased; /* its first lease is still to come */
	bool suspended, due, changed;
	bool held;       /* granted, but its first lease waits for the memory to be written ... */
	uint64_t needed; /* ... up to this revision */
	uint64_t pause_end_ms;
	struct timer timer; /* renewal while granted, end of the pause while suspended */

	enum reaction resting; /* it is being driven to rest this way, or will be as soon as it is seen */
	struct control_fault {
		bool set;
		uint64_t since_ms;
	} faults[FAULT_COUNT_];
	bool owes_rest;              /* it was on, and no reading has proved rest since */
	uint32_t repeats;            /* how often its device process sent rest again */
	struct timer obey;           /* rest should be proved by then */
	uint64_t rested_ms;          /* AT_REST since; 0: it is not */
	uint32_t loaded;             /* readings in a row that say it draws power though it is at rest */
	uint64_t bypasses[BYPASSES]; /* when somebody else switched it on; the latest first */
	uint32_t n_bypasses;
	uint32_t cuts; /* for how many controls it is switched off because they did not obey */

	uint64_t test_ms;  /* when its off-test began */
	double then;       /* asked for, and granted when that off-test has passed; 0: nothing is */
	bool proved;       /* its own timer has switched it off, ... */
	bool dated;        /* ... and it is known when: */
	int64_t proved_ms; /* then, which may be before this boot */
	bool unwatched;    /* it was not in sight ever since: another device may stand there now */
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

/* What rows are about, and who has which name: sorted by the name's hash. */
enum memory_of { MEMORY_OF_WINDOW, MEMORY_OF_DERIVED, MEMORY_OF_RULE, MEMORY_OF_COUNT_ };

struct memory_name {
	uint64_t hash;
	uint32_t index;
};

/* What outlives the process (memory.c). */
struct memory {
	bool enabled;
	bool failing;              /* the last write failed: nothing new is granted */
	bool lost;                 /* it was missing or damaged at start: latched until a person resets */
	uint64_t lost_ms;          /* when that was found */
	bool changed;              /* since the last CORE_OUT_REMEMBER ... */
	enum core_urgency urgency; /* ... and the most urgent of it */
	uint64_t revision, stored;
	uint32_t n_held;
	bool closing;
	uint64_t closing_ms;
	struct memory_window *windows;
	uint32_t n_windows;
	double *numbers; /* of one row */
	struct {
		struct memory_name *items;
		uint32_t n;
	} names[MEMORY_OF_COUNT_];
};

struct presence {
	bool present;
	enum core_hold held;
	bool lost;        /* it went at least once, ... */
	uint64_t lost_ms; /* ... last then: readings stamped until then are not taken */
};

struct parking {
	bool parked;
	uint64_t until_ms;
	struct timer timer; /* it ends by itself */
};

/* Where a parked device's angle was when it was parked. */
struct anchor {
	bool set;
	double value;
};

/* What people are told goes through this: English as the key of the other languages (base/language.h). */
#define SAY(core, english) language_say((core)->language, english)

struct core {
	enum language language;
	enum unit_system units;
	struct home home;
	struct value *values;          /* by metric */
	struct logic_switch *switches; /* by control: granted, phase */
	struct presence *presence;     /* by device */
	struct parking *parking;       /* by device */
	struct anchor *anchors;        /* by metric */
	struct limits limits;
	struct logic logic;
	struct timers timers;
	struct rule *rules;
	struct control *controls;
	uint32_t n_rules;
	uint32_t n_written; /* of the rules, those of the spec; the others were made for stop sources */
	uint64_t now_ms, lease_ms, renew_ms, last_grant;
	bool needs_timer_proof;
	struct {
		bool latched;
		uint64_t since_ms;
		uint32_t rule;     /* that stopped everything; NONE: a request did */
		uint64_t revision; /* of the memory, from which on it is kept */
		char by[128];      /* whose */
	} stop;
	struct { /* quiet, which somebody wanted */
		uint64_t paused_ms, until_ms;
		bool over; /* told at the end of this step */
		struct timer timer;
	} audio;
	bool let_go;       /* orders reach no device any more */
	uint64_t reset_ms; /* the last time that somebody asked for a reset */
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
	uint64_t events_dropped; /* had no room in their step */
	bool begun;              /* there was a step */
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

/* Its condition is healthy, and nothing but the latch keeps it from being armed. */
bool rule_resettable(const struct core *core, uint32_t rule);
/* Latches it, without a word: what was latched when the gateway ended is so again. */
void rule_recall_latch(struct core *core, uint32_t rule, uint64_t since_ms);
/* It waits for its rearms: a restart must not be the way around that. A rule without one would be armed at once. */
bool rule_keeps_trip(const struct core *core, uint32_t rule);
/* Trips it, without a word and without ending anything: nothing runs yet. */
void rule_recall_trip(struct core *core, uint32_t rule, uint64_t since_ms);
void rule_reset(struct core *core, uint32_t rule);

/* ---- grant.c ---- */
bool grant_possible(const struct core *core, uint32_t control); /* rules, presence and phase would let it start */
void grant_start(struct core *core, uint32_t control, double value, enum grant_kind kind);
/* Ends a running grant or suspended request, and drives to rest as `how` says if a grant ran. */
void grant_end(struct core *core, uint32_t control, enum reaction how);
/* Whatever it does and whoever made it: to rest the fast way. */
void grant_stop(struct core *core, uint32_t control);
/* What rests begins, or goes on, at `value` as soon as it may, within PAUSE_MS. */
void grant_suspend(struct core *core, uint32_t control, double value);
/* Knowledge was lost: to rest; a control that resumes waits. `why` becomes the event's text. */
void grant_pause(struct core *core, uint32_t control, uint32_t rule, const struct core_cause *cause, const char *why);
void grant_lose(struct core *core, uint32_t control, const char *why);
void grant_trip(struct core *core, uint32_t control, uint32_t rule, const struct core_cause *cause, const char *why);
void grant_rest(struct core *core, uint32_t control, enum reaction how);
void grant_timer(struct core *core, uint32_t control);
void grant_lapse(struct core *core);
void grant_renew(struct core *core);
/* The memory is written up to core->memory.stored, or cannot be (`failed`): held grants begin, or end. */
void grant_release(struct core *core, bool failed);
/* Resumes one suspended request that may go on. False: there is none. */
bool grant_resume_one(struct core *core);
void grant_phase(struct core *core, uint32_t control, const struct core_input *input);
void grant_set_phase(struct core *core, uint32_t control, enum core_phase phase);

/* ---- stop.c ---- */
/* The rules that metrics with `stops` make: a stop source governs its own device's controls, or all if it has none. */
struct stop_rules;
int stop_rules_new(const struct core_spec *spec, struct stop_rules **out); /* -1 without memory */
void stop_rules_free(struct stop_rules *rules);
size_t stop_rules_count(const struct stop_rules *rules);
const struct core_rule *stop_rules_at(const struct stop_rules *rules, size_t i);
/* Everything to rest, latched. `rule` NONE: by a request of `by`. */
void stop_all(struct core *core, uint32_t rule, const char *by);
void stop_reset(struct core *core);
void stop_recall(struct core *core, const char *by, uint64_t since_ms);
/* "stopped by therapyctl", "stopped by remote.button": with when, for people. */
void stop_describe(const struct core *core, struct str *s);
bool stop_resettable(const struct core *core);

/* ---- latch.c ---- */
/* Sets it, with its event; the cut-off is used. `what` is told first. */
void latch_fault(struct core *core, uint32_t control, enum fault_kind kind, enum core_event_type event,
		 const char *what);
void latch_recall_fault(struct core *core, uint32_t control, enum fault_kind kind, uint64_t since_ms);
/* Something other than a rule keeps it off until a person resets it. False, and nothing written: nothing does. `why`
 * may be NULL. */
bool latch_forbids(const struct core *core, uint32_t control, char why[CORE_WHY_MAX]);
/* Why it is latched, since when, and how it can be reset. */
void latch_describe_fault(const struct core *core, uint32_t control, enum fault_kind kind, struct str *s);
void latch_describe_stop(const struct core *core, struct str *s);
void latch_clear_fault(struct core *core, uint32_t control, enum fault_kind kind);
bool latch_fault_resettable(const struct core *core, uint32_t control, enum fault_kind kind);

/* ---- obey.c ---- */
void obey_phase(struct core *core, uint32_t control); /* its phase has changed */
void obey_told(struct core *core, uint32_t control, const struct core_input *input);
void obey_reading(struct core *core, uint32_t metric);
void obey_timer(struct core *core, uint32_t control);
/* What is known of how it obeys, from the core that went before. */
void obey_go_on_from(struct core *core, const struct core *old, uint32_t control);

/* ---- proof.c ---- */
/* It has not proved that it goes off by itself, and must. False, and nothing written: it need not. `why` may be NULL.
 */
bool proof_missing(const struct core *core, uint32_t control, char why[CORE_WHY_MAX]);
/* The next session begins with an off-test: the last one is too old, or what it was made with may not be there any
 * more. */
bool proof_due(const struct core *core, uint32_t control);
/* Nobody can say any more that it is what was tested. */
void proof_doubt(struct core *core, uint32_t control);
/* Its device process says what came of the off-test; `by_hand`: somebody switched it off there. */
void proof_ended(struct core *core, uint32_t control, enum core_test test, bool by_hand);
/* A session waits for its off-test to be over: that runs, or has passed. */
bool proof_first(const struct core *core, uint32_t control);
/* It has passed, and the control is at rest: the session that waited for it begins, or is refused. */
void proof_resume(struct core *core, uint32_t control);
/* Before the first step of a core in the place of another. */
void proof_go_on_from(struct core *core, const struct core *old, uint32_t control);
/* An off-test that has lasted too long, whatever its device process says, is over. True: it was, and it was ended. */
bool proof_overdue(struct core *core, uint32_t control);

/* ---- park.c ---- */
void park_set(struct core *core, uint16_t device, bool parked, const char *why);
void park_recall(struct core *core, uint16_t device, uint64_t until_ms);
void park_reading(struct core *core, uint32_t metric);
void park_timer(struct core *core, uint16_t device);

/* ---- audio.c ---- */
/* The time of quiet is over. */
void audio_timer(struct core *core);
/* Did somebody want quiet since it was raised, and still? */
bool audio_alarm_paused(const struct core *core, uint32_t rule);
bool audio_latch_paused(const struct core *core, uint64_t since_ms);

/* ---- keep.c ---- */
/* Rows for what people did and what they have to look at. */
void keep_tell(const struct core *core, void *user, void (*put)(void *user, const struct core_row *row));
void keep_recall(struct core *core, const struct core_recall *recall, const struct core_row *row);

/* ---- memory.c ---- */
/* What is kept has changed. */
void memory_changed(struct core *core, enum core_urgency urgency);
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

/* ---- memory_names.c ---- */
#define MEMORY_KEY_MAX 160u
/* The windows and their names, after the logic is sealed; -1 without memory. */
int memory_names_build(struct core *core);
void memory_names_release(struct core *core);
/* What the row is called, written to `key`. Returns it. */
const char *memory_window_name(const struct core *core, const struct memory_window *w, char *key, size_t size);
const char *memory_derived_name(const struct core *core, uint32_t index, char *key, size_t size);
/* The window, derived metric or rule of that name; NONE: there is none. */
uint32_t memory_find(const struct core *core, enum memory_of what, const char *name);

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
#define EXPLAIN_TIME_MAX 24u
void explain_time(struct str *s, uint64_t ms); /* "12.5 s" */
/* The same in `buffer`; returns it. */
const char *explain_time_text(uint64_t ms, char buffer[EXPLAIN_TIME_MAX]);
/* "12.5 N" in the units that people are shown; returns the buffer. */
#define EXPLAIN_AMOUNT_MAX 64u
const char *explain_amount(const struct core *core, double value, enum therapy_unit unit, unsigned decimals,
			   char buffer[EXPLAIN_AMOUNT_MAX]);
/* Writes a sentence; one that is too long is cut between two characters. */
void explain_say(char why[CORE_WHY_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));
void explain_sayv(char why[CORE_WHY_MAX], const char *format, va_list args) __attribute__((format(printf, 2, 0)));
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

/* Does a rule that somebody wrote permit it? What the gateway makes for stop sources only forbids: a stop button that
 * is released permits nothing. Rules are in the order of the core's, and those of the spec come first. */
static inline bool control_governed(const struct core *core, uint32_t control)
{
	const struct control *c = &core->controls[control];
	return c->n_rules > 0 && c->rules[0] < core->n_written;
}

static inline const char *control_device(const struct core *core, uint32_t control)
{
	return core->home.devices[core->home.controls[control].device].id;
}

static inline const char *control_key(const struct core *core, uint32_t control)
{
	return core->home.controls[control].key;
}

#endif
