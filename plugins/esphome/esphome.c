/* SPDX-License-Identifier: Apache-2.0 */
#include "esphome/esphome.h"

#include <stdlib.h>

enum { NUMBER_MAX = 32 }; /* characters; a float has fewer */

static bool is(const struct therapy_message *message, const char *text)
{
	return message->size == strlen(text) && memcmp(message->data, text, message->size) == 0;
}

enum therapy_refusal esphome_number(const struct therapy_message *message, double *value)
{
	const char *text = (const char *)message->data;
	char *end = NULL;
	if (message->size == 0 || message->size > NUMBER_MAX)
		return THERAPY_REFUSED_LENGTH;
	*value = (double)NAN;
	if (is(message, "nan"))
		return THERAPY_OK;
	/* What strtod takes besides, blanks, hexadecimal and infinities, no board says. */
	if (strspn(text, "+-.0123456789eE") != message->size)
		return THERAPY_REFUSED_FORMAT;
	double number = strtod(text, &end);
	if (end != text + message->size)
		return THERAPY_REFUSED_FORMAT;
	if (!isfinite(number))
		return THERAPY_REFUSED_VALUE;
	*value = number;
	return THERAPY_OK;
}

enum therapy_refusal esphome_heartbeat(struct esphome *esphome, const struct therapy_message *message)
{
	double counter = 0;
	enum therapy_refusal refusal = esphome_number(message, &counter);
	if (refusal != THERAPY_OK)
		return refusal;
	if (isnan(counter))
		return THERAPY_OK; /* nothing moved */
	if (esphome->any && counter != esphome->counter) {
		esphome->alive = true;
		esphome->moved_ms = message->now_ms;
	}
	esphome->any = true;
	esphome->counter = counter;
	return THERAPY_OK;
}

bool esphome_alive(const struct esphome *esphome, uint64_t now_ms)
{
	return esphome->alive && now_ms - esphome->moved_ms <= ESPHOME_HEARTBEAT_MS;
}

void esphome_emit_unknown(struct therapy_out *out, uint16_t metric)
{
	size_t before = out->n_readings;
	therapy_emit(out, metric, 0);
	if (out->n_readings > before)
		out->readings[before].quality = THERAPY_UNKNOWN;
}

enum therapy_refusal esphome_status(struct esphome *esphome, const struct therapy_message *message,
				    struct therapy_out *out)
{
	if (is(message, "online"))
		out->presence = THERAPY_PRESENT;
	else if (is(message, "offline"))
		out->presence = THERAPY_ABSENT;
	else
		return THERAPY_REFUSED_FORMAT;
	if (out->presence == THERAPY_ABSENT)
		*esphome = (struct esphome){0};
	return THERAPY_OK;
}
