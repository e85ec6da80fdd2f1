/* SPDX-License-Identifier: Apache-2.0
 * How a device process ended, as a sentence for people. Pure. */
#ifndef SUPERVISOR_ENDED_H
#define SUPERVISOR_ENDED_H

#include "base/str.h"

/* `status` and `signal_number` as libuv gives them (0: no signal). `words`: what it printed last that tells something,
 * any bytes; "": nothing. `doing`: " while ...", or "". */
void ended_say(struct str *out, int status, int signal_number, const char *doing, const char *words);

#endif
