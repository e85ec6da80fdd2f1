/* SPDX-License-Identifier: Apache-2.0
 * What paho.c and paho_hear.c share; nobody else includes it. */
#ifndef BROKER_PAHO_INSIDE_H
#define BROKER_PAHO_INSIDE_H

#include "broker/paho.h"

struct paho {
	MQTTAsync handle;
	struct bridge *bridge;
	_Atomic int fd; /* Paho's socket while connected, else -1 */
	bool v5;
	struct sockaddr_storage peers[PAHO_PEERS_MAX];
	size_t n_peers;
};

/* paho_hear.c: fill in whom Paho is to tell. On the loop's thread; what is told comes on Paho's. */
int paho_hear(struct paho *paho);
void paho_hear_connect(struct paho *paho, MQTTAsync_connectOptions *options);
void paho_hear_publish(const struct paho *paho, struct bridge_slot *slot, MQTTAsync_responseOptions *response);
void paho_hear_subscribe(struct paho *paho, bool aside, MQTTAsync_responseOptions *response);
void paho_hear_disconnect(struct paho *paho, MQTTAsync_disconnectOptions *options);

#endif
