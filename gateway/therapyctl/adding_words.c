/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/adding_words.h"

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "therapyctl/talk.h"
#include "therapyctl/words.h"

#define TEXT_MOST   512 /* bytes of a note with its NUL; the gateway judges as well */
#define WHAT_MOST   64
#define MINUTES_DAY 1440

struct json_object *adding_words_pain(char **words)
{
	static const char expected[] = "before or after, and a score of 0 (none) to 10 (the worst), like: pain after 3";
	long score = 0;
	int n = words_count(words);
	bool known = n > 0 && (strcmp(words[0], "before") == 0 || strcmp(words[0], "after") == 0);
	if (!known || n != 2 || !words_whole(words[1], 10, &score)) {
		words_refuse("pain",
			     n == 0   ? "nothing"
			     : !known ? words[0]
			     : n == 1 ? "no score"
				      : words[n - 1],
			     expected);
		return NULL;
	}
	struct json_object *order = talk_order("pain");
	talk_add(order, "when", words[0]);
	json_object_object_add(order, "score", json_object_new_int64(score));
	return order;
}

struct json_object *adding_words_note(char **words)
{
	char text[TEXT_MOST];
	struct str s;
	str_init(&s, text, sizeof text);
	if (!words_readable("note", words))
		return NULL;
	if (!words_join(words, &s) || text[strspn(text, " ")] == '\0') {
		words_refuse("note", s.overflow ? "a longer text" : "no text",
			     "what is to be noted of the session, at most 511 bytes");
		return NULL;
	}
	struct json_object *order = talk_order("note");
	talk_add(order, "text", text);
	return order;
}

/* ---- log ---- */

struct activity {
	char text[WHAT_MOST];
	struct str what;
	long minutes;
	const char *note;
};

static bool take_what(struct activity *a, const char *word)
{
	str_add(&a->what, "%s%s", a->what.len ? " " : "", word);
	return true;
}

static bool read_log(char **words, struct activity *a)
{
	static const char expected[] = "WHAT [--minutes N] [--note TEXT], like: log stretching --minutes 15";
	static const struct option known[] = {
	    {"minutes", required_argument, NULL, 'm'}, {"note", required_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
	int n = words_count(words);
	str_init(&a->what, a->text, sizeof a->text);
	if (!words_readable("log", words))
		return false;
	optind = 0; /* main() has read its own already */
	opterr = 0;
	for (int c; (c = getopt_long(n + 1, words - 1, "-:", known, NULL)) != -1;) { /* '-': words come as option 1 */
		if (c == 1)
			take_what(a, optarg);
		else if (c == 'n')
			a->note = optarg;
		else if (c != 'm')
			return words_refuse("log", words[optind - 2], expected);
		else if (!words_whole(optarg, MINUTES_DAY, &a->minutes))
			return words_refuse("log", optarg, "whole minutes, from 0 to 1440");
	}
	for (int i = optind - 1; i < n; i++) /* behind "--" */
		take_what(a, words[i]);
	if (a->what.overflow)
		return words_refuse("log", a->text, "what was done, in at most 63 bytes; more belongs in --note");
	if (a->what.len == 0)
		return words_refuse("log", "nothing that was done", expected);
	return true;
}

struct json_object *adding_words_log(char **words)
{
	struct activity a = {0};
	if (!read_log(words, &a))
		return NULL;
	struct json_object *order = talk_order("log");
	talk_add(order, "what", a.text);
	json_object_object_add(order, "minutes", json_object_new_int64(a.minutes));
	if (a.note)
		talk_add(order, "note", a.note);
	return order;
}
