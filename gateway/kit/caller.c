/* SPDX-License-Identifier: Apache-2.0 */
#include "kit/caller.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGN  16u   /* of a state, so up to 15 bytes lie between it and the guard: */
#define CANARY 0xA5u /* what they hold */

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t up(size_t size, size_t to)
{
	return (size + to - 1) / to * to;
}

/* `size` bytes that end where the guard begins. */
static void *guarded_new(size_t size)
{
	size_t page = page_size(), mapped = up(size, page);
	uint8_t *map = mmap(NULL, mapped + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || mprotect(map + mapped, page, PROT_NONE) != 0)
		abort();
	return map + mapped - size;
}

static void guarded_free(void *memory, size_t size)
{
	size_t page = page_size(), mapped = up(size, page);
	if (memory)
		munmap((uint8_t *)memory + size - mapped, mapped + page);
}

void *caller_state_new(const struct therapy_model *model)
{
	size_t used = up(model->state_size, ALIGN);
	uint8_t *state = guarded_new(used);
	memset(state + model->state_size, CANARY, used - model->state_size);
	return state;
}

void caller_state_free(const struct therapy_model *model, void *state)
{
	guarded_free(state, up(model->state_size, ALIGN));
}

#define READINGS_BYTES (CALLER_READINGS * sizeof(struct therapy_reading))
#define FRAMES_BYTES   (CALLER_FRAMES * sizeof(struct therapy_frame))
#define FOUND_BYTES    (CALLER_FOUND * sizeof(struct therapy_reading))

void caller_init(struct caller *caller, const struct therapy_model *model, struct note *note)
{
	*caller = (struct caller){.model = model,
				  .note = note,
				  .input = guarded_new(CALLER_INPUT_MAX),
				  .readings = guarded_new(READINGS_BYTES),
				  .frames = guarded_new(FRAMES_BYTES),
				  .found = guarded_new(FOUND_BYTES)};
	note->guard_size = page_size();
}

void caller_release(struct caller *caller)
{
	guarded_free(caller->input, CALLER_INPUT_MAX);
	guarded_free(caller->readings, READINGS_BYTES);
	guarded_free(caller->frames, FRAMES_BYTES);
	guarded_free(caller->found, FOUND_BYTES);
	*caller = (struct caller){0};
}

struct therapy_out caller_out(struct caller *caller)
{
	return (struct therapy_out){.readings = caller->readings,
				    .max_readings = CALLER_READINGS,
				    .frames = caller->frames,
				    .max_frames = CALLER_FRAMES,
				    .found = caller->found,
				    .max_found = CALLER_FOUND};
}

/* Copies the input to where it ends at the guard; `tail` bytes of zero follow it. */
static uint8_t *place(struct caller *caller, const uint8_t *bytes, size_t size, size_t tail)
{
	if (size + tail > CALLER_INPUT_MAX)
		abort();
	uint8_t *at = caller->input + CALLER_INPUT_MAX - tail - size;
	if (size > 0)
		memcpy(at, bytes, size);
	memset(at + size, 0, tail);
	struct note *note = caller->note;
	note->size = size;
	if (size > 0)
		memcpy(note->bytes, at, size < NOTE_BYTES ? size : NOTE_BYTES);
	return at;
}

static void enter(struct caller *caller, enum note_function function, const void *state)
{
	struct note *note = caller->note;
	note->function = function;
	note->guard[NOTE_PAST_INPUT] = (uintptr_t)(caller->input + CALLER_INPUT_MAX);
	note->guard[NOTE_PAST_STATE] = (uintptr_t)state + up(caller->model->state_size, ALIGN);
	note->guard[NOTE_PAST_READINGS] = (uintptr_t)(caller->readings + CALLER_READINGS);
	note->guard[NOTE_PAST_FRAMES] = (uintptr_t)(caller->frames + CALLER_FRAMES);
	note->guard[NOTE_PAST_FOUND] = (uintptr_t)(caller->found + CALLER_FOUND);
	atomic_fetch_add(&note->calls, 1);
}

static void leave(struct caller *caller, const void *state)
{
	atomic_fetch_add(&caller->note->calls, 1);
	const uint8_t *bytes = state;
	size_t size = caller->model->state_size;
	for (size_t i = size; i < up(size, ALIGN); i++)
		if (bytes[i] != CANARY && caller->overran == NOTE_NONE)
			caller->overran = caller->note->function;
	caller->note->function = NOTE_NONE;
}

int caller_connect(struct caller *caller, void *state, const struct therapy_value *values, uint32_t seed)
{
	const struct therapy_model *m = caller->model;
	if (m->state_size > 0)
		memset(state, 0, m->state_size);
	int result = 0;
	enter(caller, NOTE_INIT, state);
	if (m->init_row)
		result = m->init_row(state, m, values, seed);
	else if (m->init)
		result = m->init(state, values, seed);
	leave(caller, state);
	return result;
}

long caller_frame(struct caller *caller, void *state, const uint8_t *bytes, size_t size)
{
	const uint8_t *at = place(caller, bytes, size, 0);
	enter(caller, NOTE_FRAME, state);
	long result = caller->model->frame(state, at, size);
	leave(caller, state);
	return result;
}

enum therapy_refusal caller_decode(struct caller *caller, void *state, const struct therapy_message *message,
				   struct therapy_out *out)
{
	struct therapy_message given = *message;
	given.data = place(caller, message->data, message->size, 1);
	caller->note->channel = message->channel;
	caller->note->retained = message->retained;
	enter(caller, NOTE_DECODE, state);
	enum therapy_refusal result = caller->model->decode(state, &given, out);
	leave(caller, state);
	return result;
}

int caller_encode(struct caller *caller, void *state, uint64_t now_ms, uint8_t verb, double value,
		  struct therapy_out *out)
{
	const struct therapy_model *m = caller->model;
	if (verb < m->n_verbs)
		snprintf(caller->note->verb, sizeof caller->note->verb, "\"%.40s\"", m->verbs[verb].key);
	else
		snprintf(caller->note->verb, sizeof caller->note->verb, "%u, which is none", verb);
	caller->note->value = value;
	caller->note->size = 0;
	enter(caller, NOTE_ENCODE, state);
	int result = caller->model->encode(state, now_ms, verb, value, out);
	leave(caller, state);
	return result;
}
