/* SPDX-License-Identifier: Apache-2.0
 *
 * therapy-bench GATEWAY [reaction|round-trip|throughput|footprint|start]... - measures the gateway as it is built, over
 * real links, and prints one JSON object. Beside the reaction stands its floor: a thread of this program that relays
 * the same bytes between the same kinds of link, without processes, rules or protobuf, in the same run.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "world.h"

#define MAX_SAMPLES 4000u

struct samples {
	double us[MAX_SAMPLES];
	size_t n;
};

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void put_samples(const char *name, struct samples *s)
{
	if (s->n == 0)
		die("%s: nothing was measured", name);
	qsort(s->us, s->n, sizeof *s->us, by_size);
	printf("\"%s\":{\"n\":%zu,\"median_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}", name, s->n,
	       s->us[s->n / 2], s->us[s->n * 90 / 100], s->us[s->n * 99 / 100], s->us[s->n - 1]);
}

static void add(struct samples *s, uint64_t from_ns, uint64_t to_ns)
{
	if (s->n < MAX_SAMPLES)
		s->us[s->n++] = (double)(to_ns - from_ns) / 1000.0;
}

/* Waits for the next multiple of the period on the monotonic clock: a device's own rhythm. */
static void pace(uint64_t *next_ns, uint64_t period_ns)
{
	*next_ns += period_ns;
	struct timespec t = {.tv_sec = (time_t)(*next_ns / 1000000000u), .tv_nsec = (long)(*next_ns % 1000000000u)};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* ---- the floor ---- */

struct floor {
	char slave[64];
	int out;
};

static void *floor_run(void *user)
{
	struct floor *f = user;
	uint8_t bytes[1024];
	size_t used = 0;
	int in = open(f->slave, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	for (;;) {
		ssize_t n = read(in, bytes + used, sizeof bytes - used);
		if (n <= 0)
			break;
		used += (size_t)n;
		size_t at = 0;
		for (; used - at >= 11; at += 11) {
			int16_t roll = (int16_t)(bytes[at + 2] | bytes[at + 3] << 8);
			if (roll > 20 * 32768 / 180)
				(void)!send(f->out, "off", 3, MSG_NOSIGNAL);
		}
		memmove(bytes, bytes + at, used - at);
		used -= at;
	}
	close(in);
	return NULL;
}

static void measure_floor(void)
{
	static struct samples s;
	struct world w = {.n_tables = 1};
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	world_begin(&w, 1);
	if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0)
		die("floor: no listener");
	getsockname(listener, (struct sockaddr *)&address, &size);
	struct floor f = {.out = socket(AF_INET, SOCK_STREAM, 0)};
	snprintf(f.slave, sizeof f.slave, "%s", w.tables[0].slave);
	if (connect(f.out, (struct sockaddr *)&address, size) != 0)
		die("floor: no connection");
	setsockopt(f.out, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	int in = accept(listener, NULL, NULL);
	struct timeval patience = {.tv_sec = 1};
	setsockopt(in, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	pthread_t thread;
	int hold = open(f.slave, O_RDWR | O_NOCTTY); /* so that the line does not hang up while the thread comes up */
	pthread_create(&thread, NULL, floor_run, &f);
	uint64_t next = now_ns();
	for (unsigned i = 0; i < 2000; i++) {
		pace(&next, 1000000);
		bool unsafe = i % 4 == 3;
		uint64_t from = world_tilt(&w, 0, unsafe ? 30.0 : 0.0);
		char bytes[8];
		if (unsafe && recv(in, bytes, sizeof bytes, 0) <= 0)
			die("floor: an unsafe tilt was not relayed within a second");
		if (unsafe)
			add(&s, from, now_ns());
	}
	close(hold);
	world_end(&w); /* closes the line, which ends the thread */
	pthread_join(thread, NULL);
	close(in);
	close(f.out);
	close(listener);
	put_samples("floor", &s);
}

/* ---- reaction ---- */

/* One trip: asks for heat, waits until it is on, tilts, and waits until the board heard OFF, while every table goes on
 * at `period_ns`. False if the heat did not come on in 3 s. */
static bool trip(struct world *w, uint64_t *next, uint64_t period_ns, unsigned settle, struct samples *s,
		 uint64_t *frames)
{
	uint64_t ons = atomic_load(&w->board.switch_ons), offs = atomic_load(&w->board.switch_offs);
	uint64_t until = now_ns() + 3000000000u;
	world_ask_heat(w, true);
	unsigned on_for = 0;
	while (on_for < settle) {
		pace(next, period_ns);
		for (size_t i = 0; i < w->n_tables; i++, (*frames)++)
			world_tilt(w, i, 2.0);
		on_for += atomic_load(&w->board.switch_ons) > ons;
		if (now_ns() > until)
			return false;
	}
	pace(next, period_ns);
	uint64_t from = world_tilt(w, 0, 30.0);
	(*frames)++;
	while (atomic_load(&w->board.switch_offs) == offs) {
		pace(next, period_ns);
		for (size_t i = 0; i < w->n_tables; i++, (*frames)++)
			world_tilt(w, i, i == 0 ? 30.0 : 2.0);
		if (now_ns() > from + 3000000000u)
			die("no OFF within 3 s of an unsafe tilt");
	}
	add(s, from, atomic_load(&w->board.off_ns));
	for (unsigned k = 0; k < 20; k++) {
		pace(next, period_ns);
		for (size_t i = 0; i < w->n_tables; i++, (*frames)++)
			world_tilt(w, i, 2.0);
	}
	return true;
}

static void measure_reaction(const char *program)
{
	static struct samples s;
	struct world w;
	uint64_t frames = 0;
	world_begin(&w, 1);
	world_start_gateway(&w, program, 0); /* every reading goes through the rules and to the broker */
	world_wait_ready(&w);
	uint64_t next = now_ns(), until = next + 120000000000u;
	while (s.n < 500 && now_ns() < until)
		trip(&w, &next, 1000000, 40 + (unsigned)(s.n * 7 % 30), &s, &frames);
	world_end(&w);
	put_samples("reaction", &s);
	printf(",");
	measure_floor();
}

/* ---- round trip ---- */

/* From the publishing of a request to the state that shows it, both at this program's own MQTT client. The level table
 * goes on meanwhile, so that heat stays permitted. False: it was not shown within 3 s. */
static bool ask_and_see(struct world *w, bool on, uint64_t *next, struct samples *s)
{
	_Atomic uint64_t *shown = on ? &w->shown_on_ns : &w->shown_off_ns;
	uint64_t from = now_ns();
	world_ask_heat(w, on);
	while (atomic_load(shown) < from) {
		pace(next, 10000000);
		world_tilt(w, 0, 2.0);
		if (now_ns() > from + 3000000000u)
			return false;
	}
	add(s, from, atomic_load(shown));
	return true;
}

static void measure_round_trip(const char *program)
{
	static struct samples s;
	struct world w;
	world_begin(&w, 1);
	world_start_gateway(&w, program, 500);
	world_wait_ready(&w);
	uint64_t next = now_ns();
	for (unsigned i = 0; i < 200; i++, pace(&next, 10000000)) /* the connection proves itself, and heat its rest */
		world_tilt(&w, 0, 2.0);
	for (unsigned i = 0; i < 250; i++) {
		if (!ask_and_see(&w, true, &next, &s) || !ask_and_see(&w, false, &next, &s))
			die("round-trip: a request was not shown in the state within 3 s");
		for (unsigned k = 0; k < 10 + i % 7; k++, pace(&next, 10000000)) /* until its rest is proved */
			world_tilt(&w, 0, 2.0);
	}
	world_end(&w);
	put_samples("round_trip", &s);
}

/* ---- throughput ---- */

static void measure_throughput(const char *program, unsigned seconds)
{
	static struct samples s;
	struct world w;
	uint64_t frames = 0;
	world_begin(&w, 4);
	world_start_gateway(&w, program, 0);
	world_wait_ready(&w);
	/* What was sent until here is no part of it: let it arrive. */
	uint64_t before;
	do {
		before = atomic_load(&w.readings);
		usleep(300000);
	} while (before != atomic_load(&w.readings));
	atomic_store(&w.readings, 0);
	atomic_store(&w.oldest_ms, 0);
	uint64_t start = now_ns(), next = start, second = start;
	while (now_ns() < start + seconds * 1000000000ull) {
		if (now_ns() >= second) {
			second += 1000000000u;
			trip(&w, &next, 200000, 40, &s, &frames);
			continue;
		}
		pace(&next, 200000); /* 4 tables, 5,000 each */
		for (size_t i = 0; i < w.n_tables; i++, frames++)
			world_tilt(&w, i, 2.0);
	}
	double took = (double)(now_ns() - start) / 1e9;
	uint64_t deadline = now_ns() + 3000000000u;
	while (atomic_load(&w.readings) < frames && now_ns() < deadline)
		usleep(10000);
	printf("\"throughput\":{\"seconds\":%.1f,\"frames_made\":%llu,\"readings_published\":%llu,\"lost\":%lld,"
	       "\"per_second\":%.0f,\"oldest_reading_in_batch_ms\":%llu,",
	       took, (unsigned long long)frames, (unsigned long long)atomic_load(&w.readings),
	       (long long)frames - (long long)atomic_load(&w.readings), (double)frames / took,
	       (unsigned long long)atomic_load(&w.oldest_ms));
	world_end(&w);
	put_samples("trips", &s);
	printf("}");
}

/* ---- footprint ---- */

struct cost {
	double cpu_s;
	unsigned long pss_kb, private_kb;
	unsigned processes;
};

static void add_process(int pid, struct cost *cost)
{
	char path[64], line[512];
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return;
	unsigned long user = 0, system = 0;
	if (fgets(line, sizeof line, f)) {
		const char *after = strrchr(line, ')');
		if (after &&
		    sscanf(after + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2)
			cost->cpu_s += (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
	}
	fclose(f);
	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
	f = fopen(path, "re");
	unsigned long kb;
	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "Pss: %lu kB", &kb) == 1)
			cost->pss_kb += kb;
		if (sscanf(line, "Private_Dirty: %lu kB", &kb) == 1 || sscanf(line, "Private_Clean: %lu kB", &kb) == 1)
			cost->private_kb += kb;
	}
	if (f)
		fclose(f);
	cost->processes++;
}

static int parent_of(int pid)
{
	char path[64], line[512];
	int parent = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	if (fgets(line, sizeof line, f)) {
		const char *after = strrchr(line, ')');
		if (!after || sscanf(after + 2, "%*c %d", &parent) != 1)
			parent = 0;
	}
	fclose(f);
	return parent;
}

static struct cost family_cost(pid_t gateway)
{
	struct cost cost = {0};
	add_process(gateway, &cost);
	DIR *proc = opendir("/proc");
	for (struct dirent *e; proc && (e = readdir(proc));) {
		int pid = atoi(e->d_name);
		if (pid > 0 && parent_of(pid) == gateway)
			add_process(pid, &cost);
	}
	if (proc)
		closedir(proc);
	return cost;
}

static void measure_footprint(const char *program, unsigned seconds)
{
	struct world w;
	world_begin(&w, 2);
	world_start_gateway(&w, program, 500);
	world_wait_ready(&w);
	struct cost before = family_cost(w.gateway);
	uint64_t next = now_ns(), start = next, readings = 0;
	while (now_ns() < start + seconds * 1000000000ull) {
		pace(&next, 100000000); /* two tables at 10 Hz: 20 readings/s, the board's 3 metrics at 10 Hz: 30 */
		for (size_t i = 0; i < w.n_tables; i++, readings++)
			world_tilt(&w, i, 2.0 + (double)(readings % 7));
	}
	struct cost after = family_cost(w.gateway);
	double took = (double)(now_ns() - start) / 1e9;
	printf("\"footprint\":{\"processes\":%u,\"pss_kb\":%lu,\"private_kb\":%lu,\"readings_per_s\":%.0f,"
	       "\"cpu_percent_of_a_core\":%.2f,\"seconds\":%.0f}",
	       after.processes, after.pss_kb, after.private_kb, (double)readings / took + 30.0,
	       100.0 * (after.cpu_s - before.cpu_s) / took, took);
	world_end(&w);
}

/* ---- start ---- */

static void measure_start(const char *program, unsigned runs)
{
	static struct samples tried, rested;
	for (unsigned i = 0; i < runs; i++) {
		struct world w;
		world_begin(&w, 1);
		world_start_gateway(&w, program, 500);
		uint64_t until = now_ns() + 5000000000u;
		while (!atomic_load(&w.board.first_rest_ns) && now_ns() < until)
			usleep(500);
		if (!atomic_load(&w.board.first_rest_ns))
			die("the board was not told to rest within 5 s");
		add(&tried, w.gateway_started_ns, atomic_load(&w.board.accepted_ns));
		add(&rested, atomic_load(&w.board.accepted_ns), atomic_load(&w.board.first_rest_ns));
		world_end(&w);
	}
	put_samples("start_to_link_tried", &tried);
	printf(",");
	put_samples("link_up_to_told_to_rest", &rested);
}

int main(int argc, char **argv)
{
	static char *all[] = {"reaction", "round-trip", "throughput", "footprint", "start"};
	if (argc < 2 || access(argv[1], X_OK) != 0) {
		fprintf(stderr, "usage: therapy-bench GATEWAY [reaction|round-trip|throughput|footprint|start]...\n"
				"  GATEWAY is the program to measure, build/release/gateway/therapy-gateway\n");
		return 2;
	}
	char **what = argc > 2 ? argv + 2 : all;
	int n = argc > 2 ? argc - 2 : (int)(sizeof all / sizeof *all);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("{");
	for (int i = 0; i < n; i++) {
		if (i)
			printf(",\n");
		if (strcmp(what[i], "reaction") == 0)
			measure_reaction(argv[1]);
		else if (strcmp(what[i], "round-trip") == 0)
			measure_round_trip(argv[1]);
		else if (strcmp(what[i], "throughput") == 0)
			measure_throughput(argv[1], 20);
		else if (strcmp(what[i], "footprint") == 0)
			measure_footprint(argv[1], 30);
		else if (strcmp(what[i], "start") == 0)
			measure_start(argv[1], 20);
		else
			die("'%s' is none of reaction, round-trip, throughput, footprint, start", what[i]);
	}
	printf("}\n");
	return 0;
}
