/* SPDX-License-Identifier: Apache-2.0
 * A session of therapy in words, JSON and protobuf: the one spelling for MQTT, the control socket and what is noted of
 * those that run. Pure but for memory. */
#ifndef TELL_SESSION_H
#define TELL_SESSION_H

#include <json-c/json.h>
#include <stddef.h>

#include "session/record.h"
#include "therapy/v1/session.pb-c.h"

#define TELL_LOCAL_TIME_SIZE 40u

/* "inversion", "traction", "heat", "cold", "activity" */
const char *tell_session_kind(enum session_kind kind);
/* False: no such word. */
bool tell_session_kind_of(const char *word, enum session_kind *out);
/* "running", "ended", "tripped", "stopped", "lost", "cut" */
const char *tell_session_end(enum session_end end);
/* "2026-11-28T14:05:00+01:00" in the zone of this process. False: no year of four digits. */
bool tell_local_time(int64_t unix_ms, char out[TELL_LOCAL_TIME_SIZE]);

/* docs/control-socket.md; `person`: the name, or "". Texts are copied. */
struct json_object *tell_session(const struct session_record *record, const char *person);

/* The message, whose texts are the record's. */
Therapy__V1__SessionRecord tell_session_message(const struct session_record *record, const char *gateway_id);
/* False: it is none of ours: an enumerator that does not exist, a text too long. */
bool tell_session_of_message(const Therapy__V1__SessionRecord *message, struct session_record *out);

#endif
