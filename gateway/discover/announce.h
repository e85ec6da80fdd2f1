/* SPDX-License-Identifier: Apache-2.0
 * announce - what a message at a broker says of the devices there. Pure but for memory that json-c takes meanwhile. */
#ifndef DISCOVER_ANNOUNCE_H
#define DISCOVER_ANNOUNCE_H

#include <stdint.h>

#include "discover/found.h"

/* The topics to subscribe to. NULL behind the last. */
extern const char *const announce_topics[];
/* Takes one message; what is none of those is passed over. */
void announce_take(struct found_list *list, const char *topic, const uint8_t *payload, size_t size);

#endif
