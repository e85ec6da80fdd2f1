/* SPDX-License-Identifier: Apache-2.0
 * The process's own dead-man: a POSIX timer that kills it when its loop makes no progress, so that the layers outside
 * (closed pipe, last will) take over. It counts CLOCK_MONOTONIC: time in suspend is not the loop's fault. It kills a
 * stopped process too. One per process. */
#ifndef LOOP_WATCHDOG_H
#define LOOP_WATCHDOG_H

#include <stdint.h>
#include <time.h>

struct watchdog {
	timer_t timer;
	uint32_t limit_ms;
};

/* Starts it: SIGKILL in `limit_ms` unless fed. 0 or a negative UV_E* code. */
int watchdog_start(struct watchdog *watchdog, uint32_t limit_ms);
/* Called from the loop: another `limit_ms`. */
void watchdog_feed(struct watchdog *watchdog);
void watchdog_stop(struct watchdog *watchdog);

#endif
