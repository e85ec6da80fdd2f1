/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/people.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "therapyctl/fields.h"
#include "therapyctl/own_file.h"
#include "therapyctl/pages.h"
#include "therapyctl/person_lines.h"
#include "therapyctl/person_words.h"
#include "therapyctl/print.h"
#include "therapyctl/talk.h"

#define TERM_COLUMNS 12

static const char nobody_chosen[] =
    "Nobody is chosen: the strictest of everybody's limits holds, and nothing is permitted that needs a weight or a "
    "clearance. Choose with: therapyctl person choose NAME";
static const char no_people[] =
    "There are no people: the profile of the configuration holds, and without one the strictest limits. Add somebody "
    "with: therapyctl person add NAME";

/* ---- asking ---- */

static struct json_object *order_of(const char *step, const char *name)
{
	struct json_object *order = talk_order("person");
	talk_add(order, "step", step);
	if (name)
		talk_add(order, "name", name);
	return order;
}

/* The answer, the caller's also where it is a refusal, which was said; NULL: none came. */
static struct json_object *ask(struct link_line *link, struct json_object *order, int *status)
{
	struct json_object *answer = talk_ask(link, order);
	*status = answer ? talk_told(answer) : NO_GATEWAY;
	return answer;
}

/* Of a list; `name` NULL: whoever is chosen. NULL: there is none. */
static struct json_object *find(struct json_object *list, const char *name)
{
	struct json_object *people = field_list(list, "people");
	for (size_t i = 0; i < json_object_array_length(people); i++) {
		struct json_object *person = json_object_array_get_idx(people, i);
		if (name ? strcasecmp(field_text(person, "name"), name) == 0 : field_true(person, "active"))
			return person;
	}
	return NULL;
}

static int say_unknown(struct json_object *list, const char *name)
{
	struct json_object *people = field_list(list, "people");
	struct text line = {0};
	text_add(&line, "there is nobody called '");
	text_add_line(&line, name);
	text_add(&line, "'; ");
	for (size_t i = 0; i < json_object_array_length(people); i++) {
		text_add(&line, "%s", i ? ", " : "expected ");
		text_add_line(&line, field_text(json_object_array_get_idx(people, i), "name"));
	}
	if (json_object_array_length(people) == 0)
		text_add(&line, "there is nobody at all yet: therapyctl person add NAME");
	fprintf(stderr, "therapyctl: person: %s\n", line.failed ? "there is nobody of that name" : line.at);
	text_release(&line);
	return REFUSED;
}

/* ---- showing ---- */

static void print_line(const struct text *line, size_t at, size_t indent)
{
	print_wrap(PLAIN, line->failed || !line->at ? "(no memory)" : line->at, at, indent);
}

static void show_term(const char *term, void (*add)(struct text *, struct json_object *), struct json_object *person)
{
	struct text line = {0};
	add(&line, person);
	printf("  %s", term);
	print_pad(term, TERM_COLUMNS - 2);
	print_line(&line, TERM_COLUMNS, TERM_COLUMNS);
	text_release(&line);
}

static void add_clearance(struct text *out, struct json_object *person)
{
	person_clearance(out, person, clock_wall_ms(NULL));
}

static void show_person(struct json_object *person)
{
	struct text name = {0};
	text_add_line(&name, field_text(person, "name"));
	text_add(&name, "%s", field_true(person, "active") ? ", chosen" : "");
	print_heading(name.at ? name.at : "");
	text_release(&name);
	show_term("weight", person_weight, person);
	show_term("cleared", add_clearance, person);
	show_term("limits", person_limits, person);
	show_term("denied", person_denied, person);
}

static void show_list(struct json_object *list)
{
	struct json_object *people = field_list(list, "people");
	size_t n = json_object_array_length(people);
	for (size_t i = 0; i < n; i++)
		show_person(json_object_array_get_idx(people, i));
	if (n > 0 && find(list, NULL))
		return;
	putchar('\n');
	print_wrap(n > 0 ? WARN : PLAIN, n > 0 ? nobody_chosen : no_people, 0, 0);
}

/* One of them, found by name in a new list. */
static int show_one(struct link_line *link, bool json, const char *name)
{
	int status;
	struct json_object *list = ask(link, order_of("list", NULL), &status);
	struct json_object *person = status == DONE ? find(list, name) : NULL;
	if (person && json)
		talk_print(person);
	else if (person)
		show_person(person);
	else if (status == DONE && name)
		status = say_unknown(list, name);
	else if (status == DONE && json)
		puts("null");
	else if (status == DONE)
		print_wrap(WARN, json_object_array_length(field_list(list, "people")) ? nobody_chosen : no_people, 0,
			   0);
	json_object_put(list);
	return status;
}

static int list(struct link_line *link, bool json)
{
	int status;
	struct json_object *answer = ask(link, order_of("list", NULL), &status);
	if (answer && json)
		talk_print(answer);
	else if (status == DONE)
		show_list(answer);
	json_object_put(answer);
	return status;
}

/* ---- changing ---- */

