/* SPDX-License-Identifier: Apache-2.0
 * One line of a recording, docs/recording-format.md. Pure. */
#ifndef LINK_RECORDING_H
#define LINK_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define RECORDING_ADDRESS_MAX 256u  /* of a topic or characteristic, with the NUL; as mqtt_link */
#define RECORDING_BYTES_MAX   4096u /* in one line: as much as a link hands on at a time */
/* Two digits and a blank for each byte, time, direction, address, end of line. */
#define RECORDING_LINE_MAX (3u * RECORDING_BYTES_MAX + RECORDING_ADDRESS_MAX + 64u)

enum recording_kind { RECORDING_NOTHING, RECORDING_RECEIVED, RECORDING_SENT };

struct recording_line {
	enum recording_kind kind;            /* NOTHING: empty or a comment */
	uint64_t at_ms;                      /* since the start */
	size_t size;                         /* of the bytes; 0 of a message that is empty */
	char address[RECORDING_ADDRESS_MAX]; /* of a message; "": a piece of a byte stream */
	bool retained;                       /* of a message that was received: the broker had kept it */
};

/* Reads a line (with or without its newline) and puts its bytes into `bytes`. 0; or UV_EINVAL, and *why is one clause:
 * what was expected. */
int recording_read(const char *line, struct recording_line *out, uint8_t bytes[RECORDING_BYTES_MAX], const char **why);
/* Writes such a line, without an end, for `size` bytes: text as text, else in hexadecimal. False: this cannot be one
 * (an address with blanks, too long, no bytes and no message), and nothing was added. */
bool recording_write(struct str *out, const struct recording_line *line, const uint8_t *bytes);

#endif
