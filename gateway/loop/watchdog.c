/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/watchdog.h"

#include <errno.h>
#include <signal.h>
#include <uv.h>

int watchdog_start(struct watchdog *watchdog, uint32_t limit_ms)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
	if (timer_create(CLOCK_MONOTONIC, &event, &watchdog->timer) != 0)
		return uv_translate_sys_error(errno);
	watchdog->limit_ms = limit_ms;
	watchdog_feed(watchdog);
	return 0;
}

void watchdog_feed(struct watchdog *watchdog)
{
	struct itimerspec when = {.it_value = {.tv_sec = (time_t)(watchdog->limit_ms / 1000),
					       .tv_nsec = (long)(watchdog->limit_ms % 1000) * 1000000L}};
	timer_settime(watchdog->timer, 0, &when, NULL);
}

void watchdog_stop(struct watchdog *watchdog)
{
	timer_delete(watchdog->timer);
}
