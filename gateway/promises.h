/* SPDX-License-Identifier: Apache-2.0
 * What this home may rely on: the bounds of its dead-man and its hazards, from the configuration, what the devices said
 * of themselves and the compiled rules. Start-up only; allocates. Used by gateway.c and report.c. */
#ifndef PROMISES_H
#define PROMISES_H

#include "config/config.h"
#include "core/core.h"
#include "promise/words.h"
#include "therapy/v1/device.pb-c.h"

struct promises {
	struct words_control *controls;
	size_t n_controls;
	struct hazards *hazards;
	char *hazards_json;  /* as it is published */
	char **deadman_json; /* by device; NULL: it has no control */
	size_t n_devices;
};

/* NULL: out of memory. Texts stay those of the configuration and the descriptions. */
struct promises *promises_new(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
			      const struct core *core);
void promises_free(struct promises *promises);

#endif
