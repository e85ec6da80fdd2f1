/* SPDX-License-Identifier: Apache-2.0
 *
 * discover -c FILE | --broker URL [--for TIME]
 *
 * Which devices are at the broker? Subscribes to what they and their bridges publish of themselves, and publishes
 * nothing. A connection of its own: what a broker full of strangers sends must not keep the gateway busy. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "config/config.h"
#include "discover/listen.h"
#include "therapy_plugin/command.h"
#include "therapy_plugin/places.h"
#include "therapy_plugin/probe_try.h"

#define LISTEN_MS                                                                                                      \
	10000u /* an LWT that is kept comes at once, a Shelly says something each minute, a thermometer likewise       \
		*/
#define OFFERS_MAX 16u

struct discovery {
	struct config *config; /* NULL: only a URL was given */
	const char *file;
	struct broker_config to;
	uint64_t listen_ms;
	struct listen_heard heard;
	struct places places;
	struct found_list list;
	char ids[FOUND_MAX][ID_MAX]; /* that were proposed */
	size_t n_ids;
	struct {
		char plugin[32], model[48];
		bool there;
	} offers[OFFERS_MAX];
	size_t n_offers;
};

/* ---- listening ---- */

static bool hear(struct discovery *d)
{
	const struct listen_order order = {.to = d->to, .for_ms = d->listen_ms, .patient = true};
	int error = listen_there(&order, &d->list, &d->heard);
	if (error)
		command_usage("discover: cannot use the broker %s: %s", d->to.url, uv_strerror(error));
	else if (!d->heard.up)
		command_usage("discover: the broker %s was not reached%s%s", d->to.url, d->heard.why[0] ? ": " : "",
			      d->heard.why);
	return !error && d->heard.up;
}

/* ---- what is said of it ---- */

/* Does what was found come with this installation? */
static bool offered(struct discovery *d, const char *plugin, const char *model)
{
	char path[1100];
	for (size_t i = 0; i < d->n_offers; i++)
		if (strcmp(d->offers[i].plugin, plugin) == 0 && strcmp(d->offers[i].model, model) == 0)
			return d->offers[i].there;
	bool generic = strcmp(plugin, "generic") == 0;
	snprintf(path, sizeof path, "%s/%s.%s", generic ? d->places.definitions : d->places.plugins,
		 generic ? model : plugin, generic ? "cfg" : "so");
	bool there = access(path, R_OK) == 0 && (generic || probe_offers(path, model));
	if (d->n_offers < OFFERS_MAX) {
		snprintf(d->offers[d->n_offers].plugin, sizeof d->offers->plugin, "%s", plugin);
		snprintf(d->offers[d->n_offers].model, sizeof d->offers->model, "%s", model);
		d->offers[d->n_offers++].there = there;
	}
	return there;
}

static const struct config_device *configured(const struct discovery *d, const struct found *f)
{
	for (size_t i = 0; d->config && i < d->config->n_devices; i++) {
		const struct config_device *c = &d->config->devices[i];
		if (c->address.kind == LINK_MQTT && strcmp(c->address.place, f->place) == 0)
			return c;
	}
	return NULL;
}

static bool taken(const void *user, const char *id)
{
	const struct discovery *d = user;
	for (size_t i = 0; i < d->n_ids; i++)
		if (strcmp(d->ids[i], id) == 0)
			return true;
	for (size_t i = 0; d->config && i < d->config->n_devices; i++)
		if (strcmp(d->config->devices[i].id, id) == 0)
			return true;
	return false;
}

static void print_one(struct discovery *d, const struct found *f)
{
	const struct config_device *already = configured(d, f);
	printf("\n# %s %s%s%s%s%s", found_family_name(f->family), f->place, f->says[0] ? ", \"" : "", f->says,
	       f->says[0] ? "\"" : "", f->offline ? ", offline" : "");
	if (already) {
		printf(": configured as %s\n", already->id);
		return;
	}
	printf("%s%s\n", f->note[0] ? ": " : "", f->note);
	if (!f->plugin[0] || !offered(d, f->plugin, f->model)) {
		puts("# No plugin or definition for it is installed; one can be written: docs/generic.md.");
		return;
	}
	bool generic = strcmp(f->plugin, "generic") == 0;
	const char *short_name =
	    f->family == FOUND_THEENGS && strrchr(f->place, '/') ? strrchr(f->place, '/') : f->place;
	char *id = d->ids[d->n_ids];
	found_id(short_name, taken, d, id);
	d->n_ids++;
	printf("  { id = \"%s\"; plugin = \"%s\"; %s = \"%s\"; link = \"mqtt:%s\"; %s%s%s}\n", id, f->plugin,
	       generic ? "definition" : "model", f->model, f->place, f->options[0] ? "options = { " : "", f->options,
	       f->options[0] ? " }; " : "");
}

