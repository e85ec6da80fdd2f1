/* SPDX-License-Identifier: Apache-2.0
 *
 * note - what a plugin is being asked at this moment, so that who finds it dead or hanging can say in which function
 * and with which input. Plain memory: a parent that shares it with its child reads it when the child is gone.
 */
#ifndef KIT_NOTE_H
#define KIT_NOTE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NOTE_BYTES = 4096 };

enum note_function {
	NOTE_NONE,
	NOTE_LOAD,
	NOTE_INIT,
	NOTE_FRAME,
	NOTE_DECODE,
	NOTE_ENCODE,
	NOTE_STEP,
	NOTE_UNLOAD,
	NOTE_COUNT_
};
/* Where a fault of memory was. */
enum note_place {
	NOTE_ELSEWHERE,
	NOTE_PAST_INPUT,
	NOTE_PAST_STATE,
	NOTE_PAST_READINGS,
	NOTE_PAST_FRAMES,
	NOTE_PAST_FOUND,
	NOTE_PLACES_
};

struct note {
	_Atomic uint64_t calls; /* odd while the plugin runs */
	enum note_function function;
	bool done;       /* all of the work came to its end */
	char about[160]; /* what is being done: the vector, the seed */
	uint8_t channel; /* of decode */
	bool retained;
	char verb[48]; /* of encode: its key, or its number */
	double value;
	size_t size;               /* of the input: of frame and decode */
	uint8_t bytes[NOTE_BYTES]; /* its first ones */
	int signal;                /* that ended it */
	enum note_place place;
	uintptr_t guard[NOTE_PLACES_]; /* the pages that nobody may touch; 0: none */
	size_t guard_size;
};

#endif
