/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/sessions.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "therapyctl/csv.h"
#include "therapyctl/date.h"
#include "therapyctl/fields.h"
#include "therapyctl/pages.h"
#include "therapyctl/table.h"
#include "therapyctl/talk.h"
#include "therapyctl/text.h"

#define NEWEST_MOST 1000000

enum form { TABLE, CSV, JSON };

struct wanted {
	struct pages_query query;
	enum form form;
};

/* ---- what is asked for ---- */

static bool refuse(const char *found, const char *expected)
{
	fprintf(stderr, "therapyctl: sessions: found '%s', expected %s\n", found, expected);
	return false;
}

static bool read_moment(const char *text, bool end, bool *has, int64_t *out_ms)
{
	*has = date_parse_moment(text, clock_wall_ms(NULL), end, out_ms);
	return *has || refuse(text, DATE_MOMENT_FORMS);
}

static bool read_newest(const char *text, struct pages_query *query)
{
	char *end = NULL;
	long n = strtol(text, &end, 10);
	if (end == text || *end || n < 1 || n > NEWEST_MOST)
		return refuse(text, "how many sessions, from 1 to 1000000");
	query->newest = true;
	query->most = (uint64_t)n;
	return true;
}

static bool read_option(struct wanted *out, int option, char *word)
{
	switch (option) {
	case 'p':
		out->query.person = optarg;
		return true;
	case 'e':
		out->query.person = PAGES_EVERYBODY;
		return true;
	case 's':
		return read_moment(optarg, false, &out->query.has_since, &out->query.since_ms);
	case 'u':
		return read_moment(optarg, true, &out->query.has_until, &out->query.until_ms);
	case 'n':
		return read_newest(optarg, &out->query);
	case 'c':
		out->form = CSV;
		return true;
	case 'j':
		out->form = JSON;
		return true;
	default:
		return refuse(word, "[--person NAME | --everybody] [--since WHEN] [--until WHEN] [--newest N] [--csv | "
				    "--json]");
	}
}

static bool read_words(char **words, struct wanted *out)
{
	static const struct option known[] = {
	    {"person", required_argument, NULL, 'p'}, {"everybody", no_argument, NULL, 'e'},
	    {"since", required_argument, NULL, 's'},  {"until", required_argument, NULL, 'u'},
	    {"newest", required_argument, NULL, 'n'}, {"csv", no_argument, NULL, 'c'},
	    {"json", no_argument, NULL, 'j'},         {NULL, 0, NULL, 0}};
	int n = 0;
	while (words[n])
		n++;
	optind = 0; /* main() has read its own already */
	opterr = 0;
	for (int c; (c = getopt_long(n + 1, words - 1, "+", known, NULL)) != -1;)
		if (!read_option(out, c, words[optind > 1 ? optind - 2 : 0]))
			return false;
	if (optind <= n)
		return read_option(out, '?', words[optind - 1]);
	const struct pages_query *query = &out->query;
	if (query->has_since && query->has_until && query->since_ms >= query->until_ms) {
		fprintf(stderr, "therapyctl: sessions: --until is not after --since: expected a time between them\n");
		return false;
	}
	return true;
}

/* ---- how it is shown ---- */

struct output {
	enum form form;
	struct table table;
	struct text line; /* CSV */
	uint64_t n;
	bool no_memory;
	struct rows *kept; /* not NULL: to be shown later, the other way round */
};

static void show_header(struct output *output)
{
	csv_header(&output->line);
	if (output->line.at)
		fputs(output->line.at, stdout);
}

static void show(struct output *output, const struct row *row)
{
	if (output->form == CSV && output->n == 0)
		show_header(output);
	if (output->form == TABLE) {
		table_row(&output->table, row);
	} else if (output->form == JSON) {
		printf(
		    "%s%s", output->n ? ",\n" : "[",
		    json_object_to_json_string_ext(row->from, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	} else {
		text_clear(&output->line);
		csv_row(&output->line, row);
		if (output->line.failed)
			output->no_memory = true;
		else
			fwrite(output->line.at, 1, output->line.len, stdout);
	}
	output->n++;
}

static bool each(void *user, const struct row *row)
{
	struct output *output = user;
	if (!output->kept)
		show(output, row);
	else if (!rows_add(output->kept, row))
		output->no_memory = true;
	return !output->no_memory && !ferror(stdout);
}

static void say_none(const struct pages_query *query)
{
	struct text text = {0};
	text_add(&text, "No sessions");
	if (!query->person)
		text_add(&text, " of whoever is chosen");
	else if (!query->person[0])
		text_add(&text, " of nobody in particular");
	else if (strcmp(query->person, PAGES_EVERYBODY) != 0) {
		text_add(&text, " of ");
		text_add_line(&text, query->person);
	}
	if (query->has_since || query->has_until)
		text_add(&text, " in that time; without --since and --until all are shown");
	puts(text.at ? text.at : "No sessions");
	puts("The gateway writes one down by itself when a table is inclined, a belt pulls, or something heats or "
	     "cools.");
	if (!query->person)
		puts("Those of all people: therapyctl sessions --everybody");
	text_release(&text);
}

static int finish(struct output *output, const struct pages_query *query, int status)
{
	if (output->form == JSON && status == DONE)
		puts(output->n ? "]" : "[]");
	else if (output->form == CSV && status == DONE && output->n == 0)
		show_header(output);
	else if (output->form == TABLE && output->n)
		table_end(&output->table);
	else if (output->form == TABLE && status == DONE)
		say_none(query);
	if (output->no_memory) {
		fprintf(stderr, "therapyctl: sessions: no memory for all of them; ask for fewer with --since\n");
		return REFUSED;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "therapyctl: sessions: what was found cannot be written: %s\n", strerror(errno));
		return REFUSED;
	}
	return status;
}

int sessions_run(struct link_line *link, bool json, char **words)
{
	struct wanted wanted = {.form = json ? JSON : TABLE};
	struct rows kept = {0};
	if (!read_words(words, &wanted))
		return USAGE;
	struct output output = {.form = wanted.form, .kept = wanted.query.newest ? &kept : NULL};
	output.table.persons = wanted.query.person && strcmp(wanted.query.person, PAGES_EVERYBODY) == 0;
	int status = pages_ask(link, &wanted.query, &output, each, NULL);
	rows_reverse(&kept); /* asked for from the newest; read from the oldest, as without --newest */
	for (size_t i = 0; i < kept.n; i++)
		show(&output, &kept.items[i]);
	status = finish(&output, &wanted.query, status);
	rows_release(&kept);
	text_release(&output.line);
	return status;
}
