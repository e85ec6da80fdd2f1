/* SPDX-License-Identifier: Apache-2.0
 * metrics = ( ... ); of a described device, and what controls read alike: addresses, units, words. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "base/words.h"
#include "config/definition.h"
#include "config/sections.h"
#include "config/text.h"
#include "generic/number.h"

#define METRICS_MAX   64u
#define WORDS_MAX     32u
#define LONG_MS       604800000u /* a week: whoever says something more seldom is not there */
#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* ---- what metrics and controls share ---- */

bool definition_key_valid(const char *key)
{
	return *key && key[strspn(key, WORDS_LETTERS)] == '\0';
}

void definition_check_address(struct definition *d, setting *s, const char *what, const char *address)
{
	if (!address || !s)
		return;
	if (d->out->lines || d->out->frames) {
		read_fault(d->r, setting_line(s), "%s: found \"%.80s\", expected none with lines or frames", what,
			   address);
		return;
	}
	if (d->out->ble && (strlen(address) != 36 || address[strspn(address, "0123456789abcdefABCDEF-")] != '\0')) {
		read_fault(d->r, setting_line(s),
			   "%s: found \"%.80s\", expected the UUID of a characteristic, as "
			   "\"7e4e1702-1ea6-40c9-9dcc-13d34ffead57\"",
			   what, address);
		return;
	}
	for (const char *at = address; (at = strpbrk(at, "{}+#"));) {
		if (strncmp(at, "{name}", 6) == 0) {
			at += 6;
			continue;
		}
		read_fault(
		    d->r, setting_line(s),
		    "%s: found \"%.80s\", expected a topic in which {name} stands for the name in the device's link, "
		    "and no other {, }, + or #",
		    what, address);
		return;
	}
}

/* With the name put in, if it is known: so that one topic has one spelling. */
static char *resolved(struct definition *d, char *address)
{
	char *at = d->name ? strstr(address, "{name}") : NULL;
	for (; at; at = strstr(address, "{name}"))
		address = arena_print(d->r->arena, "%.*s%s%s", (int)(at - address), address, d->name, at + 6);
	return address;
}

char *definition_address(struct definition *d, setting *group, const char *where, const char *key, char *otherwise)
{
	setting *s = read_member(group, key);
	char what[DEFINITION_WHERE + 16];
	bool messages = !d->out->lines && !d->out->frames;
	char *none = arena_copy(d->r->arena, "", 0);
	if (!s && messages && !otherwise)
		read_fault(d->r, setting_line(group), "%s: %s is missing, expected one here or for the whole device",
			   where, key);
	if (!s)
		return otherwise && messages ? resolved(d, otherwise) : none;
	snprintf(what, sizeof what, "%s: %s", where, key);
	char *address = setting_text(d->r, s, what, TEXT_MAX, "a topic like \"sensors/{name}\"");
	definition_check_address(d, s, what, address);
	return address ? resolved(d, address) : none;
}

char *definition_pointer(struct definition *d, setting *group, const char *where, char *pointer)
{
	bool wrong = *pointer != '/';
	for (const char *at = pointer; (at = strchr(at, '~')); at++)
		wrong |= at[1] != '0' && at[1] != '1';
	if (wrong)
		read_fault(d->r, setting_line(read_member(group, "pointer")),
			   "%s: pointer: found \"%.80s\", expected a JSON pointer (RFC 6901) like \"/power\" or "
			   "\"/sensors/0/value\"",
			   where, pointer);
	return pointer;
}

struct unit_conversion definition_unit(struct definition *d, setting *group, const char *where, const char *unit)
{
	struct unit_conversion out = {.unit = THERAPY_UNIT_ONE, .scale = 1};
	if (unit && strcmp(unit, "bool") == 0)
		out.unit = THERAPY_UNIT_BOOL;
	else if (unit && !unit_parse(unit, strlen(unit), &out))
		read_fault(
		    d->r, setting_line(read_member(group, "unit")),
		    "%s: unit: found \"%s\", expected N, kgf, lbf, deg, deg/s, degC, degF, kPa, mmHg, psi, W, Wh, "
		    "V, A, kg, lb, %%, s, min, h, g, N/s or bool; none for a count",
		    where, unit);
	return out;
}

void definition_values(struct definition *d, setting *group, const char *where, size_t *n, char ***out)
{
	const struct core_text *texts = NULL;
	if (!read_member(group, "values") ||
	    !lists_texts(d->r, group, where, "values", "a list like [ \"OFF\", \"ON\" ]", &texts, n))
		return;
	*out = arena_new(d->r->arena, *n, sizeof **out);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = arena_copy(d->r->arena, texts[i].text ? texts[i].text : "",
				       texts[i].text ? strlen(texts[i].text) : 0);
}

