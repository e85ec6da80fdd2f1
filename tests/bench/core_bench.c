/* SPDX-License-Identifier: Apache-2.0
 *
 * therapy-core-bench - what one core_step costs in a large home, as one JSON object: 1,000 rules over 1,000 devices,
 * ten of them about each sensor. Beside it stands its floor, measured in the same run: ten comparisons over the same
 * number of values, as one would write them by hand without knowing ages, causes or events. Both include the two
 * readings of the clock that time them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/core.h"

enum { SENSORS = 100, PADS = 900, RULES = 1000, STEPS = 200000, CROSSING_EVERY = 16 };

/* The linker sends every allocation through these (CMakeLists.txt). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static size_t allocations;

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	allocations++;
	return __real_realloc(old, size);
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void put(const char *name, uint32_t *ns, size_t n)
{
	qsort(ns, n, sizeof *ns, by_size);
	printf("\"%s\":{\"n\":%zu,\"median_ns\":%u,\"p90_ns\":%u,\"p99_ns\":%u,\"max_ns\":%u}", name, n, ns[n / 2],
	       ns[n * 90 / 100], ns[n * 99 / 100], ns[n - 1]);
}

static const struct core_metric tilt = {.key = "tilt", .unit = THERAPY_UNIT_DEG, .stale_ms = 60000};
static const struct core_metric relay = {.key = "relay", .unit = THERAPY_UNIT_BOOL, .stale_ms = 60000};
static const struct core_control heat = {
    .key = "heat", .min = 0, .max = 1, .step = 1, .confirm = 0, .rest_max = 0.5, .resumes = true};

static struct core_device devices[SENSORS + PADS];
static struct core_rule rules[RULES];
static struct core_text governed[RULES];
static char ids[SENSORS + PADS][16], rule_ids[RULES][16], permits[RULES][24], conditions[RULES][48];

/* Rule r guards pad r % PADS by sensor r % SENSORS: each sensor has ten rules, each with a bound of its own. */
static void describe(void)
{
	for (size_t i = 0; i < SENSORS + PADS; i++) {
		bool sensor = i < SENSORS;
		snprintf(ids[i], sizeof ids[i], "%s%zu", sensor ? "t" : "p", sensor ? i : i - SENSORS);
		devices[i] = (struct core_device){.id = ids[i],
						  .kind = sensor ? "inversion" : "heat",
						  .metrics = sensor ? &tilt : &relay,
						  .n_metrics = 1,
						  .controls = sensor ? NULL : &heat,
						  .n_controls = sensor ? 0 : 1};
	}
	for (size_t r = 0; r < RULES; r++) {
		snprintf(rule_ids[r], sizeof rule_ids[r], "rule-%zu", r);
		snprintf(permits[r], sizeof permits[r], "p%zu.heat", r % PADS);
		snprintf(conditions[r], sizeof conditions[r], "t%zu.tilt <= %zu deg", r % SENSORS, 10 + r / SENSORS);
		governed[r] = (struct core_text){permits[r], 1};
		rules[r] = (struct core_rule){.file = "bench",
					      .line = 1,
					      .id = rule_ids[r],
					      .permits = &governed[r],
					      .n_permits = 1,
					      .only_while = {conditions[r], 1},
					      .priority = CORE_PRIORITY_MEDIUM};
	}
}

static struct core *start(uint64_t now_ms)
{
	const struct core_spec spec = {.devices = devices,
				       .n_devices = SENSORS + PADS,
				       .rules = rules,
				       .n_rules = RULES,
				       .lease_ms = 1000,
				       .renew_ms = 250};
	struct faults faults = {0};
	struct core *core = NULL;
	int bad = core_new(&spec, now_ms, &core, &faults);
	faults_print(&faults, stderr);
	faults_release(&faults);
	return bad ? NULL : core;
}

/* Most readings change nothing; every CROSSING_EVERY'th takes its ten rules over their bounds, and the sensor's next
 * one back. */
static double next_tilt(size_t step)
{
	return step % CROSSING_EVERY == 0 ? (step / CROSSING_EVERY % 2 ? 30 : 5) : 3 + (double)(step % 7) / 10;
}

static void measure_core(struct core *core, uint64_t now_ms, uint32_t *quiet, size_t *n_quiet, uint32_t *crossing,
			 size_t *n_crossing)
{
	static double last[SENSORS];
	for (size_t i = 0; i < STEPS; i++) {
		size_t sensor = i * 37 % SENSORS;
		now_ms += i % 20 == 0;
		struct core_reading reading = {.quality = THERAPY_GOOD, .value = next_tilt(i), .stamp_ms = now_ms};
		struct core_input input = {.type = CORE_IN_READINGS, .device = (uint16_t)sensor};
		input.readings.items = &reading;
		input.readings.n = 1;
		uint64_t before = now_ns();
		core_step(core, now_ms, &input);
		uint32_t took = (uint32_t)(now_ns() - before);
		if ((last[sensor] > 9) != (reading.value > 9))
			crossing[(*n_crossing)++] = took;
		else
			quiet[(*n_quiet)++] = took;
		last[sensor] = reading.value;
	}
}

