/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define REPLACEMENT 0xFFFDu

void text_release(struct text *text)
{
	free(text->at);
	*text = (struct text){0};
}

void text_clear(struct text *text)
{
	text->len = 0;
	if (text->at)
		text->at[0] = '\0';
}

/* For `size` bytes more and a NUL. */
static bool make_room(struct text *text, size_t size)
{
	size_t cap = text->cap ? text->cap : 1024;
	if (text->failed || text->cap - text->len > size)
		return !text->failed;
	while (cap - text->len <= size)
		cap *= 2;
	char *bigger = realloc(text->at, cap);
	if (!bigger) {
		text->failed = true;
		return false;
	}
	text->at = bigger;
	text->cap = cap;
	return true;
}

void text_add_bytes(struct text *text, const char *bytes, size_t size)
{
	if (!make_room(text, size))
		return;
	memcpy(text->at + text->len, bytes, size);
	text->len += size;
	text->at[text->len] = '\0';
}

void text_add(struct text *text, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	if (n >= 0 && make_room(text, (size_t)n)) {
		vsnprintf(text->at + text->len, (size_t)n + 1, format, again);
		text->len += (size_t)n;
	}
	va_end(again);
	va_end(args);
}

/* ---- foreign text ---- */

static bool harmless(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	bool control = c >= 0x7F && c <= 0x9F;
	bool turns = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
	bool none = (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
	return !control && !turns && !none;
}

uint32_t text_next(const char **foreign)
{
	static const unsigned char of_lead[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	const char *at = *foreign;
	size_t left = strnlen(at, 4), n = 1;
	if (left == 0)
		return 0;
	while (n < left && !utf8_valid(at, n))
		n++;
	if (!utf8_valid(at, n)) { /* byte for byte until there is a character again */
		*foreign = at + 1;
		return REPLACEMENT;
	}
	uint32_t c = (unsigned char)at[0] & of_lead[n];
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)at[i] & 0x3F);
	*foreign = at + n;
	return harmless(c) ? c : REPLACEMENT;
}

void text_add_character(struct text *text, uint32_t c)
{
	char bytes[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
	for (size_t i = n; i > 1; i--, c >>= 6)
		bytes[i - 1] = (char)(0x80 | (c & 0x3F));
	bytes[0] = (char)(lead[n] | c);
	text_add_bytes(text, bytes, n);
}

void text_add_line(struct text *text, const char *foreign)
{
	bool blank = false;
	for (uint32_t c; (c = text_next(&foreign)) != 0;) {
		bool gap = c == '\t' || c == '\n' || c == '\r';
		if (!gap)
			text_add_character(text, c);
		else if (!blank)
			text_add_bytes(text, " ", 1);
		blank = gap;
	}
}

void text_add_html(struct text *text, const char *foreign)
{
	for (uint32_t c; (c = text_next(&foreign)) != 0;) {
		if (c == '&')
			text_add(text, "&amp;");
		else if (c == '<')
			text_add(text, "&lt;");
		else if (c == '>')
			text_add(text, "&gt;");
		else if (c == '"')
			text_add(text, "&quot;");
		else if (c == '\'')
			text_add(text, "&#39;");
		else if (c != '\r')
			text_add_character(text, c);
	}
}
