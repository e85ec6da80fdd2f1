/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>

/* How many bytes the character at `at` has, 0 if it is none. */
static size_t utf8_length(const unsigned char *at, size_t left)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = {{0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
	for (size_t n = 1; n <= 4; n++) {
		if ((at[0] & forms[n - 1].mask) != forms[n - 1].lead)
			continue;
		if (n > left)
			return 0;
		uint32_t point = at[0] & (unsigned char)~forms[n - 1].mask;
		for (size_t i = 1; i < n; i++) {
			if ((at[i] & 0xC0) != 0x80)
				return 0;
			point = point << 6 | (at[i] & 0x3F);
		}
		bool surrogate = point >= 0xD800 && point <= 0xDFFF;
		return point < forms[n - 1].least || point > 0x10FFFF || surrogate ? 0 : n;
	}
	return 0;
}

bool utf8_valid(const char *text, size_t size)
{
	for (size_t at = 0; at < size;) {
		size_t n = utf8_length((const unsigned char *)text + at, size - at);
		if (!n)
			return false;
		at += n;
	}
	return true;
}
