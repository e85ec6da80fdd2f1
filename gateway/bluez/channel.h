/* SPDX-License-Identifier: Apache-2.0
 * What the address of a model's channel means on a Bluetooth link: the UUID of a characteristic in full, or
 * "service-data:fcd2", what advertisements say for a service with a 16-bit UUID. Pure. */
#ifndef BLUEZ_CHANNEL_H
#define BLUEZ_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_UUID_MAX   37u /* characters of a UUID in full, with the NUL */
#define CHANNEL_BTHOME     "0000fcd2-0000-1000-8000-00805f9b34fb"
#define CHANNEL_ADVERT_MAX 256u /* bytes of one advertisement's service data */

enum channel_mode { CHANNEL_CHARACTERISTIC, CHANNEL_ADVERTISED };

/* The UUID in full and lower case, as BlueZ says it. False: neither of the two. */
bool channel_parse(const char *address, enum channel_mode *mode, char uuid[CHANNEL_UUID_MAX]);

#endif
