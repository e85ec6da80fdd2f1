/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/inbox.h"

#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/words.h"
#include "broker/topic.h"
#include "mqtt/iso8601.h"
#include "mqtt/quantity.h"

#define JSON_DEPTH     3 /* a request is flat */
#define EXPECTED_JSON  "or JSON {\"value\": ..., \"id\": \"...\", \"time\": ...}"
#define EXPECTED_PRESS "expected nothing, PRESS, ON, or JSON {\"id\": \"...\", \"time\": ...}"

static bool flawed(struct inbox_request *r, enum core_flaw flaw, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool flawed(struct inbox_request *r, enum core_flaw flaw, const char *format, ...)
{
	struct str s;
	va_list args;
	str_init(&s, r->flaw_text, sizeof r->flaw_text);
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	r->core.flaw = flaw;
	r->core.flaw_text = r->flaw_text;
	return false;
}

/* ---- the topic ---- */

static void cut(char *out, size_t cap, const char *text, size_t size)
{
	size_t n = size < cap - 1 ? size : cap - 1;
	memcpy(out, text, n);
	out[n] = '\0';
}

/* What stands behind the control's key. */
static bool take_part(struct inbox_request *r, const char *tail)
{
	if (strcmp(tail, "/mode") == 0)
		r->part = CLIMATE_MODE;
	else if (strcmp(tail, "/temperature") == 0)
		r->part = CLIMATE_TEMPERATURE;
	return *tail == '\0' || (r->core.verb == CORE_SET && r->part != CLIMATE_NONE);
}

static bool split_topic(const char *base, const char *topic, struct inbox_request *r)
{
	size_t n = strlen(base);
	if (strncmp(topic, base, n) != 0 || topic[n] != '/')
		return false;
	const char *device = topic + n + 1;
	size_t device_size = strcspn(device, "/");
	const char *what = device + device_size;
	if (*what == '\0') { /* about the home */
		static const struct {
			const char *topic;
			enum core_verb verb;
		} home[] = {
		    {"stop", CORE_STOP}, {"reset", CORE_RESET}, {"silence", CORE_SILENCE}, {"present", CORE_CONFIRM}};
		for (size_t i = 0; i < sizeof home / sizeof *home; i++)
			if (strcmp(device, home[i].topic) == 0) {
				r->core.verb = home[i].verb;
				return true;
			}
		return false;
	}
	const char *control = "";
	if (strncmp(what, "/set/", 5) == 0) {
		control = what + 5;
	} else if (strncmp(what, "/off_test/", 10) == 0) {
		r->core.verb = CORE_OFF_TEST;
		control = what + 10;
	} else if (strcmp(what, "/park") == 0) {
		r->core.verb = CORE_PARK;
	} else {
		return false;
	}
	size_t control_size = strcspn(control, "/");
	if (device_size == 0 || (r->core.verb != CORE_PARK && control_size == 0) ||
	    !take_part(r, control + control_size))
		return false;
	cut(r->device, sizeof r->device, device, device_size);
	cut(r->control, sizeof r->control, control, control_size);
	return true;
}

/* ---- what it is about ---- */

static void find_row(const struct inbox_context *context, struct inbox_request *r)
{
	for (size_t d = 0; r->core.verb == CORE_SET && d < context->n_devices; d++) {
		const Therapy__V1__DeviceDescription *device = context->devices[d];
		for (size_t c = 0; strcmp(device->device_id, r->device) == 0 && c < device->n_controls; c++) {
			bool fits = r->part == CLIMATE_NONE || climate_is(device, c);
			if (strcmp(device->controls[c]->key, r->control) != 0 || !fits)
				continue;
			r->row = device->controls[c];
			r->device_index = (uint16_t)d;
			r->control_index = (uint16_t)c;
		}
	}
}

/* A mode of what has none: the core says that there is no such control. */
static void give_back_part(struct inbox_request *r)
{
	struct str s;
	size_t n = strlen(r->control);
	str_init(&s, r->control + n, sizeof r->control - n);
	str_add(&s, "/%s", r->part == CLIMATE_MODE ? "mode" : "temperature");
	r->part = CLIMATE_NONE;
}

/* NULL: it takes no words but ON and OFF. */
static const char *words_of_request(const struct inbox_request *r)
{
	if (r->part == CLIMATE_MODE)
		return CLIMATE_MODES;
	return r->row && r->row->words[0] ? r->row->words : NULL;
}

static void say_expected(struct inbox_request *r)
{
	struct str s;
	str_init(&s, r->expected, sizeof r->expected);
	str_add(&s, "expected ");
	if (words_of_request(r))
		words_list(&s, words_of_request(r));
	else if (r->part == CLIMATE_TEMPERATURE)
		str_add(&s, "a temperature");
	else
		str_add(&s, "ON, OFF, a finite number");
	str_add(&s, ", " EXPECTED_JSON);
}

/* Does it set something, so that a value is needed? */
static bool has_value(const struct inbox_request *r)
{
	return r->core.verb == CORE_SET || r->core.verb == CORE_PARK;
}

/* ---- values ---- */

static bool number(const char *text, double *out)
{
	char *end;
	size_t len = strlen(text);
	if (len == 0 || len > 32 ||
	    strspn(text, "0123456789+-.eE") != len) /* strtod takes inf, nan, hexadecimal, spaces */
		return false;
	double value = strtod(text, &end);
	if (end == text || *end != '\0' || !isfinite(value))
		return false;
	*out = value;
	return true;
}

static bool word_or_number(const char *text, double *out)
{
	if (strcmp(text, "ON") == 0)
		*out = 1;
	else if (strcmp(text, "OFF") == 0)
		*out = 0;
	else
		return number(text, out);
	return true;
}

/* Words are taken as they are declared. Rest need not be spelt. */
static bool text_value(const struct inbox_request *r, const char *text, double *out)
{
	double value;
	const char *words = words_of_request(r);
	if (!words)
		return word_or_number(text, out);
	if (words_value(words, text, strlen(text), out))
		return true;
	if (!word_or_number(text, &value) || value != 0)
		return false;
	*out = 0;
	return true;
}

static bool json_value(const struct inbox_request *r, struct json_object *value, double *out)
{
	double number_read;
	switch (json_object_get_type(value)) {
	case json_type_boolean:
		*out = json_object_get_boolean(value) ? 1 : 0;
		return *out == 0 || !words_of_request(r);
	case json_type_int:
	case json_type_double:
		number_read = json_object_get_double(value);
		if (!isfinite(number_read))
			return false;
		*out = number_read;
		return r->part != CLIMATE_MODE || number_read == 0 || (number_read >= 1 && number_read <= 1);
	case json_type_string:
		return strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value) &&
		       text_value(r, json_object_get_string(value), out);
	default:
		return false;
	}
}

