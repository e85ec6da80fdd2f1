/* SPDX-License-Identifier: Apache-2.0
 * What comes over a link that nobody else uses, for `probe`: waits, and that is all the program does meanwhile. */
#ifndef THERAPY_PLUGIN_PROBE_PORT_H
#define THERAPY_PLUGIN_PROBE_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "link/address.h"

enum { PROBE_BYTES = 8192, PROBE_PIECES = 1024 };

struct probe_heard {
	uint32_t baud; /* 0: TCP has none */
	size_t n, n_pieces;
	uint32_t at_ms[PROBE_PIECES]; /* of each piece, */
	size_t end[PROBE_PIECES];     /* and where it ends among the bytes */
	uint8_t bytes[PROBE_BYTES];
};

/* Opens it; `baud` of a serial port. A descriptor, or -1 and a sentence. */
int probe_open(const struct link_address *address, uint32_t baud, struct str *why);
/* Adds what arrives within that time, which begins at `at_ms` on the clock of what was heard before; stops early when
 * there is no more room, or nothing more came for `quiet_ms` after something had (0: it does not). False: the link is
 * lost. */
bool probe_listen(int fd, uint32_t at_ms, uint32_t wait_ms, uint32_t quiet_ms, struct probe_heard *heard);
bool probe_write(int fd, const uint8_t *bytes, size_t size);

#endif
