/* SPDX-License-Identifier: Apache-2.0 */
#include "core/self.h"

#include <ctype.h>
#include <string.h>

/* One place where a text speaks of itself. */
struct mention {
	const char *at;    /* where what has to be replaced begins: "self" or "on(self)" */
	const char *after; /* what follows it */
	const char *key;   /* after "self.", NULL: none */
	size_t key_size;
	bool on; /* within on( ) */
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static const char *skip(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* Is it the word "on" with its parenthesis that ends before `at`? Returns where it begins, or NULL. */
static const char *on_before(const char *text, const char *at)
{
	const char *p = at;
	while (p > text && isspace((unsigned char)p[-1]))
		p--;
	if (p == text || p[-1] != '(')
		return NULL;
	p--;
	while (p > text && isspace((unsigned char)p[-1]))
		p--;
	if (p - text < 2 || p[-1] != 'n' || p[-2] != 'o' || (p - text > 2 && is_word(p[-3])))
		return NULL;
	return p - 2;
}

static bool next_mention(const char *text, const char *from, struct mention *out)
{
	for (const char *at = from; (at = strstr(at, "self")); at += strlen("self")) {
		if ((at > text && (is_word(at[-1]) || at[-1] == '.')) || is_word(at[4]))
			continue;
		const char *on = on_before(text, at);
		*out = (struct mention){.at = at, .after = at + strlen("self"), .on = on != NULL};
		if (*out->after == '.') {
			out->key = out->after + 1;
			while (is_word(out->key[out->key_size]))
				out->key_size++;
			out->after = out->key + out->key_size;
		} else if (on && *skip(out->after) == ')') {
			out->at = on;
			out->after = skip(out->after) + 1;
		}
		return true;
	}
	return false;
}

bool self_fits(const struct home *home, uint32_t device, const char *text)
{
	struct mention m;
	for (const char *at = text; next_mention(text, at, &m); at = m.after) {
		bool has = m.key == NULL ? home->devices[device].n_controls > 0
			   : m.on        ? home_find_control(home, device, m.key, m.key_size) != HOME_NONE
					 : home_find_metric(home, device, m.key, m.key_size) != HOME_NONE;
		if (!has)
			return false;
	}
	return true;
}

uint32_t self_metric(const struct home *home, uint32_t device, const char *text)
{
	struct mention m;
	const char *at = skip(text);
	if (!next_mention(text, text, &m) || m.at != at || !m.key || *skip(m.after) != '\0')
		return HOME_NONE;
	return home_find_metric(home, device, m.key, m.key_size);
}

uint32_t self_unknown(const struct home *home, const struct core_derived *row, const char *text, size_t n_derived,
		      size_t *size, struct str *choices)
{
	struct mention m;
	const struct home_name kind = {row->kind, strlen(row->kind)};
	for (const char *at = text; next_mention(text, at, &m); at = m.after) {
		choices->len = 0;
		if (!m.key || m.on ||
		    home_knows_metric(home, kind, (struct home_name){m.key, m.key_size}, n_derived, choices))
			continue;
		*size = m.key_size;
		return (uint32_t)(m.key - text);
	}
	return HOME_NONE;
}
