/* SPDX-License-Identifier: Apache-2.0
 *
 * bthome - what a BTHome v2 device broadcasts over Bluetooth LE: the service data of UUID FCD2, behind the UUID. What
 * was encrypted comes decrypted from the link: the info byte with its bit 0 cleared, without counter and MIC. Compiled
 * into plugins with such a model. No state; any thread.
 *
 * Numbers: https://bthome.io/format, and the constants of Home Assistant's parser (Bluetooth-Devices/bthome-ble).
 */
#ifndef BTHOME_BTHOME_H
#define BTHOME_BTHOME_H

#include "therapy/plugin.h"

/* The address of the channel that such messages come from. */
#define BTHOME_CHANNEL "service-data:fcd2"

/* What is read; what else a device says is stepped over. */
enum bthome_quantity {
	BTHOME_NOTHING,     /* stepped over */
	BTHOME_PACKET,      /* a number from 0 to 255 that changes when what is said does */
	BTHOME_BATTERY,     /* % */
	BTHOME_TEMPERATURE, /* degC */
	BTHOME_MASS,        /* kg */
	BTHOME_PRESSURE,    /* kPa */
	BTHOME_HUMIDITY,    /* % */
	BTHOME_VOLTAGE,     /* V */
	BTHOME_POWER,       /* W */
	BTHOME_ROTATION,    /* deg */
	BTHOME_OPENING,     /* 1: open; this and the three below are 0 or 1 */
	BTHOME_MOVING,
	BTHOME_OCCUPANCY,
	BTHOME_VIBRATION,
	BTHOME_BUTTON, /* 0: not pressed; else in which way it was: 1 press, 2 double, 3 triple, 4 long, ... */
	BTHOME_DIMMER, /* steps turned: above 0 to the right */
};

struct bthome {
	const uint8_t *objects; /* of the message, which must outlive it */
	size_t size;            /* of those that are known */
};

/* Looks over a whole message. TYPE: encrypted, another version, or a layout of its own; LENGTH: its last object is cut
 * short. An unknown object ends it without fault: how long that is, nobody knows. */
enum therapy_refusal bthome_open(const struct therapy_message *message, struct bthome *out);
/* The `nth` of that quantity, from 1: a device may say several. False, and nothing written: it says no such. */
bool bthome_get(const struct bthome *bthome, enum bthome_quantity quantity, unsigned nth, double *out);

/* When a button was pressed last, for devices that say each press several times. */
struct bthome_press {
	uint64_t heard_ms; /* 0: never */
	int packet;        /* its number, or -1: it had none */
};

/* Was one of its buttons pressed, in whatever way, that was not heard before? The same packet again within 4 s is the
 * same press; later it is a new one, because a device that sleeps may begin to count anew (so Home Assistant does). */
bool bthome_pressed(const struct bthome *bthome, struct bthome_press *last, uint64_t now_ms);

#endif
