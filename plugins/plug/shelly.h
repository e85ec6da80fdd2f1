/* SPDX-License-Identifier: Apache-2.0
 *
 * shelly - the codec of a Shelly plug of the second generation or later, whatever hangs on it. Pure but for json-c's
 * allocations; state is the caller's.
 */
#ifndef PLUG_SHELLY_H
#define PLUG_SHELLY_H

#include "plug/plug.h"

enum { SHELLY_TEMPERATURE = PLUG_METRICS, SHELLY_FAULT, SHELLY_METRICS };

enum {
	SHELLY_ASK,
	SHELLY_ASK_CONFIG,
	SHELLY_SET_INITIAL_STATE,
	SHELLY_SET_AUTO_ON,
	SHELLY_SET,
	SHELLY_RENEW, /* asks; ON follows an answer that says on */
	SHELLY_OFF,
	SHELLY_TEST, /* on with a short timer */
	SHELLY_VERBS,
};

enum { SHELLY_HAS_INITIAL_STATE, SHELLY_HAS_AUTO_ON, SHELLY_SETTINGS };
enum { SHELLY_REPLY, SHELLY_EVENTS, SHELLY_STATUS, SHELLY_ONLINE, SHELLY_RPC, SHELLY_CHANNELS };
enum { SHELLY_CLIENT, SHELLY_OPTIONS };
enum { SHELLY_POLLS = 1, SHELLY_ON_CONNECT = 1 };

#define SHELLY_INITIAL_STATES "off|on|restore_last|match_input"

enum { SHELLY_CLIENT_MAX = 128, SHELLY_ASKED = 8 };

struct shelly_asked {
	bool open;
	uint8_t what;
	uint32_t id;
	uint64_t at_ms;
};

struct shelly {
	char client[SHELLY_CLIENT_MAX + 1];
	uint32_t next_id;
	struct shelly_asked asked[SHELLY_ASKED]; /* the newest takes the place of the oldest */
	uint8_t next_asked;
};

int shelly_init(void *state, const struct therapy_value *values, uint32_t seed);
enum therapy_refusal shelly_decode(void *state, const struct therapy_message *message, struct therapy_out *out);
int shelly_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out);

extern const struct therapy_metric shelly_metrics[SHELLY_METRICS];
extern const struct therapy_verb shelly_verbs[SHELLY_VERBS];
extern const struct therapy_channel shelly_channels[SHELLY_CHANNELS];
extern const struct therapy_setting shelly_settings[SHELLY_SETTINGS];
extern const struct therapy_option shelly_options[SHELLY_OPTIONS];
extern const uint8_t shelly_on_connect[SHELLY_ON_CONNECT];
extern const struct therapy_poll shelly_polls[SHELLY_POLLS];
extern const struct therapy_step shelly_off[1];

#define SHELLY_SWITCH                                                                                                  \
	.set = SHELLY_SET, .renew = SHELLY_RENEW, .test = SHELLY_TEST, .rest = shelly_off, .stop = shelly_off
/* The row but for its one control. */
#define SHELLY_MODEL                                                                                                   \
	.key = "shelly", .name = "Shelly plug", .manufacturer = "Shelly", .links = THERAPY_LINK_MQTT,                  \
	.metrics = shelly_metrics, .verbs = shelly_verbs, .channels = shelly_channels, .polls = shelly_polls,          \
	.options = shelly_options, .on_connect = shelly_on_connect, .n_metrics = SHELLY_METRICS,                       \
	.n_verbs = SHELLY_VERBS, .n_controls = 1, .n_channels = SHELLY_CHANNELS, .n_polls = SHELLY_POLLS,              \
	.n_options = SHELLY_OPTIONS, .n_on_connect = SHELLY_ON_CONNECT, .state_size = sizeof(struct shelly),           \
	.init = shelly_init, .decode = shelly_decode, .encode = shelly_encode, .settings = shelly_settings,            \
	.setting_size = sizeof *shelly_settings, .n_settings = SHELLY_SETTINGS

#endif
