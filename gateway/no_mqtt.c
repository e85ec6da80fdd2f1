/* SPDX-License-Identifier: Apache-2.0
 * In the place of link/mqtt_link.c in a program without MQTT: the gateway starts it for byte links only. */
#include "link/mqtt_link.h"

uint16_t mqtt_link_prepare(void)
{
	return 0;
}

int mqtt_link_new(uv_loop_t *loop, const struct mqtt_link_config *config, const struct mqtt_link_callbacks *callbacks,
		  struct mqtt_link **out)
{
	(void)loop;
	(void)config;
	(void)callbacks;
	(void)out;
	return UV_ENOTSUP;
}

int mqtt_link_send(struct mqtt_link *link, uint8_t channel, uint8_t effect, const uint8_t *data, size_t size)
{
	(void)link;
	(void)channel;
	(void)effect;
	(void)data;
	(void)size;
	return UV_ENOTSUP;
}

void mqtt_link_close(struct mqtt_link *link, void (*closed)(void *user), void *user)
{
	(void)link;
	(void)closed;
	(void)user;
}
