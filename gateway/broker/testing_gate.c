/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/testing_gate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/testing.h"

#define PAIRS 16u

struct pair {
	int near, far;
};

static int dial(uint16_t port)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Its CONNECT comes in one piece. The level stands behind the fixed header and the name "MQTT". */
static int level(const uint8_t *packet, ssize_t size)
{
	size_t at = 1;
	while (at < 5 && (packet[at] & 0x80))
		at++;
	return size > (ssize_t)at + 7 ? packet[at + 7] : 0;
}

/* Lets one in, or not. */
static void admit(struct testing_gate *gate, struct pair *pair)
{
	static const uint8_t says_1[] = {0x20, 2, 0, 1}, says_84[] = {0x20, 3, 0, 0x84, 0};
	uint8_t packet[2048];
	enum testing_gate_manner manner = atomic_load(&gate->manner);
	int fd = accept4(gate->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t size = read(fd, packet, sizeof packet);
	bool five = size > 0 && level(packet, size) == 5;
	if (manner == GATE_SHUT || (five && manner != GATE_OPEN)) {
		if (manner == GATE_SAYS_1)
			(void)!write(fd, says_1, sizeof says_1);
		if (manner == GATE_SAYS_0x84)
			(void)!write(fd, says_84, sizeof says_84);
		close(fd);
		atomic_fetch_add(&gate->refused, 1);
		atomic_fetch_add(&gate->refused5, five);
		return;
	}
	pair->near = fd;
	pair->far = dial(gate->upstream);
	if (pair->far < 0 || write(pair->far, packet, (size_t)size) != size) {
		close(pair->near);
		if (pair->far >= 0)
			close(pair->far);
		pair->near = -1;
	}
}

/* False: one end has gone. */
static bool pass(int from, int to)
{
	uint8_t bytes[65536];
	ssize_t n = read(from, bytes, sizeof bytes);
	return n > 0 && write(to, bytes, (size_t)n) == n;
}

static void run(void *user)
{
	struct testing_gate *gate = user;
	struct pair pairs[PAIRS];
	for (size_t i = 0; i < PAIRS; i++)
		pairs[i].near = pairs[i].far = -1;
	for (;;) {
		struct pollfd fds[2 + 2 * PAIRS] = {{.fd = gate->stop[0], .events = POLLIN},
						    {.fd = gate->listener, .events = POLLIN}};
		size_t vacant = PAIRS;
		for (size_t i = 0; i < PAIRS; i++) {
			bool used = pairs[i].near >= 0;
			fds[2 + 2 * i] = (struct pollfd){.fd = used ? pairs[i].near : -1, .events = POLLIN};
			fds[3 + 2 * i] = (struct pollfd){.fd = used ? pairs[i].far : -1, .events = POLLIN};
			vacant = used ? vacant : i;
		}
		poll(fds, 2 + 2 * PAIRS, -1);
		if (fds[0].revents)
			break;
		for (size_t i = 0; i < PAIRS; i++) {
			bool lost = (fds[2 + 2 * i].revents && !pass(pairs[i].near, pairs[i].far)) ||
				    (fds[3 + 2 * i].revents && !pass(pairs[i].far, pairs[i].near));
			if (lost) {
				close(pairs[i].near);
				close(pairs[i].far);
				pairs[i].near = pairs[i].far = -1;
			}
		}
		if (fds[1].revents && vacant < PAIRS)
			admit(gate, &pairs[vacant]);
	}
	for (size_t i = 0; i < PAIRS; i++)
		if (pairs[i].near >= 0) {
			close(pairs[i].near);
			close(pairs[i].far);
		}
}

void testing_gate_start(struct testing_gate *gate, enum testing_gate_manner manner, uint16_t upstream)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof a;
	*gate = (struct testing_gate){.upstream = upstream};
	atomic_store(&gate->manner, manner);
	gate->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(gate->listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(gate->listener, 8), 0);
	assert_int_equal(getsockname(gate->listener, (struct sockaddr *)&a, &size), 0);
	snprintf(gate->url, sizeof gate->url, "mqtt://127.0.0.1:%u", ntohs(a.sin_port));
	assert_int_equal(pipe(gate->stop), 0);
	assert_int_equal(uv_thread_create(&gate->thread, run, gate), 0);
}

void testing_gate_stop(struct testing_gate *gate)
{
	assert_int_equal(write(gate->stop[1], "", 1), 1);
	uv_thread_join(&gate->thread);
	close(gate->stop[0]);
	close(gate->stop[1]);
	close(gate->listener);
}
