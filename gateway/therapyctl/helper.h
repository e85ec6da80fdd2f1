/* SPDX-License-Identifier: Apache-2.0
 * Commands that no gateway is needed for: therapy-plugin does them, which has the links and the plugins. */
#ifndef THERAPYCTL_HELPER_H
#define THERAPYCTL_HELPER_H

#include <stdbool.h>

/* Does therapy-plugin do that command? */
bool helper_has(const char *command);
/* Is a configuration wanted that these words do not name? Then it is that of the gateway that runs. */
bool helper_needs_file(char **words);
/* Becomes `therapy-plugin` with these words; the last is NULL. `file`: a configuration, behind them; NULL: none.
 * Returns only if it cannot, and has said why. */
void helper_become(char **words, char *file);

#endif
