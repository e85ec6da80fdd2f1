/* SPDX-License-Identifier: Apache-2.0 */
#include "console/order.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/unit.h"
#include "base/words.h"
#include "tell/tell.h"

#define VERBS                                                                                                          \
	"status, devices, explain, alarms, events, watch, set, stop, reset, park, unpark, present, off_test, "         \
	"release, "                                                                                                    \
	"take, calibrate, tare, reload, record, sessions, course, person, plan, pain, note or log"

enum needs { NOTHING = 0, CONTROL = 1, DEVICE = 2, MAYBE = 4, VALUE = 8, STEP = 16 };

static const struct verb {
	const char *name;
	enum order_verb order;
	enum core_verb core;
	unsigned needs;
} verbs[] = {
    {"status", ORDER_STATUS, 0, NOTHING},
    {"devices", ORDER_DEVICES, 0, NOTHING},
    {"explain", ORDER_EXPLAIN, 0, CONTROL},
    {"alarms", ORDER_ALARMS, 0, NOTHING},
    {"events", ORDER_EVENTS, 0, NOTHING},
    {"watch", ORDER_WATCH, 0, NOTHING},
    {"reload", ORDER_RELOAD, 0, NOTHING},
    {"record", ORDER_RECORD, 0, DEVICE},
    {"calibrate", ORDER_CALIBRATE, 0, DEVICE | STEP},
    {"tare", ORDER_TARE, 0, DEVICE | STEP},
    {"release", ORDER_RELEASE, 0, DEVICE},
    {"take", ORDER_TAKE, 0, DEVICE},
    {"sessions", ORDER_LOGBOOK, 0, NOTHING},
    {"course", ORDER_LOGBOOK, 0, NOTHING},
    {"person", ORDER_LOGBOOK, 0, NOTHING},
    {"plan", ORDER_LOGBOOK, 0, NOTHING},
    {"pain", ORDER_LOGBOOK, 0, NOTHING},
    {"note", ORDER_LOGBOOK, 0, NOTHING},
    {"log", ORDER_LOGBOOK, 0, NOTHING},
    {"set", ORDER_REQUEST, CORE_SET, CONTROL | VALUE},
    {"stop", ORDER_REQUEST, CORE_STOP, NOTHING},
    {"reset", ORDER_REQUEST, CORE_RESET, MAYBE},
    {"park", ORDER_REQUEST, CORE_PARK, DEVICE},
    {"unpark", ORDER_REQUEST, CORE_UNPARK, DEVICE},
    {"silence", ORDER_REQUEST, CORE_SILENCE, NOTHING},
    {"present", ORDER_REQUEST, CORE_CONFIRM, NOTHING},
    {"off_test", ORDER_REQUEST, CORE_OFF_TEST, CONTROL},
};

