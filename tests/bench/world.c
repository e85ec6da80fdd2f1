/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <mosquitto.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "sim/firmware.h"
#include "therapy/v1/reading.pb-c.h"

#define REPORT_MS 100

void die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t boot_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static int listen_free(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 1) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		die("cannot listen on loopback: %s", strerror(errno));
	*port = ntohs(address.sin_port);
	return fd;
}

/* ---- the heat board ---- */

static void board_send(struct board *b, uint8_t type, const uint8_t *body, size_t size)
{
	struct firmware_packet packet = {.type = type, .seq = b->seq++, .size = (uint8_t)size};
	uint8_t frame[FIRMWARE_FRAME_MAX];
	memcpy(packet.body, body, size);
	size_t n = firmware_encode(&packet, frame);
	if (send(b->fd, frame, n, MSG_NOSIGNAL) != (ssize_t)n)
		atomic_store(&b->stop, true);
}

static void board_report(struct board *b)
{
	uint8_t body[5 + 3 * 5];
	int32_t values[3] = {36000, atomic_load(&b->relay) ? 50000 : 0, atomic_load(&b->relay) ? 1000 : 0};
	firmware_put32(body, (uint32_t)boot_ms());
	body[4] = 3;
	for (unsigned i = 0; i < 3; i++) {
		body[5 + i * 5] = (uint8_t)(i + 1);
		firmware_put32(body + 6 + i * 5, (uint32_t)values[i]);
	}
	board_send(b, FIRMWARE_REPORT, body, sizeof body);
}

static void board_packet(struct board *b, const struct firmware_packet *p, uint64_t at_ns)
{
	static const uint8_t info[] = {1, 1, REPORT_MS, 0, 0x88, 0x13, 'b', 'e', 'n', 'c', 'h'};
	uint8_t ack[2] = {p->seq, FIRMWARE_DONE};
	switch (p->type) {
	case FIRMWARE_HELLO:
		board_send(b, FIRMWARE_INFO, info, sizeof info);
		return;
	case FIRMWARE_QUERY:
		board_report(b);
		return;
	case FIRMWARE_SET:
		if (!atomic_exchange(&b->relay, firmware_get32(p->body + 1) > 0))
			atomic_fetch_add(&b->switch_ons, 1);
		break;
	case FIRMWARE_REST:
	case FIRMWARE_STOP:
		if (!atomic_load(&b->first_rest_ns))
			atomic_store(&b->first_rest_ns, at_ns);
		if (atomic_load(&b->relay)) {
			atomic_store(&b->off_ns, at_ns);
			atomic_store(&b->relay, false);
			atomic_fetch_add(&b->switch_offs, 1);
		}
		break;
	default:
		break;
	}
	board_send(b, FIRMWARE_ACK, ack, sizeof ack);
	if (p->type != FIRMWARE_KEEPALIVE)
		board_report(b);
}

static void *board_run(void *user)
{
	struct board *b = user;
	uint8_t frame[FIRMWARE_FRAME_MAX];
	size_t used = 0;
	b->fd = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
	if (b->fd < 0)
		return NULL;
	atomic_store(&b->accepted_ns, now_ns());
	int one = 1;
	setsockopt(b->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	uint64_t report_ns = now_ns();
	while (!atomic_load(&b->stop)) {
		uint64_t now = now_ns();
		if (now >= report_ns) {
			board_report(b);
			report_ns = now + REPORT_MS * 1000000u;
		}
		struct pollfd p = {.fd = b->fd, .events = POLLIN};
		if (poll(&p, 1, (int)((report_ns - now) / 1000000u) + 1) <= 0)
			continue;
		uint8_t bytes[512];
		ssize_t n = recv(b->fd, bytes, sizeof bytes, 0);
		uint64_t at_ns = now_ns();
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++) {
			struct firmware_packet packet;
			if (bytes[i] != 0) {
				frame[used] = bytes[i];
				used = used + 1 < sizeof frame ? used + 1 : 0;
				continue;
			}
			if (used && firmware_decode(frame, used, &packet) == 0)
				board_packet(b, &packet, at_ns);
			used = 0;
		}
	}
	close(b->fd);
	return NULL;
}

/* ---- the inclinometers ---- */

