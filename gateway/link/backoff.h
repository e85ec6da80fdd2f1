/* SPDX-License-Identifier: Apache-2.0
 *
 * backoff - when to try a link again. The first attempt is due at once; then 100 ms doubling to 10 s, each plus 0 to 25
 * % jitter, so that many devices do not come at once. Only a link that held for 10 s makes it begin anew: one that
 * opens and breaks at once would otherwise be tried ten times a second for ever. Pure: time is an argument.
 */
#ifndef LINK_BACKOFF_H
#define LINK_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_FIRST_MS 100u
#define BACKOFF_LAST_MS  10000u
#define BACKOFF_HELD_MS  10000u

struct backoff {
	uint64_t random;  /* state of the jitter; any number but 0 */
	uint32_t next_ms; /* without jitter; 0: at once */
	bool open;
	uint64_t opened_ms;
};

/* `seed`: differs per link. */
void backoff_init(struct backoff *b, uint64_t seed);
/* The link is open since `now_ms`. */
void backoff_opened(struct backoff *b, uint64_t now_ms);
/* How long to wait before the next attempt, which is then counted as one. */
uint64_t backoff_wait(struct backoff *b, uint64_t now_ms);

#endif
