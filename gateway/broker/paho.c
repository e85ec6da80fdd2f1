/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/paho.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "broker/poke.h"
#include "broker/tune.h"

#define KEEP_ALIVE_S      10
#define CONNECT_TIMEOUT_S 30         /* a last resort: the broker's own timer gives up earlier */
#define PACKET_MAX        (1u << 20) /* bytes; the broker keeps larger messages from us */
/* Forward secrecy and authenticated encryption only (RFC 9325). */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"

struct paho {
	MQTTAsync handle;
	struct bridge *bridge;
	_Atomic int fd; /* Paho's socket while connected, else -1 */
	struct sockaddr_storage peers[PAHO_PEERS_MAX];
	size_t n_peers;
};

/* ---- Paho's threads; it serialises them ---- */

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	struct paho *p = context;
	int fd = tune_claim(p->peers, p->n_peers);
	atomic_store(&p->fd, fd);
	bridge_put_up(p->bridge, fd >= 0);
}

static void on_refused(void *context, MQTTAsync_failureData5 *data)
{
	struct paho *p = context;
	char why[BRIDGE_WHY_MAX];
	int code = data->code > 0 ? data->code : (int)data->reasonCode; /* 1.3 puts the CONNACK's into `code` */
	if (code >= 0x80)
		snprintf(why, sizeof why, "the broker refused the connection: %s",
			 MQTTReasonCode_toString((enum MQTTReasonCodes)code));
	else
		snprintf(why, sizeof why, "no connection (%s)",
			 data->message ? data->message : "refused or unreachable");
	bridge_put_down(p->bridge, why);
}

