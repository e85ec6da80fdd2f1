/* SPDX-License-Identifier: Apache-2.0
 * Secrets and the permissions of the files they stand in. Nothing here ever puts a secret into a fault or a log.
 * Start-up only, one thread. */
#ifndef CONFIG_SECRETS_H
#define CONFIG_SECRETS_H

#include <stdbool.h>

#include "config/read.h"

/* The one line that the file named by setting `s` holds (a line break at its end is not part of it); `secret` says that
 * others must have no access to it. `what` begins the fault: "mqtt: password_file". NULL: a fault was added. */
char *secrets_read(struct reader *r, setting *s, const char *what, bool secret);
/* A fault if others can read the file in which `s`, a secret, is written. */
void secrets_check_inline(struct reader *r, setting *s, const char *what);

#endif
