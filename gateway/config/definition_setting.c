/* SPDX-License-Identifier: Apache-2.0
 * settings = ( ... ); of a described device: what is changed on it, remembered, and given back. */
#include <string.h>

#include "config/definition.h"
#include "config/sections.h"

#define SETTINGS_MAX  16u /* as device/plugin_check.h */
#define LENGTH(array) (sizeof(array) / sizeof *(array))

struct setting_fields {
	char *id, *name, *because, *pointer, *wanted;
	bool unasked;
};

#define FIELD(type_, key_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct setting_fields, key_), __VA_ARGS__                  \
	}
static const struct field fields[] = {
    FIELD(FIELD_ID, id, .required = true, .expected = "a name of a-z, 0-9 and _"),
    FIELD(FIELD_TEXT, name, .max = 65, .expected = "what its maker calls it, in quotes"),
    FIELD(FIELD_TEXT, because, .required = true, .max = 96, .expected = "why it is changed, for people"),
    FIELD(FIELD_TEXT, pointer, .max = TEXT_MAX, .expected = "a JSON pointer like \"/power_on_behavior\""),
    FIELD(FIELD_TEXT, wanted, .required = true, .max = 64, .expected = "one of its values"),
    FIELD(FIELD_TRUTH, unasked, .expected = "true or false"),
    {.key = "values",
     .type = FIELD_OTHER,
     .required = true,
     .expected = "all that it may be, as the device says it: [ \"off\", \"on\" ]"},
    {.key = "topic", .type = FIELD_OTHER},
    {.key = "ask", .type = FIELD_OTHER, .required = true, .expected = "what asks for it, in quotes"},
    {.key = "ask_topic", .type = FIELD_OTHER},
    {.key = "set", .type = FIELD_OTHER, .required = true, .expected = "what sets it, with {value} in it"},
    {.key = "set_topic", .type = FIELD_OTHER},
};
#undef FIELD

/* What is said, and what it may be. */
static void read_says(struct definition *d, setting *s, const char *where, const struct setting_fields *in,
		      Therapy__V1__DefinedSetting *out)
{
	Therapy__V1__DefinedMetric *says = arena_new(d->r->arena, 1, sizeof *says);
	*says = (Therapy__V1__DefinedMetric)THERAPY__V1__DEFINED_METRIC__INIT;
	says->address = definition_address(d, s, where, "topic", d->topic);
	if (in->pointer)
		says->pointer = definition_pointer(d, s, where, in->pointer);
	definition_values(d, s, where, &says->n_values, &says->values);
	out->says = says;
	out->wanted = (uint32_t)says->n_values;
	for (size_t i = 0; i < says->n_values; i++) {
		if (strchr(says->values[i], '|'))
			read_fault(d->r, setting_line(read_member(s, "values")),
				   "%s: values: found \"%.64s\", expected no | in it", where, says->values[i]);
		if (in->wanted && strcmp(says->values[i], in->wanted) == 0)
			out->wanted = (uint32_t)i;
	}
	if (in->wanted && says->n_values > 0 && out->wanted == says->n_values)
		read_fault(d->r, setting_line(read_member(s, "wanted")),
			   "%s: wanted: found \"%.64s\", expected one of its values", where, in->wanted);
}

/* The message with a value in place of {value}, as it would be sent. */
static Therapy__V1__DefinedMessage *filled(struct definition *d, const Therapy__V1__DefinedMessage *message,
					   const char *value)
{
	Therapy__V1__DefinedMessage *out = arena_new(d->r->arena, 1, sizeof *out);
	*out = *message;
	out->pieces = arena_new(d->r->arena, message->n_pieces, sizeof *out->pieces);
	for (size_t i = 0; i < message->n_pieces; i++) {
		Therapy__V1__Piece *piece = arena_new(d->r->arena, 1, sizeof *piece);
		*piece = *message->pieces[i];
		if (piece->value) {
			piece->value = THERAPY__V1__VALUE_TYPE__VALUE_TYPE_UNSPECIFIED;
			piece->bytes = (ProtobufCBinaryData){strlen(value),
							     (uint8_t *)arena_copy(d->r->arena, value, strlen(value))};
		}
		out->pieces[i] = piece;
	}
	return out;
}

static void read_messages(struct definition *d, setting *s, const char *where, Therapy__V1__DefinedSetting *out)
{
	out->ask =
	    message_read(d, s, where, "ask", definition_address(d, s, where, "ask_topic", d->command_topic), false);
	out->set =
	    message_read(d, s, where, "set", definition_address(d, s, where, "set_topic", d->command_topic), true);
	definition_check_harmless(d, read_member(s, "ask"), where, "ask", out->ask);
	if (!out->set)
		return;
	if (!message_has_value(out->set))
		read_fault(d->r, setting_line(read_member(s, "set")), "%s: set: expected {value} in it", where);
	/* It is sent without a permission: with none of its values may it be what a control is switched on with. */
	for (size_t i = 0; i < out->says->n_values; i++)
		definition_check_harmless(d, read_member(s, "set"), where, "set",
					  filled(d, out->set, out->says->values[i]));
}

void definition_settings(struct definition *d, setting *group)
{
	setting *list = read_list(d->r, group, d->where, "settings", "a list ( ... ) of groups { id = ...; }");
	size_t n = list ? setting_length(list) : 0;
	char all[DEFINITION_WHERE];
	definition_where(d, all, "settings");
	if (n > 0 && (d->out->lines || d->out->frames || d->out->ble)) {
		read_fault(d->r, setting_line(list), "%s: expected them with messages on topics only", all);
		return;
	}
	if (n > SETTINGS_MAX) {
		read_fault(d->r, setting_line(list), "%s: found %zu, expected at most %u", all, n, SETTINGS_MAX);
		return;
	}
	struct named *names = arena_new(d->r->arena, n, sizeof *names);
	d->out->settings = arena_new(d->r->arena, n, sizeof *d->out->settings);
	for (size_t i = 0; i < n; i++) {
		setting *s = setting_at(list, i);
		struct setting_fields in = {.unasked = true};
		char what[96], where[DEFINITION_WHERE];
		lists_where(s, "setting", "settings", i, what);
		definition_where(d, where, what);
		if (!setting_is_group(s)) {
			read_fault(d->r, setting_line(s), "%s: expected a group { id = ...; }", where);
			continue;
		}
		Therapy__V1__DefinedSetting *out = arena_new(d->r->arena, 1, sizeof *out);
		*out = (Therapy__V1__DefinedSetting)THERAPY__V1__DEFINED_SETTING__INIT;
		read_fields(d->r, s, where, fields, LENGTH(fields), &in);
		definition_id(d, s, where, in.id);
		out->key = in.id ? in.id : arena_copy(d->r->arena, "", 0);
		out->name = in.name ? in.name : definition_name(d, out->key);
		out->because = in.because ? in.because : out->because;
		out->unasked = in.unasked;
		read_says(d, s, where, &in, out);
		read_messages(d, s, where, out);
		names[d->out->n_settings] = (struct named){out->key, d->r->source.file, setting_line(s)};
		d->out->settings[d->out->n_settings++] = out;
	}
	check_names(d->r->arena, d->r->faults, names, d->out->n_settings, "setting");
}