static bool wrong(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(char *why, const char *format, ...)
{
	struct str s;
	va_list args;
	str_init(&s, why, CORE_WHY_MAX);
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	return false;
}

struct json_object *order_parse_json(const char *text, size_t size, int depth, char *why)
{
	struct json_tokener *tokener = json_tokener_new_ex(depth);
	if (!tokener) {
		wrong(why, "out of memory");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *root = json_tokener_parse_ex(tokener, text, (int)size);
	bool whole =
	    json_tokener_get_error(tokener) == json_tokener_success && json_tokener_get_parse_end(tokener) == size;
	json_tokener_free(tokener);
	if (whole && json_object_is_type(root, json_type_object))
		return root;
	json_object_put(root);
	wrong(why, "found no JSON object; expected a line like {\"do\":\"status\"}");
	return NULL;
}

/* "pad.heat", or where a device or a rule will do "pad". */
static bool take_name(const char *name, unsigned needs, struct order *out, char *why)
{
	const char *dot = strchr(name, '.');
	size_t size = dot ? (size_t)(dot - name) : strlen(name);
	if (dot && (needs & DEVICE))
		return wrong(why, "found '%.60s', expected a device like \"table\"", name);
	if (!dot && (needs & CONTROL))
		return wrong(why, "found '%.60s', expected a control like \"pad.heat\"", name);
	/* A rule's id alone goes where a control's would: it has no device. */
	char *first = dot || (needs & DEVICE) ? out->device : out->control;
	if (size >= ID_MAX || (dot && strlen(dot + 1) >= ID_MAX))
		return wrong(why, "the name is too long: at most %d characters", ID_MAX - 1);
	memcpy(first, name, size);
	first[size] = '\0';
	if (dot)
		(void)str_copy(out->control, sizeof out->control, dot + 1);
	return true;
}

static bool take_value(struct json_object *object, struct order *out, char *why)
{
	struct json_object *value;
	struct str s;
	str_init(&s, out->value, sizeof out->value);
	if (!json_object_object_get_ex(object, "value", &value))
		return wrong(why, "'value' is missing; expected a number, \"150 N\", \"on\" or \"off\"");
	switch (json_object_get_type(value)) {
	case json_type_boolean:
		str_add(&s, "%s", json_object_get_boolean(value) ? "on" : "off");
		break;
	case json_type_int:
	case json_type_double:
		str_add(&s, "%.17g", json_object_get_double(value));
		break;
	case json_type_string:
		str_add(&s, "%s", json_object_get_string(value));
		break;
	default:
		break;
	}
	if (s.overflow || s.len == 0)
		return wrong(why, "'value' is none; expected a number, \"150 N\", \"on\" or \"off\"");
	return true;
}

static bool take_count(struct json_object *object, const char *key, uint64_t *out, bool *found, char *why)
{
	struct json_object *value;
	*found = json_object_object_get_ex(object, key, &value);
	if (!*found)
		return true;
	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return wrong(why, "'%s' is no count; expected a whole number from 0", key);
	*out = json_object_get_uint64(value);
	return true;
}

static bool take_step(struct json_object *object, struct order *out, char *why)
{
	bool given;
	const char *step = tell_asked(object, "step");
	if (!step || !str_copy(out->step, sizeof out->step, step))
		return wrong(why, "'step' is missing or none; expected \"begin\", or what an answer said");
	return take_count(object, "session", &out->session, &given, why);
}

bool order_parse(struct json_object *object, struct order *out, char *why)
{
	*out = (struct order){0};
	const char *name = tell_asked(object, "do");
	const struct verb *verb = NULL;
	for (size_t i = 0; name && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verbs[i].name, name) == 0)
			verb = &verbs[i];
	if (!verb)
		return wrong(why, "found \"do\": \"%.40s\", expected %s", name ? name : "", VERBS);
	out->verb = verb->order;
	out->name = verb->name;
	out->request.verb = verb->core;
	uint64_t most = 0;
	bool given;
	if (out->request.verb == CORE_STOP && out->verb == ORDER_REQUEST)
		return true; /* whatever else it says: who wants a stop must not have to spell it */
	if (out->verb == ORDER_LOGBOOK)
		return true;
	if (!take_count(object, "after", &out->after, &given, why) || !take_count(object, "most", &most, &given, why) ||
	    !take_count(object, "at_ms", &out->at_ms, &out->has_time, why))
		return false;
	out->most = most < SIZE_MAX ? (size_t)most : 0;
	const char *target = tell_asked(object, verb->needs & DEVICE ? "device" : "control");
	if (!target && (verb->needs & (DEVICE | CONTROL)))
		return wrong(why, "'%s' is missing; expected %s", verb->needs & DEVICE ? "device" : "control",
			     verb->needs & DEVICE ? "a device like \"table\"" : "a control like \"pad.heat\"");
	if (target && target[0] && (verb->needs & (DEVICE | CONTROL | MAYBE)) &&
	    !take_name(target, verb->needs, out, why))
		return false;
	if ((verb->needs & STEP) && !take_step(object, out, why))
		return false;
	return !(verb->needs & VALUE) || take_value(object, out, why);
}

/* ---- for the core ---- */

const char *order_controls(const struct core *core, char *out, size_t size)
{
	struct core_explanation e;
	struct str s;
	str_init(&s, out, size);
	for (size_t d = 0; d < core_n_devices(core); d++)
		for (uint16_t c = 0; core_explain(core, (uint16_t)d, c, &e); c++)
			str_add(&s, "%s%s.%s", s.len ? ", " : "", e.device, e.control);
	return s.len ? out : "none";
}

/* Of a control whose values have words. A bare number is one of them too. */
static bool choice(struct order *order, const struct core_explanation *e, char *why)
{
	char list[128];
	struct str s;
	enum therapy_unit unit;
	if (words_value(e->words, order->value, strlen(order->value), &order->request.value) ||
	    (unit_amount(order->value, &order->request.value, &unit) && unit == THERAPY_UNIT_ONE))
		return true;
	str_init(&s, list, sizeof list);
	words_list(&s, e->words);
	return wrong(why, "found the value '%s', expected for %s.%s one of %s", order->value, e->device, e->control,
		     list);
}

static bool set_value(struct order *order, const struct core *core, char *why)
{
	enum therapy_unit unit;
	struct core_explanation e;
	uint16_t device, control;
	if (strcasecmp(order->value, "off") == 0)
		return true; /* whatever its words are */
	bool found = core_find_control(core, order->device, order->control, &device, &control) &&
		     core_explain(core, device, control, &e);
	if (found && e.words)
		return choice(order, &e, why);
	if (strcasecmp(order->value, "on") == 0) {
		order->request.value = 1;
		return true;
	}
	if (!unit_amount(order->value, &order->request.value, &unit))
		return wrong(why,
			     "found the value '%s', expected a number, a number with a unit like \"150 N\", on or "
			     "off",
			     order->value);
	if (unit == THERAPY_UNIT_ONE || !found)
		return true; /* without a unit it is the control's; what does not exist the core will say */
	if (e.unit != unit)
		return wrong(why, "found the value '%s', but %s.%s is in %s", order->value, e.device, e.control,
			     unit_choices(e.unit));
	const char *space = strrchr(order->value, ' ');
	order->request.converted = space && strcmp(space + 1, unit_text(e.unit)) != 0;
	return true;
}

bool order_in_time(const struct order *order, uint64_t now_ms, char *why)
{
	if (!order->has_time)
		return wrong(why, "'at_ms' is missing; expected CLOCK_BOOTTIME in ms when it was asked: a late request "
				  "must not act");
	if (order->at_ms > now_ms + 1000)
		return wrong(why, "'at_ms' lies in the future; expected CLOCK_BOOTTIME in ms, not the time of day");
	if (now_ms > order->at_ms + CORE_LATE_MS)
		return wrong(why, "it was asked %.1f s ago, expected at most %g s: ask again",
			     (double)(now_ms - order->at_ms) / 1e3, CORE_LATE_MS / 1e3);
	return true;
}

bool order_request(struct order *order, const struct core *core, uint64_t now_ms, char *why)
{
	struct core_request *r = &order->request;
	r->device = order->device;
	r->control = order->control;
	r->id = "";
	r->by = "therapyctl";
	r->age_ms = -1;
	if (r->verb == CORE_SET && !set_value(order, core, why))
		return false;
	/* A gateway that was stopped for a minute finds a minute's requests: only rest may be that old. */
	bool rests = r->verb == CORE_STOP || (r->verb == CORE_SET && r->value == 0);
	if (!order->has_time && !rests)
		return wrong(why, "'at_ms' is missing; expected CLOCK_BOOTTIME in ms when it was asked: a late request "
				  "must not act");
	if (order->has_time && order->at_ms > now_ms + 1000 && !rests)
		return wrong(why, "'at_ms' lies in the future; expected CLOCK_BOOTTIME in ms, not the time of day");
	if (order->has_time)
		r->age_ms = now_ms > order->at_ms ? (int64_t)(now_ms - order->at_ms) : 0;
	return true;
}
