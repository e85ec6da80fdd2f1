/* SPDX-License-Identifier: Apache-2.0
 * The tables of a plug that runs Tasmota; its messages are drawn in tasmota.c. */
#include "plug/tasmota.h"

const struct therapy_metric tasmota_metrics[PLUG_METRICS] = {PLUG_MEASURES};

const struct therapy_verb tasmota_verbs[TASMOTA_VERBS] = {
    [TASMOTA_ASK_RELAY] = {"ask_relay", THERAPY_QUERY},
    [TASMOTA_ASK_POWER] = {"ask_power", THERAPY_QUERY},
    [TASMOTA_ASK_TIMER] = {"ask_timer", THERAPY_QUERY},
    [TASMOTA_ASK_POWER_ON] = {"ask_power_on", THERAPY_QUERY},
    [TASMOTA_SET_POWER_ON] = {"set_power_on", THERAPY_RENEW},
    [TASMOTA_ASK_MEASURE_OFF] = {"ask_measure_off", THERAPY_QUERY},
    [TASMOTA_SET_MEASURE_OFF] = {"set_measure_off", THERAPY_RENEW},
    [TASMOTA_SET_TIMER] = {"set_timer", THERAPY_RENEW},
    [TASMOTA_SET] = {"set", THERAPY_ACT},
    [TASMOTA_RENEW] = {"renew", THERAPY_RENEW},
    [TASMOTA_OFF] = {"off", THERAPY_STOP},
    [TASMOTA_TEST] = {"test", THERAPY_ACT},
};

const struct therapy_channel tasmota_channels[TASMOTA_CHANNELS] = {
    [TASMOTA_STAT_RESULT] = {"stat/{name}/RESULT", THERAPY_IN},
    [TASMOTA_STAT_POWER] = {"stat/{name}/POWER", THERAPY_IN},
    [TASMOTA_STAT_STATUS10] = {"stat/{name}/STATUS10", THERAPY_IN},
    [TASMOTA_STAT_STATUS11] = {"stat/{name}/STATUS11", THERAPY_IN},
    [TASMOTA_TELE_LWT] = {"tele/{name}/LWT", THERAPY_IN},
    [TASMOTA_TELE_SENSOR] = {"tele/{name}/SENSOR", THERAPY_IN},
    [TASMOTA_TELE_STATE] = {"tele/{name}/STATE", THERAPY_IN},
    [TASMOTA_CMND_POWER] = {"cmnd/{name}/POWER", THERAPY_OUT},
    [TASMOTA_CMND_PULSE_TIME] = {"cmnd/{name}/PulseTime1", THERAPY_OUT},
    [TASMOTA_CMND_STATUS] = {"cmnd/{name}/STATUS", THERAPY_OUT},
    [TASMOTA_CMND_POWER_ON_STATE] = {"cmnd/{name}/PowerOnState", THERAPY_OUT},
    [TASMOTA_CMND_MEASURE_OFF] = {"cmnd/{name}/SetOption21", THERAPY_OUT},
};

const struct therapy_setting tasmota_settings[TASMOTA_SETTINGS] = {
    [TASMOTA_HAS_POWER_ON] = {.key = "power_on_state",
			      .name = "PowerOnState",
			      .because = "off after a power cut, whatever it was before",
			      .wanted = 0,
			      .ask = TASMOTA_ASK_POWER_ON,
			      .set = TASMOTA_SET_POWER_ON,
			      .unasked = true},
    [TASMOTA_HAS_MEASURE_OFF] = {.key = "set_option_21",
				 .name = "SetOption21",
				 .because = "measure while the relay is off too: else a welded relay reads 0 W",
				 .words = "off|on",
				 .wanted = 1,
				 .ask = TASMOTA_ASK_MEASURE_OFF,
				 .set = TASMOTA_SET_MEASURE_OFF,
				 .unasked = true},
    [TASMOTA_HAS_TIMER] = {.key = "pulse_time_1",
			   .name = "PulseTime1",
			   .because = "off by itself after 30 s without a renewal",
			   .wanted = TASMOTA_PULSE_TIME,
			   .ask = TASMOTA_ASK_TIMER,
			   .set = TASMOTA_SET_TIMER,
			   .unasked = true},
};

const uint8_t tasmota_on_connect[TASMOTA_ON_CONNECT] = {TASMOTA_ASK_RELAY, TASMOTA_ASK_POWER};
const struct therapy_poll tasmota_polls[TASMOTA_POLLS] = {
    {.verb = TASMOTA_ASK_RELAY, .every_ms = 5000, .energised_ms = 2000},
    {.verb = TASMOTA_ASK_POWER, .every_ms = 5000, .energised_ms = 2000}, /* after OFF it must read 0 within 15 s */
    {.verb = TASMOTA_ASK_TIMER, .every_ms = 30000}, /* an answer may be lost, and anybody may change the setting */
};
const struct therapy_step tasmota_off[1] = {{.verb = TASMOTA_OFF}};
