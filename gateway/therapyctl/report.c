/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/report.h"

#include <getopt.h>
#include <stdio.h>

#include "base/clock.h"
#include "therapyctl/fields.h"
#include "therapyctl/own_file.h"
#include "therapyctl/pages.h"
#include "therapyctl/report_page.h"
#include "therapyctl/talk.h"

#define UNPLACED_MOST 100 /* on a page; `sessions` shows the rest */

struct wanted {
	const char *person, *file;
	struct date month;
};

/* ---- what is asked for ---- */

static bool refuse(const char *found, const char *expected)
{
	fprintf(stderr, "therapyctl: report: found '%s', expected %s\n", found, expected);
	return false;
}

static bool read_month(const char *text, struct wanted *out)
{
	return date_parse_month(text, &out->month) || refuse(text, "a month like 2026-11");
}

static bool read_words(char **words, struct wanted *out)
{
	static const char expected[] = "[--month [2026-11]] [--person NAME] -o FILE";
	static const struct option known[] = {{"month", optional_argument, NULL, 'm'},
					      {"person", required_argument, NULL, 'p'},
					      {"output", required_argument, NULL, 'o'},
					      {NULL, 0, NULL, 0}};
	int n = 0;
	bool month = false; /* --month, and its month may follow as a word */
	while (words[n])
		n++;
	if (date_of(clock_wall_ms(NULL), &out->month))
		out->month.day = 1;
	optind = 0; /* main() has read its own already */
	opterr = 0;
	for (int c; (c = getopt_long(n + 1, words - 1, "+o:", known, NULL)) != -1;) {
		if (c == 'o')
			out->file = optarg;
		else if (c == 'p')
			out->person = optarg;
		else if (c != 'm')
			return refuse(words[optind > 1 ? optind - 2 : 0], expected);
		month = c == 'm' && !optarg;
		if (c == 'm' && optarg && !read_month(optarg, out))
			return false;
		if (month && optind <= n && words[optind - 1][0] != '-' && !read_month(words[optind++ - 1], out))
			return false;
	}
	if (optind <= n)
		return refuse(words[optind - 1], expected);
	return out->file ||
	       refuse("no -o", "-o and the file to write, like -o report.html, or -o - for standard output");
}

/* ---- what the gateway has ---- */

struct unplaced {
	struct rows rows;
	bool more, no_memory;
};

static bool keep(void *user, const struct row *row)
{
	struct rows *rows = user;
	return !row->placed || rows_add(rows, row); /* asked with since and until, all are placed */
}

/* Those without a time come first, and a question with a time is not answered with them. */
static bool keep_unplaced(void *user, const struct row *row)
{
	struct unplaced *unplaced = user;
	if (row->placed)
		return false;
	unplaced->more = unplaced->rows.n == UNPLACED_MOST;
	return !unplaced->more && rows_add(&unplaced->rows, row);
}

int report_run(struct link_line *link, bool json, char **words)
{
	struct wanted wanted = {0};
	struct rows rows = {0};
	struct unplaced unplaced = {0};
	struct json_object *first = NULL;
	struct text page = {0};
	if (json) {
		refuse("--json", "a page to be wanted; sessions has --json");
		return USAGE;
	}
	if (!read_words(words, &wanted))
		return USAGE;
	struct pages_query query = {.person = wanted.person, .has_since = true, .has_until = true};
	query.since_ms = date_begins_ms(wanted.month);
	query.until_ms = date_begins_ms(date_next_month(wanted.month));
	int status = pages_ask(link, &query, &rows, keep, &first);
	query.has_since = query.has_until = false;
	if (status == DONE)
		status = pages_ask(link, &query, &unplaced, keep_unplaced, NULL);
	if (status == DONE) {
		struct report report = {.month = wanted.month,
					.now_ms = clock_wall_ms(NULL),
					.name = wanted.person,
					.person = field(first, "person"),
					.course = field(first, "course"),
					.sessions = &rows,
					.unplaced = &unplaced.rows,
					.more_unplaced = unplaced.more};
		report_page(&page, &report);
		status = own_file_put("report", wanted.file, &page);
	}
	text_release(&page);
	rows_release(&rows);
	rows_release(&unplaced.rows);
	json_object_put(first);
	return status;
}