char *definition_words(struct definition *d, setting *group, const char *where)
{
	const struct core_text *texts = NULL;
	size_t n = 0;
	char *words = arena_copy(d->r->arena, "", 0);
	if (!read_member(group, "words") ||
	    !lists_texts(d->r, group, where, "words", "a list like [ \"off\", \"low\" ]", &texts, &n))
		return words;
	if (n > WORDS_MAX)
		read_fault(d->r, setting_line(read_member(group, "words")), "%s: words: found %zu, expected at most %u",
			   where, n, WORDS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (!texts[i].text)
			continue;
		if (!definition_key_valid(texts[i].text))
			read_fault(d->r, texts[i].line, "%s: words: found \"%.48s\", expected words of a-z, 0-9 and _",
				   where, texts[i].text);
		words = arena_print(d->r->arena, "%s%s%s", words, i ? "|" : "", texts[i].text);
	}
	return words;
}

bool definition_metric(struct definition *d, setting *group, const char *where, const char *key, uint32_t *out)
{
	setting *s = read_member(group, key);
	const char *name = s ? setting_string(s) : NULL;
	char found[96];
	for (size_t i = 0; name && i < d->out->n_metrics; i++)
		if (strcmp(d->out->metrics[i]->key, name) == 0) {
			*out = (uint32_t)i;
			return true;
		}
	if (s) {
		setting_describe(s, found, sizeof found);
		read_fault(d->r, setting_line(s), "%s: %s: found %s, expected the id of one of its metrics", where, key,
			   found);
	}
	return false;
}

void definition_id(struct definition *d, setting *s, const char *where, const char *id)
{
	if (id && !definition_key_valid(id))
		read_fault(d->r, setting_line(read_member(s, "id")),
			   "%s: id: found \"%s\", expected a name of a-z, 0-9 and _", where, id);
}

char *definition_name(struct definition *d, const char *id)
{
	char *name = arena_copy(d->r->arena, id, strlen(id));
	for (char *c = name; *c; c++)
		*c = (char)(*c == '_' ? ' ' : *c);
	*name = (char)toupper((unsigned char)*name);
	return name;
}

/* ---- a metric ---- */

struct metric_fields {
	char *id, *name, *unit, *pointer, *suffix, *device_class;
	uint64_t field, at, decimals, bit, every, stale;
	double min, max, max_rate, deadband, scale, offset;
	unsigned type;
	bool diagnostic, stops, event;
};

#define FIELD(type_, key_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct metric_fields, key_), __VA_ARGS__                   \
	}
static const struct field fields[] = {
    FIELD(FIELD_ID, id, .required = true, .expected = "a name of a-z, 0-9 and _"),
    FIELD(FIELD_TEXT, name, .max = 65, .expected = "a name for people in quotes"),
    FIELD(FIELD_TEXT, unit, .max = 16, .expected = "a unit like \"N\", \"deg\" or \"bool\"; none for a count"),
    FIELD(FIELD_TEXT, pointer, .max = TEXT_MAX, .expected = "a JSON pointer like \"/power\""),
    FIELD(FIELD_COUNT, field, .min = 1, .max = 256, .expected = "the number of a field, from 1"),
    FIELD(FIELD_COUNT, at, .max = 4095, .expected = "how many bytes are before it"),
    FIELD(FIELD_WORD, type, .words = value_type_words, .expected = "\"u8\", \"i16le\", \"f32be\" or one like them"),
    FIELD(FIELD_COUNT, bit, .max = 31, .expected = "the number of a bit, from 0"),
    FIELD(FIELD_DURATION, every, .min = 1, .max = LONG_MS, .expected = "a duration like \"1 s\""),
    FIELD(FIELD_DURATION, stale, .min = 1, .max = LONG_MS, .expected = "a duration like \"5 s\""),
    FIELD(FIELD_NUMBER, min, .expected = "the lowest number that can be true"),
    FIELD(FIELD_NUMBER, max, .expected = "the highest number that can be true"),
    FIELD(FIELD_NUMBER, max_rate, .expected = "the fastest change in a second that can be true"),
    FIELD(FIELD_NUMBER, deadband, .expected = "the smallest change worth showing"),
    FIELD(FIELD_NUMBER, scale, .expected = "a number that what it says is multiplied by"),
    FIELD(FIELD_NUMBER, offset, .expected = "a number that is added then"),
    FIELD(FIELD_COUNT, decimals, .max = 9, .expected = "how many decimals are worth showing"),
    FIELD(FIELD_TEXT, suffix, .max = 16, .expected = "what stands behind the number, like \"kg\""),
    FIELD(FIELD_TEXT, device_class, .max = 64, .expected = "one of Home Assistant's in quotes"),
    FIELD(FIELD_TRUTH, diagnostic, .expected = "true or false"),
    FIELD(FIELD_TRUTH, stops, .expected = "true or false"),
    FIELD(FIELD_TRUTH, event, .expected = "true or false"),
    {.key = "topic", .type = FIELD_OTHER},
    {.key = "begins", .type = FIELD_OTHER},
    {.key = "errors", .type = FIELD_OTHER},
    {.key = "values", .type = FIELD_OTHER},
    {.key = "words", .type = FIELD_OTHER},
};
#undef FIELD

