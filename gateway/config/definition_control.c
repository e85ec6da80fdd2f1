/* SPDX-License-Identifier: Apache-2.0
 * controls = ( ... ); of a described device. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "config/definition.h"
#include "config/sections.h"
#include "generic/number.h"

#define CONTROLS_MAX  16u       /* as device/plugin_check.h */
#define TIMER_MAX_MS  86400000u /* a day */
#define CONFIRM_MS    2000u     /* rest is proved within 2 s unless the definition says otherwise (hazard 24) */
#define LENGTH(array) (sizeof(array) / sizeof *(array))

struct control_fields {
	char *id, *name, *unit;
	double min, max, step, rest_max, load_max, scale, offset;
	uint64_t renew_every, device_timer, test_timer, confirm_within, load_within, stop_within, decimals;
	bool resumes;
};

#define FIELD(type_, key_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct control_fields, key_), __VA_ARGS__                  \
	}
#define TIME(key_, most_) FIELD(FIELD_DURATION, key_, .min = 1, .max = (most_), .expected = "a duration like \"2 s\"")
static const struct field fields[] = {
    FIELD(FIELD_ID, id, .required = true, .expected = "a name of a-z, 0-9 and _"),
    FIELD(FIELD_TEXT, name, .max = 65, .expected = "a name for people in quotes"),
    FIELD(FIELD_TEXT, unit, .max = 16, .expected = "a unit like \"N\" or \"degC\"; none for a count"),
    FIELD(FIELD_NUMBER, min, .expected = "the lowest number above rest that may be asked for"),
    FIELD(FIELD_NUMBER, max, .expected = "the highest number that may be asked for"),
    FIELD(FIELD_NUMBER, step, .expected = "the distance between two numbers"),
    FIELD(FIELD_NUMBER, scale, .expected = "what one step of its number is"),
    FIELD(FIELD_NUMBER, offset, .expected = "what its number 0 is"),
    FIELD(FIELD_COUNT, decimals, .max = 6, .expected = "how many decimals it is sent"),
    FIELD(FIELD_NUMBER, rest_max, .expected = "up to what its confirming metric is at rest"),
    FIELD(FIELD_NUMBER, load_max, .expected = "up to what its load is none"),
    TIME(renew_every, TIMER_MAX_MS),
    TIME(device_timer, TIMER_MAX_MS),
    TIME(test_timer, TIMER_MAX_MS),
    TIME(confirm_within, 600000u),
    TIME(load_within, 600000u),
    TIME(stop_within, 600000u),
    FIELD(FIELD_TRUTH, resumes, .expected = "true or false"),
    {.key = "topic", .type = FIELD_OTHER},
    {.key = "renew_topic", .type = FIELD_OTHER},
    {.key = "on", .type = FIELD_OTHER},
    {.key = "set", .type = FIELD_OTHER},
    {.key = "rest", .type = FIELD_OTHER, .required = true, .expected = "what brings it to rest"},
    {.key = "stop", .type = FIELD_OTHER},
    {.key = "renew", .type = FIELD_OTHER},
    {.key = "test", .type = FIELD_OTHER},
    {.key = "confirm", .type = FIELD_OTHER, .required = true, .expected = "the metric that proves what it does"},
    {.key = "load", .type = FIELD_OTHER},
    {.key = "measures", .type = FIELD_OTHER},
    {.key = "values", .type = FIELD_OTHER},
    {.key = "words", .type = FIELD_OTHER},
};
#undef FIELD
#undef TIME

static void need_with(struct definition *d, setting *s, const char *where, const char *key, const char *other)
{
	if (read_member(s, key) && !read_member(s, other))
		read_fault(d->r, setting_line(read_member(s, key)), "%s: %s: expected %s with it", where, key, other);
}

