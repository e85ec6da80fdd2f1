/* SPDX-License-Identifier: Apache-2.0 */
#include "to_gateway.h"

#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "description.h"
#include "link/kept.h"
#include "link/recording.h"
#include "tap.h"

/* Of the wire's 256 KiB: what a recording may fill while the gateway does not read. The rest is for readings and
 * states. */
#define TO_GATEWAY_TRAFFIC 65536u
#define TO_GATEWAY_TOPIC   256u
#define TO_GATEWAY_PAYLOAD (KEPT_SIZE + sizeof "...")

static void say(struct to_gateway *to, const Therapy__V1__FromDevice *message)
{
	if (to->wire && wire_send(to->wire, &message->base, -1) == UV_ENOBUFS)
		log_warn(to->name, "the gateway does not read: a message was dropped");
}

void to_gateway_batch_init(struct to_gateway_batch *batch)
{
	for (size_t i = 0; i < TO_GATEWAY_BATCH; i++) {
		batch->readings[i] = (Therapy__V1__Reading)THERAPY__V1__READING__INIT;
		batch->pointers[i] = &batch->readings[i];
	}
}

void to_gateway_description(struct to_gateway *to, Therapy__V1__DeviceDescription *description)
{
	Therapy__V1__FromDevice message = THERAPY__V1__FROM_DEVICE__INIT;
	message.body_case = THERAPY__V1__FROM_DEVICE__BODY_DESCRIPTION;
	message.description = description;
	say(to, &message);
}

void to_gateway_failure(struct to_gateway *to, char *text)
{
	Therapy__V1__Failure failure = THERAPY__V1__FAILURE__INIT;
	Therapy__V1__FromDevice message = THERAPY__V1__FROM_DEVICE__INIT;
	failure.text = text;
	message.body_case = THERAPY__V1__FROM_DEVICE__BODY_FAILURE;
	message.failure = &failure;
	say(to, &message);
}

static void put_reading(const struct device_reading *from, Therapy__V1__Reading *to)
{
	to->metric = from->metric;
	to->quality = (Therapy__V1__Quality)(from->quality + 1);
	to->presence_case = from->quality == THERAPY_UNKNOWN ? THERAPY__V1__READING__PRESENCE__NOT_SET
							     : THERAPY__V1__READING__PRESENCE_VALUE;
	to->value = from->value;
	to->monotonic_ms = from->stamp_ms;
}

void to_gateway_readings(struct to_gateway *to, const struct device_outputs *out)
{
	for (size_t at = 0; at < out->n_readings; at += TO_GATEWAY_BATCH) {
		Therapy__V1__ReadingBatch batch = THERAPY__V1__READING_BATCH__INIT;
		Therapy__V1__FromDevice message = THERAPY__V1__FROM_DEVICE__INIT;
		size_t n = out->n_readings - at < TO_GATEWAY_BATCH ? out->n_readings - at : TO_GATEWAY_BATCH;
		for (size_t i = 0; i < n; i++)
			put_reading(&out->readings[at + i], &to->batch->readings[i]);
		batch.first_sequence = out->first_sequence + at;
		batch.n_readings = n;
		batch.readings = to->batch->pointers;
		message.body_case = THERAPY__V1__FROM_DEVICE__BODY_READINGS;
		message.readings = &batch;
		say(to, &message);
	}
}

void to_gateway_control(struct to_gateway *to, const struct device_control_state *from)
{
	Therapy__V1__ControlState state = THERAPY__V1__CONTROL_STATE__INIT;
	Therapy__V1__FromDevice message = THERAPY__V1__FROM_DEVICE__INIT;
	state.control = from->control;
	state.phase = (Therapy__V1__ControlPhase)(from->phase + 1);
	state.grant = from->grant;
	state.ended_by_device = from->ended_by_device;
	state.lease_expired = from->lease_expired;
	state.never_on = from->never_on;
	state.foreign = from->foreign;
	state.value = from->value;
	state.repeats = from->repeats;
	state.test = (Therapy__V1__OffTestResult)from->test; /* the order is the same */
	message.body_case = THERAPY__V1__FROM_DEVICE__BODY_CONTROL;
	message.control = &state;
	say(to, &message);
}

void to_gateway_link(struct to_gateway *to, bool up, const char *why)
{
	char text[200];
	Therapy__V1__LinkState state = THERAPY__V1__LINK_STATE__INIT;
	Therapy__V1__FromDevice message = THERAPY__V1__FROM_DEVICE__INIT;
	if (!str_copy(text, sizeof text, why))
		(void)str_copy(text, sizeof text, "lost");
	state.up = up;
	state.why = text;
	message.body_case = THERAPY__V1__FROM_DEVICE__BODY_LINK;
	message.link = &state;
	say(to, &message);
}

