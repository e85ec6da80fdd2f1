/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/record.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "therapyctl/fields.h"

#define LOOK_MS    100 /* how soon Ctrl-C and the end are seen while nothing comes */
#define LONGEST_MS 2678400000.0

static volatile sig_atomic_t interrupted;

bool record_duration(const char *text, uint64_t *out_ms)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"", 1000}, {"min", 60000}, {"m", 60000}, {"h", 3600000}};
	char *end = NULL;
	double n = text[0] >= '0' && text[0] <= '9' ? strtod(text, &end) : 0;
	while (end && *end == ' ')
		end++;
	for (size_t i = 0; end && i < sizeof units / sizeof *units; i++)
		if (strcmp(end, units[i].unit) == 0 && n * units[i].ms >= 1 && n * units[i].ms <= LONGEST_MS) {
			*out_ms = (uint64_t)llround(n * units[i].ms);
			return true;
		}
	return false;
}

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

void record_catch(void)
{
	const struct sigaction action = {.sa_handler = on_signal}; /* no restart: a wait ends at once */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static bool cut_short(const char *why)
{
	printf("# the recording ends here: %s\n", why);
	fflush(stdout);
	fprintf(stderr, "therapyctl: the recording was cut short: %s\n", why);
	return false;
}

bool record_lines(struct link_line *link, uint64_t for_ms)
{
	uint64_t begun_ms = clock_boot_ms();
	while (!interrupted && (for_ms == 0 || clock_boot_ms() - begun_ms < for_ms)) {
		bool gone = false;
		struct json_object *o = link_read(link, LOOK_MS, &gone);
		const char *line = field_text(o, "line"), *ended = field_text(o, "ended");
		if (gone || ended[0]) {
			bool whole = cut_short(ended[0] ? ended : "the gateway has gone");
			json_object_put(o);
			return whole;
		}
		if (line[0] && (printf("%s\n", line) < 0 || fflush(stdout) != 0)) {
			fprintf(stderr, "therapyctl: the recording cannot be written: %s\n", strerror(errno));
			json_object_put(o);
			return false;
		}
		json_object_put(o);
	}
	return true;
}
