/* SPDX-License-Identifier: Apache-2.0
 * `therapyctl person`: who uses this home's devices, and what a professional said of them. */
#ifndef THERAPYCTL_PEOPLE_H
#define THERAPYCTL_PEOPLE_H

#include <stdbool.h>

#include "therapyctl/link.h"

/* `words` are what stands behind the command, NULL-terminated. Returns an exit status; what goes wrong was said. */
int people_run(struct link_line *link, bool json, char **words);

#endif