static void on_lost(void *context, char *cause)
{
	struct paho *p = context;
	atomic_store(&p->fd, -1);
	bridge_put_down(p->bridge, cause ? cause : "the connection was lost");
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
	bridge_put_down(p->bridge, why);
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

static void on_published(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	struct bridge_slot *slot = context;
	if (slot->qos > 0)
		tune_acknowledge(atomic_load(slot->fd));
	bridge_put_done(slot, true);
}

static void on_publish_failed(void *context, MQTTAsync_failureData5 *data)
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

static void subscribe_refused(struct paho *p, const MQTTAsync_failureData5 *data, bool aside)
{
	if ((int)data->reasonCode < 0x80)
		return; /* the connection went, and that is told by itself */
	const char *text = MQTTReasonCode_toString(data->reasonCode);
	bridge_put_subscribe_refused(p->bridge, text ? text : "no reason given", aside);
}

static void on_subscribe_refused(void *context, MQTTAsync_failureData5 *data)
{
	subscribe_refused(context, data, false);
}

static void on_aside_refused(void *context, MQTTAsync_failureData5 *data)
{
	subscribe_refused(context, data, true);
}

static void on_disconnected(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	struct paho *p = context;
	atomic_store(&p->fd, -1);
	bridge_put_disconnected(p->bridge);
}

static void on_disconnect_failed(void *context, MQTTAsync_failureData5 *data)
{
	(void)data;
	struct paho *p = context;
	bridge_put_disconnected(p->bridge);
}

/* ---- the loop's thread ---- */

static int create(struct paho *p, const char *uri, const char *client_id)
{
	poke_init();
	MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
	options.sendWhileDisconnected = 0;
	options.allowDisconnectedSendAtAnyTime = 0;
	options.deleteOldestMessages = 0;
	options.maxBufferedMessages = (int)BRIDGE_SLOTS + 1; /* never reached: the slots end first, and say so */
	if (MQTTAsync_createWithOptions(&p->handle, uri, client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &options) !=
	    MQTTASYNC_SUCCESS)
		return UV_ENOMEM;
	if (MQTTAsync_setCallbacks(p->handle, p, on_lost, on_message, NULL) != MQTTASYNC_SUCCESS ||
	    MQTTAsync_setDisconnected(p->handle, p, on_server_disconnect) != MQTTASYNC_SUCCESS)
		return UV_EINVAL;
	return 0;
}

static int property_number(MQTTProperties *to, enum MQTTPropertyCodes code, uint32_t value)
{
	MQTTProperty property = {.identifier = code};
	property.value.integer4 = value;
	return MQTTProperties_add(to, &property);
}

static int connect_with(struct paho *p, const struct broker_config *config, const struct paho_target *target)
{
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
	MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
	MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;
	MQTTProperties properties = MQTTProperties_initializer;
	if (property_number(&properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, 0) != 0 ||
	    property_number(&properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, PACKET_MAX) != 0) {
		MQTTProperties_free(&properties);
		return UV_ENOMEM;
	}
	options.keepAliveInterval = config->keep_alive_s ? (int)config->keep_alive_s : KEEP_ALIVE_S;
	options.cleanstart = 1;
	options.automaticReconnect = 0;
	options.connectTimeout = CONNECT_TIMEOUT_S;
	options.connectProperties = &properties;
	options.username = config->username;
	options.password = config->password;
	options.onSuccess5 = on_connected;
	options.onFailure5 = on_refused;
	options.context = p;
	if (config->will_topic) {
		will.topicName = config->will_topic;
		will.message = NULL;
		will.payload.data = config->will_payload;
		will.payload.len = (int)config->will_size;
		will.qos = config->will_qos;
		will.retained = config->will_retained;
		options.will = &will;
	}
	if (target->tls) {
		ssl.trustStore = config->ca_file; /* NULL: OpenSSL's own default */
		ssl.enableServerCertAuth = 1;
		ssl.verify = 1;
		ssl.sslVersion = MQTT_SSL_VERSION_TLS_1_2; /* Paho can pin one version, and set no lowest */
		ssl.enabledCipherSuites = CIPHERS;
		options.ssl = &ssl;
	}
	int rc = MQTTAsync_connect(p->handle, &options);
	MQTTProperties_free(&properties);
	return rc == MQTTASYNC_SUCCESS ? 0 : UV_EINVAL;
}

int paho_open(struct bridge *bridge, const struct broker_config *config, const struct paho_target *target,
	      struct paho **out)
{
	struct paho *p = calloc(1, sizeof *p);
	if (!p)
		return UV_ENOMEM;
	p->bridge = bridge;
	atomic_init(&p->fd, -1);
	p->n_peers = target->n_peers;
	memcpy(p->peers, target->peers, sizeof p->peers);
	/* Paho's threads take over this thread's signal mask: signals are the main thread's business. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = create(p, target->uri, config->client_id);
	if (rc == 0)
		rc = connect_with(p, config, target);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		paho_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

_Atomic int *paho_socket(struct paho *p)
{
	return &p->fd;
}

static int property_text(MQTTProperties *to, enum MQTTPropertyCodes code, const void *bytes, size_t size)
{
	if (size > UINT16_MAX)
		return -1;
	MQTTProperty property = {.identifier = code};
	/* MQTTProperties_add copies it; that its pointer is not const is an oversight of the interface */
	union {
		const void *from;
		char *to;
	} data = {.from = bytes};
	property.value.data.data = data.to;
	property.value.data.len = (int)size;
	return MQTTProperties_add(to, &property);
}

static int properties_fill(MQTTProperties *to, const struct broker_properties *from)
{
	int rc = 0;
	if (from->content_type)
		rc |= property_text(to, MQTTPROPERTY_CODE_CONTENT_TYPE, from->content_type, strlen(from->content_type));
	if (from->response_topic)
		rc |= property_text(to, MQTTPROPERTY_CODE_RESPONSE_TOPIC, from->response_topic,
				    strlen(from->response_topic));
	if (from->correlation)
		rc |= property_text(to, MQTTPROPERTY_CODE_CORRELATION_DATA, from->correlation, from->correlation_size);
	if (from->expiry_s)
		rc |= property_number(to, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, from->expiry_s);
	return rc == 0 ? 0 : UV_EINVAL;
}

int paho_publish(struct paho *p, struct bridge_slot *slot, const char *topic, const void *payload, size_t size,
		 bool retained, const struct broker_properties *properties)
{
	if (size > INT_MAX)
		return UV_EINVAL;
	MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
	response.onSuccess5 = on_published;
	response.onFailure5 = on_publish_failed;
	response.context = slot;
	if (properties && properties_fill(&response.properties, properties) != 0) {
		MQTTProperties_free(&response.properties);
		return UV_EINVAL;
	}
	int rc = MQTTAsync_send(p->handle, topic, (int)size, payload, slot->qos, retained, &response);
	MQTTProperties_free(&response.properties);
	switch (rc) {
	case MQTTASYNC_SUCCESS:
		return 0;
	case MQTTASYNC_DISCONNECTED:
		return UV_ENOTCONN;
	case MQTTASYNC_MAX_BUFFERED_MESSAGES:
	case MQTTASYNC_NO_MORE_MSGIDS:
		return UV_ENOBUFS;
	default:
		return UV_EINVAL;
	}
}

int paho_subscribe(struct paho *p, const char *topic, int qos, enum paho_manner manner)
{
	MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
	response.onSuccess5 = on_subscribed;
	response.onFailure5 = manner == PAHO_ASIDE ? on_aside_refused : on_subscribe_refused;
	response.context = p;
	response.subscribeOptions.retainAsPublished = manner != PAHO_PLAIN;
	response.subscribeOptions.noLocal = manner == PAHO_ASIDE;
	int rc = MQTTAsync_subscribe(p->handle, topic, qos, &response);
	return rc == MQTTASYNC_SUCCESS ? 0 : rc == MQTTASYNC_DISCONNECTED ? UV_ENOTCONN : UV_EINVAL;
}

int paho_disconnect(struct paho *p, bool with_will)
{
	MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer5;
	options.onSuccess5 = on_disconnected;
	options.onFailure5 = on_disconnect_failed;
	options.context = p;
	options.reasonCode =
	    with_will ? MQTTREASONCODE_DISCONNECT_WITH_WILL_MESSAGE : MQTTREASONCODE_NORMAL_DISCONNECTION;
	return MQTTAsync_disconnect(p->handle, &options) == MQTTASYNC_SUCCESS ? 0 : UV_ENOTCONN;
}

void paho_cut(struct paho *p)
{
	int fd = atomic_load(&p->fd);
	if (fd >= 0 && tune_connected_to(fd, p->peers, p->n_peers))
		shutdown(fd, SHUT_RDWR);
}

void paho_free(struct paho *p)
{
	if (!p)
		return;
	if (p->handle)
		MQTTAsync_destroy(&p->handle);
	free(p);
}
