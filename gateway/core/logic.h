/* SPDX-License-Identifier: Apache-2.0
 * The rules' conditions, bound to this home and kept up to date: a network of small nodes. A leaf looks at one reading
 * or one control; the nodes above combine. When something changes, only the nodes above it are computed again, children
 * before parents, and only as far up as the change goes: so many rules over many devices cost what changes, not what
 * there is. A change of several readings at once is one change: no state between them is seen.
 *
 * Time changes values too (a reading goes stale, a window ends). Such a node has a timer; the owner lets time pass by
 * settling at each timer's moment in order, so a late step sees what a punctual one would have seen.
 */
#ifndef CORE_LOGIC_H
#define CORE_LOGIC_H

#include "core/conditions.h"
#include "core/expr.h"
#include "core/home.h"
#include "core/limits.h"
#include "core/timers.h"
#include "core/truth.h"
#include "core/values.h"

#define LOGIC_NONE UINT32_MAX
/* Parentheses nest EXPR_NESTING_MAX deep; each level adds at most a not, a for and an and/or; then quantifier and leaf.
 */
#define LOGIC_DEPTH (EXPR_NESTING_MAX * 4 + 8)

/* What one text may cost, with every device and condition that it names, and all texts together: a node has about 120
 * bytes. A kind of 1,000 devices in ten terms is 10,010. */
#define LOGIC_STEPS_MAX 32768u
#define LOGIC_NODES_MAX (4u << 20)

enum node_op { NODE_UNSEEN, NODE_COMPARE, NODE_ON, NODE_CONSTANT, NODE_AND, NODE_OR, NODE_NOT, NODE_FOR };

/* Why a reading or the lack of one made a condition what it is. */
struct logic_cause {
	uint32_t node;   /* the leaf; LOGIC_NONE: none (nothing was known yet) */
	uint32_t window; /* the FOR node that still remembers it; LOGIC_NONE: it is the case now */
	bool negated;    /* the leaf should have been false */
	struct value reading;
	uint64_t at_ms;   /* when the reading was looked at */
	int64_t until_ms; /* when it was so last */
	bool recalled;    /* before the gateway started: which leaf is not known any more */
};

struct window {
	uint64_t duration_ms;
	int64_t ended[TRUTH_COUNT_]; /* when the child last was that */
	bool was[TRUTH_COUNT_];
	uint8_t child;
	/* After a start, until the child is known again or that moment has come, `child` is what it was, and recalled
	 * only: what counts is UNKNOWN. 0: not, or not any more. */
	uint64_t bridge_ms;
	uint8_t recalled; /* what the window itself was */
	bool doubted;     /* a window below was something else meanwhile */
	bool asked;       /* a reading below came that does not say what the child was */
	struct logic_cause causes[TRUTH_COUNT_];
};

struct node {
	uint8_t op, value, depth, compare;
	bool pending;
	bool parked;                  /* leaves: the device is; then it is ... */
	uint8_t parked_value;         /* ... this */
	uint32_t parent, first, next; /* next: sibling */
	uint32_t next_pending;
	uint32_t text;             /* which expression */
	uint32_t source;           /* its text, or that of a named condition in it, ... */
	struct expr_slice written; /* ... and what this is cut from it: "<= 10 deg" */
	union {
		struct {
			uint32_t metric; /* of leaves; of ON it confirms the control */
			union {
				uint32_t control; /* ON */
				uint32_t slot;    /* COMPARE: the limit that it compares with, or LOGIC_NONE */
			};
			double limit; /* NaN: there is no figure */
			uint64_t max_age_ms;
		};
		struct {
			uint32_t unseen; /* UNSEEN: a device that cannot tell, or LOGIC_NONE: an owned one without any
					    sensor */
			uint32_t kind;   /* index of home.unmonitored then */
		};
		uint32_t count[TRUTH_COUNT_]; /* AND, OR: how many children have which value */
		uint32_t window;              /* FOR */
	};
	struct timer timer;
};

struct logic_text {
	const char *text; /* one of sources */
	uint32_t root, owner;
};

/* What a control does now; the grants write it, on() reads it. */
struct logic_switch {
	bool granted;
	uint8_t phase; /* enum core_phase */
};

