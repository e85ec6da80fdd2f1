/* SPDX-License-Identifier: Apache-2.0 */
#include "description.h"

#include <stdlib.h>
#include <string.h>

#include "base/words.h"

/* protobuf-c's texts are not const, and are not written to. */
static char *text(const char *t)
{
	union {
		const char *in;
		char *out;
	} u = {t ? t : ""};
	return u.out;
}

static uint32_t sequence_ms(const struct therapy_step *steps, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += steps[i].delay_ms;
	return sum;
}

static void put_metric(const struct therapy_metric *from, Therapy__V1__MetricDescription *to)
{
	*to = (Therapy__V1__MetricDescription)THERAPY__V1__METRIC_DESCRIPTION__INIT;
	to->key = text(from->key);
	to->name = text(from->name);
	to->unit = (Therapy__V1__Unit)(from->unit + 1);
	to->min = from->min;
	to->max = from->max;
	to->max_rate_per_s = from->max_rate;
	to->interval_ms = from->interval_ms;
	to->stale_ms = from->stale_ms;
	to->deadband = from->deadband;
	to->precision = from->precision;
	to->diagnostic = from->diagnostic;
	to->device_class = text(from->device_class);
	to->words = text(from->words);
	to->stops = from->stops;
}

static void put_control(const struct therapy_control *from, bool only_cuts, Therapy__V1__ControlDescription *to)
{
	*to = (Therapy__V1__ControlDescription)THERAPY__V1__CONTROL_DESCRIPTION__INIT;
	to->only_cuts = only_cuts;
	to->key = text(from->key);
	to->name = text(from->name);
	to->type = (Therapy__V1__ControlType)(from->type + 1);
	to->unit = (Therapy__V1__Unit)(from->unit + 1);
	to->min = from->min;
	to->max = from->max;
	to->step = from->step;
	to->confirm_metric = from->confirm;
	to->rest_max = from->rest_max;
	to->confirm_ms = from->confirm_ms;
	to->device_timer_ms = from->device_timer_ms;
	to->renew_ms = from->renew_ms;
	to->resumes = from->resumes;
	to->rest_bound_ms = sequence_ms(from->rest, from->n_rest);
	to->stop_bound_ms = from->n_stop > 0 ? sequence_ms(from->stop, from->n_stop) : to->rest_bound_ms;
	to->stop_ms = from->stop_ms > 0 ? from->stop_ms : from->confirm_ms;
	to->load_metric = from->load;
	to->load_max = from->load_max;
	to->load_ms = from->load_ms;
	to->test_ms = from->test_ms;
	to->words = text(from->words);
	to->measured = from->measures == THERAPY_NONE ? 0 : from->measures + 1u;
}

static void put_channel(const struct therapy_channel *from, Therapy__V1__ChannelDescription *to)
{
	*to = (Therapy__V1__ChannelDescription)THERAPY__V1__CHANNEL_DESCRIPTION__INIT;
	to->address = text(from->address);
	to->incoming = (from->direction & THERAPY_IN) != 0;
	to->outgoing = (from->direction & THERAPY_OUT) != 0;
}

static void put_setting(const struct therapy_setting *from, Therapy__V1__SettingDescription *to)
{
	*to = (Therapy__V1__SettingDescription)THERAPY__V1__SETTING_DESCRIPTION__INIT;
	to->key = text(from->key);
	to->name = text(from->name);
	to->because = text(from->because);
	to->words = text(from->words);
	to->wanted = from->wanted;
}

/* The message, its pointer arrays and its rows, in one block. */
struct block {
	Therapy__V1__DeviceDescription message;
	Therapy__V1__MetricDescription *metric_pointers[UINT8_MAX], metrics[UINT8_MAX];
	Therapy__V1__ControlDescription *control_pointers[UINT8_MAX], controls[UINT8_MAX];
	Therapy__V1__ChannelDescription *channel_pointers[UINT8_MAX], channels[UINT8_MAX];
	char *options[UINT8_MAX];
	Therapy__V1__SettingDescription *setting_pointers[UINT8_MAX], settings[UINT8_MAX];
};

