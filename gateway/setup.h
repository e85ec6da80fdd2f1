/* SPDX-License-Identifier: Apache-2.0
 * From the configuration to what the parts are started with: Setup messages for device processes and the core's spec.
 * Start-up only; allocates. Used by gateway.c alone. */
#ifndef SETUP_H
#define SETUP_H

#include <stdbool.h>

#include "config/config.h"
#include "core/core.h"
#include "person.h"
#include "therapy/v1/device.pb-c.h"
#include "therapy/v1/wire.pb-c.h"

struct setup;

/* The program of a device process on such a link: `own`, or, where there is no MQTT, the smaller one beside it or
 * installed, if there is one. Static or `own`. */
const char *setup_program(const char *own, enum link_kind link);

/* The program that asks for the set-up, beside this one or where an installation has it. NULL: it is not there. */
const char *setup_asker(void);
/* Where plugins, default rules and default plans are: $THERAPY_PLUGIN_DIR, $THERAPY_RULES and $THERAPY_PLANS if set (a
 * build tree, a test), beside the program if it is run from a build tree, else where they were installed. The strings
 * are static. */
void setup_places(struct config_places *out);

/* One Setup message per device; texts stay the configuration's. NULL: out of memory. */
struct setup *setup_new(const struct config *config, bool describe_only);
void setup_free(struct setup *setup);
const Therapy__V1__Setup *setup_message(const struct setup *setup, size_t device);
/* What calibrations found for the device, for its next start. They must live until they are replaced. */
void setup_remember(struct setup *setup, size_t device, Therapy__V1__OptionValue *const *options, size_t n);
/* The devices' names for people, in order. */
const char *const *setup_names(const struct setup *setup);

struct setup_core { /* what a core_spec points to */
	struct core_device *devices;
	struct core_metric *metrics;
	struct core_control *controls;
	struct core_metric person[PERSON_METRICS];
	struct core_figure *figures; /* the configuration's, and those that follow from the profile */
};
/* 0, or -1 when out of memory. Release `rows` once core_new is done. */
int setup_core_spec(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
		    struct setup_core *rows, struct core_spec *out);
void setup_core_release(struct setup_core *rows);

/* A control whose device does not rest by itself is a fault, unless the user accepted that for the device. */
void setup_check_timers(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
			struct faults *faults);
/* A cut-off must be a control that there is. */
void setup_check_cutoffs(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
			 struct faults *faults);

#endif
