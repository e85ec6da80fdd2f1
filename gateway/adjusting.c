/* SPDX-License-Identifier: Apache-2.0 */
#include "adjusting_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/explanation.h"
#include "tell/tell.h"

/* ---- what is known ---- */

const Therapy__V1__DeviceDescription *adjusting_described(const struct adjusting *a, uint16_t device)
{
	return a->g->descriptions[device];
}

struct adjusted_options adjusting_remembered(const struct adjusting *a, uint16_t device)
{
	struct adjusted_key key = adjusted_options_key(&a->g->config->devices[device]);
	const Therapy__V1__AdjustedDevice *d = adjusted_find(a->store, &key);
	return d ? (struct adjusted_options){d->options, d->n_options} : (struct adjusted_options){0};
}

/* The setups point to what the store knows now. */
static void refresh_setups(struct adjusting *a)
{
	for (size_t i = 0; i < a->g->n_seats; i++) {
		struct adjusted_options found = adjusting_remembered(a, (uint16_t)i);
		const struct config_option *against = adjusted_options_against(&a->g->config->devices[i], found);
		setup_remember(a->g->setup, i, found.items, against ? 0 : found.n);
		if (against)
			log_warn(a->g->config->devices[i].id,
				 "what its calibration found is not used: the configuration says another '%s' (%s:%u)",
				 against->key, a->g->config->devices[i].file, against->line);
	}
}

int adjusting_new(struct gateway *g, struct adjusting **out)
{
	char directory[512];
	enum adjusted_found found = ADJUSTED_NONE;
	struct adjusting *a = calloc(1, sizeof *a);
	if (!a)
		return UV_ENOMEM;
	a->g = g;
	bool placed = memory_keeper_place(g->config, directory, sizeof directory);
	int error = adjusted_new(&g->loop, placed ? directory : NULL, g->config->gateway_id, &a->store, &found);
	if (error) {
		free(a);
		return error;
	}
	a->damaged = found == ADJUSTED_DAMAGED;
	if (a->damaged && !g->only_check)
		log_error("adjusted",
			  "%s/adjusted is damaged, or not of this gateway: nothing is calibrated or tared by it; do it "
			  "again, "
			  "or `therapyctl calibrate DEVICE --forget`",
			  directory);
	refresh_setups(a);
	*out = a;
	return 0;
}

void adjusting_free(struct adjusting *a)
{
	if (!a)
		return;
	adjusted_free(a->store);
	free(a);
}

/* ---- into use ---- */

static bool is_energised(const struct core *core, const struct core_explanation *e, uint16_t device)
{
	const struct core_permission *p = &e->permission;
	return p->granted || p->suspended || p->phase == CORE_PHASE_COMING_TO_REST ||
	       p->phase == CORE_PHASE_ENERGISED || p->phase == CORE_PHASE_CONFIRMED_ON ||
	       (p->phase == CORE_PHASE_UNKNOWN && core_present(core, device));
}

static const char *energised_how(const struct core_permission *p)
{
	if (p->suspended)
		return "paused, and would go on by itself";
	if (p->granted)
		return "granted";
	return p->phase == CORE_PHASE_COMING_TO_REST ? "coming to rest"
	       : p->phase == CORE_PHASE_UNKNOWN      ? "not known to be at rest"
						     : "on";
}

bool adjusting_energised(const struct core *core, struct str *why)
{
	struct core_explanation e;
	for (size_t d = 0; d < core_n_devices(core); d++)
		for (uint16_t c = 0; core_explain(core, (uint16_t)d, c, &e); c++) {
			if (!is_energised(core, &e, (uint16_t)d))
				continue;
			str_add(why, "%s.%s is %s: what sensors mean changes only while everything is at rest",
				e.device, e.control, energised_how(&e.permission));
			return true;
		}
	return false;
}

static void tell_changed(struct adjusting *a)
{
	char text[CORE_WHY_MAX];
	enum language language = a->g->config->language;
	const char *id = a->g->config->devices[a->changed].id;
	struct str s;
	str_init(&s, text, sizeof text);
	if (a->forgets)
		str_add(&s, language_say(language, "%s: what was remembered was forgotten by %s. It was: %s"), id,
			a->by, a->before);
	else if (a->tare)
		str_add(&s, language_say(language, "%s was tared by %s: %s Before: %s"), id, a->by, a->after,
			a->before);
	else
		str_add(&s, language_say(language, "%s was calibrated by %s: %s Before: %s"), id, a->by, a->after,
			a->before);
	struct core_input input = {
	    .type = CORE_IN_ADJUSTED, .device = a->changed, .adjusted = {.tared = a->tare, .text = text}};
	gateway_feed(a->g, clock_boot_ms(), &input);
	outward_touched(a->g, a->changed);
}

