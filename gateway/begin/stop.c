/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/stop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
#define SIGNALS (sizeof signals / sizeof *signals)
static volatile sig_atomic_t asked;

static void on_signal(int number)
{
	(void)number;
	asked = 1;
}

void stop_catch(void)
{
	struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART: what waits is to end */
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &action, NULL);
}

void stop_now(void)
{
	asked = 1;
}

bool stop_asked(void)
{
	return asked != 0;
}

bool stop_or_readable(int fd, int wait_ms)
{
	sigset_t mask, before;
	struct pollfd in = {.fd = fd, .events = POLLIN};
	const struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
	int ready = -1;
	sigemptyset(&mask);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&mask, signals[i]);
	sigprocmask(SIG_BLOCK, &mask, &before);
	while (ready < 0 && !asked) {
		ready = ppoll(&in, 1, wait_ms < 0 ? NULL : &wait, &before);
		if (ready < 0 && errno != EINTR)
			break; /* the read that follows says why */
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return !asked && ready != 0;
}
