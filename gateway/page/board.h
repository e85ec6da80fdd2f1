/* SPDX-License-Identifier: Apache-2.0
 *
 * board - what viewers are shown: a slot for each thing (the home, each device, the last events), each with its latest
 * text, framed as a server-sent event. A viewer takes what it has not seen, one text at a time, at its own pace: there
 * are no queues, so a viewer that stands still costs nothing, and one that goes on is told the latest and not what was
 * in between. A text is shared by all who are being sent it. Pure but for memory; one thread.
 */
#ifndef PAGE_BOARD_H
#define PAGE_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text that is sent as it is; lives while somebody holds it. */
struct board_text {
	unsigned held;
	size_t size;
	char bytes[];
};

struct board;

/* NULL: no memory. */
struct board *board_new(size_t n_slots);
void board_free(struct board *board);
/* `event` is the slot's latest, of that name ("device"), with `data` in one line or several. The same as before:
 * nothing changes. False: no memory, and what was there stays. */
bool board_put(struct board *board, size_t slot, const char *event, const char *data);
/* Is there something that a viewer who has seen everything up to `seen` (0: nothing) has not? */
bool board_has(const struct board *board, uint64_t seen);
/* The oldest of that, held for the caller, who is to board_release it; `seen` moves on. NULL: there is nothing. */
struct board_text *board_take(struct board *board, uint64_t *seen);
void board_release(struct board_text *text);

#endif
