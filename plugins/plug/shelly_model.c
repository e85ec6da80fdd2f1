/* SPDX-License-Identifier: Apache-2.0
 * The tables of a Shelly plug; its messages are drawn in shelly.c. */
#include "plug/shelly.h"

const struct therapy_metric shelly_metrics[SHELLY_METRICS] = {
    PLUG_MEASURES,
    /* It switches off by itself at about 90 degC inside; -30 is a plug in a shed. */
    [SHELLY_TEMPERATURE] = {.key = "plug_temperature",
			    .name = "Temperature of the plug",
			    .unit = THERAPY_UNIT_CELSIUS,
			    .min = -30,
			    .max = 130,
			    .interval_ms = 10000,
			    .stale_ms = 25000,
			    .deadband = 1,
			    .precision = 0,
			    .diagnostic = true,
			    .device_class = "temperature"},
    [SHELLY_FAULT] = {.key = "fault",
		      .name = "Fault of the plug",
		      .unit = THERAPY_UNIT_ONE,
		      .min = 0,
		      .max = 5,
		      .interval_ms = 10000,
		      .stale_ms = 25000,
		      .deadband = 0.5,
		      .diagnostic = true,
		      .words = "none|overtemp|overpower|overvoltage|undervoltage|other"},
};

const struct therapy_verb shelly_verbs[SHELLY_VERBS] = {
    [SHELLY_ASK] = {"ask", THERAPY_QUERY},
    [SHELLY_ASK_CONFIG] = {"ask_config", THERAPY_QUERY},
    [SHELLY_SET_INITIAL_STATE] = {"set_initial_state", THERAPY_RENEW},
    [SHELLY_SET_AUTO_ON] = {"set_auto_on", THERAPY_RENEW},
    [SHELLY_SET] = {"set", THERAPY_ACT},
    [SHELLY_RENEW] = {"renew", THERAPY_RENEW},
    [SHELLY_OFF] = {"off", THERAPY_STOP},
    [SHELLY_TEST] = {"test", THERAPY_ACT},
};

const struct therapy_channel shelly_channels[SHELLY_CHANNELS] = {
    [SHELLY_REPLY] = {"{client}/rpc", THERAPY_IN},
    [SHELLY_EVENTS] = {"{name}/events/rpc", THERAPY_IN},
    [SHELLY_STATUS] = {"{name}/status/switch:0", THERAPY_IN},
    [SHELLY_ONLINE] = {"{name}/online", THERAPY_IN},
    [SHELLY_RPC] = {"{name}/rpc", THERAPY_OUT},
};

const struct therapy_setting shelly_settings[SHELLY_SETTINGS] = {
    [SHELLY_HAS_INITIAL_STATE] = {.key = "initial_state",
				  .name = "initial_state",
				  .because = "off after a power cut, whatever it was before",
				  .words = SHELLY_INITIAL_STATES,
				  .wanted = 0,
				  .ask = SHELLY_ASK_CONFIG,
				  .set = SHELLY_SET_INITIAL_STATE,
				  .unasked = true},
    [SHELLY_HAS_AUTO_ON] = {.key = "auto_on",
			    .name = "auto_on",
			    .because = "it must not switch itself on",
			    .words = "off|on",
			    .wanted = 0,
			    .ask = SHELLY_ASK_CONFIG,
			    .set = SHELLY_SET_AUTO_ON,
			    .unasked = true},
};

const struct therapy_option shelly_options[SHELLY_OPTIONS] = {
    [SHELLY_CLIENT] = {.key = "client", .type = THERAPY_OPTION_CLIENT, .help = "the name that replies are sent to"},
};

const uint8_t shelly_on_connect[SHELLY_ON_CONNECT] = {SHELLY_ASK};
const struct therapy_poll shelly_polls[SHELLY_POLLS] = {{.verb = SHELLY_ASK, .every_ms = 5000, .energised_ms = 2000}};
const struct therapy_step shelly_off[1] = {{.verb = SHELLY_OFF}};
