/* SPDX-License-Identifier: Apache-2.0
 *
 * listen - hears at a broker for a while what devices publish of themselves, and publishes nothing. On a loop and a
 * connection of its own: what a broker full of strangers sends must not keep a gateway busy. Blocks until the time is
 * over; meanwhile SIGINT, SIGTERM and SIGHUP end it early, and are the default again afterwards. */
#ifndef DISCOVER_LISTEN_H
#define DISCOVER_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/broker.h"
#include "discover/found.h"

#define LISTEN_MESSAGES_MAX 50000u /* that are looked at: more is a flood */

struct listen_order {
	struct broker_config to; /* where; client_id, queue and reconnect are filled in here */
	uint64_t for_ms;         /* from the connection on, or from the start with `patient` */
	bool (*stopped)(void);   /* NULL, or whether a signal came before its own were caught: it then ends at once */
	bool patient;            /* go on trying when the first connect fails, until the time is over */
};

struct listen_heard {
	unsigned long long messages;
	bool up;          /* the broker was reached */
	bool interrupted; /* by a signal */
	char why[256];    /* it was not; "" where nothing is known */
};

/* 0, or a negative UV_E* code: the broker's address cannot be used. */
int listen_there(const struct listen_order *order, struct found_list *list, struct listen_heard *out);

#endif