Therapy__V1__DeviceDescription *description_new(const Therapy__V1__Setup *setup, const struct therapy_plugin *plugin,
						const struct therapy_model *model)
{
	struct block *b = calloc(1, sizeof *b);
	if (!b)
		return NULL;
	b->message = (Therapy__V1__DeviceDescription)THERAPY__V1__DEVICE_DESCRIPTION__INIT;
	b->message.device_id = setup->device_id;
	b->message.plugin = text(plugin->key);
	b->message.plugin_version = text(plugin->version);
	b->message.kind = text(plugin->kind);
	b->message.model = text(model->key);
	b->message.model_name = text(model->name);
	b->message.manufacturer = text(model->manufacturer);
	b->message.baud = model->baud;
	for (size_t i = 0; i < model->n_metrics; i++) {
		put_metric(&model->metrics[i], &b->metrics[i]);
		b->metric_pointers[i] = &b->metrics[i];
	}
	for (size_t i = 0; i < model->n_controls; i++) {
		put_control(&model->controls[i], setup->only_cuts, &b->controls[i]);
		b->control_pointers[i] = &b->controls[i];
	}
	bool radio = (model->links & THERAPY_LINK_BLE) != 0;
	for (size_t i = 0; radio && i < model->n_channels; i++) {
		put_channel(&model->channels[i], &b->channels[i]);
		b->channel_pointers[i] = &b->channels[i];
	}
	b->message.n_channels = radio ? model->n_channels : 0;
	b->message.channels = b->channel_pointers;
	for (size_t i = 0; i < model->n_settings; i++) {
		put_setting(&model->settings[i], &b->settings[i]);
		b->setting_pointers[i] = &b->settings[i];
	}
	b->message.n_settings = model->n_settings;
	b->message.settings = b->setting_pointers;
	b->message.n_metrics = model->n_metrics;
	b->message.metrics = b->metric_pointers;
	b->message.n_controls = model->n_controls;
	b->message.controls = b->control_pointers;
	for (size_t i = 0; i < model->n_options; i++)
		if (model->options[i].type != THERAPY_OPTION_CLIENT)
			b->options[b->message.n_options++] = text(model->options[i].key);
	b->message.options = b->options;
	return &b->message;
}

void description_free(Therapy__V1__DeviceDescription *description)
{
	free(description); /* the first member of its block */
}

/* An option that the user may give. */
static const struct therapy_option *find_option(const struct therapy_model *model, const char *key, size_t *at)
{
	for (size_t i = 0; i < model->n_options; i++)
		if (model->options[i].type != THERAPY_OPTION_CLIENT && strcmp(model->options[i].key, key) == 0) {
			*at = i;
			return &model->options[i];
		}
	return NULL;
}

static bool take_option(const struct therapy_model *model, const Therapy__V1__OptionValue *given,
			struct therapy_value *values, struct str *why)
{
	size_t at;
	const struct therapy_option *o = find_option(model, given->key, &at);
	if (!o) {
		str_add(why, "%soption '%s' is not known to model %s; expected", why->len ? "\n" : "", given->key,
			model->key);
		unsigned known = 0;
		for (size_t i = 0; i < model->n_options; i++)
			if (model->options[i].type != THERAPY_OPTION_CLIENT)
				str_add(why, "%s '%s'", known++ ? "," : "", model->options[i].key);
		if (known == 0)
			str_add(why, " none");
		return false;
	}
	bool number = given->value_case == THERAPY__V1__OPTION_VALUE__VALUE_NUMBER;
	if (o->type == THERAPY_OPTION_NUMBER) {
		if (!number || !(given->number >= o->min && given->number <= o->max)) {
			str_add(why, "%soption '%s' of model %s must be a number from %g to %g", why->len ? "\n" : "",
				o->key, model->key, o->min, o->max);
			return false;
		}
		values[at] = (struct therapy_value){.set = true, .number = given->number};
		return true;
	}
	double index;
	if (number || !words_value(o->words, given->word, strlen(given->word), &index)) {
		str_add(why, "%soption '%s' of model %s must be one of %s", why->len ? "\n" : "", o->key, model->key,
			o->words);
		return false;
	}
	values[at] = (struct therapy_value){.set = true, .word = given->word};
	return true;
}

