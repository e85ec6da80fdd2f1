/* SPDX-License-Identifier: Apache-2.0
 *
 * therapy-verify-bench - what `verify` costs for 1,000 rules over 300 metrics, as one JSON object. Three homes: all
 * rules about one control; each about 10 of 100 controls; all about each of 20. A rule compares two or three metrics,
 * every second one within a window, every third with a grace and a hard limit; 20 invariants about one control, half of
 * them true.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "verify/verify.h"

enum { SENSORS = 100, METRICS = 3, PADS_MAX = 100, RULES = 1000, INVARIANTS = 20, TEXT = 256 };

struct home {
	struct core_metric metrics[METRICS], power;
	struct core_control control;
	struct core_device devices[SENSORS + PADS_MAX];
	char ids[SENSORS + PADS_MAX][32];
	struct core_rule rules[RULES];
	char rule_ids[RULES][32], only_while[RULES][TEXT], hard[RULES][TEXT];
	struct core_text permits[RULES][10];
	char governed[RULES][10][48];
	struct verify_invariant invariants[INVARIANTS];
	char texts[INVARIANTS][TEXT];
};

static struct home home;
static uint64_t dice_state = 1;

static unsigned dice(unsigned sides)
{
	dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(dice_state >> 33) % sides;
}

static void make_devices(size_t pads)
{
	static const char *const keys[METRICS] = {"a", "b", "c"};
	for (size_t i = 0; i < METRICS; i++)
		home.metrics[i] = (struct core_metric){.key = keys[i], .unit = THERAPY_UNIT_DEG, .stale_ms = 1000};
	home.power = (struct core_metric){.key = "power", .unit = THERAPY_UNIT_WATT, .stale_ms = 1000};
	home.control = (struct core_control){.key = "heat", .max = 1, .step = 1, .rest_max = 3};
	for (size_t i = 0; i < SENSORS + pads; i++) {
		bool sensor = i < SENSORS;
		snprintf(home.ids[i], sizeof home.ids[i], "%s%zu", sensor ? "s" : "pad", sensor ? i : i - SENSORS);
		home.devices[i] = (struct core_device){
		    home.ids[i],          sensor ? "sense" : "heat",     sensor ? home.metrics : &home.power,
		    sensor ? METRICS : 1, sensor ? NULL : &home.control, sensor ? 0 : 1};
	}
}

/* Thresholds that leave 0 permitted, so that no two rules contradict each other. */
static void make_rule(size_t i, size_t pads, size_t each)
{
	unsigned s = dice(SENSORS), m = dice(METRICS), limit = 10 + dice(40);
	char key = (char)('a' + (int)m);
	snprintf(home.rule_ids[i], sizeof home.rule_ids[i], "r%zu", i);
	snprintf(home.only_while[i], TEXT, "%ss%u.%c <= %u deg and (s%u.a > -%u deg or s%u.b < %u deg)%s",
		 i % 2 ? "(" : "", s, key, limit, dice(SENSORS), 1 + dice(50), dice(SENSORS), 1 + dice(50),
		 i % 2 ? ") for 10 s" : "");
	snprintf(home.hard[i], TEXT, "s%u.%c <= %u deg", s, key, limit + 10);
	for (size_t k = 0; k < each; k++) {
		if (each == 1)
			snprintf(home.governed[i][k], sizeof home.governed[i][k], "%s",
				 pads == 1 ? "pad0.heat" : "kind:heat");
		else
			snprintf(home.governed[i][k], sizeof home.governed[i][k], "pad%zu.heat", (i + k * 10) % pads);
		home.permits[i][k] = (struct core_text){home.governed[i][k], 1};
	}
	home.rules[i] = (struct core_rule){.file = "bench",
					   .line = 1,
					   .id = home.rule_ids[i],
					   .permits = home.permits[i],
					   .n_permits = each,
					   .only_while = {home.only_while[i], 1},
					   .grace_ms = i % 3 ? 0 : 1000};
	if (i % 3 == 0)
		home.rules[i].hard = (struct core_text){home.hard[i], 1};
}

/* What a rule says, and what is a little stricter than any says. */
static void make_invariants(void)
{
	for (size_t i = 0; i < INVARIANTS; i++) {
		if (i % 2)
			snprintf(home.texts[i], TEXT, "whenever permitted(pad0.heat): s%zu.a <= 5 deg", i);
		else
			snprintf(home.texts[i], TEXT, "whenever permitted(pad0.heat): %s",
				 home.only_while[i * 10 + 10]);
		home.invariants[i] = (struct verify_invariant){"bench", 1, home.texts[i]};
	}
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* In a process of its own, so that its memory is its own. */
static void measure(const char *name, size_t pads, size_t each)
{
	fflush(stdout);
	if (fork() > 0) {
		wait(NULL);
		return;
	}
	make_devices(pads);
	for (size_t i = 0; i < RULES; i++)
		make_rule(i, pads, each);
	make_invariants();
	struct core_spec spec = {.devices = home.devices,
				 .n_devices = SENSORS + pads,
				 .rules = home.rules,
				 .n_rules = RULES,
				 .lease_ms = 1000,
				 .renew_ms = 250};
	struct verify_report report;
	struct faults faults = {0};
	double begin = seconds();
	int bad = verify_run(&spec, home.invariants, INVARIANTS, &report, &faults);
	double took = seconds() - begin;
	faults_print(&faults, stderr);
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	size_t answers[VERIFY_REFUTED + 1] = {0};
	for (size_t i = 0; i < report.n_findings; i++)
		answers[report.findings[i].answer]++;
	printf("\"%s\":{\"controls\":%zu,\"rules_per_control\":%zu,\"seconds\":%.2f,\"cpu_seconds\":%.2f,\"peak_mb\":%"
	       "ld,\"proved\":%zu,"
	       "\"refuted\":%zu,\"possible\":%zu,\"remarks\":%zu}",
	       name, pads, each == 1 ? (size_t)RULES : RULES * each / pads, took,
	       (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6, usage.ru_maxrss / 1024,
	       answers[VERIFY_PROVED], answers[VERIFY_REFUTED], answers[VERIFY_POSSIBLE], report.n_remarks);
	fflush(stdout);
	_exit(bad ? 1 : 0);
}

int main(void)
{
	printf("{\"rules\":%d,\"metrics\":%d,\"invariants\":%d,", RULES, SENSORS * METRICS, INVARIANTS);
	measure("one_control", 1, 1);
	printf(",");
	measure("hundred_controls", 100, 10);
	printf(",");
	measure("kind_of_twenty", 20, 1);
	printf("}\n");
	return 0;
}
