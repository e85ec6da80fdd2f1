/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/person_words.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "therapyctl/date.h"
#include "therapyctl/fields.h"
#include "therapyctl/talk.h"
#include "therapyctl/words.h"

const char *const person_denials[PERSON_DENIALS] = {"heat", "cold", "traction", "inversion"};

#define FIGURES                                                                                                        \
	"[--weight \"72 kg\" | --no-weight] [--cleared-on 2026-05-01 --cleared-by WHO | --not-cleared] "               \
	"[--limit tilt=\"35 deg\"]... [--deny heat]... [--allow heat]..."

static const struct {
	const char *word;
	int least, most;   /* names behind it */
	const char *takes; /* options, by their letters */
	const char *expected;
} steps[PERSON_STEPS] = {
    [PERSON_LIST] = {"list", 0, 0, "", "nothing behind list"},
    [PERSON_SHOW] = {"show", 0, 1, "", "show and at most one NAME"},
    [PERSON_ADD] = {"add", 1, 1, "wWcCNlda", "add NAME " FIGURES},
    [PERSON_SET] = {"set", 1, 1, "rwWcCNlda", "set NAME [--rename NAME] " FIGURES},
    [PERSON_CHOOSE] = {"choose", 1, 1, "", "choose NAME"},
    [PERSON_NOBODY] = {"nobody", 0, 0, "", "nothing behind nobody"},
    [PERSON_ERASE] = {"erase", 1, 1, "y", "erase NAME [--yes]"},
    [PERSON_EXPORT] = {"export", 1, 1, "o", "export NAME [-o FILE]"},
};

static const struct option known[] = {
    {"rename", required_argument, NULL, 'r'},     {"weight", required_argument, NULL, 'w'},
    {"no-weight", no_argument, NULL, 'W'},        {"cleared-on", required_argument, NULL, 'c'},
    {"cleared-by", required_argument, NULL, 'C'}, {"not-cleared", no_argument, NULL, 'N'},
    {"limit", required_argument, NULL, 'l'},      {"deny", required_argument, NULL, 'd'},
    {"allow", required_argument, NULL, 'a'},      {"yes", no_argument, NULL, 'y'},
    {"output", required_argument, NULL, 'o'},     {NULL, 0, NULL, 0}};

static bool refuse(const char *found, const char *expected)
{
	return words_refuse("person", found, expected);
}

/* ---- one option ---- */

static bool take_weight(const char *text, struct person_words *out)
{
	double weight;
	enum therapy_unit unit;
	if (!unit_amount(text, &weight, &unit) || unit != THERAPY_UNIT_KILOGRAM)
		return refuse(text, "a weight like \"72 kg\" or \"160 lb\"");
	out->weight = text;
	return true;
}

static bool take_day(const char *text, struct person_words *out)
{
	struct date date;
	if (!date_parse(text, &date))
		return refuse(text, "the day of the clearance, like 2026-05-01");
	out->cleared_on = text;
	return true;
}

static bool take_limit(const char *text, struct person_words *out)
{
	const char *equals = strchr(text, '=');
	if (!equals || equals == text)
		return refuse(text, "a limit and its figure like tilt=\"35 deg\", or tilt= for none any more");
	if (out->n_limits == PERSON_LIMITS_MAX)
		return refuse(text, "at most 32 limits at a time");
	out->limits[out->n_limits++] = text;
	return true;
}

static bool take_denial(const char *text, bool denials[PERSON_DENIALS])
{
	for (size_t i = 0; i < PERSON_DENIALS; i++)
		if (strcmp(text, person_denials[i]) == 0)
			return denials[i] = true;
	return refuse(text, "heat, cold, traction or inversion");
}

static bool take_name(const char *word, int *n, struct person_words *out)
{
	if (++*n > steps[out->step].most)
		return refuse(word, steps[out->step].expected);
	out->name = word;
	return true;
}

static bool take(struct person_words *out, int option)
{
	switch (option) {
	case 'r':
		out->rename = optarg;
		return true;
	case 'w':
		return take_weight(optarg, out);
	case 'W':
		return out->no_weight = true;
	case 'c':
		return take_day(optarg, out);
	case 'C':
		out->cleared_by = optarg;
		return true;
	case 'N':
		return out->not_cleared = true;
	case 'l':
		return take_limit(optarg, out);
	case 'd':
		return take_denial(optarg, out->denies);
	case 'a':
		return take_denial(optarg, out->allows);
	case 'y':
		return out->yes = true;
	default:
		out->file = optarg;
		return true;
	}
}

/* ---- all of them ---- */

