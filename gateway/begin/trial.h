/* SPDX-License-Identifier: Apache-2.0
 *
 * trial - a gateway that runs for the off-tests only: started with the new configuration, asked over its own control
 * socket, and ended again with everything at rest. What it proves it remembers (docs/state-file.md). */
#ifndef BEGIN_TRIAL_H
#define BEGIN_TRIAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "begin/programs.h"

struct trial {
	char folder[64]; /* private: control socket and log */
	char socket[96];
	pid_t process;
};

enum trial_end { TRIAL_PROVED, TRIAL_FAILED, TRIAL_REFUSED /* not begun: what it says must be seen to */ };

/* Starts it and waits until it answers. False: the last of its log in `why`; nothing is left of it. */
bool trial_begin(struct trial *trial, const struct programs *programs, const char *file, char *why, size_t why_size);
/* "pad.heat": waits until the device is there, asks, waits for what comes of it; its sentence in `why`. */
enum trial_end trial_off_test(struct trial *trial, const char *control, char *why, size_t why_size);
void trial_end(struct trial *trial);

#endif
