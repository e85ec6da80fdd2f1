/* SPDX-License-Identifier: Apache-2.0
 *
 * board_link - the network end of a board that speaks docs/firmware-protocol.md: listens on loopback, talks to one
 * gateway at a time (the newest wins, so that a connection nobody closed locks nobody out), cuts frames and spoils them
 * as it is told. Owned by the board's port, on the loop's thread.
 */
#ifndef SIM_BOARD_LINK_H
#define SIM_BOARD_LINK_H

#include "base/str.h"
#include "sim/firmware.h"
#include "sim/mischief.h"
#include "sim/world.h"

struct board_client;

struct board_link {
	struct world *world;
	struct mischief mischief;
	int port;                    /* 0: a free one, until it listens */
	uv_tcp_t *listener;          /* NULL: unplugged */
	struct board_client *client; /* NULL: nobody */
	uint8_t seq;
	uint64_t received, refused; /* frames from the gateway: good; COBS or CRC wrong, or too long */
	uint64_t connections;
	void *user;
	/* A whole packet from the gateway. */
	void (*packet)(void *user, const struct firmware_packet *packet);
};

/* Listens on 127.0.0.1:port. Nothing happens if it does already. 0 or a negative UV_E* code. */
int board_link_plug(struct board_link *link);
/* Power is cut: the connection breaks, nobody can connect. */
void board_link_unplug(struct board_link *link);
void board_link_send(struct board_link *link, uint8_t type, const uint8_t *body, size_t size);
/* "plugged":...,"connections":N - and the counts of frames, each without a comma at its ends. */
void board_link_state(const struct board_link *link, struct str *s);
void board_link_counts(const struct board_link *link, struct str *s);

#endif
