/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdio.h>
#include <string.h>

void str_init(struct str *s, char *buffer, size_t cap)
{
	*s = (struct str){.at = buffer, .cap = cap};
	buffer[0] = '\0';
}

void str_addv(struct str *s, const char *format, va_list args)
{
	if (s->overflow)
		return;
	size_t room = s->cap - s->len;
	int n = vsnprintf(s->at + s->len, room, format, args);
	if (n < 0 || (size_t)n >= room) {
		s->at[s->len] = '\0';
		s->overflow = true;
		return;
	}
	s->len += (size_t)n;
}

void str_add(struct str *s, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	str_addv(s, format, args);
	va_end(args);
}

void str_add_bytes(struct str *s, const char *bytes, size_t size)
{
	if (s->overflow)
		return;
	if (size >= s->cap - s->len) {
		s->overflow = true;
		return;
	}
	memcpy(s->at + s->len, bytes, size);
	s->len += size;
	s->at[s->len] = '\0';
}

void str_add_printable(struct str *s, const void *bytes, size_t size, size_t most)
{
	const unsigned char *from = bytes;
	for (size_t i = 0; i < size && i < most; i++) {
		const char c = from[i] >= ' ' && from[i] < 0x7f ? (char)from[i] : '?';
		str_add_bytes(s, &c, 1);
	}
	if (size > most)
		str_add(s, "...");
}

void str_add_cut(struct str *s, const char *text)
{
	static const char cut[] = "...";
	size_t size = strlen(text), room = s->overflow ? 0 : s->cap - s->len - 1;
	if (size <= room) {
		str_add_bytes(s, text, size);
		return;
	}
	if (room < strlen(cut))
		return;
	size = room - strlen(cut);
	while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) /* not before the rest of a character */
		size--;
	str_add_bytes(s, text, size);
	str_add_bytes(s, cut, strlen(cut));
}

void str_add_number(struct str *s, double value, unsigned decimals)
{
	char text[64];
	int n = snprintf(text, sizeof text, "%.*f", (int)decimals, value);
	if (n < 0 || (size_t)n >= sizeof text) {
		str_add(s, "%g", value);
		return;
	}
	size_t len = (size_t)n;
	if (strchr(text, '.')) {
		while (text[len - 1] == '0')
			len--;
		if (text[len - 1] == '.')
			len--;
	}
	if (len == 2 && text[0] == '-' && text[1] == '0')
		str_add_bytes(s, "0", 1);
	else
		str_add_bytes(s, text, len);
}

bool str_copy(char *buffer, size_t cap, const char *text)
{
	size_t n = strlen(text);
	if (n >= cap) {
		buffer[0] = '\0';
		return false;
	}
	memcpy(buffer, text, n + 1);
	return true;
}
