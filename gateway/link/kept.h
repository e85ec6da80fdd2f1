/* SPDX-License-Identifier: Apache-2.0
 *
 * kept - what the broker keeps on one command topic (a retained message): the device obeys it whenever it connects.
 * Says what is to be told and when it may be cleared, each at most once in KEPT_PAUSE_MS, however often somebody
 * publishes it. One per topic, in the caller's memory, all zero at first; pure, time is an argument (milliseconds of
 * any clock that does not go back).
 */
#ifndef LINK_KEPT_H
#define LINK_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEPT_SIZE      64u    /* bytes of a command that are remembered; the size tells longer ones apart */
#define KEPT_SETTLE_MS 2000u  /* what is kept comes right after the subscription: nothing by then is nothing */
#define KEPT_PAUSE_MS  10000u /* between two commands that are told, or two attempts to clear */

struct kept_payload {
	uint8_t bytes[KEPT_SIZE];
	size_t size; /* of the whole; 0: nothing is kept */
};

struct kept {
	struct kept_payload now, told;
	bool known, said; /* `now` is; something was told */
	bool fresh;       /* since this connection */
	bool settling, clearing, cleared;
	bool has_told, has_cleared; /* the times below are set */
	uint64_t settle_ms, told_ms, cleared_ms;
};

enum kept_news {
	KEPT_NO_NEWS,
	KEPT_APPEARED, /* or became another: kept->now */
	KEPT_NONE,     /* nothing is kept (any more) */
	KEPT_CLEARED,  /* the same, by kept_cleared */
};

struct kept_step {
	enum kept_news tell;
	bool clear; /* publish an empty retained message, then call kept_cleared */
};

/* Subscribed: what is kept comes now. */
void kept_up(struct kept *kept, uint64_t now_ms);
/* The connection is gone; an acknowledgement that is awaited does not come. */
void kept_down(struct kept *kept);
/* A retained message; `size` 0: somebody cleared it. */
void kept_came(struct kept *kept, const void *bytes, size_t size);
/* The broker took the empty message, or it did not (or it could not be sent). */
void kept_cleared(struct kept *kept, bool ok);
/* What to do now. Call it after each of the above and at kept_deadline. `may_clear`: the user consents. */
struct kept_step kept_step(struct kept *kept, uint64_t now_ms, bool may_clear);
/* When time alone makes something to do; UINT64_MAX: never. */
uint64_t kept_deadline(const struct kept *kept, bool may_clear);

#endif
