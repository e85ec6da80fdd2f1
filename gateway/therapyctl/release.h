/* SPDX-License-Identifier: Apache-2.0
 * Waits for what comes of letting a device go. */
#ifndef THERAPYCTL_RELEASE_H
#define THERAPYCTL_RELEASE_H

#include <stdbool.h>

#include "therapyctl/link.h"

/* On a line that watches. Prints it; `json`: as it came. The exit status: 0 let go, 1 not, 3 it did not come. */
int release_wait(struct link_line *link, bool json, const char *device);

#endif
