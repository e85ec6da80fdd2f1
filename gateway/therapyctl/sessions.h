/* SPDX-License-Identifier: Apache-2.0
 * `therapyctl sessions`: what was done, as a table for people, as CSV for a spreadsheet or as JSON. */
#ifndef THERAPYCTL_SESSIONS_H
#define THERAPYCTL_SESSIONS_H

#include <stdbool.h>

#include "therapyctl/link.h"

/* `words` are what stands behind the command, NULL-terminated, and words[-1] the command itself. Returns an exit
 * status; what goes wrong was said. */
int sessions_run(struct link_line *link, bool json, char **words);

#endif