void to_gateway_kept(struct to_gateway *to, const struct mqtt_link_kept *from)
{
	char topic[TO_GATEWAY_TOPIC], payload[TO_GATEWAY_PAYLOAD];
	struct str s;
	Therapy__V1__KeptCommand kept = THERAPY__V1__KEPT_COMMAND__INIT;
	Therapy__V1__FromDevice message = THERAPY__V1__FROM_DEVICE__INIT;
	str_init(&s, topic, sizeof topic);
	str_add_printable(&s, from->topic, strlen(from->topic), sizeof topic - sizeof "...");
	str_init(&s, payload, sizeof payload);
	str_add_printable(&s, from->data, from->size, from->size);
	if (from->whole > from->size)
		str_add(&s, "...");
	kept.channel = from->channel;
	kept.topic = topic;
	kept.payload = payload;
	kept.cleared = from->cleared;
	message.body_case = THERAPY__V1__FROM_DEVICE__BODY_KEPT;
	message.kept = &kept;
	say(to, &message);
}

bool to_gateway_traffic(struct to_gateway *to, const struct tap_piece *piece)
{
	union { /* packing only reads */
		const uint8_t *in;
		uint8_t *out;
	} data = {piece->data};
	char address[RECORDING_ADDRESS_MAX];
	Therapy__V1__Traffic traffic = THERAPY__V1__TRAFFIC__INIT;
	Therapy__V1__FromDevice message = THERAPY__V1__FROM_DEVICE__INIT;
	if (!to->wire || wire_waiting(to->wire) > TO_GATEWAY_TRAFFIC ||
	    !str_copy(address, sizeof address, piece->address ? piece->address : ""))
		return false;
	traffic.monotonic_ms = piece->at_ms;
	traffic.sent = piece->sent;
	traffic.retained = piece->retained;
	traffic.address = address;
	traffic.data = (ProtobufCBinaryData){piece->size, data.out};
	traffic.missing_pieces = piece->missing_pieces;
	traffic.missing_bytes = piece->missing_bytes;
	message.body_case = THERAPY__V1__FROM_DEVICE__BODY_TRAFFIC;
	message.traffic = &traffic;
	say(to, &message);
	return true;
}

void to_gateway_settings(struct to_gateway *to, const struct device_outputs *out)
{
	for (size_t i = 0; i < out->n_settings; i++) {
		Therapy__V1__SettingState state = THERAPY__V1__SETTING_STATE__INIT;
		Therapy__V1__FromDevice message = THERAPY__V1__FROM_DEVICE__INIT;
		state.setting = out->settings[i].setting;
		state.news = (Therapy__V1__SettingNews)(out->settings[i].news + 1);
		state.value = out->settings[i].value;
		message.body_case = THERAPY__V1__FROM_DEVICE__BODY_SETTING;
		message.setting = &state;
		say(to, &message);
	}
	if (out->release == DEVICE_RELEASE_NONE)
		return;
	Therapy__V1__Released released = THERAPY__V1__RELEASED__INIT;
	Therapy__V1__FromDevice message = THERAPY__V1__FROM_DEVICE__INIT;
	released.result = (Therapy__V1__ReleaseResult)out->release; /* the order is the same */
	message.body_case = THERAPY__V1__FROM_DEVICE__BODY_RELEASED;
	message.released = &released;
	say(to, &message);
}

void to_gateway_pong(struct to_gateway *to, uint64_t nonce)
{
	Therapy__V1__Pong pong = THERAPY__V1__PONG__INIT;
	Therapy__V1__FromDevice message = THERAPY__V1__FROM_DEVICE__INIT;
	pong.nonce = nonce;
	message.body_case = THERAPY__V1__FROM_DEVICE__BODY_PONG;
	message.pong = &pong;
	say(to, &message);
}

void to_gateway_counters(struct to_gateway *to, const struct device_counters *now)
{
	if (memcmp(now, &to->counters, sizeof *now) == 0)
		return;
	to->counters = *now;
	Therapy__V1__DeviceCounters counters = THERAPY__V1__DEVICE_COUNTERS__INIT;
	Therapy__V1__FromDevice message = THERAPY__V1__FROM_DEVICE__INIT;
	description_counters(now, &counters);
	message.body_case = THERAPY__V1__FROM_DEVICE__BODY_COUNTERS;
	message.counters = &counters;
	say(to, &message);
}
