/* SPDX-License-Identifier: Apache-2.0
 * What Paho tells, on its threads, which it serialises. Most of it has two forms, for Paho tells of MQTT 5 and of 3.1.1
 * apart. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "broker/paho_inside.h"
#include "broker/tls.h"
#include "broker/tune.h"

static void connected(struct paho *p, const struct limits_told *told)
{
	int fd = tune_claim(p->peers, p->n_peers);
	tls_forget_trouble();
	atomic_store(&p->fd, fd);
	bridge_put_up(p->bridge, fd >= 0, told);
}

static unsigned number_of(MQTTProperties *from, enum MQTTPropertyCodes code, unsigned otherwise)
{
	return MQTTProperties_hasProperty(from, code) ? (unsigned)MQTTProperties_getNumericValue(from, code)
						      : otherwise;
}

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
	const struct limits_told told = {
	    .packet_max = number_of(&data->properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, 0),
	    .qos_max = (int)number_of(&data->properties, MQTTPROPERTY_CODE_MAXIMUM_QOS, 2),
	    .retain = number_of(&data->properties, MQTTPROPERTY_CODE_RETAIN_AVAILABLE, 1) != 0,
	    .keep_alive_s = number_of(&data->properties, MQTTPROPERTY_CODE_SERVER_KEEP_ALIVE, 0),
	};
	connected(context, &told);
}

static void on_connected_311(void *context, MQTTAsync_successData *data)
{
	(void)data;
	connected(context, &LIMITS_NONE);
}

static const char *code_text(const struct paho *p, int code)
{
	static const char *const of_311[] = {"unacceptable protocol version", "client id rejected", "not available",
					     "bad user name or password", "not authorized"};
	const char *text = code >= 0x80 ? MQTTReasonCode_toString((enum MQTTReasonCodes)code) : NULL;
	if (!text && (!p->v5 || code == 1) && code >= 1 && code <= 5)
		text = of_311[code - 1];
	return text ? text : "no reason given";
}

static enum bridge_cause cause_of(int code)
{
	switch (code) {
	case 1: /* of a broker that answers as 3.1.1 has it */
	case MQTTREASONCODE_UNSUPPORTED_PROTOCOL_VERSION:
		return BRIDGE_VERSION;
	case MQTTREASONCODE_QOS_NOT_SUPPORTED:
		return BRIDGE_WILL_QOS;
	case MQTTREASONCODE_RETAIN_NOT_SUPPORTED:
		return BRIDGE_WILL_RETAINED;
	case MQTTREASONCODE_PACKET_TOO_LARGE:
		return BRIDGE_TOO_LARGE;
	default:
		return BRIDGE_LOST;
	}
}

/* Paho's word for it: the CONNECT was sent, and no answer came before the end. */
#define SENT_AND_LOST "TCP connect completion failure"

static void refused(struct paho *p, int code, const char *message)
{
	char why[BRIDGE_WHY_MAX], trouble[BRIDGE_WHY_MAX];
	if (tls_take_trouble(trouble, sizeof trouble)) {
		snprintf(why, sizeof why, "no connection: %.170s", trouble);
		bridge_put_down(p->bridge, why, BRIDGE_LOST);
	} else if (code > 0) {
		snprintf(why, sizeof why, "the broker refused the connection: %s", code_text(p, code));
		bridge_put_down(p->bridge, why, cause_of(code));
	} else if (message && strcmp(message, SENT_AND_LOST) == 0) {
		bridge_put_down(p->bridge, "no connection (the broker hung up before it answered)", BRIDGE_VERSION);
	} else {
		snprintf(why, sizeof why, "no connection (%s)", message ? message : "refused or unreachable");
		bridge_put_down(p->bridge, why, BRIDGE_LOST);
	}
}

static void on_refused(void *context, MQTTAsync_failureData5 *data)
{
	/* 1.3.12 puts the CONNACK's into `code`, later ones into the other */
	refused(context, data->code > 0 ? data->code : (int)data->reasonCode, data->message);
}

static void on_refused_311(void *context, MQTTAsync_failureData *data)
{
	refused(context, data->code, data->message);
}

static void on_lost(void *context, char *cause)
{
	struct paho *p = context;
	char trouble[BRIDGE_WHY_MAX];
	atomic_store(&p->fd, -1);
	if (tls_take_trouble(trouble, sizeof trouble))
		bridge_put_down(p->bridge, trouble, BRIDGE_LOST);
	else
		bridge_put_down(p->bridge, cause ? cause : "the connection was lost", BRIDGE_LOST);
}

/* After a DISCONNECT of the broker's the library closes its socket and calls nothing else: this is the loss. */
static void on_server_disconnect(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
	(void)properties;
	struct paho *p = context;
	char why[BRIDGE_WHY_MAX];
	const char *text = MQTTReasonCode_toString(reason);
	snprintf(why, sizeof why, "the broker ended it: %s%s", text ? text : "no reason given",
		 reason == MQTTREASONCODE_SESSION_TAKEN_OVER ? " (another client uses the same client id)" : "");
	atomic_store(&p->fd, -1);
	bridge_put_down(p->bridge, why, cause_of((int)reason));
}

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
	struct paho *p = context;
	uint64_t now_ms = clock_boot_ms();
	tune_acknowledge(atomic_load(&p->fd));
	(void)
	    topic_size; /* not 0: there is a NUL in it, which MQTT forbids; what stands before it is no topic of ours */
	bridge_put_message(p->bridge, topic, message, now_ms);
	return 1; /* taken */
}

