/* SPDX-License-Identifier: Apache-2.0
 *
 * therapy/plugin.h - the whole contract between the gateway and a device plugin.
 *
 * A plugin is one shared object that exports one constant, `therapy_plugin`: tables that say what a device measures and
 * can be told, and pure functions that turn frames into readings and commands into frames. It starts no thread, opens
 * no handle, reads no clock and calls nothing of the host; every function works on the `state` that the host allocated
 * (zeroed, `state_size` bytes, one per device) and on its arguments. All of it runs on one thread of a process that
 * belongs to this device.
 *
 * Units: values leave a plugin in the unit of their metric's row, converted once, here. Time: milliseconds of the
 * host's CLOCK_BOOTTIME. Text: UTF-8. Keys match [a-z0-9_]+. Indexes count rows of the model's tables from 0.
 *
 * Glossary: a FRAME is what one decode call gets: a piece cut from a byte stream, or one message. A CHANNEL is a
 * place that messages come from or go to (an MQTT topic, a BLE characteristic; byte links have just channel 0). A VERB
 * is something the device can be told. A CONTROL is a switch or number that rules govern, built from verbs. A LEASE is
 * the permission the gateway renews while a control may be energised; REST is the safe state the host drives the
 * control to when it ends; STOP is the faster way there, for pain.
 *
 * Versions: `abi` changes when this file stops being compatible; within one abi, structs grow at their end only and
 * `sizes` tells the host which length this plugin was built with. A plugin that was built keeps loading: docs/abi.md.
 */