bool definition_energises(const struct definition *d, const Therapy__V1__DefinedMessage *message,
			  const Therapy__V1__DefinedControl *c)
{
	double value, inner;
	if (message_may_be(d, message, c->test, NULL, &value))
		return true;
	if (!message_may_be(d, message, c->set, c, &value))
		return false;
	if (!c->is_number || isinf(value))
		return true;
	inner = c->n_values > 0 ? value : value * c->scale + c->offset;
	double close = fabs(c->max - c->min) * 1e-9;
	return inner >= c->min - close && inner <= c->max + close; /* NAN is none */
}

/* What would do the opposite of what its name says. */
static void check_messages(struct definition *d, setting *s, const char *where, const Therapy__V1__DefinedControl *c)
{
	const struct {
		const char *key;
		const Therapy__V1__DefinedMessage *message;
	} others[] = {{"rest", c->rest}, {"stop", c->stop}, {"renew", c->renew}};
	for (size_t i = 0; i < LENGTH(others); i++)
		if (others[i].message && definition_energises(d, others[i].message, c))
			read_fault(
			    d->r, setting_line(read_member(s, others[i].key)),
			    "%s: %s: found what switches it on, expected %s", where, others[i].key,
			    others[i].message == c->renew
				? "what restarts its timer and switches nothing: it would switch on again what a "
				  "person has switched off"
				: "another");
}

static void read_messages(struct definition *d, setting *s, const char *where, Therapy__V1__DefinedControl *c)
{
	char *address = definition_address(d, s, where, "topic", d->command_topic);
	setting *on = read_member(s, "on"), *set = read_member(s, "set");
	if (!on == !set)
		read_fault(d->r, setting_line(s),
			   "%s: found %s, expected on = \"...\" for a switch or set = \"...{value}...\" for a number",
			   where, on ? "on and set" : "neither on nor set");
	c->set = message_read(d, s, where, set ? "set" : "on", address, set != NULL);
	c->rest = message_read(d, s, where, "rest", address, false);
	c->stop = message_read(d, s, where, "stop", address, false);
	char *renewal = definition_address(d, s, where, "renew_topic", address);
	c->renew = message_read(d, s, where, "renew", renewal, false);
	c->test = message_read(d, s, where, "test", address, false);
	if (set && c->set && !message_has_value(c->set))
		read_fault(d->r, setting_line(set), "%s: set: expected {value} in it", where);
	check_messages(d, s, where, c);
	need_with(d, s, where, "renew", "renew_every");
	need_with(d, s, where, "renew_topic", "renew");
	need_with(d, s, where, "renew_every", "renew");
	need_with(d, s, where, "renew", "device_timer");
	need_with(d, s, where, "test", "test_timer");
	need_with(d, s, where, "test_timer", "test");
	need_with(d, s, where, "test", "device_timer");
}

static void read_proofs(struct definition *d, setting *s, const char *where, const struct control_fields *in,
			Therapy__V1__DefinedControl *c)
{
	uint32_t measures = 0;
	definition_metric(d, s, where, "confirm", &c->confirm);
	struct unit_conversion unit = d->units[c->confirm];
	c->rest_max = read_member(s, "rest_max") ? in->rest_max * unit.scale + unit.offset : 0;
	c->confirm_ms = in->confirm_within;
	if (definition_metric(d, s, where, "load", &c->load)) {
		c->load_max = in->load_max * d->units[c->load].scale + d->units[c->load].offset;
		c->load_ms = in->load_within;
	}
	if (definition_metric(d, s, where, "measures", &measures)) {
		c->measures = measures + 1;
		if (!c->is_number || c->unit != THERAPY_UNIT_CELSIUS ||
		    d->out->metrics[measures]->unit != THERAPY_UNIT_CELSIUS)
			read_fault(
			    d->r, setting_line(read_member(s, "measures")),
			    "%s: measures: expected it with set and unit = \"degC\" or \"degF\", of a metric in one of "
			    "these",
			    where);
	}
	need_with(d, s, where, "load", "load_max");
	need_with(d, s, where, "load", "load_within");
	need_with(d, s, where, "load_max", "load");
	need_with(d, s, where, "load_within", "load");
}

