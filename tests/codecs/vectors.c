/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "vectors.h"

static void give_up(const char *path, unsigned line, const char *why) __attribute__((noreturn));
static void give_up(const char *path, unsigned line, const char *why)
{
	fprintf(stderr, "%s:%u: %s\n", path, line, why);
	exit(2);
}

static char *slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	if (!file)
		give_up(path, 0, "cannot be opened");
	char *text = calloc(1, 1 << 18);
	if (!text || fread(text, 1, (1 << 18) - 1, file) == (1 << 18) - 1)
		give_up(path, 0, "is too long");
	fclose(file);
	return text;
}

/* Ends the line at its comment ("# ", so that text may hold a "#") and strips blanks. */
static char *strip(char *line)
{
	for (char *c = line; *c; c++) {
		if (c[0] == '#' && (c == line || isspace((unsigned char)c[-1])))
			*c = 0;
		if (!*c)
			break;
	}
	while (isspace((unsigned char)*line))
		line++;
	for (size_t n = strlen(line); n > 0 && isspace((unsigned char)line[n - 1]); n--)
		line[n - 1] = 0;
	return line;
}

/* If `line` begins with the word, what follows it; else NULL. */
static char *after(char *line, const char *word)
{
	size_t n = strlen(word);
	if (strncmp(line, word, n) != 0 || (line[n] && line[n] != ' '))
		return NULL;
	line += n;
	while (*line == ' ')
		line++;
	return line;
}

static void add_line(struct vector_line **lines, size_t *n, struct vector_line line)
{
	struct vector_line *more = realloc(*lines, (*n + 1) * sizeof line);
	if (!more)
		give_up("vectors", line.number, "out of memory");
	more[(*n)++] = line;
	*lines = more;
}

void vectors_read(const char *path, const struct therapy_plugin *plugin, struct vector_file *out)
{
	*out = (struct vector_file){.path = strdup(path), .text = slurp(path)};
	unsigned number = 0;
	for (char *at = out->text; at;) {
		char *text = at;
		at = strchr(text, '\n');
		if (at)
			*at++ = 0;
		number++;
		char *line = strip(text), *rest = NULL;
		if (!*line)
			continue;
		if ((rest = after(line, "model"))) {
			for (size_t i = 0; i < plugin->n_models; i++)
				if (strcmp(plugin->models[i].key, rest) == 0)
					out->model = &plugin->models[i];
			if (!out->model)
				give_up(path, number, "the plugin has no such model");
		} else if (after(line, "checksummed")) {
			out->checksummed = true;
		} else if ((rest = after(line, "always"))) {
			add_line(&out->always, &out->n_always, (struct vector_line){rest, number});
		} else {
			add_line(&out->lines, &out->n_lines, (struct vector_line){line, number});
		}
	}
	if (!out->model)
		give_up(path, number, "expected a line 'model KEY'");
}

void vectors_free(struct vector_file *file)
{
	free(file->path);
	free(file->text);
	free(file->lines);
	free(file->always);
}

size_t vectors_find(const struct vector_file *file, struct vector *out, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < file->n_lines; i++) {
		char *name = after(file->lines[i].text, "vector");
		if (!name && n == 0)
			give_up(file->path, file->lines[i].number, "expected 'vector NAME' first");
		if (!name)
			continue;
		if (n == max)
			give_up(file->path, file->lines[i].number, "too many vectors");
		if (n > 0)
			out[n - 1].end = i;
		out[n++] = (struct vector){.file = file, .name = name, .first = i + 1, .end = file->n_lines};
	}
	return n;
}

struct player {
	const struct vector *vector;
	struct session *session;
	const struct vector_line *line;
	size_t compared; /* of the session's lines */
};

static void wrong(const struct player *p, const char *expected, const char *found)
{
	fail_msg("%s:%u: expected '%s', found '%s'", p->vector->file->path, p->line->number, expected, found);
}

static size_t parse_hex(const struct player *p, const char *text, uint8_t *out, size_t max)
{
	size_t n = 0;
	while (*text) {
		char *end = NULL;
		unsigned long value = strtoul(text, &end, 16);
		if (end != text + 2 || value > 0xFF || n == max)
			wrong(p, "bytes like 'A0 01'", text);
		out[n++] = (uint8_t)value;
		text = end;
		while (*text == ' ')
			text++;
	}
	return n;
}

