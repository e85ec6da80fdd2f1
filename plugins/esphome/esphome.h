/* SPDX-License-Identifier: Apache-2.0
 *
 * esphome - what the models of ESPHome boards share: plain values over MQTT, and a heartbeat that vouches for them.
 *
 * A board that has lost its sensor may go on saying the last value for ever, at the usual rate: it is fresh and it is
 * not true. So a model for rules needs a counter that the board raises with each sample that it really took
 * (`<node>/sensor/heartbeat/state`), and believes a value only while that counter moves. Pure; state is the caller's.
 *
 * https://esphome.io/components/mqtt.html: <node>/<component>/<object id>/state, <node>/status online|offline. A float
 * that is missing is the text nan.
 */
#ifndef ESPHOME_ESPHOME_H
#define ESPHOME_ESPHOME_H

#include "therapy/plugin.h"

/* A value counts for so long after the counter was last seen to move. Five samples of a board at 5 Hz, as they are in
 * our own configurations: two may be lost or late, and a table moves few degrees in the time. */
#define ESPHOME_HEARTBEAT_MS 1000u

struct esphome {
	bool any;   /* `counter` was said over this connection */
	bool alive; /* it moved since, at moved_ms */
	double counter;
	uint64_t moved_ms; /* CLOCK_BOOTTIME */
};

/* A plain number. THERAPY_OK with NaN in *value: the board says that it does not know. */
enum therapy_refusal esphome_number(const struct therapy_message *message, double *value);

/* A message of the heartbeat's topic. A counter that is smaller than before moved as well: the board started again. */
enum therapy_refusal esphome_heartbeat(struct esphome *esphome, const struct therapy_message *message);
/* Do the board's values count at `now_ms`? */
bool esphome_alive(const struct esphome *esphome, uint64_t now_ms);

/* Adds a reading of `metric` that is unknown. */
void esphome_emit_unknown(struct therapy_out *out, uint16_t metric);

/* A message of <node>/status: presence; a board that left takes its heartbeat with it. */
enum therapy_refusal esphome_status(struct esphome *esphome, const struct therapy_message *message,
				    struct therapy_out *out);

#endif
