/* SPDX-License-Identifier: Apache-2.0
 *
 * mischief - what goes wrong between a device and the gateway: frames lost, bits flipped, silence. One per device,
 * owned by the device's port. Counts everything a device made, so that a test can reconcile it with what arrived. Pure.
 */
#ifndef SIM_MISCHIEF_H
#define SIM_MISCHIEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/rng.h"

struct mischief {
	struct rng *rng;
	double drop, corrupt; /* chances per frame, 0 to 1 */
	bool frozen;          /* frames go on, but their values stay what they were */
	uint64_t silent_until_ms;
	uint64_t made; /* frames the device produced = sent + dropped + silenced + overrun + unheard */
	uint64_t sent; /* handed to the link whole; `corrupted` of them spoilt */
	uint64_t corrupted;
	uint64_t dropped;
	uint64_t silenced; /* fell into a gap */
	uint64_t overrun;  /* the link did not take them */
	uint64_t unheard;  /* nobody was connected */
};

/* A sensor that wanders away from the truth, unit per second; it goes on saying plausible things. */
struct drift {
	double per_s;
	uint64_t since_us;
};

/* What it adds to what is true. */
double drift_at(const struct drift *drift, uint64_t now_us);

/* Counts one frame as made and says whether it leaves. It may have a bit flipped in place. Whoever sends it then counts
 * it as sent, overrun or unheard. */
bool mischief_frame(struct mischief *mischief, uint64_t now_ms, uint8_t *bytes, size_t size);

#endif