#ifndef THERAPY_PLUGIN_H
#define THERAPY_PLUGIN_H
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __cplusplus
extern "C" {
#endif

#define THERAPY_ABI 1u
#define THERAPY_FRAME_MAX 512u /* bytes of one outgoing frame; the longest here is Shelly's JSON, about 160 */
#define THERAPY_NONE 0xFFu     /* "no such row" for every 8-bit index below */

/* Units of metrics, options and controls. UCUM: 1, 1, deg, deg/s, N, Cel, kPa, W, W.h, V, A, kg, %, s, [g], N/s. */
enum therapy_unit {
	THERAPY_UNIT_ONE, THERAPY_UNIT_BOOL, THERAPY_UNIT_DEG, THERAPY_UNIT_DEG_PER_S, THERAPY_UNIT_NEWTON,
	THERAPY_UNIT_CELSIUS, THERAPY_UNIT_KILOPASCAL, THERAPY_UNIT_WATT, THERAPY_UNIT_WATT_HOUR, THERAPY_UNIT_VOLT,
	THERAPY_UNIT_AMPERE, THERAPY_UNIT_KILOGRAM, THERAPY_UNIT_PERCENT, THERAPY_UNIT_SECOND, THERAPY_UNIT_STANDARD_G,
	THERAPY_UNIT_NEWTON_PER_S, THERAPY_UNIT_COUNT_
};
/* One thing the device measures. */
struct therapy_metric {
	const char *key, *name;   /* "tilt"; "Tilt", as people read it, without the device's name */
	enum therapy_unit unit;
	double min, max;          /* plausible values; anything outside becomes an ERROR reading */
	double max_rate;          /* plausible change per second; 0: not checked */
	uint32_t interval_ms;     /* how often the device normally says it */
	uint32_t stale_ms;        /* unknown when older; 0: three intervals, at least 1 s */
	double deadband;          /* smallest change worth showing a person */
	uint8_t precision;        /* decimals worth showing */
	bool diagnostic;          /* about the device, not about the therapy */
	const char *device_class; /* Home Assistant's, or NULL where none fits the unit */
	const char *words;        /* of values 0, 1, ...: "released|pressed", for rules and people; NULL: a number */
	bool stops;               /* while above 0 a person wants everything at rest at once: a pain or stop button */
};
/* What a verb does to the body of a person: asking, making safer, or acting. STOP is never refused or delayed;
 * RENEW restarts the device's own timer, or changes a setting, and must never switch anything on. */
enum therapy_effect { THERAPY_QUERY, THERAPY_STOP, THERAPY_ACT, THERAPY_RENEW };
struct therapy_verb { const char *key; enum therapy_effect effect; };
/* One step towards rest: `delay_ms` after the step before, send `verb` with `value`. */
struct therapy_step { uint32_t delay_ms; uint8_t verb; double value; };
/* Something that can be energised. It is on exactly while the reading `confirm` is above `rest_max`. */
enum therapy_control_type { THERAPY_SWITCH, THERAPY_NUMBER };
struct therapy_control {
	const char *key, *name;          /* "heat"; "Heat" */
	enum therapy_control_type type;  /* a switch takes 0 and 1 */
	enum therapy_unit unit;
	double min, max, step;           /* of what a person may ask for; 0 always means rest */
	uint8_t set;                     /* ACT verb, called with the value */
	uint8_t renew;                   /* RENEW verb, or THERAPY_NONE */
	uint32_t renew_ms;               /* how often to send it while the lease runs */
	uint32_t device_timer_ms;        /* the device rests by itself this long after the last set or renew; 0: it does not */
	uint8_t confirm;                 /* metric that proves what the control is doing */
	double rest_max;                 /* at rest while that metric is at or below this */
	uint32_t confirm_ms;             /* rest is proved within this long, else it is sent again (and so on) */
	const struct therapy_step *rest; /* bounded ways to the safe state */
	uint8_t n_rest;
	const struct therapy_step *stop;
	uint8_t n_stop;
	bool resumes;                    /* may go on by itself after a short loss of knowledge (heat only) */
	uint8_t load;                    /* second proof of rest: that metric is at or below load_max ... */
	double load_max;
	uint32_t load_ms;                /* ... this long after rest was told; 0: there is no second proof */
	uint8_t test;                    /* off-test: an ACT verb like `set`, whose timer is test_ms ... */
	uint32_t test_ms;                /* ... or 0: `set` and device_timer_ms are as good */
	uint32_t stop_ms;                /* like confirm_ms, after the stop sequence; 0: confirm_ms */
	const char *words;               /* of a number's values 0, 1, ...: "off|low|high", the first is rest; NULL: none */
	uint8_t measures;                /* of a number in degC: the metric that is brought to it, or THERAPY_NONE */
};
/* A topic or characteristic. `{name}` in the address becomes what the link's address names, `{client}` a name that
 * is this gateway's alone (for replies). */
enum { THERAPY_IN = 1, THERAPY_OUT = 2 };
struct therapy_channel { const char *address; uint8_t direction; }; /* "tele/{name}/SENSOR"; one of these, or both */
/* A question asked again and again. With `reply_ms` it is a transaction: nothing but STOP is sent until decode reports
 * the reply or that time has passed (half-duplex lines need this). */
struct therapy_poll {
	uint8_t verb;
	uint32_t every_ms;      /* at rest */
	uint32_t energised_ms;  /* while a control has a lease; 0: as at rest */
	uint32_t reply_ms;      /* 0: no reply is awaited */
};
/* A setting that the user may give. CLIENT is the host's to give: its `word` is what `{client}` becomes in addresses. */
enum therapy_option_type { THERAPY_OPTION_NUMBER, THERAPY_OPTION_WORD, THERAPY_OPTION_CLIENT };
struct therapy_option {
	const char *key;
	enum therapy_option_type type;
	double min, max;   /* of a number */
	const char *words, *help; /* of a word: "roll|pitch"; one line */
};
/* A setting of the device itself that the host changes, never what switches anything on. What it was is asked for and
 * remembered before it is set for the first time, and written back when the user lets go of the device. */
struct therapy_setting {
	const char *key, *name; /* "stay_off"; "PowerOnState", as its maker calls it */
	const char *because;    /* "off after a power cut": for people */
	const char *words;      /* of values 0, 1, ...: "off|on"; NULL: a number */
	double wanted;
	uint8_t ask, set;       /* QUERY verb, to which decode says therapy_found; RENEW verb, called with the value */
	bool unasked;           /* safety wants it: set it too when the device does not say what it was */
};
/* `set`: the user gave it. `word` is NULL unless set and lives as long as the state. */
struct therapy_value { bool set; double number; const char *word; };

/* What decode refuses, counted by cause and never a reading. TYPE: well-formed, but not a message of this model;
 * FORMAT: not the JSON, number or layout it should be; VALUE: NaN, infinity, saturation. */
enum therapy_refusal {
	THERAPY_OK, THERAPY_REFUSED_LENGTH, THERAPY_REFUSED_CHECKSUM, THERAPY_REFUSED_TYPE, THERAPY_REFUSED_FORMAT,
	THERAPY_REFUSED_VALUE, THERAPY_REFUSED_COUNT_
};
struct therapy_message {
	const uint8_t *data; /* `size` bytes, followed by a NUL that is not counted */
	size_t size;
	uint64_t now_ms;     /* when its last byte arrived, but never before what an earlier call was given */
	uint8_t channel;
	bool retained;       /* kept by the broker: an old truth */
};
enum therapy_quality { THERAPY_UNKNOWN, THERAPY_GOOD, THERAPY_ERROR };
struct therapy_reading {
	uint16_t metric;
	uint8_t quality;  /* enum therapy_quality; the host makes GOOD values outside the row's range ERROR */
	uint32_t age_ms;  /* how old it was when it arrived */
	double value;
};
struct therapy_frame { uint16_t size; uint8_t channel; uint8_t bytes[THERAPY_FRAME_MAX]; };
enum therapy_presence { THERAPY_PRESENCE_SAME, THERAPY_PRESENT, THERAPY_ABSENT };
/* Where decode and encode put what they make. The host owns it and clears it before each call. */
struct therapy_out {
	struct therapy_reading *readings;
	size_t n_readings, max_readings;
	struct therapy_frame *frames;
	size_t n_frames, max_frames;
	uint32_t lost;                  /* frames that a sequence number shows were lost before this one */
	enum therapy_presence presence; /* the device said that it is there, or gone */
	bool reply;                     /* this frame answers the outstanding poll */
	bool overflow;                  /* something did not fit; the host counts it */
	struct therapy_reading *found;  /* what the device says its settings are; `metric` is the setting's row */
	size_t n_found, max_found;
};
enum { THERAPY_LINK_SERIAL = 1, THERAPY_LINK_TCP = 2, THERAPY_LINK_MQTT = 4, THERAPY_LINK_BLE = 8 };
/* A device that can be bought or built: one row of the plugin. */
struct therapy_model {
	const char *key, *name, *manufacturer; /* "wt901", "WT901", "WitMotion" */
	uint32_t links;            /* THERAPY_LINK_... it can be reached by */
	uint32_t baud;             /* of a serial link unless the address says otherwise */
	const struct therapy_metric *metrics;
	const struct therapy_verb *verbs;
	const struct therapy_control *controls;
	const struct therapy_channel *channels; /* message links only */
	const struct therapy_poll *polls;
	const struct therapy_option *options;
	const uint8_t *on_connect; /* verbs to send when the link comes up, before rest is */
	uint8_t n_metrics, n_verbs, n_controls, n_channels, n_polls, n_options, n_on_connect;
	size_t state_size;

	/* Prepares a zeroed state. `values` runs parallel to `options`; `seed` differs per connection (sequence
	 * numbers). Called again at each connect. 0, or -1: the options contradict each other. NULL: nothing to do. */
	int (*init)(void *state, const struct therapy_value *values, uint32_t seed);
	/* Byte links: how long is the frame that starts at bytes[0]? > 0: that many bytes are one frame; 0: more is
	 * needed; < 0: that many bytes are no frame, drop them. Never looks past `size`, never asks for more than
	 * THERAPY_FRAME_MAX. NULL on message links. */
	long (*frame)(void *state, const uint8_t *bytes, size_t size);
	/* One frame in, readings and answers out. Returns enum therapy_refusal; after a refusal `out` is ignored. */
	enum therapy_refusal (*decode)(void *state, const struct therapy_message *message, struct therapy_out *out);
	/* The frames that tell the device `verb` with `value`. 0, or -1: there is no such verb or value. */
	int (*encode)(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out);
	/* For functions that models share: what they need to know of this row, and, instead of `init`, one that is given
	 * the row or a copy that lives as long as the state. */
	const void *own;
	int (*init_row)(void *state, const struct therapy_model *row, const struct therapy_value *values, uint32_t seed);
	const struct therapy_setting *settings; /* what is changed on the device; NULL: nothing */
	uint16_t setting_size;                  /* sizeof *settings, so that rows may grow */
	uint8_t n_settings;
};
/* Row sizes as this plugin was compiled, so that rows may grow. */
struct therapy_sizes { uint16_t plugin, model, metric, verb, control, step, channel, poll, option; };
#define THERAPY_SIZES                                                                                                  \
	{ sizeof(struct therapy_plugin), sizeof(struct therapy_model), sizeof(struct therapy_metric),                  \
	  sizeof(struct therapy_verb), sizeof(struct therapy_control), sizeof(struct therapy_step),                    \
	  sizeof(struct therapy_channel), sizeof(struct therapy_poll), sizeof(struct therapy_option) }

struct therapy_plugin {
	uint32_t abi;               /* THERAPY_ABI */
	struct therapy_sizes sizes; /* THERAPY_SIZES */
	const char *key;            /* "inversion_table" */
	const char *kind, *version; /* what rules call it: "inversion", "traction", "heat"; "0.1.0" */
	const struct therapy_model *models;
	uint8_t n_models;
};

#define THERAPY_EXPORT __attribute__((visibility("default"))) /* the one symbol of a plugin: */
extern THERAPY_EXPORT const struct therapy_plugin therapy_plugin;
/* Adds a reading; one that is not finite becomes ERROR. */
static inline void therapy_emit(struct therapy_out *out, uint16_t metric, double value)
{
	struct therapy_reading r = {metric, (uint8_t)(isfinite(value) ? THERAPY_GOOD : THERAPY_ERROR), 0,
				    isfinite(value) ? value : 0.0};
	if (out->n_readings == out->max_readings)
		out->overflow = true;
	else
		out->readings[out->n_readings++] = r;
}
/* The device says what its setting is. */
static inline void therapy_found(struct therapy_out *out, uint16_t setting, double value)
{
	struct therapy_reading r = {setting, THERAPY_GOOD, 0, value};
	if (out->n_found == out->max_found)
		out->overflow = true;
	else
		out->found[out->n_found++] = r;
}
/* Adds a frame of `size` bytes for `channel`. */
static inline void therapy_send(struct therapy_out *out, uint8_t channel, const void *bytes, size_t size)
{
	if (out->n_frames == out->max_frames || size > THERAPY_FRAME_MAX) {
		out->overflow = true;
		return;
	}
	out->frames[out->n_frames].size = (uint16_t)size;
	out->frames[out->n_frames].channel = channel;
	memcpy(out->frames[out->n_frames++].bytes, bytes, size);
}

#ifdef __cplusplus
}
#endif
#endif
