/* SPDX-License-Identifier: Apache-2.0
 *
 * therapy-program-bench - what one frame costs when the plugin is a program, as one JSON object: from `decode` being
 * called to its readings being there. `python` is plugins/examples/infrared_lamp.py; `c` a program in C that does the
 * same, which is the floor of two processes that talk protobuf; `start` is from fork to a table that was checked and a
 * first init.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "program/program.h"

enum { FRAMES = 20000, WARM = 500, STARTS = 10 };

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void put(const char *name, uint64_t *ns, size_t n)
{
	const size_t half = n / 2, most = n * 9 / 10, nearly_all = n * 99 / 100;
	qsort(ns, n, sizeof *ns, by_size);
	printf("\"%s\":{\"n\":%zu,\"median_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}", name, n,
	       (double)ns[half] / 1e3, (double)ns[most] / 1e3, (double)ns[nearly_all] / 1e3, (double)ns[n - 1] / 1e3);
}

static struct program *start(const char *path, void *state)
{
	static const struct therapy_value values[8];
	char text[1024];
	struct str why;
	struct program *p = NULL;
	str_init(&why, text, sizeof text);
	struct program_config config = {.path = path};
	if (program_start(&config, &p, &why) != 0) {
		fprintf(stderr, "%s\n", text);
		exit(1);
	}
	const struct therapy_model *m = program_plugin(p)->models;
	if (m->init_row(state, m, values, 1) != 0) {
		fprintf(stderr, "%s\n", program_fault(p));
		exit(1);
	}
	return p;
}

/* Private memory in kB, as the kernel counts it. */
static long private_kb(pid_t pid)
{
	char path[64], line[128];
	long sum = 0, kb;
	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	FILE *from = fopen(path, "r");
	while (from && fgets(line, sizeof line, from))
		if (sscanf(line, "Private_Clean: %ld", &kb) == 1 || sscanf(line, "Private_Dirty: %ld", &kb) == 1)
			sum += kb;
	if (from)
		fclose(from);
	return sum;
}

static void frames(const char *name, const char *path, const char *line)
{
	static uint64_t took[FRAMES];
	uint64_t state[8] = {0}, starts[STARTS];
	struct program *p = NULL;
	for (size_t i = 0; i < STARTS; i++) {
		program_free(p);
		uint64_t begin = now_ns();
		p = start(path, state);
		starts[i] = now_ns() - begin;
	}
	struct therapy_reading readings[8];
	const struct therapy_model *m = program_plugin(p)->models;
	struct therapy_message message = {.data = (const uint8_t *)line, .size = strlen(line)};
	for (size_t i = 0; i < FRAMES + WARM; i++) {
		struct therapy_out out = {.readings = readings, .max_readings = 8};
		program_turn(p);
		uint64_t begin = now_ns();
		if (m->decode(state, &message, &out) != THERAPY_OK || out.n_readings != 2) {
			fprintf(stderr, "%s: %s\n", path, program_fault(p) ? program_fault(p) : "it read nothing");
			exit(1);
		}
		if (i >= WARM)
			took[i - WARM] = now_ns() - begin;
	}
	printf("\"%s\":{", name);
	put("frame", took, FRAMES);
	printf(",");
	put("start", starts, STARTS);
	printf(",\"private_kb\":%ld}", private_kb(program_pid(p)));
	program_free(p);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s PROGRAM_IN_C PROGRAM_IN_PYTHON\n", argv[0]);
		return 2;
	}
	printf("{");
	frames("c", argv[1], "1 31.5\n");
	printf(",");
	frames("python", argv[2], "31.5 1\n");
	printf("}\n");
	return 0;
}
