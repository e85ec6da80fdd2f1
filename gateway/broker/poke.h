/* SPDX-License-Identifier: Apache-2.0
 *
 * poke - wakes Paho's two threads, which otherwise look up only once a second. Its receive thread polls for reading
 * with a time-out of 1 s and learns only afterwards that a connect has completed or that sockets came and went: every
 * connect but a process's first took 1.1 s. Its send thread is not told when an acknowledgement makes room for the next
 * QoS 1 message: 50 of them took 2 s.
 *
 * So there is one more MQTT connection, over loopback, from Paho to this process itself. A byte sent down it ends the
 * poll; a message published on it wakes the sender. It also keeps the library's threads alive: destroying the last
 * handle would stop them and block for a second. It lives as long as the process, as those threads do, and is the one
 * thing here that is not an object: Paho's threads are not either. Any thread; nothing blocks.
 */
#ifndef BROKER_POKE_H
#define BROKER_POKE_H

#include <stdbool.h>
#include <stdint.h>

/* Begins to listen for it, on *port of the loopback: for a process that may not later, but may still connect there.
 * False: it cannot be made. */
bool poke_listen(uint16_t *port);
/* Makes it if it is not there yet. Where it cannot be made, everything works, but slower. */
void poke_init(void);
/* "Look at your sockets again." */
void poke_receiver(void);
/* "Look at your commands again." */
void poke_sender(void);

#endif
