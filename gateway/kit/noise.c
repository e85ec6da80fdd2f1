/* SPDX-License-Identifier: Apache-2.0 */
#include "kit/noise.h"

#include <stdio.h>
#include <stdlib.h>

/* What goes into a stream at once. */
#define PIECE_MAX 64u
/* A device starts anew now and then, with another seed. */
#define FRAMES_PER_CONNECT 500u

void noise_init(struct noise *noise, uint64_t seed)
{
	*noise = (struct noise){.state = seed * 0x9E3779B97F4A7C15u + 0x2545F4914F6CDD1Du};
	if (noise->state == 0)
		noise->state = 1;
}

void noise_release(struct noise *noise)
{
	for (size_t i = 0; i < noise->n_corpus; i++)
		free(noise->corpus[i].bytes);
	noise->n_corpus = 0;
}

void noise_hear(void *user, const struct therapy_message *message)
{
	struct noise *noise = user;
	if (noise->n_corpus == NOISE_CORPUS || message->size > NOISE_FRAME)
		return;
	for (size_t i = 0; i < noise->n_corpus; i++) {
		const struct noise_frame *f = &noise->corpus[i];
		if (f->size == message->size && f->channel == message->channel &&
		    (f->size == 0 || memcmp(f->bytes, message->data, f->size) == 0))
			return;
	}
	uint8_t *bytes = malloc(message->size + 1);
	if (!bytes)
		abort();
	if (message->size > 0)
		memcpy(bytes, message->data, message->size);
	noise->corpus[noise->n_corpus++] = (struct noise_frame){bytes, message->size, message->channel};
}

/* xorshift64 */
uint64_t noise_next(struct noise *noise)
{
	noise->state ^= noise->state << 13;
	noise->state ^= noise->state >> 7;
	noise->state ^= noise->state << 17;
	return noise->state;
}

static size_t below(struct noise *noise, size_t n)
{
	return n == 0 ? 0 : (size_t)((noise_next(noise) >> 11) % n);
}

/* Of what the frames of devices are made: gets further in than random bytes. */
static uint8_t any_byte(struct noise *noise, bool likely)
{
	static const uint8_t likely_ones[] =
	    "\x55\x51\x52\x53\x00\x01\x03\x06\x90\x81\x82\xFF\x80\x7F{}[]\":,.-+eE0123456789"
	    " truefalsnONF\\/PWR\r\n;=";
	return likely ? likely_ones[below(noise, sizeof likely_ones - 1)] : (uint8_t)(noise_next(noise) >> 24);
}

static size_t make_random(struct noise *noise, uint8_t *out)
{
	bool likely = below(noise, 2) == 0;
	size_t n = below(noise, below(noise, 16) == 0 ? NOISE_FRAME : 80);
	for (size_t i = 0; i < n; i++)
		out[i] = any_byte(noise, likely);
	return n;
}

static size_t take(struct noise *noise, const struct noise_frame *f, uint8_t *out, size_t n)
{
	size_t from = below(noise, f->size), size = f->size - from;
	if (size > NOISE_FRAME - n)
		size = NOISE_FRAME - n;
	if (size > 0)
		memcpy(out + n, f->bytes + from, size);
	return n + size;
}

/* One of the ways in which lines and radios spoil a frame. */
static size_t damage(struct noise *noise, uint8_t *out, size_t n)
{
	switch (below(noise, 7)) {
	case 0: /* cut */
		return below(noise, n + 1);
	case 1: /* a bit */
		if (n > 0)
			out[below(noise, n)] ^= (uint8_t)(1u << below(noise, 8));
		return n;
	case 2: /* some bytes */
		for (size_t i = below(noise, 4) + 1; i > 0 && n > 0; i--)
			out[below(noise, n)] = any_byte(noise, below(noise, 2) == 0);
		return n;
	case 3: /* a byte lost */
		if (n > 0) {
			size_t at = below(noise, n);
			memmove(out + at, out + at + 1, n - at - 1);
			n--;
		}
		return n;
	case 4: /* a foreign one */
		if (n < NOISE_FRAME) {
			size_t at = below(noise, n + 1);
			memmove(out + at + 1, out + at, n - at);
			out[at] = any_byte(noise, true);
			n++;
		}
		return n;
	case 5: /* the rest of another */
		return take(noise, &noise->corpus[below(noise, noise->n_corpus)], out, below(noise, n + 1));
	default: /* whole */
		return n;
	}
}