bool description_options(const struct therapy_model *model, const Therapy__V1__Setup *setup, const char *client,
			 struct therapy_value **out, struct str *why)
{
	struct therapy_value *values = calloc((size_t)model->n_options + 1, sizeof *values);
	if (!values) {
		str_add(why, "out of memory");
		return false;
	}
	bool good = true;
	for (size_t i = 0; i < model->n_options; i++)
		if (model->options[i].type == THERAPY_OPTION_CLIENT)
			values[i] = (struct therapy_value){.set = true, .word = client};
	for (size_t i = 0; i < setup->n_options; i++)
		good &= take_option(model, setup->options[i], values, why);
	if (!good) {
		free(values);
		return false;
	}
	*out = values;
	return true;
}

void description_refused_options(const struct therapy_model *model, const struct therapy_value *values, struct str *why)
{
	unsigned said = 0;
	str_add(why, "model %s refuses its options: one is missing, or they contradict each other;", model->key);
	for (size_t i = 0; i < model->n_options; i++) {
		const struct therapy_option *o = &model->options[i];
		if (o->type == THERAPY_OPTION_CLIENT)
			continue;
		str_add(why, "%s %s ", said++ ? "," : "", o->key);
		if (!values[i].set)
			str_add(why, "is not given");
		else if (o->type == THERAPY_OPTION_WORD)
			str_add(why, "is \"%s\"", values[i].word);
		else
			str_add(why, "is %g", values[i].number);
		str_add(why, " (%s%s%s)", o->words ? o->words : "", o->words ? ": " : "", o->help ? o->help : "");
	}
}

bool description_remembered(const struct therapy_model *model, const Therapy__V1__Setup *setup,
			    struct therapy_value *values, struct str *why)
{
	struct therapy_value fresh[UINT8_MAX];
	memcpy(fresh, values, model->n_options * sizeof *fresh);
	for (size_t i = 0; i < setup->n_remembered; i++)
		if (!take_option(model, setup->remembered[i], fresh, why))
			return false;
	memcpy(values, fresh, model->n_options * sizeof *fresh);
	return true;
}

/* How many characters of the pattern, without its {name}, are the address's; 0: it is another's. */
static size_t fits(const char *pattern, const char *address)
{
	const char *name = strstr(pattern, "{name}");
	size_t before = name ? (size_t)(name - pattern) : 0, size = strlen(address);
	size_t behind = name ? strlen(name) - strlen("{name}") : 0;
	bool same = name && size > before + behind && strncmp(pattern, address, before) == 0 &&
		    strcmp(pattern + before + strlen("{name}"), address + size - behind) == 0;
	return same ? before + behind : 0;
}

uint8_t description_channel(const struct therapy_model *model, const char *address)
{
	uint8_t best = model->n_channels;
	size_t most = 0;
	for (uint8_t i = 0; i < model->n_channels; i++) {
		const char *pattern = model->channels[i].address;
		if (strcmp(pattern, address) == 0)
			return i;
		size_t n = fits(pattern, address);
		if (n > most) { /* what is literal says more than what any name could be */
			most = n;
			best = i;
		}
	}
	return best;
}

void description_no_model(const struct therapy_plugin *plugin, const char *key, struct str *why)
{
	if (*key)
		str_add(why, "plugin %s has no model '%s'; expected one of", plugin->key, key);
	else
		str_add(why, "plugin %s has several models, so 'model' is needed: one of", plugin->key);
	for (size_t i = 0; i < plugin->n_models; i++)
		str_add(why, "%s '%s'", i ? "," : "", plugin->models[i].key);
}

