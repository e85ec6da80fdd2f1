/* SPDX-License-Identifier: Apache-2.0
 * Text that grows, and text from elsewhere made harmless: names and notes are what people typed into some other
 * program. What is no well-formed UTF-8, controls a terminal, turns the direction of reading or cannot stand in XML
 * becomes U+FFFD. Memory that runs out is sticky, as an overflow of base/str.h is: the user asks once at the end. Any
 * thread. */
#ifndef THERAPYCTL_TEXT_H
#define THERAPYCTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *at; /* NUL-terminated, or NULL: nothing yet */
	size_t len, cap;
	bool failed; /* no memory */
};

void text_release(struct text *text);
/* Empty again, with its memory. */
void text_clear(struct text *text);
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *text, const char *bytes, size_t size);

/* The next character of foreign text, 0 at its end. Of control characters only tab, line feed and carriage return come
 * through. */
uint32_t text_next(const char **foreign);
void text_add_character(struct text *text, uint32_t character);
/* Foreign text in one line: each run of tabs and line ends is a blank. */
void text_add_line(struct text *text, const char *foreign);
/* Foreign text as the contents of an element or of a quoted attribute of HTML or XML. Line ends stay. */
void text_add_html(struct text *text, const char *foreign);

#endif
