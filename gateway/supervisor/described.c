/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/described.h"

#include <stdlib.h>
#include <string.h>

bool described_same(const Therapy__V1__DeviceDescription *a, const Therapy__V1__DeviceDescription *b)
{
	size_t size = therapy__v1__device_description__get_packed_size(a);
	if (size != therapy__v1__device_description__get_packed_size(b))
		return false;
	uint8_t *packed = malloc(size * 2 + 1);
	if (!packed)
		return false;
	therapy__v1__device_description__pack(a, packed);
	therapy__v1__device_description__pack(b, packed + size);
	bool same = memcmp(packed, packed + size, size) == 0;
	free(packed);
	return same;
}

Therapy__V1__DeviceDescription *described_copy(const Therapy__V1__DeviceDescription *said)
{
	size_t size = therapy__v1__device_description__get_packed_size(said);
	uint8_t *packed = malloc(size + 1);
	if (!packed)
		return NULL;
	therapy__v1__device_description__pack(said, packed);
	Therapy__V1__DeviceDescription *copy = therapy__v1__device_description__unpack(NULL, size, packed);
	free(packed);
	return copy;
}
