/* SPDX-License-Identifier: Apache-2.0
 * `therapyctl plan`: what the chosen person's plan asks for today, and the person's word on its steps. */
#ifndef THERAPYCTL_PLAN_H
#define THERAPYCTL_PLAN_H

#include <stdbool.h>

#include "therapyctl/link.h"

/* `words` are what stands behind the command, NULL-terminated. Returns an exit status; what goes wrong was said. */
int plan_run(struct link_line *link, bool json, char **words);

#endif
