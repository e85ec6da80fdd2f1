/* SPDX-License-Identifier: Apache-2.0
 * The baud rates that termios knows. Pure. */
#ifndef LINK_BAUD_H
#define LINK_BAUD_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

/* False if there is no such rate; `out` may be NULL. */
bool baud_find(uint32_t baud, speed_t *out);
bool baud_known(uint32_t baud);

#endif
