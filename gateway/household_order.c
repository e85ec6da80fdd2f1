/* SPDX-License-Identifier: Apache-2.0
 * What is kept of a person as JSON, and what the control socket asks: list, show, choose, set, erase. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/unit.h"
#include "base/utf8.h"
#include "household_inside.h"
#include "tell/tell.h"

const char *const household_denials[HOUSEHOLD_DENIES] = {"heat", "cold", "traction", "inversion"};

static bool refuse(struct json_object *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(struct json_object *answer, const char *format, ...)
{
	char text[CORE_WHY_MAX];
	struct str s;
	va_list args;
	str_init(&s, text, sizeof text);
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	tell_put_bool(answer, "ok", false);
	tell_put(answer, "error", text);
	return false;
}

/* ---- the document ---- */

static struct json_object *pack(const struct household_person *p)
{
	struct json_object *o = json_object_new_object(), *denies = json_object_new_array();
	if (p->has_weight)
		tell_put_number(o, "weight_kg", p->weight_kg);
	else
		tell_put(o, "weight_kg", NULL);
	tell_put(o, "cleared_on", p->cleared_on[0] ? p->cleared_on : NULL);
	tell_put(o, "cleared_by", p->cleared_by[0] ? p->cleared_by : NULL);
	for (size_t i = 0; i < HOUSEHOLD_DENIES; i++)
		if (p->denies[i])
			json_object_array_add(denies, json_object_new_string(household_denials[i]));
	json_object_object_add(o, "denies", denies);
	return o;
}

char *household_document(const struct household_person *p)
{
	struct json_object *o = pack(p), *limits = json_object_new_object();
	for (size_t i = 0; i < p->n_limits; i++)
		tell_put_number(limits, p->limits[i].limit, p->limits[i].value);
	json_object_object_add(o, "limits", limits);
	json_object_object_add(o, "plan", json_object_get(p->plan));
	return tell_text(o);
}

static const struct core_limit *find_limit(const struct household *h, const char *id)
{
	for (size_t i = 0; i < h->g->config->n_limits; i++)
		if (strcmp(h->g->config->limits[i].id, id) == 0)
			return &h->g->config->limits[i];
	return NULL;
}

/* "35 deg", "2 min". */
static void say_figure(const struct core_limit *limit, double value, struct str *out)
{
	bool minutes = limit && limit->unit == THERAPY_UNIT_SECOND && value >= 60;
	const char *unit = minutes ? "min" : limit ? unit_text(limit->unit) : "";
	str_add_number(out, minutes ? value / 60 : value, 2);
	str_add(out, "%s%s", unit[0] ? " " : "", unit);
}

struct json_object *household_tell(const struct household *h, const struct household_person *p)
{
	struct json_object *o = pack(p), *limits = json_object_new_object(), *value;
	for (size_t i = 0; i < p->n_limits; i++) {
		char text[48];
		struct str s;
		str_init(&s, text, sizeof text);
		say_figure(find_limit(h, p->limits[i].limit), p->limits[i].value, &s);
		tell_put(limits, p->limits[i].limit, text);
	}
	json_object_object_add(o, "limits", limits);
	tell_put(o, "name", p->name);
	bool follows =
	    json_object_object_get_ex(p->plan, "id", &value) && tell_asked_text(value) && tell_asked_text(value)[0];
	tell_put(o, "plan", follows ? tell_asked_text(value) : NULL);
	json_object_object_get_ex(p->plan, "step", &value);
	json_object_object_add(o, "step", follows ? json_object_get(value) : NULL);
	return o;
}

static void set_cleared(struct household_person *p, const char *on, const char *by)
{
	int64_t day;
	if (!on || !by || !config_day(on, &day) || !str_copy(p->cleared_on, sizeof p->cleared_on, on) ||
	    !str_copy(p->cleared_by, sizeof p->cleared_by, by)) {
		p->cleared_on[0] = p->cleared_by[0] = '\0';
		p->cleared_s = 0;
		return;
	}
	p->cleared_s = day * 86400;
}

