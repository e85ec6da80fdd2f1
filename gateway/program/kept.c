/* SPDX-License-Identifier: Apache-2.0 */
#include "program/inside.h"

#include <stdlib.h>

/* One that is to be kept; `user` is for people. */
struct want {
	const char *user;
	const char *sequence;
	unsigned step; /* from 1 */
	uint8_t verb;
	double value;
};

static size_t count_most(const struct therapy_model *m)
{
	size_t n = m->n_on_connect;
	for (uint8_t i = 0; i < m->n_controls; i++)
		n += (size_t)m->controls[i].n_rest + m->controls[i].n_stop;
	return n;
}

static struct kept *find(struct kept *kept, size_t n, uint8_t verb, double value)
{
	for (size_t i = 0; i < n; i++)
		if (kept[i].verb == verb && kept[i].value == value)
			return &kept[i];
	return NULL;
}

const struct kept *kept_find(const struct program *p, uint8_t verb, double value)
{
	return find(p->kept, p->n_kept, verb, value);
}

/* A frame that the device machine would not send is as good as none. */
static bool goes_out(const struct therapy_model *m, const struct therapy_frame *frame)
{
	if (m->n_channels == 0)
		return frame->channel == 0;
	return frame->channel < m->n_channels && (m->channels[frame->channel].direction & THERAPY_OUT) != 0;
}

static bool learn(struct program *p, const struct therapy_model *m, const struct want *want, struct kept *fresh,
		  size_t *n)
{
	if (find(fresh, *n, want->verb, want->value))
		return true;
	struct kept *k = &fresh[*n];
	struct therapy_out out = {.frames = k->frames, .max_frames = PROGRAM_FRAMES};
	bool given = codec_encode(p, m, want->verb, want->value, &out) && out.n_frames > 0;
	for (size_t i = 0; given && i < out.n_frames; i++)
		given = goes_out(m, &k->frames[i]);
	if (!given) {
		program_over(
		    p,
		    "gives no frames for step %u of the %s sequence of %s (verb \"%.40s\", value %g): a control "
		    "whose way to rest does not lie ready is refused",
		    want->step, want->sequence, want->user, m->verbs[want->verb].key, want->value);
		return false;
	}
	k->verb = want->verb;
	k->value = want->value;
	k->n = out.n_frames;
	++*n;
	return true;
}

static bool learn_all(struct program *p, const struct therapy_model *m, struct kept *fresh, size_t *n)
{
	for (uint8_t i = 0; i < m->n_controls; i++) {
		const struct therapy_control *c = &m->controls[i];
		for (unsigned k = 0; k < (unsigned)c->n_rest + c->n_stop; k++) {
			bool stop = k >= c->n_rest;
			const struct therapy_step *s = stop ? &c->stop[k - c->n_rest] : &c->rest[k];
			struct want want = {.user = c->key,
					    .sequence = stop ? "stop" : "rest",
					    .step = (stop ? k - c->n_rest : k) + 1,
					    .verb = s->verb,
					    .value = s->value};
			if (!learn(p, m, &want, fresh, n))
				return false;
		}
	}
	for (uint8_t i = 0; i < m->n_on_connect; i++) {
		struct want want = {.user = m->key, .sequence = "on_connect", .step = i + 1u, .verb = m->on_connect[i]};
		if (m->verbs[want.verb].effect == THERAPY_STOP && !learn(p, m, &want, fresh, n))
			return false;
	}
	return true;
}

bool kept_learn(struct program *p, const struct therapy_model *m)
{
	size_t most = count_most(m), n = 0;
	if (most == 0)
		return true;
	if (!p->spare) {
		p->kept = calloc(most, sizeof *p->kept);
		p->spare = calloc(most, sizeof *p->spare);
	}
	if (!p->kept || !p->spare) {
		program_over(p, "has %zu steps to rest, for which there is no memory", most);
		return false;
	}
	if (!learn_all(p, m, p->spare, &n))
		return false; /* what was kept before goes on to hold */
	struct kept *old = p->kept;
	p->kept = p->spare;
	p->spare = old;
	p->n_kept = n;
	return true;
}
