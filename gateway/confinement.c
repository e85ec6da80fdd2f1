/* SPDX-License-Identifier: Apache-2.0 */
#include "confinement.h"

#include <stdlib.h>
#include <string.h>

#include "broker/url.h"
#include "link/mqtt_link.h"
#include "sandbox/sandbox.h"

#define FILES_MAX 3

/* Each plugin's file once: a hundred plugs have one. */
static size_t plugin_files(const struct confinement_device *devices, size_t n, const char **out)
{
	size_t n_out = 0;
	for (size_t i = 0; i < n; i++) {
		const char *path = devices[i].setup->plugin_path;
		size_t at = 0;
		while (at < n_out && strcmp(out[at], path) != 0)
			at++;
		if (*path && at == n_out)
			out[n_out++] = path;
	}
	return n_out;
}

static const Therapy__V1__BrokerAccount *account_of(const struct confinement_device *devices, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (devices[i].link == LINK_MQTT && devices[i].setup->broker)
			return devices[i].setup->broker;
	return NULL;
}

/* 0, or a negative UV_E* code and a sentence. */
static int describe_broker(const Therapy__V1__BrokerAccount *account, const char *files[FILES_MAX],
			   struct sandbox_config *out, char *why, size_t why_size)
{
	struct url broker;
	int error = url_parse(account->url, &broker, why, why_size);
	if (error)
		return error;
	files[0] = account->ca_file;
	files[1] = account->cert_file;
	files[2] = account->key_file;
	out->kind = SANDBOX_MQTT;
	out->port = broker.port;
	out->own_port = mqtt_link_prepare();
	out->files = files;
	out->n_files = FILES_MAX;
	return 0;
}

bool confinement_load(const struct confinement_device *devices, size_t n, void (*load)(void *user), void *user,
		      struct str *why)
{
	const Therapy__V1__BrokerAccount *account = account_of(devices, n);
	struct sandbox_config config = {.kind = SANDBOX_STREAM, .n_devices = n, .program = devices[0].program};
	const char *files[FILES_MAX], **plugins = calloc(n, sizeof *plugins);
	char text[512] = "out of memory";
	int error = plugins ? 0 : UV_ENOMEM;
	if (!error) {
		config.n_plugins = plugin_files(devices, n, plugins);
		config.plugins = plugins;
		error = account ? describe_broker(account, files, &config, text, sizeof text) : 0;
	}
	if (!error)
		error = sandbox_begin(&config, text, sizeof text);
	if (!error)
		error = sandbox_load(&config, load, user, text, sizeof text);
	if (!error)
		error = sandbox_confine(&config, text, sizeof text);
	if (error)
		str_add(why, "%s", text);
	free(plugins);
	return error == 0;
}
