/* SPDX-License-Identifier: Apache-2.0 */
#include "core/limits.h"

#include <stdlib.h>
#include <string.h>

#include "base/unit.h"

static struct limit_figure strictest(bool minimum, struct limit_figure a, struct limit_figure b)
{
	if (!a.given || !b.given)
		return a.given ? a : b;
	return minimum == (a.value > b.value) ? a : b;
}

uint32_t limits_find(const struct limits *limits, const char *id, size_t size)
{
	for (uint32_t i = 0; i < limits->n; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): limits that are counted have an id */
		if (strncmp(limits->items[i].id, id, size) == 0 && limits->items[i].id[size] == '\0')
			return i;
	return LIMITS_NONE;
}

void limits_list(const struct limits *limits, struct str *out)
{
	for (uint32_t i = 0; i < limits->n; i++)
		str_add(out, "%s%s", i ? ", " : "", limits->items[i].id);
	if (limits->n == 0)
		str_add(out, "none is declared");
}

static int declare(struct limits *limits, const struct core_limit *from, struct faults *faults)
{
	const char *id = from->id ? from->id : "";
	if (!id_valid(id)) {
		faults_add(faults, from->file, from->line,
			   "limit id '%.40s': [a-z0-9_-]+ of at most %d characters was expected", id, ID_MAX - 1);
		return -1;
	}
	if (limits_find(limits, id, strlen(id)) != LIMITS_NONE) {
		faults_add(faults, from->file, from->line, "limit '%s' is there twice: each id names one limit", id);
		return -1;
	}
	if ((unsigned)from->unit >= THERAPY_UNIT_COUNT_ || (from->has_default && !isfinite(from->value))) {
		faults_add(faults, from->file, from->line,
			   "limit '%s': a unit that is known and a default that is a finite number were expected", id);
		return -1;
	}
	limits->items[limits->n] = (struct limit){.id = strdup(id),
						  .unit = from->unit,
						  .minimum = from->minimum,
						  .otherwise = {from->has_default, from->value}};
	if (!limits->items[limits->n].id)
		return -1;
	limits->n++;
	return 0;
}

static int give(struct limits *limits, const struct core_figure *figure, struct faults *faults)
{
	uint32_t at = limits_find(limits, figure->limit, strlen(figure->limit));
	if (at == LIMITS_NONE) {
		char text[200];
		struct str choices;
		str_init(&choices, text, sizeof text);
		limits_list(limits, &choices);
		faults_add(faults, figure->file, figure->line,
			   "there is no limit '%.40s': one that the rules declare was expected (%s)", figure->limit,
			   text);
		return -1;
	}
	struct limit *limit = &limits->items[at];
	if (figure->unit != limit->unit || !isfinite(figure->value)) {
		faults_add(faults, figure->file, figure->line, "limit '%s' needs %s%s", limit->id,
			   unit_text(limit->unit)[0] ? "a number in " : "", unit_choices(limit->unit));
		return -1;
	}
	if (figure->device && home_find_device(limits->home, figure->device, strlen(figure->device)) == HOME_NONE) {
		faults_add(faults, figure->file, figure->line, "there is no device '%.40s' to have the limit '%s'",
			   figure->device, limit->id);
		return -1;
	}
	if (!figure->device)
		limit->home = strictest(limit->minimum, limit->home, (struct limit_figure){true, figure->value});
	return 0;
}

int limits_init(struct limits *limits, const struct core_spec *spec, const struct home *home, struct faults *faults)
{
	size_t before = faults->n;
	int bad = 0;
	*limits = (struct limits){.home = home, .figures = spec->figures, .n_figures = spec->n_figures};
	limits->items = calloc(spec->n_limits + 1, sizeof *limits->items);
	if (!limits->items)
		bad = -1;
	for (size_t i = 0; limits->items && i < spec->n_limits; i++)
		bad |= declare(limits, &spec->limits[i], faults);
	for (size_t i = 0; !bad && i < spec->n_figures; i++)
		bad |= give(limits, &spec->figures[i], faults);
	if (bad && faults->n == before)
		faults_add(faults, NULL, 0, "not enough memory for the limits");
	return bad;
}

void limits_release(struct limits *limits)
{
	for (uint32_t i = 0; i < limits->n; i++) {
		free(limits->items[i].id);
		free(limits->items[i].slot_of);
	}
	free(limits->items);
	free(limits->slots);
	*limits = (struct limits){0};
}

static struct limit_figure own_figure(const struct limits *limits, const struct limit *limit, uint32_t device)
{
	struct limit_figure own = {0};
	for (size_t i = 0; i < limits->n_figures; i++) {
		const struct core_figure *f = &limits->figures[i];
		if (f->device && strcmp(f->limit, limit->id) == 0 &&
		    strcmp(f->device, limits->home->devices[device].id) == 0)
			own = strictest(limit->minimum, own, (struct limit_figure){true, f->value});
	}
	return own;
}

int limits_slot(struct limits *limits, uint32_t index, uint32_t device, uint32_t *out)
{
	struct limit *limit = &limits->items[index];
	if (!limit->slot_of) {
		limit->slot_of = malloc(((size_t)limits->home->n_devices + 1) * sizeof *limit->slot_of);
		if (!limit->slot_of)
			return -1;
		memset(limit->slot_of, 0xff, ((size_t)limits->home->n_devices + 1) * sizeof *limit->slot_of);
	}
	if (limit->slot_of[device] == LIMITS_NONE) {
		if (limits->n_slots == limits->cap_slots) {
			uint32_t cap = limits->cap_slots ? limits->cap_slots * 2 : 16;
			struct limit_slot *slots = realloc(limits->slots, cap * sizeof *slots);
			if (!slots)
				return -1;
			limits->slots = slots;
			limits->cap_slots = cap;
		}
		limits->slots[limits->n_slots] =
		    (struct limit_slot){.limit = index, .device = device, .own = own_figure(limits, limit, device)};
		limit->slot_of[device] = limits->n_slots++;
		limits->slots[limit->slot_of[device]].now = limits_resolve(limits, limit->slot_of[device]);
	}
	*out = limit->slot_of[device];
	return 0;
}

struct limit_figure limits_resolve(const struct limits *limits, uint32_t slot)
{
	const struct limit_slot *s = &limits->slots[slot];
	const struct limit *limit = &limits->items[s->limit];
	struct limit_figure given = strictest(limit->minimum, s->own, s->step);
	given = strictest(limit->minimum, given, limit->home);
	given = strictest(limit->minimum, given, limit->step);
	return given.given ? given : limit->otherwise;
}

bool limits_looser(const struct limit *limit, struct limit_figure next, struct limit_figure now)
{
	if (!next.given || !now.given)
		return next.given;
	return limit->minimum ? next.value < now.value : next.value > now.value;
}

bool limits_beyond(const struct limit *limit, struct limit_figure figure, double value)
{
	return !figure.given || (limit->minimum ? value < figure.value : value > figure.value);
}
