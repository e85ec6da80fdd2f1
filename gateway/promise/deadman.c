/* SPDX-License-Identifier: Apache-2.0 */
#include "promise/deadman.h"

/* A program that should run may wait for a processor, and a message that left is still on its way. The worst renewal
 * under heavy load came 100 ms late; two such waits, and as much again. Part of every bound, once. */
#define LATE_MS 500u
/* A broker looks for silent clients in rounds: mosquitto 2.0.11 found one up to 6 s after 1.5 keep-alives. */
#define ROUND_MS 6000u
/* The clock of a cheap microcontroller, and how often its firmware looks at it (Tasmota: every 100 ms). */
#define CLOCK_PART 50u /* 2 % */
#define LOOK_MS    100u

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The lease was renewed just before the fault, and is what the gateway gave: it runs out in full. */
static uint64_t lease_bound(const struct deadman_config *c)
{
	return c->lease_ms + LATE_MS;
}

/* A device process that has just said something hangs. Missed after silent_ms, seen at the next tick, asked; one that
 * has not answered when its deadline is over is ended at the tick after. If that takes longer than its own watchdog,
 * which the kernel keeps, or if the gateway hangs with it, the watchdog ends it. */
static uint64_t hang_found(const struct deadman_config *c, bool gateway_runs)
{
	uint64_t asked = c->silent_ms + c->tick_ms + c->deadline_ms + c->tick_ms;
	return gateway_runs ? sooner(asked, c->watchdog_ms) : c->watchdog_ms;
}

/* `after_ms` until the kernel closes the process's connection; then the broker sends the will. */
static uint64_t will_bound(const struct deadman_config *c, uint64_t after_ms)
{
	return c->link == DEADMAN_BROKER && c->has_will ? after_ms + LATE_MS : 0;
}

/* Nothing closes the connection: the broker misses what should come every alive_ms, and MQTT gives it 1.5 times that.
 */
static uint64_t will_after_silence(const struct deadman_config *c)
{
	return will_bound(c, c->alive_ms + c->alive_ms / 2 + ROUND_MS);
}

/* The last renewal arrived just before the fault, or is still on its way: the timer runs out in full after it. */
static uint64_t timer_bound(const struct deadman_config *c)
{
	return c->timer_ms ? c->timer_ms + c->timer_ms / CLOCK_PART + LOOK_MS + LATE_MS : 0;
}

static void fill(const struct deadman_config *c, enum deadman_fault fault, uint64_t layer_ms[DEADMAN_LAYERS])
{
	switch (fault) {
	case DEADMAN_GATEWAY_KILLED:
		/* The kernel closes the pipe: the device process need not wait for its lease. */
		layer_ms[DEADMAN_LEASE] = LATE_MS;
		break;
	case DEADMAN_GATEWAY_HUNG:
		layer_ms[DEADMAN_LEASE] = lease_bound(c);
		break;
	case DEADMAN_DEVICE_KILLED:
	case DEADMAN_BOTH_KILLED:
		/* That the gateway starts the process again, which then tells its device to rest, is not counted on. */
		layer_ms[DEADMAN_WILL] = will_bound(c, 0);
		layer_ms[DEADMAN_TIMER] = timer_bound(c);
		break;
	case DEADMAN_DEVICE_HUNG:
		layer_ms[DEADMAN_WILL] = will_bound(c, hang_found(c, true));
		layer_ms[DEADMAN_TIMER] = timer_bound(c);
		break;
	case DEADMAN_BOTH_HUNG:
		layer_ms[DEADMAN_WILL] = will_bound(c, hang_found(c, false));
		layer_ms[DEADMAN_TIMER] = timer_bound(c);
		break;
	case DEADMAN_BROKER_DEAD:
		/* It carried the renewals and would have carried the OFF and the will. */
		layer_ms[DEADMAN_TIMER] = c->link == DEADMAN_BROKER ? timer_bound(c) : 0;
		break;
	case DEADMAN_NETWORK_CUT:
		/* The broker reaches the device still, if it is on the far side. One on this machine is cut off like a
		 * device on a wire; whether the wire goes over the network that was cut is not known here: assume it.
		 */
		layer_ms[DEADMAN_WILL] = c->broker_here ? 0 : will_after_silence(c);
		layer_ms[DEADMAN_TIMER] = timer_bound(c);
		break;
	case DEADMAN_LINK_CUT:
		/* Whoever finds out cannot tell the device. */
		layer_ms[DEADMAN_TIMER] = timer_bound(c);
		break;
	case DEADMAN_SENSOR_KILLED:
		/* Its socket closes, its readings are unknown from then on, and the lease is withdrawn. */
		layer_ms[DEADMAN_STALE] = c->age_ms ? LATE_MS : 0;
		break;
	case DEADMAN_SENSOR_HUNG:
		/* Its last reading gets too old, unless the process is found out and ended before. */
		layer_ms[DEADMAN_STALE] = c->age_ms ? sooner(c->age_ms, hang_found(c, true)) + LATE_MS : 0;
		break;
	case DEADMAN_SENSOR_SILENT:
		layer_ms[DEADMAN_STALE] = c->age_ms ? c->age_ms + LATE_MS : 0;
		break;
	case DEADMAN_MACHINE_DEAD:
		/* No kernel is left to close a connection. A broker elsewhere misses its client. */
		layer_ms[DEADMAN_WILL] = c->broker_here ? 0 : will_after_silence(c);
		layer_ms[DEADMAN_TIMER] = timer_bound(c);
		break;
	case DEADMAN_FAULTS:
		break;
	}
}

