/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/home_edit.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

const char *home_edit_skip(const char *at)
{
	if (*at == '#' || (at[0] == '/' && at[1] == '/'))
		return at + strcspn(at, "\n");
	if (at[0] == '/' && at[1] == '*') {
		const char *end = strstr(at + 2, "*/");
		return end ? end + 2 : at + strlen(at);
	}
	if (*at == '"') {
		for (at++; *at && *at != '"'; at++)
			at += at[0] == '\\' && at[1];
		return *at ? at + 1 : at;
	}
	return at;
}

static bool word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

const char *home_edit_find(const char *text, const char *setting)
{
	unsigned depth = 0;
	size_t size = strlen(setting);
	for (const char *at = text; *at;) {
		const char *behind = home_edit_skip(at);
		if (behind != at) {
			at = behind;
			continue;
		}
		depth += *at == '{' || *at == '(' || *at == '[';
		depth -= depth > 0 && (*at == '}' || *at == ')' || *at == ']');
		bool begins = at == text || !word_byte(at[-1]);
		if (depth == 0 && begins && strncmp(at, setting, size) == 0 && !word_byte(at[size]))
			return at + size;
		at++;
	}
	return NULL;
}

/* ---- one setting of a group ---- */

struct spot {
	const char *from, *to; /* the value; NULL: the group does not have it */
	const char *last;      /* behind the last word of the group, or behind its '{' */
};

/* Behind blanks and comments. */
static const char *blank(const char *at)
{
	for (;;) {
		const char *behind = *at == '"' ? at : home_edit_skip(at);
		behind += strspn(behind, " \t\r\n");
		if (behind == at)
			return at;
		at = behind;
	}
}

/* Behind the value that begins here: a list or group, texts in quotes one behind the other, or a word. */
static const char *value_end(const char *at)
{
	const char *end = at;
	unsigned depth = 0;
	if (*at == '"') {
		for (; *at == '"'; at = blank(end))
			end = home_edit_skip(at);
		return end;
	}
	if (!strchr("{([", *at))
		return at + strcspn(at, " \t\r\n;,}#/");
	do {
		end = home_edit_skip(at);
		depth += end == at && strchr("{([", *at);
		depth -= end == at && strchr("})]", *at);
		at = end == at ? at + 1 : end;
	} while (*at && depth > 0);
	return at;
}

/* `at`: behind the group's name. False: that is no group in braces, or not as one is written. */
static bool find_spot(const char *at, const char *setting, struct spot *out)
{
	*out = (struct spot){0};
	at = blank(at);
	at = blank(at + (*at == '=' || *at == ':'));
	if (*at != '{')
		return false;
	out->last = ++at;
	for (at = blank(at); *at && *at != '}'; at = blank(at)) {
		const char *name = at;
		while (word_byte(*at))
			at++;
		size_t size = (size_t)(at - name);
		if (size > 0) {
			const char *sign = blank(at);
			if (*sign != '=' && *sign != ':')
				return false;
			const char *value = blank(sign + 1);
			at = value_end(value);
			if (size == strlen(setting) && memcmp(name, setting, size) == 0) {
				out->from = value;
				out->to = at;
			}
		} else if (*at == ';' || *at == ',') {
			at++;
		} else {
			return false;
		}
		out->last = at;
	}
	return *at == '}';
}

bool home_edit_has(const char *text, const char *group, const char *setting)
{
	struct spot spot;
	const char *at = home_edit_find(text, group);
	return at && find_spot(at, setting, &spot) && spot.from;
}

char *home_edit_set(const char *text, const char *group, const char *setting, const char *value, char *why,
		    size_t why_size)
{
	struct spot spot = {0};
	const char *at = home_edit_find(text, group), *rest = text + strlen(text);
	size_t room = strlen(text) + strlen(group) + strlen(setting) + strlen(value) + 32;
	if (at && !find_spot(at, setting, &spot)) {
		snprintf(why, why_size, "%s is no group in braces there", group);
		return NULL;
	}
	char *out = malloc(room);
	struct str s;
	if (!out) {
		snprintf(why, why_size, "no memory");
		return NULL;
	}
	str_init(&s, out, room);
	if (!at) {
		str_add_bytes(&s, text, strlen(text));
		str_add(&s, "%s%s = { %s = %s; };\n", s.len > 0 && out[s.len - 1] != '\n' ? "\n" : "", group, setting,
			value);
	} else if (spot.from) {
		str_add_bytes(&s, text, (size_t)(spot.from - text));
		str_add(&s, "%s", value);
		rest = spot.to;
	} else {
		str_add_bytes(&s, text, (size_t)(spot.last - text));
		str_add(&s, "%s %s = %s;", strchr(";,{", spot.last[-1]) ? "" : ";", setting, value);
		rest = spot.last;
	}
	if (at)
		str_add_bytes(&s, rest, strlen(rest));
	return out;
}

