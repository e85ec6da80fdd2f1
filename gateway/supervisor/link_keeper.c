/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/link_keeper.h"

#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "bluez/bluez.h"
#include "link/opener.h"

static void on_opened(void *user, int fd)
{
	struct link_keeper *k = user;
	k->opened(k->user, fd);
	if (k->failed > 1)
		log_info(k->name, "the link could be opened after %u attempts", k->failed);
	k->failed = 0;
	k->why[0] = '\0';
}

static void on_failed(void *user, const char *why, uint64_t retry_ms)
{
	struct link_keeper *k = user;
	char kept[sizeof k->why];
	struct str s;
	str_init(&s, kept, sizeof kept);
	str_add_cut(&s, why);
	k->failed++;
	if (strcmp(kept, k->why) == 0) {
		log_debug(k->name, "%s; attempt %u, trying again in %.1f s", why, k->failed, (double)retry_ms / 1000.0);
		return;
	}
	memcpy(k->why, kept, sizeof kept);
	log_warn(k->name, "%s; trying again, now in %.1f s and later at most every 30 s", why,
		 (double)retry_ms / 1000.0);
}

static int new_radio(struct link_keeper *k, const Therapy__V1__DeviceDescription *said,
		     const struct opener_callbacks *callbacks)
{
	struct bluez_channel channels[UINT8_MAX];
	struct bluez_link_config config = {
	    .name = k->name, .address = *k->address, .channels = channels, .bind_key = k->bind_key};
	for (; config.n_channels < said->n_channels && config.n_channels < UINT8_MAX; config.n_channels++) {
		const Therapy__V1__ChannelDescription *c = said->channels[config.n_channels];
		channels[config.n_channels] = (struct bluez_channel){c->address, c->incoming, c->outgoing};
	}
	return k->bluez ? bluez_link_new(k->bluez, &config, callbacks, &k->radio) : UV_ENOTSUP;
}

void link_keeper_start(struct link_keeper *k, const Therapy__V1__DeviceDescription *said)
{
	if (!k->opener && !k->radio) {
		struct opener_callbacks callbacks = {k, on_opened, on_failed};
		int error = k->address->kind == LINK_BLE
				? new_radio(k, said, &callbacks)
				: opener_new(k->loop, k->address, said->baud, &callbacks, &k->opener);
		if (error) {
			log_error(k->name, "cannot open links: %s", uv_strerror(error));
			return;
		}
	}
	if (k->radio)
		bluez_link_start(k->radio);
	else
		opener_start(k->opener);
}

void link_keeper_count(const struct link_keeper *k, Therapy__V1__DeviceCounters *out)
{
	if (k->radio)
		bluez_link_counts(k->radio, &out->link_dropped, &out->link_refused);
}

bool link_keeper_close(struct link_keeper *k, void (*closed)(void *user), void *user)
{
	bool open = k->opener || k->radio;
	if (k->radio)
		bluez_link_close(k->radio, closed, user);
	else if (open)
		opener_close(k->opener, closed, user);
	k->opener = NULL;
	k->radio = NULL;
	return open;
}
