/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/table.h"

#include <stdio.h>
#include <string.h>

#include "therapyctl/print.h"
#include "therapyctl/text.h"

#define INDENT 9 /* behind "  14:05  " */

/* ---- sums ---- */

static void print_sum(const char *label, const struct table_sum *sum)
{
	char line[160];
	struct str s;
	str_init(&s, line, sizeof line);
	str_add(&s, "%llu session%s, ", (unsigned long long)sum->sessions, sum->sessions == 1 ? "" : "s");
	row_add_duration(&s, sum->counted_ms);
	if (sum->trips)
		str_add(&s, ", %llu trip%s", (unsigned long long)sum->trips, sum->trips == 1 ? "" : "s");
	printf("  ");
	print_text(DIM, label);
	print_text(DIM, line);
	putchar('\n');
}

static void add(struct table_sum *sum, const struct row *row)
{
	sum->sessions++;
	sum->counted_ms += row_counted_ms(row);
	sum->trips += row->trips;
}

static struct date monday_of(struct date date)
{
	return date_plus(date, -(int)date_weekday(date));
}

static void end_week(struct table *table)
{
	char label[64];
	struct str s;
	struct date monday = monday_of(table->date);
	if (table->week.sessions == 0)
		return;
	str_init(&s, label, sizeof label);
	if (table->placed)
		str_add(&s, "week of %u %s: ", monday.day, date_month_name(monday.month, true));
	print_sum(label, &table->week);
	table->week = (struct table_sum){0};
	table->weeks++;
}

/* ---- lines ---- */

static void begin_group(struct table *table, const struct row *row)
{
	struct date date = {0};
	char heading[64];
	struct str s;
	bool placed = row->placed && date_of(row->begun_ms, &date);
	bool same = table->begun && table->placed == placed;
	if (same && (!placed || date_between(table->date, date) == 0))
		return;
	if (!same || date_between(monday_of(table->date), monday_of(date)) != 0)
		end_week(table);
	str_init(&s, heading, sizeof heading);
	if (placed)
		str_add(&s, "%s %u %s %d", date_weekday_name(date_weekday(date), false), date.day,
			date_month_name(date.month, false), date.year);
	else
		str_add(&s, "Time of day not known");
	print_heading(heading);
	table->begun = true;
	table->placed = placed;
	table->date = date;
}

/* Pieces stay whole, and go to the next line where they do not fit. */
struct line {
	size_t column, gap; /* blanks before the next piece */
};

static void piece(struct line *line, enum colour colour, const char *text, size_t pad)
{
	size_t n = print_columns_of(text);
	if (line->column > INDENT && line->column + line->gap + n > print_width()) {
		printf("\n%*s", INDENT, "");
		*line = (struct line){.column = INDENT};
	}
	printf("%*s", (int)line->gap, "");
	print_text(colour, text);
	line->column += line->gap + n;
	line->gap = (pad > n ? pad - n : 0) + 2;
}

static void foreign_piece(struct line *line, const char *foreign, size_t pad)
{
	struct text text = {0};
	text_add_line(&text, foreign);
	if (text.at)
		piece(line, PLAIN, text.at, pad);
	text_release(&text);
}

static void add_figures(struct line *line, const struct row *row)
{
	char text[96];
	struct str s;
	str_init(&s, text, sizeof text);
	if (row->has_peak) {
		str_add(&s, "peak ");
		row_add_quantity(&s, row->peak, row->unit);
		piece(line, PLAIN, text, 11);
	}
	str_init(&s, text, sizeof text);
	if (row->over_ms) {
		str_add(&s, "over ");
		if (row->has_limit)
			row_add_quantity(&s, row->limit, row->unit);
		else
			str_add(&s, "the limit");
		str_add(&s, " for ");
		row_add_duration(&s, row->over_ms);
		piece(line, WARN, text, 0);
	}
	str_init(&s, text, sizeof text);
	if (row->has_dose) {
		str_add(&s, "dose ");
		str_add_number(&s, row->dose_min, 1);
		str_add(&s, " min");
		piece(line, PLAIN, text, 0);
	}
	str_init(&s, text, sizeof text);
	if (row->unknown_ms >= 1000) {
		str_add(&s, "nothing known for ");
		row_add_duration(&s, row->unknown_ms);
		piece(line, WARN, text, 0);
	}
}

static void add_end(struct line *line, const struct row *row)
{
	struct text text = {0};
	text_add(&text, "%s", row_end_name(row->end));
	if (row->rule[0]) {
		text_add(&text, " by ");
		text_add_line(&text, row->rule);
	}
	if (row->trips > 1)
		text_add(&text, ", %llu trips", (unsigned long long)row->trips);
	if (text.at)
		piece(line, row->end == ROW_TRIPPED ? BAD : row->end == ROW_ENDED ? PLAIN : WARN, text.at, 0);
	text_release(&text);
}

static void add_pain(struct line *line, const struct row *row)
{
	char text[48];
	struct str s;
	str_init(&s, text, sizeof text);
	if (row->pain_before >= 0 && row->pain_after >= 0)
		str_add(&s, "pain %d→%d", row->pain_before, row->pain_after);
	else if (row->pain_before >= 0)
		str_add(&s, "pain %d before", row->pain_before);
	else if (row->pain_after >= 0)
		str_add(&s, "pain %d after", row->pain_after);
	if (text[0])
		piece(line, PLAIN, text, 0);
}

static void add_note(const struct row *row)
{
	struct text note = {0};
	text_add_line(&note, row->note);
	if (note.at && note.len > 0) {
		printf("%*s", INDENT, "");
		print_wrap(DIM, note.at, INDENT, INDENT);
	}
	text_release(&note);
}

void table_row(struct table *table, const struct row *row)
{
	char text[ROW_DURATION];
	struct str s;
	struct line line = {.column = INDENT};
	begin_group(table, row);
	add(&table->week, row);
	add(&table->all, row);
	str_init(&s, text, sizeof text);
	if (table->placed)
		date_add_time(&s, row->begun_ms);
	else
		str_add(&s, "--:--");
	printf("  %s  ", text);
	foreign_piece(&line, row_name(row), 10);
	foreign_piece(&line, row->device[0] ? row->device : "-", 7);
	if (table->persons)
		foreign_piece(&line, row->person[0] ? row->person : "nobody", 8);
	str_init(&s, text, sizeof text);
	row_add_duration(&s, row_counted_ms(row));
	piece(&line, PLAIN, text, 11);
	add_figures(&line, row);
	add_end(&line, row);
	add_pain(&line, row);
	putchar('\n');
	add_note(row);
}

void table_end(struct table *table)
{
	end_week(table);
	if (table->weeks > 1) {
		putchar('\n');
		print_sum("in all: ", &table->all);
	}
}
