/* SPDX-License-Identifier: Apache-2.0
 * The device's options as words of a command line ("axis=roll", "zero_deg=5"), as the message that a configuration's
 * become. */
#ifndef THERAPY_PLUGIN_GIVEN_H
#define THERAPY_PLUGIN_GIVEN_H

#include <stdbool.h>
#include <stddef.h>

#include "therapy/v1/wire.pb-c.h"

enum { GIVEN_OPTIONS_MAX = 64 };

struct given {
	Therapy__V1__OptionValue values[GIVEN_OPTIONS_MAX];
	Therapy__V1__OptionValue *pointers[GIVEN_OPTIONS_MAX]; /* as Setup wants them */
	size_t n;
};

/* `text` is changed and outlives what is given. False, and said why not. */
bool given_add(struct given *given, char *text);

#endif
