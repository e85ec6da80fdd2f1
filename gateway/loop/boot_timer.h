/* SPDX-License-Identifier: Apache-2.0
 * A one-shot timer on CLOCK_BOOTTIME for a libuv loop. libuv's own timers freeze while the machine is suspended; a
 * lease that ran out in suspend must be over at the moment of waking. On the loop's thread. */
#ifndef LOOP_BOOT_TIMER_H
#define LOOP_BOOT_TIMER_H

#include <stdint.h>
#include <uv.h>

struct boot_timer {
	uv_poll_t poll;
	int fd;
	uint64_t due_ms; /* UINT64_MAX: not set */
	void *user;
	void (*fired)(void *user);
	void (*closed)(void *user);
};

/* `fired` is called on the loop when the time has come, never from inside another call here. 0 or a negative UV_E*
 * code, and then nothing is left open. */
int boot_timer_init(uv_loop_t *loop, struct boot_timer *timer, void *user, void (*fired)(void *user));
/* Due at `due_ms` of CLOCK_BOOTTIME (in the past: as soon as the loop turns); UINT64_MAX: never. Replaces what was set.
 */
void boot_timer_set(struct boot_timer *timer, uint64_t due_ms);
/* `closed` (may be NULL) is called once; the memory must live until then. */
void boot_timer_close(struct boot_timer *timer, void (*closed)(void *user));

#endif
