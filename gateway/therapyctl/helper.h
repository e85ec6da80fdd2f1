/* SPDX-License-Identifier: Apache-2.0
 * Commands that no gateway is needed for: therapy-plugin does them, which has the links and the plugins. */
#ifndef THERAPYCTL_HELPER_H
#define THERAPYCTL_HELPER_H

#include <stdbool.h>

/* Does therapy-plugin do that command? */
bool helper_has(const char *command);
/* Becomes `therapy-plugin` with these words; the last is NULL. Returns only if it cannot, and has said why. */
void helper_become(char **words);

#endif
