/* SPDX-License-Identifier: Apache-2.0
 * What libFuzzer calls. */
#include "life.h"
#include "subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	life_play(subject(), bytes, size);
	return 0;
}
