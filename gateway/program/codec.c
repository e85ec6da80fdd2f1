/* SPDX-License-Identifier: Apache-2.0
 *
 * The functions of a model whose codec is a program. The state that the host allocates holds only which program that
 * is: what there is to remember, the program remembers, and forgets at init.
 */
#include "program/inside.h"

#include <stdlib.h>

#include "base/clock.h"

struct codec {
	struct program_model *inside;
	const struct therapy_model *row;
};

/* ---- init ---- */

static void put_values(const struct therapy_model *row, const struct therapy_value *values,
		       Therapy__V1__ProgramOptionValue *rows, Therapy__V1__ProgramOptionValue **pointers,
		       Therapy__V1__ProgramInit *out)
{
	union { /* protobuf-c's texts are not const, and are not written to */
		const char *in;
		char *out;
	} text;
	for (uint8_t i = 0; i < row->n_options; i++) {
		if (!values[i].set)
			continue;
		Therapy__V1__ProgramOptionValue *v = &rows[out->n_options];
		*v = (Therapy__V1__ProgramOptionValue)THERAPY__V1__PROGRAM_OPTION_VALUE__INIT;
		text.in = row->options[i].key;
		v->key = text.out;
		if (row->options[i].type == THERAPY_OPTION_NUMBER) {
			v->value_case = THERAPY__V1__PROGRAM_OPTION_VALUE__VALUE_NUMBER;
			v->number = values[i].number;
		} else {
			v->value_case = THERAPY__V1__PROGRAM_OPTION_VALUE__VALUE_WORD;
			text.in = values[i].word;
			v->word = text.out;
		}
		pointers[out->n_options++] = v;
	}
	out->options = pointers;
}

static int codec_init(void *state, const struct therapy_model *row, const struct therapy_value *values, uint32_t seed)
{
	struct codec *c = state;
	union { /* `own` is const for everybody else */
		const void *in;
		struct program_model *out;
	} own = {row->own};
	c->inside = own.out;
	c->row = row;
	struct program *p = c->inside->program;
	Therapy__V1__ProgramOptionValue rows[UINT8_MAX], *pointers[UINT8_MAX];
	Therapy__V1__ProgramInit body = THERAPY__V1__PROGRAM_INIT__INIT;
	Therapy__V1__ToProgram ask = THERAPY__V1__TO_PROGRAM__INIT;
	put_values(row, values, rows, pointers, &body);
	union {
		const char *in;
		char *out;
	} key = {row->key};
	body.model = key.out;
	body.seed = seed;
	ask.ask_case = THERAPY__V1__TO_PROGRAM__ASK_INIT;
	ask.init = &body;
	Therapy__V1__FromProgram *answer = call_program(p, &ask, THERAPY__V1__FROM_PROGRAM__ANSWER_READY, "init");
	if (!answer)
		return -1;
	if (answer->ready->contradiction[0]) {
		char said[200];
		struct str s;
		str_init(&s, said, sizeof said);
		str_add_printable(&s, answer->ready->contradiction, strlen(answer->ready->contradiction), 180);
		program_over(p, "finds that its options contradict each other: %s", said);
		return -1;
	}
	return kept_learn(p, row) ? 0 : -1;
}

/* ---- frames in ---- */

static long find_end(const struct program_model *inside, const uint8_t *bytes, size_t size)
{
	const uint8_t *end = memchr(bytes, inside->end, size);
	if (end)
		return (long)(end - bytes) + 1;
	return size < THERAPY_FRAME_MAX ? 0 : -(long)size;
}

static long codec_frame(void *state, const uint8_t *bytes, size_t size)
{
	const struct codec *c = state;
	if (c->inside->ends)
		return find_end(c->inside, bytes, size);
	union {
		const uint8_t *in;
		uint8_t *out;
	} data = {bytes};
	Therapy__V1__ProgramCut body = THERAPY__V1__PROGRAM_CUT__INIT;
	Therapy__V1__ToProgram ask = THERAPY__V1__TO_PROGRAM__INIT;
	body.data = (ProtobufCBinaryData){.len = size, .data = data.out};
	ask.ask_case = THERAPY__V1__TO_PROGRAM__ASK_CUT;
	ask.cut = &body;
	Therapy__V1__FromProgram *answer =
	    call_program(c->inside->program, &ask, THERAPY__V1__FROM_PROGRAM__ANSWER_LENGTH, "cut");
	return answer ? answer->length->length : -(long)size; /* nobody reads them any more */
}

static void take_frames(struct program *p, Therapy__V1__ProgramFrame *const *frames, size_t n, const char *what,
			struct therapy_out *out)
{
	for (size_t i = 0; i < n; i++)
		if (frames[i]->data.len > THERAPY_FRAME_MAX || frames[i]->channel > UINT8_MAX)
			program_over(p, "answered '%s' with a frame of %zu bytes for channel %u, expected at most %u",
				     what, frames[i]->data.len, frames[i]->channel, THERAPY_FRAME_MAX);
		else
			therapy_send(out, (uint8_t)frames[i]->channel,
				     frames[i]->data.len > 0 ? frames[i]->data.data : (const uint8_t *)"",
				     frames[i]->data.len);
}

