/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/plan_words.h"

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "therapyctl/fields.h"
#include "therapyctl/talk.h"
#include "therapyctl/words.h"

#define SET "set [--remind 08:00,19:30 | --remind none] [--quiet 22:00-07:00 | --quiet none] [--beyond-60 yes|no]"

/* "08:00" */
static bool is_time(const char *text, size_t size)
{
	if (size != 5 || text[2] != ':')
		return false;
	for (size_t i = 0; i < size; i++)
		if (i != 2 && (text[i] < '0' || text[i] > '9'))
			return false;
	return (text[0] - '0') * 10 + text[1] - '0' < 24 && text[3] < '6';
}

static bool add_time(struct json_object *list, const char *text, size_t size)
{
	if (!is_time(text, size))
		return false;
	json_object_array_add(list, json_object_new_string_len(text, (int)size));
	return true;
}

static bool take_remind(struct json_object *order, const char *text)
{
	struct json_object *list = json_object_new_array();
	bool good = true;
	for (const char *at = text; good && strcmp(text, "none") != 0;) {
		size_t size = strcspn(at, ",");
		good = add_time(list, at, size);
		if (!at[size])
			break;
		at += size + 1;
	}
	json_object_object_add(order, "remind", list);
	return good || words_refuse("plan", text, "times of day like 08:00,19:30, or none");
}

static bool take_quiet(struct json_object *order, const char *text)
{
	if (strcmp(text, "none") == 0) {
		json_object_object_add(order, "quiet", NULL);
		return true;
	}
	struct json_object *list = json_object_new_array();
	size_t size = strcspn(text, "-");
	bool good = text[size] == '-' && add_time(list, text, size) &&
		    add_time(list, text + size + 1, strlen(text + size + 1)) &&
		    strncmp(text, text + size + 1, size) != 0;
	json_object_object_add(order, "quiet", list);
	return good || words_refuse("plan", text, "two times of day like 22:00-07:00, or none");
}

static bool take_beyond(struct json_object *order, const char *text)
{
	bool yes = strcmp(text, "yes") == 0;
	if (!yes && strcmp(text, "no") != 0)
		return words_refuse("plan", text, "yes or no");
	json_object_object_add(order, "beyond_60", json_object_new_boolean(yes));
	return true;
}

/* `words` begin with "set". */
static bool read_set(char **words, struct json_object *order)
{
	static const struct option known[] = {{"remind", required_argument, NULL, 'r'},
					      {"quiet", required_argument, NULL, 'q'},
					      {"beyond-60", required_argument, NULL, 'b'},
					      {NULL, 0, NULL, 0}};
	int n = words_count(words);
	bool good = true;
	optind = 0; /* main() has read its own already */
	opterr = 0;
	for (int c; good && (c = getopt_long(n, words, "+:", known, NULL)) != -1;)
		good = c == 'r'   ? take_remind(order, optarg)
		       : c == 'q' ? take_quiet(order, optarg)
		       : c == 'b' ? take_beyond(order, optarg)
				  : words_refuse("plan", words[optind - 1], SET);
	if (good && (n == 1 || optind < n))
		return words_refuse("plan", n == 1 ? "nothing to set" : words[optind], SET);
	return good;
}

struct json_object *plan_words(char **words)
{
	static const char *const steps[] = {"show", "list", "stop", "agree", "decline", "back", NULL};
	const char *step = words[0] ? words[0] : "show";
	int n = words_count(words);
	size_t i = 0;
	bool good = true;
	struct json_object *order = talk_order("plan");
	talk_add(order, "step", step);
	while (steps[i] && strcmp(step, steps[i]) != 0)
		i++;
	if (!words_readable("plan", words))
		good = false;
	else if (steps[i])
		good = n < 2 || words_refuse("plan", words[1], "nothing behind it");
	else if (strcmp(step, "set") == 0)
		good = read_set(words, order);
	else if (strcmp(step, "start") != 0)
		good = words_refuse("plan", step, "show, list, start ID, stop, agree, decline, back or set");
	else if (n != 2)
		good = words_refuse("plan", n < 2 ? "no plan" : words[2],
				    "start and one plan's ID; `therapyctl plan list` shows those there are");
	else
		talk_add(order, "plan", words[1]);
	if (good)
		return order;
	json_object_put(order);
	return NULL;
}
