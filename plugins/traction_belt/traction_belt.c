/* SPDX-License-Identifier: Apache-2.0
 *
 * traction_belt - a self-built traction belt: a board with a pump and a force cell that speaks
 * docs/firmware-protocol.md.
 *
 *   REPORT  90 seq | uptime(4) n | { 1 force | 2 pressure | 3 setpoint | 4 pain_button } value(4) ...
 *   SET     03 seq | 1 tension(4) timeout_ms(2)          force in thousandths of a newton
 *
 * The ramp up and down is the board's own, so that it goes on when everything here has died.
 */
#include "firmware/firmware.h"

/* The board says the first four. */
enum { FORCE, PRESSURE, SETPOINT, PAIN_BUTTON, FORCE_RAW, METRICS };
enum { ZERO, OPTIONS };

static const struct therapy_metric metrics[METRICS] = {
    [FORCE] = {.key = "force",
	       .name = "Force",
	       .unit = THERAPY_UNIT_NEWTON,
	       /* Zero drift and a belt pushed by hand read a little below 0. 700 N is above anything that traction
		* uses (60 kgf = 588 N, doi:10.1186/1471-2474-8-118): more is a broken cell. */
	       .min = -50,
	       .max = 700,
	       /* A fast release drops 300 N within some 0.1 s: 3000 N/s is real. */
	       .max_rate = 10000,
	       .interval_ms = 100,
	       .deadband = 1,
	       .precision = 1},
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
    [FORCE_RAW] = {.key = "force_raw",
		   .name = "Sensor force",
		   .unit = THERAPY_UNIT_NEWTON,
		   .min = -100, /* that of force, and the most that a zero may be */
		   .max = 750,
		   .max_rate = 10000,
		   .interval_ms = 100,
		   .deadband = 1,
		   .precision = 1,
		   .diagnostic = true},
};

/* What hangs on the sensor when nobody pulls: a hook, a harness, its own drift. More would be a load that nobody sees.
 */
static const struct therapy_option options[OPTIONS] = {
    [ZERO] = {.key = "zero_n",
	      .type = THERAPY_OPTION_NUMBER,
	      .min = -50,
	      .max = 50,
	      .help = "what the sensor says, in newtons, when nothing hangs on it"},
};

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
	b->zero_n = values[ZERO].set ? values[ZERO].number : 0;
	return 0;
}

/* The zero is ours alone: what the board drives by is its own force. */
static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	const struct belt *b = state;
	enum therapy_refusal refusal = firmware_decode(state, message, out);
	for (size_t i = 0, n = out->n_readings; refusal == THERAPY_OK && i < n; i++) {
		struct therapy_reading *r = &out->readings[i], raw = *r;
		if (r->metric != FORCE)
			continue;
		raw.metric = FORCE_RAW;
		if (out->n_readings == out->max_readings)
			out->overflow = true;
		else
			out->readings[out->n_readings++] = raw;
		if (r->quality == THERAPY_GOOD)
			r->value -= b->zero_n;
	}
	return refusal;
}

static const struct therapy_model models[] = {
    {.key = "firmware",
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
     .n_controls = sizeof controls / sizeof *controls,
     .n_polls = sizeof polls / sizeof *polls,
     .n_options = OPTIONS,
     .n_on_connect = sizeof on_connect,
     .state_size = sizeof(struct belt),
     .init = init,
     .frame = firmware_frame,
     .decode = decode,
     .encode = firmware_encode},
};

const struct therapy_plugin therapy_plugin = {
    .abi = THERAPY_ABI,
    .sizes = THERAPY_SIZES,
    .key = "traction_belt",
    .kind = "traction",
    .version = "0.1.0",
    .models = models,
    .n_models = sizeof models / sizeof *models,
};
