/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/to_device.h"

int to_device_setup(struct wire *wire, const Therapy__V1__Setup *setup, uint32_t generation)
{
	Therapy__V1__Setup body = *setup;
	Therapy__V1__ToDevice message = THERAPY__V1__TO_DEVICE__INIT;
	body.generation = generation;
	message.body_case = THERAPY__V1__TO_DEVICE__BODY_SETUP;
	message.setup = &body;
	return wire_send(wire, &message.base, -1);
}

int to_device_open(struct wire *wire, int fd)
{
	Therapy__V1__OpenLink body = THERAPY__V1__OPEN_LINK__INIT;
	Therapy__V1__ToDevice message = THERAPY__V1__TO_DEVICE__INIT;
	message.body_case = THERAPY__V1__TO_DEVICE__BODY_OPEN;
	message.open = &body;
	return wire_send(wire, &message.base, fd);
}

int to_device_lease(struct wire *wire, uint16_t control, uint64_t grant, double value, uint64_t expires_ms, bool adopt)
{
	Therapy__V1__Lease body = THERAPY__V1__LEASE__INIT;
	Therapy__V1__ToDevice message = THERAPY__V1__TO_DEVICE__INIT;
	body.control = control;
	body.grant = grant;
	body.value = value;
	body.expires_ms = expires_ms;
	body.adopt = adopt;
	message.body_case = THERAPY__V1__TO_DEVICE__BODY_LEASE;
	message.lease = &body;
	return wire_send(wire, &message.base, -1);
}

int to_device_off_test(struct wire *wire, uint16_t control, uint64_t grant, uint64_t expires_ms)
{
	Therapy__V1__OffTest body = THERAPY__V1__OFF_TEST__INIT;
	Therapy__V1__ToDevice message = THERAPY__V1__TO_DEVICE__INIT;
	body.control = control;
	body.grant = grant;
	body.expires_ms = expires_ms;
	message.body_case = THERAPY__V1__TO_DEVICE__BODY_OFF_TEST;
	message.off_test = &body;
	return wire_send(wire, &message.base, -1);
}

int to_device_rest(struct wire *wire, uint16_t control, bool stop)
{
	Therapy__V1__Rest body = THERAPY__V1__REST__INIT;
	Therapy__V1__ToDevice message = THERAPY__V1__TO_DEVICE__INIT;
	body.control = control;
	body.stop = stop;
	message.body_case = THERAPY__V1__TO_DEVICE__BODY_REST;
	message.rest = &body;
	return wire_send(wire, &message.base, -1);
}

int to_device_record(struct wire *wire, bool on)
{
	Therapy__V1__Record body = THERAPY__V1__RECORD__INIT;
	Therapy__V1__ToDevice message = THERAPY__V1__TO_DEVICE__INIT;
	body.on = on;
	message.body_case = THERAPY__V1__TO_DEVICE__BODY_RECORD;
	message.record = &body;
	return wire_send(wire, &message.base, -1);
}

int to_device_setting_kept(struct wire *wire, uint32_t setting)
{
	Therapy__V1__SettingKept body = THERAPY__V1__SETTING_KEPT__INIT;
	Therapy__V1__ToDevice message = THERAPY__V1__TO_DEVICE__INIT;
	body.setting = setting;
	message.body_case = THERAPY__V1__TO_DEVICE__BODY_SETTING_KEPT;
	message.setting_kept = &body;
	return wire_send(wire, &message.base, -1);
}

int to_device_release(struct wire *wire, Therapy__V1__Release *release)
{
	Therapy__V1__ToDevice message = THERAPY__V1__TO_DEVICE__INIT;
	message.body_case = THERAPY__V1__TO_DEVICE__BODY_RELEASE;
	message.release = release;
	return wire_send(wire, &message.base, -1);
}

int to_device_ping(struct wire *wire, uint64_t nonce)
{
	Therapy__V1__Ping body = THERAPY__V1__PING__INIT;
	Therapy__V1__ToDevice message = THERAPY__V1__TO_DEVICE__INIT;
	body.nonce = nonce;
	message.body_case = THERAPY__V1__TO_DEVICE__BODY_PING;
	message.ping = &body;
	return wire_send(wire, &message.base, -1);
}
