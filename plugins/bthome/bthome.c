/* SPDX-License-Identifier: Apache-2.0
 *
 *   info { object value }...     objects ascending by id, several of one id allowed; values little endian
 *   info: 010 00 t 0 e           version 2; t says something happened, else it says so regularly; e encrypted
 *
 *   40 02 CA 09          25.06 degC
 *   44 00 17 01 64 3A 01 packet 23, battery 100 %, button pressed
 */
#include "bthome/bthome.h"

#define INFO_ENCRYPTED   0x01u
#define INFO_ADDRESS     0x02u /* drafts had the device's address behind the info byte; now it is reserved */
#define VERSION_OF(info) ((unsigned)(info) >> 5)

#define KG_OF_POUND 0.45359237

/* Ids from `first` to `last` have the same layout. */
struct layout {
	uint8_t first, last, size; /* size 0: a byte that says how many follow */
	uint8_t quantity;
	bool is_signed;
	double factor;
};

/* Ascending by id. 0F to 2D are binary sensors of one byte. */
static const struct layout layouts[] = {
    {0x00, 0x00, 1, BTHOME_PACKET, false, 1},        {0x01, 0x01, 1, BTHOME_BATTERY, false, 1},
    {0x02, 0x02, 2, BTHOME_TEMPERATURE, true, 0.01}, {0x03, 0x03, 2, BTHOME_HUMIDITY, false, 0.01},
    {0x04, 0x04, 3, BTHOME_PRESSURE, false, 0.001}, /* of 0.01 hPa */
    {0x05, 0x05, 3, BTHOME_NOTHING, false, 1},      /* illuminance */
    {0x06, 0x06, 2, BTHOME_MASS, false, 0.01},       {0x07, 0x07, 2, BTHOME_MASS, false, 0.01 * KG_OF_POUND},
    {0x08, 0x08, 2, BTHOME_NOTHING, false, 1}, /* dew point */
    {0x09, 0x09, 1, BTHOME_NOTHING, false, 1}, /* count */
    {0x0A, 0x0A, 3, BTHOME_NOTHING, false, 1}, /* energy */
    {0x0B, 0x0B, 3, BTHOME_POWER, false, 0.01},      {0x0C, 0x0C, 2, BTHOME_VOLTAGE, false, 0.001},
    {0x0D, 0x0E, 2, BTHOME_NOTHING, false, 1}, /* particulates */
    {0x0F, 0x10, 1, BTHOME_NOTHING, false, 1},       {0x11, 0x11, 1, BTHOME_OPENING, false, 1},
    {0x12, 0x14, 2, BTHOME_NOTHING, false, 1}, /* carbon dioxide, volatile compounds, moisture */
    {0x15, 0x21, 1, BTHOME_NOTHING, false, 1},       {0x22, 0x22, 1, BTHOME_MOVING, false, 1},
    {0x23, 0x23, 1, BTHOME_OCCUPANCY, false, 1},     {0x24, 0x2B, 1, BTHOME_NOTHING, false, 1},
    {0x2C, 0x2C, 1, BTHOME_VIBRATION, false, 1},     {0x2D, 0x2D, 1, BTHOME_NOTHING, false, 1},
    {0x2E, 0x2E, 1, BTHOME_HUMIDITY, false, 1},      {0x2F, 0x2F, 1, BTHOME_NOTHING, false, 1}, /* moisture */
    {0x3A, 0x3A, 1, BTHOME_BUTTON, false, 1},        {0x3C, 0x3C, 2, BTHOME_DIMMER, false, 1},
    {0x3D, 0x3D, 2, BTHOME_NOTHING, false, 1}, /* counts */
    {0x3E, 0x3E, 4, BTHOME_NOTHING, false, 1},       {0x3F, 0x3F, 2, BTHOME_ROTATION, true, 0.1},
    {0x40, 0x41, 2, BTHOME_NOTHING, false, 1},                                                  /* distances */
    {0x42, 0x42, 3, BTHOME_NOTHING, false, 1},                                                  /* duration */
    {0x43, 0x44, 2, BTHOME_NOTHING, false, 1},                                                  /* current, speed */
    {0x45, 0x45, 2, BTHOME_TEMPERATURE, true, 0.1},  {0x46, 0x46, 1, BTHOME_NOTHING, false, 1}, /* ultraviolet */
    {0x47, 0x49, 2, BTHOME_NOTHING, false, 1},                                                  /* volumes, flow */
    {0x4A, 0x4A, 2, BTHOME_VOLTAGE, false, 0.1},     {0x4B, 0x4B, 3, BTHOME_NOTHING, false, 1}, /* gas */
    {0x4C, 0x50, 4, BTHOME_NOTHING, false, 1}, /* gas, energy, volumes, time */
    {0x51, 0x52, 2, BTHOME_NOTHING, false, 1}, /* acceleration, gyroscope */
    {0x53, 0x54, 0, BTHOME_NOTHING, false, 1}, /* text, raw */
    {0x55, 0x55, 4, BTHOME_NOTHING, false, 1}, /* volume */
    {0x56, 0x56, 2, BTHOME_NOTHING, false, 1}, /* conductivity */
    {0x57, 0x57, 1, BTHOME_TEMPERATURE, true, 1},    {0x58, 0x58, 1, BTHOME_TEMPERATURE, true, 0.35},
};

