/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "therapyctl/date.h"
#include "therapyctl/fields.h"
#include "therapyctl/print.h"

static const char *const kinds[ROW_KINDS] = {"inversion", "traction", "heat", "cold", "activity", "other"};
static const char *const ends[ROW_ENDS] = {"running", "ended", "tripped", "stopped", "lost", "cut", "other"};

/* `n`, the last one, is for what is not among them. */
static unsigned index_of(const char *const *words, unsigned last, const char *word)
{
	for (unsigned i = 0; i < last; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return last;
}

static bool read_number(struct json_object *from, const char *key, double *out)
{
	struct json_object *value = field(from, key);
	bool is = json_object_is_type(value, json_type_double) || json_object_is_type(value, json_type_int);
	double number = is ? json_object_get_double(value) : (double)NAN;
	*out = isfinite(number) ? number : 0;
	return isfinite(number);
}

static int read_pain(struct json_object *from, const char *key)
{
	double pain = 0;
	return read_number(from, key, &pain) && pain >= 0 && pain <= ROW_PAIN_MOST ? (int)pain : -1;
}

static uint64_t read_ms(struct json_object *from, const char *key)
{
	struct json_object *value = field(from, key);
	int64_t ms = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : 0;
	return ms > 0 ? (uint64_t)ms : 0;
}

void row_read(struct row *row, struct json_object *from)
{
	double number = 0;
	struct date date;
	*row = (struct row){.from = json_object_get(from)};
	row->kind_told = field_text(from, "kind");
	row->kind = (enum row_kind)index_of(kinds, ROW_OTHER, row->kind_told);
	row->end = (enum row_end)index_of(ends, ROW_END_OTHER, field_text(from, "end"));
	row->what = field_text(from, "what");
	row->device = field_text(from, "device");
	row->person = field_text(from, "person");
	row->rule = field_text(from, "rule");
	row->note = field_text(from, "note");
	row->plan = field_text(from, "plan");
	row->unit = field_text(from, "unit");
	row->begun_ms = json_object_get_int64(field(from, "begun_ms"));
	row->placed = field_true(from, "placed") && field_given(from, "begun_ms") && date_of(row->begun_ms, &date);
	row->lasted_ms = read_ms(from, "lasted_ms");
	row->active_ms = read_ms(from, "active_ms");
	row->unknown_ms = read_ms(from, "unknown_ms");
	row->over_ms = read_ms(from, "over_ms");
	row->has_peak = read_number(from, "peak", &row->peak);
	row->has_mean = read_number(from, "mean", &row->mean);
	row->has_limit = read_number(from, "limit", &row->limit);
	row->has_dose = read_number(from, "dose_min", &row->dose_min);
	row->trips = read_ms(from, "trips");
	row->alarms = read_ms(from, "alarms");
	row->pain_before = read_pain(from, "pain_before");
	row->pain_after = read_pain(from, "pain_after");
	row->step = read_number(from, "step", &number) && number > 0 && number < 10000 ? (int)number : 0;
}

void row_release(struct row *row)
{
	json_object_put(row->from);
	*row = (struct row){0};
}

const char *row_name(const struct row *row)
{
	if (row->kind == ROW_ACTIVITY && row->what[0])
		return row->what;
	return row->kind == ROW_OTHER && row->kind_told[0] ? row->kind_told : kinds[row->kind];
}

const char *row_kind_name(enum row_kind kind)
{
	return kinds[kind];
}

const char *row_end_name(enum row_end end)
{
	static const char *const names[ROW_ENDS] = {
	    "still runs",
	    "ended normally", /* by itself, or by a person's ordinary request */
	    "tripped",
	    "stopped by a person",
	    "sensor or device went silent",
	    "the gateway ended or lost its power",
	    "end not known",
	};
	return names[end];
}

uint64_t row_counted_ms(const struct row *row)
{
	return row->active_ms ? row->active_ms : row->lasted_ms;
}

void row_add_duration(struct str *s, uint64_t ms)
{
	uint64_t seconds = ms / 1000 + (ms % 1000 >= 500), minutes = seconds / 60;
	if (seconds < 60)
		str_add(s, "%u s", (unsigned)seconds);
	else if (minutes < 60 && seconds % 60 == 0)
		str_add(s, "%u min", (unsigned)minutes);
	else if (minutes < 60)
		str_add(s, "%u min %02u s", (unsigned)minutes, (unsigned)(seconds % 60));
	else
		str_add(s, "%llu h %02u min", (unsigned long long)(minutes / 60), (unsigned)(minutes % 60));
}

void row_add_quantity(struct str *s, double value, const char *unit)
{
	print_quantity(s, round(value * 10) / 10, unit);
}

bool rows_add(struct rows *rows, const struct row *row)
{
	if (rows->n == rows->cap) {
		size_t cap = rows->cap ? rows->cap * 2 : 64;
		struct row *bigger = realloc(rows->items, cap * sizeof *bigger);
		if (!bigger)
			return false;
		rows->items = bigger;
		rows->cap = cap;
	}
	rows->items[rows->n] = *row;
	json_object_get(row->from);
	rows->n++;
	return true;
}

void rows_reverse(struct rows *rows)
{
	for (size_t i = 0, j = rows->n; i + 1 < j; i++) {
		struct row row = rows->items[--j];
		rows->items[j] = rows->items[i];
		rows->items[i] = row;
	}
}

void rows_release(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		row_release(&rows->items[i]);
	free(rows->items);
	*rows = (struct rows){0};
}
