/* SPDX-License-Identifier: Apache-2.0
 *
 * logbook - a person's course of therapy: sessions that readings show (session/sessions.h), kept in the history
 * (history/history.h), noted every second while they run, and told to whoever may ask. It permits nothing. Wiring, on
 * the loop's thread.
 *
 * What runs is written to the history when it begins, every five minutes, and when it is over; every second it is noted
 * in a small file where a restart of the program does not lose it, in memory unless the configuration wants it on disk.
 */
#ifndef LOGBOOK_H
#define LOGBOOK_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

struct logbook;
struct gateway;

/* Once the core is made; the history is opened on a worker. 0, UV_ENOMEM. NULL is fine for all below. */
int logbook_new(struct gateway *g, struct logbook **out);
void logbook_readings(struct logbook *logbook, uint64_t now_ms, uint16_t device, const struct core_reading *readings,
		      size_t n);
void logbook_lost(struct logbook *logbook, uint64_t now_ms, uint16_t device);
/* One output of the step that the core has just made. */
void logbook_core(struct logbook *logbook, uint64_t now_ms, const struct core_output *output);
void logbook_tick(struct logbook *logbook, uint64_t now_ms);
/* The configuration was read anew. */
void logbook_reconfigured(struct logbook *logbook);
/* The gateway ends: what runs is over. What is told of that still leaves. */
void logbook_end(struct logbook *logbook, uint64_t now_ms);
/* Writes what waits, frees, then calls `closed`. */
void logbook_close(struct logbook *logbook, void (*closed)(void *user), void *user);

/* ---- asked for ---- */

/* An order of the control socket. True: `answer` is complete; false: desk_answer(ticket) brings it. */
bool logbook_order(struct logbook *logbook, struct json_object *asked, uint64_t ticket, struct json_object *answer);
/* What is wrong with the history, as a sentence; NULL: nothing. */
const char *logbook_trouble(const struct logbook *logbook);
/* From MQTT, where `what` is the last level of the topic, and from the page. NULL: done; else why not, valid until the
 * next call. */
const char *logbook_asked(struct logbook *logbook, const char *what, const char *value);
/* What Home Assistant is shown, as JSON, allocated; NULL: nothing. */
char *logbook_text(struct logbook *logbook);
/* The next finished session behind that number that waits for the broker, packed. False: there is none. */
struct logbook_message {
	uint64_t number;
	const uint8_t *bytes; /* valid until the next call */
	size_t size;
};
bool logbook_message(struct logbook *logbook, uint64_t after, struct logbook_message *out);
void logbook_delivered(struct logbook *logbook, uint64_t number);

#endif
