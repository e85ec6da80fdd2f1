/* SPDX-License-Identifier: Apache-2.0
 * Options that a calibration or a tare found, beside those of the configuration: whose they are, whether they hold, and
 * how they read. They hold as a whole or not at all: a zero means nothing on another axis. Texts stay the
 * configuration's and the message's. Used by adjusting.c; pure but for JSON. */
#ifndef ADJUSTED_OPTIONS_H
#define ADJUSTED_OPTIONS_H

#include <json-c/json.h>

#include "base/str.h"
#include "config/config.h"
#include "store/adjusted.h"

struct adjusted_options {
	Therapy__V1__OptionValue *const *items;
	size_t n;
};

struct adjusted_key adjusted_options_key(const struct config_device *device);
/* The first option of the configuration that says something else; NULL: there is none, and these hold. */
const struct config_option *adjusted_options_against(const struct config_device *device,
						     struct adjusted_options options);
/* What the configuration gives for that key; NULL: nothing. */
const struct config_option *adjusted_options_configured(const struct config_device *device, const char *key);
/* `sign = "reversed"; zero_deg = 1.3;`, as it is written there. */
void adjusted_options_line(struct str *out, struct adjusted_options options);
/* {"sign":"reversed","zero_deg":1.3}; the caller's. */
struct json_object *adjusted_options_json(struct adjusted_options options);

#endif
