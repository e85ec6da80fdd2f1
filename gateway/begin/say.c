/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/say.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool json;

void say_as_json(void)
{
	json = true;
}

bool say_is_json(void)
{
	return json;
}

const char *say_where(const char *terminal, const char *page)
{
	return json ? page : terminal;
}

const char *say_setup(void)
{
	return say_where("`therapy-gateway setup`", "the set-up");
}

/* ---- as JSON ---- */

static void put(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	fflush(stdout);
	json_object_put(object);
}

static void add(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

static void put_one(const char *key, const char *text)
{
	struct json_object *object = json_object_new_object();
	add(object, key, text);
	put(object);
}

/* Ends of line that only keep a terminal's lines short become blanks, in place; those at the edges go. */
static const char *flowing(char *text)
{
	size_t n = strlen(text);
	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	text += strspn(text, "\n ");
	for (char *at = text; *at; at++)
		if (*at == '\n' && at[1] != ' ' && at[1] != '\n' && at > text && at[-1] != '\n')
			*at = ' ';
	return text;
}

static char *format_text(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
static char *format_text(const char *format, va_list args)
{
	char *text = NULL;
	return vasprintf(&text, format, args) < 0 ? NULL : text;
}

/* ---- for all ---- */

void say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = format_text(format, args);
	va_end(args);
	if (!text)
		return;
	if (json)
		put_one("say", flowing(text));
	else
		puts(text);
	fflush(stdout);
	free(text);
}

void say_text(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = format_text(format, args);
	va_end(args);
	if (!text)
		return;
	if (json && text[0])
		put_one("text", text);
	else
		fputs(text, stdout);
	free(text);
}

void say_gap(void)
{
	if (!json)
		putchar('\n');
}

void say_row(const struct say_row *row)
{
	if (!json) {
		printf("  %2u  %-14s  %s\n", row->number, row->role, row->label);
		if (row->note[0])
			printf("      %14s  %s\n", "", row->note);
		return;
	}
	struct json_object *object = json_object_new_object(), *part = json_object_new_object();
	json_object_object_add(part, "number", json_object_new_int64(row->number));
	add(part, "role", row->role);
	add(part, "label", row->label);
	add(part, "note", row->note);
	json_object_object_add(part, "may", json_object_new_boolean(row->may));
	json_object_object_add(part, "plug", json_object_new_boolean(row->plug));
	json_object_object_add(object, "row", part);
	put(object);
}

void say_ask(const char *kind, const char *question, const char *fallback)
{
	struct json_object *object = json_object_new_object();
	add(object, "ask", kind);
	add(object, "question", question);
	add(object, "fallback", fallback ? fallback : "");
	put(object);
}

void say_answer(const char *answer)
{
	put_one("answer", answer);
}

void say_end(const char *what)
{
	if (json)
		put_one("end", what);
}
