/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/state.h"

#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/str.h"
#include "base/words.h"
#include "mqtt/keys.h"
#include "mqtt/quantity.h"

#define KEY_MAX  128u
#define DECIMALS 6u

struct shown {
	bool known, was_known; /* now; when it was published */
	double value, was;
	uint64_t stamp_ms;
};

struct state {
	const Therapy__V1__DeviceDescription *device;
	enum unit_system units;
	bool moved, touched;
	uint64_t published_ms;    /* 0: never */
	struct climate *climates; /* one per control */
	struct shown metrics[];
};

int state_new(const Therapy__V1__DeviceDescription *device, enum unit_system units, struct state **out)
{
	struct state *s = calloc(1, sizeof *s + device->n_metrics * sizeof *s->metrics);
	if (!s)
		return UV_ENOMEM;
	s->climates = calloc(device->n_controls + 1, sizeof *s->climates);
	if (!s->climates) {
		free(s);
		return UV_ENOMEM;
	}
	s->device = device;
	s->units = units;
	s->touched = true;
	*out = s;
	return 0;
}

void state_free(struct state *s)
{
	if (s)
		free(s->climates);
	free(s);
}

struct climate *state_climate(struct state *s, size_t control)
{
	return &s->climates[control];
}

static bool moved(const struct shown *m, double deadband)
{
	if (m->known != m->was_known)
		return true;
	if (!m->known)
		return false;
	return deadband > 0 ? fabs(m->value - m->was) >= deadband : m->value != m->was;
}

void state_readings(struct state *s, const struct core_reading *readings, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (readings[i].metric >= s->device->n_metrics)
			continue;
		struct shown *m = &s->metrics[readings[i].metric];
		m->known = readings[i].quality == THERAPY_GOOD && isfinite(readings[i].value);
		m->value = m->known ? readings[i].value : 0;
		m->stamp_ms = readings[i].stamp_ms;
		s->moved |= moved(m, s->device->metrics[readings[i].metric]->deadband);
	}
}

void state_forget(struct state *s)
{
	for (size_t i = 0; i < s->device->n_metrics; i++)
		s->metrics[i].known = false;
	s->touched = true;
}

void state_touch(struct state *s)
{
	s->touched = true;
}

static void age(struct state *s, uint64_t now_ms)
{
	for (size_t i = 0; i < s->device->n_metrics; i++) {
		struct shown *m = &s->metrics[i];
		if (m->known && now_ms > m->stamp_ms && now_ms - m->stamp_ms > s->device->metrics[i]->stale_ms) {
			m->known = false;
			s->moved = true;
		}
	}
}

bool state_due(struct state *s, uint64_t now_ms)
{
	age(s, now_ms);
	for (size_t i = 0; i < s->device->n_controls; i++)
		s->touched |= climate_expired(&s->climates[i], now_ms);
	if (s->touched || s->published_ms == 0)
		return true;
	return s->moved && now_ms - s->published_ms >= STATE_EVERY_MS;
}

/* ---- JSON ---- */

static struct json_object *number(double value)
{
	char text[64];
	struct str s;
	str_init(&s, text, sizeof text);
	str_add_number(&s, value, DECIMALS);
	return json_object_new_double_s(value, text);
}

static struct json_object *word(const char *words, double value)
{
	size_t size;
	const char *text = words_of(words, value, &size);
	return text ? json_object_new_string_len(text, (int)size) : NULL;
}

static struct json_object *on_off(bool on)
{
	return json_object_new_string(on ? "ON" : "OFF");
}

static struct json_object *metric_value(const struct shown *m, const Therapy__V1__MetricDescription *row,
					enum unit_system units)
{
	if (!m->known)
		return NULL;
	if (row->unit == THERAPY__V1__UNIT__UNIT_BOOL)
		return on_off(m->value != 0);
	struct unit_view view = quantity_view(units, row->unit);
	return number(unit_view_shown(&view, m->value));
}

/* A number is what is asked of the device; a switch is what the device does, and what was told to go off is off when a
 * reading says so: a plug that does not obey must not be shown as off. */
