/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/mischief.h"

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
