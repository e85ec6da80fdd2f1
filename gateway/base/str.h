/* SPDX-License-Identifier: Apache-2.0
 * A bounded string builder over the caller's buffer. Overflow is sticky: everything after it is dropped, and the user
 * asks once at the end. The buffer is always NUL-terminated. Any thread; no allocation. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
	char *at;
	size_t cap, len;
	bool overflow;
};

/* Starts an empty string in `buffer` of `cap` bytes, cap >= 1. */
void str_init(struct str *s, char *buffer, size_t cap);
/* Appends as printf does, in the C locale. */
void str_add(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_addv(struct str *s, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* Appends `size` bytes as they are. */
void str_add_bytes(struct str *s, const char *bytes, size_t size);
/* Appends bytes from elsewhere for people: what is no printable ASCII becomes '?', what is beyond `most` bytes "...".
 */
void str_add_printable(struct str *s, const void *bytes, size_t size, size_t most);
/* Appends a number as a person reads it: at most `decimals` decimals, no trailing zeros. */
void str_add_number(struct str *s, double value, unsigned decimals);
/* Appends text for people: what does not fit is cut off between two UTF-8 characters, with "..." in its place. It never
 * overflows. */
void str_add_cut(struct str *s, const char *text);
/* Copies `text` into `buffer` of `cap` bytes. False, and an empty buffer, if it does not fit. */
bool str_copy(char *buffer, size_t cap, const char *text);

#endif
