/* SPDX-License-Identifier: Apache-2.0
 *
 * turn - of a process's encrypted connections one begins at a time. Paho's socket is looked for when the connection is
 * up (tune.h), and then one that is in its handshake looks the same: it has received something, and all of it was read.
 * Without encryption it does not, so those need no turn. In the order in which they came; on the loop's thread, of
 * which a process has one. The one thing here besides poke that is the process's, for its sockets are.
 */
#ifndef BROKER_TURN_H
#define BROKER_TURN_H

#include <stdbool.h>

struct turn { /* the caller's; zero but for these two */
	void *user;
	void (*granted)(void *user); /* it is its turn now: from within another's turn_give */
	/* its own */
	struct turn *next;
	bool has, waits;
};

/* True: it has its turn (already). False: `granted` will be called. */
bool turn_take(struct turn *turn);
/* Its turn is over, or it waits no more; nothing if neither. */
void turn_give(struct turn *turn);

#endif