enum { PRESS_REPEATS_MS = 4000 };

static const struct layout *layout_of(uint8_t id)
{
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
		if (id >= layouts[i].first && id <= layouts[i].last)
			return &layouts[i];
	return NULL;
}

/* One object. */
struct object {
	const struct layout *layout;
	const uint8_t *data;
	size_t size; /* of the data */
};

/* How many bytes the object at `at` takes, of `left`; 0: it is not known; more than `left`: it is cut short. */
static size_t object_at(const uint8_t *at, size_t left, struct object *out)
{
	out->layout = layout_of(at[0]);
	if (!out->layout)
		return 0;
	size_t head = 1;
	out->size = out->layout->size;
	if (out->size == 0) {
		if (left < 2)
			return 2;
		out->size = at[1];
		head = 2;
	}
	out->data = at + head;
	return head + out->size;
}

enum therapy_refusal bthome_open(const struct therapy_message *message, struct bthome *out)
{
	if (message->size == 0)
		return THERAPY_REFUSED_LENGTH;
	uint8_t info = message->data[0];
	if (VERSION_OF(info) != 2 || (info & (INFO_ENCRYPTED | INFO_ADDRESS)) != 0)
		return THERAPY_REFUSED_TYPE;
	const uint8_t *objects = message->data + 1;
	size_t size = message->size - 1, at = 0;
	while (at < size) {
		struct object object;
		size_t n = object_at(objects + at, size - at, &object);
		if (n == 0)
			break;
		if (n > size - at)
			return THERAPY_REFUSED_LENGTH;
		at += n;
	}
	*out = (struct bthome){.objects = objects, .size = at};
	return THERAPY_OK;
}

static double value_of(const struct object *o)
{
	if (o->layout->quantity == BTHOME_DIMMER) { /* 1 left, 2 right; how many steps */
		double steps = o->data[1];
		return o->data[0] == 1 ? -steps : o->data[0] == 2 ? steps : 0;
	}
	double number = 0, beyond = 1;
	for (size_t i = 0; i < o->size; i++, beyond *= 256)
		number += o->data[i] * beyond;
	return (o->layout->is_signed && number >= beyond / 2 ? number - beyond : number) * o->layout->factor;
}

bool bthome_get(const struct bthome *bthome, enum bthome_quantity quantity, unsigned nth, double *out)
{
	struct object object;
	for (size_t at = 0, n = 0; at < bthome->size; at += n) {
		n = object_at(bthome->objects + at, bthome->size - at, &object);
		if (n == 0 || n > bthome->size - at) /* bthome_open has left none such */
			return false;
		if (object.layout->quantity != quantity || --nth > 0)
			continue;
		*out = value_of(&object);
		return true;
	}
	return false;
}

bool bthome_pressed(const struct bthome *bthome, struct bthome_press *last, uint64_t now_ms)
{
	double way = 0, number = -1;
	for (unsigned i = 1; way == 0 && bthome_get(bthome, BTHOME_BUTTON, i, &way);)
		i++;
	bthome_get(bthome, BTHOME_PACKET, 1, &number);
	int packet = (int)number;
	if (way == 0) {
		if (packet < 0)
			last->heard_ms = 0; /* it is up: what is pressed next is pressed anew */
		return false;
	}
	bool again = last->heard_ms > 0 && last->packet == packet && now_ms - last->heard_ms <= PRESS_REPEATS_MS;
	*last = (struct bthome_press){.heard_ms = now_ms, .packet = packet};
	return !again;
}
