/* SPDX-License-Identifier: Apache-2.0 */
#include "confinement.h"

#include "broker/url.h"
#include "link/mqtt_link.h"
#include "sandbox/sandbox.h"

#define FILES_MAX 3

struct loading {
	bool (*load)(void *user, struct str *why);
	void *user;
	struct str *why;
	bool ok;
};

static void load_now(void *user)
{
	struct loading *l = user;
	l->ok = l->load(l->user, l->why);
}

/* 0, or a negative UV_E* code and a sentence. */
static int describe(const Therapy__V1__Setup *setup, const Therapy__V1__BrokerAccount *account,
		    const char *files[FILES_MAX], struct sandbox_config *out, char *why, size_t why_size)
{
	struct url broker;
	*out = (struct sandbox_config){.kind = SANDBOX_STREAM, .plugin = setup->plugin_path};
	if (!account)
		return 0;
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

bool confinement_load(const Therapy__V1__Setup *setup, enum link_kind link, pid_t program,
		      bool (*load)(void *user, struct str *why), void *user, struct str *why)
{
	struct loading loading = {load, user, why, false};
	struct sandbox_config config;
	const char *files[FILES_MAX];
	char text[512] = "";
	int error = describe(setup, link == LINK_MQTT ? setup->broker : NULL, files, &config, text, sizeof text);
	config.program = program;
	if (!error)
		error = sandbox_begin(&config, text, sizeof text);
	if (!error)
		error = sandbox_load(&config, load_now, &loading, text, sizeof text);
	if (!error && !loading.ok)
		return false; /* it said why */
	if (!error)
		error = sandbox_confine(&config, text, sizeof text);
	if (error)
		str_add(why, "%s", text);
	return error == 0;
}