static void published(struct bridge_slot *slot)
{
	if (slot->qos > 0)
		tune_acknowledge(atomic_load(slot->fd));
	bridge_put_done(slot, true);
}

static void on_published(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	published(context);
}

static void on_published_311(void *context, MQTTAsync_successData *data)
{
	(void)data;
	published(context);
}

static void on_publish_failed(void *context, MQTTAsync_failureData5 *data)
{
	struct bridge_slot *slot = context;
	if ((int)data->reasonCode >= 0x80) {
		const char *text = MQTTReasonCode_toString(data->reasonCode);
		bridge_put_publish_refused(slot->bridge, text ? text : "no reason given");
	}
	bridge_put_done(slot, false);
}

static void on_publish_failed_311(void *context, MQTTAsync_failureData *data)
{
	(void)data;
	bridge_put_done(context, false);
}

static void on_subscribed(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	struct paho *p = context;
	tune_acknowledge(atomic_load(&p->fd));
}

static void on_subscribed_311(void *context, MQTTAsync_successData *data)
{
	(void)data;
	struct paho *p = context;
	tune_acknowledge(atomic_load(&p->fd));
}

static void subscribe_refused(const struct paho *p, int code, bool aside)
{
	if (code >= 0x80) /* else the connection went, and that is told by itself */
		bridge_put_subscribe_refused(p->bridge, p->v5 ? code_text(p, code) : "no reason given", aside);
}

static void on_subscribe_refused(void *context, MQTTAsync_failureData5 *data)
{
	subscribe_refused(context, (int)data->reasonCode, false);
}

static void on_aside_refused(void *context, MQTTAsync_failureData5 *data)
{
	subscribe_refused(context, (int)data->reasonCode, true);
}

static void on_subscribe_refused_311(void *context, MQTTAsync_failureData *data)
{
	subscribe_refused(context, data->code, false);
}

static void on_aside_refused_311(void *context, MQTTAsync_failureData *data)
{
	subscribe_refused(context, data->code, true);
}

static void disconnected(struct paho *p)
{
	atomic_store(&p->fd, -1);
	bridge_put_disconnected(p->bridge);
}

static void on_disconnected(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	disconnected(context);
}

static void on_disconnected_311(void *context, MQTTAsync_successData *data)
{
	(void)data;
	disconnected(context);
}

static void on_disconnect_failed(void *context, MQTTAsync_failureData5 *data)
{
	(void)data;
	bridge_put_disconnected(((struct paho *)context)->bridge);
}

static void on_disconnect_failed_311(void *context, MQTTAsync_failureData *data)
{
	(void)data;
	bridge_put_disconnected(((struct paho *)context)->bridge);
}

/* ---- which of them it is to call: on the loop's thread ---- */

int paho_hear(struct paho *p)
{
	if (MQTTAsync_setCallbacks(p->handle, p, on_lost, on_message, NULL) != MQTTASYNC_SUCCESS ||
	    MQTTAsync_setDisconnected(p->handle, p, on_server_disconnect) != MQTTASYNC_SUCCESS)
		return UV_EINVAL;
	return 0;
}

void paho_hear_connect(struct paho *p, MQTTAsync_connectOptions *options)
{
	options->context = p;
	if (p->v5) {
		options->onSuccess5 = on_connected;
		options->onFailure5 = on_refused;
	} else {
		options->onSuccess = on_connected_311;
		options->onFailure = on_refused_311;
	}
}

void paho_hear_publish(const struct paho *p, struct bridge_slot *slot, MQTTAsync_responseOptions *response)
{
	response->context = slot;
	if (p->v5) {
		response->onSuccess5 = on_published;
		response->onFailure5 = on_publish_failed;
	} else {
		response->onSuccess = on_published_311;
		response->onFailure = on_publish_failed_311;
	}
}

void paho_hear_subscribe(struct paho *p, bool aside, MQTTAsync_responseOptions *response)
{
	response->context = p;
	if (p->v5) {
		response->onSuccess5 = on_subscribed;
		response->onFailure5 = aside ? on_aside_refused : on_subscribe_refused;
	} else {
		response->onSuccess = on_subscribed_311;
		response->onFailure = aside ? on_aside_refused_311 : on_subscribe_refused_311;
	}
}

void paho_hear_disconnect(struct paho *p, MQTTAsync_disconnectOptions *options)
{
	options->context = p;
	if (p->v5) {
		options->onSuccess5 = on_disconnected;
		options->onFailure5 = on_disconnect_failed;
	} else {
		options->onSuccess = on_disconnected_311;
		options->onFailure = on_disconnect_failed_311;
	}
}
