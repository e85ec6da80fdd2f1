/* SPDX-License-Identifier: Apache-2.0 */
#include "kit/vectors.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX ((size_t)1 << 18)

static bool say(char why[VECTORS_WHY], const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool say(char why[VECTORS_WHY], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why, VECTORS_WHY, format, args);
	va_end(args);
	return false;
}

char *vectors_slurp(const char *path, char why[VECTORS_WHY])
{
	FILE *file = fopen(path, "r");
	char *text = file ? calloc(1, FILE_MAX) : NULL;
	size_t n = text ? fread(text, 1, FILE_MAX - 1, file) : 0;
	bool bad = !text || ferror(file) || n == FILE_MAX - 1 || strlen(text) != n;
	if (file)
		fclose(file);
	if (!bad)
		return text;
	say(why, "%s: cannot be read, expected a text of at most %zu bytes", path, FILE_MAX - 2);
	free(text);
	return NULL;
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
		abort();
	more[(*n)++] = line;
	*lines = more;
}

static bool take_model(struct vector_file *file, const struct therapy_plugin *plugin, const char *key)
{
	for (size_t i = 0; i < plugin->n_models; i++)
		if (strcmp(plugin->models[i].key, key) == 0)
			file->model = &plugin->models[i];
	return file->model != NULL;
}

static bool take_lines(struct vector_file *file, const struct therapy_plugin *plugin, char why[VECTORS_WHY])
{
	unsigned number = 0;
	for (char *at = file->text; at;) {
		char *text = at;
		at = strchr(text, '\n');
		if (at)
			*at++ = 0;
		number++;
		char *line = strip(text), *rest = NULL;
		if (!*line)
			continue;
		if ((rest = after(line, "plugin"))) {
			if (strcmp(plugin->key, rest) != 0)
				return say(why, "%s:%u: is for plugin '%s', found %s", file->path, number, rest,
					   plugin->key);
		} else if ((rest = after(line, "model"))) {
			if (!take_model(file, plugin, rest))
				return say(why, "%s:%u: plugin %s has no model '%s'", file->path, number, plugin->key,
					   rest);
		} else if (after(line, "checksummed")) {
			file->checksummed = true;
		} else if (after(line, "plain")) {
			file->plain = true;
		} else if ((rest = after(line, "always"))) {
			add_line(&file->always, &file->n_always, (struct vector_line){rest, number});
		} else {
			add_line(&file->lines, &file->n_lines, (struct vector_line){line, number});
		}
	}
	return file->model || say(why, "%s:1: expected a line 'model KEY'", file->path);
}

static bool find_vectors(struct vector_file *file, char why[VECTORS_WHY])
{
	file->vectors = calloc(file->n_lines + 1, sizeof *file->vectors);
	if (!file->vectors)
		abort();
	for (size_t i = 0; i < file->n_lines; i++) {
		char *name = after(file->lines[i].text, "vector");
		size_t n = file->n_vectors;
		if (!name && n == 0)
			return say(why, "%s:%u: expected 'vector NAME' first", file->path, file->lines[i].number);
		if (!name)
			continue;
		if (n > 0)
			file->vectors[n - 1].end = i;
		file->vectors[file->n_vectors++] =
		    (struct vector){.file = file, .name = name, .first = i + 1, .end = file->n_lines};
	}
	return file->n_vectors > 0 || say(why, "%s: holds no vector, expected 'vector NAME'", file->path);
}

bool vectors_parse(const char *path, char *text, const struct therapy_plugin *plugin, struct vector_file *out,
		   char why[VECTORS_WHY])
{
	*out = (struct vector_file){.path = strdup(path), .text = text};
	if (!out->path)
		abort();
	if (take_lines(out, plugin, why) && find_vectors(out, why))
		return true;
	vectors_close(out);
	return false;
}

bool vectors_open(const char *path, const struct therapy_plugin *plugin, struct vector_file *out, char why[VECTORS_WHY])
{
	char *text = vectors_slurp(path, why);
	return text && vectors_parse(path, text, plugin, out, why);
}

void vectors_close(struct vector_file *file)
{
	free(file->path);
	free(file->text);
	free(file->lines);
	free(file->always);
	free(file->vectors);
	*file = (struct vector_file){0};
}

