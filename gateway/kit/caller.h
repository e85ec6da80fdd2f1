/* SPDX-License-Identifier: Apache-2.0
 *
 * caller - calls a plugin's functions: with the input at the very end of a page that is followed by one that nobody may
 * touch, so that one byte too far ends the process, and with a note of what is being called. Nothing else of the kit
 * calls them, but for the measurements. One thread.
 */
#ifndef KIT_CALLER_H
#define KIT_CALLER_H

#include "kit/note.h"
#include "therapy/plugin.h"

enum { CALLER_INPUT_MAX = 1 << 19, CALLER_READINGS = 512, CALLER_FRAMES = 16, CALLER_FOUND = 16 };

struct caller {
	const struct therapy_model *model; /* the caller's */
	struct note *note;                 /* the caller's */
	uint8_t *input;                    /* CALLER_INPUT_MAX bytes, and behind them the guard */
	struct therapy_reading *readings;  /* of CALLER_READINGS, likewise: an `out` is to have them */
	struct therapy_frame *frames;      /* of CALLER_FRAMES */
	struct therapy_reading *found;     /* of CALLER_FOUND */
	enum note_function overran;        /* the first function that wrote past the state; NOTE_NONE: none */
};

/* Zeroed memory for a model's state with a guard behind it: the only memory that the functions below take as a state.
 */
void *caller_state_new(const struct therapy_model *model);
void caller_state_free(const struct therapy_model *model, void *state);

/* Aborts if memory is short. */
void caller_init(struct caller *caller, const struct therapy_model *model, struct note *note);
void caller_release(struct caller *caller);

/* Empty, with the caller's room. */
struct therapy_out caller_out(struct caller *caller);
/* Zeroes the state first. */
int caller_connect(struct caller *caller, void *state, const struct therapy_value *values, uint32_t seed);
long caller_frame(struct caller *caller, void *state, const uint8_t *bytes, size_t size);
enum therapy_refusal caller_decode(struct caller *caller, void *state, const struct therapy_message *message,
				   struct therapy_out *out);
int caller_encode(struct caller *caller, void *state, uint64_t now_ms, uint8_t verb, double value,
		  struct therapy_out *out);

#endif
