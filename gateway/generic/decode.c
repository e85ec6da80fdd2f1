/* SPDX-License-Identifier: Apache-2.0
 *
 * What a frame says: each metric looks for itself. A part that is not there is no reading (devices send what changed);
 * a device that says it does not know makes UNKNOWN; what is no number where one should be makes ERROR in a message. In
 * a line it refuses the line, because there it is noise.
 */
#include <stdio.h>

#include <json-c/json.h>
#include <json-c/json_pointer.h>

#include "generic/inside.h"
#include "generic/number.h"
#include "json/json_frame.h"

/* A frame as metrics look at it. */
struct piece {
	const uint8_t *bytes;
	size_t size;
	const char *text;             /* the same with a NUL behind; NULL: it holds another NUL, so it is none */
	struct json_object *json;     /* parsed once, when the first asks */
	enum therapy_refusal no_json; /* why it is none; OK: it is one */
	bool parsed;
	bool is_line;
};

enum found { FOUND, ABSENT, UNKNOWN, WRONG };

/* ---- text ---- */

static enum found of_text(const Therapy__V1__DefinedMetric *m, const char *text, double *raw)
{
	for (size_t i = 0; i < m->n_values; i++)
		if (strcmp(m->values[i], text) == 0) {
			*raw = (double)i;
			return FOUND;
		}
	enum number_text found = number_of_text(text, m->suffix, raw);
	if (found == NUMBER_UNKNOWN)
		return UNKNOWN;
	return found == NUMBER_FOUND && m->n_values == 0 ? FOUND : WRONG;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Field `n`, from 1. Where blanks separate, as many as there are are one. */
static bool copy_field(const char *line, const char *separator, uint64_t n, char *out, size_t cap)
{
	bool blanks = is_blank(separator[0]) && separator[1] == '\0';
	size_t step = strlen(separator);
	for (uint64_t i = 1;; i++) {
		while (blanks && is_blank(*line))
			line++;
		const char *end = step > 0 ? strstr(line, separator) : NULL;
		size_t size = end ? (size_t)(end - line) : strlen(line);
		if (i == n && (!blanks || size > 0)) {
			if (size >= cap)
				return false;
			memcpy(out, line, size);
			out[size] = '\0';
			return true;
		}
		if (!end || i == n)
			return false;
		line = end + step;
	}
}

/* Exact words come without the blanks that surround fields. */
static enum found of_field(const struct generic *g, const Therapy__V1__DefinedMetric *m, const struct piece *p,
			   double *raw)
{
	char field[THERAPY_FRAME_MAX + 1];
	const Therapy__V1__LineLayout *lines = g->definition->lines;
	if (!lines || !copy_field(p->text, lines->separator, m->field, field, sizeof field))
		return WRONG;
	char *first = field;
	while (is_blank(*first))
		first++;
	size_t n = strlen(first);
	while (n > 0 && is_blank(first[n - 1]))
		first[--n] = '\0';
	return of_text(m, first, raw);
}

/* ---- JSON ---- */

static enum therapy_refusal parse(struct piece *p)
{
	struct therapy_message message = {.data = (const uint8_t *)p->text, .size = p->size};
	if (!p->parsed)
		p->no_json = p->text ? json_frame_parse(&message, &p->json) : THERAPY_REFUSED_FORMAT;
	p->parsed = true;
	return p->no_json;
}

static enum found of_json(const Therapy__V1__DefinedMetric *m, struct piece *p, double *raw)
{
	struct json_object *value = NULL;
	if (json_pointer_get(p->json, m->pointer, &value) != 0)
		return ABSENT;
	if (!value)
		return UNKNOWN; /* null */
	enum json_type type = json_object_get_type(value);
	if (type == json_type_object || type == json_type_array)
		return WRONG;
	if (m->n_values > 0 || type == json_type_string) {
		const char *text = json_object_get_string(value);
		bool whole = type != json_type_string || strlen(text) == (size_t)json_object_get_string_len(value);
		return whole ? of_text(m, text, raw) : WRONG; /* "ON\u0000OFF" is not "ON" */
	}
	if (type == json_type_boolean) {
		*raw = json_object_get_boolean(value);
		return m->unit == THERAPY_UNIT_BOOL ? FOUND : WRONG;
	}
	*raw = json_object_get_double(value);
	/* An integer that fits no 64 bits is cut to the nearest that does: it is not what was said. */
	return type == json_type_int && fabs(*raw) > JSON_FRAME_INTEGER_MAX ? WRONG : FOUND;
}

/* ---- a metric ---- */

static enum found look(const struct generic *g, const Therapy__V1__DefinedMetric *m, struct piece *p, double *raw)
{
	if (m->type > THERAPY__V1__VALUE_TYPE__VALUE_TYPE_TEXT) {
		if (m->at + number_size(m->type) > p->size)
			return WRONG;
		*raw = number_get(m->type, p->bytes + m->at);
		if (m->mask)
			*raw = (number_bits(m->type, p->bytes + m->at) & m->mask) != 0;
		return isfinite(*raw) ? FOUND : WRONG;
	}
	if (*m->pointer)
		return of_json(m, p, raw);
	return m->field > 0 ? of_field(g, m, p, raw) : of_text(m, p->text, raw);
}

static void emit_unknown(struct therapy_out *out, uint16_t metric)
{
	therapy_emit(out, metric, 0);
	if (out->n_readings > 0 && !out->overflow)
		out->readings[out->n_readings - 1].quality = THERAPY_UNKNOWN;
}

/* Whatever it says that was done to it, it was pressed. A message that says nothing of that shows that it is there. */
static void emit_event(struct therapy_out *out, uint16_t metric, enum found found, double raw)
{
	if (found == WRONG || (found == FOUND && raw != 0))
		therapy_emit(out, metric, 1);
	therapy_emit(out, metric, 0);
}

static enum therapy_refusal read_metric(const struct generic *g, uint16_t i, struct piece *p, struct therapy_out *out)
{
	const Therapy__V1__DefinedMetric *m = g->definition->metrics[i];
	bool binary = m->type > THERAPY__V1__VALUE_TYPE__VALUE_TYPE_TEXT;
	if (binary && m->at + number_size(m->type) > p->size)
		return THERAPY_REFUSED_LENGTH;
	if (*m->pointer && parse(p) != THERAPY_OK)
		return p->no_json;
	if (!binary && !p->text)
		return THERAPY_REFUSED_FORMAT;
	double raw = 0;
	enum found found = look(g, m, p, &raw);
	if (m->event) {
		emit_event(out, i, found, raw);
		return THERAPY_OK;
	}
	switch (found) {
	case FOUND:
		raw = m->n_values > 0 ? raw : raw * m->scale + m->offset;
		/* Half a word is none. */
		therapy_emit(out, i, *m->words && raw != floor(raw) ? (double)NAN : raw);
		return THERAPY_OK;
	case UNKNOWN:
		emit_unknown(out, i);
		return THERAPY_OK;
	case WRONG:
		if (p->is_line)
			return THERAPY_REFUSED_FORMAT;
		therapy_emit(out, i, (double)NAN);
		return THERAPY_OK;
	case ABSENT:
	default:
		return THERAPY_OK;
	}
}

static bool begins(const struct piece *p, const ProtobufCBinaryData *with)
{
	return p->size >= with->len && (with->len == 0 || memcmp(p->bytes, with->data, with->len) == 0);
}

static bool begins_one_of(const struct piece *p, size_t n, const ProtobufCBinaryData *with)
{
	for (size_t i = 0; i < n; i++)
		if (begins(p, &with[i]))
			return true;
	return false;
}

static enum therapy_refusal read_metrics(const struct generic *g, uint8_t channel, struct piece *p,
					 struct therapy_out *out)
{
	enum therapy_refusal refusal = THERAPY_REFUSED_TYPE; /* it is nobody's */
	for (uint16_t i = 0; i < g->model.n_metrics; i++) {
		const Therapy__V1__DefinedMetric *m = g->definition->metrics[i];
		if (g->metric_channels[i] != channel)
			continue;
		if (begins_one_of(p, m->n_errors, m->errors)) {
			therapy_emit(out, i, (double)NAN);
			refusal = THERAPY_OK;
			continue;
		}
		if (m->n_begins > 0 && !begins_one_of(p, m->n_begins, m->begins))
			continue;
		refusal = read_metric(g, i, p, out);
		if (refusal != THERAPY_OK)
			break;
	}
	for (size_t i = 0; i < g->definition->n_polls && refusal == THERAPY_OK; i++)
		out->reply |= g->definition->polls[i]->reply_ms > 0;
	return refusal;
}

/* What the device says of its settings. A value that the definition does not know is none: what it was must be written
 * back one day, and only what is known can be. */
static enum therapy_refusal read_settings(const struct generic *g, uint8_t channel, struct piece *p,
					  enum therapy_refusal refusal, struct therapy_out *out)
{
	for (uint16_t i = 0; i < g->model.n_settings; i++) {
		const Therapy__V1__DefinedMetric *says = g->definition->settings[i]->says;
		double raw = 0;
		if (g->setting_channels[i] != channel)
			continue;
		if (*says->pointer && parse(p) != THERAPY_OK)
			return p->no_json;
		if (!p->text)
			return THERAPY_REFUSED_FORMAT;
		if (look(g, says, p, &raw) == FOUND)
			therapy_found(out, i, raw);
		if (refusal == THERAPY_REFUSED_TYPE)
			refusal = THERAPY_OK; /* its own topic, of which no metric comes */
	}
	return refusal;
}

/* ---- frames of each layout ---- */

static enum therapy_refusal read_line(const struct generic *g, const struct therapy_message *message,
				      struct therapy_out *out)
{
	const Therapy__V1__LineLayout *lines = g->definition->lines;
	char text[THERAPY_FRAME_MAX + 1];
	size_t size = message->size;
	if (size == 0 || message->data[--size] != lines->ends)
		return THERAPY_REFUSED_LENGTH;
	while (size > 0 && (message->data[size - 1] == '\r' || message->data[size - 1] == '\n'))
		size--;
	if (size == 0)
		return THERAPY_OK; /* an empty line says nothing */
	if (size > THERAPY_FRAME_MAX)
		return THERAPY_REFUSED_LENGTH;
	memcpy(text, message->data, size);
	text[size] = '\0';
	struct piece p = {
	    .bytes = message->data, .size = size, .text = memchr(text, '\0', size) ? NULL : text, .is_line = true};
	if (!begins(&p, &lines->begins))
		return THERAPY_REFUSED_TYPE;
	enum therapy_refusal refusal = p.text ? read_metrics(g, 0, &p, out) : THERAPY_REFUSED_FORMAT;
	json_object_put(p.json);
	return refusal;
}

static enum therapy_refusal read_frame(const struct generic *g, const struct therapy_message *message,
				       struct therapy_out *out)
{
	const Therapy__V1__FrameLayout *frames = g->definition->frames;
	struct piece p = {.bytes = message->data, .size = message->size};
	uint8_t sum[4];
	size_t n = checksum_size(frames->checksum), tail = n + frames->end.len;
	if (message->size != frames->size || tail > message->size)
		return THERAPY_REFUSED_LENGTH;
	const uint8_t *end = message->data + message->size - frames->end.len;
	if (!begins(&p, &frames->start) || (frames->end.len && memcmp(end, frames->end.data, frames->end.len) != 0))
		return THERAPY_REFUSED_FORMAT;
	checksum_put(frames->checksum, message->data, message->size - tail, sum);
	if (memcmp(end - n, sum, n) != 0)
		return THERAPY_REFUSED_CHECKSUM;
	return read_metrics(g, 0, &p, out);
}

static enum therapy_refusal read_presence(const Therapy__V1__Availability *a, struct piece *p, struct therapy_out *out)
{
	const char *text = p->text;
	struct json_object *value = NULL;
	if (*a->pointer) {
		if (parse(p) != THERAPY_OK)
			return p->no_json;
		text =
		    json_pointer_get(p->json, a->pointer, &value) == 0 && value ? json_object_get_string(value) : NULL;
	}
	if (text && strcmp(text, a->online) == 0)
		out->presence = THERAPY_PRESENT;
	else if (text && strcmp(text, a->offline) == 0)
		out->presence = THERAPY_ABSENT;
	else
		return THERAPY_REFUSED_FORMAT;
	return THERAPY_OK;
}

static enum therapy_refusal read_message(const struct generic *g, const struct therapy_message *message,
					 struct therapy_out *out)
{
	const char *text = (const char *)message->data;
	struct piece p = {
	    .bytes = message->data, .size = message->size, .text = memchr(text, '\0', message->size) ? NULL : text};
	enum therapy_refusal refusal;
	if (message->size == 0)
		return THERAPY_REFUSED_LENGTH; /* how a broker says that it keeps something no more */
	if (message->channel == g->availability)
		refusal = read_presence(g->definition->availability, &p, out);
	else if (message->retained)
		refusal = THERAPY_OK; /* how it was at some time: it proves nothing */
	else
		refusal = read_settings(g, message->channel, &p, read_metrics(g, message->channel, &p, out), out);
	json_object_put(p.json);
	return refusal;
}

enum therapy_refusal generic_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	const struct generic *g = ((const struct generic_state *)state)->generic;
	if (g->definition->lines)
		return read_line(g, message, out);
	return g->definition->frames ? read_frame(g, message, out) : read_message(g, message, out);
}
