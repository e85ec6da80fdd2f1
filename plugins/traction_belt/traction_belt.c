/* SPDX-License-Identifier: Apache-2.0
 *
 * traction_belt - what pulls at a person's back or neck, and the gauges that say how hard.
 *
 *   firmware    kind 2 of docs/firmware-protocol.md: a board with a pump or motor and a force cell, below
 *   over_door   kind 6: a force gauge in the rope of over-the-door traction, see gauge.c
 *   progressor  Tindeq's gauge, see progressor.c
 *   sct         a load-cell transmitter on Modbus RTU, see sct.c
 *   hx711       a load cell at an ESPHome board, see hx711.c
 *
 * The board of `firmware`:
 *
 *   REPORT  90 seq | uptime(4) n | { 1 force | 2 pressure | 3 setpoint | 4 pain_button } value(4) ...
 *   SET     03 seq | 1 tension(4) timeout_ms(2)          force in thousandths of a newton
 *
 * The ramp up and down is the board's own, so that it goes on when everything here has died.
 */
#include "firmware/firmware.h"
#include "traction_belt/force.h"
#include "traction_belt/gauge.h"
#include "traction_belt/hx711.h"
#include "traction_belt/progressor.h"
#include "traction_belt/sct.h"

/* The board says the first four. */
enum { FORCE, PRESSURE, SETPOINT, PAIN_BUTTON, FORCE_RAW, METRICS };
enum { ZERO, OPTIONS };

static const struct therapy_metric metrics[METRICS] = {
    [FORCE] = FORCE_ROW(100),
    [PRESSURE] = {.key = "pressure",
		  .name = "Pressure",
		  .unit = THERAPY_UNIT_KILOPASCAL,
		  /* Gauge pressure. Pumps and valves for cuffs and belts end near 60 kPa; 100 kPa is one
		   * atmosphere, which nothing that lies round a person is made for. */
		  .min = -10,
		  .max = 100,
		  .interval_ms = 100,
		  .deadband = 0.5,
		  .precision = 1,
		  .device_class = "pressure"},
    [SETPOINT] = {.key = "setpoint",
		  .name = "Set force",
		  .unit = THERAPY_UNIT_NEWTON,
		  .min = 0,
		  .max = 700, /* as force: what a board drives towards by itself may exceed what we ask for */
		  .interval_ms = 100,
		  .deadband = 1,
		  .precision = 0},
    [PAIN_BUTTON] = {.key = "pain_button",
		     .name = "Pain button",
		     .unit = THERAPY_UNIT_BOOL,
		     .min = 0,
		     .max = 1,
		     .interval_ms = 100,
		     .deadband = 0.5,
		     .words = "released|pressed",
		     .stops = true},
    [FORCE_RAW] = FORCE_RAW_ROW(100),
};

static const struct therapy_option options[OPTIONS] = {[ZERO] = FORCE_ZERO_OPTION};

enum {
	BOARD_TIMEOUT_MS = 2000,
	/* 300 N is half of the body weight of a person of 60 kg, and traction is given with 1/5 to 1/2 of it
	 * (doi:10.1155/2021/2561502). The rules set the real limit for each person below this. */
	TENSION_MAX_N = 300,
};

static const struct therapy_verb verbs[] = FIRMWARE_VERBS;
static const uint8_t on_connect[] = {FIRMWARE_HELLO};
static const struct therapy_poll polls[] = {{.verb = FIRMWARE_HELLO, .every_ms = 10000},
					    {.verb = FIRMWARE_QUERY, .every_ms = 1000, .energised_ms = 250}};

/* Said three times: the first may be lost on a serial line, and the next confirmation is a whole ramp away. To say it
 * to a board that is already on its way changes nothing. */
static const struct therapy_step rest[] = {
    {.verb = FIRMWARE_REST}, {.delay_ms = 500, .verb = FIRMWARE_REST}, {.delay_ms = 500, .verb = FIRMWARE_REST}};
