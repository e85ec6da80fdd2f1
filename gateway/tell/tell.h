/* SPDX-License-Identifier: Apache-2.0
 *
 * tell - what the core knows, in words and JSON: the one spelling for MQTT, therapyctl and the log. It decides nothing.
 * Pure but for memory; on the core's thread, between steps. Objects are the caller's (json_object_put). Nothing is ever
 * missing in them: what is not known is null.
 */
#ifndef TELL_TELL_H
#define TELL_TELL_H

#include <json-c/json.h>

#include "core/core.h"
#include "core/explanation.h"
#include "therapy/v1/safety.pb-c.h"

/* "accepted", "not_permitted", ... */
const char *tell_outcome(enum core_outcome outcome);
const char *tell_phase(enum core_phase phase);
const char *tell_quality(uint8_t quality);
const char *tell_priority(enum core_priority priority);
/* "tripped", "timer_proved", ... of therapy.v1.SafetyEventType without its prefix. */
void tell_event_name(Therapy__V1__SafetyEventType type, char *out, size_t size);

void tell_put(struct json_object *to, const char *key, const char *text); /* NULL: null */
void tell_put_number(struct json_object *to, const char *key, double value);
void tell_put_count(struct json_object *to, const char *key, uint64_t value);
void tell_put_bool(struct json_object *to, const char *key, bool value);
/* The other way round: a text of what somebody asked; NULL: it is not there, or no text without a NUL. */
const char *tell_asked(struct json_object *from, const char *key);
const char *tell_asked_text(struct json_object *value);
/* One line, allocated; NULL without memory. Puts `root`. */
char *tell_text(struct json_object *root);

/* {"device","control","kind","permitted","granted","suspended","value","unit","phase","why","rule","hazard"} */
struct json_object *tell_control(const struct core *core, uint16_t device, uint16_t control);
/* The same, and all the rest; NULL: there is no such control. docs/control-socket.md has an example. */
struct json_object *tell_explanation(const struct core *core, uint16_t device, uint16_t control);
/* {"metric","value","word","unit","quality","age_ms"} */
struct json_object *tell_value(const struct core *core, uint16_t device, uint16_t metric);
/* {"device","kind","present","parked","parked_left_ms","metrics":[...],"controls":[...]} */
struct json_object *tell_device(const struct core *core, uint16_t device);
/* [{"latch","device","control","rule","hazard","since_ms","resettable","why"}], `since_ms`: ago */
struct json_object *tell_latches(const struct core *core);
/* [{"rule","state","priority","hazard","since_ms","why"}] */
struct json_object *tell_alarms(const struct core *core, bool raised_only);

/* ---- events ---- */

struct tell_stamp {
	const char *gateway_id, *boot_id;
	uint64_t sequence, now_ms;
	int64_t wall_ms;
	bool wall_trusted;
};

/* Packs an EVENT as therapy.v1.SafetyEvent with what its rule looks at. Bytes, or 0: it does not fit. */
size_t tell_event_pack(const struct core *core, const struct core_output *event, const struct tell_stamp *stamp,
		       uint8_t *buffer, size_t size);
/* NULL: these bytes are no SafetyEvent. */
struct json_object *tell_event(const uint8_t *bytes, size_t size);

#endif