/* Where in the frame it is: by pointer, by field, in bytes, or all of it. */
static void read_place(struct definition *d, setting *s, const char *where, const struct metric_fields *in,
		       Therapy__V1__DefinedMetric *m)
{
	bool binary = read_member(s, "type") != NULL;
	const char *only = d->out->frames ? "type and at" : NULL;
	if (in->pointer)
		m->pointer = definition_pointer(d, s, where, in->pointer);
	m->field = in->field;
	if ((in->pointer != NULL) + (in->field > 0) + binary > 1)
		read_fault(d->r, setting_line(s), "%s: found several of pointer, field and type, expected one of them",
			   where);
	if (in->field && !d->out->lines)
		read_fault(d->r, setting_line(read_member(s, "field")),
			   "%s: field: found %u, expected it with lines only", where, (unsigned)in->field);
	if (d->out->lines && binary)
		read_fault(d->r, setting_line(read_member(s, "type")), "%s: type: expected field or pointer with lines",
			   where);
	if (only && !binary)
		read_fault(d->r, setting_line(s), "%s: expected %s with frames", where, only);
	if (!binary && (read_member(s, "at") || read_member(s, "bit")))
		read_fault(d->r, setting_line(s), "%s: at and bit: expected them with type only", where);
	if (!binary)
		return;
	m->type = (Therapy__V1__ValueType)(VALUE_TYPE_FIRST + in->type);
	m->at = in->at;
	if (!read_member(s, "bit"))
		return;
	m->mask = 1ull << in->bit;
	if (in->bit >= 8 * number_size(m->type))
		read_fault(d->r, setting_line(read_member(s, "bit")), "%s: bit: found %u, expected 0 to %zu", where,
			   (unsigned)in->bit, 8 * number_size(m->type) - 1);
	if (m->type >= THERAPY__V1__VALUE_TYPE__VALUE_TYPE_F32LE)
		read_fault(d->r, setting_line(read_member(s, "bit")), "%s: bit: expected a whole number's type", where);
}

/* A frame has its size: what reaches beyond what it says would be refused each time, or be its checksum. */
static void check_room(struct definition *d, setting *s, const char *where, const Therapy__V1__DefinedMetric *m)
{
	const Therapy__V1__FrameLayout *f = d->out->frames;
	size_t size = number_size(m->type);
	if (!f || f->size < f->end.len + checksum_size(f->checksum))
		return;
	size_t room = f->size - f->end.len - checksum_size(f->checksum);
	if (m->at + size > room)
		read_fault(d->r, setting_line(s),
			   "%s: at: found %u and %zu bytes, expected them within the frame's first %zu", where,
			   (unsigned)m->at, size, room);
	for (size_t i = 0; i < m->n_begins; i++) {
		size_t n = m->begins[i].len < f->start.len ? m->begins[i].len : f->start.len;
		if (n > 0 && memcmp(m->begins[i].data, f->start.data, n) != 0)
			read_fault(d->r, setting_line(read_member(s, "begins")),
				   "%s: begins: expected what begins as frames do: no other one comes", where);
	}
}

