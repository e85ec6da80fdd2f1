/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/poke.h"

#include <MQTTAsync.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/tune.h"

static struct {
	pthread_mutex_t lock;
	bool made;
	MQTTAsync handle;
	int listener, peer; /* our end; -1: not (yet, any more) there */
	uint16_t port;
} poke = {.lock = PTHREAD_MUTEX_INITIALIZER, .listener = -1, .peer = -1};

static int listen_on_loopback(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 1) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &size) != 0) {
		close(fd);
		return -1;
	}
	*port = ntohs(a.sin_port);
	return fd;
}

static bool begin_connect(uint16_t port)
{
	char uri[32];
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
	options.keepAliveInterval = 0;
	options.cleansession = 1;
	options.MQTTVersion = MQTTVERSION_3_1_1;
	snprintf(uri, sizeof uri, "tcp://127.0.0.1:%u", port);
	return MQTTAsync_create(&poke.handle, uri, "poke", MQTTCLIENT_PERSISTENCE_NONE, NULL) == MQTTASYNC_SUCCESS &&
	       MQTTAsync_connect(poke.handle, &options) == MQTTASYNC_SUCCESS;
}

/* With the lock. */
static bool listens(void)
{
	if (poke.listener < 0 && !poke.made)
		poke.listener = listen_on_loopback(&poke.port);
	return poke.listener >= 0;
}

bool poke_listen(uint16_t *port)
{
	pthread_mutex_lock(&poke.lock);
	bool ok = listens();
	if (ok)
		*port = poke.port;
	pthread_mutex_unlock(&poke.lock);
	return ok;
}

void poke_init(void)
{
	pthread_mutex_lock(&poke.lock);
	if (!poke.made) {
		bool listening = listens();
		poke.made = true;
		if (listening && !begin_connect(poke.port)) {
			close(poke.listener);
			poke.listener = -1;
		}
	}
	pthread_mutex_unlock(&poke.lock);
}

/* The first poke accepts the connection and greets it; the greeting may come before its CONNECT was even read. */
static void greet(void)
{
	static const unsigned char connack[] = {0x20, 2, 0, 0};
	int on = 1;
	struct sockaddr_storage ours = {0};
	socklen_t size = sizeof ours;
	poke.peer = accept4(poke.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (poke.peer < 0)
		return;
	close(poke.listener);
	poke.listener = -1;
	if (getsockname(poke.peer, (struct sockaddr *)&ours, &size) == 0)
		tune_close_on_exec(&ours); /* Paho opens its end without */
	(void)setsockopt(poke.peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)send(poke.peer, connack, sizeof connack, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void drain(void)
{
	char rest[512];
	while (recv(poke.peer, rest, sizeof rest, MSG_DONTWAIT) > 0)
		;
}

void poke_receiver(void)
{
	static const unsigned char pingresp[] = {0xD0, 0};
	pthread_mutex_lock(&poke.lock);
	if (poke.peer < 0 && poke.listener >= 0) {
		greet();
	} else if (poke.peer >= 0) {
		drain();
		/* If it does not fit, enough pokes are waiting already. */
		(void)send(poke.peer, pingresp, sizeof pingresp, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	pthread_mutex_unlock(&poke.lock);
}

void poke_sender(void)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	pthread_mutex_lock(&poke.lock);
	MQTTAsync handle = poke.peer >= 0 ? poke.handle : NULL;
	if (handle)
		drain();
	pthread_mutex_unlock(&poke.lock);
	if (handle)
		(void)MQTTAsync_send(handle, "p", 0, "", 0, 0, &options);
}
