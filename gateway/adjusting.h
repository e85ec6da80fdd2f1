/* SPDX-License-Identifier: Apache-2.0
 *
 * adjusting - `calibrate` and `tare`: from what a person does step by step (adjust/session.h) to options that are
 * remembered (store/adjusted.h), given to the device's process, and in use once it was started anew. Until it is back
 * nothing is known of the device, which denies. It is refused while anything is energised, and decides nothing else.
 * Wiring, on the loop's thread. */
#ifndef ADJUSTING_H
#define ADJUSTING_H

#include <json-c/json.h>

#include "console/console.h"
#include "core/core.h"

struct adjusting;
struct gateway;

/* Reads what is remembered, and gives it to the setups. Before the device processes start; blocks. 0 or UV_ENOMEM. */
int adjusting_new(struct gateway *g, struct adjusting **out);
/* After the loop has ended. */
void adjusting_free(struct adjusting *adjusting);
void adjusting_readings(struct adjusting *adjusting, uint16_t device, const struct core_reading *readings, size_t n);
void adjusting_lost(struct adjusting *adjusting, uint16_t device);
void adjusting_tick(struct adjusting *adjusting, uint64_t now_ms);
/* One order of the control socket or the page; fills in the answer. */
void adjusting_order(struct adjusting *adjusting, const struct console_adjust *order, struct json_object *answer);
/* "calibrate", "tare", or NULL: what can be done with the device. */
const char *adjusting_way(const struct adjusting *adjusting, uint16_t device);
/* Adds what is remembered of the device, and what can be done. */
void adjusting_tell_device(const struct adjusting *adjusting, uint16_t device, struct json_object *object);
/* Adds what is wrong with the file. */
void adjusting_tell_status(const struct adjusting *adjusting, struct json_object *status);

#endif
