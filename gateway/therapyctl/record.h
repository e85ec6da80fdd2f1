/* SPDX-License-Identifier: Apache-2.0
 * A recording, as the gateway tells it line by line, to standard output. */
#ifndef THERAPYCTL_RECORD_H
#define THERAPYCTL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "therapyctl/link.h"

/* "60s", "5min", "1h", "500ms"; a bare number is seconds. False: it is none, or longer than 31 days. */
bool record_duration(const char *text, uint64_t *out_ms);
/* From now on Ctrl-C ends the recording and not the program. */
void record_catch(void);
/* Prints lines until that is over (0: never), Ctrl-C, or the gateway ends it. False: it was cut short, and that was
 * said on standard error and, as a comment, in the recording. The last line is whole. */
bool record_lines(struct link_line *link, uint64_t for_ms);

#endif
