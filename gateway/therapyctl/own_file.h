/* SPDX-License-Identifier: Apache-2.0
 * A file about a person's health: nobody else's to read, and never there by half. */
#ifndef THERAPYCTL_OWN_FILE_H
#define THERAPYCTL_OWN_FILE_H

#include "therapyctl/text.h"

/* Replaces `file` as a whole, readable by its owner alone; "-": standard output. Returns an exit status; what goes
 * wrong was said. */
int own_file_put(const char *command, const char *file, const struct text *content);

#endif
