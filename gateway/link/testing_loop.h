/* SPDX-License-Identifier: Apache-2.0
 * For the tests of this folder: a loop that must close cleanly, and a count of descriptors that must not grow. */
#ifndef LINK_TESTING_LOOP_H
#define LINK_TESTING_LOOP_H

#include "base/testing.h"

#include <dirent.h>
#include <stdbool.h>
#include <uv.h>

/* Counted when no loop is open. libuv keeps a pipe of its own from its first loop on, so there must have been one. */
static inline size_t open_descriptors(void)
{
	uv_loop_t first;
	assert_int_equal(uv_loop_init(&first), 0);
	assert_int_equal(uv_loop_close(&first), 0);
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	size_t n = 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static inline void loop_testing_turn(uv_timer_t *timer)
{
	(void)timer; /* ends the wait of a turn in which a timer already did what is waited for */
}

static inline void loop_testing_run(uv_loop_t *loop, const bool *done, uint64_t most_ms)
{
	uv_timer_t turn;
	uint64_t end = uv_hrtime() + most_ms * 1000000u;
	uv_timer_init(loop, &turn);
	uv_timer_start(&turn, loop_testing_turn, 5, 5);
	while (!*done && uv_hrtime() < end)
		uv_run(loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&turn, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
}

/* Runs the loop until *done, at most 10 s. */
static inline void run_until(uv_loop_t *loop, const bool *done)
{
	loop_testing_run(loop, done, 10000);
	if (!*done)
		fail_msg("nothing happened for 10 s");
}

/* Turns the loop for `ms`, to see that something does not happen. */
static inline void run_for(uv_loop_t *loop, uint64_t ms)
{
	const bool never = false;
	loop_testing_run(loop, &never, ms);
}

#endif
