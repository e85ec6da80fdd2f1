/* SPDX-License-Identifier: Apache-2.0
 *
 * heat_pad - an electric heat pad that can be switched.
 *
 *   tasmota   a smart plug with Tasmota between pad and wall; see plug/tasmota.c
 *   shelly    a Shelly plug of the second generation or later; see plug/shelly.c
 *   firmware  kind 1 of docs/firmware-protocol.md, a board that also feels the side of the skin:
 *             REPORT 90 seq | uptime(4) n | { 1 skin_temp | 2 power | 3 relay } value(4) ...
 *             SET    03 seq | 1 heat(4) timeout_ms(2)          heat: 1000 is on
 *   firmware_setpoint  kind 4, which holds a temperature: 3 setpoint; heat: thousandths of degC
 *   firmware_stages    kind 5, which heats in stages: 3 stage; heat: 1000 low, 2000 medium, 3000 high
 */
#include "firmware/firmware.h"
#include "plug/shelly.h"
#include "plug/tasmota.h"

enum {
	CONFIRM_MS = PLUG_CONFIRM_MS, /* a board is measured by the same */
	LOAD_MS = PLUG_LOAD_MS,
};
#define LOAD_MAX_W PLUG_LOAD_MAX_W

/* Heat alone may go on by itself after a short loss of readings. */
#define PLUGGED .key = "heat", .name = "Heat", .resumes = true, PLUG_SWITCH
static const struct therapy_control tasmota_controls[] = {{PLUGGED, TASMOTA_SWITCH}};
static const struct therapy_control shelly_controls[] = {{PLUGGED, SHELLY_SWITCH}};

/* Boards: what they feel and draw, and what they do with it. */
enum { BOARD_SKIN_TEMP, BOARD_POWER, BOARD_DOES, BOARD_METRICS };
enum {
	BOARD_TIMEOUT_MS = 5000,
	STAGES = 3,
	SETPOINT_MIN_C = 30, /* skin is at 30 to 35 degC: who begins here begins with nothing */
	/* The applied-part limit of IEC 60601-1 ed. 2. The rules end heat above 42 degC for 10 s: a thermostat that
	 * overshoots by less than a degree is not ended by them each evening. */
	SETPOINT_MAX_C = 41,
};

/* A pad lives between a cold bedroom and the 60 degC of a runaway; a broken or shorted thermistor reads far outside. A
 * pad of some 50 W changes by well under 1 degC/s; a contact jumps. */
#define SKIN_TEMP                                                                                                      \
	{                                                                                                              \
		.key = "skin_temp", .name = "Skin side temperature", .unit = THERAPY_UNIT_CELSIUS, .min = 0,           \
		.max = 80, .max_rate = 20, .interval_ms = 1000, .deadband = 0.2, .precision = 1,                       \
		.device_class = "temperature"                                                                          \
	}
/* 1 kW is far above any pad (20-200 W): a shunt that came loose. */
#define POWER                                                                                                          \
	{                                                                                                              \
		.key = "power", .name = "Power", .unit = THERAPY_UNIT_WATT, .min = -5, .max = 1000,                    \
		.interval_ms = 1000, .deadband = 1, .precision = 1, .device_class = "power"                            \
	}

static const struct therapy_metric board_metrics[BOARD_METRICS] = {
    [BOARD_SKIN_TEMP] = SKIN_TEMP,
    [BOARD_POWER] = POWER,
    [BOARD_DOES] = {.key = "relay",
		    .name = "Relay",
		    .unit = THERAPY_UNIT_BOOL,
		    .min = 0,
		    .max = 1,
		    .interval_ms = 1000,
		    .deadband = 0.5,
		    .device_class = "power",
		    .words = "off|on"},
};

static const struct therapy_metric setpoint_metrics[BOARD_METRICS] = {
    [BOARD_SKIN_TEMP] = SKIN_TEMP,
    [BOARD_POWER] = POWER,
    [BOARD_DOES] = {.key = "setpoint",
		    .name = "Set temperature",
		    .unit = THERAPY_UNIT_CELSIUS,
		    .min = 0,  /* at rest */
		    .max = 80, /* as skin_temp: what a board drives towards by itself may exceed what we ask for */
		    .interval_ms = 1000,
		    .deadband = 0.1,
		    .precision = 1,
		    .diagnostic = true, /* 0 at rest means nothing to people; the thermostat shows it */
		    .device_class = "temperature"},
};

static const struct therapy_metric stages_metrics[BOARD_METRICS] = {
    [BOARD_SKIN_TEMP] = SKIN_TEMP,
    [BOARD_POWER] = POWER,
    [BOARD_DOES] = {.key = "stage",
		    .name = "Stage",
		    .unit = THERAPY_UNIT_ONE,
		    .min = 0,
		    .max = STAGES,
		    .interval_ms = 1000,
		    .deadband = 0.5,
		    .words = "off|low|medium|high"},
};