static void print_all(struct discovery *d)
{
	for (unsigned family = 0; family < FOUND_FAMILIES_; family++)
		for (size_t i = 0; i < d->list.n; i++)
			if ((unsigned)d->list.at[i].family == family)
				print_one(d, &d->list.at[i]);
	printf("\n%zu device%s at %s, %llu message%s.\n", d->list.n, d->list.n == 1 ? "" : "s", d->to.url,
	       d->heard.messages, d->heard.messages == 1 ? "" : "s");
	if (d->n_ids > 0)
		puts("The lines go into `devices = ( ... );`, with a comma between them. Give each the id that you "
		     "want in Home "
		     "Assistant; what it is used for, `therapy-gateway check` asks. A plug is taken for a heat pad's: "
		     "for a cold water machine write cold_pump.");
	if (d->list.unnamed > 0)
		printf("%llu times a name was told that no link can have (blanks, quotes, wildcards, too long): rename "
		       "the device.\n",
		       d->list.unnamed);
	if (d->list.more > 0)
		printf("More than %d devices: %llu messages of others were passed over.\n", FOUND_MAX, d->list.more);
	if (d->heard.messages >= LISTEN_MESSAGES_MAX)
		printf("More than %u messages: no more were looked at.\n", LISTEN_MESSAGES_MAX);
}

/* ---- what was asked for ---- */

static bool read_config(struct discovery *d)
{
	struct faults faults = {0};
	const struct config_places places = {
	    .plugin_dir = d->places.plugins, .definitions = d->places.definitions, .default_rules = d->places.rules};
	bool good = config_load(d->file, &places, &d->config, &faults) == 0;
	if (!good)
		faults_print(&faults, stderr);
	faults_release(&faults);
	if (!good)
		return false;
	const struct config_mqtt *m = &d->config->mqtt;
	if (!m->enabled) {
		command_usage("discover: %s has no mqtt section, expected one with the broker's url", d->file);
		return false;
	}
	if (!d->to.url)
		d->to = (struct broker_config){.url = m->url,
					       .username = m->account.username,
					       .password = m->account.password,
					       .ca_file = m->ca_file,
					       .cert_file = m->account.cert_file,
					       .key_file = m->account.key_file,
					       .protocol = (enum broker_protocol)m->protocol};
	return true;
}

static bool read_options(struct discovery *d, int argc, char **argv)
{
	for (int i = 0; i < argc; i += 2) {
		const char *option = argv[i];
		bool known =
		    strcmp(option, "-c") == 0 || strcmp(option, "--broker") == 0 || strcmp(option, "--for") == 0;
		if (!known || i + 1 == argc) {
			command_usage("discover: found '%s', expected -c FILE, --broker URL or --for TIME", option);
			return false;
		}
		if (strcmp(option, "-c") == 0)
			d->file = argv[i + 1];
		else if (strcmp(option, "--broker") == 0)
			d->to.url = argv[i + 1];
		else if (!command_duration(option, argv[i + 1], &d->listen_ms))
			return false;
	}
	if (d->file || d->to.url)
		return true;
	command_usage("discover: expected -c FILE, a configuration with the broker in its mqtt section, or --broker "
		      "mqtt://HOST:PORT");
	return false;
}

int command_discover(int argc, char **argv)
{
	static struct discovery d;
	d = (struct discovery){.listen_ms = LISTEN_MS};
	int status = COMMAND_USAGE;
	places_find(&d.places);
	log_set_level(LOG_ERROR);
	if (read_options(&d, argc, argv) && (!d.file || read_config(&d))) {
		if (isatty(STDOUT_FILENO))
			fprintf(stderr, "Listening at %s for %.0f s; Ctrl-C shows what was heard so far.\n", d.to.url,
				(double)d.listen_ms / 1000);
		status = hear(&d) ? COMMAND_GOOD : COMMAND_FAULT;
	}
	if (status == COMMAND_GOOD)
		print_all(&d);
	config_free(d.config);
	places_release(&d.places);
	return status;
}