static void open_table(struct table *t)
{
	int slave;
	struct termios raw;
	if (openpty(&t->master, &slave, t->slave, NULL, NULL) != 0)
		die("openpty: %s", strerror(errno));
	tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	close(slave);
}

uint64_t world_tilt(struct world *w, size_t i, double tilt_deg)
{
	int16_t roll = (int16_t)(tilt_deg * 32768.0 / 180.0);
	uint8_t f[11] = {0x55, 0x53, (uint8_t)roll, (uint8_t)((uint16_t)roll >> 8), 0, 0, 0, 0, 0x65, 0x46, 0};
	for (unsigned k = 0; k < 10; k++)
		f[10] = (uint8_t)(f[10] + f[k]);
	uint64_t at = now_ns();
	if (write(w->tables[i].master, f, sizeof f) != (ssize_t)sizeof f)
		die("table %zu does not take its frame: %s", i, strerror(errno));
	return at;
}

/* ---- the broker and the independent client ---- */

static void on_state(struct world *w, const char *json)
{
	uint64_t now = now_ns();
	bool on = strstr(json, "\"heat\":\"ON\"");
	if (on != (atomic_load(&w->shown_on_ns) > atomic_load(&w->shown_off_ns)))
		atomic_store(on ? &w->shown_on_ns : &w->shown_off_ns, now);
}

/* Brokers leave Nagle's algorithm on: whoever does not acknowledge at once waits 40 ms for the next small message, and
 * would measure its own delay. */