static int change(struct link_line *link, bool json, const struct person_words *words)
{
	int status = DONE;
	struct json_object *there = NULL, *person = NULL;
	if (words->step == PERSON_SET) { /* what is denied is told as a whole: the others stay */
		there = ask(link, order_of("list", NULL), &status);
		person = status == DONE ? find(there, words->name) : NULL;
		if (status == DONE && !person)
			status = say_unknown(there, words->name);
	}
	if (status == DONE) {
		struct json_object *answer = ask(link, person_words_order(words, person), &status);
		if (answer && json)
			talk_print(answer);
		json_object_put(answer);
	}
	json_object_put(there);
	return status == DONE && !json ? show_one(link, false, words->rename ? words->rename : words->name) : status;
}

static int choose(struct link_line *link, bool json, const char *name)
{
	int status;
	struct json_object *answer = ask(link, order_of("choose", name), &status);
	struct text line = {0};
	text_add_line(&line, name);
	text_add(&line, " is chosen: limits, plan and sessions are theirs from now on.");
	if (answer && json)
		talk_print(answer);
	else if (status == DONE && name[0])
		print_line(&line, 0, 0);
	else if (status == DONE)
		print_wrap(PLAIN, nobody_chosen, 0, 0);
	text_release(&line);
	json_object_put(answer);
	return status;
}

/* ---- erasing ---- */

/* Not a key that is pressed too soon: the name, typed once more. */
static bool type_it_again(const char *name)
{
	char line[512];
	struct text asks = {0};
	text_add(&asks, "This erases ");
	text_add_line(&asks, name);
	text_add(&asks, ", every session of theirs, notes and plan, for good; a copy of it: therapyctl person export.");
	print_line(&asks, 0, 0);
	printf("Type the name to erase it: ");
	fflush(stdout);
	text_release(&asks);
	if (!fgets(line, sizeof line, stdin))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (strcasecmp(line, name) == 0)
		return true;
	fprintf(stderr, "therapyctl: person: that is not the name; nothing was erased\n");
	return false;
}

static int erase_found(struct link_line *link, bool json, const char *name)
{
	int status;
	struct json_object *answer = ask(link, order_of("erase", name), &status);
	uint64_t n = field_count(answer, "sessions");
	struct text line = {0};
	text_add_line(&line, name);
	text_add(&line, " is erased, and %llu session%s with them.", (unsigned long long)n, n == 1 ? "" : "s");
	if (answer && json)
		talk_print(answer);
	else if (status == DONE)
		print_line(&line, 0, 0);
	text_release(&line);
	json_object_put(answer);
	return status;
}

static int erase(struct link_line *link, bool json, const struct person_words *words)
{
	int status;
	if (!words->yes && !isatty(STDIN_FILENO)) {
		fprintf(stderr, "therapyctl: person: erase asks for the name once more, and found no terminal to ask "
				"on; expected one, or --yes\n");
		return USAGE;
	}
	struct json_object *there = ask(link, order_of("list", NULL), &status);
	struct json_object *person = status == DONE ? find(there, words->name) : NULL;
	if (status == DONE && !person)
		status = say_unknown(there, words->name);
	else if (status == DONE && !words->yes && !type_it_again(field_text(person, "name")))
		status = REFUSED;
	else if (status == DONE)
		status = erase_found(link, json, field_text(person, "name"));
	json_object_put(there);
	return status;
}

/* ---- exporting ---- */

struct exported {
	struct text text;
	bool any;
};

static void add_json(struct text *out, struct json_object *o)
{
	text_add(out, "%s", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static bool add_session(void *user, const struct row *row)
{
	struct exported *e = user;
	text_add(&e->text, e->any ? ",\n" : "\n");
	add_json(&e->text, row->from);
	e->any = true;
	return !e->text.failed;
}

static int export_found(struct link_line *link, struct json_object *person, const char *file)
{
	struct exported e = {0};
	struct pages_query query = {.person = field_text(person, "name")};
	text_add(&e.text, "{\"person\":");
	add_json(&e.text, person);
	text_add(&e.text, ",\n\"sessions\":[");
	int status = pages_ask(link, &query, &e, add_session, NULL);
	text_add(&e.text, "]}\n");
	if (status == DONE)
		status = own_file_put("person", file, &e.text);
	text_release(&e.text);
	return status;
}

static int export(struct link_line *link, const struct person_words *words)
{
	int status;
	struct json_object *there = ask(link, order_of("list", NULL), &status);
	struct json_object *person = status == DONE ? find(there, words->name) : NULL;
	if (status == DONE && !person)
		status = say_unknown(there, words->name);
	else if (status == DONE) {
		json_object_object_del(person, "active"); /* of this home now, not of the person */
		status = export_found(link, person, words->file);
	}
	json_object_put(there);
	return status;
}

int people_run(struct link_line *link, bool json, char **words)
{
	struct person_words wanted;
	if (!person_words_read(words, &wanted))
		return USAGE;
	switch (wanted.step) {
	case PERSON_LIST:
		return list(link, json);
	case PERSON_SHOW:
		return show_one(link, json, wanted.name);
	case PERSON_ADD:
	case PERSON_SET:
		return change(link, json, &wanted);
	case PERSON_CHOOSE:
		return choose(link, json, wanted.name);
	case PERSON_NOBODY:
		return choose(link, json, "");
	case PERSON_ERASE:
		return erase(link, json, &wanted);
	case PERSON_EXPORT:
	case PERSON_STEPS:
		break;
	}
	return export(link, &wanted);
}
