/* SPDX-License-Identifier: Apache-2.0
 * What every page of therapyctl is made of: coloured words, wrapped sentences, values with their units. Columns are
 * counted in characters, not bytes. Prints on standard output. */
#ifndef THERAPYCTL_PRINT_H
#define THERAPYCTL_PRINT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum colour { PLAIN, GOOD, BAD, WARN, DIM, BOLD };

void print_init(bool colours, unsigned columns);
/* Columns of a line. */
size_t print_width(void);
void print_text(enum colour colour, const char *text);
void print_heading(const char *text);
size_t print_columns_of(const char *text);
/* Spaces, until what began with `text` takes so many columns. */
void print_pad(const char *text, size_t columns);
/* Words, wrapped, each further line indented, and the line's end. The first line begins at column `at`. */
void print_wrap(enum colour colour, const char *text, size_t at, size_t indent);

void print_duration(struct str *s, uint64_t ms);
void print_quantity(struct str *s, double value, const char *unit);
/* "12.5 N", "pressed", "unknown" of a reading. */
void print_value(struct json_object *reading, char *out, size_t size);
/* "3 min 05 s" of a member in ms; "never" if it is null. */
void print_age(struct json_object *o, const char *key, char *out, size_t size);

enum colour print_control_colour(struct json_object *control);
/* "on at 80 N", "off, refused". */
void print_control_word(struct json_object *control, char *out, size_t size);
void print_latch(struct json_object *latch);
void print_reset_hint(struct json_object *latches);

#endif