static void read_number(struct definition *d, setting *s, const char *where, const struct control_fields *in,
			Therapy__V1__DefinedControl *c)
{
	struct unit_conversion unit = definition_unit(d, s, where, in->unit);
	definition_values(d, s, where, &c->n_values, &c->values);
	c->words = definition_words(d, s, where);
	size_t named = words_count(c->words);
	c->unit = (uint32_t)unit.unit;
	c->decimals = in->decimals;
	c->scale = in->scale * unit.scale;
	c->offset = in->offset * unit.scale + unit.offset;
	if (named > 0) {
		static const char *const not_with_words[] = {"min",   "max",    "step",    "unit",
							     "scale", "offset", "decimals"};
		for (size_t i = 0; i < LENGTH(not_with_words); i++)
			if (read_member(s, not_with_words[i]))
				read_fault(d->r, setting_line(read_member(s, not_with_words[i])),
					   "%s: %s: expected none with words", where, not_with_words[i]);
		c->min = c->step = 1;
		c->max = (double)named - 1;
		if (c->n_values && c->n_values != named)
			read_fault(d->r, setting_line(s), "%s: values: found %zu, expected one for each of %zu words",
				   where, c->n_values, named);
		return;
	}
	if (c->n_values)
		read_fault(d->r, setting_line(read_member(s, "values")), "%s: values: expected words with it", where);
	if (!read_member(s, "min") || !read_member(s, "max") || !(in->min < in->max))
		read_fault(d->r, setting_line(s),
			   "%s: min and max: expected both, the lower first: what may be asked for", where);
	c->min = in->min * unit.scale + unit.offset;
	c->max = in->max * unit.scale + unit.offset;
	c->step = in->step * unit.scale;
	if (in->step < 0 || !isfinite(c->min) || !isfinite(c->max) || c->min < 0)
		read_fault(d->r, setting_line(s), "%s: min, max and step: expected finite numbers from 0 up", where);
}

/* A whole number of what can be sent, up to what arithmetic loses. */
static bool can_be_sent(double number, double resolution)
{
	double steps = number / resolution;
	return isfinite(steps) && fabs(steps - round(steps)) <= 1e-6 * (1 + fabs(steps) * 1e-6);
}

/* What is asked for is what is sent, or it would be rounded: beyond the highest, or to rest. */
static void check_numbers(struct definition *d, setting *s, const char *where, const Therapy__V1__DefinedControl *c)
{
	const struct {
		const char *key;
		double number;
		bool fits;
	} all[] = {{"min", (c->min - c->offset) / c->scale, true},
		   {"max", (c->max - c->offset) / c->scale, true},
		   {"step", c->step / c->scale, false}};
	for (size_t i = 0; i < c->set->n_pieces; i++) {
		Therapy__V1__ValueType type = c->set->pieces[i]->value;
		bool digits = type == THERAPY__V1__VALUE_TYPE__VALUE_TYPE_TEXT;
		double min, max, resolution = digits ? pow(10, -(double)c->decimals) : 1;
		if (!type || (digits && c->n_values > 0))
			continue;
		bool whole = number_range(type, &min, &max);
		for (size_t k = 0; k < LENGTH(all); k++) {
			unsigned line = setting_line(read_member(s, all[k].key) ? read_member(s, all[k].key) : s);
			if ((digits || whole) && !can_be_sent(all[k].number, resolution))
				read_fault(d->r, line,
					   "%s: %s: would be sent as %g, which %s, expected a number that can be "
					   "sent",
					   where, all[k].key, all[k].number,
					   digits ? "decimals cuts off" : "is no whole number");
			else if (whole && all[k].fits && (all[k].number < min || all[k].number > max))
				read_fault(d->r, line,
					   "%s: %s: would be sent as %g, expected %g to %g: more has no room", where,
					   all[k].key, all[k].number, min, max);
		}
	}
}