static struct json_object *control_value(const struct core_permission *p, const Therapy__V1__ControlDescription *row,
					 enum unit_system units)
{
	struct quantity_scale scale;
	bool on = p->granted || p->phase == CORE_PHASE_ENERGISED || p->phase == CORE_PHASE_CONFIRMED_ON;
	if (!on && p->phase == CORE_PHASE_UNKNOWN)
		return NULL;
	if (row->words[0])
		return word(row->words, p->granted ? p->value : 0);
	if (row->type == THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_NUMBER) {
		quantity_scale(units, row, &scale);
		return number(quantity_shown(&scale, p->granted ? p->value : 0));
	}
	return !on && p->phase == CORE_PHASE_COMING_TO_REST ? NULL : on_off(on);
}

static struct json_object *text_or_null(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

/* What it does is what flows, where that is measured: also of a thermostat that stuck, while it is off. */
static const char *action(const struct state *s, const Therapy__V1__ControlDescription *row, const char *mode)
{
	bool measured = row->load_ms > 0 && row->load_metric < s->device->n_metrics;
	const struct shown *load = measured ? &s->metrics[row->load_metric] : NULL;
	bool off = mode && strcmp(mode, "off") == 0;
	if (!load || !load->known)
		return off ? "off" : NULL;
	if (load->value > row->load_max)
		return "heating";
	return off ? "off" : mode ? "idle" : NULL;
}

static void add_climate(const struct state *s, struct json_object *root, size_t i, const struct core_permission *p,
			uint64_t now_ms)
{
	const Therapy__V1__ControlDescription *row = s->device->controls[i];
	const char *mode = climate_mode(p);
	struct quantity_scale scale;
	char key[KEY_MAX];
	struct str str;
	str_init(&str, key, sizeof key);
	keys_climate(&str, s->device, i, "mode");
	json_object_object_add(root, key, text_or_null(mode));
	str_init(&str, key, sizeof key);
	keys_climate(&str, s->device, i, "target");
	quantity_scale(s->units, row, &scale);
	json_object_object_add(root, key,
			       number(quantity_shown(&scale, climate_target(&s->climates[i], row, p, now_ms))));
	str_init(&str, key, sizeof key);
	keys_climate(&str, s->device, i, "action");
	json_object_object_add(root, key, text_or_null(action(s, row, mode)));
}

static void add_control(const struct state *s, struct json_object *root, size_t i, const struct core_permission *p)
{
	char key[KEY_MAX];
	struct str str;
	str_init(&str, key, sizeof key);
	keys_control(&str, s->device, i);
	json_object_object_add(root, key, control_value(p, s->device->controls[i], s->units));
	str_init(&str, key, sizeof key);
	keys_permitted(&str, s->device, i);
	json_object_object_add(root, key, on_off(p->permitted));
	str_init(&str, key, sizeof key);
	keys_why(&str, s->device, i);
	json_object_object_add(root, key, json_object_new_string(p->why));
}

char *state_payload(struct state *s, uint64_t now_ms, const struct core_permission *permissions, bool parked)
{
	struct json_object *root = json_object_new_object();
	if (!root)
		return NULL;
	age(s, now_ms);
	for (size_t i = 0; i < s->device->n_metrics; i++) {
		struct shown *m = &s->metrics[i];
		json_object_object_add(root, s->device->metrics[i]->key,
				       metric_value(m, s->device->metrics[i], s->units));
		m->was = m->value;
		m->was_known = m->known;
	}
	for (size_t i = 0; i < s->device->n_controls; i++) {
		add_control(s, root, i, &permissions[i]);
		if (climate_is(s->device, i))
			add_climate(s, root, i, &permissions[i], now_ms);
	}
	if (s->device->n_controls == 0)
		json_object_object_add(root, KEYS_PARKED, on_off(parked));
	s->moved = s->touched = false;
	s->published_ms = now_ms ? now_ms : 1;
	const char *text =
	    json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *copy = text ? strdup(text) : NULL;
	json_object_put(root);
	return copy;
}