static size_t make_frame(struct noise *noise, uint8_t *out, uint8_t *channel)
{
	if (noise->n_corpus == 0 || below(noise, 8) == 0)
		return make_random(noise, out);
	const struct noise_frame *f = &noise->corpus[below(noise, noise->n_corpus)];
	size_t n = f->size;
	if (n > 0)
		memcpy(out, f->bytes, n);
	if (below(noise, 16) != 0) /* now and then on a channel where nobody says that */
		*channel = f->channel;
	for (size_t i = below(noise, 3) + 1; i > 0; i--)
		n = damage(noise, out, n);
	if (below(noise, 2) == 0)
		seal_put(&noise->seal, out, n);
	return n;
}

static void feed_one(struct noise *noise, struct session *session)
{
	static uint8_t bytes[NOISE_FRAME];
	const struct therapy_model *m = session->model;
	uint8_t channel = (uint8_t)below(noise, m->n_channels);
	size_t n = make_frame(noise, bytes, &channel);
	session->now_ms += below(noise, 2000);
	session->n_lines = 0;
	if (m->frame && below(noise, 4) != 0) {
		for (size_t at = 0; at < n;) {
			size_t piece = below(noise, PIECE_MAX) + 1;
			piece = piece < n - at ? piece : n - at;
			session->n_lines = 0;
			session_bytes(session, bytes + at, piece);
			at += piece;
		}
		return;
	}
	struct therapy_message message = {.data = bytes,
					  .size = n,
					  .now_ms = session->now_ms,
					  .channel = channel,
					  .retained = m->n_channels > 0 && below(noise, 4) == 0};
	struct therapy_out out;
	session_decode(session, session->state, &message, &out);
}

static struct seal find_seal(const struct noise *noise)
{
	struct seal_frame frames[NOISE_CORPUS];
	for (size_t i = 0; i < noise->n_corpus; i++)
		frames[i] = (struct seal_frame){noise->corpus[i].bytes, noise->corpus[i].size};
	return seal_find(frames, noise->n_corpus);
}

void noise_feed(struct noise *noise, struct session *session, size_t n)
{
	struct note *note = session->caller.note;
	if (noise->n_fed == 0)
		noise->seal = find_seal(noise);
	for (size_t i = 0; i < n && session->n_broken == 0; i++) {
		snprintf(note->about, sizeof note->about, "noise, frame %zu", noise->n_fed);
		if (noise->n_fed % FRAMES_PER_CONNECT == 0)
			session_connect(session, (uint32_t)noise_next(noise));
		noise->n_fed++;
		feed_one(noise, session);
	}
}

/* ---- encode ---- */

static bool refused(const struct session *session)
{
	return session->n_lines == 1 && strcmp(session->lines[0], "no such verb or value") == 0;
}

static void tell_odd_values(struct session *session, uint8_t verb)
{
	static const double values[] = {0, 1, -1, 0.5, 1e-9, 1e9, -1e300, HUGE_VAL, -HUGE_VAL, (double)NAN};
	const struct therapy_verb *row = &session->model->verbs[verb];
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		session->n_lines = 0;
		session_tell(session, verb, values[i]);
		/* For a STOP the value means nothing: it must go out whatever the value is. */
		if (row->effect == THERAPY_STOP && (session->n_lines == 0 || refused(session)))
			session_break(
			    session,
			    "encode sends nothing for verb \"%s\" with the value %g, expected that a verb whose "
			    "effect is STOP is never refused",
			    row->key, values[i]);
		else if (row->effect == THERAPY_ACT && !(values[i] >= 0 && values[i] <= 1e6) && !refused(session))
			session_break(session,
				      "encode takes the value %g for verb \"%s\", expected -1: nobody can mean that",
				      values[i], row->key);
	}
}

void noise_tell(struct session *session)
{
	const struct therapy_model *m = session->model;
	struct note *note = session->caller.note;
	snprintf(note->about, sizeof note->about, "odd values");
	for (uint8_t verb = 0; verb < m->n_verbs; verb++)
		tell_odd_values(session, verb);
	for (unsigned verb = m->n_verbs; m->encode && verb <= UINT8_MAX;
	     verb += verb == m->n_verbs ? UINT8_MAX - verb : 1) {
		session->n_lines = 0;
		session_tell(session, (uint8_t)verb, 0);
		if (!refused(session))
			session_break(session, "encode takes verb %u, expected -1: there are %u", verb, m->n_verbs);
		if (verb == UINT8_MAX)
			break;
	}
}