static void read_control(struct definition *d, setting *s, const char *where, Therapy__V1__DefinedControl *c)
{
	static const char *const of_numbers[] = {"min",    "max",    "step",  "unit",    "scale",
						 "offset", "values", "words", "decimals"};
	struct control_fields in = {.scale = 1, .step = 1, .confirm_within = CONFIRM_MS};
	read_fields(d->r, s, where, fields, LENGTH(fields), &in);
	definition_id(d, s, where, in.id);
	c->key = in.id ? in.id : arena_copy(d->r->arena, "", 0);
	c->name = in.name ? in.name : definition_name(d, c->key);
	c->is_number = read_member(s, "set") != NULL;
	if (in.scale == 0)
		read_fault(d->r, setting_line(read_member(s, "scale")), "%s: scale: found 0, expected another number",
			   where);
	if (c->is_number) {
		read_number(d, s, where, &in, c);
	} else {
		c->unit = THERAPY_UNIT_BOOL;
		c->max = c->step = c->scale = 1;
		for (size_t i = 0; i < LENGTH(of_numbers); i++)
			need_with(d, s, where, of_numbers[i], "set");
	}
	read_messages(d, s, where, c);
	if (c->is_number && c->set)
		check_numbers(d, s, where, c);
	read_proofs(d, s, where, &in, c);
	c->renew_ms = c->renew ? in.renew_every : 0;
	c->device_timer_ms = in.device_timer;
	c->test_ms = c->test ? in.test_timer : 0;
	c->stop_ms = in.stop_within;
	c->resumes = in.resumes;
	if (c->renew_ms && c->device_timer_ms < 2 * c->renew_ms)
		read_fault(
		    d->r, setting_line(read_member(s, "renew_every")),
		    "%s: renew_every: expected at most half of device_timer: one that is lost must not end a session",
		    where);
	if (c->test_ms > c->device_timer_ms)
		read_fault(d->r, setting_line(read_member(s, "test_timer")),
			   "%s: test_timer: expected one no longer than device_timer", where);
	if (in.resumes && strcmp(d->out->kind, "heat") != 0)
		read_fault(d->r, setting_line(read_member(s, "resumes")),
			   "%s: resumes: expected it with kind = \"heat\" only: nothing else may go on by itself",
			   where);
}

void definition_controls(struct definition *d, setting *group)
{
	setting *list = read_list(d->r, group, d->where, "controls", "a list ( ... ) of groups { id = ...; }");
	size_t n = list ? setting_length(list) : 0;
	struct named *names = arena_new(d->r->arena, n, sizeof *names);
	char all[DEFINITION_WHERE];
	definition_where(d, all, "controls");
	bool mqtt = !d->out->lines && !d->out->frames && !d->out->ble;
	if (n > CONTROLS_MAX || (mqtt && n > 1)) {
		read_fault(d->r, setting_line(list), "%s: found %zu, expected at most %u%s", all, n,
			   mqtt ? 1 : CONTROLS_MAX,
			   mqtt ? " over MQTT: a connection has one last will, which must put everything to rest" : "");
		return;
	}
	d->out->controls = arena_new(d->r->arena, n, sizeof(Therapy__V1__DefinedControl *));
	for (size_t i = 0; i < n; i++) {
		setting *s = setting_at(list, i);
		char what[96], where[DEFINITION_WHERE];
		lists_where(s, "control", "controls", i, what);
		definition_where(d, where, what);
		if (!setting_is_group(s)) {
			read_fault(d->r, setting_line(s), "%s: expected a group { id = ...; }", where);
			continue;
		}
		Therapy__V1__DefinedControl *c = arena_new(d->r->arena, 1, sizeof *c);
		*c = (Therapy__V1__DefinedControl)THERAPY__V1__DEFINED_CONTROL__INIT;
		read_control(d, s, where, c);
		names[d->out->n_controls] = (struct named){c->key, d->r->source.file, setting_line(s)};
		d->out->controls[d->out->n_controls++] = c;
	}
	check_names(d->r->arena, d->r->faults, names, d->out->n_controls, "control");
}