static const struct therapy_verb board_verbs[] = FIRMWARE_VERBS;
static const uint8_t board_on_connect[] = {FIRMWARE_HELLO};
static const struct therapy_poll board_polls[] = {
    {.verb = FIRMWARE_HELLO, .every_ms = 10000},
    {.verb = FIRMWARE_QUERY, .every_ms = 5000, .energised_ms = 1000},
};

static const struct therapy_step board_rest[] = {{.verb = FIRMWARE_REST}};
static const struct therapy_step board_stop[] = {{.verb = FIRMWARE_STOP}};
/* What is the same for each board's heat. Four renewals may be lost. Its timer is short enough to be tested as it is.
 */
#define HEAT                                                                                                           \
	.key = "heat", .name = "Heat", .set = FIRMWARE_SET, .renew = FIRMWARE_KEEPALIVE, .renew_ms = 1000,             \
	.device_timer_ms = BOARD_TIMEOUT_MS, .confirm = BOARD_DOES, .rest_max = 0.5, .confirm_ms = CONFIRM_MS,         \
	.rest = board_rest, .n_rest = 1, .stop = board_stop, .n_stop = 1, .resumes = true, .load = BOARD_POWER,        \
	.load_max = LOAD_MAX_W, .load_ms = LOAD_MS

static const struct therapy_control board_controls[] = {
    {HEAT, .type = THERAPY_SWITCH, .unit = THERAPY_UNIT_BOOL, .min = 0, .max = 1, .step = 1}};
static const struct therapy_control setpoint_controls[] = {{HEAT, .type = THERAPY_NUMBER, .unit = THERAPY_UNIT_CELSIUS,
							    .min = SETPOINT_MIN_C, .max = SETPOINT_MAX_C, .step = 0.5,
							    .measures = BOARD_SKIN_TEMP}};
static const struct therapy_control stages_controls[] = {{HEAT, .type = THERAPY_NUMBER, .unit = THERAPY_UNIT_ONE,
							  .min = 1, .max = STAGES, .step = 1,
							  .words = "off|low|medium|high", .measures = THERAPY_NONE}};

static const struct firmware_board board = {
    .kind = FIRMWARE_HEAT, .n_metrics = BOARD_METRICS, .timeout_ms = BOARD_TIMEOUT_MS, .max = 1};
static const struct firmware_board setpoint = {
    .kind = FIRMWARE_HEAT_SETPOINT, .n_metrics = BOARD_METRICS, .timeout_ms = BOARD_TIMEOUT_MS, .max = SETPOINT_MAX_C};
static const struct firmware_board stages = {
    .kind = FIRMWARE_HEAT_STAGES, .n_metrics = BOARD_METRICS, .timeout_ms = BOARD_TIMEOUT_MS, .max = STAGES};

static int board_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	(void)values;
	firmware_init(state, &board, seed);
	return 0;
}

static int setpoint_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	(void)values;
	firmware_init(state, &setpoint, seed);
	return 0;
}

static int stages_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	(void)values;
	firmware_init(state, &stages, seed);
	return 0;
}

#define ROWS(table) (uint8_t)(sizeof(table) / sizeof *(table))

enum { TASMOTA, SHELLY, BOARD, SETPOINT, STAGED, MODELS };

/* What is the same for each board's row. */
#define BOARD_MODEL                                                                                                    \
	.name = "Heat pad", .manufacturer = "Self-built", .links = THERAPY_LINK_SERIAL | THERAPY_LINK_TCP,             \
	.baud = 115200, .verbs = board_verbs, .polls = board_polls, .on_connect = board_on_connect,                    \
	.n_metrics = BOARD_METRICS, .n_verbs = FIRMWARE_VERBS_COUNT, .n_controls = 1, .n_polls = ROWS(board_polls),    \
	.n_on_connect = ROWS(board_on_connect), .state_size = sizeof(struct firmware), .frame = firmware_frame,        \
	.decode = firmware_decode, .encode = firmware_encode

static const struct therapy_model models[MODELS] = {
    [TASMOTA] = {TASMOTA_MODEL, .controls = tasmota_controls},
    [SHELLY] = {SHELLY_MODEL, .controls = shelly_controls},
    [BOARD] = {BOARD_MODEL, .key = "firmware", .metrics = board_metrics, .controls = board_controls,
	       .init = board_init},
    [SETPOINT] = {BOARD_MODEL, .key = "firmware_setpoint", .metrics = setpoint_metrics, .controls = setpoint_controls,
		  .init = setpoint_init},
    [STAGED] = {BOARD_MODEL, .key = "firmware_stages", .metrics = stages_metrics, .controls = stages_controls,
		.init = stages_init},
};

const struct therapy_plugin therapy_plugin = {
    .abi = THERAPY_ABI,
    .sizes = THERAPY_SIZES,
    .key = "heat_pad",
    .kind = "heat",
    .version = "0.1.0",
    .models = models,
    .n_models = MODELS,
};
