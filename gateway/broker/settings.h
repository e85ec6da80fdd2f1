/* SPDX-License-Identifier: Apache-2.0
 * A broker_config of our own: checked, and with copies of its strings, for the connection is made again and again. */
#ifndef BROKER_SETTINGS_H
#define BROKER_SETTINGS_H

#include "broker/broker.h"
#include "broker/url.h"

/* 0 and its URL, or UV_EINVAL: no URL, no client id, or a will that MQTT cannot carry. */
int settings_check(const struct broker_config *config, struct url *url);
/* False: out of memory; release it all the same. */
bool settings_copy(struct broker_config *to, const struct broker_config *from);
void settings_release(struct broker_config *config);

#endif
