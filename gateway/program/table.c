/* SPDX-License-Identifier: Apache-2.0
 *
 * Names become indexes here, and nothing else is judged: plugin_table_open() says what is wrong with the rows. Texts
 * stay the description's.
 */
#include "program/inside.h"

#include <stdlib.h>

#include "base/utf8.h"

#define ROWS_MAX 254u /* one less than the index that means "none" */

struct maker {
	struct program *program;
	const Therapy__V1__ProgramModel *from;
	struct program_model *inside;
	struct therapy_step *next_step;
	struct str *why;
	bool good;
};

static void __attribute__((format(printf, 2, 3))) fault(struct maker *m, const char *format, ...)
{
	m->good = false;
	str_add(m->why, "%sprogram %.200s: ", m->why->len > 0 ? "\n" : "", m->program->path);
	if (m->from)
		str_add(m->why, "model \"%.40s\": ", m->from->key);
	va_list args;
	va_start(args, format);
	str_addv(m->why, format, args);
	va_end(args);
}

/* Names and texts go to Home Assistant and to terminals, and protobuf-c lets any bytes pass. */
static bool text_ok(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return utf8_valid(text, strlen(text));
}

/* The first text in a message, or in one that it holds, that is none; else NULL. The messages of a description hold
 * texts and others of them in plain and in repeated fields only. */
