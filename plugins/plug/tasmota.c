/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasmota over MQTT; T is the plug's topic.
 *
 *   stat/T/RESULT    {"POWER":"ON"}  {"PulseTime1":{"Set":130,"Remaining":130}}  and answers to other commands
 *   stat/T/POWER     ON
 *   stat/T/STATUS10  {"StatusSNS":{"Time":"...","ENERGY":{"Total":1.234,"Power":49.6,"Voltage":230,"Current":0.216}}}
 *   stat/T/STATUS11  {"StatusSTS":{"Time":"...","UptimeSec":611,"POWER":"ON"}}
 *   tele/T/SENSOR    {"Time":"...","ENERGY":{...}}                      every TelePeriod, 300 s: so STATUS 10 is asked
 *   tele/T/STATE     {"Time":"...","POWER":"ON"}                        likewise, STATUS 11
 *   tele/T/LWT       Online | Offline, retained
 *   cmnd/T/POWER ON|OFF   cmnd/T/PulseTime1 130 (empty: only asks)   cmnd/T/STATUS 10|11
 *   cmnd/T/PowerOnState 0 (likewise)   cmnd/T/SetOption21 1 (likewise; 0|1, its answer is OFF|ON)
 *
 * The relay is called POWER, or POWER1 where the plug has several or SetOption26 is set; this reads the first.
 *
 * ON is two messages, PulseTime1 and then POWER ON, not one Backlog0. A Backlog is put in a queue that the plug works
 * off later in its main loop: a POWER OFF (ours, or the last will's) that arrives in between would be obeyed first and
 * the queued ON after it. Messages of one connection are executed in order as they come. Losing the first is harmless,
 * because PulseTime is a setting: it is in force since the plug came, and ON is only ever said to a plug that has
 * confirmed it. Setting it again to what it is writes no flash, restarts a running timer, switches nothing, and makes a
 * plug that is off say OFF once more: that is the renewal. An off-test does the same with PulseTime1 50, and every OFF
 * after it sets 130 again, which a plug that is off may be told at any time. If the first of those two messages is lost
 * the old timer runs and the test fails, no more. A plug that came a moment ago may not have heard what was
 * set; ON, of a test as well, then follows its confirmation, if that comes within a second and no OFF before it. Asking
 * the relay is STATUS 11 and not an empty POWER, so that a question never goes to the topic that switches.
 */
#include <stdio.h>

#include "plug/tasmota.h"
#include "json/json_frame.h"

/* How long ON may wait for a plug to confirm its timer: an answer takes milliseconds. */
enum { WANTED_MS = 1000 };
enum { PULSE_TIME_TEST = PLUG_TEST_MS / 100, PULSE_TIME_MAX = 64900, POWER_ON_MAX = 5 };

int tasmota_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	(void)values;
	(void)seed;
	*(struct tasmota *)state = (struct tasmota){0};
	return 0;
}

static void send_text(struct therapy_out *out, uint8_t channel, const char *text)
{
	therapy_send(out, channel, text, strlen(text));
}

static void send_number(struct therapy_out *out, uint8_t channel, int n)
{
	char text[12];
	snprintf(text, sizeof text, "%d", n);
	send_text(out, channel, text);
}

/* A setting: only a whole number that the plug can have. */
static int send_setting(struct therapy_out *out, uint8_t channel, double value, int max)
{
	if (!(value >= 0 && value <= max) || value != (int)value)
		return -1;
	send_number(out, channel, (int)value);
	return 0;
}

static void send_on(struct tasmota *tasmota, bool test, struct therapy_out *out)
{
	tasmota->testing = test;
	if (test)
		send_number(out, TASMOTA_CMND_PULSE_TIME, PULSE_TIME_TEST);
	send_text(out, TASMOTA_CMND_POWER, "ON");
}

/* "ON" or "OFF" as shipped: a plug whose StateText was changed is refused rather than guessed. */
static enum therapy_refusal emit_relay(const char *text, size_t size, struct therapy_out *out)
{
	bool on = size == 2 && memcmp(text, "ON", 2) == 0;
	if (!on && !(size == 3 && memcmp(text, "OFF", 3) == 0))
		return THERAPY_REFUSED_FORMAT;
	therapy_emit(out, PLUG_RELAY, on);
	return THERAPY_OK;
}

/* The relay's state in `object`, if it is there. */
static enum therapy_refusal read_relay(struct json_object *object, struct therapy_out *out)
{
	const char *text = NULL;
	enum json_found found = json_frame_text(object, "POWER", &text);
	if (found == JSON_ABSENT)
		found = json_frame_text(object, "POWER1", &text);
	return found == JSON_FOUND ? emit_relay(text, strlen(text), out) : json_frame_refusal(found);
}

/* Remembers whether the plug's own timer is the one we asked for; anybody may change it. While an off-test runs it is
 * the short one, and that is nobody's setting. */
