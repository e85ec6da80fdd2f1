/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "session.h"

static const char *const refusals[THERAPY_REFUSED_COUNT_] = {"OK", "LENGTH", "CHECKSUM", "TYPE", "FORMAT", "VALUE"};

struct session *session_new(const struct therapy_model *model)
{
	struct session *session = calloc(1, sizeof *session);
	assert_non_null(session);
	session->model = model;
	session->values = calloc((size_t)model->n_options + 1, sizeof *session->values);
	session->state = calloc(1, model->state_size + 1);
	assert_non_null(session->values);
	assert_non_null(session->state);
	return session;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	session_free(session->scratch);
	free(session->values);
	free(session->state);
	free(session);
}

static void write_line(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void write_line(struct session *session, const char *format, ...)
{
	assert_true(session->n_lines < SESSION_LINES);
	va_list args;
	va_start(args, format);
	vsnprintf(session->lines[session->n_lines++], SESSION_LINE, format, args);
	va_end(args);
}

void session_connect(struct session *session, uint32_t seed)
{
	memset(session->state, 0, session->model->state_size);
	session->n_held = 0;
	const struct therapy_model *m = session->model;
	if ((m->init_row && m->init_row(session->state, m, session->values, seed) != 0) ||
	    (m->init && m->init(session->state, session->values, seed) != 0))
		write_line(session, "init refused");
}

void session_set(struct session *session, const char *option, const char *word)
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
		return;
	}
	fail_msg("model %s has no option '%s'", session->model->key, option);
}

uint8_t session_verb(const struct therapy_model *model, const char *key)
{
	for (uint8_t i = 0; i < model->n_verbs; i++)
		if (strcmp(model->verbs[i].key, key) == 0)
			return i;
	fail_msg("model %s has no verb '%s'", model->key, key);
	return 0;
}

uint8_t session_channel(const struct therapy_model *model, const char *address)
{
	for (uint8_t i = 0; i < model->n_channels; i++)
		if (strcmp(model->channels[i].address, address) == 0)
			return i;
	fail_msg("model %s has no channel '%s'", model->key, address);
	return 0;
}

static struct therapy_out empty_out(struct session *session)
{
	return (struct therapy_out){.readings = session->readings,
				    .max_readings = SESSION_READINGS,
				    .frames = session->frames,
				    .max_frames = SESSION_FRAMES};
}

/* What every plugin owes the host, whatever it was given. */
static void check_out(const struct therapy_model *model, const struct therapy_out *out)
{
	assert_false(out->overflow);
	for (size_t i = 0; i < out->n_readings; i++) {
		const struct therapy_reading *r = &out->readings[i];
		assert_true(r->metric < model->n_metrics);
		assert_true(r->quality <= THERAPY_ERROR);
		assert_true(isfinite(r->value));
	}
	for (size_t i = 0; i < out->n_frames; i++) {
		assert_true(out->frames[i].size <= THERAPY_FRAME_MAX);
		if (model->n_channels == 0)
			assert_int_equal(out->frames[i].channel, 0);
		else
			assert_true(model->channels[out->frames[i].channel].direction & THERAPY_OUT);
	}
}

enum therapy_refusal session_decode(struct session *session, void *state, const struct therapy_message *message,
				    struct therapy_out *out)
{
	uint8_t *copy = malloc(message->size + 1);
	assert_non_null(copy);
	memcpy(copy, message->data, message->size);
	copy[message->size] = 0;
	struct therapy_message given = *message;
	given.data = copy;
	*out = empty_out(session);
	enum therapy_refusal refusal = session->model->decode(state, &given, out);
	free(copy);
	assert_true(refusal >= THERAPY_OK && refusal < THERAPY_REFUSED_COUNT_);
	if (refusal == THERAPY_OK)
		check_out(session->model, out);
	return refusal;
}

/* Decodes a frame on a copy of the state. */
static enum therapy_refusal try_decode(struct session *session, const struct therapy_message *message,
				       struct therapy_out *out)
{
	void *copy = malloc(session->model->state_size + 1);
	assert_non_null(copy);
	memcpy(copy, session->state, session->model->state_size);
	enum therapy_refusal refusal = session_decode(session, copy, message, out);
	free(copy);
	return refusal;
}

/* Only a frame that is accepted can be spoilt: one more fault may repair a broken one. */
static bool is_accepted(struct session *session, const struct therapy_message *message)
{
	struct therapy_out out;
	return try_decode(session, message, &out) == THERAPY_OK;
}

static void try_spoilt(struct session *session, const struct therapy_message *message, bool must_be_refused)
{
	struct therapy_out out;
	enum therapy_refusal refusal = try_decode(session, message, &out);
	if (must_be_refused && refusal == THERAPY_OK && (out.n_readings > 0 || out.presence != THERAPY_PRESENCE_SAME))
		fail_msg("a spoilt frame of %zu bytes was taken for %zu readings", message->size, out.n_readings);
	if (must_be_refused && session->checksummed)
		assert_int_not_equal(refusal, THERAPY_OK);
}

static void spoil_every_way(struct session *session, const struct therapy_message *message)
{
	struct therapy_message spoilt = *message;
	for (spoilt.size = 0; spoilt.size < message->size; spoilt.size++)
		try_spoilt(session, &spoilt, true);
	spoilt.size = message->size;
	uint8_t *copy = malloc(message->size + 1);
	assert_non_null(copy);
	memcpy(copy, message->data, message->size);
	spoilt.data = copy;
	for (size_t bit = 0; bit < message->size * 8; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		try_spoilt(session, &spoilt, session->checksummed);
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
	assert_true(scratch->n_lines >= n_lines);
	for (size_t i = 0; i < n_lines; i++)
		assert_string_equal(scratch->lines[scratch->n_lines - n_lines + i], session->lines[first_line + i]);
}

/* Every flipped bit, every byte lost, a foreign byte at every place. */
static void damage_stream(struct session *session, const struct therapy_message *frame, size_t first_line)
{
	uint8_t damaged[THERAPY_FRAME_MAX + 1];
	size_t n_lines = session->n_lines - first_line, size = frame->size;
	if (!session->scratch)
		session->scratch = session_new(session->model);
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
	uint8_t *copy = malloc(session->n_held ? session->n_held : 1);
	assert_non_null(copy);
	memcpy(copy, session->held, session->n_held);
	long n = session->model->frame(session->state, copy, session->n_held);
	free(copy);
	assert_true(labs(n) <= (long)session->n_held);
	assert_true(n <= (long)THERAPY_FRAME_MAX);
	if (session->n_held >= THERAPY_FRAME_MAX)
		assert_int_not_equal(n, 0); /* never asks for more than that */
	return n;
}

void session_bytes(struct session *session, const uint8_t *bytes, size_t size)
{
	assert_true(size <= SESSION_HELD - session->n_held);
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

void session_tell(struct session *session, uint8_t verb, double value)
{
	struct therapy_out out = empty_out(session);
	int result = session->model->encode(session->state, session->now_ms, verb, value, &out);
	if (result != 0) {
		assert_int_equal(result, -1);
		write_line(session, "no such verb or value");
		return;
	}
	check_out(session->model, &out);
	assert_int_equal(out.n_readings, 0);
	write_out(session, &out);
}
