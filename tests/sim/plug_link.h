/* SPDX-License-Identifier: Apache-2.0
 *
 * plug_link - the plug's connection to the broker: its topics, its last will `tele/<name>/LWT Offline`, its clock. On
 * the loop's thread.
 */
#ifndef SIM_PLUG_LINK_H
#define SIM_PLUG_LINK_H

#include "base/str.h"
#include "sim/broker_port.h"
#include "sim/plug.h"
#include "sim/world.h"

struct plug_link {
	struct world *world;
	struct plug plug;
	struct broker_port broker;
	uint64_t relay_us;      /* when the contacts last moved */
	void (*up)(void *user); /* first time online */
	void *up_user;
};

/* `url` is mqtt://[name:password@]host[:port]. The connection comes later: `up` is called once then. 0 or a negative
 * UV_E* code. */
int plug_link_open(struct plug_link *link, struct world *world, const char *url, const char *name,
		   void (*up)(void *user), void *up_user);
/* The network is gone, or back. The broker sees the connection break and sends the will; the plug's own timer goes on.
 */
void plug_link_network(struct plug_link *link, bool there);
/* Somebody else at the broker says POWER `payload` on the plug's own command topic. It comes round by the broker, like
 * everybody's. */
void plug_link_rogue(struct plug_link *link, const char *payload, bool retained);
void plug_link_state(struct plug_link *link, struct str *s);
void plug_link_close(struct plug_link *link);

#endif
