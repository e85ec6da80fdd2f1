/* SPDX-License-Identifier: Apache-2.0
 * The gateway's answers as a person reads them, on standard output. */
#ifndef THERAPYCTL_SHOW_H
#define THERAPYCTL_SHOW_H

#include <json-c/json.h>

void show_status(struct json_object *status);
void show_devices(struct json_object *devices);
void show_explanation(struct json_object *explanation);
void show_alarms(struct json_object *alarms, struct json_object *latches);
void show_event(struct json_object *event);
/* What changed on the device since it was shown last; `before` NULL: all of it. */
void show_changes(struct json_object *before, struct json_object *device);

#endif
