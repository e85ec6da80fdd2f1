/* SPDX-License-Identifier: Apache-2.0
 * `calibrate` and `tare`: asks a person step by step, on the terminal. The gateway measures and decides. Each returns
 * an exit status. */
#ifndef THERAPYCTL_ADJUST_H
#define THERAPYCTL_ADJUST_H

#include <stdbool.h>

#include "therapyctl/link.h"

/* `verb`: "calibrate" or "tare". Interrupted, or at the end of standard input, it leaves everything as it was. */
int adjust_run(struct link_line *link, const char *verb, const char *device);
int adjust_forget(struct link_line *link, const char *verb, const char *device, bool json);

#endif
