/* SPDX-License-Identifier: Apache-2.0
 * Chance that can be repeated: the same seed gives the same faults (splitmix64, Steele, Lea and Flood 2014). */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state; /* any value is a good seed */
};

uint64_t rng_next(struct rng *rng);
/* 0 <= x < 1 */
double rng_unit(struct rng *rng);

#endif