/* ---- time stamps ---- */

static bool json_time(struct json_object *value, int64_t *out_ms)
{
	if (json_object_is_type(value, json_type_string))
		return iso8601_parse(json_object_get_string(value), out_ms);
	if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double))
		return false;
	double t = json_object_get_double(value);
	if (!(t > 0 && t < 1e14))
		return false;
	*out_ms =
	    (int64_t)(t < 1e11 ? t * 1000 : t); /* seconds reach 1e11 in the year 5138, milliseconds did in 1973 */
	return true;
}

/* ---- the payload ---- */

static bool take_id(struct inbox_request *r, struct json_object *id)
{
	if (!json_object_is_type(id, json_type_string))
		return flawed(r, CORE_FLAW_MALFORMED, "'id' is not text; expected a string of at most %u bytes",
			      CORE_REQUEST_ID_MAX - 1);
	const char *text = json_object_get_string(id);
	size_t size = (size_t)json_object_get_string_len(id);
	if (size >= sizeof r->id || strlen(text) != size)
		return flawed(r, CORE_FLAW_MALFORMED, "'id' has %zu bytes; expected at most %u and no NUL", size,
			      CORE_REQUEST_ID_MAX - 1);
	memcpy(r->id, text, size + 1);
	return true;
}

static bool take_time(const struct inbox_context *context, struct inbox_request *r, struct json_object *stamp)
{
	int64_t at_ms;
	if (!json_time(stamp, &at_ms))
		return flawed(r, CORE_FLAW_MALFORMED,
			      "'time' is no time; expected Unix seconds, Unix milliseconds or ISO 8601 with a zone");
	int64_t age_ms = context->wall_ms - at_ms;
	if (!context->wall_trusted) {
		/* Our own clock may be wrong (a router boots in 1970): a stamp that looks young then proves nothing,
		 * and the request counts as plain. One that looks old is refused all the same: what is not known does
		 * not permit. */
		if (age_ms > CORE_LATE_MS)
			r->core.age_ms = age_ms;
		return true;
	}
	if (age_ms < -INBOX_FUTURE_MS)
		return flawed(
		    r, CORE_FLAW_MALFORMED,
		    "'time' lies %lld s in the future; expected now: compare the asker's clock with the gateway's",
		    (long long)(-age_ms / 1000));
	r->core.age_ms = age_ms < 0 ? 0 : age_ms;
	return true;
}

