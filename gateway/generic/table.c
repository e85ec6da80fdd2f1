/* SPDX-License-Identifier: Apache-2.0
 * The tables of a plugin, made of a definition. */
#include <stdlib.h>

#include "base/str.h"
#include "generic/inside.h"

#ifndef THERAPY_VERSION
#error "THERAPY_VERSION: what a definition's table says of the program that reads it"
#endif

enum { NAME_BYTES = 80, WORDS_BYTES = 1024, SENDS_OF_CONTROL = 5, SENDS_OF_SETTING = 2 };

static const char *or_none(const char *text)
{
	return *text ? text : NULL;
}

static uint32_t ms(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

/* ---- channels ---- */

/* The channel of that address, with `direction` added to what it is used for. */
static uint8_t use_channel(struct generic *g, const char *address, unsigned direction)
{
	if (*address == '\0')
		return 0; /* a byte link has one, which needs no row */
	uint8_t i = 0;
	while (i < g->model.n_channels && strcmp(g->channels[i].address, address) != 0)
		i++;
	if (i == g->model.n_channels)
		g->channels[g->model.n_channels++].address = address;
	g->channels[i].direction = (uint8_t)(g->channels[i].direction | direction);
	return i;
}

/* ---- verbs ---- */

static uint8_t add_verb(struct generic *g, const char *owner, const char *what, enum therapy_effect effect,
			const Therapy__V1__DefinedMessage *message, const Therapy__V1__DefinedControl *control)
{
	uint8_t i = g->model.n_verbs++;
	struct str name;
	str_init(&name, g->names[i], NAME_BYTES);
	str_add(&name, "%s_%s", owner, what);
	g->verbs[i] = (struct therapy_verb){.key = g->names[i], .effect = effect};
	g->sends[i] = (struct generic_verb){.message = message,
					    .control = control,
					    .effect = effect,
					    .channel = use_channel(g, message->address, THERAPY_OUT)};
	return i;
}

static const struct therapy_step *add_step(struct generic *g, size_t at, uint8_t verb)
{
	g->steps[at] = (struct therapy_step){.verb = verb};
	return &g->steps[at];
}

/* ---- rows ---- */

static void put_metric(struct generic *g, uint8_t i)
{
	const Therapy__V1__DefinedMetric *m = g->definition->metrics[i];
	g->metric_channels[i] = use_channel(g, m->address, THERAPY_IN);
	g->metrics[i] = (struct therapy_metric){.key = m->key,
						.name = m->name,
						.unit = (enum therapy_unit)m->unit,
						.min = m->min,
						.max = m->max,
						.max_rate = m->max_rate_per_s,
						.interval_ms = ms(m->interval_ms),
						.stale_ms = ms(m->stale_ms),
						.deadband = m->deadband,
						.precision = (uint8_t)m->precision,
						.diagnostic = m->diagnostic,
						.device_class = or_none(m->device_class),
						.words = or_none(m->words),
						.stops = m->stops};
}

static void put_control(struct generic *g, uint8_t i)
{
	const Therapy__V1__DefinedControl *c = g->definition->controls[i];
	struct therapy_control *row = &g->controls[i];
	*row = (struct therapy_control){.key = c->key,
					.name = c->name,
					.type = c->is_number ? THERAPY_NUMBER : THERAPY_SWITCH,
					.unit = (enum therapy_unit)c->unit,
					.min = c->min,
					.max = c->max,
					.step = c->step,
					.set = add_verb(g, c->key, "set", THERAPY_ACT, c->set, c),
					.renew = THERAPY_NONE,
					.device_timer_ms = ms(c->device_timer_ms),
					.confirm = (uint8_t)c->confirm,
					.rest_max = c->rest_max,
					.confirm_ms = ms(c->confirm_ms),
					.n_rest = 1,
					.resumes = c->resumes,
					.load = (uint8_t)c->load,
					.load_max = c->load_max,
					.load_ms = ms(c->load_ms),
					.stop_ms = ms(c->stop_ms),
					.words = or_none(c->words),
					.measures = c->measures ? (uint8_t)(c->measures - 1) : THERAPY_NONE};
	row->rest = add_step(g, 2u * i, add_verb(g, c->key, "rest", THERAPY_STOP, c->rest, c));
	row->stop = row->rest;
	row->n_stop = 1;
	if (c->stop)
		row->stop = add_step(g, 2u * i + 1, add_verb(g, c->key, "stop", THERAPY_STOP, c->stop, c));
	if (c->renew) {
		row->renew = add_verb(g, c->key, "renew", THERAPY_RENEW, c->renew, c);
		row->renew_ms = ms(c->renew_ms);
	}
	if (c->test) {
		row->test = add_verb(g, c->key, "test", THERAPY_ACT, c->test, c);
		row->test_ms = ms(c->test_ms);
	}
}

/* "off|on", as people and therapy_setting have it. */
static void put_words(struct generic *g, uint8_t i)
{
	const Therapy__V1__DefinedMetric *says = g->definition->settings[i]->says;
	struct str words;
	str_init(&words, g->setting_words[i], WORDS_BYTES);
	for (size_t v = 0; v < says->n_values; v++)
		str_add(&words, "%s%s", v ? "|" : "", says->values[v]);
}

static void put_setting(struct generic *g, uint8_t i)
{
	const Therapy__V1__DefinedSetting *s = g->definition->settings[i];
	g->setting_channels[i] = use_channel(g, s->says->address, THERAPY_IN);
	put_words(g, i);
	uint8_t ask = add_verb(g, s->key, "ask", THERAPY_QUERY, s->ask, NULL);
	uint8_t set = add_verb(g, s->key, "set", THERAPY_RENEW, s->set, NULL);
	g->sends[set].setting = s;
	g->settings[i] = (struct therapy_setting){.key = s->key,
						  .name = s->name,
						  .because = s->because,
						  .words = g->setting_words[i],
						  .wanted = s->wanted,
						  .ask = ask,
						  .set = set,
						  .unasked = s->unasked};
}

static void put_questions(struct generic *g)
{
	const Therapy__V1__Definition *d = g->definition;
	char owner[24];
	struct str name;
	for (size_t i = 0; i < d->n_polls; i++) {
		str_init(&name, owner, sizeof owner);
		str_add(&name, "ask%zu", i);
		g->polls[i] =
		    (struct therapy_poll){.verb = add_verb(g, owner, "poll", THERAPY_QUERY, d->polls[i]->send, NULL),
					  .every_ms = ms(d->polls[i]->every_ms),
					  .energised_ms = ms(d->polls[i]->energised_ms),
					  .reply_ms = ms(d->polls[i]->reply_ms)};
	}
	for (size_t i = 0; i < d->n_on_connect; i++) {
		str_init(&name, owner, sizeof owner);
		str_add(&name, "ask%zu", i);
		g->on_connect[i] = add_verb(g, owner, "connect", THERAPY_QUERY, d->on_connect[i], NULL);
	}
}

/* ---- all of it ---- */

static size_t count_verbs(const Therapy__V1__Definition *d)
{
	return d->n_controls * SENDS_OF_CONTROL + d->n_settings * SENDS_OF_SETTING + d->n_polls + d->n_on_connect;
}

/* One a metric, a setting and a verb, and that of availability: more cannot be. */
static size_t count_channels(const Therapy__V1__Definition *d)
{
	return d->n_metrics + d->n_settings + count_verbs(d) + 1;
}

/* At most as many as 8-bit indexes count, THERAPY_NONE left out. */
static bool countable(const Therapy__V1__Definition *d)
{
	return d->n_metrics < THERAPY_NONE && count_verbs(d) < THERAPY_NONE && count_channels(d) < THERAPY_NONE;
}

static bool make_room(struct generic *g)
{
	const Therapy__V1__Definition *d = g->definition;
	size_t verbs = count_verbs(d);
	g->metrics = calloc(d->n_metrics + 1, sizeof *g->metrics);
	g->metric_channels = calloc(d->n_metrics + 1, sizeof *g->metric_channels);
	g->verbs = calloc(verbs + 1, sizeof *g->verbs);
	g->sends = calloc(verbs + 1, sizeof *g->sends);
	g->names = calloc(verbs + 1, sizeof *g->names);
	g->controls = calloc(d->n_controls + 1, sizeof *g->controls);
	g->steps = calloc(2 * d->n_controls + 1, sizeof *g->steps);
	g->channels = calloc(count_channels(d), sizeof *g->channels);
	g->settings = calloc(d->n_settings + 1, sizeof *g->settings);
	g->setting_channels = calloc(d->n_settings + 1, sizeof *g->setting_channels);
	g->setting_words = calloc(d->n_settings + 1, sizeof *g->setting_words);
	g->polls = calloc(d->n_polls + 1, sizeof *g->polls);
	g->on_connect = calloc(d->n_on_connect + 1, sizeof *g->on_connect);
	bool good = g->metrics && g->metric_channels && g->verbs && g->sends && g->names && g->controls && g->steps &&
		    g->channels && g->polls && g->on_connect && g->settings && g->setting_channels && g->setting_words;
	for (; good && g->n_names < verbs; g->n_names++)
		good = (g->names[g->n_names] = calloc(1, NAME_BYTES)) != NULL;
	for (; good && g->n_setting_words < d->n_settings; g->n_setting_words++)
		good = (g->setting_words[g->n_setting_words] = calloc(1, WORDS_BYTES)) != NULL;
	return good;
}

static void put_plugin(struct generic *g)
{
	const Therapy__V1__Definition *d = g->definition;
	struct therapy_model *m = &g->model;
	bool bytes = d->lines || d->frames;
	m->key = d->key;
	m->name = d->name;
	m->manufacturer = d->manufacturer;
	m->links = d->ble ? THERAPY_LINK_BLE : THERAPY_LINK_MQTT;
	if (bytes)
		m->links = (uint32_t)THERAPY_LINK_SERIAL | THERAPY_LINK_TCP;
	m->baud = (uint32_t)d->baud;
	m->metrics = g->metrics;
	m->verbs = g->verbs;
	m->controls = g->controls;
	m->channels = g->channels;
	m->polls = g->polls;
	m->on_connect = g->on_connect;
	m->settings = g->settings;
	m->setting_size = sizeof *g->settings;
	m->n_settings = (uint8_t)d->n_settings;
	m->n_metrics = (uint8_t)d->n_metrics;
	m->n_controls = (uint8_t)d->n_controls;
	m->n_polls = (uint8_t)d->n_polls;
	m->n_on_connect = (uint8_t)d->n_on_connect;
	m->state_size = sizeof(struct generic_state);
	m->own = g;
	m->init_row = generic_init;
	m->frame = bytes ? generic_frame : NULL;
	m->decode = generic_decode;
	m->encode = generic_encode;
	g->plugin = (struct therapy_plugin){.abi = THERAPY_ABI,
					    .sizes = THERAPY_SIZES,
					    .key = "generic",
					    .kind = d->kind,
					    .version = THERAPY_VERSION,
					    .models = m,
					    .n_models = 1};
}

struct generic *generic_new(const Therapy__V1__Definition *definition)
{
	struct generic *g = calloc(1, sizeof *g);
	if (!g)
		return NULL;
	g->definition = definition;
	if (!countable(definition) || !make_room(g)) {
		generic_free(g);
		return NULL;
	}
	put_plugin(g);
	for (uint8_t i = 0; i < definition->n_metrics; i++)
		put_metric(g, i);
	g->availability = definition->availability ? use_channel(g, definition->availability->address, THERAPY_IN)
						   : (uint8_t)THERAPY_NONE;
	for (uint8_t i = 0; i < definition->n_controls; i++)
		put_control(g, i);
	put_questions(g);
	for (uint8_t i = 0; i < definition->n_settings; i++)
		put_setting(g, i);
	return g;
}

void generic_free(struct generic *g)
{
	if (!g)
		return;
	for (size_t i = 0; g->names && i < g->n_names; i++)
		free(g->names[i]);
	free(g->names);
	for (size_t i = 0; g->setting_words && i < g->n_setting_words; i++)
		free(g->setting_words[i]);
	free(g->setting_words);
	free(g->setting_channels);
	free(g->settings);
	free(g->metrics);
	free(g->metric_channels);
	free(g->verbs);
	free(g->sends);
	free(g->controls);
	free(g->steps);
	free(g->channels);
	free(g->polls);
	free(g->on_connect);
	free(g);
}

const struct therapy_plugin *generic_plugin(const struct generic *g)
{
	return &g->plugin;
}

int generic_init(void *state, const struct therapy_model *row, const struct therapy_value *values, uint32_t seed)
{
	(void)values;
	(void)seed;
	*(struct generic_state *)state = (struct generic_state){.generic = row->own};
	return 0;
}
