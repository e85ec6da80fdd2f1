/* SPDX-License-Identifier: Apache-2.0
 *
 * heat_pad - an electric heat pad that can be switched.
 *
 *   tasmota   a smart plug with Tasmota between pad and wall; its messages are drawn in tasmota.c
 *   firmware  kind 1 of docs/firmware-protocol.md, a board that also feels the side of the skin:
 *             REPORT 90 seq | uptime(4) n | { 1 skin_temp | 2 power | 3 relay } value(4) ...
 *             SET    03 seq | 1 heat(4) timeout_ms(2)          heat: 1000 is on
 *   firmware_setpoint  kind 4, which holds a temperature: 3 setpoint; heat: thousandths of degC
 *   firmware_stages    kind 5, which heats in stages: 3 stage; heat: 1000 low, 2000 medium, 3000 high
 */
#include "firmware/firmware.h"
#include "heat_pad/tasmota.h"

enum {
	CONFIRM_MS = 2000, /* OFF must be acknowledged within 2 s (hazard 24) */
	LOAD_MS = 15000,   /* and nothing flow any more within 15 s */
};

/* A plug's own electronics and the noise of its meter stay below this, a pad that heats is far above (hazard 24). */
#define LOAD_MAX_W 3.0

/* The plug counts what its socket can carry: 16 A at 230 V and 10 % more is 4048 W. What a pad should draw is for the
 * rules. A reading below 0 by noise of the meter is no fault. */
static const struct therapy_metric tasmota_metrics[TASMOTA_METRICS] = {
    [TASMOTA_RELAY] = {.key = "relay",
		       .name = "Relay",
		       .unit = THERAPY_UNIT_BOOL,
		       .min = 0,
		       .max = 1,
		       .interval_ms = 5000,
		       .stale_ms = 12000, /* two answers may be lost at rest */
		       .deadband = 0.5,
		       .device_class = "power",
		       .words = "off|on"},
    [TASMOTA_POWER] = {.key = "power",
		       .name = "Power",
		       .unit = THERAPY_UNIT_WATT,
		       .min = -5,
		       .max = 4048,
		       .interval_ms = 10000,
		       .stale_ms = 25000, /* likewise */
		       .deadband = 1,
		       .precision = 1,
		       .device_class = "power"},
    [TASMOTA_VOLTAGE] = {.key = "voltage",
			 .name = "Voltage",
			 .unit = THERAPY_UNIT_VOLT,
			 .min = 0, /* plugs that measure behind the relay say 0 when it is off */
			 .max = 280,
			 .interval_ms = 10000,
			 .stale_ms = 25000,
			 .deadband = 2,
			 .precision = 0,
			 .diagnostic = true,
			 .device_class = "voltage"},
    [TASMOTA_CURRENT] = {.key = "current",
			 .name = "Current",
			 .unit = THERAPY_UNIT_AMPERE,
			 .min = -0.1,
			 .max = 20, /* a 16 A socket, and what it stands for a short time */
			 .interval_ms = 10000,
			 .stale_ms = 25000,
			 .deadband = 0.02,
			 .precision = 2,
			 .diagnostic = true,
			 .device_class = "current"},
    [TASMOTA_ENERGY] = {.key = "energy",
			.name = "Energy",
			.unit = THERAPY_UNIT_WATT_HOUR,
			.min = 0,
			.max = 1e9, /* 4 kW for 28 years */
			.interval_ms = 10000,
			.stale_ms = 25000,
			.deadband = 1,
			.precision = 0,
			.diagnostic = true,
			.device_class = "energy"},
};

static const struct therapy_verb tasmota_verbs[TASMOTA_VERBS] = {
    [TASMOTA_ASK_RELAY] = {"ask_relay", THERAPY_QUERY},
    [TASMOTA_ASK_POWER] = {"ask_power", THERAPY_QUERY},
    [TASMOTA_ASK_TIMER] = {"ask_timer", THERAPY_QUERY},
    [TASMOTA_STAY_OFF] = {"stay_off", THERAPY_STOP},
    [TASMOTA_SET] = {"set", THERAPY_ACT},
    [TASMOTA_RENEW] = {"renew", THERAPY_RENEW},
    [TASMOTA_OFF] = {"off", THERAPY_STOP},
    [TASMOTA_TEST] = {"test", THERAPY_ACT},
};

