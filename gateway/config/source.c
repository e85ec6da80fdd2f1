/* SPDX-License-Identifier: Apache-2.0 */
#include "config/source.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "config/text.h"

static int read_all(int fd, char *text, size_t size)
{
	size_t got = 0;
	while (got < size) {
		ssize_t n = read(fd, text + got, size - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO; /* shorter than it was: somebody writes it just now */
		got += (size_t)n;
	}
	return 0;
}

int source_read(struct arena *arena, const char *file, size_t max, struct source *out, char why[256])
{
	struct stat st;
	int result = -1;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		snprintf(why, 256, "cannot be read: %s", strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		snprintf(why, 256, "is not a regular file");
	} else if ((size_t)st.st_size > max) {
		snprintf(why, 256, "has %lld bytes, expected at most %zu", (long long)st.st_size, max);
	} else {
		size_t size = (size_t)st.st_size;
		char *text = arena_new(arena, size + 1, 1);
		int error = read_all(fd, text, size);
		if (error) {
			snprintf(why, 256, "cannot be read: %s", strerror(-error));
		} else {
			*out = (struct source){.file = file, .text = text, .size = size, .mode = st.st_mode & 07777};
			result = 0;
		}
	}
	if (fd >= 0)
		close(fd);
	return result;
}

void source_line(const struct source *source, unsigned line, char *out, size_t cap)
{
	const char *at = source->text, *before = at;
	for (unsigned i = 1; i < line && at; i++) {
		before = at;
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	out[0] = 0;
	if (!at)
		return;
	size_t n = strcspn(at, "\r\n\"");
	if (memmem(before, (size_t)(at + n - before), "password", 8))
		return;
	while (n && (*at == ' ' || *at == '\t')) {
		at++;
		n--;
	}
	while (n && (at[n - 1] == ' ' || at[n - 1] == '\t'))
		n--;
	snprintf(out, cap, "%.*s", (int)(n < cap - 1 ? n : cap - 1), at);
}

/* ---- looking it over ---- */

struct bracket {
	char close;
	unsigned line, members;
};

struct scan {
	const struct source *source;
	struct faults *faults;
	const char *at, *end;
	unsigned line;
	bool fatal;
	unsigned overflows;
	size_t string_bytes; /* of the strings that stand next to each other: libconfig joins them */
	unsigned depth;
	struct bracket open[SOURCE_DEPTH_MAX + 1];
};

#define scan_fatal(s, line, ...)                                                                                       \
	do {                                                                                                           \
		faults_add((s)->faults, (s)->source->file, line, __VA_ARGS__);                                         \
		(s)->fatal = true;                                                                                     \
	} while (0)

static bool at_text(const struct scan *s, const char *text)
{
	size_t n = strlen(text);
	return (size_t)(s->end - s->at) >= n && memcmp(s->at, text, n) == 0;
}

static void scan_comment(struct scan *s)
{
	unsigned line = s->line;
	for (s->at += 2; s->at < s->end; s->at++) {
		if (at_text(s, "*/")) {
			s->at += 2;
			return;
		}
		s->line += *s->at == '\n';
	}
	scan_fatal(s, line, "this comment is never closed: expected */");
}

static void scan_string(struct scan *s)
{
	unsigned line = s->line;
	const char *from = ++s->at;
	for (; s->at < s->end && *s->at != '"'; s->at++) {
		s->line += *s->at == '\n';
		if (*s->at == '\\' && s->at + 1 < s->end) {
			s->at++;
			s->line += *s->at == '\n';
			if (s->end - s->at >= 3 && memcmp(s->at, "x00", 3) == 0) {
				scan_fatal(s, s->line,
					   "found \\x00 in a text, expected none: what follows it would be lost");
				return;
			}
		}
	}
	if (s->at >= s->end) {
		scan_fatal(s, line, "this text is never closed: expected another \" at its end");
		return;
	}
	s->string_bytes += (size_t)(s->at++ - from);
	if (s->string_bytes > SOURCE_STRING_MAX)
		scan_fatal(s, line, "this text has %zu bytes, expected at most %u", s->string_bytes, SOURCE_STRING_MAX);
}

/* libconfig's numbers: 12, 0x0C, either with L behind for 64 bits, 1.5e3. */
static void scan_number(struct scan *s)
{
	const char *from = s->at;
	bool hex = from[0] == '0' && (from[1] == 'x' || from[1] == 'X');
	while (s->at < s->end && (isalnum((unsigned char)*s->at) || *s->at == '.' ||
				  ((*s->at == '-' || *s->at == '+') &&
				   (s->at == from || (!hex && (s->at[-1] == 'e' || s->at[-1] == 'E'))))))
		s->at++;
	char text[64];
	size_t n = (size_t)(s->at - from);
	if (n >= sizeof text) {
		scan_fatal(s, s->line, "this number has %zu digits, expected at most %zu", n, sizeof text - 1);
		return;
	}
	memcpy(text, from, n);
	text[n] = 0;
	char *end, *float_end;
	errno = 0;
	long long value = strtoll(text, &end, hex ? 16 : 10);
	bool overflow = errno == ERANGE;
	double number = strtod(text, &float_end);
	if (!hex && float_end > end) /* it goes on as a fraction or an exponent */
		overflow = isinf(number);
	else
		overflow = overflow || (*end != 'L' && (value > INT_MAX || value < INT_MIN));
	if (!overflow)
		return;
	faults_add(s->faults, s->source->file, s->line, "found %s, which is too large: expected %d to %d", text,
		   INT_MIN, INT_MAX);
	s->fatal = ++s->overflows == SOURCE_OVERFLOWS_MAX;
}

static void scan_open(struct scan *s, char close)
{
	s->at++;
	if (s->depth == SOURCE_DEPTH_MAX) {
		scan_fatal(s, s->line, "brackets stand more than %u deep here, expected at most 4", SOURCE_DEPTH_MAX);
		return;
	}
	s->open[++s->depth] = (struct bracket){.close = close, .line = s->line};
}

static void scan_close(struct scan *s)
{
	const struct bracket *open = &s->open[s->depth];
	if (!s->depth)
		scan_fatal(s, s->line, "found %c, but there is no bracket open here", *s->at);
	else if (open->close != *s->at)
		scan_fatal(s, s->line, "found %c, expected %c for the bracket opened in line %u", *s->at, open->close,
			   open->line);
	else
		s->depth--;
	s->at++;
}

static void scan_member(struct scan *s)
{
	s->at++;
	if (++s->open[s->depth].members > SOURCE_MEMBERS_MAX)
		scan_fatal(s, s->line, "more than %u settings stand in one group here", SOURCE_MEMBERS_MAX);
}

static void scan_other(struct scan *s)
{
	unsigned char c = (unsigned char)*s->at;
	if (isalpha(c) || c == '*') {
		while (s->at < s->end &&
		       (isalnum((unsigned char)*s->at) || *s->at == '-' || *s->at == '_' || *s->at == '*'))
			s->at++;
	} else if (at_text(s, "@include")) {
		/* libconfig would look for it beside the main file only, and read it unchecked */
		scan_fatal(s, s->line, "@include is not supported: rules in other files are named with rule_files");
	} else if (isdigit(c) || c == '-' || c == '+' || c == '.') {
		scan_number(s);
	} else {
		s->at++;
	}
}

static void scan_token(struct scan *s)
{
	char c = *s->at;
	if (c == ' ' || c == '\t' || c == '\r') {
		s->at++;
		return;
	}
	if (c == '\n') {
		s->line++;
		s->at++;
		return;
	}
	if (c == '#' || at_text(s, "//")) {
		while (s->at < s->end && *s->at != '\n')
			s->at++;
		return;
	}
	if (at_text(s, "/*")) {
		scan_comment(s);
		return;
	}
	if (c == '"') {
		scan_string(s);
		return;
	}
	s->string_bytes = 0;
	if (c == '{' || c == '(' || c == '[')
		scan_open(s, c == '{' ? '}' : c == '(' ? ')' : ']');
	else if (c == '}' || c == ')' || c == ']')
		scan_close(s);
	else if (c == '=' || c == ':')
		scan_member(s);
	else
		scan_other(s);
}

/* What is no text at all: found first, so that nothing else need look for it. */
static void check_bytes(struct scan *s)
{
	const char *from = s->at;
	if (at_text(s, "\xEF\xBB\xBF"))
		scan_fatal(s, 1, "starts with a byte order mark: expected UTF-8 without one");
	for (unsigned line = 1; from < s->end && !s->fatal; line++) {
		const char *newline = memchr(from, '\n', (size_t)(s->end - from));
		size_t n = (size_t)((newline ? newline : s->end) - from);
		if (memchr(from, 0, n))
			scan_fatal(s, line, "found a NUL byte, expected text");
		else if (!utf8_valid(from, n))
			scan_fatal(s, line, "found bytes that are not UTF-8");
		from += n + 1;
	}
}

bool source_check(const struct source *source, struct faults *faults)
{
	struct scan s = {
	    .source = source, .faults = faults, .at = source->text, .end = source->text + source->size, .line = 1};
	check_bytes(&s);
	while (s.at < s.end && !s.fatal)
		scan_token(&s);
	if (!s.fatal && s.depth)
		scan_fatal(&s, s.open[s.depth].line, "this bracket is never closed: expected %c",
			   s.open[s.depth].close);
	return !s.fatal;
}
