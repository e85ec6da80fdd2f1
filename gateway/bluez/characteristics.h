/* SPDX-License-Identifier: Apache-2.0
 * Which of a device's characteristics a channel of its model means. Pure. */
#ifndef BLUEZ_CHARACTERISTICS_H
#define BLUEZ_CHARACTERISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "bluez/channel.h"

#define CHARACTERISTIC_PATH_MAX 128u
#define CHARACTERISTICS_MAX     96u

/* What it can do, of the flags that BlueZ names. */
enum { CAN_NOTIFY = 1, CAN_WRITE = 2, CAN_COMMAND = 4 /* be written without an answer */ };

struct characteristic {
	char path[CHARACTERISTIC_PATH_MAX]; /* its service's, and one more name */
	char uuid[CHANNEL_UUID_MAX];
	uint8_t can;
};

/* The one of `uuid` that can do any of `can`. If that one cannot, the one that can, of the same service and among the
 * UUIDs of the model: boards with a Nordic UART are seen with its two names swapped. NULL: there is none, or two. */
const struct characteristic *characteristics_choose(const struct characteristic *all, size_t n, const char *uuid,
						    uint8_t can, const char (*model)[CHANNEL_UUID_MAX], size_t n_model);
/* Says what is missing, and what there is. */
void characteristics_missing(const struct characteristic *all, size_t n, const char *uuid, uint8_t can,
			     struct str *why);

#endif
