/* SPDX-License-Identifier: Apache-2.0
 * recorder - who records which device, and the lines of their recordings (docs/recording-format.md). It asks for a
 * device's traffic while somebody records it. Who does not read is told at the end of what waits for them, and gets no
 * more. On the loop's thread. */
#ifndef CONSOLE_RECORDER_H
#define CONSOLE_RECORDER_H

#include "console/console.h"
#include "console/lines.h"

#define RECORDER_WAITING_MAX (LINES_WAITING_MAX / 2) /* bytes that may wait for one who records */

struct recorder;

/* `callbacks` outlive it. NULL: out of memory. */
struct recorder *recorder_new(const struct console_callbacks *callbacks);
void recorder_free(struct recorder *recorder);
/* From now on. NULL, or why not. */
const char *recorder_begin(struct recorder *recorder, struct lines_client *client, uint16_t device, uint64_t now_ms);
/* The client was answered: its recording may begin. */
void recorder_answered(struct recorder *recorder, struct lines_client *client);
void recorder_gone(struct recorder *recorder, const struct lines_client *client);
void recorder_traffic(struct recorder *recorder, uint16_t device, const struct console_traffic *traffic);
/* A comment, with the time, in all recordings of that device. */
void recorder_remark(struct recorder *recorder, uint16_t device, uint64_t now_ms, const char *text);

#endif
