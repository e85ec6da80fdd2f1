/* SPDX-License-Identifier: Apache-2.0
 * Names that users give to gateways, devices and rules. They become topics and entity ids, so they are narrow. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>

#define ID_MAX 48 /* bytes with the NUL; topics and unique ids join three of them */

/* Matches [a-z0-9_-]+ and is shorter than ID_MAX. */
bool id_valid(const char *text);

#endif