static bool take_json(const struct inbox_context *context, struct inbox_request *r, struct json_object *root)
{
	struct json_object *value, *id, *stamp;
	if (!json_object_is_type(root, json_type_object))
		return flawed(r, CORE_FLAW_MALFORMED, "the JSON is no object; %s", r->expected);
	if (json_object_object_get_ex(root, "id", &id) && !take_id(r, id))
		return false;
	bool given = json_object_object_get_ex(root, "value", &value);
	if (!given && has_value(r))
		return flawed(r, CORE_FLAW_MALFORMED, "'value' is missing; %s", r->expected);
	if (given && has_value(r) && !json_value(r, value, &r->core.value))
		return flawed(r, CORE_FLAW_MALFORMED, "'value' is nothing that it takes; %s", r->expected);
	return !json_object_object_get_ex(root, "time", &stamp) || take_time(context, r, stamp);
}

static bool parse_json(const struct inbox_context *context, struct inbox_request *r, const char *text, size_t size)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	if (!tokener)
		return flawed(r, CORE_FLAW_MALFORMED, "out of memory");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *root = json_tokener_parse_ex(tokener, text, (int)size);
	enum json_tokener_error error = json_tokener_get_error(tokener);
	size_t end = json_tokener_get_parse_end(tokener);
	bool ok;
	if (error == json_tokener_continue)
		ok = flawed(r, CORE_FLAW_MALFORMED, "the JSON ends too early; %s", r->expected);
	else if (error != json_tokener_success)
		ok = flawed(r, CORE_FLAW_MALFORMED, "the JSON is broken at byte %zu (%s); %s", end,
			    json_tokener_error_desc(error), r->expected);
	else if (end != size)
		ok = flawed(r, CORE_FLAW_MALFORMED, "there is more after the JSON; %s", r->expected);
	else
		ok = take_json(context, r, root);
	json_object_put(root);
	json_tokener_free(tokener);
	return ok;
}

static bool parse_payload(const struct inbox_context *context, struct inbox_request *r, const char *text, size_t size)
{
	if (size == 0 && !has_value(r))
		return true;
	if (size == 0)
		return flawed(r, CORE_FLAW_MALFORMED, "the request is empty; %s", r->expected);
	if (!topic_utf8(text, size))
		return flawed(r, CORE_FLAW_MALFORMED, "the request is not UTF-8 text; %s", r->expected);
	if (text[0] == '{' || text[0] == '[')
		return parse_json(context, r, text, size);
	if (!has_value(r))
		return strcmp(text, "PRESS") == 0 || strcmp(text, "ON") == 0 ||
		       flawed(r, CORE_FLAW_MALFORMED, "'%.40s' is no press; " EXPECTED_PRESS, text);
	if (!text_value(r, text, &r->core.value))
		return flawed(r, CORE_FLAW_MALFORMED, "'%.40s' is nothing that it takes; %s", text, r->expected);
	return true;
}

/* PARK with OFF is UNPARK. */
static bool parse_park(struct inbox_request *r)
{
	bool parks = r->core.value >= 1 && r->core.value <= 1;
	if (!parks && r->core.value != 0)
		return flawed(r, CORE_FLAW_MALFORMED, "%g neither parks nor unparks; expected ON or OFF",
			      r->core.value);
	r->core.verb = parks ? CORE_PARK : CORE_UNPARK;
	r->core.value = 0;
	return true;
}

bool inbox_parse(const struct inbox_context *context, const struct broker_message *m, struct inbox_request *out)
{
	struct inbox_request *r = out;
	memset(r, 0, sizeof *r);
	if (!split_topic(context->base, m->topic, r))
		return false;
	if (m->retained && m->size == 0)
		return false;
	find_row(context, r);
	if (r->part != CLIMATE_NONE && !r->row)
		give_back_part(r);
	say_expected(r);
	r->core.device = r->device;
	r->core.control = r->control;
	r->core.id = r->id;
	r->core.age_ms = -1;
	bool stop = r->core.verb == CORE_STOP;
	if (m->size > INBOX_SIZE_MAX && !stop) {
		flawed(r, CORE_FLAW_TOO_LARGE, "the request has %zu bytes; expected at most %u", m->size,
		       INBOX_SIZE_MAX);
		return true;
	}
	bool ok = m->size <= INBOX_SIZE_MAX && parse_payload(context, r, (const char *)m->payload, m->size);
	if (ok && r->core.verb == CORE_PARK)
		ok = parse_park(r);
	if (ok && r->part != CLIMATE_MODE)
		quantity_take(context->units, r->row, &r->core);
	if (stop && !ok) {
		r->core.flaw = CORE_FLAW_NONE;
		ok = true;
	}
	if (m->retained && ok) /* the broker would replay it at each connect */
		flawed(r, CORE_FLAW_RETAINED,
		       "it was sent with the retain flag; expected without, for it would come again");
	else if (ok && r->core.age_ms < 0 && !context->timely)
		flawed(r, CORE_FLAW_UNTIMELY,
		       "it may be old: the way from the broker has not proved itself quick; send it again, or with a "
		       "time");
	return true;
}