static void take_reading(struct program *p, const struct therapy_model *row, const Therapy__V1__ProgramReading *from,
			 struct therapy_out *out)
{
	uint8_t metric = 0;
	while (metric < row->n_metrics && strcmp(row->metrics[metric].key, from->metric) != 0)
		metric++;
	if (metric == row->n_metrics) {
		program_over(p, "read the metric \"%.40s\", which is not in its table", from->metric);
		return;
	}
	bool known = from->presence_case == THERAPY__V1__PROGRAM_READING__PRESENCE_VALUE;
	if (out->n_readings == out->max_readings) {
		out->overflow = true;
		return;
	}
	therapy_emit(out, metric, known ? from->value : 0);
	struct therapy_reading *r = &out->readings[out->n_readings - 1];
	r->age_ms = from->age_ms;
	if (from->error)
		r->quality = THERAPY_ERROR;
	else if (!known)
		r->quality = THERAPY_UNKNOWN;
}

static enum therapy_refusal codec_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	const struct codec *c = state;
	struct program *p = c->inside->program;
	union {
		const uint8_t *in;
		uint8_t *out;
	} data = {message->data};
	Therapy__V1__ProgramDecode body = THERAPY__V1__PROGRAM_DECODE__INIT;
	Therapy__V1__ToProgram ask = THERAPY__V1__TO_PROGRAM__INIT;
	if (message->size > PROGRAM_MESSAGE_MAX)
		return THERAPY_REFUSED_LENGTH;
	body.data = (ProtobufCBinaryData){.len = message->size, .data = data.out};
	body.now_ms = message->now_ms;
	body.channel = message->channel;
	body.retained = message->retained;
	ask.ask_case = THERAPY__V1__TO_PROGRAM__ASK_DECODE;
	ask.decode = &body;
	Therapy__V1__FromProgram *answer = call_program(p, &ask, THERAPY__V1__FROM_PROGRAM__ANSWER_DECODED, "decode");
	if (!answer)
		return THERAPY_REFUSED_FORMAT;
	const Therapy__V1__ProgramDecoded *d = answer->decoded;
	if ((unsigned)d->refused >= THERAPY_REFUSED_COUNT_)
		return THERAPY_REFUSED_FORMAT;
	if (d->refused != THERAPY__V1__REFUSAL__REFUSAL_UNSPECIFIED)
		return (enum therapy_refusal)d->refused;
	for (size_t i = 0; i < d->n_readings; i++)
		take_reading(p, c->row, d->readings[i], out);
	take_frames(p, d->frames, d->n_frames, "decode", out);
	out->lost = d->lost;
	out->reply = d->reply;
	if (d->presence == THERAPY__V1__PRESENCE__PRESENCE_PRESENT)
		out->presence = THERAPY_PRESENT;
	else if (d->presence == THERAPY__V1__PRESENCE__PRESENCE_ABSENT)
		out->presence = THERAPY_ABSENT;
	return program_fault(p) ? THERAPY_REFUSED_FORMAT : THERAPY_OK;
}

/* ---- frames out ---- */

bool codec_encode(struct program *p, const struct therapy_model *row, uint8_t verb, double value,
		  struct therapy_out *out)
{
	union {
		const char *in;
		char *out;
	} key = {row->verbs[verb].key};
	Therapy__V1__ProgramEncode body = THERAPY__V1__PROGRAM_ENCODE__INIT;
	Therapy__V1__ToProgram ask = THERAPY__V1__TO_PROGRAM__INIT;
	body.verb = key.out;
	body.value = value;
	body.now_ms = clock_boot_ms();
	ask.ask_case = THERAPY__V1__TO_PROGRAM__ASK_ENCODE;
	ask.encode = &body;
	Therapy__V1__FromProgram *answer = call_program(p, &ask, THERAPY__V1__FROM_PROGRAM__ANSWER_ENCODED, "encode");
	if (!answer || answer->encoded->refused)
		return false;
	take_frames(p, answer->encoded->frames, answer->encoded->n_frames, "encode", out);
	return !program_fault(p) && !out->overflow;
}

/* STOP goes out as it was kept. After an ACT, and before its frames leave, what stops it is asked for anew: nothing is
 * energised whose rest does not lie ready. */
static int codec_send(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	const struct codec *c = state;
	struct program *p = c->inside->program;
	(void)now_ms;
	if (verb >= c->row->n_verbs)
		return -1;
	enum therapy_effect effect = c->row->verbs[verb].effect;
	if (effect == THERAPY_STOP) {
		const struct kept *kept = kept_find(p, verb, value);
		for (size_t i = 0; kept && i < kept->n; i++)
			therapy_send(out, kept->frames[i].channel, kept->frames[i].bytes, kept->frames[i].size);
		return kept ? 0 : -1;
	}
	if (!codec_encode(p, c->row, verb, value, out) || (effect == THERAPY_ACT && !kept_learn(p, c->row))) {
		out->n_frames = 0;
		return -1;
	}
	return 0;
}

void codec_fill(struct therapy_model *model, struct program_model *inside)
{
	model->own = inside;
	model->state_size = sizeof(struct codec);
	model->init_row = codec_init;
	model->frame = (model->links & (THERAPY_LINK_SERIAL | THERAPY_LINK_TCP)) != 0 ? codec_frame : NULL;
	model->decode = codec_decode;
	model->encode = model->n_verbs > 0 ? codec_send : NULL;
}