static void wrong(struct player *p, const char *expected, const char *found)
{
	if (!p->wrong)
		say(p->why, "%s:%u: vector %s: expected '%s', found '%s'", p->vector->file->path, p->line->number,
		    p->vector->name, expected, found);
	p->wrong = true;
}

static size_t parse_hex(struct player *p, const char *text, uint8_t *out, size_t max)
{
	size_t n = 0;
	while (*text) {
		char *end = NULL;
		unsigned long value = strtoul(text, &end, 16);
		if (end != text + 2 || value > 0xFF || n == max) {
			wrong(p, "bytes like 'A0 01'", text);
			return 0;
		}
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
	if (p->compared == s->n_lines) {
		wrong(p, expected, "nothing more");
		return;
	}
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
static uint8_t parse_channel(struct player *p, char *text, char **rest)
{
	char address[128];
	size_t n = strcspn(text, " ");
	snprintf(address, sizeof address, "%.*s", (int)n, text);
	*rest = text + n + (text[n] == ' ');
	uint8_t channel = session_channel(p->session->model, address);
	if (channel == THERAPY_NONE)
		wrong(p, "the address of one of the model's channels", address);
	return channel;
}

static void play_message(struct player *p, char *text, bool retained, bool hex)
{
	static uint8_t bytes[SESSION_HELD];
	uint8_t channel = parse_channel(p, text, &text);
	size_t n = strlen(text);
	if (p->wrong)
		return;
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
	uint8_t row = session_verb(p->session->model, verb);
	if (row == THERAPY_NONE)
		wrong(p, "one of the model's verbs", verb);
	else
		session_tell(p->session, row, value);
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
static bool set_option(struct session *session, char *text)
{
	char key[64] = "";
	size_t n = strcspn(text, " ");
	snprintf(key, sizeof key, "%.*s", (int)n, text);
	return session_set(session, key, text + n + (text[n] == ' '));
}

struct session *vectors_session(const struct vector_file *file, struct note *note)
{
	struct session *session = session_new(file->model, note);
	session->checksummed = file->checksummed;
	session->plain = file->plain;
	for (size_t i = 0; i < file->n_always; i++)
		if (!set_option(session, file->always[i].text))
			session_break(session, "%s:%u: model %s has no option '%s'", file->path, file->always[i].number,
				      file->model->key, file->always[i].text);
	return session;
}

void player_begin(struct player *p, const struct vector *vector, struct note *note)
{
	*p = (struct player){.vector = vector, .session = vectors_session(vector->file, note), .next = vector->first};
	p->session->mutate = vector->mutate;
	p->line = &vector->file->lines[vector->first - 1];
	snprintf(p->session->caller.note->about, sizeof p->session->caller.note->about, "vector %s%s", vector->name,
		 vector->mutate ? ", its frames damaged" : "");
}

bool player_step(struct player *p)
{
	if (p->wrong || p->next == p->vector->end)
		return false;
	p->line = &p->vector->file->lines[p->next++];
	char *rest = NULL;
	if ((rest = after(p->line->text, "set"))) {
		if (!set_option(p->session, rest))
			wrong(p, "an option of the model", rest);
		return !p->wrong;
	}
	if (!p->connected)
		session_connect(p->session, 0);
	p->connected = true;
	if ((rest = after(p->line->text, ">"))) {
		compare(p, rest);
		p->n_expected++;
		return !p->wrong;
	}
	end_step(p);
	if (!p->wrong)
		play_step(p, p->line->text);
	return !p->wrong;
}

bool player_end(struct player *p)
{
	if (!p->wrong)
		end_step(p);
	if (p->session->n_broken > 0) { /* what did not come may be for that reason only */
		say(p->why, "%s:%u: vector %s: %s", p->vector->file->path, p->line->number, p->vector->name,
		    p->session->broken);
		p->wrong = true;
	}
	if (!p->wrong && p->n_expected == 0) /* it would prove nothing */
		wrong(p, "a line that begins with >", "none");
	return !p->wrong;
}

void player_release(struct player *p)
{
	session_free(p->session);
	p->session = NULL;
}
