/* SPDX-License-Identifier: Apache-2.0
 *
 * testing_gate - stands before a broker and does not let MQTT 5 in, as brokers do that do not know it; 3.1.1 it passes
 * on. A thread of its own. Test files only; failures end the test through cmocka.
 */
#ifndef BROKER_TESTING_GATE_H
#define BROKER_TESTING_GATE_H

#include <stdatomic.h>
#include <stdint.h>
#include <uv.h>

enum testing_gate_manner {
	GATE_OPEN,      /* lets all in */
	GATE_SAYS_1,    /* answers MQTT 5 as 3.1.1 has it: CONNACK 1 */
	GATE_SAYS_0x84, /* as MQTT 5 has it */
	GATE_HANGS_UP,  /* without a word */
	GATE_SHUT,      /* hangs up on all */
};

struct testing_gate {
	char url[64];
	_Atomic enum testing_gate_manner manner;
	atomic_uint refused5, refused; /* who wanted in with MQTT 5; with anything */
	uint16_t upstream;
	int listener, stop[2];
	uv_thread_t thread;
};

/* Before the broker at `upstream`, a port on loopback. */
void testing_gate_start(struct testing_gate *gate, enum testing_gate_manner manner, uint16_t upstream);
void testing_gate_stop(struct testing_gate *gate);

#endif
