/* SPDX-License-Identifier: Apache-2.0
 * `therapyctl pain`, `note` and `log`: what a person adds to sessions. */
#ifndef THERAPYCTL_ADDING_H
#define THERAPYCTL_ADDING_H

#include <stdbool.h>

#include "therapyctl/link.h"

/* `words` are what stands behind the command, NULL-terminated, and words[-1] the command itself. They return an exit
 * status; what goes wrong was said. */
int adding_pain(struct link_line *link, bool json, char **words);
int adding_note(struct link_line *link, bool json, char **words);
int adding_log(struct link_line *link, bool json, char **words);

#endif