struct logic {
	const struct home *home;
	const struct value *values;          /* by metric */
	const struct logic_switch *switches; /* by control */
	struct limits *limits;               /* NULL: there are none */
	struct timers *timers;
	struct node *nodes;
	struct window *windows;
	struct logic_text *texts;
	char **sources; /* what texts and named conditions say */
	uint32_t n_nodes, cap_nodes, n_windows, cap_windows, n_texts, cap_texts, n_sources, cap_sources;
	uint32_t *metric_at, *metric_nodes; /* the nodes that look at metric m: [metric_at[m], metric_at[m + 1]) */
	uint32_t *control_at, *control_nodes;
	uint32_t *slot_at, *slot_nodes;
	uint32_t pending[LOGIC_DEPTH]; /* lists, by depth */
	uint32_t deepest;              /* no list deeper than this has anything in it */
	uint32_t *dirty;               /* owners one of whose roots changed */
	bool *is_dirty;
	uint32_t n_dirty, n_owners;
	bool windows_changed;  /* since the user last set it to false */
	bool windows_violated; /* the same, and one became FALSE or ERROR or ceased to be */
	uint64_t bridge_ms;    /* no window is recalled after that */
};

/* How a text is bound. */
struct logic_binding {
	uint32_t owner;
	uint64_t max_age_ms; /* 0: each metric's own */
	const bool *blind;   /* by device: it cannot tell anything that this rule asks of its kind; NULL: all can */
	struct conditions *conditions; /* that may be named; NULL: none */
	bool has_self;
	uint32_t self; /* the device that `self` means */
};

void logic_init(struct logic *logic, const struct home *home, const struct value *values,
		const struct logic_switch *switches, struct timers *timers);
void logic_release(struct logic *logic);

/* Adds an expression. *out is its index in texts. 0, or -1 with what does not fit this home in *fault. */
int logic_bind(struct logic *logic, const struct expr *expr, const struct logic_binding *binding, uint32_t *out,
	       struct expr_fault *fault);
/* Looks whether a named condition fits this home, by itself; keeps nothing. Names in it are not followed. */
int logic_check(struct logic *logic, const struct expr *expr, const struct logic_binding *binding,
		struct expr_fault *fault);
/* After the last bind: builds the indexes. -1 without memory. The timers must have room for n_nodes. */
int logic_seal(struct logic *logic, uint32_t n_owners);
/* The first values; windows know nothing of the time before. */
void logic_begin(struct logic *logic, uint64_t now_ms);

/* What the window of a node was, with `was` and `ended` of it filled in: what it was after its child was that is not
 * known. If it is TRUE again, and nothing spoke otherwise, it was so meanwhile: a pause goes on. Nothing else is taken
 * for granted, so that under either sign nothing becomes TRUE by it. After logic_begin. */
void logic_recall(struct logic *logic, uint32_t node, enum truth child, uint64_t until_ms);

/* Something a leaf looks at has changed. */
void logic_touch_metric(struct logic *logic, uint32_t metric);
void logic_touch_control(struct logic *logic, uint32_t control);
void logic_touch_node(struct logic *logic, uint32_t node);
/* The figure of a limit's slot has changed: NaN for none. */
void logic_set_limit(struct logic *logic, uint32_t slot, double figure);
/* A device is parked, or is used again. While it is parked, terms over its kind are as if it were not there; where it
 * would have to be seen, and where its id is named, it is UNKNOWN. Windows keep what they remember. */
void logic_park(struct logic *logic, uint16_t device, bool parked);
/* Brings everything up to date; owners whose values changed are in `dirty` (the user empties it with logic_next_dirty).
 */
void logic_settle(struct logic *logic, uint64_t now_ms);
void logic_mark_dirty(struct logic *logic, uint32_t owner);
/* Takes a dirty owner. False: there is none. */
bool logic_next_dirty(struct logic *logic, uint32_t *out);

/* What the node is cut from its text as, "<= 10 deg": `size` bytes. */
static inline const char *logic_written(const struct logic *logic, const struct node *node, int *size)
{
	*size = (int)node->written.size;
	return logic->sources[node->source] + node->written.at;
}

enum truth logic_value(const struct logic *logic, uint32_t text);
/* Why the text has the value it has: the leaf that makes it so, or made it so within a window. */
struct logic_cause logic_cause(const struct logic *logic, uint32_t text, uint64_t now_ms);
struct logic_cause logic_node_cause(const struct logic *logic, uint32_t node, uint64_t now_ms);
/* The soonest moment at which the text could become TRUE if every reading were good from now on. */
uint64_t logic_earliest(const struct logic *logic, uint32_t text, uint64_t now_ms);

#endif