static const struct therapy_step stop[] = {
    {.verb = FIRMWARE_STOP}, {.delay_ms = 200, .verb = FIRMWARE_STOP}, {.delay_ms = 200, .verb = FIRMWARE_STOP}};

static const struct therapy_control controls[] = {
    {.key = "tension",
     .name = "Tension",
     .type = THERAPY_NUMBER,
     .unit = THERAPY_UNIT_NEWTON,
     .min = 5, /* one step; over-door units start at 4 lbf = 18 N, so there is room to begin below that */
     .max = TENSION_MAX_N,
     .step = 5,
     .set = FIRMWARE_SET,
     .renew = FIRMWARE_KEEPALIVE,
     .renew_ms = 500, /* three may be lost */
     .device_timer_ms = BOARD_TIMEOUT_MS,
     .confirm = SETPOINT,
     .rest_max = 0.5,
     /* From 300 N down at 10 N/s, half of the 20 N/s that is the limit for a jerk: 30 s, and a third more. */
     .confirm_ms = 40000,
     .rest = rest,
     .n_rest = sizeof rest / sizeof *rest,
     .stop = stop,
     .n_stop = sizeof stop / sizeof *stop,
     .stop_ms = 2000, /* released is released: no ramp to wait for */
     /* The setpoint is what the board says, the force is what the belt does. A load cell drifts by some 0.5 % of its
      * range (3.5 N) and a slack belt has its own weight; 10 N (1 kgf) is above both, and below all that anybody is
      * treated with (4 lbf = 18 N) or a rule takes for a loaded belt (20 N). The ramp, and the belt that gives. */
     .load = FORCE,
     .load_max = 10,
     .load_ms = 45000},
};

static const struct firmware_board board = {
    .kind = FIRMWARE_TRACTION, .n_metrics = FORCE_RAW, .timeout_ms = BOARD_TIMEOUT_MS, .max = TENSION_MAX_N};

struct belt {
	struct firmware firmware; /* first: firmware_decode gets the same pointer */
	double zero_n;
};

static int init(void *state, const struct therapy_value *values, uint32_t seed)
{
	struct belt *b = state;
	firmware_init(&b->firmware, &board, seed);
	b->zero_n = force_zero(&values[ZERO]);
	return 0;
}

/* The zero is ours alone: what the board drives by is its own force. */
static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	const struct belt *b = state;
	enum therapy_refusal refusal = firmware_decode(state, message, out);
	return refusal == THERAPY_OK ? force_less_zero(out, FORCE, FORCE_RAW, b->zero_n) : refusal;
}

static const struct therapy_poll gauge_polls[] = {{.verb = FIRMWARE_HELLO, .every_ms = 10000},
						  {.verb = FIRMWARE_QUERY, .every_ms = 1000}};
static const struct therapy_poll progressor_polls[] = {
    {.verb = PROGRESSOR_START, .every_ms = 2000},
    {.verb = PROGRESSOR_ASK_BATTERY, .every_ms = 60000, .reply_ms = 1000}};
static const uint8_t progressor_on_connect[] = {PROGRESSOR_START};
/* A reply of 11 bytes takes 12 ms at 9600 baud, and the transmitter up to some 50 ms to begin. */
static const struct therapy_poll sct_polls[] = {{.verb = SCT_READ, .every_ms = 200, .reply_ms = 100}};

#define ROWS(table) (sizeof(table) / sizeof *(table))

enum { BELT, OVER_DOOR, PROGRESSOR, SCT, HX711, MODELS };

