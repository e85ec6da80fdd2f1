/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/home_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "begin/home_edit.h"
#include "begin/place.h"

enum { ADDRESS_MAX = 64 };     /* of the page: an IPv6 address in brackets, and a port */
enum { TEXT_MAX = 64 * 1024 }; /* of what is added: 64 devices of at most 700 bytes */

static void add_device(struct str *s, const struct seen *d, bool heats, bool last)
{
	bool generic = strcmp(d->plugin, "generic") == 0;
	str_add(s, "  { id = \"%s\"; ", d->id);
	if (d->name[0])
		str_add(s, "name = \"%s\"; ", d->name);
	str_add(s, "plugin = \"%s\"; %s = \"%s\"; link = \"%s\";", d->cold ? "cold_pump" : d->plugin,
		generic ? "definition" : "model", d->model, d->link);
	if (d->options[0])
		str_add(s, " options = { %s };", d->options);
	if (d->role == SEEN_PLUG && !d->cold)
		str_add(s, " heats_when_powered = %s;", heats ? "true" : "false");
	str_add(s, " }%s\n", last ? "" : ",");
}

static void add_devices(struct str *s, const struct home_answers *a, const struct seen_list *list)
{
	size_t left = seen_chosen(list);
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].chosen && list->at[i].plugin[0])
			add_device(s, &list->at[i], a->heats_when_powered, --left == 0);
}

static bool has_role(const struct seen_list *list, enum seen_role role)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].chosen && list->at[i].role == role && !list->at[i].cold)
			return true;
	return false;
}

/* A belt that can be told to pull: not what only measures. */
static bool pulls(const struct seen_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].chosen && list->at[i].role == SEEN_BELT && strcmp(list->at[i].model, "firmware") == 0)
			return true;
	return false;
}

static void add_page(struct str *s, const struct home_answers *a)
{
	str_add(s,
		"# For browsers, with a STOP: docs/page.md. What is typed there once stands in the file %s.\n"
		"page = { listen = \"%s\"; token_file = \"%s\"; };\n",
		a->token_file, a->page, a->token_file);
}

char *home_file_new(const struct home_answers *a, const struct seen_list *list)
{
	char *text = malloc(TEXT_MAX);
	struct str s;
	if (!text)
		return NULL;
	str_init(&s, text, TEXT_MAX);
	str_add(&s,
		"# Begun by `therapy-gateway setup`, and yours to change (docs/configuration.md); look it over with\n"
		"# `therapy-gateway check`. An interlock and a logbook, not a medical device.\n"
		"gateway = { id = \"" HOME_FILE_ID "\"; };\n");
	if (a->german)
		str_add(&s, "language = \"de\";\n");
	str_add(&s, "mqtt = { url = \"%s\";", a->url);
	if (a->username[0])
		str_add(&s, " username = \"%s\";", a->username);
	if (a->password_file[0])
		str_add(&s, " password_file = \"%s\";", a->password_file);
	str_add(&s, " };\n");
	if (a->page)
		add_page(&s, a);
	if (has_role(list, SEEN_PLUG))
		str_add(&s,
			"# Not on numb skin, not asleep, not for children: docs/safety.md. Heat is refused without "
			"this line.\n"
			"%sprofile = { heat_acknowledged = true; };\n"
			"# Start low: the rules' own is 20 min. Raise it only as far as a professional has cleared.\n"
			"limits = { heat_time = \"10 min\"; };\n",
			a->heat_acknowledged ? "" : "# ");
	if (pulls(list))
		str_add(&s, "# Powered traction is refused until the profile says weight, cleared_on and cleared_by: "
			    "docs/configuration.md.\n");
	if (a->owns_table || a->owns_traction)
		str_add(&s,
			"# Used, but measured by nothing: what depends on it is refused.\nowned_unmonitored = [ %s%s%s "
			"];\n",
			a->owns_table ? "\"inversion\"" : "", a->owns_table && a->owns_traction ? ", " : "",
			a->owns_traction ? "\"traction\"" : "");
	str_add(&s, "devices = (\n");
	if (has_role(list, SEEN_PLUG))
		str_add(&s, "  # heats_when_powered = false: only switched off from here, for a pad that is switched "
			    "on by hand.\n");
	add_devices(&s, a, list);
	str_add(&s, ");\n");
	if (!s.overflow)
		return text;
	free(text);
	return NULL;
}

/* ---- an existing one ---- */

/* Where the list of devices ends, and behind what its last element ends: NULL where it is empty. */
static bool find_end(const char *text, const char **close, const char **last, bool *comma)
{
	const char *at = home_edit_find(text, "devices");
	unsigned depth = 0;
	*last = NULL;
	*comma = false;
	while (at && *at && *at != '(') {
		const char *behind = home_edit_skip(at);
		at = behind != at ? behind : at + 1;
	}
	if (!at || !*at)
		return false;
	for (at++; *at;) {
		const char *behind = home_edit_skip(at);
		bool aside = behind != at && *at != '"';
		if (*at == ')' && depth == 0) {
			*close = at;
			return true;
		}
		depth += *at == '{' || *at == '(' || *at == '[';
		depth -= depth > 0 && (*at == '}' || *at == ')' || *at == ']');
		if (!aside && !strchr(" \t\r\n", *at)) {
			*comma = *at == ',' && depth == 0;
			*last = behind != at ? behind : at + 1;
		}
		at = behind != at ? behind : at + 1;
	}
	return false;
}