/* What would be left out without a word. */
static void check_meaning(struct definition *d, setting *s, const char *where, const Therapy__V1__DefinedMetric *m)
{
	static const char *const with_values[] = {"scale", "offset", "suffix", "type"};
	for (size_t i = 0; i < LENGTH(with_values) && m->n_values; i++)
		if (read_member(s, with_values[i]))
			read_fault(d->r, setting_line(read_member(s, with_values[i])),
				   "%s: %s: expected none with values", where, with_values[i]);
	if (read_member(s, "suffix") && read_member(s, "type"))
		read_fault(d->r, setting_line(read_member(s, "suffix")), "%s: suffix: expected none with type", where);
	for (size_t i = 0; i < m->n_values; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(m->values[i], m->values[k]) == 0)
				read_fault(d->r, setting_line(read_member(s, "values")),
					   "%s: values: found \"%.48s\" twice, expected each once", where,
					   m->values[i]);
	if (m->field > 1 && d->out->lines && !*d->out->lines->separator)
		read_fault(d->r, setting_line(read_member(s, "field")),
			   "%s: field: expected a separator in lines with it", where);
	if (*m->words && m->unit != THERAPY_UNIT_ONE && m->unit != THERAPY_UNIT_BOOL)
		read_fault(d->r, setting_line(read_member(s, "unit")), "%s: unit: expected none with words or values",
			   where);
	if (m->deadband < 0 || m->max_rate_per_s < 0 || !isfinite(m->min) || !isfinite(m->max) || !isfinite(m->scale) ||
	    !isfinite(m->offset) || !isfinite(m->deadband) || !isfinite(m->max_rate_per_s))
		read_fault(d->r, setting_line(s),
			   "%s: min, max, scale, offset, deadband and max_rate: expected finite numbers, the last two "
			   "from 0 up",
			   where);
}

static void check_range(struct definition *d, setting *s, const char *where, const struct metric_fields *in)
{
	if (!read_member(s, "min") || !read_member(s, "max"))
		read_fault(d->r, setting_line(s),
			   "%s: %s is missing, expected the range of what can be true: anything outside is an error",
			   where, read_member(s, "min") ? "max" : "min");
	else if (in->min >= in->max)
		read_fault(d->r, setting_line(read_member(s, "max")), "%s: max: found %g, expected more than min, %g",
			   where, in->max, in->min);
}

/* What counts has its range by its words; what measures must say it. */
static void read_range(struct definition *d, setting *s, const char *where, const struct metric_fields *in,
		       const struct unit_conversion *unit, Therapy__V1__DefinedMetric *m)
{
	bool is_bool = unit->unit == THERAPY_UNIT_BOOL;
	size_t named = m->n_values ? m->n_values : words_count(m->words);
	m->min = in->min * unit->scale + unit->offset;
	m->max = in->max * unit->scale + unit->offset;
	if (is_bool || named > 0) {
		m->min = 0;
		m->max = is_bool ? 1 : (double)named - 1;
		if (read_member(s, "min") || read_member(s, "max"))
			read_fault(d->r, setting_line(s), "%s: min and max: expected none with values, words or bool",
				   where);
	} else {
		check_range(d, s, where, in);
	}
	if (is_bool && named != 0 && named != 2)
		read_fault(d->r, setting_line(s), "%s: found %zu values or words of a bool, expected two", where,
			   named);
	if (*m->words && m->n_values && words_count(m->words) != m->n_values)
		read_fault(d->r, setting_line(s), "%s: words: found %zu, expected one for each of %zu values", where,
			   words_count(m->words), m->n_values);
}

static void read_times(struct definition *d, setting *s, const char *where, const struct metric_fields *in,
		       Therapy__V1__DefinedMetric *m)
{
	m->interval_ms = in->every ? in->every : in->stale / 3;
	m->stale_ms = in->stale;
	if (!in->every && !in->stale)
		read_fault(d->r, setting_line(s),
			   "%s: every or stale is missing, expected how often it is said, or how old it may get",
			   where);
	else if (in->every && in->stale && in->stale < 2 * in->every)
		read_fault(
		    d->r, setting_line(read_member(s, "stale")),
		    "%s: stale: expected at least twice as long as every: one that is lost must not end a session",
		    where);
}

/* All words that it says are such as rules may write: then they are their words. */
static char *words_of_values(struct definition *d, const Therapy__V1__DefinedMetric *m)
{
	char *words = arena_copy(d->r->arena, "", 0);
	for (size_t i = 0; i < m->n_values; i++) {
		if (!definition_key_valid(m->values[i]))
			return arena_copy(d->r->arena, "", 0);
		words = arena_print(d->r->arena, "%s%s%s", words, i ? "|" : "", m->values[i]);
	}
	return words;
}

