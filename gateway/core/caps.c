/* SPDX-License-Identifier: Apache-2.0
 * Which limits bound the requests for which controls. Of a kind those controls in the unit of the limit: a belt with a
 * force and a pressure has each capped by its own. */
#include "core/inside.h"

#include <stdlib.h>

static int cap(struct core *core, uint32_t limit, uint32_t control)
{
	struct control *c = &core->controls[control];
	uint32_t slot;
	if (limits_slot(&core->limits, limit, core->home.controls[control].device, &slot))
		return -1;
	for (uint32_t i = 0; i < c->n_caps; i++)
		if (c->caps[i] == slot)
			return 0;
	uint32_t *caps = realloc(c->caps, (c->n_caps + 1) * sizeof *caps);
	if (!caps)
		return -1;
	c->caps = caps;
	c->caps[c->n_caps++] = slot;
	return 0;
}

static int cap_kind(struct core *core, const struct core_limit *limit, uint32_t index, const struct core_text *text,
		    struct faults *faults)
{
	const struct home *home = &core->home;
	const char *kind = text->text + strlen("kind:");
	char list[256];
	struct str choices;
	str_init(&choices, list, sizeof list);
	if (!id_valid(kind) || !home_knows_kind(home, kind, strlen(kind), &choices)) {
		faults_add(faults, limit->file, text->line, "caps '%.60s': there is no such kind of device%s%s",
			   text->text, list[0] ? "; expected one of " : "", list);
		return -1;
	}
	uint32_t found = home_find_kind(home, kind, strlen(kind));
	for (uint32_t c = 0; found != HOME_NONE && c < home->n_controls; c++)
		if (home->devices[home->controls[c].device].kind == found && home->controls[c].unit == limit->unit &&
		    cap(core, index, c))
			return -1;
	return 0;
}

static int cap_control(struct core *core, const struct core_limit *limit, uint32_t index, const struct core_text *text,
		       struct faults *faults)
{
	const struct home *home = &core->home;
	const char *dot = strchr(text->text, '.');
	uint32_t device = dot ? home_find_device(home, text->text, (size_t)(dot - text->text)) : HOME_NONE;
	uint32_t control = device == HOME_NONE ? HOME_NONE : home_find_control(home, device, dot + 1, strlen(dot + 1));
	if (control == HOME_NONE) {
		faults_add(
		    faults, limit->file, text->line,
		    "caps '%.60s': \"kind:traction\", or a control of a configured device like \"belt.tension\", was "
		    "expected",
		    text->text);
		return -1;
	}
	if (home->controls[control].unit != limit->unit) {
		faults_add(faults, limit->file, text->line, "caps '%.60s': it takes %s%s, the limit '%s' is in %s",
			   text->text, unit_text(home->controls[control].unit)[0] ? "a number in " : "",
			   unit_choices(home->controls[control].unit), limit->id, unit_choices(limit->unit));
		return -1;
	}
	return cap(core, index, control);
}

int caps_build(struct core *core, const struct core_spec *spec, struct faults *faults)
{
	size_t before = faults->n;
	int bad = 0;
	for (size_t i = 0; i < spec->n_limits; i++)
		for (size_t k = 0; k < spec->limits[i].n_caps; k++) {
			const struct core_limit *limit = &spec->limits[i];
			const struct core_text *text = &limit->caps[k];
			bool kind = strncmp(text->text, "kind:", strlen("kind:")) == 0;
			bad |= kind ? cap_kind(core, limit, (uint32_t)i, text, faults)
				    : cap_control(core, limit, (uint32_t)i, text, faults);
		}
	if (bad && faults->n == before)
		faults_add(faults, NULL, 0, "not enough memory for the limits");
	return bad;
}
