/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static enum seen_role role_of(const char *plugin, const char *model)
{
	if (strcmp(plugin, "heat_pad") == 0 || strcmp(plugin, "cold_pump") == 0 ||
	    strcmp(model, "zigbee2mqtt_plug") == 0 || strcmp(model, "esphome_switch") == 0)
		return SEEN_PLUG;
	if (strcmp(plugin, "inversion_table") == 0)
		return SEEN_TABLE;
	return strcmp(plugin, "traction_belt") == 0 ? SEEN_BELT : SEEN_OTHER;
}

struct seen *seen_add(struct seen_list *list, const char *plugin, const char *model, const char *link)
{
	struct seen *s = &list->at[list->n];
	if (list->n == SEEN_MAX) {
		list->more++;
		return NULL;
	}
	*s = (struct seen){.role = role_of(plugin, model)};
	if (!str_copy(s->plugin, sizeof s->plugin, plugin) || !str_copy(s->model, sizeof s->model, model) ||
	    !str_copy(s->link, sizeof s->link, link)) {
		list->more++;
		return NULL;
	}
	list->n++;
	return s;
}

/* Quotes and backslashes would end a text of the configuration, and '?' stands for what could not be read. */
static void put_name(struct seen *s, const char *says)
{
	if (says[0] && !strpbrk(says, "\"\\?") && strlen(says) < sizeof s->name)
		(void)str_copy(s->name, sizeof s->name, says);
}

void seen_add_found(struct seen_list *list, const struct found *f)
{
	char link[300];
	struct str s;
	str_init(&s, link, sizeof link);
	str_add(&s, "mqtt:%s", f->place);
	struct seen *row = s.overflow ? NULL : seen_add(list, f->plugin, f->model, link);
	if (!row)
		return;
	str_init(&s, row->label, sizeof row->label);
	str_add(&s, "%s ", found_family_name(f->family));
	str_add_cut(&s, f->place);
	if (f->says[0]) {
		str_add_cut(&s, ", ");
		str_add_cut(&s, f->says);
	}
	(void)str_copy(row->options, sizeof row->options, f->options);
	row->offline = f->offline;
	if (f->named)
		put_name(row, f->says);
	if (f->twins)
		(void)str_copy(row->why_not, sizeof row->why_not, f->note);
	else if (!f->plugin[0])
		(void)str_copy(row->why_not, sizeof row->why_not,
			       f->note[0] ? f->note : "nothing here knows it (docs/generic.md)");
	else
		(void)str_copy(row->remark, sizeof row->remark, f->note);
}

/* `key = "value"` in `text`. */
static bool value_of(const char *text, const char *key, char *out, size_t size)
{
	char pattern[32];
	snprintf(pattern, sizeof pattern, "%s = \"", key);
	const char *at = strstr(text, pattern);
	size_t n = at ? strcspn(at + strlen(pattern), "\"") : 0;
	struct str s;
	str_init(&s, out, size);
	if (at)
		str_add_bytes(&s, at + strlen(pattern), n);
	return at && n > 0 && !s.overflow;
}

bool seen_add_probed(struct seen_list *list, const char *link, const char *printed)
{
	char plugin[64], model[64], place[300], lines[1024];
	const char *at = strstr(printed, "\n  { id = \""), *end = at ? strchr(at, '}') : NULL;
	struct str s;
	str_init(&s, lines, sizeof lines);
	if (end)
		str_add_bytes(&s, at, (size_t)(end - at));
	struct seen *row = NULL;
	if (end && !s.overflow && value_of(lines, "plugin", plugin, sizeof plugin) &&
	    (value_of(lines, "model", model, sizeof model) || value_of(lines, "definition", model, sizeof model)) &&
	    value_of(lines, "link", place, sizeof place))
		row = seen_add(list, plugin, model, place);
	if (!row)
		return false;
	str_init(&s, row->label, sizeof row->label);
	str_add_cut(&s, link);
	str_add_cut(&s, ", ");
	str_add_cut(&s, model);
	if (strstr(printed, "it must be told some of the options"))
		(void)str_copy(row->remark, sizeof row->remark,
			       "it needs options that nobody can see from here: plugins/README.md");
	return true;
}

void seen_sort(struct seen_list *list)
{
	for (size_t i = 1; i < list->n; i++)
		for (size_t j = i; j > 0 && list->at[j].role < list->at[j - 1].role; j--) {
			struct seen other = list->at[j];
			list->at[j] = list->at[j - 1];
			list->at[j - 1] = other;
		}
}

void seen_add_owned(struct seen_list *list, enum seen_role role)
{
	struct seen *row = seen_add(list, "", "", "");
	if (!row)
		return;
	row->role = role;
	(void)str_copy(row->label, sizeof row->label,
		       role == SEEN_OWNED_TABLE ? "an inversion table that nothing here measures"
						: "a traction belt that nothing here measures");
}

