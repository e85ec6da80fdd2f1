/* SPDX-License-Identifier: Apache-2.0
 *
 * tune - makes Paho's TCP socket quick. Paho hides its socket, so it is looked for among this process's descriptors
 * right after the CONNACK was read. It is ours if its other end is the broker, nobody tuned it yet (Paho never sets
 * TCP_NODELAY, so that option marks the sockets already claimed) and what the broker sent was read to the end; another
 * connection that is on its way at the same moment has either received nothing or not been read yet.
 *
 * Why: brokers leave Nagle's algorithm on, so the second of two small messages waits for the acknowledgement of the
 * first, which Linux delays by 40 ms. Any thread, but Paho must not close the socket meanwhile: call from its
 * callbacks.
 */
#ifndef BROKER_TUNE_H
#define BROKER_TUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Finds the socket to one of `peers`, sets TCP_NODELAY and close-on-exec and asks for quick acknowledgement. Its
 * descriptor (Paho's: never to be closed), or -1 if there is none. */
int tune_claim(const struct sockaddr_storage *peers, size_t n_peers);
/* Sets close-on-exec on every socket of this process that is connected to `peer`. */
void tune_close_on_exec(const struct sockaddr_storage *peer);
/* Acknowledges what was received now, not 40 ms later. The kernel forgets this by itself: call after each receive. */
void tune_acknowledge(int fd);
/* Is `fd` (still) a socket to one of `peers`? */
bool tune_connected_to(int fd, const struct sockaddr_storage *peers, size_t n_peers);

#endif
