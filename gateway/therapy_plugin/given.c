/* SPDX-License-Identifier: Apache-2.0 */
#include "therapy_plugin/given.h"

#include <stdlib.h>
#include <string.h>

#include "therapy_plugin/command.h"

bool given_add(struct given *given, char *text)
{
	char *value = strchr(text, '='), *end = NULL;
	if (!value || value == text || !value[1]) {
		command_usage("--option: found '%s', expected KEY=VALUE, as in zero_deg=5", text);
		return false;
	}
	if (given->n == GIVEN_OPTIONS_MAX) {
		command_usage("--option: expected at most %d of them", GIVEN_OPTIONS_MAX);
		return false;
	}
	*value++ = '\0';
	Therapy__V1__OptionValue *o = &given->values[given->n];
	*o = (Therapy__V1__OptionValue)THERAPY__V1__OPTION_VALUE__INIT;
	o->key = text;
	double number = strtod(value, &end);
	if (*end == '\0') {
		o->value_case = THERAPY__V1__OPTION_VALUE__VALUE_NUMBER;
		o->number = number;
	} else {
		o->value_case = THERAPY__V1__OPTION_VALUE__VALUE_WORD;
		o->word = value;
	}
	given->pointers[given->n++] = o;
	return true;
}
