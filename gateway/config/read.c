/* SPDX-License-Identifier: Apache-2.0 */
#include "config/read.h"

#include <inttypes.h>
#include <libconfig.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/str.h"
#include "base/unit.h"
#include "base/utf8.h"
#include "config/text.h"

#ifdef __SANITIZE_ADDRESS__
/* libconfig 1.5 loses the text it has just read when the next thing is a syntax error (a few bytes, before the program
 * ends): the leak check of sanitized builds must not turn the user's fault into ours. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig";
}
const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}
#endif

/* ---- a file ---- */

/* libconfig knows three faults by text only; each is told with what was expected. */
static void syntax_fault(struct reader *r)
{
	unsigned line = (unsigned)config_error_line(r->document);
	const char *text = config_error_text(r->document);
	char found[64], at[96] = "";
	source_line(&r->source, line, found, sizeof found);
	if (found[0])
		snprintf(at, sizeof at, " at or before \"%s\"", found);
	if (strstr(text, "duplicate"))
		read_fault(r, line, "found a setting twice in one group%s, expected it once", at);
	else if (strstr(text, "array"))
		read_fault(r, line, "found values of different types in one [ ]%s, expected one type", at);
	else
		read_fault(r, line, "%s%s, expected settings of the form name = value; with text in quotes", text, at);
}

int reader_open(struct reader *r, struct arena *arena, struct faults *faults, const char *file,
		const struct naming *named)
{
	char why[256];
	*r = (struct reader){.arena = arena, .faults = faults, .told_from = faults->n};
	if (source_read(&r->scratch, file, SOURCE_SIZE_MAX, &r->source, why) < 0) {
		if (named)
			faults_add(faults, named->file, named->line, "%s %s %s", named->what, file, why);
		else
			faults_add(faults, file, 0, "%s", why);
		return -1;
	}
	if (!source_check(&r->source, faults)) {
		arena_release(&r->scratch);
		return -1;
	}
	r->told_to = faults->n;
	r->document = arena_new(&r->scratch, 1, sizeof *r->document);
	config_init(r->document);
	if (!config_read_string(r->document, r->source.text)) {
		syntax_fault(r);
		reader_close(r);
		return -1;
	}
	return 0;
}

void reader_close(struct reader *r)
{
	if (r->document)
		config_destroy(r->document);
	r->document = NULL;
	arena_release(&r->scratch);
}

setting *reader_root(const struct reader *r)
{
	return config_root_setting(r->document);
}

/* ---- a setting ---- */

setting *read_member(setting *group, const char *key)
{
	return config_setting_get_member(group, key);
}

bool setting_is_group(setting *s)
{
	return config_setting_is_group(s);
}

size_t setting_length(setting *s)
{
	return (size_t)config_setting_length(s);
}

setting *setting_at(setting *s, size_t i)
{
	return config_setting_get_elem(s, (unsigned)i);
}

const char *setting_name(setting *s)
{
	return config_setting_name(s);
}

unsigned setting_line(setting *s)
{
	return config_setting_source_line(s) ? config_setting_source_line(s) : 1;
}

void setting_describe(setting *s, char *out, size_t cap)
{
	struct str text;
	double number;
	str_init(&text, out, cap);
	if (setting_number(s, &number)) {
		str_add(&text, "the number ");
		str_add_number(&text, number, 6);
	} else if (config_setting_type(s) == CONFIG_TYPE_STRING) {
		str_add(&text, "\"%.48s\"", config_setting_get_string(s));
	} else if (config_setting_type(s) == CONFIG_TYPE_BOOL) {
		str_add(&text, "%s", config_setting_get_bool(s) ? "true" : "false");
	} else if (config_setting_is_group(s)) {
		str_add(&text, "a group { }");
	} else {
		str_add(&text, config_setting_is_array(s) ? "an array [ ]" : "a list ( )");
	}
	for (char *c = out; *c; c++) /* \x1b in a text must not reach the terminal */
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

const char *setting_string(setting *s)
{
	return config_setting_get_string(s);
}

bool setting_number(setting *s, double *out)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
		*out = config_setting_get_int(s);
		return true;
	case CONFIG_TYPE_INT64:
		*out = (double)config_setting_get_int64(s);
		return true;
	case CONFIG_TYPE_FLOAT:
		*out = config_setting_get_float(s);
		return true; /* infinity has been told of by source_check */
	default:
		return false;
	}
}

/* source_check has told of numbers that libconfig read as others: what came of them is not worth a second fault. */
static bool told_already(const struct reader *r, unsigned line)
{
	for (size_t i = r->told_from; i < r->told_to; i++)
		if (r->faults->items[i].line == line)
			return true;
	return false;
}

