/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "therapyctl/fields.h"

static bool coloured;
static unsigned width = 80;

void print_init(bool colours, unsigned columns)
{
	coloured = colours;
	width = columns < 40 ? 80 : columns > 120 ? 120 : columns;
}

size_t print_width(void)
{
	return width;
}

/* ---- pieces ---- */

void print_text(enum colour colour, const char *text)
{
	static const char *const codes[] = {"", "\033[32m", "\033[1;31m", "\033[33m", "\033[2m", "\033[1m"};
	if (coloured && colour != PLAIN)
		printf("%s%s\033[0m", codes[colour], text);
	else
		fputs(text, stdout);
}

/* How many columns UTF-8 text takes: what is shown here has no wide characters. */
size_t print_columns_of(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void print_pad(const char *text, size_t columns)
{
	for (size_t n = print_columns_of(text); n < columns; n++)
		putchar(' ');
}

/* Words, wrapped, each further line indented. The first line begins at column `at`. */
void print_wrap(enum colour colour, const char *text, size_t at, size_t indent)
{
	size_t column = at;
	while (*text) {
		char word[256];
		size_t size = strcspn(text, " ");
		size = size < sizeof word - 1 ? size : sizeof word - 1;
		memcpy(word, text, size);
		word[size] = '\0';
		text += size;
		text += *text == ' ';
		size_t n = print_columns_of(word);
		if (column > indent && column + 1 + n > width) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (column > at || (column > indent && at != column)) {
			putchar(' ');
			column++;
		}
		print_text(colour, word);
		column += n;
	}
	putchar('\n');
}

void print_duration(struct str *s, uint64_t ms)
{
	if (ms < 1000)
		str_add(s, "%u ms", (unsigned)ms);
	else if (ms < 60000)
		str_add(s, "%.*f s", ms < 10000 ? 1 : 0, (double)ms / 1e3);
	else if (ms < 3600000)
		str_add(s, "%u min %02u s", (unsigned)(ms / 60000), (unsigned)(ms / 1000 % 60));
	else if (ms < 48 * 3600000u)
		str_add(s, "%u h %02u min", (unsigned)(ms / 3600000), (unsigned)(ms / 60000 % 60));
	else
		str_add(s, "%u days", (unsigned)(ms / 86400000));
}

static const char *symbol(const char *unit)
{
	static const char *const pairs[][2] = {{"deg", "°"}, {"deg/s", "°/s"}, {"degC", " °C"}};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (strcmp(unit, pairs[i][0]) == 0)
			return pairs[i][1];
	return NULL;
}

void print_quantity(struct str *s, double value, const char *unit)
{
	if (strcmp(unit, "s") == 0 && fabs(value) >= 60) {
		print_duration(s, value > 0 ? (uint64_t)(value * 1e3) : 0);
		return;
	}
	str_add_number(s, value, 2);
	if (symbol(unit))
		str_add(s, "%s", symbol(unit));
	else if (unit[0])
		str_add(s, " %s", unit);
}

/* "12.5 N", "pressed", "unknown". */
void print_value(struct json_object *o, char *out, size_t size)
{
	struct str s;
	str_init(&s, out, size);
	const char *word = field_text(o, "word"), *quality = field_text(o, "quality");
	if (!field_given(o, "value"))
		str_add(&s, "%s", strcmp(quality, "error") == 0 ? "implausible" : "unknown");
	else if (word[0])
		str_add(&s, "%s", word);
	else
		print_quantity(&s, field_number(o, "value"), field_text(o, "unit"));
}

void print_age(struct json_object *o, const char *key, char *out, size_t size)
{
	struct str s;
	str_init(&s, out, size);
	if (field_given(o, key))
		print_duration(&s, field_count(o, key));
	else
		str_add(&s, "never");
}

void print_heading(const char *text)
{
	putchar('\n');
	print_text(BOLD, text);
	putchar('\n');
}

/* ---- what several pages show ---- */

enum colour print_control_colour(struct json_object *o)
{
	if (field_true(o, "granted"))
		return WARN;
	return field_true(o, "permitted") ? GOOD : BAD;
}

void print_control_word(struct json_object *o, char *out, size_t size)
{
	struct str s;
	const char *unit = field_text(o, "unit"), *word = field_text(o, "word");
	str_init(&s, out, size);
	if (field_true(o, "granted") && word[0]) {
		str_add(&s, "on at %s", word);
	} else if (field_true(o, "granted") && unit[0]) {
		str_add(&s, "on at ");
		print_quantity(&s, field_number(o, "value"), unit);
	} else if (field_true(o, "granted")) {
		str_add(&s, "on");
	} else if (field_true(o, "suspended")) {
		str_add(&s, "paused");
	} else {
		str_add(&s, "%s", field_true(o, "permitted") ? "off, may be used" : "off, refused");
	}
}

void print_latch(struct json_object *l)
{
	char since[40], line[512];
	struct str s;
	print_age(l, "since_ms", since, sizeof since);
	str_init(&s, line, sizeof line);
	str_add(&s, "latched %s ago", since);
	if (field_text(l, "control")[0])
		str_add(&s, ", %s.%s", field_text(l, "device"), field_text(l, "control"));
	else if (field_text(l, "rule")[0])
		str_add(&s, ", rule %s", field_text(l, "rule"));
	str_add(&s, ": %s", field_text(l, "why"));
	printf("  ");
	print_text(BAD, "! ");
	print_wrap(PLAIN, line, 4, 4);
}

void print_reset_hint(struct json_object *latches)
{
	size_t can = 0;
	for (size_t i = 0; i < json_object_array_length(latches); i++)
		can += field_true(json_object_array_get_idx(latches, i), "resettable");
	if (json_object_array_length(latches) > 0)
		printf("    %s\n", can ? "When all is well: therapyctl reset (it starts nothing)"
				       : "It cannot be reset yet: first what is wrong must be over");
}