static bool set_denies(struct household_person *p, struct json_object *list)
{
	bool denies[HOUSEHOLD_DENIES] = {false};
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *kind = tell_asked_text(json_object_array_get_idx(list, i));
		size_t d = 0;
		while (kind && d < HOUSEHOLD_DENIES && strcmp(kind, household_denials[d]) != 0)
			d++;
		if (!kind || d == HOUSEHOLD_DENIES)
			return false;
		denies[d] = true;
	}
	memcpy(p->denies, denies, sizeof p->denies);
	return true;
}

static bool set_limit(struct household_person *p, const char *id, double value)
{
	size_t i = 0;
	while (i < p->n_limits && strcmp(p->limits[i].limit, id) != 0)
		i++;
	if (i == HOUSEHOLD_LIMITS_MAX || !str_copy(p->limits[i].limit, sizeof p->limits[i].limit, id))
		return false;
	p->limits[i].value = value;
	p->n_limits += i == p->n_limits;
	return true;
}

static void drop_limit(struct household_person *p, const char *id)
{
	for (size_t i = 0; i < p->n_limits; i++)
		if (strcmp(p->limits[i].limit, id) == 0) {
			p->limits[i] = p->limits[--p->n_limits];
			return;
		}
}

void household_read_document(struct household_person *p, const char *document)
{
	struct json_object *o = document ? json_tokener_parse(document) : NULL, *value;
	if (json_object_object_get_ex(o, "weight_kg", &value) && value) {
		p->weight_kg = json_object_get_double(value);
		p->has_weight = isfinite(p->weight_kg) && p->weight_kg > 0;
	}
	set_cleared(p, tell_asked(o, "cleared_on"), tell_asked(o, "cleared_by"));
	if (json_object_object_get_ex(o, "denies", &value) && json_object_is_type(value, json_type_array))
		(void)set_denies(p, value);
	if (json_object_object_get_ex(o, "limits", &value) && json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, id, figure) if (json_object_is_type(figure, json_type_double) ||
								  json_object_is_type(figure, json_type_int))(void)
		    set_limit(p, id, json_object_get_double(figure));
	}
	if (json_object_object_get_ex(o, "plan", &value))
		p->plan = json_object_get(value);
	json_object_put(o);
}

/* ---- setting ---- */

static bool take_weight(struct household_person *p, struct json_object *value, struct json_object *answer)
{
	double weight;
	enum therapy_unit unit;
	if (!value) {
		p->has_weight = false;
		return true;
	}
	const char *text = tell_asked_text(value);
	if (!text || !unit_amount(text, &weight, &unit) || unit != THERAPY_UNIT_KILOGRAM || weight < 20 || weight > 300)
		return refuse(answer, "weight: found %.60s, expected a weight like \"70 kg\" of 20 kg to 300 kg",
			      json_object_to_json_string(value));
	p->has_weight = true;
	p->weight_kg = weight;
	return true;
}

static bool take_cleared(struct household_person *p, struct json_object *o, struct json_object *answer)
{
	struct json_object *on, *by;
	int64_t day;
	if (!json_object_object_get_ex(o, "cleared_on", &on))
		return true;
	json_object_object_get_ex(o, "cleared_by", &by);
	if (!on) {
		set_cleared(p, NULL, NULL);
		return true;
	}
	const char *when = tell_asked_text(on), *who = tell_asked_text(by);
	if (!when || !config_day(when, &day))
		return refuse(answer, "cleared_on: found %.60s, expected a day that exists, like \"2026-05-01\"",
			      json_object_to_json_string(on));
	int64_t wall_ms = clock_wall_ms(NULL);
	if (clock_plausible(wall_ms) && day * 86400000 > wall_ms + 86400000) /* a day: of the zone */
		return refuse(answer, "cleared_on: found %s, which is still to come; expected the day of the clearance",
			      when);
	if (!who || !who[0] || strlen(who) >= sizeof p->cleared_by || !utf8_valid(who, strlen(who)))
		return refuse(answer, "cleared_by is missing or too long; expected the professional's name");
	set_cleared(p, when, who);
	return true;
}

