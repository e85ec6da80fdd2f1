/* SPDX-License-Identifier: Apache-2.0
 * The floor of shared.py: connections to a broker as plainly as Paho makes them, each with a last will and one
 * subscription. `therapy-bare-paho URI NAME N` says "ready" when all are there, and stays until it is ended. */
#include <MQTTAsync.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_int waiting;

struct connection {
	MQTTAsync handle;
	char topic[64];
};

static void on_subscribed(void *user, MQTTAsync_successData *data)
{
	(void)user;
	(void)data;
	if (atomic_fetch_sub(&waiting, 1) == 1) {
		puts("ready");
		fflush(stdout);
	}
}

static void on_connected(void *user, MQTTAsync_successData *data)
{
	struct connection *c = user;
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	(void)data;
	options.onSuccess = on_subscribed;
	MQTTAsync_subscribe(c->handle, c->topic, 0, &options);
}

static int on_message(void *user, char *topic, int size, MQTTAsync_message *message)
{
	(void)user;
	(void)size;
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

static int begin(struct connection *c, const char *uri, const char *name, int i)
{
	char client[64];
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
	MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
	snprintf(client, sizeof client, "%s.%d", name, i);
	snprintf(c->topic, sizeof c->topic, "stat/%s_%d/+", name, i);
	if (MQTTAsync_create(&c->handle, uri, client, MQTTCLIENT_PERSISTENCE_NONE, NULL) != MQTTASYNC_SUCCESS)
		return -1;
	MQTTAsync_setCallbacks(c->handle, NULL, NULL, on_message, NULL);
	options.keepAliveInterval = 10;
	options.cleansession = 1;
	options.onSuccess = on_connected;
	options.context = c;
	will.topicName = client;
	will.message = "OFF";
	will.qos = 1;
	options.will = &will;
	return MQTTAsync_connect(c->handle, &options) == MQTTASYNC_SUCCESS ? 0 : -1;
}

int main(int argc, char **argv)
{
	int n = argc == 4 ? atoi(argv[3]) : 0;
	struct connection *all = n > 0 ? calloc((size_t)n, sizeof *all) : NULL;
	if (!all) {
		fputs("Usage: therapy-bare-paho URI NAME CONNECTIONS\n", stderr);
		return 2;
	}
	atomic_init(&waiting, n);
	for (int i = 0; i < n; i++)
		if (begin(&all[i], argv[1], argv[2], i) != 0)
			return 1;
	for (;;)
		pause();
}