static void type_fault(struct reader *r, setting *s, const char *what, const char *expected)
{
	char found[96];
	if (told_already(r, setting_line(s)))
		return;
	setting_describe(s, found, sizeof found);
	read_fault(r, setting_line(s), "%s: found %s, expected %s", what, found, expected);
}

char *setting_text(struct reader *r, setting *s, const char *what, size_t max, const char *expected)
{
	const char *text = config_setting_get_string(s);
	if (!text) {
		type_fault(r, s, what, expected);
		return NULL;
	}
	size_t size = strlen(text);
	if (!size)
		read_fault(r, setting_line(s), "%s: found empty text, expected %s", what, expected);
	else if (size >= max)
		read_fault(r, setting_line(s), "%s: found %zu bytes, expected at most %zu", what, size, max - 1);
	else if (text_has_control(text))
		read_fault(r, setting_line(s), "%s: found a line break or control character, expected %s", what,
			   expected);
	else if (!utf8_valid(text, size)) /* by \xNN: the file itself is UTF-8 */
		read_fault(r, setting_line(s), "%s: found bytes that are not UTF-8", what);
	else
		return arena_copy(r->arena, text, size);
	return NULL;
}

bool setting_expression(struct reader *r, setting *s, const char *what, const char *expected, struct core_text *out)
{
	const char *text = config_setting_get_string(s);
	if (!text) {
		type_fault(r, s, what, expected);
		return false;
	}
	size_t size = strlen(text);
	char *copy = arena_copy(r->arena, text, size);
	for (char *c = copy; *c; c++) /* an expression may span lines: one line in fault texts, so that carets fit */
		if (*c == '\n' || *c == '\t' || *c == '\r')
			*c = ' ';
	if (strspn(copy, " ") == size)
		read_fault(r, setting_line(s), "%s: found empty text, expected %s", what, expected);
	else if (text_has_control(copy) || !utf8_valid(copy, size))
		read_fault(r, setting_line(s), "%s: found bytes that are no text, expected %s", what, expected);
	else {
		*out = (struct core_text){.text = copy, .line = setting_line(s)};
		return true;
	}
	return false;
}

bool setting_amount(struct reader *r, setting *s, const char *what, const char *expected, double *out,
		    enum therapy_unit *unit)
{
	const char *text = config_setting_get_string(s);
	double number;
	if (!text && setting_number(s, &number) && isfinite(number)) {
		*out = number;
		*unit = THERAPY_UNIT_ONE;
		return true;
	}
	if (text && unit_amount(text, out, unit))
		return true;
	type_fault(r, s, what, expected);
	return false;
}

/* ---- fields ---- */

static void print_duration(char *out, size_t cap, uint64_t ms)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
	size_t i = 0;
	while (ms % units[i].ms || ms < units[i].ms)
		if (++i == sizeof units / sizeof *units - 1)
			break;
	snprintf(out, cap, "%" PRIu64 " %s", ms / units[i].ms, units[i].text);
}

static void read_duration(struct reader *r, setting *s, const char *what, const struct field *field, void *out)
{
	const char *text = config_setting_get_string(s);
	uint64_t ms;
	char least[32], most[32];
	if (!text || !unit_duration(text, &ms)) {
		type_fault(r, s, what, field->expected);
	} else if (ms < field->min || ms > field->max) {
		print_duration(least, sizeof least, field->min);
		print_duration(most, sizeof most, field->max);
		read_fault(r, setting_line(s), "%s: found %.32s, expected %s to %s", what, text, least, most);
	} else {
		*(uint64_t *)out = ms;
	}
}

static void read_count(struct reader *r, setting *s, const char *what, const struct field *field, void *out)
{
	double value;
	if (!setting_number(s, &value)) {
		type_fault(r, s, what, field->expected);
	} else if (value < (double)field->min || value > (double)field->max || floor(value) < value) {
		char expected[80];
		snprintf(expected, sizeof expected, "a whole number of %" PRIu64 " to %" PRIu64, field->min,
			 field->max);
		type_fault(r, s, what, expected);
	} else {
		*(uint64_t *)out = (uint64_t)value;
	}
}

static void read_word(struct reader *r, setting *s, const char *what, const struct field *field, void *out)
{
	const char *text = config_setting_get_string(s);
	unsigned i = 0;
	while (text && field->words[i] && strcmp(field->words[i], text) != 0)
		i++;
	if (!text || !field->words[i])
		type_fault(r, s, what, field->expected);
	else
		*(unsigned *)out = i;
}