static char *add_to(const char *text, const struct home_answers *a, const struct seen_list *list, char *why,
		    size_t why_size)
{
	const char *close = NULL, *last = NULL;
	bool comma = false;
	struct str s;
	if (!find_end(text, &close, &last, &comma)) {
		snprintf(why, why_size, "it has no `devices = ( ... );` of its own: does it include another file?");
		return NULL;
	}
	size_t room = strlen(text) + TEXT_MAX;
	char *out = malloc(room);
	if (!out)
		return NULL;
	str_init(&s, out, room);
	const char *from = text;
	if (last) {
		str_add_bytes(&s, text, (size_t)(last - text));
		str_add(&s, "%s", comma ? "" : ",");
		from = last;
	}
	str_add_bytes(&s, from, (size_t)(close - from));
	while (s.len > 0 && (out[s.len - 1] == ' ' || out[s.len - 1] == '\t')) /* before the bracket */
		out[--s.len] = '\0';
	str_add(&s, "%s", s.len > 0 && out[s.len - 1] != '\n' ? "\n" : "");
	add_devices(&s, a, list);
	str_add_bytes(&s, close, strlen(close));
	if (!s.overflow)
		return out;
	free(out);
	return NULL;
}

static char *add_profile(const char *text, char *why, size_t why_size)
{
	static const char lines[] = "# Not on numb skin, not asleep, not for children: docs/safety.md.\n"
				    "profile = { heat_acknowledged = true; };\n";
	if (home_edit_find(text, "profile"))
		return home_edit_set(text, "profile", "heat_acknowledged", "true", why, why_size);
	size_t room = strlen(text) + sizeof lines + 1;
	char *out = malloc(room);
	struct str s;
	if (!out)
		return NULL;
	str_init(&s, out, room);
	str_add_bytes(&s, text, strlen(text));
	str_add(&s, "%s%s", s.len > 0 && out[s.len - 1] != '\n' ? "\n" : "", lines);
	return out;
}

static char *set_page(const char *text, const struct home_answers *a, char *why, size_t why_size)
{
	char value[ADDRESS_MAX + 2], *out = NULL;
	struct str s;
	if (home_edit_find(text, "page")) {
		str_init(&s, value, sizeof value);
		str_add(&s, "\"%s\"", a->page);
		return home_edit_set(text, "page", "listen", value, why, why_size);
	}
	size_t room = strlen(text) + ADDRESS_MAX + 512;
	out = malloc(room);
	if (!out)
		return NULL;
	str_init(&s, out, room);
	str_add_bytes(&s, text, strlen(text));
	str_add(&s, "%s", s.len > 0 && out[s.len - 1] != '\n' ? "\n" : "");
	add_page(&s, a);
	return out;
}

static char *set_broker(const char *text, const struct home_answers *a, char *why, size_t why_size)
{
	const struct {
		const char *setting, *value;
	} rows[] = {{"url", a->url}, {"username", a->username}, {"password_file", a->password_file}};
	/* which of two says the password would be a fault, and to take one away is for its owner */
	bool other = a->password_file[0] && home_edit_has(text, "mqtt", "password");
	if (other || (a->username[0] && home_edit_has(text, "mqtt", "username_file"))) {
		snprintf(why, why_size, "its mqtt section has a %s of its own: change that by hand",
			 other ? "password" : "username_file");
		return NULL;
	}
	char *out = strdup(text);
	for (size_t i = 0; out && i < sizeof rows / sizeof *rows; i++) {
		char value[sizeof((struct place *)0)->url + 2], *next = NULL;
		struct str s;
		if (!rows[i].value[0])
			continue;
		str_init(&s, value, sizeof value);
		str_add(&s, "\"%s\"", rows[i].value);
		if (!s.overflow)
			next = home_edit_set(out, "mqtt", rows[i].setting, value, why, why_size);
		free(out);
		out = next;
	}
	return out;
}

char *home_file_change(const char *text, const struct home_change *change, const struct home_answers *answers,
		       const struct seen_list *list, char *why, size_t why_size)
{
	snprintf(why, why_size, "no memory");
	char *out = strdup(text);
	for (unsigned i = 0; out && i < 4; i++) {
		char *next = NULL;
		if (i == 0 && seen_chosen(list) > 0)
			next = add_to(out, answers, list, why, why_size);
		else if (i == 1 && change->acknowledge)
			next = add_profile(out, why, why_size);
		else if (i == 2 && change->broker)
			next = set_broker(out, answers, why, why_size);
		else if (i == 3 && change->page)
			next = set_page(out, answers, why, why_size);
		else
			continue;
		free(out);
		out = next;
	}
	return out;
}
