/* SPDX-License-Identifier: Apache-2.0 */
#include "setup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "description.h"
#include "figures.h"
#include "vocabulary.h"

struct setup {
	Therapy__V1__Setup *messages;
	Therapy__V1__OptionValue *options;
	Therapy__V1__OptionValue **option_pointers;
	Therapy__V1__BrokerAccount *accounts; /* one per device: it gets no other's */
	const char **names;
};

/* protobuf-c's texts are not const, and are not written to. */
static char *text(const char *t)
{
	union {
		const char *in;
		char *out;
	} u = {t ? t : ""};
	return u.out;
}

/* `relative` to the folder this program is in, if it is there. */
static const char *beside_program(const char *relative, char *buffer, size_t buffer_size)
{
	char program[512];
	size_t size = sizeof program;
	if (uv_exepath(program, &size) != 0)
		return NULL;
	char *slash = strrchr(program, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	struct str s;
	str_init(&s, buffer, buffer_size);
	str_add(&s, "%s/%s", program, relative);
	if (!s.overflow && access(buffer, R_OK) == 0)
		return buffer;
	buffer[0] = '\0';
	return NULL;
}

const char *setup_program(const char *own, enum link_kind link)
{
	static const char installed[] = THERAPY_LIBEXEC_DIR "/therapy-device";
	static char beside[600];
	if (link == LINK_MQTT)
		return own;
	if (beside[0] || beside_program("therapy-device", beside, sizeof beside))
		return beside;
	return access(installed, X_OK) == 0 ? installed : own;
}

const char *setup_asker(void)
{
	static const char installed[] = THERAPY_LIBEXEC_DIR "/therapy-setup";
	static char beside[600];
	if (beside[0] || beside_program("begin/therapy-setup", beside, sizeof beside))
		return beside;
	return access(installed, X_OK) == 0 ? installed : NULL;
}

void setup_places(struct config_places *out)
{
	static char plugins[600], definitions[600], rules[600], plans[600];
	out->plugin_dir = getenv("THERAPY_PLUGIN_DIR");
	out->definitions = getenv("THERAPY_DEFINITIONS");
	out->default_rules = getenv("THERAPY_RULES");
	out->default_plans = getenv("THERAPY_PLANS");
	/* build/<preset>/gateway/therapy-gateway: plugins are in build/<preset>/plugins, the rest in etc/ */
	if (!out->plugin_dir)
		out->plugin_dir = beside_program("../plugins", plugins, sizeof plugins);
	if (!out->definitions)
		out->definitions = beside_program("../../../etc/devices.d", definitions, sizeof definitions);
	if (!out->default_rules)
		out->default_rules = beside_program("../../../etc/rules.d", rules, sizeof rules);
	if (!out->default_plans)
		out->default_plans = beside_program("../../../etc/plans.d", plans, sizeof plans);
	if (!out->plugin_dir)
		out->plugin_dir = THERAPY_PLUGIN_DIR;
	if (!out->definitions)
		out->definitions = THERAPY_DEFINITIONS;
	if (!out->default_rules)
		out->default_rules = THERAPY_RULES;
	if (!out->default_plans)
		out->default_plans = THERAPY_PLANS;
}

static size_t count_options(const struct config *config)
{
	size_t n = 0;
	for (size_t i = 0; i < config->n_devices; i++)
		n += config->devices[i].n_options;
	return n;
}

static void put_option(const struct config_option *from, Therapy__V1__OptionValue *to)
{
	*to = (Therapy__V1__OptionValue)THERAPY__V1__OPTION_VALUE__INIT;
	to->key = from->key;
	if (from->is_word) {
		to->value_case = THERAPY__V1__OPTION_VALUE__VALUE_WORD;
		to->word = from->word;
	} else {
		to->value_case = THERAPY__V1__OPTION_VALUE__VALUE_NUMBER;
		to->number = from->number;
	}
}

/* Its own account, or the gateway's. */
static void put_account(const struct config_mqtt *mqtt, const struct config_device *device,
			Therapy__V1__BrokerAccount *to)
{
	const struct config_account *account = device->has_account ? &device->account : &mqtt->account;
	*to = (Therapy__V1__BrokerAccount)THERAPY__V1__BROKER_ACCOUNT__INIT;
	to->url = text(mqtt->url);
	to->username = text(account->username);
	to->password = text(account->password);
	to->cert_file = text(account->cert_file);
	to->key_file = text(account->key_file);
	to->ca_file = text(mqtt->ca_file);
	to->protocol = mqtt->protocol;
	to->keep_alive_s = mqtt->keep_alive_s;
}

struct setup *setup_new(const struct config *config, bool describe_only)
{
	struct setup *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	size_t n = count_options(config);
	s->messages = calloc(config->n_devices + 1, sizeof *s->messages);
	s->options = calloc(n + 1, sizeof *s->options);
	s->option_pointers = calloc(n + 1, sizeof(Therapy__V1__OptionValue *));
	s->accounts = calloc(config->n_devices + 1, sizeof *s->accounts);
	s->names = calloc(config->n_devices + 1, sizeof *s->names);
	if (!s->messages || !s->options || !s->option_pointers || !s->accounts || !s->names) {
		setup_free(s);
		return NULL;
	}
	size_t at = 0;
	for (size_t i = 0; i < config->n_devices; i++) {
		const struct config_device *d = &config->devices[i];
		Therapy__V1__Setup *m = &s->messages[i];
		*m = (Therapy__V1__Setup)THERAPY__V1__SETUP__INIT;
		m->device_id = d->id;
		m->plugin_path = text(d->plugin_path);
		m->program = text(d->program);
		m->program_args = d->program_args;
		m->n_program_args = d->n_program_args;
		m->definition = d->definition;
		m->model = d->model;
		m->link = d->link;
		m->gateway_id = config->gateway_id;
		m->describe_only = describe_only;
		m->quiet_ms = (uint32_t)config->quiet_ms;
		m->clear_kept_commands = d->clear_retained_commands;
		m->only_cuts = !d->heats_when_powered;
		/* Only a device that lives on the broker gets an account. */
		if (d->address.kind == LINK_MQTT && config->mqtt.enabled) {
			put_account(&config->mqtt, d, &s->accounts[i]);
			m->broker = &s->accounts[i];
		}
		m->options = &s->option_pointers[at];
		m->n_options = d->n_options;
		for (size_t o = 0; o < d->n_options; o++, at++) {
			put_option(&d->options[o], &s->options[at]);
			s->option_pointers[at] = &s->options[at];
		}
		s->names[i] = d->name;
	}
	return s;
}

void setup_free(struct setup *s)
{
	if (!s)
		return;
	free(s->messages);
	free(s->options);
	free(s->option_pointers);
	free(s->accounts);
	free(s->names);
	free(s);
}

const Therapy__V1__Setup *setup_message(const struct setup *s, size_t device)
{
	return &s->messages[device];
}

void setup_remember(struct setup *s, size_t device, Therapy__V1__OptionValue *const *options, size_t n)
{
	union { /* protobuf-c's members are not const, and are not written to */
		Therapy__V1__OptionValue *const *from;
		Therapy__V1__OptionValue **to;
	} u = {options};
	s->messages[device].remembered = u.to;
	s->messages[device].n_remembered = n;
}

const char *const *setup_names(const struct setup *s)
{
	return s->names;
}

/* "plug.power" */
static bool find_control(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
			 const char *name, uint16_t *device, uint16_t *control)
{
	size_t n = strcspn(name, ".");
	for (size_t i = 0; i < config->n_devices; i++) {
		if (strncmp(config->devices[i].id, name, n) != 0 || config->devices[i].id[n] != '\0')
			continue;
		for (size_t c = 0; c < descriptions[i]->n_controls; c++) {
			if (name[n] != '.' || strcmp(descriptions[i]->controls[c]->key, name + n + 1) != 0)
				continue;
			*device = (uint16_t)i;
			*control = (uint16_t)c;
			return true;
		}
	}
	return false;
}

/* What the user said of a device holds for each of its controls. */
static void put_device_settings(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
				size_t device, struct core_control *controls)
{
	const struct config_device *d = &config->devices[device];
	for (size_t i = 0; i < descriptions[device]->n_controls; i++) {
		struct core_control *c = &controls[i];
		c->accept_no_device_timer = d->accept_no_device_timer;
		c->test_once = !d->test_before_session;
		c->has_cutoff =
		    d->cutoff && find_control(config, descriptions, d->cutoff, &c->cutoff_device, &c->cutoff_control);
	}
}

int setup_core_spec(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
		    struct setup_core *rows, struct core_spec *out)
{
	size_t metrics = 0, controls = 0;
	for (size_t i = 0; i < config->n_devices; i++) {
		metrics += descriptions[i]->n_metrics;
		controls += descriptions[i]->n_controls;
	}
	rows->devices = calloc(config->n_devices + 1, sizeof *rows->devices); /* the person is the last */
	rows->metrics = calloc(metrics + 1, sizeof *rows->metrics);
	rows->controls = calloc(controls + 1, sizeof *rows->controls);
	rows->figures = calloc(config->n_figures + FIGURES_OF_PROFILE + 1, sizeof *rows->figures);
	if (!rows->devices || !rows->metrics || !rows->controls || !rows->figures) {
		setup_core_release(rows);
		return -1;
	}
	metrics = controls = 0;
	for (size_t i = 0; i < config->n_devices; i++) {
		description_core(descriptions[i], &rows->metrics[metrics], &rows->controls[controls],
				 &rows->devices[i]);
		put_device_settings(config, descriptions, i, &rows->controls[controls]);
		metrics += descriptions[i]->n_metrics;
		controls += descriptions[i]->n_controls;
	}
	person_describe(&config->profile, rows->person, &rows->devices[config->n_devices]);
	if (config->n_figures)
		memcpy(rows->figures, config->figures, config->n_figures * sizeof *rows->figures);
	size_t n_figures = figures_of_profile(config, rows->figures, config->n_figures);
	*out = (struct core_spec){.devices = rows->devices,
				  .known_kinds = vocabulary_kinds,
				  .n_known_kinds = vocabulary_n_kinds,
				  .known_metrics = vocabulary_metrics,
				  .n_known_metrics = vocabulary_n_metrics,
				  .n_devices = config->n_devices + 1,
				  .rules = config->rules,
				  .n_rules = config->n_rules,
				  .limits = config->limits,
				  .n_limits = config->n_limits,
				  .figures = rows->figures,
				  .n_figures = n_figures,
				  .conditions = config->conditions,
				  .n_conditions = config->n_conditions,
				  .derived = config->derived,
				  .n_derived = config->n_derived,
				  .owned_unmonitored = (const char *const *)config->owned_unmonitored,
				  .n_owned_unmonitored = config->n_owned_unmonitored,
				  .needs_timer_proof = true,
				  .language = config->language,
				  .units = config->units,
				  .lease_ms = config->lease_ms,
				  .renew_ms = config->renew_ms};
	return 0;
}

void setup_core_release(struct setup_core *rows)
{
	free(rows->devices);
	free(rows->metrics);
	free(rows->controls);
	free(rows->figures);
	*rows = (struct setup_core){0};
}

void setup_check_timers(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
			struct faults *faults)
{
	for (size_t i = 0; i < config->n_devices; i++) {
		const struct config_device *d = &config->devices[i];
		for (size_t c = 0; c < descriptions[i]->n_controls; c++)
			if (descriptions[i]->controls[c]->device_timer_ms == 0 && !d->accept_no_device_timer)
				faults_add(faults, d->file, d->line,
					   "device '%s': model %s does not switch '%s' off by itself when everything "
					   "else has died; expected "
					   "a model with a timer of its own, or 'accept_no_device_timer = true' if you "
					   "accept that",
					   d->id, descriptions[i]->model, descriptions[i]->controls[c]->key);
	}
}

void setup_check_cutoffs(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
			 struct faults *faults)
{
	uint16_t device, control;
	for (size_t i = 0; i < config->n_devices; i++) {
		const struct config_device *d = &config->devices[i];
		if (d->cutoff && !find_control(config, descriptions, d->cutoff, &device, &control))
			faults_add(
			    faults, d->file, d->cutoff_line,
			    "device '%s': cutoff: found \"%s\", expected a control that a device of this home has",
			    d->id, d->cutoff);
	}
}
