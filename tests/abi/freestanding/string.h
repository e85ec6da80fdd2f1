/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t size);