static void list_limits(const struct household *h, char *out, size_t size)
{
	struct str s;
	str_init(&s, out, size);
	for (size_t i = 0; i < h->g->config->n_limits && s.len + ID_MAX + 2 < size; i++)
		str_add(&s, "%s%s", i ? ", " : "", h->g->config->limits[i].id);
}

static bool take_limits(const struct household *h, struct household_person *p, struct json_object *o,
			struct json_object *answer)
{
	struct json_object *limits;
	char known[192];
	if (!json_object_object_get_ex(o, "limits", &limits))
		return true;
	if (!json_object_is_type(limits, json_type_object))
		return refuse(answer, "limits: expected an object like {\"tilt\": \"35 deg\"}");
	json_object_object_foreach(limits, id, figure)
	{
		const struct core_limit *limit = find_limit(h, id);
		const char *text = tell_asked_text(figure);
		double value;
		enum therapy_unit unit;
		if (!limit) {
			list_limits(h, known, sizeof known);
			return refuse(answer, "limits: there is no limit '%.40s'; there is: %s", id,
				      known[0] ? known : "none");
		}
		if (!figure) {
			drop_limit(p, id);
			continue;
		}
		if (!text || !unit_amount(text, &value, &unit) || unit != limit->unit || value < 0)
			return refuse(answer,
				      "limits: %.40s: found %.60s, expected a figure%s%s like \"35 deg\", or null", id,
				      json_object_to_json_string(figure), limit->unit == THERAPY_UNIT_ONE ? "" : " in ",
				      unit_choices(limit->unit));
		if (!set_limit(p, id, value))
			return refuse(answer, "limits: more than %u, expected at most so many", HOUSEHOLD_LIMITS_MAX);
	}
	return true;
}

static bool name_valid(const char *name)
{
	size_t n = strlen(name);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return n > 0 && n < HISTORY_NAME_MAX && utf8_valid(name, n) && strcmp(name, "*") != 0 && name[0] != ' ' &&
	       name[n - 1] != ' ';
}

struct keeping {
	struct household *h;
	uint64_t ticket;
	struct household_person person;
};

static void answer_later(struct household *h, uint64_t ticket, struct json_object *answer)
{
	h->callbacks.answer(h->callbacks.user, ticket, answer);
}

static void on_put(void *user, int error, int64_t id)
{
	struct keeping *k = user;
	struct household *h = k->h;
	struct json_object *answer = json_object_new_object();
	const struct household_person *now = household_of_id(h, id);
	k->person.id = id;
	k->person.plan = now ? now->plan : NULL;
	if (error == UV_EEXIST)
		refuse(answer, "there is already somebody called '%s'", k->person.name);
	else if (error)
		refuse(answer, "it could not be kept: %s", uv_strerror(error));
	else if (!household_keep(h, &k->person))
		refuse(answer, "there are %u people already; erase one first", HOUSEHOLD_MAX);
	else
		tell_put_bool(answer, "ok", true);
	if (!error) {
		household_apply(h);
		h->callbacks.changed(h->callbacks.user);
	}
	answer_later(h, k->ticket, answer);
	free(k);
}

/* False: answered. */
static bool set(struct household *h, struct json_object *o, uint64_t ticket, struct json_object *answer)
{
	struct json_object *value;
	const char *name = tell_asked(o, "name"), *rename = tell_asked(o, "rename");
	const struct household_person *there = name ? household_named(h, name) : NULL;
	struct household_person p = there ? *there : (struct household_person){0};
	bool create = json_object_object_get_ex(o, "create", &value) && json_object_get_boolean(value);
	if (!name || !name_valid(name) || (rename && !name_valid(rename)))
		return refuse(answer, "'name' is missing or none; expected a name of at most %u bytes",
			      HISTORY_NAME_MAX - 1);
	if (!there && !create)
		return refuse(answer, "there is nobody called '%.60s'; `therapyctl person add` makes a person", name);
	if (there && create)
		return refuse(answer, "there is already somebody called '%.60s'", name);
	if (!there && h->n == HOUSEHOLD_MAX)
		return refuse(answer, "there are %u people already; erase one first", HOUSEHOLD_MAX);
	(void)str_copy(p.name, sizeof p.name, rename ? rename : there ? there->name : name);
	if (json_object_object_get_ex(o, "weight", &value) && !take_weight(&p, value, answer))
		return false;
	if (!take_cleared(&p, o, answer) || !take_limits(h, &p, o, answer))
		return false;
	if (json_object_object_get_ex(o, "denies", &value) &&
	    (!json_object_is_type(value, json_type_array) || !set_denies(&p, value)))
		return refuse(answer, "denies: expected a list of \"heat\", \"cold\", \"traction\" and \"inversion\"");
	struct keeping *k = malloc(sizeof *k);
	char *document = household_document(&p);
	int error = k && document ? 0 : UV_ENOMEM;
	if (!error) {
		*k = (struct keeping){h, ticket, p};
		struct history_person row = {.id = p.id, .document = document};
		memcpy(row.name, p.name, sizeof row.name);
		error = history_put_person(h->history, &row, k, on_put);
	}
	free(document);
	if (!error)
		return true;
	free(k);
	return refuse(answer, "it could not be kept: %s", uv_strerror(error));
}

