/* SPDX-License-Identifier: Apache-2.0 */
#include "kept_settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/words.h"
#include "tell/tell.h"

static struct kept_setting *find(const struct kept_settings *k, const char *device, const char *key)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->items[i].device, device) == 0 && strcmp(k->items[i].key, key) == 0)
			return &k->items[i];
	return NULL;
}

const struct kept_setting *kept_settings_find(const struct kept_settings *k, const char *device, const char *key)
{
	return find(k, device, key);
}

static struct kept_setting *add(struct kept_settings *k, const char *device, const char *key)
{
	struct kept_setting *grown = realloc(k->items, (k->n + 1) * sizeof *grown);
	if (!grown)
		return NULL;
	k->items = grown;
	struct kept_setting *s = &grown[k->n];
	*s = (struct kept_setting){0};
	if (!str_copy(s->device, sizeof s->device, device) || !str_copy(s->key, sizeof s->key, key))
		return NULL;
	k->n++;
	return s;
}

/* ---- the state file ---- */

static void drop_messages(struct kept_settings *k)
{
	free(k->messages);
	free(k->pointers);
	free(k->names);
	k->messages = NULL;
	k->pointers = NULL;
	k->names = NULL;
}

void kept_settings_free(struct kept_settings *k)
{
	drop_messages(k);
	free(k->items);
	free(k->released);
	*k = (struct kept_settings){0};
}

void kept_settings_read(struct kept_settings *k, const Therapy__V1__Memory *m, bool lost)
{
	k->lost = lost;
	for (size_t i = 0; m && i < m->n_settings; i++) {
		const Therapy__V1__MemorySetting *from = m->settings[i];
		struct kept_setting *to = find(k, from->device, from->key) ? NULL : add(k, from->device, from->key);
		if (!to)
			continue;
		to->known = from->presence_case == THERAPY__V1__MEMORY_SETTING__PRESENCE_WAS && isfinite(from->was);
		to->was = to->known ? from->was : 0;
		to->changed = from->changed;
	}
	for (size_t i = 0; m && i < m->n_released; i++)
		kept_settings_release(k, m->released[i], true);
}

void kept_settings_put(struct kept_settings *k, Therapy__V1__Memory *head)
{
	drop_messages(k);
	head->n_settings = head->n_released = 0;
	k->messages = calloc(k->n + 1, sizeof *k->messages);
	k->pointers = calloc(k->n + 1, sizeof(Therapy__V1__MemorySetting *));
	k->names = calloc(k->n_released + 1, sizeof(char *));
	if (!k->messages || !k->pointers || !k->names)
		return;
	for (size_t i = 0; i < k->n; i++) {
		Therapy__V1__MemorySetting *to = &k->messages[i];
		*to = (Therapy__V1__MemorySetting)THERAPY__V1__MEMORY_SETTING__INIT;
		to->device = k->items[i].device;
		to->key = k->items[i].key;
		to->changed = k->items[i].changed;
		if (k->items[i].known) {
			to->presence_case = THERAPY__V1__MEMORY_SETTING__PRESENCE_WAS;
			to->was = k->items[i].was;
		}
		k->pointers[i] = to;
	}
	for (size_t i = 0; i < k->n_released; i++)
		k->names[i] = k->released[i];
	head->settings = k->pointers;
	head->n_settings = k->n;
	head->released = k->names;
	head->n_released = k->n_released;
}

/* ---- news ---- */