static const char *odd_text(const ProtobufCMessage *m)
{
	const char *odd = NULL;
	for (unsigned i = 0; i < m->descriptor->n_fields && !odd; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		if (f->type != PROTOBUF_C_TYPE_STRING && f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		const char *at = (const char *)m + f->offset;
		bool repeated = f->label == PROTOBUF_C_LABEL_REPEATED;
		size_t n = repeated ? *(const size_t *)(const void *)((const char *)m + f->quantifier_offset) : 1;
		const void *const *values = (const void *const *)(const void *)at;
		if (repeated)
			values = *(const void *const *const *)(const void *)at;
		for (size_t k = 0; k < n && !odd; k++) {
			if (f->type == PROTOBUF_C_TYPE_MESSAGE)
				odd = values[k] ? odd_text(values[k]) : NULL;
			else if (!text_ok(values[k]))
				odd = values[k];
		}
	}
	return odd;
}

static const char *given(const char *text)
{
	return text[0] ? text : NULL;
}

/* Numbers of an enum begin with 1 there and with 0 here; what is beyond its end is left for the check to name. */
static unsigned less_one(int value)
{
	return value > 0 ? (unsigned)value - 1u : 0xFFFFu;
}

static bool count_ok(struct maker *m, const char *rows, size_t n, size_t most)
{
	if (n > most)
		fault(m, "it has %zu %s, expected at most %zu", n, rows, most);
	return n <= most;
}

static uint8_t verb_index(struct maker *m, const char *key, const char *user)
{
	for (size_t i = 0; i < m->from->n_verbs; i++)
		if (strcmp(m->from->verbs[i]->key, key) == 0)
			return (uint8_t)i;
	fault(m, "%s names the verb \"%.40s\", expected one of its verbs", user, key);
	return THERAPY_NONE;
}

static uint8_t metric_index(struct maker *m, const char *key, const char *user)
{
	for (size_t i = 0; i < m->from->n_metrics; i++)
		if (strcmp(m->from->metrics[i]->key, key) == 0)
			return (uint8_t)i;
	fault(m, "%s names the metric \"%.40s\", expected one of its metrics", user, key);
	return THERAPY_NONE;
}

static void put_metric(const Therapy__V1__MetricDescription *from, struct therapy_metric *to)
{
	*to = (struct therapy_metric){
	    .key = from->key,
	    .name = from->name,
	    .unit = (enum therapy_unit)less_one((int)from->unit),
	    .min = from->min,
	    .max = from->max,
	    .max_rate = from->max_rate_per_s,
	    .interval_ms = from->interval_ms,
	    .stale_ms = from->stale_ms,
	    .deadband = from->deadband,
	    .precision = (uint8_t)(from->precision < UINT8_MAX ? from->precision : UINT8_MAX),
	    .diagnostic = from->diagnostic,
	    .device_class = given(from->device_class),
	    .words = given(from->words),
	    .stops = from->stops,
	};
}

static const struct therapy_step *put_steps(struct maker *m, Therapy__V1__ProgramStep *const *from, size_t n,
					    const char *user)
{
	struct therapy_step *steps = m->next_step;
	m->next_step += n;
	for (size_t i = 0; i < n; i++)
		steps[i] = (struct therapy_step){
		    .delay_ms = from[i]->delay_ms, .verb = verb_index(m, from[i]->verb, user), .value = from[i]->value};
	return steps;
}

static void put_control(struct maker *m, const Therapy__V1__ProgramControl *from, struct therapy_control *to)
{
	char user[80];
	struct str s;
	str_init(&s, user, sizeof user);
	str_add(&s, "control \"%.40s\"", from->key);
	*to = (struct therapy_control){
	    .key = from->key,
	    .name = from->name,
	    .type = (enum therapy_control_type)less_one((int)from->type),
	    .unit = (enum therapy_unit)less_one((int)from->unit),
	    .min = from->min,
	    .max = from->max,
	    .step = from->step,
	    .set = verb_index(m, from->set, user),
	    .renew = from->renew[0] ? verb_index(m, from->renew, user) : THERAPY_NONE,
	    .renew_ms = from->renew_ms,
	    .device_timer_ms = from->device_timer_ms,
	    .confirm = metric_index(m, from->confirm, user),
	    .rest_max = from->rest_max,
	    .confirm_ms = from->confirm_ms,
	    .stop_ms = from->stop_ms,
	    .resumes = from->resumes,
	    .load = from->load[0] ? metric_index(m, from->load, user) : 0,
	    .load_max = from->load_max,
	    .load_ms = from->load_ms,
	    .test = from->test[0] ? verb_index(m, from->test, user) : 0,
	    .test_ms = from->test_ms,
	    .words = given(from->words),
	    .measures = from->measures[0] ? metric_index(m, from->measures, user) : THERAPY_NONE,
	};
	if (count_ok(m, "steps", from->n_rest, UINT8_MAX) && count_ok(m, "steps", from->n_stop, UINT8_MAX)) {
		to->rest = put_steps(m, from->rest, from->n_rest, user);
		to->n_rest = (uint8_t)from->n_rest;
		to->stop = put_steps(m, from->stop, from->n_stop, user);
		to->n_stop = (uint8_t)from->n_stop;
	}
}

static uint32_t links(struct maker *m)
{
	static const uint32_t bits[] = {0, THERAPY_LINK_SERIAL, THERAPY_LINK_TCP, THERAPY_LINK_MQTT};
	uint32_t mask = 0;
	for (size_t i = 0; i < m->from->n_links; i++) {
		size_t link = (size_t)m->from->links[i];
		if (link == 0 || link >= sizeof bits / sizeof *bits)
			fault(m, "it names the link %zu, expected one of enum ProgramLink", link);
		else
			mask |= bits[link];
	}
	return mask;
}

/* Room for the rows; NULL in none of them that has any. */
static bool make_room(struct maker *m)
{
	const Therapy__V1__ProgramModel *from = m->from;
	const size_t counts[] = {from->n_metrics,  from->n_verbs, from->n_controls,
				 from->n_channels, from->n_polls, from->n_options};
	static const size_t sizes[] = {sizeof(struct therapy_metric),  sizeof(struct therapy_verb),
				       sizeof(struct therapy_control), sizeof(struct therapy_channel),
				       sizeof(struct therapy_poll),    sizeof(struct therapy_option)};
	static const char *const names[] = {"metrics", "verbs", "controls", "channels", "polls", "options"};
	size_t steps = 0;
	for (size_t i = 0; i < from->n_controls; i++)
		steps += from->controls[i]->n_rest + from->controls[i]->n_stop;
	bool room = true, few = count_ok(m, "verbs on connect", from->n_on_connect, ROWS_MAX);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		few = count_ok(m, names[i], counts[i], ROWS_MAX) && few;
		m->inside->rows[i] = few ? calloc(counts[i] + 1, sizes[i]) : NULL;
		room = room && m->inside->rows[i];
	}
	m->inside->steps = few ? calloc(steps + 1, sizeof *m->inside->steps) : NULL;
	m->inside->on_connect = few ? calloc(from->n_on_connect + 1, 1) : NULL;
	if (few && !(room && m->inside->steps && m->inside->on_connect))
		fault(m, "%s", uv_strerror(UV_ENOMEM));
	return m->good;
}