/* Words must be equal; numbers may differ by what is lost in writing them down with two or three decimals. */
static bool same_words(const char *expected, const char *found)
{
	while (*expected && *found) {
		size_t n = strcspn(expected, " "), m = strcspn(found, " ");
		char *expected_end = NULL, *found_end = NULL;
		double a = strtod(expected, &expected_end), b = strtod(found, &found_end);
		bool numbers = expected_end == expected + n && found_end == found + m && memchr(found, '.', m);
		if (numbers ? fabs(a - b) > 0.005 : n != m || memcmp(expected, found, n) != 0)
			return false;
		expected += n + (expected[n] == ' ');
		found += m + (found[m] == ' ');
	}
	return *expected == *found;
}

static void compare(struct player *p, const char *expected)
{
	const struct session *s = p->session;
	if (p->vector->mutate)
		return;
	if (strcmp(expected, "nothing") == 0) {
		if (p->compared < s->n_lines)
			wrong(p, expected, s->lines[p->compared]);
		return;
	}
	if (p->compared == s->n_lines)
		wrong(p, expected, "nothing more");
	if (!same_words(expected, s->lines[p->compared]))
		wrong(p, expected, s->lines[p->compared]);
	p->compared++;
}

/* Before the next step everything that came of the last one must have been expected. */
static void end_step(struct player *p)
{
	if (!p->vector->mutate && p->compared < p->session->n_lines)
		wrong(p, "the step before to bring no more", p->session->lines[p->compared]);
	p->compared = p->session->n_lines = 0;
}

/* "ADDRESS rest" -> the channel; *rest follows it. */
static uint8_t parse_channel(const struct player *p, char *text, char **rest)
{
	char address[128];
	size_t n = strcspn(text, " ");
	snprintf(address, sizeof address, "%.*s", (int)n, text);
	*rest = text + n + (text[n] == ' ');
	return session_channel(p->session->model, address);
}

static void play_message(struct player *p, char *text, bool retained, bool hex)
{
	static uint8_t bytes[SESSION_HELD];
	uint8_t channel = parse_channel(p, text, &text);
	size_t n = strlen(text);
	if (hex)
		n = parse_hex(p, text, bytes, sizeof bytes);
	const uint8_t *given = hex ? bytes : (const uint8_t *)text;
	session_message(p->session, channel, retained, given, n);
}

static void play_tell(struct player *p, char *text)
{
	char verb[64] = "";
	double value = 0;
	if (sscanf(text, "%63s %lf", verb, &value) < 1)
		wrong(p, "tell VERB VALUE", text);
	session_tell(p->session, session_verb(p->session->model, verb), value);
}

static void play_step(struct player *p, char *line)
{
	struct session *s = p->session;
	uint8_t bytes[4096];
	char *rest = NULL;
	if ((rest = after(line, "bytes")))
		session_bytes(s, bytes, parse_hex(p, rest, bytes, sizeof bytes));
	else if ((rest = after(line, "message")))
		play_message(p, rest, false, false);
	else if ((rest = after(line, "retained")))
		play_message(p, rest, true, false);
	else if ((rest = after(line, "binary")))
		play_message(p, rest, false, true);
	else if ((rest = after(line, "tell")))
		play_tell(p, rest);
	else if ((rest = after(line, "at")))
		s->now_ms = strtoull(rest, NULL, 10);
	else if ((rest = after(line, "connect")))
		session_connect(s, (uint32_t)strtoul(rest, NULL, 10));
	else
		wrong(p, "a step or '>'", line);
}

/* "KEY VALUE"; the word lives as long as the file. */
static void set_option(struct session *session, char *text)
{
	char key[64] = "";
	size_t n = strcspn(text, " ");
	snprintf(key, sizeof key, "%.*s", (int)n, text);
	session_set(session, key, text + n + (text[n] == ' '));
}

struct session *vectors_session(const struct vector_file *file)
{
	struct session *session = session_new(file->model);
	session->checksummed = file->checksummed;
	for (size_t i = 0; i < file->n_always; i++)
		set_option(session, file->always[i].text);
	return session;
}

void vectors_play(const struct vector *vector)
{
	struct session *session = vectors_session(vector->file);
	session->mutate = vector->mutate;
	struct player p = {.vector = vector, .session = session, .line = vector->file->lines};
	bool connected = false;
	size_t n_expected = 0;
	for (size_t i = vector->first; i < vector->end; i++) {
		p.line = &vector->file->lines[i];
		char *rest = NULL;
		if ((rest = after(p.line->text, "set"))) {
			set_option(session, rest);
			continue;
		}
		if (!connected)
			session_connect(session, 0);
		connected = true;
		if ((rest = after(p.line->text, ">"))) {
			compare(&p, rest);
			n_expected++;
			continue;
		}
		end_step(&p);
		play_step(&p, p.line->text);
	}
	end_step(&p);
	session_free(session);
	assert_true(n_expected > 0); /* a vector that expects nothing proves nothing */
}