static bool same(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

const char *kept_settings_value(const Therapy__V1__SettingDescription *row, double value, char *out, size_t size)
{
	struct str s;
	size_t n = 0;
	const char *word = words_of(row->words, value, &n);
	str_init(&s, out, size);
	if (word)
		str_add_bytes(&s, word, n);
	else
		str_add_number(&s, value, 3);
	return out;
}

/* Told when it is another than it was, once: a restart changes nothing. */
static void held(struct kept_setting *s, const char *device, const Therapy__V1__SettingDescription *row,
		 enum language language, struct str *why, struct kept_settings_step *step)
{
	char was[32], now[32];
	if (s->changed || (s->known && same(s->was, row->wanted)))
		return;
	s->changed = step->write = true;
	step->event = KEPT_SETTINGS_CHANGED;
	kept_settings_value(row, row->wanted, now, sizeof now);
	if (s->known)
		str_add(why,
			language_say(language, "%s on the device was %s and is set to %s: %s. It is given back by: "
					       "therapyctl device release %s"),
			row->name, kept_settings_value(row, s->was, was, sizeof was), now,
			language_say(language, row->because), device);
	else
		str_add(why,
			language_say(language, "%s on the device is set to %s: %s. What it was is not known, so it "
					       "cannot be given back"),
			row->name, now, language_say(language, row->because));
}

static void refused(const struct kept_setting *s, const Therapy__V1__SettingDescription *row, enum language language,
		    struct str *why, struct kept_settings_step *step)
{
	char is[32] = "?", wanted[32];
	if (isfinite(s->is))
		kept_settings_value(row, s->is, is, sizeof is);
	step->event = KEPT_SETTINGS_TROUBLE;
	str_add(why, language_say(language, "the device does not take %s %s, and has %s: %s is not sure"), row->name,
		kept_settings_value(row, row->wanted, wanted, sizeof wanted), is, language_say(language, row->because));
}

struct kept_settings_step kept_settings_take(struct kept_settings *k, const char *device,
					     const Therapy__V1__SettingDescription *row,
					     const Therapy__V1__SettingState *said, enum language language,
					     char why[CORE_WHY_MAX])
{
	struct kept_settings_step step = {0};
	struct kept_setting *s = find(k, device, row->key);
	struct str text;
	str_init(&text, why, CORE_WHY_MAX);
	bool fresh = !s;
	if (!s && !(s = add(k, device, row->key)))
		return step;
	s->now = said->news;
	s->is = said->value;
	switch (said->news) {
	case THERAPY__V1__SETTING_NEWS__SETTING_NEWS_FOUND:
		step.kept = !fresh;
		step.write = fresh;
		if (fresh && isfinite(said->value) && !(k->lost && same(said->value, row->wanted))) {
			s->known = true;
			s->was = said->value;
		}
		break;
	case THERAPY__V1__SETTING_NEWS__SETTING_NEWS_BLIND:
	case THERAPY__V1__SETTING_NEWS__SETTING_NEWS_UNSET:
		step.write = fresh;
		break;
	case THERAPY__V1__SETTING_NEWS__SETTING_NEWS_HELD:
		held(s, device, row, language, &text, &step);
		break;
	case THERAPY__V1__SETTING_NEWS__SETTING_NEWS_REFUSED:
		refused(s, row, language, &text, &step);
		break;
	case THERAPY__V1__SETTING_NEWS__SETTING_NEWS_GIVEN_BACK:
	case THERAPY__V1__SETTING_NEWS__SETTING_NEWS_UNSPECIFIED:
	default:
		break;
	}
	return step;
}

void kept_settings_forget(struct kept_settings *k, const char *device)
{
	size_t kept = 0;
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->items[i].device, device) != 0)
			k->items[kept++] = k->items[i];
	k->n = kept;
}

void kept_settings_away(struct kept_settings *k, const char *device)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->items[i].device, device) == 0)
			k->items[i].now = THERAPY__V1__SETTING_NEWS__SETTING_NEWS_UNSPECIFIED;
}

/* ---- let go ---- */

static size_t released_at(const struct kept_settings *k, const char *device)
{
	size_t i = 0;
	while (i < k->n_released && strcmp(k->released[i], device) != 0)
		i++;
	return i;
}

bool kept_settings_is_released(const struct kept_settings *k, const char *device)
{
	return released_at(k, device) < k->n_released;
}

bool kept_settings_release(struct kept_settings *k, const char *device, bool released)
{
	size_t at = released_at(k, device);
	if (released == (at < k->n_released))
		return true;
	if (!released) {
		k->n_released--;
		memmove(k->released[at], k->released[at + 1], (k->n_released - at) * sizeof *k->released);
		return true;
	}
	char(*grown)[ID_MAX] = realloc(k->released, (k->n_released + 1) * sizeof *grown);
	if (!grown)
		return false;
	k->released = grown;
	if (!str_copy(grown[k->n_released], sizeof *grown, device))
		return false;
	k->n_released++;
	return true;
}

/* ---- shown ---- */

/* In the order of therapy.v1.SettingNews. */
static const char *const states[] = {"not_asked", "found", "set_unasked", "left", "held", "refused", "given_back"};

static void put_value(struct json_object *o, const char *key, const Therapy__V1__SettingDescription *row, bool known,
		      double value)
{
	char text[32];
	tell_put(o, key, known ? kept_settings_value(row, value, text, sizeof text) : NULL);
}

struct json_object *kept_settings_json(const struct kept_settings *k, const char *device,
				       const Therapy__V1__DeviceDescription *description)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < description->n_settings; i++) {
		const Therapy__V1__SettingDescription *row = description->settings[i];
		const struct kept_setting *s = find(k, device, row->key);
		size_t now = s ? (size_t)s->now : 0;
		struct json_object *o = json_object_new_object();
		tell_put(o, "setting", row->key);
		tell_put(o, "name", row->name);
		tell_put(o, "because", row->because);
		put_value(o, "wanted", row, true, row->wanted);
		put_value(o, "was", row, s && s->known, s ? s->was : 0);
		tell_put(o, "state", now < sizeof states / sizeof *states ? states[now] : states[0]);
		tell_put_bool(o, "changed", s && s->changed);
		json_object_array_add(list, o);
	}
	return list;
}
