/* SPDX-License-Identifier: Apache-2.0
 * Moments as ISO 8601 writes them, with date, time and zone. Pure. */
#ifndef MQTT_ISO8601_H
#define MQTT_ISO8601_H

#include <stdbool.h>
#include <stdint.h>

#define ISO8601_SIZE 32u

/* "2026-03-01T18:00:00.5+01:00", "...Z" as ms since the Unix epoch. False: it is no such thing. */
bool iso8601_parse(const char *text, int64_t *out_ms);
/* "2026-03-01T17:00:00Z". False: no year of four digits. */
bool iso8601_text(int64_t ms, char out[ISO8601_SIZE]);

#endif
