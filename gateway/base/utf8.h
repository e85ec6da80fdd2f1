/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Is `size` bytes of `text` well-formed UTF-8 (RFC 3629)? What is published is protobuf and JSON, which must be. */
bool utf8_valid(const char *text, size_t size);

#endif