/* What is said of an event is a text in a message, and only what stops is over as soon as it was. */
static void check_event(struct definition *d, setting *s, const char *where, const Therapy__V1__DefinedMetric *m)
{
	setting *event = read_member(s, "event");
	if (!m->event)
		return;
	if (!m->stops)
		read_fault(d->r, setting_line(event), "%s: event: expected stops = true with it", where);
	if (m->n_values)
		read_fault(d->r, setting_line(read_member(s, "values")),
			   "%s: values: expected none with event: whatever it says is a press", where);
	if (d->out->lines || d->out->frames || read_member(s, "type"))
		read_fault(d->r, setting_line(event),
			   "%s: event: expected it of a message's text only, not with lines, frames or type", where);
}

static void read_metric(struct definition *d, setting *s, const char *where, Therapy__V1__DefinedMetric *m)
{
	struct metric_fields in = {.scale = 1, .decimals = 1};
	read_fields(d->r, s, where, fields, LENGTH(fields), &in);
	struct unit_conversion unit = definition_unit(d, s, where, in.unit);
	definition_id(d, s, where, in.id);
	m->key = in.id ? in.id : arena_copy(d->r->arena, "", 0);
	m->name = in.name ? in.name : definition_name(d, m->key);
	m->unit = (uint32_t)unit.unit;
	m->address = definition_address(d, s, where, "topic", d->topic);
	message_bytes_list(d, s, where, "begins", d->hex, &m->n_begins, &m->begins);
	message_bytes_list(d, s, where, "errors", d->hex, &m->n_errors, &m->errors);
	definition_values(d, s, where, &m->n_values, &m->values);
	m->words = definition_words(d, s, where);
	if (!*m->words && unit.unit != THERAPY_UNIT_BOOL)
		m->words = words_of_values(d, m);
	m->suffix = in.suffix ? in.suffix : m->suffix;
	m->device_class = in.device_class ? in.device_class : m->device_class;
	m->precision = unit.unit == THERAPY_UNIT_BOOL || m->n_values || *m->words ? 0 : in.decimals;
	m->diagnostic = in.diagnostic;
	m->stops = in.stops;
	m->event = in.event;
	m->scale = in.scale * unit.scale;
	m->offset = in.offset * unit.scale + unit.offset;
	m->deadband = in.deadband * unit.scale;
	m->max_rate_per_s = in.max_rate * unit.scale;
	read_place(d, s, where, &in, m);
	check_room(d, s, where, m);
	read_range(d, s, where, &in, &unit, m);
	read_times(d, s, where, &in, m);
	check_meaning(d, s, where, m);
	check_event(d, s, where, m);
	d->units[d->out->n_metrics] = unit;
	if (in.stops && unit.unit != THERAPY_UNIT_BOOL)
		read_fault(d->r, setting_line(read_member(s, "stops")), "%s: stops: expected unit = \"bool\" with it",
			   where);
	if (in.scale == 0)
		read_fault(d->r, setting_line(read_member(s, "scale")), "%s: scale: found 0, expected another number",
			   where);
}

void definition_metrics(struct definition *d, setting *group)
{
	setting *list = read_list(d->r, group, d->where, "metrics", "a list ( ... ) of groups { id = ...; }");
	size_t n = list ? setting_length(list) : 0;
	struct named *names = arena_new(d->r->arena, n, sizeof *names);
	if (list && (n == 0 || n > DEFINITION_METRICS_MAX)) {
		char all[DEFINITION_WHERE];
		definition_where(d, all, "metrics");
		read_fault(d->r, setting_line(list), "%s: found %zu, expected 1 to %u", all, n, DEFINITION_METRICS_MAX);
		return;
	}
	d->out->metrics = arena_new(d->r->arena, n, sizeof(Therapy__V1__DefinedMetric *));
	for (size_t i = 0; i < n; i++) {
		setting *s = setting_at(list, i);
		char what[96], where[DEFINITION_WHERE];
		lists_where(s, "metric", "metrics", i, what);
		definition_where(d, where, what);
		if (!setting_is_group(s)) {
			read_fault(d->r, setting_line(s), "%s: expected a group { id = ...; }", where);
			continue;
		}
		Therapy__V1__DefinedMetric *m = arena_new(d->r->arena, 1, sizeof *m);
		*m = (Therapy__V1__DefinedMetric)THERAPY__V1__DEFINED_METRIC__INIT;
		read_metric(d, s, where, m);
		names[d->out->n_metrics] = (struct named){m->key, d->r->source.file, setting_line(s)};
		d->out->metrics[d->out->n_metrics++] = m;
	}
	check_names(d->r->arena, d->r->faults, names, d->out->n_metrics, "metric");
}