/* ---- read back after a start ---- */

enum { WINDOWS = 5 }; /* in each rule */

struct memory {
	struct core_row *rows;
	size_t n;
};

static void put_row(void *user, const struct core_row *row)
{
	struct memory *m = user;
	double *numbers = malloc((row->n + 1) * sizeof *numbers);
	size_t size = strlen(row->key) + 1;
	char *key = malloc(size);
	struct core_row *rows = realloc(m->rows, (m->n + 1) * sizeof *rows);
	if (!numbers || !key || !rows)
		exit(1);
	memcpy(numbers, row->numbers, row->n * sizeof *numbers);
	memcpy(key, row->key, size);
	m->rows = rows;
	rows[m->n++] = (struct core_row){row->kind, key, numbers, row->n};
	/* cppcheck-suppress memleak ; the rows have both, to the end of the program */
}

/* The rows in the reverse order, and every other of a rule that was edited since. */
static double measure_recall(uint64_t now_ms, size_t *n, size_t *made)
{
	static char texts[RULES][320];
	struct memory m = {0};
	for (size_t r = 0; r < RULES; r++) {
		size_t at = 0;
		for (size_t w = 0; w < WINDOWS; w++)
			at +=
			    (size_t)snprintf(texts[r] + at, sizeof texts[r] - at, "%st%zu.tilt <= %zu deg for %zu min",
					     w ? " and " : "", (r + w) % SENSORS, 10 + r / SENSORS, w + 1);
		rules[r].only_while.text = texts[r];
	}
	struct core *core = start(now_ms);
	if (!core)
		exit(1);
	core_remember(core, &m, put_row);
	core_free(core);
	for (size_t i = 0; i < m.n / 2; i++) {
		struct core_row row = m.rows[i];
		m.rows[i] = m.rows[m.n - 1 - i];
		m.rows[m.n - 1 - i] = row;
	}
	for (size_t i = 0; i < m.n; i += 2)
		m.rows[i].key = "rule-0/0/0/0000000000000000";
	core = start(now_ms);
	size_t before = allocations;
	uint64_t from = now_ns();
	core_recall(core,
		    &(struct core_recall){.state = CORE_RECALL_KEPT, .rows = m.rows, .n = m.n, .off_known = true});
	double ms = (double)(now_ns() - from) / 1e6;
	*n = m.n;
	*made = allocations - before;
	core_free(core);
	return ms;
}

static volatile unsigned sink; /* so that the compiler keeps the comparisons */

static void measure_floor(uint32_t *out)
{
	static double values[SENSORS], bounds[SENSORS][RULES / SENSORS];
	for (size_t i = 0; i < STEPS; i++) {
		size_t sensor = i * 37 % SENSORS;
		double value = next_tilt(i);
		uint64_t before = now_ns();
		values[sensor] = value;
		unsigned n = 0;
		for (size_t r = 0; r < RULES / SENSORS; r++)
			n += values[sensor] <= bounds[sensor][r] + 10 + (double)r;
		sink = n;
		out[i] = (uint32_t)(now_ns() - before);
	}
}

int main(void)
{
	static uint32_t quiet[STEPS], crossing[STEPS], bare[STEPS];
	size_t n_quiet = 0, n_crossing = 0;
	uint64_t now_ms = 1000000;
	describe();
	struct core *core = start(now_ms);
	if (!core)
		return 1;
	size_t before = allocations;
	measure_core(core, now_ms, quiet, &n_quiet, crossing, &n_crossing);
	size_t made = allocations - before;
	measure_floor(bare);
	printf("{\"rules\":%d,\"devices\":%d,\"rules_per_metric\":%d,\"allocations\":%zu,", RULES, SENSORS + PADS,
	       RULES / SENSORS, made);
	put("core_step", quiet, n_quiet);
	printf(",");
	put("core_step_crossing", crossing, n_crossing);
	printf(",");
	put("floor", bare, STEPS);
	size_t n;
	double ms = measure_recall(now_ms, &n, &made);
	printf(",\"recall\":{\"windows\":%zu,\"ms\":%.2f,\"allocations\":%zu}}\n", n, ms, made);
	core_free(core);
	return 0;
}
