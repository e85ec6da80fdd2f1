/* SPDX-License-Identifier: Apache-2.0
 * A device process for the supervisor's tests: speaks its wires by blocking reads and misbehaves as the id of the
 * device on each says.
 */
#include <dirent.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "therapy/v1/wire.pb-c.h"

#define WIRES_MAX 8

static int wires, at; /* how many; the descriptor of the one that is spoken on */
static char ids[WIRES_MAX][32];
static bool left[WIRES_MAX];

static void say(const Therapy__V1__FromDevice *m)
{
	uint8_t bytes[4096];
	size_t n = therapy__v1__from_device__pack(m, bytes + 4);
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(n >> (8 * i));
	if (write(at, bytes, n + 4) != (ssize_t)(n + 4))
		_exit(1);
}

static void describe(char *id, unsigned generation)
{
	Therapy__V1__DeviceDescription d = THERAPY__V1__DEVICE_DESCRIPTION__INIT;
	Therapy__V1__FromDevice m = THERAPY__V1__FROM_DEVICE__INIT;
	d.device_id = id;
	if (strcmp(id, "poses") == 0) {
		static char other[] = "pad";
		d.device_id = other;
	}
	if (strcmp(id, "changed") == 0)
		d.baud = generation;
	m.body_case = THERAPY__V1__FROM_DEVICE__BODY_DESCRIPTION;
	m.description = &d;
	say(&m);
}

/* Readings whose numbers leave out 2 to 4. */
static void count_badly(void)
{
	for (uint64_t sequence = 1; sequence <= 5; sequence += 4) {
		Therapy__V1__Reading reading = THERAPY__V1__READING__INIT, *one = &reading;
		Therapy__V1__ReadingBatch batch = THERAPY__V1__READING_BATCH__INIT;
		Therapy__V1__FromDevice m = THERAPY__V1__FROM_DEVICE__INIT;
		batch.first_sequence = sequence;
		batch.n_readings = 1;
		batch.readings = &one;
		m.body_case = THERAPY__V1__FROM_DEVICE__BODY_READINGS;
		m.readings = &batch;
		say(&m);
	}
}

/* The broker keeps a command for it. */
static void keep(void)
{
	char topic[] = "cmnd/pad/POWER", payload[] = "ON";
	Therapy__V1__KeptCommand kept = THERAPY__V1__KEPT_COMMAND__INIT;
	Therapy__V1__FromDevice m = THERAPY__V1__FROM_DEVICE__INIT;
	kept.channel = 3;
	kept.topic = topic;
	kept.payload = payload;
	kept.cleared = 1;
	m.body_case = THERAPY__V1__FROM_DEVICE__BODY_KEPT;
	m.kept = &kept;
	say(&m);
}

/* Counts with a field that this version does not know, as one of a later version would. */
static void count_more(void)
{
	uint8_t later[] = {42};
	ProtobufCMessageUnknownField field = {
	    .tag = 500, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = sizeof later, .data = later};
	Therapy__V1__DeviceCounters counters = THERAPY__V1__DEVICE_COUNTERS__INIT;
	Therapy__V1__FromDevice m = THERAPY__V1__FROM_DEVICE__INIT;
	counters.frames = 7;
	counters.base.n_unknown_fields = 1;
	counters.base.unknown_fields = &field;
	m.body_case = THERAPY__V1__FROM_DEVICE__BODY_COUNTERS;
	m.counters = &counters;
	say(&m);
}

/* Its plugin cannot be used: it is over with this device, and ends if it has no other. */
static void give_up(void)
{
	char text[] = "no such plugin";
	Therapy__V1__Failure failure = THERAPY__V1__FAILURE__INIT;
	Therapy__V1__FromDevice out = THERAPY__V1__FROM_DEVICE__INIT;
	failure.text = text;
	out.body_case = THERAPY__V1__FROM_DEVICE__BODY_FAILURE;
	out.failure = &failure;
	say(&out);
	if (wires == 1)
		_exit(3);
	left[at - 3] = true;
	close(at);
}

/* Says, as a link state, which descriptors it has: "0 1 2 3 "; up if they are these and one for each further wire. */
static void list_descriptors(void)
{
	char text[256] = "", expected[256] = "";
	size_t size = 0, n = 0;
	for (int fd = 0; fd < 3 + wires; fd++)
		if (fd < 3 || !left[fd - 3])
			n += (size_t)snprintf(expected + n, sizeof expected - n, "%d ", fd);
	DIR *dir = opendir("/proc/self/fd");
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(dir) && size < sizeof text)
			size += (size_t)snprintf(text + size, sizeof text - size, "%.16s ", e->d_name);
	if (dir)
		closedir(dir);
	Therapy__V1__LinkState state = THERAPY__V1__LINK_STATE__INIT;
	Therapy__V1__FromDevice m = THERAPY__V1__FROM_DEVICE__INIT;
	state.why = text;
	state.up = strcmp(text, expected) == 0;
	m.body_case = THERAPY__V1__FROM_DEVICE__BODY_LINK;
	m.link = &state;
	say(&m);
}