static enum therapy_refusal read_pulse_time(struct tasmota *tasmota, struct json_object *object, uint64_t now_ms,
					    struct therapy_out *out)
{
	struct json_object *pulse = NULL;
	double set = 0;
	enum json_found found = json_frame_object(object, "PulseTime1", &pulse);
	if (found == JSON_FOUND)
		found = json_frame_number(pulse, "Set", &set);
	if (found != JSON_FOUND)
		return json_frame_refusal(found);
	if (tasmota->testing && set == PULSE_TIME_TEST)
		return THERAPY_OK; /* as it should be, for now */
	therapy_found(out, TASMOTA_HAS_TIMER, set);
	tasmota->timer_proved = set == TASMOTA_PULSE_TIME;
	if (tasmota->timer_proved && tasmota->wanted_ms && now_ms - tasmota->wanted_ms <= WANTED_MS)
		send_on(tasmota, tasmota->wanted_test, out);
	if (tasmota->timer_proved)
		tasmota->wanted_ms = 0;
	return THERAPY_OK;
}

/* What the plug says of its other settings, of which each answers alone. */
static enum therapy_refusal read_settings(struct json_object *object, struct therapy_out *out)
{
	double number = 0;
	const char *text = NULL;
	enum json_found found = json_frame_number(object, "PowerOnState", &number);
	if (found == JSON_FOUND)
		therapy_found(out, TASMOTA_HAS_POWER_ON, number);
	if (found > JSON_ABSENT)
		return json_frame_refusal(found);
	found = json_frame_text(object, "SetOption21", &text);
	if (found != JSON_FOUND)
		return json_frame_refusal(found);
	if (strcmp(text, "ON") != 0 && strcmp(text, "OFF") != 0)
		return THERAPY_REFUSED_FORMAT;
	therapy_found(out, TASMOTA_HAS_MEASURE_OFF, text[1] == 'N');
	return THERAPY_OK;
}

static enum therapy_refusal read_result(struct tasmota *tasmota, struct json_object *object, uint64_t now_ms,
					struct therapy_out *out)
{
	enum therapy_refusal refusal = read_pulse_time(tasmota, object, now_ms, out);
	if (refusal == THERAPY_OK)
		refusal = read_settings(object, out);
	return refusal == THERAPY_OK ? read_relay(object, out) : refusal;
}

/* What is there of ENERGY. A plug without a meter has none. */
static enum therapy_refusal read_energy(struct json_object *object, struct therapy_out *out)
{
	static const struct {
		const char *key;
		uint16_t metric;
		double scale;
	} rows[] = {
	    {"Power", PLUG_POWER, 1},
	    {"Voltage", PLUG_VOLTAGE, 1},
	    {"Current", PLUG_CURRENT, 1},
	    {"Total", PLUG_ENERGY, 1000}, /* kWh */
	};
	struct json_object *energy = NULL;
	enum json_found found = json_frame_object(object, "ENERGY", &energy);
	if (found != JSON_FOUND)
		return json_frame_refusal(found);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		double value = 0;
		found = json_frame_number(energy, rows[i].key, &value);
		if (found == JSON_FOUND)
			therapy_emit(out, rows[i].metric, value * rows[i].scale);
		else if (found != JSON_ABSENT)
			return json_frame_refusal(found);
	}
	return THERAPY_OK;
}

/* An answer to STATUS wraps what telemetry says bare. */
static enum therapy_refusal read_status(struct json_object *object, const char *wrapper,
					enum therapy_refusal (*read)(struct json_object *, struct therapy_out *),
					struct therapy_out *out)
{
	struct json_object *inner = NULL;
	if (json_frame_object(object, wrapper, &inner) != JSON_FOUND)
		return THERAPY_REFUSED_FORMAT;
	return read(inner, out);
}

/* A plug that was away may come back with other settings, or be another plug. */
static enum therapy_refusal read_presence(struct tasmota *tasmota, const struct therapy_message *message,
					  struct therapy_out *out)
{
	if (message->size == 6 && memcmp(message->data, "Online", 6) == 0)
		out->presence = THERAPY_PRESENT;
	else if (message->size == 7 && memcmp(message->data, "Offline", 7) == 0)
		out->presence = THERAPY_ABSENT;
	else
		return THERAPY_REFUSED_FORMAT;
	if (message->retained)
		return THERAPY_OK; /* how it was when we came */
	*tasmota = (struct tasmota){0};
	return THERAPY_OK;
}

