/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/boot_timer.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct boot_timer *timer = poll->data;
	uint64_t expirations;
	(void)events;
	if (status < 0 || read(timer->fd, &expirations, sizeof expirations) != (ssize_t)sizeof expirations)
		return; /* set anew since it fired: it will come again */
	timer->due_ms = UINT64_MAX;
	timer->fired(timer->user);
}

int boot_timer_init(uv_loop_t *loop, struct boot_timer *timer, void *user, void (*fired)(void *user))
{
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (fd < 0)
		return uv_translate_sys_error(errno);
	int error = uv_poll_init(loop, &timer->poll, fd);
	if (error) {
		close(fd);
		return error;
	}
	timer->poll.data = timer;
	timer->fd = fd;
	timer->due_ms = UINT64_MAX;
	timer->user = user;
	timer->fired = fired;
	timer->closed = NULL;
	return uv_poll_start(&timer->poll, UV_READABLE, on_readable);
}

void boot_timer_set(struct boot_timer *timer, uint64_t due_ms)
{
	if (due_ms == timer->due_ms)
		return;               /* the hot path: most steps leave the deadline alone */
	struct itimerspec when = {0}; /* all zero disarms */
	if (due_ms != UINT64_MAX) {
		when.it_value.tv_sec = (time_t)(due_ms / 1000);
		when.it_value.tv_nsec = (long)(due_ms % 1000) * 1000000L;
		if (due_ms == 0)
			when.it_value.tv_nsec = 1;
	}
	timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &when, NULL);
	timer->due_ms = due_ms;
}

static void on_closed(uv_handle_t *handle)
{
	struct boot_timer *timer = handle->data;
	close(timer->fd);
	if (timer->closed)
		timer->closed(timer->user);
}

void boot_timer_close(struct boot_timer *timer, void (*closed)(void *user))
{
	timer->closed = closed;
	uv_close((uv_handle_t *)&timer->poll, on_closed);
}
