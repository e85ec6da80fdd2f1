/* SPDX-License-Identifier: Apache-2.0
 * The command `verify`: the invariants of a configuration and of the command line, about the rules of its home. Used by
 * gateway.c alone, once the devices have described themselves. */
#ifndef PROVE_H
#define PROVE_H

#include <stdio.h>

#include "config/config.h"
#include "therapy/v1/device.pb-c.h"

/* Exit statuses. */
enum { PROVE_PROVED = 0, PROVE_REFUTED = 1, PROVE_FAULT = 2, PROVE_POSSIBLE = 3 };

struct prove_wanted {
	const char *const *texts; /* invariants of the command line */
	size_t n;
	int status; /* what came of it */
};

/* Prints the answers on `to` and sets wanted->status; faults in invariants go to standard error. 0, or 1 with a fault.
 */
int prove(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
	  struct prove_wanted *wanted, FILE *to);

#endif