/* ---- erasing ---- */

static void on_erased(void *user, int error, size_t sessions)
{
	struct keeping *k = user;
	struct json_object *answer = json_object_new_object();
	if (error) {
		refuse(answer, "not erased: %s", uv_strerror(error));
	} else {
		tell_put_bool(answer, "ok", true);
		tell_put_count(answer, "sessions", sessions);
		household_forget(k->h, k->person.id);
		k->h->callbacks.erased(k->h->callbacks.user, k->person.id);
		household_apply(k->h);
		k->h->callbacks.changed(k->h->callbacks.user);
		log_info("people", "a person was erased, with %zu session%s", sessions, sessions == 1 ? "" : "s");
	}
	answer_later(k->h, k->ticket, answer);
	free(k);
}

static bool erase(struct household *h, struct json_object *o, uint64_t ticket, struct json_object *answer)
{
	const char *name = tell_asked(o, "name");
	const struct household_person *p = name ? household_named(h, name) : NULL;
	if (!p)
		return refuse(answer, "there is nobody called '%.60s'", name ? name : "");
	if (p->id == h->active && h->callbacks.runs(h->callbacks.user))
		return refuse(answer, "a session of this person runs: erase when it is over");
	struct keeping *k = malloc(sizeof *k);
	int error = UV_ENOMEM;
	if (k) {
		*k = (struct keeping){h, ticket, {.id = p->id}};
		error = history_erase_person(h->history, p->id, k, on_erased);
	}
	if (!error)
		return true;
	free(k);
	return refuse(answer, "not erased: %s", uv_strerror(error));
}

/* ---- orders ---- */

static void list(const struct household *h, struct json_object *answer)
{
	struct json_object *people = json_object_new_array();
	const struct household_person *active = household_active(h);
	for (size_t i = 0; i < h->n; i++) {
		struct json_object *one = household_tell(h, &h->people[i]);
		tell_put_bool(one, "active", &h->people[i] == active);
		json_object_array_add(people, one);
	}
	tell_put_bool(answer, "ok", true);
	json_object_object_add(answer, "people", people);
	tell_put(answer, "active", active ? active->name : "");
}

bool household_order(struct household *h, struct json_object *o, uint64_t ticket, struct json_object *answer)
{
	char why[CORE_WHY_MAX];
	const char *step = tell_asked(o, "step"), *name = tell_asked(o, "name");
	if (!h || !h->history) {
		refuse(answer, "nobody can be kept: the history has no place (therapyctl status says why)");
	} else if (!h->loaded) {
		refuse(answer, "the history is still being read; try again");
	} else if (step && strcmp(step, "list") == 0) {
		list(h, answer);
	} else if (step && strcmp(step, "choose") == 0) {
		if (household_choose(h, name, why))
			tell_put_bool(answer, "ok", true);
		else
			refuse(answer, "%s", why);
	} else if (step && strcmp(step, "set") == 0) {
		return !set(h, o, ticket, answer);
	} else if (step && strcmp(step, "erase") == 0) {
		return !erase(h, o, ticket, answer);
	} else {
		refuse(answer, "'step' is missing or none; expected list, choose, set or erase");
	}
	return true;
}
