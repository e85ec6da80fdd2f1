/* SPDX-License-Identifier: Apache-2.0 */
#include "link/recording.h"

#include <string.h>
#include <uv.h>

/* 31 days: a longer recording is a slip of the keyboard. */
#define LONGEST_MS 2678400000u

static int refuse(const char **why, const char *text)
{
	*why = text;
	return UV_EINVAL;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* What stands for a byte behind a backslash, and the byte. */
static const char escapes[] = "\\rnt";
static const char escaped[] = "\\\r\n\t";

/* From the quote to the last one in the line: quotes within are as they are. */
static int read_text(const char *p, struct recording_line *line, uint8_t *bytes, const char **why)
{
	size_t size = strlen(p);
	while (strchr(" \t\r\n", p[size - 1])) /* the quote ends it */
		size--;
	if (size < 2 || p[size - 1] != '"')
		return refuse(why, "expected text to end with a quote");
	for (const char *end = p++ + size - 1; p < end; p++) {
		uint8_t byte = (uint8_t)*p;
		if (line->size == RECORDING_BYTES_MAX)
			return refuse(why, "expected at most 4096 bytes in a line");
		if (byte < 0x20 || byte > 0x7E)
			return refuse(why, "expected only ASCII in text, other bytes in hexadecimal");
		const char *escape = *p != '\\' ? NULL : ++p < end ? strchr(escapes, *p) : NULL;
		if (byte == '\\' && !escape)
			return refuse(why, "expected \\\\, \\r, \\n or \\t in text");
		bytes[line->size++] = escape ? (uint8_t)escaped[escape - escapes] : byte;
	}
	return line->size > 0 || line->address[0] ? 0 : refuse(why, "expected at least one byte");
}

static int read_bytes(const char *p, struct recording_line *line, uint8_t *bytes, const char **why)
{
	p = skip_blanks(p);
	if (*p == '"')
		return read_text(p, line, bytes, why);
	for (; *p != '\0'; p = skip_blanks(p)) {
		int high = digit(p[0]), low = high < 0 ? -1 : digit(p[1]);
		if (low < 0)
			return refuse(why, "expected bytes as two hexadecimal digits each");
		if (line->size == RECORDING_BYTES_MAX)
			return refuse(why, "expected at most 4096 bytes in a line");
		bytes[line->size++] = (uint8_t)(high * 16 + low);
		p += 2;
	}
	return line->size > 0 ? 0 : refuse(why, "expected at least one byte, or \"\" for a message without any");
}

/* "@ADDRESS" before the bytes of a message; returns what is behind it, NULL: it is none. */
static const char *read_address(const char *p, struct recording_line *line)
{
	size_t n = *p == '@' ? strcspn(p + 1, " \t\r\n") : 0;
	if (*p != '@')
		return p;
	if (n == 0 || n >= sizeof line->address)
		return NULL;
	memcpy(line->address, p + 1, n);
	line->address[n] = '\0';
	return p + 1 + n;
}

/* "retained" before the address. */
static const char *read_retained(const char *p, struct recording_line *line)
{
	static const char word[] = "retained";
	size_t n = sizeof word - 1;
	line->retained = strncmp(p, word, n) == 0 && (p[n] == ' ' || p[n] == '\t' || p[n] == '@');
	return line->retained ? skip_blanks(p + n) : p;
}

int recording_read(const char *text, struct recording_line *out, uint8_t bytes[RECORDING_BYTES_MAX], const char **why)
{
	struct recording_line line = {.kind = RECORDING_NOTHING};
	const char *p = skip_blanks(text);
	if (*p == '\0' || *p == '#') {
		*out = line;
		return 0;
	}
	if (*p < '0' || *p > '9')
		return refuse(why, "expected the time in ms since the start");
	for (; *p >= '0' && *p <= '9'; p++) {
		line.at_ms = line.at_ms * 10 + (uint64_t)(*p - '0');
		if (line.at_ms > LONGEST_MS)
			return refuse(why, "expected a time within 31 days of the start");
	}
	p = skip_blanks(p);
	if (*p != '<' && *p != '>')
		return refuse(why, "expected < (received) or > (sent) after the time");
	line.kind = *p == '<' ? RECORDING_RECEIVED : RECORDING_SENT;
	p = read_address(read_retained(skip_blanks(p + 1), &line), &line);
	if (line.retained && (line.kind == RECORDING_SENT || !line.address[0]))
		return refuse(why, "expected < before, and @ with an address behind 'retained'");
	if (!p)
		return refuse(why, "expected an address of 1 to 255 characters behind @");
	int rc = read_bytes(p, &line, bytes, why);
	if (rc == 0)
		*out = line;
	return rc;
}

/* A message on a topic, or whole lines, that a person can read. What a characteristic or a piece of a byte stream says
 * may look so by chance: commands of one byte do. */
static bool is_text(const struct recording_line *line, const uint8_t *bytes)
{
	if (line->size == 0)
		return true; /* an empty message, on whatever */
	if (line->address[0] ? !strchr(line->address, '/') : bytes[line->size - 1] != '\n')
		return false;
	for (size_t i = 0; i < line->size; i++)
		if ((bytes[i] < 0x20 || bytes[i] > 0x7E) && !strchr("\r\n\t", bytes[i] ? bytes[i] : 1))
			return false;
	return true;
}

static void write_text(struct str *out, const uint8_t *bytes, size_t size)
{
	str_add(out, " \"");
	for (size_t i = 0; i < size; i++) {
		const char *at = strchr(escaped, bytes[i]);
		const char two[2] = {at ? '\\' : (char)bytes[i], at ? escapes[at - escaped] : '\0'};
		str_add_bytes(out, two, at ? 2 : 1);
	}
	str_add(out, "\"");
}

bool recording_write(struct str *out, const struct recording_line *line, const uint8_t *bytes)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = strlen(line->address);
	bool sent = line->kind == RECORDING_SENT;
	if (line->kind == RECORDING_NOTHING || line->at_ms > LONGEST_MS || (line->size == 0 && n == 0) ||
	    line->size > RECORDING_BYTES_MAX || strcspn(line->address, " \t\r\n") != n ||
	    out->cap - out->len <= RECORDING_LINE_MAX)
		return false;
	str_add(out, "%-6llu %c%s%s%s", (unsigned long long)line->at_ms, sent ? '>' : '<',
		line->retained && !sent ? " retained" : "", n > 0 ? " @" : "", line->address);
	if (is_text(line, bytes)) {
		write_text(out, bytes, line->size);
		return true;
	}
	for (size_t i = 0; i < line->size; i++) {
		const char byte[3] = {' ', digits[bytes[i] >> 4], digits[bytes[i] & 0x0F]};
		str_add_bytes(out, byte, sizeof byte);
	}
	return true;
}
