/* SPDX-License-Identifier: Apache-2.0
 *
 * paho - one connection through Eclipse Paho's MQTTAsync: opened once, never reopened. A handle that lost its
 * connection still holds what was queued in it and would send that after the next connect, seconds late; so each
 * attempt has a handle of its own, and destroying it drops what it held.
 *
 * No call here waits for the network. All on the loop's thread; what happens is put on the bridge by Paho's threads.
 */
#ifndef BROKER_PAHO_H
#define BROKER_PAHO_H

#include "broker/bridge.h"
#include "broker/broker.h"

#define PAHO_PEERS_MAX 8u

struct paho_target {
	const char *uri;                               /* "tcp://127.0.0.1:1883", "ssl://host:8883" */
	struct sockaddr_storage peers[PAHO_PEERS_MAX]; /* what the other end may be, to find the socket */
	size_t n_peers;
	bool tls;
	bool v5; /* MQTT 5, else 3.1.1 */
};

struct paho;

/* AS_PUBLISHED: the retain flag comes as it was sent. ASIDE: that, nothing of our own, and a refusal does not matter.
 * In 3.1.1 the flag is only set on what was kept, and what is our own does come. */
enum paho_manner { PAHO_PLAIN, PAHO_AS_PUBLISHED, PAHO_ASIDE };

/* Begins to connect. 0 or a negative UV_E* code. */
int paho_open(struct bridge *bridge, const struct broker_config *config, const struct paho_target *target,
	      struct paho **out);
/* Where its socket's descriptor stands, for bridge_slot_take. */
_Atomic int *paho_socket(struct paho *paho);
/* Bytes of the packet that such a message is. */
size_t paho_packet(const struct paho *paho, const char *topic, size_t size, int qos,
		   const struct broker_properties *properties);
/* UV_ENOTCONN, UV_ENOBUFS, UV_EINVAL; the slot is still the caller's then. */
int paho_publish(struct paho *paho, struct bridge_slot *slot, const char *topic, const void *payload, size_t size,
		 bool retained, const struct broker_properties *properties);
int paho_subscribe(struct paho *paho, const char *topic, int qos, enum paho_manner manner);
/* Asks for a clean end; the bridge's `disconnected` follows. with_will: so that the broker publishes the will; in 3.1.1
 * that cannot be asked for, so the connection is cut, and `down` follows. */
int paho_disconnect(struct paho *paho, bool with_will);
/* Breaks the connection without a word, so that the broker publishes the will. */
void paho_cut(struct paho *paho);
/* No callback comes after it. NULL is fine. */
void paho_free(struct paho *paho);

#endif