static bool changes(const struct person_words *w)
{
	bool any = w->rename || w->weight || w->no_weight || w->cleared_on || w->not_cleared || w->n_limits;
	for (size_t i = 0; i < PERSON_DENIALS; i++)
		any |= w->denies[i] || w->allows[i];
	return any;
}

static bool agree(const struct person_words *w)
{
	if (w->weight && w->no_weight)
		return refuse("--weight and --no-weight", "one of them");
	if ((w->cleared_on || w->cleared_by) && w->not_cleared)
		return refuse("--not-cleared and a clearance", "one of them");
	if (!w->cleared_on != !w->cleared_by)
		return refuse(w->cleared_on ? "--cleared-on alone" : "--cleared-by alone",
			      "both: the day of the clearance and the professional's name");
	for (size_t i = 0; i < PERSON_DENIALS; i++)
		if (w->denies[i] && w->allows[i])
			return refuse(person_denials[i], "to be denied or allowed, not both");
	if (w->step == PERSON_SET && !changes(w))
		return refuse("nothing to change", steps[PERSON_SET].expected);
	return true;
}

static bool find_step(const char *word, struct person_words *out)
{
	for (size_t i = 0; word && i < PERSON_STEPS; i++)
		if (strcmp(word, steps[i].word) == 0) {
			out->step = (enum person_step)i;
			return true;
		}
	return refuse(word ? word : "person alone", "list, show, add, set, choose, nobody, erase or export");
}

bool person_words_read(char **words, struct person_words *out)
{
	int n = words_count(words), names = 0;
	*out = (struct person_words){.file = "-"};
	if (!find_step(words[0], out) || !words_readable("person", words))
		return false;
	const char *expected = steps[out->step].expected;
	optind = 0; /* main() has read its own already */
	opterr = 0;
	for (int c; (c = getopt_long(n, words, "-:o:", known, NULL)) != -1;) { /* '-': names come as option 1 */
		if (c == 1                                                       ? !take_name(optarg, &names, out)
		    : c == '?' || c == ':' || !strchr(steps[out->step].takes, c) ? !refuse(words[optind - 1], expected)
										 : !take(out, c))
			return false;
	}
	for (; optind < n; optind++) /* behind "--" */
		if (!take_name(words[optind], &names, out))
			return false;
	if (names < steps[out->step].least)
		return refuse("no name", expected);
	return agree(out);
}

/* ---- the order ---- */

static bool is_denied(struct json_object *person, const char *kind)
{
	struct json_object *denies = field_list(person, "denies");
	for (size_t i = 0; i < json_object_array_length(denies); i++) {
		const char *denied = json_object_get_string(json_object_array_get_idx(denies, i));
		if (denied && strcmp(denied, kind) == 0)
			return true;
	}
	return false;
}

static void add_denials(struct json_object *order, const struct person_words *w, struct json_object *person)
{
	struct json_object *denies = json_object_new_array();
	bool changed = false;
	for (size_t i = 0; i < PERSON_DENIALS; i++) {
		bool was = is_denied(person, person_denials[i]), is = (was || w->denies[i]) && !w->allows[i];
		changed |= is != was;
		if (is)
			json_object_array_add(denies, json_object_new_string(person_denials[i]));
	}
	if (changed)
		json_object_object_add(order, "denies", json_object_get(denies));
	json_object_put(denies);
}

static void add_limits(struct json_object *order, const struct person_words *w)
{
	struct json_object *limits = json_object_new_object();
	for (size_t i = 0; i < w->n_limits; i++) {
		char id[128];
		const char *equals = strchr(w->limits[i], '=');
		snprintf(id, sizeof id, "%.*s", (int)(equals - w->limits[i]), w->limits[i]);
		json_object_object_add(limits, id, equals[1] ? json_object_new_string(equals + 1) : NULL);
	}
	if (w->n_limits)
		json_object_object_add(order, "limits", json_object_get(limits));
	json_object_put(limits);
}

struct json_object *person_words_order(const struct person_words *w, struct json_object *person)
{
	struct json_object *order = talk_order("person");
	talk_add(order, "step", "set");
	talk_add(order, "name", w->name);
	if (w->step == PERSON_ADD)
		json_object_object_add(order, "create", json_object_new_boolean(true));
	if (w->rename)
		talk_add(order, "rename", w->rename);
	if (w->weight)
		talk_add(order, "weight", w->weight);
	else if (w->no_weight)
		json_object_object_add(order, "weight", NULL);
	if (w->cleared_on) {
		talk_add(order, "cleared_on", w->cleared_on);
		talk_add(order, "cleared_by", w->cleared_by);
	} else if (w->not_cleared) {
		json_object_object_add(order, "cleared_on", NULL);
	}
	add_limits(order, w);
	add_denials(order, w, person);
	return order;
}
