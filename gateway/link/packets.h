/* SPDX-License-Identifier: Apache-2.0
 *
 * packets - a message link that the gateway process keeps, as a pair of sockets: what Bluetooth needs, whose messages
 * come over a connection that all its devices share. One packet is [channel][message]. Either end is a stream of
 * link/stream.h whose callback `packet` is called; what belongs to streams (loss, closing, threads) is said there.
 *
 * There is no queue but the kernel's, which is bounded. A packet that does not fit is refused, whole.
 */
#ifndef LINK_PACKETS_H
#define LINK_PACKETS_H

#include "link/stream.h"

#define PACKETS_DATA_MAX 512u /* bytes of a message: the longest that a characteristic can have */
#define PACKETS_PER_TURN 16u  /* handed on in a turn of the loop */

/* Two connected ends, non-blocking and close-on-exec. 0 or a negative UV_E* code. */
int packets_pair(int ends[2]);
/* As stream_new. */
int packets_new(uv_loop_t *loop, int fd, const struct stream_callbacks *callbacks, struct stream **out);
/* Sends a message of 1 to PACKETS_DATA_MAX bytes. UV_ENOBUFS: the other end does not read, nothing was sent. */
int packets_send(struct stream *stream, uint8_t channel, const uint8_t *data, size_t size);
/* Says why the link ends, just before it is closed: the other end's `lost` gives that reason. */
void packets_say_why(struct stream *stream, const char *why);

#endif