static const struct therapy_channel tasmota_channels[TASMOTA_CHANNELS] = {
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

static const uint8_t tasmota_on_connect[] = {TASMOTA_STAY_OFF, TASMOTA_RENEW, TASMOTA_ASK_RELAY, TASMOTA_ASK_POWER};
static const struct therapy_poll tasmota_polls[] = {
    {.verb = TASMOTA_ASK_RELAY, .every_ms = 5000, .energised_ms = 2000},
    {.verb = TASMOTA_ASK_POWER, .every_ms = 5000, .energised_ms = 2000}, /* after OFF it must read 0 within 15 s */
    {.verb = TASMOTA_ASK_TIMER, .every_ms = 30000}, /* an answer may be lost, and anybody may change the setting */
};

static const struct therapy_step tasmota_off[] = {{.verb = TASMOTA_OFF}};
static const struct therapy_control tasmota_controls[] = {
    {.key = "heat",
     .name = "Heat",
     .type = THERAPY_SWITCH,
     .unit = THERAPY_UNIT_BOOL,
     .min = 0,
     .max = 1,
     .step = 1,
     .set = TASMOTA_SET,
     .renew = TASMOTA_RENEW,
     .renew_ms = 5000, /* five may be lost */
     .device_timer_ms = TASMOTA_TIMER_S * 1000,
     .confirm = TASMOTA_RELAY,
     .rest_max = 0.5,
     .confirm_ms = CONFIRM_MS,
     .rest = tasmota_off,
     .n_rest = 1,
     .stop = tasmota_off,
     .n_stop = 1,
     .resumes = true,
     .load = TASMOTA_POWER,
     .load_max = LOAD_MAX_W,
     .load_ms = LOAD_MS,
     .test = TASMOTA_TEST,
     .test_ms = TASMOTA_TEST_MS},
};

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

enum { TASMOTA, BOARD, SETPOINT, STAGED, MODELS };

/* What is the same for each board's row. */
#define BOARD_MODEL                                                                                                    \
	.name = "Heat pad", .manufacturer = "Self-built", .links = THERAPY_LINK_SERIAL | THERAPY_LINK_TCP,             \
	.baud = 115200, .verbs = board_verbs, .polls = board_polls, .on_connect = board_on_connect,                    \
	.n_metrics = BOARD_METRICS, .n_verbs = FIRMWARE_VERBS_COUNT, .n_controls = 1, .n_polls = ROWS(board_polls),    \
	.n_on_connect = ROWS(board_on_connect), .state_size = sizeof(struct firmware), .frame = firmware_frame,        \
	.decode = firmware_decode, .encode = firmware_encode

static const struct therapy_model models[MODELS] = {
    [TASMOTA] = {.key = "tasmota",
		 .name = "Tasmota plug",
		 .manufacturer = "Tasmota",
		 .links = THERAPY_LINK_MQTT,
		 .metrics = tasmota_metrics,
		 .verbs = tasmota_verbs,
		 .controls = tasmota_controls,
		 .channels = tasmota_channels,
		 .polls = tasmota_polls,
		 .on_connect = tasmota_on_connect,
		 .n_metrics = TASMOTA_METRICS,
		 .n_verbs = TASMOTA_VERBS,
		 .n_controls = ROWS(tasmota_controls),
		 .n_channels = TASMOTA_CHANNELS,
		 .n_polls = ROWS(tasmota_polls),
		 .n_on_connect = ROWS(tasmota_on_connect),
		 .state_size = sizeof(struct tasmota),
		 .init = tasmota_init,
		 .decode = tasmota_decode,
		 .encode = tasmota_encode},
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
