/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as bytes and as text, and checksums. Pure.
 */
#ifndef GENERIC_NUMBER_H
#define GENERIC_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "therapy/v1/definition.pb-c.h"

/* Bytes of a binary number; 0: it is none. */
size_t number_size(Therapy__V1__ValueType type);
/* The number in the first number_size bytes. A float may be no number. */
double number_get(Therapy__V1__ValueType type, const uint8_t *bytes);
/* The whole number there, for masks. */
uint64_t number_bits(Therapy__V1__ValueType type, const uint8_t *bytes);
/* The lowest and highest that fit. False: a float, which takes all. */
bool number_range(Therapy__V1__ValueType type, double *min, double *max);
/* Writes it, rounded to a whole number unless it is a float. False, and nothing written: it does not fit. */
bool number_put(Therapy__V1__ValueType type, double value, uint8_t *bytes);

enum number_text {
	NUMBER_FOUND,
	NUMBER_UNKNOWN, /* the device says that it does not know: nan, unavailable, unknown, none, null, or nothing */
	NUMBER_NONE,
};
/* A decimal number with blanks around it, `suffix` behind it if that is not "", and blanks after its sign:
 * "+  12.50kg". No other spelling (0x10, 1,5, inf) is taken for one. */
enum number_text number_of_text(const char *text, const char *suffix, double *out);

/* Bytes of a checksum; 0: there is none. */
size_t checksum_size(Therapy__V1__Checksum kind);
/* Writes the checksum of `size` bytes. */
void checksum_put(Therapy__V1__Checksum kind, const uint8_t *bytes, size_t size, uint8_t *out);

#endif
