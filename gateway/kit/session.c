/* SPDX-License-Identifier: Apache-2.0 */
#include "kit/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static const char *const refusals[THERAPY_REFUSED_COUNT_] = {"OK", "LENGTH", "CHECKSUM", "TYPE", "FORMAT", "VALUE"};

static void *room(size_t size)
{
	void *memory = calloc(1, size + 1);
	if (!memory)
		abort();
	return memory;
}

struct session *session_new(const struct therapy_model *model, struct note *note)
{
	/* Not of malloc: half a megabyte that a sanitizer would keep after it is freed. */
	struct session *session =
	    mmap(NULL, sizeof *session, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (session == MAP_FAILED)
		abort();
	session->model = model;
	caller_init(&session->caller, model, note ? note : &session->own_note);
	session->values = room(model->n_options * sizeof *session->values);
	session->state = caller_state_new(model);
	session->copy = caller_state_new(model);
	return session;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	session_free(session->scratch);
	caller_release(&session->caller);
	caller_state_free(session->model, session->state);
	caller_state_free(session->model, session->copy);
	free(session->values);
	munmap(session, sizeof *session);
}

void session_break(struct session *session, const char *format, ...)
{
	if (session->n_broken++ > 0)
		return;
	va_list args;
	va_start(args, format);
	vsnprintf(session->broken, sizeof session->broken, format, args);
	va_end(args);
}

static void check_state(struct session *session, const char *function)
{
	if (session->caller.overran != NOTE_NONE)
		session_break(session, "%s wrote past the %zu bytes of its state: state_size is too small", function,
			      session->model->state_size);
}

/* The bytes as a person would give them to a vector. */
static const char *hex(const struct therapy_message *message, char text[SESSION_HEX])
{
	size_t n = 0;
	text[0] = 0;
	for (size_t i = 0; i < message->size && n + 8 < SESSION_HEX; i++)
		n += (size_t)snprintf(text + n, SESSION_HEX - n, i ? " %02X" : "%02X", message->data[i]);
	if (n + 8 >= SESSION_HEX)
		snprintf(text + n, SESSION_HEX - n, " ...");
	return text;
}

static void write_line(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void write_line(struct session *session, const char *format, ...)
{
	if (session->n_lines == SESSION_LINES) {
		session_break(session, "more than %d lines came of one step", SESSION_LINES);
		return;
	}
	va_list args;
	va_start(args, format);
	vsnprintf(session->lines[session->n_lines++], SESSION_LINE, format, args);
	va_end(args);
}

void session_connect(struct session *session, uint32_t seed)
{
	session->n_held = 0;
	if (caller_connect(&session->caller, session->state, session->values, seed) != 0)
		write_line(session, "init refused");
	check_state(session, "init");
}

bool session_set(struct session *session, const char *option, const char *word)
{
	for (size_t i = 0; i < session->model->n_options; i++) {
		if (strcmp(session->model->options[i].key, option) != 0)
			continue;
		struct therapy_value *value = &session->values[i];
		value->set = true;
		if (session->model->options[i].type == THERAPY_OPTION_NUMBER)
			value->number = strtod(word, NULL);
		else
			value->word = word;
		return true;
	}
	return false;
}

uint8_t session_verb(const struct therapy_model *model, const char *key)
{
	for (uint8_t i = 0; i < model->n_verbs; i++)
		if (strcmp(model->verbs[i].key, key) == 0)
			return i;
	return THERAPY_NONE;
}

uint8_t session_channel(const struct therapy_model *model, const char *address)
{
	for (uint8_t i = 0; i < model->n_channels; i++)
		if (strcmp(model->channels[i].address, address) == 0)
			return i;
	return THERAPY_NONE;
}

/* The same moment has one value. Only of what stops it may have two: a press without an end is pressed, then released.
 */
static bool given_before(const struct therapy_model *model, const struct therapy_out *out, size_t i)
{
	const struct therapy_reading *second = &out->readings[i];
	for (size_t j = 0; j < i; j++) {
		const struct therapy_reading *first = &out->readings[j];
		bool tap = model->metrics[second->metric].stops && first->value > 0 && second->value <= 0;
		if (first->metric == second->metric && first->age_ms == second->age_ms && !tap)
			return true;
	}
	return false;
}

static void check_readings(struct session *session, const struct therapy_out *out)
{
	const struct therapy_model *model = session->model;
	for (size_t i = 0; i < out->n_readings; i++) {
		const struct therapy_reading *r = &out->readings[i];
		if (r->metric >= model->n_metrics)
			session_break(session, "decode gave a reading of metric %u, expected one of the %u metrics",
				      r->metric, model->n_metrics);
		else if (r->quality > THERAPY_ERROR)
			session_break(session, "decode gave \"%s\" the quality %u, expected UNKNOWN, GOOD or ERROR",
				      model->metrics[r->metric].key, r->quality);
		else if (!isfinite(r->value))
			session_break(session, "decode gave \"%s\" a value that is no number, expected therapy_emit",
				      model->metrics[r->metric].key);
		else if (given_before(model, out, i))
			session_break(session,
				      "decode gave \"%s\" twice in one call, expected once, or with different age_ms",
				      model->metrics[r->metric].key);
		else if (r->quality == THERAPY_GOOD) {
			const struct therapy_metric *row = &model->metrics[r->metric];
			session->measured[r->metric] = true;
			session->n_out_of_range += r->value < row->min || r->value > row->max;
		}
	}
}

static void check_frames(struct session *session, const struct therapy_out *out)
{
	const struct therapy_model *model = session->model;
	for (size_t i = 0; i < out->n_frames; i++) {
		const struct therapy_frame *f = &out->frames[i];
		if (f->size > THERAPY_FRAME_MAX)
			session_break(session, "it sends a frame of %u bytes, expected at most %u", f->size,
				      THERAPY_FRAME_MAX);
		else if (model->n_channels == 0 && f->channel != 0)
			session_break(session, "it sends on channel %u, expected 0 on a byte link", f->channel);
		else if (model->n_channels > 0 &&
			 (f->channel >= model->n_channels || !(model->channels[f->channel].direction & THERAPY_OUT)))
			session_break(session, "it sends on channel %u, expected one whose direction is out",
				      f->channel);
	}
}

static void check_found(struct session *session, const struct therapy_out *out)
{
	for (size_t i = 0; i < out->n_found; i++)
		if (out->found[i].metric >= session->model->n_settings || !isfinite(out->found[i].value))
			session_break(session,
				      "decode found setting %u to be %g, expected one of the %u settings and a number",
				      out->found[i].metric, out->found[i].value, session->model->n_settings);
}

/* What every plugin owes the host, whatever it was given. False if what came cannot be looked at. */
static bool check_out(struct session *session, const struct therapy_out *out)
{
	size_t before = session->n_broken;
	if (out->overflow || out->n_readings > CALLER_READINGS || out->n_frames > CALLER_FRAMES ||
	    out->n_found > CALLER_FOUND) {
		session_break(session, "more came of one call than %d readings, %d frames and %d settings",
			      CALLER_READINGS, CALLER_FRAMES, CALLER_FOUND);
		return false;
	}
	check_readings(session, out);
	check_frames(session, out);
	check_found(session, out);
	return session->n_broken == before;
}

enum therapy_refusal session_decode(struct session *session, void *state, const struct therapy_message *message,
				    struct therapy_out *out)
{
	*out = caller_out(&session->caller);
	size_t before = session->n_broken;
	enum therapy_refusal refusal = caller_decode(&session->caller, state, message, out);
	check_state(session, "decode");
	if (refusal < THERAPY_OK || refusal >= THERAPY_REFUSED_COUNT_)
		session_break(session, "decode returned %d, expected one of enum therapy_refusal", (int)refusal);
	if (refusal == THERAPY_OK && !check_out(session, out))
		refusal = THERAPY_REFUSED_FORMAT; /* told; nothing of it can be shown */
	session->n_taken += refusal == THERAPY_OK;
	if (before == 0 && session->n_broken > 0) {
		char text[SESSION_HEX];
		size_t n = strlen(session->broken);
		snprintf(session->broken + n, sizeof session->broken - n, "; the frame: %s", hex(message, text));
	}
	return refusal < THERAPY_OK || refusal >= THERAPY_REFUSED_COUNT_ ? THERAPY_REFUSED_FORMAT : refusal;
}

/* Decodes a frame on a copy of the state. */
static enum therapy_refusal try_decode(struct session *session, const struct therapy_message *message,
				       struct therapy_out *out)
{
	memcpy(session->copy, session->state, session->model->state_size);
	return session_decode(session, session->copy, message, out);
}

/* Only a frame that is accepted can be spoilt: one more fault may repair a broken one. */
static bool is_accepted(struct session *session, const struct therapy_message *message)
{
	struct therapy_out out;
	return try_decode(session, message, &out) == THERAPY_OK;
}

static void try_spoilt(struct session *session, const struct therapy_message *message, bool must_be_refused,
		       const char *how)
{
	struct therapy_out out;
	char text[SESSION_HEX];
	enum therapy_refusal refusal = try_decode(session, message, &out);
	session->n_spoilt++;
	if (!must_be_refused || refusal != THERAPY_OK)
		return;
	if (out.n_readings > 0 || out.n_found > 0 || out.presence != THERAPY_PRESENCE_SAME)
		session_break(session, "decode took a frame that was %s for %zu readings, expected a refusal: %s", how,
			      out.n_readings, hex(message, text));
	else if (session->checksummed)
		session_break(session, "decode took a frame that was %s, expected a refusal: %s", how,
			      hex(message, text));
}

static void spoil_every_way(struct session *session, const struct therapy_message *message)
{
	struct therapy_message spoilt = *message;
	for (spoilt.size = 0; spoilt.size < message->size; spoilt.size++)
		try_spoilt(session, &spoilt, !session->plain, "cut short");
	spoilt.size = message->size;
	uint8_t *copy = room(message->size);
	memcpy(copy, message->data, message->size);
	spoilt.data = copy;
	for (size_t bit = 0; bit < message->size * 8; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		try_spoilt(session, &spoilt, session->checksummed, "changed in one bit");
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(copy);
}

static void write_reading(struct session *session, const struct therapy_reading *r)
{
	const struct therapy_metric *row = &session->model->metrics[r->metric];
	char age[32] = "";
	if (r->age_ms)
		snprintf(age, sizeof age, " age %u", (unsigned)r->age_ms);
	if (r->quality != THERAPY_GOOD)
		write_line(session, "%s %s%s", row->key, r->quality == THERAPY_ERROR ? "ERROR" : "UNKNOWN", age);
	else
		write_line(session, "%s %.6f%s%s", row->key, r->value, age,
			   r->value < row->min || r->value > row->max ? " implausible" : "");
}

static void write_frame(struct session *session, const struct therapy_frame *frame)
{
	char text[SESSION_LINE - 100];
	size_t n = 0;
	const struct therapy_model *model = session->model;
	bool readable = model->n_channels > 0;
	for (size_t i = 0; i < frame->size; i++)
		readable = readable && frame->bytes[i] >= ' ' && frame->bytes[i] < 0x7F;
	text[0] = 0;
	for (size_t i = 0; i < frame->size && n + 4 < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
				      readable ? "%c"
				      : i      ? " %02X"
					       : "%02X",
				      frame->bytes[i]);
	if (model->n_channels > 0)
		write_line(session, "send %s%s%s", model->channels[frame->channel].address, text[0] ? " " : "", text);
	else
		write_line(session, "send %s", text);
}

static void write_out(struct session *session, const struct therapy_out *out)
{
	if (out->lost)
		write_line(session, "lost %u", (unsigned)out->lost);
	if (out->presence != THERAPY_PRESENCE_SAME)
		write_line(session, "%s", out->presence == THERAPY_PRESENT ? "present" : "absent");
	for (size_t i = 0; i < out->n_readings; i++)
		write_reading(session, &out->readings[i]);
	for (size_t i = 0; i < out->n_found; i++)
		write_line(session, "setting %s %.6f", session->model->settings[out->found[i].metric].key,
			   out->found[i].value);
	if (out->reply)
		write_line(session, "reply");
	for (size_t i = 0; i < out->n_frames; i++)
		write_frame(session, &out->frames[i]);
}

/* The damaged bytes, then the frame twice: the second of them at the latest must bring what it did undamaged. */
static void expect_resync(struct session *session, const uint8_t *damaged, size_t size,
			  const struct therapy_message *frame, size_t first_line, size_t n_lines)
{
	struct session *scratch = session->scratch;
	memcpy(scratch->state, session->state, session->model->state_size);
	scratch->now_ms = session->now_ms;
	scratch->n_held = scratch->n_lines = 0;
	session_bytes(scratch, damaged, size);
	session_bytes(scratch, frame->data, frame->size);
	session_bytes(scratch, frame->data, frame->size);
	session->n_spoilt++;
	bool same = scratch->n_lines >= n_lines;
	for (size_t i = 0; same && i < n_lines; i++)
		same = strcmp(scratch->lines[scratch->n_lines - n_lines + i], session->lines[first_line + i]) == 0;
	if (scratch->n_broken > 0)
		session_break(session, "%s", scratch->broken);
	char text[SESSION_HEX];
	if (!same)
		session_break(
		    session,
		    "a whole frame is not read again after damaged bytes: expected that frame() finds the second "
		    "of two that follow them; the damaged bytes: %s",
		    hex(&(struct therapy_message){.data = damaged, .size = size}, text));
}

/* Every flipped bit, every byte lost, a foreign byte at every place. */
static void damage_stream(struct session *session, const struct therapy_message *frame, size_t first_line)
{
	uint8_t damaged[THERAPY_FRAME_MAX + 1];
	size_t n_lines = session->n_lines - first_line, size = frame->size;
	if (!session->scratch)
		session->scratch = session_new(session->model, session->caller.note);
	for (size_t bit = 0; bit < size * 8; bit++) {
		memcpy(damaged, frame->data, size);
		damaged[bit / 8] ^= (uint8_t)(1u << bit % 8);
		expect_resync(session, damaged, size, frame, first_line, n_lines);
	}
	for (size_t at = 0; at < size; at++) {
		memcpy(damaged, frame->data, at);
		memcpy(damaged + at, frame->data + at + 1, size - at - 1);
		expect_resync(session, damaged, size - 1, frame, first_line, n_lines);
		damaged[at] = 0x55;
		memcpy(damaged + at + 1, frame->data + at, size - at);
		expect_resync(session, damaged, size + 1, frame, first_line, n_lines);
	}
}

static void take_message(struct session *session, const struct therapy_message *message)
{
	struct therapy_out out;
	if (session->heard)
		session->heard(session->heard_user, message);
	if (session->mutate && is_accepted(session, message))
		spoil_every_way(session, message);
	enum therapy_refusal refusal = session_decode(session, session->state, message, &out);
	if (refusal != THERAPY_OK) {
		write_line(session, "refused %s", refusals[refusal]);
		return;
	}
	size_t first_line = session->n_lines + (out.lost > 0); /* damage changes what was lost, nothing else */
	write_out(session, &out);
	if (session->mutate && session->model->frame && out.n_readings > 0)
		damage_stream(session, message, first_line);
}

void session_message(struct session *session, uint8_t channel, bool retained, const uint8_t *bytes, size_t size)
{
	struct therapy_message message = {
	    .data = bytes, .size = size, .now_ms = session->now_ms, .channel = channel, .retained = retained};
	take_message(session, &message);
}

/* Asks the plugin what to cut from the front of what is held. */
static long cut(struct session *session)
{
	size_t held = session->n_held;
	long n = caller_frame(&session->caller, session->state, session->held, held);
	check_state(session, "frame");
	if (labs(n) > (long)held || n > (long)THERAPY_FRAME_MAX)
		session_break(session, "frame returned %ld of %zu bytes, expected at most those and %u", n, held,
			      THERAPY_FRAME_MAX);
	else if (n == 0 && held >= THERAPY_FRAME_MAX)
		session_break(session,
			      "frame wants more than the %zu bytes it was shown, expected a frame of at most %u", held,
			      THERAPY_FRAME_MAX);
	else
		return n;
	return -1; /* as the gateway does */
}

void session_bytes(struct session *session, const uint8_t *bytes, size_t size)
{
	if (size > SESSION_HELD - session->n_held) {
		session_break(session, "%zu bytes wait that frame neither takes nor drops", session->n_held);
		return;
	}
	memcpy(session->held + session->n_held, bytes, size);
	session->n_held += size;
	size_t dropped = 0;
	while (session->n_held > 0) {
		long n = cut(session);
		if (n == 0)
			break;
		size_t taken = (size_t)labs(n);
		if (n < 0)
			dropped += taken;
		else if (dropped > 0)
			write_line(session, "dropped %zu", dropped);
		if (n > 0) {
			dropped = 0;
			struct therapy_message message = {
			    .data = session->held, .size = taken, .now_ms = session->now_ms};
			take_message(session, &message);
		}
		session->n_held -= taken;
		memmove(session->held, session->held + taken, session->n_held);
	}
	if (dropped > 0)
		write_line(session, "dropped %zu", dropped);
	if (session->n_held > 0)
		write_line(session, "waiting %zu", session->n_held);
}

static void tell(struct session *session, uint8_t verb, double value)
{
	struct therapy_out out = caller_out(&session->caller);
	int result = caller_encode(&session->caller, session->state, session->now_ms, verb, value, &out);
	check_state(session, "encode");
	if (result != 0) {
		if (result != -1)
			session_break(session, "encode returned %d, expected 0 or -1", result);
		write_line(session, "no such verb or value");
		return;
	}
	if (verb < session->model->n_verbs)
		session->told[verb] = true;
	if (out.n_readings > 0)
		session_break(session, "encode gave readings, expected only frames");
	else if (check_out(session, &out))
		write_out(session, &out);
}

void session_tell(struct session *session, uint8_t verb, double value)
{
	size_t before = session->n_broken;
	tell(session, verb, value);
	if (before > 0 || session->n_broken == 0)
		return;
	size_t n = strlen(session->broken);
	snprintf(session->broken + n, sizeof session->broken - n, "; the verb: %s, its value: %g",
		 session->caller.note->verb, value);
}
