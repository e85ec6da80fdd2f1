/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/mischief.h"

double drift_at(const struct drift *drift, uint64_t now_us)
{
	return now_us > drift->since_us ? drift->per_s * (double)(now_us - drift->since_us) / 1e6 : 0;
}

bool mischief_frame(struct mischief *mischief, uint64_t now_ms, uint8_t *bytes, size_t size)
{
	mischief->made++;
	if (now_ms < mischief->silent_until_ms) {
		mischief->silenced++;
		return false;
	}
	if (mischief->drop > 0 && rng_unit(mischief->rng) < mischief->drop) {
		mischief->dropped++;
		return false;
	}
	if (mischief->corrupt > 0 && size > 0 && rng_unit(mischief->rng) < mischief->corrupt) {
		uint64_t bit = rng_next(mischief->rng) % (size * 8);
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		mischief->corrupted++;
	}
	return true;
}
