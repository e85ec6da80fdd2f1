/* SPDX-License-Identifier: Apache-2.0 */
#include "adjusted_options.h"

#include <string.h>

#include "tell/tell.h"

struct adjusted_key adjusted_options_key(const struct config_device *d)
{
	return (struct adjusted_key){d->plugin ? d->plugin : d->program ? d->program : "", d->model, d->link};
}

const struct config_option *adjusted_options_configured(const struct config_device *d, const char *key)
{
	for (size_t i = 0; i < d->n_options; i++)
		if (strcmp(d->options[i].key, key) == 0)
			return &d->options[i];
	return NULL;
}

static bool is_word(const Therapy__V1__OptionValue *o)
{
	return o->value_case == THERAPY__V1__OPTION_VALUE__VALUE_WORD;
}

static bool same(const struct config_option *a, const Therapy__V1__OptionValue *b)
{
	if (a->is_word || is_word(b))
		return a->is_word && is_word(b) && strcmp(a->word, b->word) == 0;
	return !(a->number < b->number) && !(a->number > b->number);
}

const struct config_option *adjusted_options_against(const struct config_device *d, struct adjusted_options options)
{
	for (size_t i = 0; i < options.n; i++) {
		const struct config_option *given = adjusted_options_configured(d, options.items[i]->key);
		if (given && !same(given, options.items[i]))
			return given;
	}
	return NULL;
}

void adjusted_options_line(struct str *out, struct adjusted_options options)
{
	for (size_t i = 0; i < options.n; i++) {
		const Therapy__V1__OptionValue *o = options.items[i];
		str_add(out, "%s%s = ", i ? " " : "", o->key);
		if (is_word(o))
			str_add(out, "\"%s\"", o->word);
		else
			str_add_number(out, o->number, 2);
		str_add(out, ";");
	}
}

struct json_object *adjusted_options_json(struct adjusted_options options)
{
	struct json_object *o = json_object_new_object();
	for (size_t i = 0; i < options.n; i++)
		if (is_word(options.items[i]))
			tell_put(o, options.items[i]->key, options.items[i]->word);
		else
			tell_put_number(o, options.items[i]->key, options.items[i]->number);
	return o;
}