/* ---- the difference ---- */

enum { TABLE_MOST = 4u << 20 }; /* cells; beyond that the changed part is shown as a whole */

struct lines {
	const char **at;
	size_t n;
};

static size_t line_size(const char *at)
{
	return strcspn(at, "\n");
}

static bool same(const char *a, const char *b)
{
	return line_size(a) == line_size(b) && memcmp(a, b, line_size(a)) == 0;
}

static bool split(const char *text, struct lines *out)
{
	size_t n = 1;
	for (const char *at = text; *at; at++)
		n += *at == '\n';
	*out = (struct lines){.at = malloc(n * sizeof *out->at)};
	while (out->at && *text) {
		out->at[out->n++] = text;
		text += line_size(text);
		text += *text == '\n';
	}
	return out->at != NULL;
}

/* A line, but for what stands in quotes behind "password =". */
static void put(struct str *s, char sign, const char *line)
{
	static const char word[] = "password";
	size_t size = line_size(line), from = size, to = size;
	for (size_t i = 0; i + sizeof word <= size && from == size; i++) {
		if (strncmp(line + i, word, sizeof word - 1) != 0 || (i > 0 && word_byte(line[i - 1])))
			continue;
		size_t at = i + sizeof word - 1;
		at += strspn(line + at, " \t=:");
		if (at < size && line[at] == '"') {
			from = at;
			to = (size_t)(home_edit_skip(line + at) - line);
		}
	}
	str_add(s, "%c %.*s", sign, (int)from, line);
	if (from < size)
		str_add(s, "\"(not shown)\"%.*s", (int)(to < size ? size - to : 0), line + (to < size ? to : size));
	str_add(s, "\n");
}

/* `longest[i * (n_new + 1) + j]`: how many lines the parts behind old line i and new line j have in common. */
static uint16_t *common(const char *const *old, size_t n_old, const char *const *fresh, size_t n_new)
{
	if (n_old >= UINT16_MAX || n_new >= UINT16_MAX || (n_old + 1) * (n_new + 1) > TABLE_MOST)
		return NULL;
	uint16_t *longest = calloc((n_old + 1) * (n_new + 1), sizeof *longest);
	for (size_t i = n_old; longest && i-- > 0;)
		for (size_t j = n_new; j-- > 0;) {
			uint16_t *row = longest + i * (n_new + 1), *below = row + n_new + 1;
			uint16_t both = (uint16_t)(below[j + 1] + 1),
				 one = below[j] > row[j + 1] ? below[j] : row[j + 1];
			row[j] = same(old[i], fresh[j]) ? both : one;
		}
	return longest;
}

char *home_edit_difference(const char *old, const char *fresh)
{
	struct lines a = {0}, b = {0};
	size_t head = 0, tail = 0, room = 2 * (strlen(old) + strlen(fresh)) + 1024, i = 0, j = 0;
	char *out = split(old, &a) && split(fresh, &b) ? malloc(room) : NULL;
	uint16_t *longest = NULL;
	struct str s;
	if (out) {
		str_init(&s, out, room);
		while (head < a.n && head < b.n && same(a.at[head], b.at[head]))
			head++;
		while (tail < a.n - head && tail < b.n - head && same(a.at[a.n - 1 - tail], b.at[b.n - 1 - tail]))
			tail++;
		a.n -= head + tail;
		b.n -= head + tail;
		longest = common(a.at + head, a.n, b.at + head, b.n);
	}
	while (out && (i < a.n || j < b.n)) {
		const uint16_t *cell = longest ? longest + i * (b.n + 1) + j : NULL;
		if (i < a.n && j < b.n && cell && same(a.at[head + i], b.at[head + j])) {
			i++;
			j++;
		} else if (i < a.n && (j == b.n || !cell || cell[b.n + 1] >= cell[1])) {
			put(&s, '-', a.at[head + i++]);
		} else {
			put(&s, '+', b.at[head + j++]);
		}
	}
	free(longest);
	free(a.at);
	free(b.at);
	return out;
}