static void acknowledge_at_once(struct mosquitto *client)
{
	int one = 1;
	setsockopt(mosquitto_socket(client), IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

static void on_message(struct mosquitto *client, void *user, const struct mosquitto_message *m)
{
	struct world *w = user;
	acknowledge_at_once(client);
	if (strcmp(m->topic, "therapy/bench/pad/state") == 0) {
		on_state(w, m->payloadlen > 0 ? (const char *)m->payload : ""); /* libmosquitto ends it with a NUL */
		return;
	}
	Therapy__V1__ReadingBatch *batch = therapy__v1__reading_batch__unpack(NULL, (size_t)m->payloadlen, m->payload);
	if (!batch)
		return;
	atomic_fetch_add(&w->batches, 1);
	for (size_t i = 0; i < batch->n_readings; i++)
		if (strcmp(batch->readings[i]->key, "tilt") == 0)
			atomic_fetch_add(&w->readings, 1);
	if (batch->n_readings) {
		uint64_t now = boot_ms(), age = now - batch->readings[0]->monotonic_ms;
		if (now > batch->readings[0]->monotonic_ms && age > atomic_load(&w->oldest_ms))
			atomic_store(&w->oldest_ms, age);
	}
	therapy__v1__reading_batch__free_unpacked(batch, NULL);
}

static void start_broker(struct world *w)
{
	char path[128], port[16];
	int fd = listen_free(&w->broker_port);
	close(fd);
	snprintf(path, sizeof path, "%s/mosquitto.conf", w->dir);
	FILE *f = fopen(path, "we");
	if (!f)
		die("%s: %s", path, strerror(errno));
	/* as Debian's default listens, with its Nagle: nobody tunes a broker */
	fprintf(f, "listener %u 127.0.0.1\nallow_anonymous true\nlog_type error\nmax_queued_messages 0\n",
		w->broker_port);
	fclose(f);
	snprintf(port, sizeof port, "%u", w->broker_port);
	w->broker = fork();
	if (w->broker == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/usr/sbin/mosquitto", "mosquitto", "-c", path, (char *)NULL);
		_exit(127);
	}
	mosquitto_lib_init();
	w->client = mosquitto_new("bench", true, w);
	mosquitto_int_option(w->client, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_message_callback_set(w->client, on_message);
	uint64_t until = now_ns() + 5000000000u;
	while (mosquitto_connect(w->client, "127.0.0.1", w->broker_port, 60) != MOSQ_ERR_SUCCESS) {
		if (now_ns() > until)
			die("mosquitto does not listen on port %u (is Debian's package mosquitto installed?)",
			    w->broker_port);
		usleep(5000);
	}
	mosquitto_subscribe(w->client, NULL, "therapy/bench/+/telemetry", 0);
	mosquitto_subscribe(w->client, NULL, "therapy/bench/pad/state", 0);
	mosquitto_loop_start(w->client);
}

void world_begin(struct world *w, size_t n_tables)
{
	memset(w, 0, sizeof *w);
	strcpy(w->dir, "/tmp/therapy-bench-XXXXXX");
	if (!mkdtemp(w->dir))
		die("mkdtemp: %s", strerror(errno));
	w->n_tables = n_tables;
	for (size_t i = 0; i < n_tables; i++)
		open_table(&w->tables[i]);
	w->board.listener = listen_free(&w->board.port);
	if (pthread_create(&w->board.thread, NULL, board_run, &w->board) != 0)
		die("no thread");
	start_broker(w);
}

void world_start_gateway(struct world *w, const char *program, unsigned quiet_ms)
{
	char path[128];
	snprintf(path, sizeof path, "%s/bench.cfg", w->dir);
	FILE *f = fopen(path, "we");
	if (!f)
		die("%s: %s", path, strerror(errno));
	fprintf(f,
		"gateway = { id = \"bench\"; log = \"error\"; quiet = \"%u ms\"; state_dir = \"memory\"; };\n"
		"mqtt = { url = \"mqtt://127.0.0.1:%u\"; };\n"
		"devices = (\n"
		"  { id = \"pad\"; plugin = \"heat_pad\"; model = \"firmware\"; link = \"tcp://127.0.0.1:%u\";\n"
		"    accept_no_device_timer = true; }", /* the way is measured, not the device */
		quiet_ms, w->broker_port, w->board.port);
	for (size_t i = 0; i < w->n_tables; i++)
		fprintf(
		    f,
		    ",\n  { id = \"table%zu\"; plugin = \"inversion_table\"; model = \"wt901\"; link = \"serial:%s\";\n"
		    "    options = { sign = \"normal\"; }; }",
		    i, w->tables[i].slave);
	fprintf(f, "\n);\n"
		   "rules = (\n"
		   "  { id = \"no-heat-during-inversion\"; hazard = 11; permits = [\"kind:heat\"];\n"
		   "    only_while = \"all inversion.tilt <= 10 deg\"; max_age = \"5 s\"; grace = \"1 s\";\n"
		   "    hard = \"all inversion.tilt <= 20 deg\"; rearms = \"all inversion.tilt <= 8 deg\"; priority = "
		   "\"high\";\n"
		   "    because = \"A hanging person cannot move away from heat.\"; }\n"
		   ");\n");
	fclose(f);
	w->gateway_started_ns = now_ns();
	w->gateway = fork();
	if (w->gateway == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execl(program, "therapy-gateway", "run", "-c", path, (char *)NULL);
		_exit(127);
	}
}

void world_wait_ready(struct world *w)
{
	uint64_t until = now_ns() + 10000000000u;
	while (!atomic_load(&w->board.first_rest_ns) || !atomic_load(&w->batches)) {
		if (now_ns() > until || waitpid(w->gateway, NULL, WNOHANG) == w->gateway)
			die("the gateway did not come up");
		for (size_t i = 0; i < w->n_tables; i++)
			world_tilt(w, i, 0.0);
		usleep(10000);
	}
}

void world_ask_heat(struct world *w, bool on)
{
	const char *text = on ? "ON" : "OFF";
	mosquitto_publish(w->client, NULL, "therapy/bench/pad/set/heat", (int)strlen(text), text, 0, false);
}

static void end_process(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

void world_end(struct world *w)
{
	end_process(w->gateway);
	atomic_store(&w->board.stop, true);
	shutdown(w->board.listener, SHUT_RDWR);
	pthread_join(w->board.thread, NULL);
	close(w->board.listener);
	mosquitto_disconnect(w->client);
	mosquitto_loop_stop(w->client, false);
	mosquitto_destroy(w->client);
	mosquitto_lib_cleanup();
	end_process(w->broker);
	for (size_t i = 0; i < w->n_tables; i++)
		close(w->tables[i].master);
	const char *names[] = {"bench.cfg",    "mosquitto.conf", "memory/bench/state", "memory/bench/state.previous",
			       "memory/bench", "memory"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/%s", w->dir, names[i]);
		remove(path);
	}
	rmdir(w->dir);
}
