/* SPDX-License-Identifier: Apache-2.0
 * What Home Assistant would show of a model: through the message that the gateway sends to it. Allocates. */
#ifndef THERAPY_PLUGIN_SHOW_H
#define THERAPY_PLUGIN_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "therapy/plugin.h"

/* One line for each entity, with `indent` before it. False: out of memory. */
bool show_entities(FILE *to, const char *indent, const struct therapy_plugin *plugin,
		   const struct therapy_model *model);

#endif
