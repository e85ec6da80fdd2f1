/* SPDX-License-Identifier: Apache-2.0
 * What is sent: the pieces of a message behind each other. */
#include <math.h>

#include "base/str.h"
#include "generic/inside.h"
#include "generic/number.h"

struct bytes {
	uint8_t at[THERAPY_FRAME_MAX];
	size_t size;
};

static bool add(struct bytes *b, const void *bytes, size_t size)
{
	if (size > sizeof b->at - b->size)
		return false;
	if (size > 0)
		memcpy(b->at + b->size, bytes, size);
	b->size += size;
	return true;
}

static bool add_digits(struct bytes *b, const Therapy__V1__DefinedControl *c, double value)
{
	char text[64];
	struct str s;
	str_init(&s, text, sizeof text);
	if (c->n_values > 0) {
		const char *word = c->values[(size_t)value];
		return add(b, word, strlen(word));
	}
	double number = (value - c->offset) / c->scale;
	if (!isfinite(number))
		return false;
	str_add_number(&s, number, (unsigned)c->decimals);
	return !s.overflow && add(b, text, s.len);
}

static bool add_piece(struct bytes *b, const Therapy__V1__Piece *piece, const struct generic_verb *verb, double value)
{
	const Therapy__V1__DefinedControl *control = verb->control;
	uint8_t bytes[8];
	if (piece->checksum) {
		checksum_put(piece->checksum, b->at, b->size, bytes);
		return add(b, bytes, checksum_size(piece->checksum));
	}
	if (!piece->value)
		return add(b, piece->bytes.data, piece->bytes.len);
	if (verb->setting) {
		const char *word = verb->setting->says->values[(size_t)value];
		return add(b, word, strlen(word));
	}
	if (!control)
		return false;
	if (piece->value == THERAPY__V1__VALUE_TYPE__VALUE_TYPE_TEXT)
		return add_digits(b, control, value);
	return number_put(piece->value, (value - control->offset) / control->scale, bytes) &&
	       add(b, bytes, number_size(piece->value));
}

/* Of an ACT. A number may be anything in its range, a switch is on. Rounding cannot carry it beyond an end: both are
 * such as can be sent (config/definition_control.c). */
static bool may_be_set(const Therapy__V1__DefinedControl *c, double value)
{
	if (!c->is_number)
		return value == 1.0;
	if (!(value >= c->min && value <= c->max))
		return false;
	return c->n_values == 0 || (value == floor(value) && value < (double)c->n_values);
}

int generic_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	(void)now_ms;
	const struct generic *g = ((const struct generic_state *)state)->generic;
	if (verb >= g->model.n_verbs)
		return -1;
	const struct generic_verb *v = &g->sends[verb];
	if (v->effect == THERAPY_ACT && !may_be_set(v->control, value))
		return -1;
	if (v->setting && !(value >= 0 && value < (double)v->setting->says->n_values && value == floor(value)))
		return -1;
	struct bytes b = {.size = 0};
	for (size_t i = 0; i < v->message->n_pieces; i++)
		if (!add_piece(&b, v->message->pieces[i], v, value))
			return -1;
	therapy_send(out, v->channel, b.at, b.size);
	return 0;
}
