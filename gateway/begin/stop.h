/* SPDX-License-Identifier: Apache-2.0
 *
 * stop - whether whoever began the set-up wants it to end: Ctrl-C, a lost terminal, or a browser that asked. What waits
 * long looks here. The flag is the process's. */
#ifndef BEGIN_STOP_H
#define BEGIN_STOP_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM, SIGHUP and SIGPIPE are remembered instead of ending the process. Again after whoever
 * took them. */
void stop_catch(void);
void stop_now(void);
bool stop_asked(void);
/* Waits until something can be read there, `wait_ms` at most (negative: for ever). False: asked to stop, also if that
 * was just before, or the time is over. */
bool stop_or_readable(int fd, int wait_ms);

#endif