/* It was written: it is used as soon as everything is at rest, whatever was granted meanwhile. */
static void use(struct adjusting *a)
{
	char text[CORE_WHY_MAX];
	struct str why;
	str_init(&why, text, sizeof text);
	if (a->change != CHANGE_WAITS || a->g->stage != RUNNING || adjusting_energised(a->g->core, &why))
		return;
	a->change = CHANGE_DONE;
	process_restart(a->g->seats[a->changed].process);
	tell_changed(a);
}

static void on_written(void *user, int error)
{
	struct adjusting *a = user;
	struct str why;
	if (error) {
		str_init(&why, a->failed, sizeof a->failed);
		str_add(&why, "it cannot be written: %s; all is as it was", uv_strerror(error));
		log_error("adjusted", "%s", a->failed);
		a->change = CHANGE_FAILED;
		return;
	}
	a->damaged = false;
	a->change = CHANGE_WAITS;
	refresh_setups(a);
	use(a);
}

/* What holds for the device now, of what will be changed. */
static void say_before(struct adjusting *a, struct adjusted_options now, struct adjusted_options fresh)
{
	struct str s;
	const struct config_device *d = &a->g->config->devices[a->changed];
	str_init(&s, a->before, sizeof a->before);
	if (now.n > 0 && !adjusted_options_against(d, now))
		adjusted_options_line(&s, now);
	else if (now.n > 0)
		str_add(&s, "not used");
	for (size_t i = 0; i < fresh.n && now.n == 0; i++) {
		const struct config_option *o = adjusted_options_configured(d, fresh.items[i]->key);
		if (o && o->is_word)
			str_add(&s, "%s%s = \"%s\";", s.len ? " " : "", o->key, o->word);
		else if (o)
			str_add(&s, "%s%s = %.2f;", s.len ? " " : "", o->key, o->number);
	}
	if (s.len == 0)
		str_add(&s, "-");
}

bool adjusting_remember(struct adjusting *a, uint16_t device, bool tare, struct adjusted_options options,
			struct str *why)
{
	struct str after;
	bool trusted;
	struct adjusted_key key = adjusted_options_key(&a->g->config->devices[device]);
	int64_t wall_ms = clock_wall_ms(&trusted);
	if (a->change == CHANGE_WRITING || a->change == CHANGE_WAITS) {
		str_add(why, "another one is being written, or waits for rest; try again");
		return false;
	}
	a->changed = device;
	a->tare = tare;
	a->forgets = options.n == 0;
	say_before(a, adjusting_remembered(a, device), options);
	str_init(&after, a->after, sizeof a->after);
	adjusted_options_line(&after, options);
	int error = adjusted_put(a->store, &key, options.items, options.n, trusted ? wall_ms : 0, a, on_written);
	if (error == UV_ENOENT)
		str_add(why, "there is no place to remember it: set gateway.state_dir");
	else if (error)
		str_add(why, "it cannot be written: %s", uv_strerror(error));
	a->change = error ? CHANGE_FAILED : CHANGE_WRITING;
	if (error)
		(void)str_copy(a->failed, sizeof a->failed, why->at);
	return error == 0;
}

/* ---- what goes on ---- */

void adjusting_readings(struct adjusting *a, uint16_t device, const struct core_reading *readings, size_t n)
{
	if (a->session.kind == SESSION_NONE || device != a->device)
		return;
	for (size_t i = 0; i < n; i++)
		for (size_t m = 0; m < a->session.n_axes; m++)
			if (readings[i].metric == a->metrics[m])
				session_reading(&a->session, m, readings[i].quality, readings[i].value,
						readings[i].stamp_ms);
}

void adjusting_lost(struct adjusting *a, uint16_t device)
{
	if (device == a->device)
		session_lost(&a->session);
}

void adjusting_tick(struct adjusting *a, uint64_t now_ms)
{
	session_tick(&a->session, now_ms);
	use(a);
}