static bool is_affected(const struct deadman_config *c, enum deadman_fault fault)
{
	switch (fault) {
	case DEADMAN_BROKER_DEAD:
		return c->link == DEADMAN_BROKER;
	case DEADMAN_SENSOR_KILLED:
	case DEADMAN_SENSOR_HUNG:
	case DEADMAN_SENSOR_SILENT:
		return c->age_ms > 0;
	default:
		return true;
	}
}

void deadman_compute(const struct deadman_config *config, enum deadman_fault fault, struct deadman_bound *out)
{
	*out = (struct deadman_bound){.affected = is_affected(config, fault)};
	fill(config, fault, out->layer_ms);
	for (int i = 0; i < DEADMAN_LAYERS; i++) {
		uint64_t ms = out->layer_ms[i];
		if (ms == 0 || (out->begins_ms != 0 && ms >= out->begins_ms))
			continue;
		out->begins_ms = ms;
		out->first = (enum deadman_layer)i;
	}
	if (out->begins_ms != 0)
		out->rests_ms = out->begins_ms + config->rest_ms + config->ramp_ms;
}

uint64_t deadman_disobeyed_ms(const struct deadman_config *config)
{
	/* Three repetitions and the wait for the answer to the last, each after the sequence it repeats. */
	enum { TOLD = 4 };
	return config->confirm_ms ? TOLD * (config->confirm_ms + config->rest_ms) + LATE_MS : 0;
}

static const struct {
	const char *key, *text;
} faults[DEADMAN_FAULTS] = {
    [DEADMAN_GATEWAY_KILLED] = {"gateway_killed", "gateway process killed"},
    [DEADMAN_GATEWAY_HUNG] = {"gateway_hung", "gateway process hung"},
    [DEADMAN_DEVICE_KILLED] = {"device_killed", "device process killed"},
    [DEADMAN_DEVICE_HUNG] = {"device_hung", "device process hung"},
    [DEADMAN_BOTH_KILLED] = {"both_killed", "both killed"},
    [DEADMAN_BOTH_HUNG] = {"both_hung", "both hung"},
    [DEADMAN_BROKER_DEAD] = {"broker_dead", "broker dead"},
    [DEADMAN_NETWORK_CUT] = {"network_cut", "network of the gateway cut"},
    [DEADMAN_LINK_CUT] = {"link_cut", "link of the device cut"},
    [DEADMAN_SENSOR_KILLED] = {"sensor_killed", "process of a sensor killed"},
    [DEADMAN_SENSOR_HUNG] = {"sensor_hung", "process of a sensor hung"},
    [DEADMAN_SENSOR_SILENT] = {"sensor_silent", "sensor silent"},
    [DEADMAN_MACHINE_DEAD] = {"machine_dead", "machine of the gateway dead"},
};

const char *deadman_fault_key(enum deadman_fault fault)
{
	return faults[fault].key;
}

const char *deadman_fault_text(enum deadman_fault fault)
{
	return faults[fault].text;
}

const char *deadman_layer_key(enum deadman_layer layer)
{
	static const char *const keys[DEADMAN_LAYERS] = {"stale", "lease", "will", "timer"};
	return keys[layer];
}
