/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/settings.h"

#include <stdlib.h>
#include <string.h>

#include "broker/topic.h"

#define WHY_MAX 320

static char *copy_text(const char *text, bool *failed)
{
	if (!text)
		return NULL;
	char *copy = strdup(text);
	*failed |= !copy;
	return copy;
}

bool settings_copy(struct broker_config *to, const struct broker_config *from)
{
	bool failed = false;
	*to = *from;
	to->url = copy_text(from->url, &failed);
	to->client_id = copy_text(from->client_id, &failed);
	to->username = copy_text(from->username, &failed);
	to->password = copy_text(from->password, &failed);
	to->ca_file = copy_text(from->ca_file, &failed);
	to->cert_file = copy_text(from->cert_file, &failed);
	to->key_file = copy_text(from->key_file, &failed);
	to->will_topic = copy_text(from->will_topic, &failed);
	to->will_payload = NULL;
	if (from->will_size > 0) {
		void *payload = malloc(from->will_size);
		if (payload)
			memcpy(payload, from->will_payload, from->will_size);
		to->will_payload = payload;
		failed |= !payload;
	}
	return !failed;
}

void settings_release(struct broker_config *c)
{
	const void *owned[] = {c->url,       c->client_id, c->username,   c->password,    c->ca_file,
			       c->cert_file, c->key_file,  c->will_topic, c->will_payload};
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
		union {
			const void *from;
			void *to;
		} p = {.from = owned[i]};
		free(p.to);
	}
}

int settings_check(const struct broker_config *config, struct url *url)
{
	char why[WHY_MAX];
	if (!config->url || !config->client_id || url_parse(config->url, url, why, sizeof why) != 0)
		return UV_EINVAL;
	if (config->will_topic && !topic_name_valid(config->will_topic, why, sizeof why))
		return UV_EINVAL;
	if (config->will_qos < 0 || config->will_qos > 1 || config->will_size > UINT16_MAX)
		return UV_EINVAL;
	return 0;
}