const char *seen_role_text(const struct seen *s)
{
	static const struct {
		const char *tail, *text;
	} others[] = {{"button", "stop button"}, {"cold_pack", "thermometer"}, {"scale", "scale"}, {"mat", "mat"}};
	static const char *const texts[] = {"plug",   "tilt sensor",    "force sensor",
					    "sensor", "without sensor", "without sensor"};
	if (s->role != SEEN_OTHER)
		return texts[s->role];
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strstr(s->model, others[i].tail))
			return others[i].text;
	return s->plugin[0] ? "sensor" : "unknown";
}

static bool can_choose(const struct seen *s)
{
	return !s->why_not[0] && !s->configured;
}

bool seen_offers(const struct seen_list *list, enum seen_role role)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].role == role && can_choose(&list->at[i]))
			return true;
	return false;
}

void seen_default(const struct seen_list *list, char *out, size_t size)
{
	struct str s;
	str_init(&s, out, size);
	for (size_t i = 0; i < list->n; i++) {
		const struct seen *row = &list->at[i];
		bool measures = row->role == SEEN_TABLE || row->role == SEEN_BELT;
		if (can_choose(row) && measures && !row->offline && !row->remark[0])
			str_add(&s, "%s%zu", s.len ? " " : "", i + 1);
	}
}

static bool choose_one(struct seen_list *list, const char *word, size_t size, struct str *why)
{
	char *end = NULL;
	unsigned long number = strtoul(word, &end, 10);
	size_t digits = (size_t)(end - word);
	bool cold = size - digits == 5 && strncmp(end, "=cold", 5) == 0;
	if (word[0] < '0' || word[0] > '9' || number < 1 || number > list->n || (digits != size && !cold)) {
		str_add(why, "found '%.40s', expected numbers from 1 to %zu with blanks between them, or none", word,
			list->n);
		return false;
	}
	struct seen *row = &list->at[number - 1];
	if (row->configured)
		str_add(why, "%lu is in the configuration already, as %s", number, row->id);
	else if (row->why_not[0])
		str_add(why, "%lu cannot be taken: %s", number, row->why_not);
	else if (cold && row->role != SEEN_PLUG)
		str_add(why, "%lu is no plug", number);
	else if (cold && strcmp(row->plugin, "heat_pad") != 0)
		str_add(why,
			"%lu can only be a heat pad's plug: a cold water machine needs one with Tasmota or of Shelly",
			number);
	else
		row->chosen = true;
	row->cold = row->chosen && cold;
	return row->chosen;
}

static bool has_chosen(const struct seen_list *list, enum seen_role role)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].chosen && list->at[i].role == role)
			return true;
	return false;
}

bool seen_choose(struct seen_list *list, const char *answer, char *why, size_t why_size)
{
	struct str s;
	str_init(&s, why, why_size);
	for (size_t i = 0; i < list->n; i++)
		list->at[i].chosen = list->at[i].cold = false;
	bool good = true;
	for (const char *at = answer; good && *at;) {
		size_t size = strcspn(at, " ,");
		good = size == 0 || choose_one(list, at, size, &s);
		at += size;
		at += strspn(at, " ,");
	}
	if (good && ((has_chosen(list, SEEN_TABLE) && has_chosen(list, SEEN_OWNED_TABLE)) ||
		     (has_chosen(list, SEEN_BELT) && has_chosen(list, SEEN_OWNED_BELT)))) {
		str_add(&s, "found a sensor and \"without sensor\" of the same, expected one of them");
		good = false;
	}
	for (size_t i = 0; !good && i < list->n; i++)
		list->at[i].chosen = false;
	return good;
}

size_t seen_chosen(const struct seen_list *list)
{
	size_t n = 0;
	for (size_t i = 0; i < list->n; i++)
		n += list->at[i].chosen && list->at[i].plugin[0];
	return n;
}

struct naming {
	const struct seen_list *list;
	size_t before;
	bool (*taken)(const void *user, const char *id);
	const void *user;
};

static bool is_taken(const void *user, const char *id)
{
	const struct naming *n = user;
	for (size_t i = 0; i < n->before; i++)
		if (n->list->at[i].chosen && strcmp(n->list->at[i].id, id) == 0)
			return true;
	return n->taken && n->taken(n->user, id);
}

void seen_name(struct seen_list *list, bool (*taken)(const void *user, const char *id), const void *user)
{
	static const char *const ids[] = {"pad", "table", "belt"};
	for (size_t i = 0; i < list->n; i++) {
		struct seen *row = &list->at[i];
		const struct naming naming = {list, i, taken, user};
		if (!row->chosen || !row->plugin[0])
			continue;
		const char *place = strrchr(row->link, '/') ? strrchr(row->link, '/') + 1 : strchr(row->link, ':') + 1;
		found_id(row->cold                 ? "ice"
			 : row->role == SEEN_OTHER ? place
						   : ids[row->role],
			 is_taken, &naming, row->id);
	}
}
