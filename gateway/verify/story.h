/* SPDX-License-Identifier: Apache-2.0
 * A sequence of inputs as a story in scenes: for so long these metrics say this, and are said again before they are too
 * old, or fall silent; at the end of one of the scenes the control is asked for. It can be played to a real core, which
 * then shows whether it comes out as claimed, and told to people. */
#ifndef VERIFY_STORY_H
#define VERIFY_STORY_H

#include "verify/monitor.h"

enum story_what { STORY_GOOD, STORY_ERROR, STORY_UNKNOWN, STORY_SILENT };

struct story_reading {
	double value;
	uint8_t what; /* enum story_what; SILENT: nothing is said, the last reading grows old */
};

struct story_scene {
	uint64_t length_ms;             /* 0 is a moment */
	struct story_reading *readings; /* by story.metrics */
	bool *on;                       /* by story.controls: its device says that it acts */
};

struct story {
	uint32_t *metrics;  /* of the home: those that matter */
	uint64_t *every_ms; /* how often each is said again */
	uint32_t n_metrics;
	uint32_t *controls; /* of the home: those whose state matters, but for `control` */
	uint32_t n_controls;
	uint16_t *parked; /* devices, from the beginning */
	uint32_t n_parked;
	struct story_scene *scenes; /* in order of time */
	uint32_t n_scenes;
	uint32_t control, asked; /* which is asked for, at the end of which scene */
	bool backwards;          /* of what changes at one moment the last device speaks first */
};

/* What came of playing it. */
struct story_end {
	bool violated;     /* the control was permitted, and the invariant not TRUE */
	uint64_t at_ms;    /* since the beginning */
	uint32_t scene;    /* in that scene, ... */
	bool granted;      /* ... as one that runs; else: it would have been granted */
	uint64_t asked_ms; /* it was granted then */
	enum truth value;  /* of the invariant */
	uint32_t in_grace; /* a rule that is in its grace then; NONE: none is */
};

/* Room for it; -1 without memory. Release in both cases. */
int story_init(struct story *s, uint32_t n_devices, uint32_t n_metrics, uint32_t n_controls, uint32_t n_scenes);
void story_release(struct story *s);
/* Plays it to a new core of the monitor's. `invariant` counts from 0. 0, or -1: no memory, or it would take too long.
 */
int story_play(const struct story *s, const struct monitor *monitor, size_t invariant, struct story_end *end);
/* Tells what matters of it up to `end`, a line for each moment. */
void story_tell(const struct story *s, const struct core *core, const struct story_end *end, struct str *to);
/* "0.0 s", "30 min" */
void story_add_time(struct str *to, uint64_t ms);
/* "table.tilt 12 deg", "table.tilt is implausible" */
void story_add_reading(struct str *to, const struct home *home, uint32_t metric, const struct story_reading *reading);

#endif