static void read_id(struct reader *r, setting *s, const char *what, const struct field *field, void *out)
{
	const char *text = config_setting_get_string(s);
	if (text && id_valid(text))
		*(char **)out = arena_copy(r->arena, text, strlen(text));
	else if (text && strlen(text) >= ID_MAX)
		read_fault(r, setting_line(s), "%s: found %zu bytes, expected at most %d", what, strlen(text),
			   ID_MAX - 1);
	else
		type_fault(r, s, what, field->expected);
}

static void read_secret(struct reader *r, setting *s, const char *what, const struct field *field, void *out)
{
	if (config_setting_type(s) != CONFIG_TYPE_STRING) {
		read_fault(r, setting_line(s), "%s: expected %s", what, field->expected);
		return;
	}
	char *text = setting_text(r, s, what, (size_t)field->max, field->expected);
	if (text)
		*(char **)out = text;
}

static void read_field(struct reader *r, setting *s, const char *where, const struct field *field, void *out)
{
	char what[160];
	snprintf(what, sizeof what, "%s%s%s", where, *where ? ": " : "", field->key);
	switch (field->type) {
	case FIELD_TEXT: {
		char *text = setting_text(r, s, what, (size_t)field->max, field->expected);
		if (text)
			*(char **)out = text;
		break;
	}
	case FIELD_SECRET:
		read_secret(r, s, what, field, out);
		break;
	case FIELD_EXPRESSION:
		setting_expression(r, s, what, field->expected, out);
		break;
	case FIELD_ID:
		read_id(r, s, what, field, out);
		break;
	case FIELD_DURATION:
		read_duration(r, s, what, field, out);
		break;
	case FIELD_COUNT:
		read_count(r, s, what, field, out);
		break;
	case FIELD_NUMBER:
		if (!setting_number(s, out) || !isfinite(*(double *)out))
			type_fault(r, s, what, field->expected);
		break;
	case FIELD_TRUTH:
		if (config_setting_type(s) == CONFIG_TYPE_BOOL)
			*(bool *)out = config_setting_get_bool(s);
		else
			type_fault(r, s, what, "true or false");
		break;
	case FIELD_WORD:
		read_word(r, s, what, field, out);
		break;
	case FIELD_OTHER:
		break;
	}
}

static void unknown_fault(struct reader *r, setting *s, const char *where, const struct field *fields, size_t n)
{
	const char *keys[32];
	char list[512];
	struct str choices;
	str_init(&choices, list, sizeof list);
	if (n > sizeof keys / sizeof *keys)
		n = sizeof keys / sizeof *keys;
	for (size_t i = 0; i < n; i++) {
		keys[i] = fields[i].key;
		str_add(&choices, "%s%s", !i ? "" : i + 1 < n ? ", " : " or ", keys[i]);
	}
	const char *nearest = text_nearest(setting_name(s), keys, n);
	const char *colon = *where ? ": " : "";
	if (nearest)
		read_fault(r, setting_line(s), "%s%sunknown setting %.60s, did you mean %s?", where, colon,
			   setting_name(s), nearest);
	else
		read_fault(r, setting_line(s), "%s%sunknown setting %.60s, expected %s", where, colon, setting_name(s),
			   list);
}

void read_fields(struct reader *r, setting *group, const char *where, const struct field *fields, size_t n, void *out)
{
	for (size_t i = 0; i < setting_length(group); i++) {
		setting *s = setting_at(group, i);
		size_t k = 0;
		while (k < n && strcmp(fields[k].key, setting_name(s)) != 0)
			k++;
		if (k == n)
			unknown_fault(r, s, where, fields, n);
		else
			read_field(r, s, where, &fields[k], (char *)out + fields[k].at);
	}
	for (size_t k = 0; k < n; k++)
		if (fields[k].required && !read_member(group, fields[k].key))
			read_fault(r, setting_line(group), "%s%s%s is missing, expected %s", where, *where ? ": " : "",
				   fields[k].key, fields[k].expected);
}

setting *read_list(struct reader *r, setting *group, const char *where, const char *key, const char *expected)
{
	setting *s = read_member(group, key);
	char what[160];
	if (!s || config_setting_is_list(s) || config_setting_is_array(s))
		return s;
	snprintf(what, sizeof what, "%s%s%s", where, *where ? ": " : "", key);
	type_fault(r, s, what, expected);
	return NULL;
}

setting *read_group(struct reader *r, setting *group, const char *where, const char *key)
{
	setting *s = read_member(group, key);
	char what[160];
	if (!s || config_setting_is_group(s))
		return s;
	snprintf(what, sizeof what, "%s%s%s", where, *where ? ": " : "", key);
	type_fault(r, s, what, "a group { ... }");
	return NULL;
}
