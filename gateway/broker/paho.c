/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/paho.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/paho_inside.h"
#include "broker/poke.h"
#include "broker/tls.h"
#include "broker/tune.h"

#define KEEP_ALIVE_S      10
#define CONNECT_TIMEOUT_S 30         /* a last resort: the broker's own timer gives up earlier */
#define PACKET_MAX        (1u << 20) /* bytes; the broker keeps larger messages from us */
/* Forward secrecy and authenticated encryption only (RFC 9325). */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"

/* Paho would have OpenSSL load the texts of all its errors, 200 kB in each process, TLS or not. OpenSSL loads what it
 * needs by itself since 1.1. */
static void leave_openssl_alone(void)
{
	MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
	options.do_openssl_init = 0;
	MQTTAsync_global_init(&options);
}

static int create(struct paho *p, const char *uri, const char *client_id)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, leave_openssl_alone);
	poke_init();
	MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
	options.MQTTVersion = p->v5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
	options.sendWhileDisconnected = 0;
	options.allowDisconnectedSendAtAnyTime = 0;
	options.deleteOldestMessages = 0;
	options.maxBufferedMessages = (int)BRIDGE_SLOTS + 1; /* never reached: the slots end first, and say so */
	if (MQTTAsync_createWithOptions(&p->handle, uri, client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &options) !=
	    MQTTASYNC_SUCCESS)
		return UV_ENOMEM;
	return paho_hear(p);
}

static int property_number(MQTTProperties *to, enum MQTTPropertyCodes code, uint32_t value)
{
	MQTTProperty property = {.identifier = code};
	property.value.integer4 = value;
	return MQTTProperties_add(to, &property);
}

/* Nothing of a session outlives its connection: what was meant for an earlier one never arrives in a later. */
static int be_of_version(struct paho *p, MQTTAsync_connectOptions *options, MQTTProperties *properties)
{
	paho_hear_connect(p, options);
	if (!p->v5) {
		options->MQTTVersion = MQTTVERSION_3_1_1;
		options->cleansession = 1;
		return 0;
	}
	options->MQTTVersion = MQTTVERSION_5;
	options->cleansession = 0; /* what MQTT 5 calls cleanstart and an expiry of 0 */
	options->cleanstart = 1;
	options->connectProperties = properties;
	return property_number(properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, 0) == 0 &&
		       property_number(properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, PACKET_MAX) == 0
		   ? 0
		   : UV_ENOMEM;
}

static void be_encrypted(MQTTAsync_SSLOptions *ssl, const struct broker_config *config)
{
	tls_watch();
	ssl->trustStore = config->ca_file; /* NULL: OpenSSL's own default */
	ssl->keyStore = config->cert_file;
	ssl->privateKey = config->key_file;
	ssl->enableServerCertAuth = 1;
	ssl->verify = 1;
	ssl->sslVersion = MQTT_SSL_VERSION_TLS_1_2; /* looked at only where OpenSSL is older than 1.1 */
	ssl->enabledCipherSuites = CIPHERS;
	ssl->ssl_error_cb = tls_on_error;
}

static int connect_with(struct paho *p, const struct broker_config *config, const struct paho_target *target)
{
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
	MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
	MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;
	MQTTProperties properties = MQTTProperties_initializer;
	int rc = be_of_version(p, &options, &properties);
	if (rc != 0)
		goto out;
	options.keepAliveInterval = config->keep_alive_s ? (int)config->keep_alive_s : KEEP_ALIVE_S;
	options.automaticReconnect = 0;
	options.connectTimeout = CONNECT_TIMEOUT_S;
	options.username = config->username;
	options.password = config->password;
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
		be_encrypted(&ssl, config);
		options.ssl = &ssl;
	}
	rc = MQTTAsync_connect(p->handle, &options) == MQTTASYNC_SUCCESS ? 0 : UV_EINVAL;
out:
	MQTTProperties_free(&properties);
	return rc;
}

int paho_open(struct bridge *bridge, const struct broker_config *config, const struct paho_target *target,
	      struct paho **out)
{
	struct paho *p = calloc(1, sizeof *p);
	if (!p)
		return UV_ENOMEM;
	p->bridge = bridge;
	p->v5 = target->v5;
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

/* MQTTProperties_add copies it; that its pointer is not const is an oversight of the interface. */
static MQTTLenString text_of(const void *bytes, size_t size)
{
	union {
		const void *from;
		char *to;
	} data = {.from = bytes};
	return (MQTTLenString){.data = data.to, .len = (int)size};
}

static int property_text(MQTTProperties *to, enum MQTTPropertyCodes code, const void *bytes, size_t size)
{
	if (size > UINT16_MAX)
		return -1;
	MQTTProperty property = {.identifier = code};
	property.value.data = text_of(bytes, size);
	return MQTTProperties_add(to, &property);
}

static int property_pair(MQTTProperties *to, const struct broker_pair *pair)
{
	MQTTProperty property = {.identifier = MQTTPROPERTY_CODE_USER_PROPERTY};
	property.value.data = text_of(pair->name, strlen(pair->name));
	property.value.value = text_of(pair->value, strlen(pair->value));
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
	for (size_t i = 0; i < from->n_user; i++)
		rc |= property_pair(to, &from->user[i]);
	return rc == 0 ? 0 : UV_EINVAL;
}

size_t paho_packet(const struct paho *p, const char *topic, size_t size, int qos,
		   const struct broker_properties *properties)
{
	size_t n = 0; /* each has a byte of its own and, but for the number, two of length */
	if (properties) {
		n += properties->content_type ? 3 + strlen(properties->content_type) : 0;
		n += properties->response_topic ? 3 + strlen(properties->response_topic) : 0;
		n += properties->correlation ? 3 + properties->correlation_size : 0;
		n += properties->expiry_s ? 5 : 0;
		for (size_t i = 0; i < properties->n_user; i++)
			n += 5 + strlen(properties->user[i].name) + strlen(properties->user[i].value);
	}
	return limits_packet(strlen(topic), size, qos, p->v5 ? n : SIZE_MAX);
}

int paho_publish(struct paho *p, struct bridge_slot *slot, const char *topic, const void *payload, size_t size,
		 bool retained, const struct broker_properties *properties)
{
	if (size > INT_MAX)
		return UV_EINVAL;
	MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
	paho_hear_publish(p, slot, &response);
	if (p->v5 && properties && properties_fill(&response.properties, properties) != 0) {
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
	paho_hear_subscribe(p, manner == PAHO_ASIDE, &response);
	response.subscribeOptions.retainAsPublished = manner != PAHO_PLAIN; /* 3.1.1 sends neither */
	response.subscribeOptions.noLocal = manner == PAHO_ASIDE;
	int rc = MQTTAsync_subscribe(p->handle, topic, qos, &response);
	return rc == MQTTASYNC_SUCCESS ? 0 : rc == MQTTASYNC_DISCONNECTED ? UV_ENOTCONN : UV_EINVAL;
}

int paho_disconnect(struct paho *p, bool with_will)
{
	MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer5;
	if (with_will && !p->v5) { /* there is no goodbye that lets it speak: the broker must lose us */
		paho_cut(p);
		return 0;
	}
	paho_hear_disconnect(p, &options);
	if (with_will)
		options.reasonCode = MQTTREASONCODE_DISCONNECT_WITH_WILL_MESSAGE;
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