void description_counters(const struct device_counters *from, Therapy__V1__DeviceCounters *to)
{
	to->frames = from->frames;
	to->refused_length = from->refused[THERAPY_REFUSED_LENGTH];
	to->refused_checksum = from->refused[THERAPY_REFUSED_CHECKSUM];
	to->refused_type = from->refused[THERAPY_REFUSED_TYPE];
	to->refused_format = from->refused[THERAPY_REFUSED_FORMAT];
	to->refused_value = from->refused[THERAPY_REFUSED_VALUE];
	to->skipped_bytes = from->skipped_bytes;
	to->frames_lost = from->frames_lost;
	to->readings = from->readings;
	to->readings_out_of_range = from->out_of_range;
	to->readings_thinned = from->thinned;
	to->overflows = from->overflows;
	to->polls_unanswered = from->polls_unanswered;
	to->leases_expired = from->leases_expired;
	to->link_ups = from->link_ups;
}

void description_core(const Therapy__V1__DeviceDescription *d, struct core_metric *metrics,
		      struct core_control *controls, struct core_device *out)
{
	for (size_t i = 0; i < d->n_metrics; i++)
		metrics[i] = (struct core_metric){.key = d->metrics[i]->key,
						  .unit = (enum therapy_unit)(d->metrics[i]->unit - 1),
						  .stale_ms = d->metrics[i]->stale_ms,
						  .words = *d->metrics[i]->words ? d->metrics[i]->words : NULL,
						  .stops = d->metrics[i]->stops,
						  .deadband = d->metrics[i]->deadband};
	for (size_t i = 0; i < d->n_controls; i++)
		controls[i] =
		    (struct core_control){.key = d->controls[i]->key,
					  .min = d->controls[i]->min,
					  .max = d->controls[i]->max,
					  .step = d->controls[i]->step,
					  .words = *d->controls[i]->words ? d->controls[i]->words : NULL,
					  .confirm = (uint16_t)d->controls[i]->confirm_metric,
					  .rest_max = d->controls[i]->rest_max,
					  .resumes = d->controls[i]->resumes,
					  .only_cuts = d->controls[i]->only_cuts,
					  .unit = (enum therapy_unit)(d->controls[i]->unit - 1),
					  .load = (uint16_t)d->controls[i]->load_metric,
					  .load_max = d->controls[i]->load_max,
					  .load_ms = d->controls[i]->load_ms,
					  .confirm_ms = d->controls[i]->confirm_ms,
					  .device_timer_ms = d->controls[i]->device_timer_ms,
					  .test_ms = d->controls[i]->test_ms,
					  .rest_bound_ms = d->controls[i]->rest_bound_ms + d->controls[i]->confirm_ms};
	*out = (struct core_device){.id = d->device_id,
				    .kind = d->kind,
				    .metrics = metrics,
				    .n_metrics = d->n_metrics,
				    .controls = controls,
				    .n_controls = d->n_controls};
}

void description_state(const Therapy__V1__ControlState *state, struct core_input *out)
{
	bool known = state->phase >= THERAPY__V1__CONTROL_PHASE__CONTROL_PHASE_UNKNOWN &&
		     state->phase <= THERAPY__V1__CONTROL_PHASE__CONTROL_PHASE_CONFIRMED_ON;
	out->state.phase = known ? (enum core_phase)(state->phase - 1) : CORE_PHASE_UNKNOWN;
	out->state.grant = state->grant;
	out->state.ended_by_device = state->ended_by_device;
	out->state.lease_expired = state->lease_expired;
	out->state.never_on = state->never_on;
	out->state.foreign = state->foreign;
	out->state.value = state->value;
	out->state.repeats = state->repeats;
	out->state.test = CORE_TEST_NONE;
	if (state->test == THERAPY__V1__OFF_TEST_RESULT__OFF_TEST_RESULT_PASSED)
		out->state.test = CORE_TEST_PASSED;
	else if (state->test == THERAPY__V1__OFF_TEST_RESULT__OFF_TEST_RESULT_FAILED)
		out->state.test = CORE_TEST_FAILED;
}