static void put_rows(struct maker *m)
{
	const Therapy__V1__ProgramModel *from = m->from;
	struct therapy_metric *metrics = m->inside->rows[0];
	struct therapy_verb *verbs = m->inside->rows[1];
	struct therapy_control *controls = m->inside->rows[2];
	struct therapy_channel *channels = m->inside->rows[3];
	struct therapy_poll *polls = m->inside->rows[4];
	struct therapy_option *options = m->inside->rows[5];
	m->next_step = m->inside->steps;
	for (size_t i = 0; i < from->n_metrics; i++)
		put_metric(from->metrics[i], &metrics[i]);
	for (size_t i = 0; i < from->n_verbs; i++)
		verbs[i] = (struct therapy_verb){.key = from->verbs[i]->key,
						 .effect = (enum therapy_effect)less_one((int)from->verbs[i]->effect)};
	for (size_t i = 0; i < from->n_controls; i++)
		put_control(m, from->controls[i], &controls[i]);
	for (size_t i = 0; i < from->n_channels; i++)
		channels[i] =
		    (struct therapy_channel){.address = from->channels[i]->address,
					     .direction = (uint8_t)((from->channels[i]->incoming ? THERAPY_IN : 0) |
								    (from->channels[i]->outgoing ? THERAPY_OUT : 0))};
	for (size_t i = 0; i < from->n_polls; i++)
		polls[i] = (struct therapy_poll){.verb = verb_index(m, from->polls[i]->verb, "a poll"),
						 .every_ms = from->polls[i]->every_ms,
						 .energised_ms = from->polls[i]->energised_ms,
						 .reply_ms = from->polls[i]->reply_ms};
	for (size_t i = 0; i < from->n_options; i++)
		options[i] =
		    (struct therapy_option){.key = from->options[i]->key,
					    .type = (enum therapy_option_type)less_one((int)from->options[i]->type),
					    .min = from->options[i]->min,
					    .max = from->options[i]->max,
					    .words = given(from->options[i]->words),
					    .help = given(from->options[i]->help)};
	for (size_t i = 0; i < from->n_on_connect; i++)
		m->inside->on_connect[i] = verb_index(m, from->on_connect[i], "on_connect");
}

static void put_model(struct maker *m, struct therapy_model *to)
{
	const Therapy__V1__ProgramModel *from = m->from;
	m->inside->program = m->program;
	m->inside->ends = from->frames_case == THERAPY__V1__PROGRAM_MODEL__FRAMES_END_WITH;
	m->inside->end = (uint8_t)from->end_with;
	if (m->inside->ends && from->end_with > UINT8_MAX)
		fault(m, "its frames end with %u, expected a byte", from->end_with);
	if (!make_room(m))
		return;
	put_rows(m);
	*to = (struct therapy_model){
	    .key = from->key,
	    .name = from->name,
	    .manufacturer = from->manufacturer,
	    .links = links(m),
	    .baud = from->baud,
	    .metrics = m->inside->rows[0],
	    .n_metrics = (uint8_t)from->n_metrics,
	    .verbs = m->inside->rows[1],
	    .n_verbs = (uint8_t)from->n_verbs,
	    .controls = m->inside->rows[2],
	    .n_controls = (uint8_t)from->n_controls,
	    .channels = m->inside->rows[3],
	    .n_channels = (uint8_t)from->n_channels,
	    .polls = m->inside->rows[4],
	    .n_polls = (uint8_t)from->n_polls,
	    .options = m->inside->rows[5],
	    .n_options = (uint8_t)from->n_options,
	    .on_connect = m->inside->on_connect,
	    .n_on_connect = (uint8_t)from->n_on_connect,
	};
	codec_fill(to, m->inside);
}

int table_make(struct program *p, struct str *why)
{
	const Therapy__V1__ProgramDescription *d = p->described->description;
	struct maker m = {.program = p, .why = why, .good = true};
	const char *odd = odd_text(&d->base);
	if (odd) {
		char shown[64];
		struct str s;
		str_init(&s, shown, sizeof shown);
		str_add_printable(&s, odd, strlen(odd), 40);
		fault(&m, "its table has the text \"%s\", expected UTF-8 without control characters", shown);
		return UV_EINVAL;
	}
	if (!count_ok(&m, "models", d->n_models, ROWS_MAX))
		return UV_EINVAL;
	p->models = calloc(d->n_models + 1, sizeof *p->models);
	p->insides = calloc(d->n_models + 1, sizeof *p->insides);
	if (!p->models || !p->insides)
		return UV_ENOMEM;
	p->plugin = (struct therapy_plugin){.abi = THERAPY_ABI,
					    .sizes = THERAPY_SIZES,
					    .key = d->key,
					    .kind = d->kind,
					    .version = d->version,
					    .models = p->models,
					    .n_models = (uint8_t)d->n_models};
	for (size_t i = 0; i < d->n_models; i++) {
		m.from = d->models[i];
		m.inside = &p->insides[i];
		put_model(&m, &p->models[i]);
	}
	return m.good ? 0 : UV_EINVAL;
}

void table_release(struct program *p)
{
	for (size_t i = 0; p->insides && i < p->described->description->n_models; i++) {
		struct program_model *inside = &p->insides[i];
		for (size_t k = 0; k < sizeof inside->rows / sizeof *inside->rows; k++)
			free(inside->rows[k]);
		free(inside->steps);
		free(inside->on_connect);
	}
	free(p->insides);
	free(p->models);
}
