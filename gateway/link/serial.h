/* SPDX-License-Identifier: Apache-2.0
 * Opens a serial port raw, 8N1 and for us alone. Does not block. */
#ifndef LINK_SERIAL_H
#define LINK_SERIAL_H

#include <stdint.h>

#include "base/str.h"

/* 0 and a descriptor (non-blocking, close-on-exec, locked), or a negative UV_E* code and in `why` one sentence with
 * what to do. */
int serial_open(const char *path, uint32_t baud, int *fd, struct str *why);

#endif
