/* SPDX-License-Identifier: Apache-2.0
 *
 * deadman - how long a control may stay energised after something died: for each fault the layers that still act, the
 * bound of each and the one that holds. Computed from the configuration alone; `check` prints it, the gateway publishes
 * it, and the tests compare what they measured with it. docs/dead-man.md explains the layers.
 *
 * Pure: numbers in, numbers out. A bound counts from the fault to the moment at which the device begins to rest.
 */
#ifndef PROMISE_DEADMAN_H
#define PROMISE_DEADMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum deadman_layer {
	DEADMAN_STALE, /* the core misses a reading */
	DEADMAN_LEASE, /* the device process misses the gateway */
	DEADMAN_WILL,  /* the broker misses the device process */
	DEADMAN_TIMER, /* the device misses its renewals */
	DEADMAN_LAYERS,
};

enum deadman_fault {
	DEADMAN_GATEWAY_KILLED,
	DEADMAN_GATEWAY_HUNG,
	DEADMAN_DEVICE_KILLED, /* the process of the device itself */
	DEADMAN_DEVICE_HUNG,
	DEADMAN_BOTH_KILLED,
	DEADMAN_BOTH_HUNG,
	DEADMAN_BROKER_DEAD,
	DEADMAN_NETWORK_CUT,   /* between the gateway's machine and everything else */
	DEADMAN_LINK_CUT,      /* of the device: its radio, its cable */
	DEADMAN_SENSOR_KILLED, /* the process of a sensor that a rule needs */
	DEADMAN_SENSOR_HUNG,
	DEADMAN_SENSOR_SILENT, /* its link holds and says nothing */
	DEADMAN_MACHINE_DEAD,  /* power of the gateway's machine */
	DEADMAN_FAULTS,
};

/* Where the device is reached. */
enum deadman_link {
	DEADMAN_WIRE,   /* serial or TCP: only the device process talks to it */
	DEADMAN_BROKER, /* MQTT */
};

struct deadman_config {
	uint64_t lease_ms;    /* gateway.lease */
	uint64_t deadline_ms; /* gateway.deadline */
	uint64_t silent_ms;   /* a device process is asked after this much silence, ... */
	uint64_t tick_ms;     /* ... and looked at this often */
	uint64_t watchdog_ms; /* a device process whose loop stands still this long is ended by the kernel */
	enum deadman_link link;
	bool has_will;       /* the broker knows how to switch this control off */
	bool broker_here;    /* it runs on the gateway's machine */
	uint64_t alive_ms;   /* mqtt.keep_alive */
	uint64_t timer_ms;   /* the device's own timer; 0: it has none */
	uint64_t rest_ms;    /* its rest sequence takes this long, ... */
	uint64_t ramp_ms;    /* ... and then it ramps down for at most this; 0: a switch */
	uint64_t confirm_ms; /* rest that no reading proves is sent again after this */
	uint64_t load_ms;    /* what it draws or pulls is gone this long after rest; 0: it does not measure that */
	uint64_t age_ms; /* the longest silence of a sensor that its rules bear (core_silence_ms); 0: they need none */
};

struct deadman_bound {
	uint64_t layer_ms[DEADMAN_LAYERS]; /* 0: does not act */
	uint64_t begins_ms;                /* the device begins to rest at the latest; 0: no layer acts */
	uint64_t rests_ms;                 /* and is at rest at the latest; 0: no layer acts */
	enum deadman_layer first;          /* whose bound that is */
	bool affected;                     /* false: the control depends on nothing that this fault takes away */
};

void deadman_compute(const struct deadman_config *config, enum deadman_fault fault, struct deadman_bound *out);

/* Told to rest, and nothing proves it: when the alarm is told, and the cut-off used, at the latest. */
uint64_t deadman_disobeyed_ms(const struct deadman_config *config);

/* "gateway_killed", "lease": names in JSON; and for people, "the gateway is killed". */
const char *deadman_fault_key(enum deadman_fault fault);
const char *deadman_fault_text(enum deadman_fault fault);
const char *deadman_layer_key(enum deadman_layer layer);

#endif