static enum therapy_refusal read_json(struct tasmota *tasmota, const struct therapy_message *message,
				      struct therapy_out *out)
{
	struct json_object *object = NULL;
	enum therapy_refusal refusal = json_frame_parse(message, &object);
	if (refusal != THERAPY_OK)
		return refusal;
	switch (message->channel) {
	case TASMOTA_STAT_RESULT:
	case TASMOTA_STAT_POWER:
		refusal = read_result(tasmota, object, message->now_ms, out);
		break;
	case TASMOTA_STAT_STATUS10:
		refusal = read_status(object, "StatusSNS", read_energy, out);
		break;
	case TASMOTA_STAT_STATUS11:
		refusal = read_status(object, "StatusSTS", read_relay, out);
		/* Online is said before the plug hears anything: what was set or asked then may be lost. Whoever
		 * answers this hears; to ask sets nothing. */
		if (!tasmota->timer_proved && !tasmota->testing)
			send_text(out, TASMOTA_CMND_PULSE_TIME, "");
		break;
	case TASMOTA_TELE_SENSOR:
		refusal = read_energy(object, out);
		break;
	default:
		refusal = read_relay(object, out);
		break;
	}
	json_object_put(object);
	return refusal;
}

enum therapy_refusal tasmota_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct tasmota *tasmota = state;
	if (message->channel > TASMOTA_TELE_STATE)
		return THERAPY_REFUSED_TYPE;
	if (message->channel == TASMOTA_TELE_LWT)
		return read_presence(tasmota, message, out);
	/* PowerRetain, SensorRetain: what the broker kept says how the plug was at some time, and proves nothing. */
	if (message->retained)
		return THERAPY_OK;
	/* Plain, unless SetOption4 moves the JSON of RESULT here. */
	if (message->channel == TASMOTA_STAT_POWER && message->size > 0 && message->data[0] != '{')
		return emit_relay((const char *)message->data, message->size, out);
	return read_json(tasmota, message, out);
}

/* A plug that has not confirmed its timer is asked to, and switched on by its answer, if that comes at once. */
static void wait_for_timer(struct tasmota *tasmota, uint64_t now_ms, bool test, struct therapy_out *out)
{
	tasmota->wanted_ms = now_ms;
	tasmota->wanted_test = test;
	send_number(out, TASMOTA_CMND_PULSE_TIME, TASMOTA_PULSE_TIME);
}

static int encode_set(struct tasmota *tasmota, uint64_t now_ms, double value, struct therapy_out *out)
{
	tasmota->wanted_ms = 0;
	if (value == 0) {
		send_text(out, TASMOTA_CMND_POWER, "OFF");
		return 0;
	}
	if (value != 1)
		return -1;
	if (!tasmota->timer_proved) {
		wait_for_timer(tasmota, now_ms, false, out);
		return 0;
	}
	send_number(out, TASMOTA_CMND_PULSE_TIME, TASMOTA_PULSE_TIME);
	send_on(tasmota, false, out);
	return 0;
}

static int encode_test(struct tasmota *tasmota, uint64_t now_ms, double value, struct therapy_out *out)
{
	if (value != 1)
		return -1;
	if (tasmota->timer_proved)
		send_on(tasmota, true, out);
	else
		wait_for_timer(tasmota, now_ms, true, out);
	return 0;
}

/* OFF first. The plug confirms its timer anew before it is switched on again. */
static void encode_off(struct tasmota *tasmota, struct therapy_out *out)
{
	tasmota->wanted_ms = 0;
	send_text(out, TASMOTA_CMND_POWER, "OFF");
	if (!tasmota->testing)
		return;
	tasmota->testing = tasmota->timer_proved = false;
	send_number(out, TASMOTA_CMND_PULSE_TIME, TASMOTA_PULSE_TIME);
}

int tasmota_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	switch (verb) {
	case TASMOTA_ASK_RELAY:
		send_text(out, TASMOTA_CMND_STATUS, "11");
		return 0;
	case TASMOTA_ASK_POWER:
		send_text(out, TASMOTA_CMND_STATUS, "10");
		return 0;
	case TASMOTA_ASK_TIMER:
		send_text(out, TASMOTA_CMND_PULSE_TIME, "");
		return 0;
	case TASMOTA_ASK_POWER_ON:
		send_text(out, TASMOTA_CMND_POWER_ON_STATE, "");
		return 0;
	case TASMOTA_SET_POWER_ON:
		return send_setting(out, TASMOTA_CMND_POWER_ON_STATE, value, POWER_ON_MAX);
	case TASMOTA_ASK_MEASURE_OFF:
		send_text(out, TASMOTA_CMND_MEASURE_OFF, "");
		return 0;
	case TASMOTA_SET_MEASURE_OFF:
		return send_setting(out, TASMOTA_CMND_MEASURE_OFF, value, 1);
	case TASMOTA_SET_TIMER:
		return send_setting(out, TASMOTA_CMND_PULSE_TIME, value, PULSE_TIME_MAX);
	case TASMOTA_SET:
		return encode_set(state, now_ms, value, out);
	case TASMOTA_RENEW:
		send_number(out, TASMOTA_CMND_PULSE_TIME, TASMOTA_PULSE_TIME);
		return 0;
	case TASMOTA_OFF:
		encode_off(state, out);
		return 0;
	case TASMOTA_TEST:
		return encode_test(state, now_ms, value, out);
	default:
		return -1;
	}
}