/* A piece of what goes over its link; nothing before it was asked for. */
static void show_traffic(void)
{
	char address[] = "stat/pad/POWER";
	uint8_t bytes[] = {0x4F, 0x4E};
	Therapy__V1__Traffic traffic = THERAPY__V1__TRAFFIC__INIT;
	Therapy__V1__FromDevice m = THERAPY__V1__FROM_DEVICE__INIT;
	traffic.monotonic_ms = 77;
	traffic.address = address;
	traffic.data = (ProtobufCBinaryData){sizeof bytes, bytes};
	m.body_case = THERAPY__V1__FROM_DEVICE__BODY_TRAFFIC;
	m.traffic = &traffic;
	say(&m);
}

static void on_message(char *id, const Therapy__V1__ToDevice *m)
{
	switch (m->body_case) {
	case THERAPY__V1__TO_DEVICE__BODY_SETUP:
		if (strcmp(id, "refuses") == 0 || (strcmp(id, "lapses") == 0 && m->setup->generation > 1)) {
			give_up();
			return;
		}
		if (strcmp(id, "dies-early") == 0)
			abort();
		describe(id, m->setup->generation);
		if (strcmp(id, "counts-badly") == 0)
			count_badly();
		if (strcmp(id, "keeps") == 0)
			keep();
		if (strcmp(id, "counts-more") == 0)
			count_more();
		break;
	case THERAPY__V1__TO_DEVICE__BODY_OPEN:
		if (strcmp(id, "crashes") == 0 || strcmp(id, "changed") == 0 || strcmp(id, "lapses") == 0)
			abort();
		list_descriptors();
		break;
	case THERAPY__V1__TO_DEVICE__BODY_PING: {
		Therapy__V1__Pong pong = THERAPY__V1__PONG__INIT;
		Therapy__V1__FromDevice out = THERAPY__V1__FROM_DEVICE__INIT;
		if (strcmp(id, "mute") == 0)
			return;
		if (strcmp(id, "counts-more") == 0)
			_exit(1); /* what it said has been read by now; a wire that ends is dropped */
		pong.nonce = m->ping->nonce;
		out.body_case = THERAPY__V1__FROM_DEVICE__BODY_PONG;
		out.pong = &pong;
		say(&out);
		break;
	}
	case THERAPY__V1__TO_DEVICE__BODY_RECORD:
		if (strcmp(id, "records") == 0 && m->record->on)
			show_traffic();
		break;
	case THERAPY__V1__TO_DEVICE__BODY_LEASE:
		if (strcmp(id, "records") == 0)
			_exit(1);
		break;
	case THERAPY__V1__TO_DEVICE__BODY_REST:
	case THERAPY__V1__TO_DEVICE__BODY__NOT_SET:
	default:
		break;
	}
}

static int take(uint8_t *to, size_t size)
{
	for (size_t n = 0; n < size;) {
		ssize_t r = read(at, to + n, size - n);
		if (r <= 0)
			return -1;
		n += (size_t)r;
	}
	return 0;
}

/* One message of the wire `at`. False: it has ended. */
static bool hear(void)
{
	static uint8_t bytes[65536];
	uint8_t p[4];
	char *id = ids[at - 3];
	if (take(p, 4) != 0)
		return false;
	size_t size = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;
	if (size > sizeof bytes || take(bytes, size) != 0)
		_exit(1);
	Therapy__V1__ToDevice *m = therapy__v1__to_device__unpack(NULL, size, bytes);
	if (!m)
		_exit(1);
	if (m->body_case == THERAPY__V1__TO_DEVICE__BODY_SETUP)
		snprintf(id, sizeof ids[0], "%s", m->setup->device_id);
	on_message(id, m);
	therapy__v1__to_device__free_unpacked(m, NULL);
	return true;
}

int main(int argc, char **argv)
{
	struct pollfd fds[WIRES_MAX];
	wires = argc == 4 ? atoi(argv[3]) : 0;
	if (wires < 1 || wires > WIRES_MAX)
		return 2;
	/* the gateway's ends are non-blocking; these are descriptions of their own */
	for (int open = wires; open > 0;) {
		for (int i = 0; i < wires; i++)
			fds[i] = (struct pollfd){.fd = left[i] ? -1 : 3 + i, .events = POLLIN};
		if (poll(fds, (nfds_t)wires, -1) < 0)
			return 1;
		open = 0;
		for (int i = 0; i < wires; i++) {
			at = 3 + i;
			if (fds[i].revents && !left[i] && !hear()) {
				left[i] = true;
				close(at);
			}
			open += !left[i];
		}
	}
	return 0;
}