static const struct therapy_model models[MODELS] = {
    [BELT] = {.key = "firmware",
	      .name = "Traction belt",
	      .manufacturer = "Self-built",
	      .links = THERAPY_LINK_SERIAL | THERAPY_LINK_TCP,
	      .baud = 115200,
	      .metrics = metrics,
	      .verbs = verbs,
	      .controls = controls,
	      .polls = polls,
	      .options = options,
	      .on_connect = on_connect,
	      .n_metrics = METRICS,
	      .n_verbs = FIRMWARE_VERBS_COUNT,
	      .n_controls = ROWS(controls),
	      .n_polls = ROWS(polls),
	      .n_options = OPTIONS,
	      .n_on_connect = ROWS(on_connect),
	      .state_size = sizeof(struct belt),
	      .init = init,
	      .frame = firmware_frame,
	      .decode = decode,
	      .encode = firmware_encode},
    [OVER_DOOR] = {.key = "over_door",
		   .name = "Over-door gauge",
		   .manufacturer = "Self-built",
		   .links = THERAPY_LINK_SERIAL | THERAPY_LINK_TCP,
		   .baud = 115200,
		   .metrics = gauge_metrics,
		   .verbs = verbs,
		   .polls = gauge_polls,
		   .options = gauge_options,
		   .on_connect = on_connect,
		   .n_metrics = GAUGE_METRICS,
		   .n_verbs = FIRMWARE_QUERIES,
		   .n_polls = ROWS(gauge_polls),
		   .n_options = GAUGE_OPTIONS,
		   .n_on_connect = ROWS(on_connect),
		   .state_size = sizeof(struct gauge),
		   .init = gauge_init,
		   .frame = firmware_frame,
		   .decode = gauge_decode,
		   .encode = firmware_encode},
    [PROGRESSOR] = {.key = "progressor",
		    .name = "Progressor",
		    .manufacturer = "Tindeq",
		    .links = THERAPY_LINK_BLE,
		    .metrics = progressor_metrics,
		    .verbs = progressor_verbs,
		    .channels = progressor_channels,
		    .polls = progressor_polls,
		    .options = progressor_options,
		    .on_connect = progressor_on_connect,
		    .n_metrics = PROGRESSOR_METRICS,
		    .n_verbs = PROGRESSOR_VERBS,
		    .n_channels = PROGRESSOR_CHANNELS,
		    .n_polls = ROWS(progressor_polls),
		    .n_options = PROGRESSOR_OPTIONS,
		    .n_on_connect = ROWS(progressor_on_connect),
		    .state_size = sizeof(struct progressor),
		    .init = progressor_init,
		    .decode = progressor_decode,
		    .encode = progressor_encode},
    [SCT] = {.key = "sct",
	     .name = "SCT-10",
	     .manufacturer = "Rice Lake",
	     .links = THERAPY_LINK_SERIAL | THERAPY_LINK_TCP,
	     .baud = 9600,
	     .metrics = sct_metrics,
	     .verbs = sct_verbs,
	     .polls = sct_polls,
	     .options = sct_options,
	     .n_metrics = SCT_METRICS,
	     .n_verbs = SCT_VERBS,
	     .n_polls = ROWS(sct_polls),
	     .n_options = SCT_OPTIONS,
	     .state_size = sizeof(struct sct),
	     .init = sct_init,
	     .frame = sct_frame,
	     .decode = sct_decode,
	     .encode = sct_encode},
    [HX711] = {.key = "hx711",
	       .name = "HX711",
	       .manufacturer = "ESPHome",
	       .links = THERAPY_LINK_MQTT,
	       .metrics = hx711_metrics,
	       .channels = hx711_channels,
	       .options = hx711_options,
	       .n_metrics = HX711_METRICS,
	       .n_channels = HX711_CHANNELS,
	       .n_options = HX711_OPTIONS,
	       .state_size = sizeof(struct hx711),
	       .init = hx711_init,
	       .decode = hx711_decode},
};

const struct therapy_plugin therapy_plugin = {
    .abi = THERAPY_ABI,
    .sizes = THERAPY_SIZES,
    .key = "traction_belt",
    .kind = "traction",
    .version = "0.1.0",
    .models = models,
    .n_models = MODELS,
};
