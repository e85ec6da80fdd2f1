/* SPDX-License-Identifier: Apache-2.0
 * `therapyctl report`: a month as one page that a person can take to a professional. */
#ifndef THERAPYCTL_REPORT_H
#define THERAPYCTL_REPORT_H

#include <stdbool.h>

#include "therapyctl/link.h"

/* `words` are what stands behind the command, NULL-terminated, and words[-1] the command itself. Returns an exit
 * status; what goes wrong was said. */
int report_run(struct link_line *link, bool json, char **words);

#endif
