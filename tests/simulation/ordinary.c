/* SPDX-License-Identifier: Apache-2.0
 *
 * ordinary HOURS RULES PLUGINS [SEED] - ordinary evenings, one after the other, with the rules as shipped: a gateway
 * that trips every evening is switched off by its user, and then guards nothing.
 *
 * The home: a calibrated inclinometer and a traction belt whose radio loses one message in a hundred and, every ten
 * minutes or so, everything for three seconds; a heat pad on a plug that reports once a minute, and is asked every two
 * seconds while its own timer is tested (so that one answer may be lost). The person: warms up, waits, inverts, rests
 * flat; traction every other day; heat again in the evening, during which somebody leans on the table. All within the
 * limits. Nothing of that may latch or trip, and it may pause at most once in ten hours of something being on.
 *
 * Prints one JSON object. Exit status 1 if the promise is broken, or if the evenings did not happen.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "home.h"

#define SECOND 1000u
#define MINUTE (60u * SECOND)
#define HOUR   (60u * MINUTE)
#define DAY    (24u * (uint64_t)HOUR)
#define NEVER  UINT64_MAX
#define START  (3 * DAY) /* the machine has been up for some days */

enum {
	TABLE_EVERY = 500, /* at rest; what changes is told at once, see DESIGN's thinning */
	TABLE_MOVING = 100,
	BELT_EVERY = 100,
	PLUG_EVERY = 60 * SECOND,
	GAP = 3 * SECOND,
	GAP_EVERY = 10 * MINUTE,
	OFF_AGAIN = 2 * SECOND,  /* the device process repeats an OFF that was not confirmed */
	TEST = 5 * SECOND,       /* the plug's timer in an off-test ... */
	TEST_SLACK = 5 * SECOND, /* ... and how long the device process waits beyond, as device/off_test.c does */
	TEST_EVERY = 2 * SECOND,
	EVENTS = 64
};

static const char *const home_text =
    "gateway = { id = \"simulation\"; };\n"
    "mqtt = { url = \"mqtt://127.0.0.1\"; };\n"
    "profile = { heat_acknowledged = true; weight = \"70 kg\";\n"
    "  cleared_on = \"2026-01-01\"; cleared_by = \"Dr. Example\"; };\n"
    "limits = { pressure = \"40 kPa\"; };\n"
    "devices = (\n"
    "  { id = \"table\"; plugin = \"inversion_table\"; model = \"wt901\";\n"
    "    link = \"tcp://127.0.0.1:1\"; },\n"
    "  { id = \"belt\"; plugin = \"traction_belt\"; model = \"firmware\"; link = \"tcp://127.0.0.1:2\";\n"
    "    accept_no_device_timer = true; },\n" /* its off-test is no part of an evening */
    "  { id = \"pad\"; plugin = \"%s\"; link = \"mqtt:pad\"; }\n"
    ");\n";

/* A radio link: what is sent may not arrive. */
struct radio {
	uint64_t next_ms, every_ms, gap_from_ms, gap_until_ms;
};

struct actuator {
	uint16_t device, control;
	uint64_t grant; /* that it was told of */
	double told;    /* what it was told: the set value, 0 is rest */
	double is;      /* what it does */
	bool resting;   /* told to rest, and the proof has not arrived yet */
	uint64_t again_ms;
	bool testing;    /* the grant is an off-test: ... */
	bool tested_on;  /* ... a reading said so, ... */
	uint64_t off_ms; /* ... it goes off by itself then, ... */
	uint64_t ask_ms, test_end_ms;
};

struct simulation {
	struct home *home;
	uint64_t seed;
	struct radio table, belt, plug;
	uint16_t table_device;
	struct actuator pad, tension;
	double tilt, tilt_to, tilt_rate; /* deg, deg, deg/s */
	uint64_t moved_ms;
	/* told by the core, done after its step */
	struct core_output orders[32];
	size_t n_orders;
	uint64_t events[EVENTS], sessions_asked, sessions_granted, energised_ms;
	char first_bad[CORE_WHY_MAX];
};

static double chance(struct simulation *s)
{
	s->seed ^= s->seed << 13; /* xorshift64 */
	s->seed ^= s->seed >> 7;
	s->seed ^= s->seed << 17;
	return (double)(s->seed >> 11) / 9007199254740992.0;
}

static uint64_t about(struct simulation *s, uint64_t ms)
{
	return (uint64_t)((double)ms * (0.8 + 0.4 * chance(s)));
}

/* Does a message sent now arrive? */
static bool arrives(struct simulation *s, struct radio *r)
{
	uint64_t now = home_now(s->home);
	if (now >= r->gap_until_ms) {
		r->gap_from_ms = now + about(s, GAP_EVERY);
		r->gap_until_ms = r->gap_from_ms + GAP;
	}
	return now < r->gap_from_ms && chance(s) >= 0.01;
}

static void read_table(struct simulation *s)
{
	uint64_t now = home_now(s->home);
	double step = s->tilt_rate * (double)(now - s->moved_ms) / 1e3, rest = s->tilt_to - s->tilt;
	double moving = fabs(rest) > 0.01 ? copysign(s->tilt_rate, rest) : 0;
	s->tilt = fabs(rest) <= step ? s->tilt_to : s->tilt + copysign(step, rest);
	s->moved_ms = now;
	if (!arrives(s, &s->table))
		return;
	double noise = 0.4 * (chance(s) - 0.5);
	const struct core_reading readings[] = {
	    {home_metric(s->home, s->table_device, "tilt"), THERAPY_GOOD, s->tilt + noise, now},
	    {home_metric(s->home, s->table_device, "rate"), THERAPY_GOOD, moving + noise, now},
	};
	home_read(s->home, s->table_device, readings, 2);
}

static void tell_phase(struct simulation *s, struct actuator *a, enum core_phase phase)
{
	home_phase(s->home, a->device, a->control, phase, phase >= CORE_PHASE_ENERGISED ? a->grant : 0);
}

/* What a device process concludes from a reading that says on or off. */
static void conclude(struct simulation *s, struct actuator *a, bool on)
{
	if (a->resting && !on) {
		a->resting = false;
		a->again_ms = NEVER;
		tell_phase(s, a, CORE_PHASE_AT_REST);
	} else if (!a->resting && on && a->told > 0) {
		tell_phase(s, a, CORE_PHASE_CONFIRMED_ON);
	}
}

/* What the device process makes of it; then it makes sure that it is off. */
static void end_test(struct simulation *s, struct actuator *a, bool passed)
{
	a->testing = false;
	a->off_ms = a->ask_ms = a->test_end_ms = NEVER;
	a->resting = true;
	a->again_ms = home_now(s->home);
	home_tested(s->home, a->device, a->control, passed ? CORE_TEST_PASSED : CORE_TEST_FAILED, a->grant);
}

static void watch_test(struct simulation *s, struct actuator *a, bool on)
{
	bool was_on = a->tested_on;
	a->tested_on |= on;
	if (was_on && !on)
		end_test(s, a, home_now(s->home) + TEST_SLACK >= a->test_end_ms);
}

static void read_plug(struct simulation *s)
{
	uint64_t now = home_now(s->home);
	if (!arrives(s, &s->plug))
		return;
	bool on = s->pad.is > 0;
	const struct core_reading readings[] = {
	    {home_metric(s->home, s->pad.device, "relay"), THERAPY_GOOD, on, now},
	    {home_metric(s->home, s->pad.device, "power"), THERAPY_GOOD, on ? 50 : 0, now},
	};
	home_read(s->home, s->pad.device, readings, 2);
	conclude(s, &s->pad, on);
	if (s->pad.testing)
		watch_test(s, &s->pad, on);
}

/* The board ramps by itself, at 10 N/s both ways. */
static void read_belt(struct simulation *s)
{
	double to = s->tension.told, step = 10.0 * BELT_EVERY / 1e3;
	s->tension.is = fabs(to - s->tension.is) <= step ? to : s->tension.is + copysign(step, to - s->tension.is);
	if (!arrives(s, &s->belt))
		return;
	uint64_t now = home_now(s->home);
	uint16_t device = s->tension.device;
	double force = s->tension.is + (chance(s) - 0.5);
	const struct core_reading readings[] = {
	    {home_metric(s->home, device, "force"), THERAPY_GOOD, force, now},
	    {home_metric(s->home, device, "pressure"), THERAPY_GOOD, s->tension.is / 20, now},
	    {home_metric(s->home, device, "setpoint"), THERAPY_GOOD, s->tension.is, now},
	    {home_metric(s->home, device, "pain_button"), THERAPY_GOOD, 0, now},
	};
	home_read(s->home, device, readings, 4);
	conclude(s, &s->tension, s->tension.is > 0);
}

/* Orders to the plug go by radio and may be lost; the belt is on a cable for that way. */
static void obey(struct simulation *s, struct actuator *a, double value)
{
	a->told = value;
	bool plug = a == &s->pad;
	if (plug && !arrives(s, &s->plug))
		return;
	if (plug) {
		a->is = value;
		if (a->testing && value > 0)
			a->off_ms = home_now(s->home) + TEST;
		read_plug(s); /* it says at once what it does */
	}
}

static void take_order(struct simulation *s, const struct core_output *o)
{
	struct actuator *a = o->device == s->pad.device ? &s->pad : &s->tension;
	if (o->type == CORE_OUT_REST) {
		a->grant = 0;
		a->testing = false;
		a->off_ms = a->ask_ms = a->test_end_ms = NEVER;
		a->resting = true;
		a->again_ms = home_now(s->home) + OFF_AGAIN;
		tell_phase(s, a, CORE_PHASE_COMING_TO_REST);
		obey(s, a, 0);
	} else if (o->grant != a->grant) {
		a->grant = o->grant;
		a->resting = a->tested_on = false;
		a->testing = o->test;
		if (o->test) {
			a->ask_ms = home_now(s->home) + TEST_EVERY;
			a->test_end_ms = home_now(s->home) + TEST + TEST_SLACK;
		}
		tell_phase(s, a, CORE_PHASE_ENERGISED);
		obey(s, a, o->value);
	}
}

static void watch(void *user, uint64_t now_ms, const struct core_output *o)
{
	struct simulation *s = user;
	(void)now_ms;
	if ((o->type == CORE_OUT_LEASE || o->type == CORE_OUT_REST) && s->n_orders < 32)
		s->orders[s->n_orders++] = *o;
	if (o->type != CORE_OUT_EVENT || (unsigned)o->event >= EVENTS)
		return;
	s->events[o->event]++;
	if ((o->event == CORE_EVENT_TRIPPED || o->event == CORE_EVENT_REFUSED) && s->first_bad[0] == '\0')
		memcpy(s->first_bad, o->why, sizeof s->first_bad);
}

static void take_orders(struct simulation *s)
{
	for (size_t i = 0; i < s->n_orders; i++) { /* obeying may bring new ones, at the end */
		struct core_output o = s->orders[i];
		take_order(s, &o);
	}
	s->n_orders = 0;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The plug's own timer, the questions meanwhile, and the end of waiting for it. */
static void live_test(struct simulation *s, struct actuator *a, uint64_t now)
{
	if (a->off_ms <= now) {
		a->off_ms = NEVER;
		a->is = 0;
		read_plug(s);
	}
	if (a->ask_ms <= now) {
		a->ask_ms = now + TEST_EVERY;
		read_plug(s);
	}
	if (a->test_end_ms <= now)
		end_test(s, a, false);
}

/* Lets everything happen until then. */
static void live(struct simulation *s, uint64_t until)
{
	for (;;) {
		uint64_t next = sooner(sooner(s->table.next_ms, s->belt.next_ms), s->plug.next_ms);
		next = sooner(next, sooner(s->pad.again_ms, s->tension.again_ms));
		next = sooner(next, sooner(sooner(s->pad.off_ms, s->pad.ask_ms), s->pad.test_end_ms));
		if (next > until)
			break;
		home_pass(s->home, next);
		take_orders(s);
		if (s->table.next_ms <= next) {
			s->table.next_ms += fabs(s->tilt_to - s->tilt) > 0.01 ? TABLE_MOVING : s->table.every_ms;
			read_table(s);
		}
		if (s->belt.next_ms <= next) {
			s->belt.next_ms += s->belt.every_ms;
			read_belt(s);
		}
		if (s->plug.next_ms <= next) {
			s->plug.next_ms += s->plug.every_ms;
			read_plug(s);
		}
		live_test(s, &s->pad, next);
		struct actuator *both[] = {&s->pad, &s->tension};
		for (size_t i = 0; i < 2; i++)
			if (both[i]->again_ms <= next) {
				both[i]->again_ms = next + OFF_AGAIN;
				obey(s, both[i], 0);
			}
		take_orders(s);
	}
	home_pass(s->home, until);
	take_orders(s);
}

static void stay(struct simulation *s, uint64_t ms)
{
	live(s, home_now(s->home) + ms);
}

static void tilt_to(struct simulation *s, double deg, double rate)
{
	s->tilt_to = deg;
	s->tilt_rate = rate;
	stay(s, (uint64_t)(fabs(deg - s->tilt) / rate * 1e3) + SECOND);
}

/* Somebody leans on the table: beyond 10 deg for less than the grace. */
static void lean(struct simulation *s)
{
	s->tilt_to = 11.5;
	s->tilt_rate = 60;
	s->table.next_ms = home_now(s->home) + TABLE_MOVING;
	stay(s, 600);
	s->tilt_to = 3;
	s->table.next_ms = home_now(s->home) + 1;
	stay(s, 5 * SECOND);
}

/* Asks, and again if an order was lost on the air: what a person does when the lamp does not light. */
static void session(struct simulation *s, struct actuator *a, const char *device, const char *control, double value,
		    uint64_t ms, bool leaning)
{
	s->sessions_asked++;
	for (int attempt = 0; attempt < 3; attempt++) {
		if (home_ask(s->home, device, control, value, NULL) != CORE_ACCEPTED)
			break;
		take_orders(s);
		stay(s, 5 * SECOND);
		if (a->testing)
			stay(s, TEST + TEST_SLACK);
		if (a->is > 0) {
			s->sessions_granted++;
			break;
		}
		home_ask(s->home, device, control, 0, NULL);
		take_orders(s);
		stay(s, 10 * SECOND);
	}
	stay(s, ms / 2);
	if (leaning)
		lean(s);
	stay(s, ms / 2);
	if (a->is > 0)
		s->energised_ms += ms;
	home_ask(s->home, device, control, 0, NULL);
	take_orders(s);
	stay(s, MINUTE);
}

static void invert(struct simulation *s)
{
	for (int i = 0; i < 2; i++) {
		tilt_to(s, 18, 4);
		stay(s, 80 * SECOND);
		tilt_to(s, 0, 3);
		stay(s, about(s, 100 * SECOND));
	}
	tilt_to(s, -70, 5); /* off the table, which is left upright */
}

static void day(struct simulation *s, unsigned number)
{
	uint64_t midnight = START + number * DAY;
	live(s, midnight + 7 * HOUR + about(s, 30 * MINUTE));
	session(s, &s->pad, "pad", "heat", 1, about(s, 14 * MINUTE), false);
	stay(s, about(s, 20 * MINUTE));
	tilt_to(s, 0, 5);
	invert(s);
	live(s, midnight + 13 * HOUR + about(s, 30 * MINUTE));
	if (number % 7 % 2 == 0 && number % 7 < 6) {
		tilt_to(s, 0, 5);
		session(s, &s->tension, "belt", "tension", 80, about(s, 7 * MINUTE), false);
	}
	live(s, midnight + 17 * HOUR + about(s, 30 * MINUTE));
	tilt_to(s, 0, 8);
	stay(s, about(s, 4 * MINUTE));
	session(s, &s->pad, "pad", "heat", 1, about(s, 14 * MINUTE), true);
	stay(s, about(s, 25 * MINUTE));
	invert(s);
	live(s, midnight + 21 * HOUR + about(s, 30 * MINUTE));
	session(s, &s->pad, "pad", "heat", 1, about(s, 14 * MINUTE), false);
}

/* Once, when the plug is set up. */
static void prove(struct simulation *s)
{
	for (int attempt = 0; attempt < 3 && !core_timer_proved(home_core(s->home), s->pad.device, s->pad.control);
	     attempt++) {
		home_off_test(s->home, "pad", "heat");
		take_orders(s);
		stay(s, MINUTE);
	}
	memset(s->events, 0, sizeof s->events);
	s->first_bad[0] = '\0';
}

static void begin(struct simulation *s, const char *rules, const char *plugins)
{
	char text[1536], plug[512];
	snprintf(plug, sizeof plug, "%s/slow_plug.so", plugins);
	snprintf(text, sizeof text, home_text, plug);
	s->home = home_open(text, rules, plugins, START);
	home_set_watch(s->home, watch, s);
	s->table_device = home_device(s->home, "table");
	s->pad.device = home_device(s->home, "pad");
	s->tension.device = home_device(s->home, "belt");
	s->tension.control = home_control(s->home, s->tension.device, "tension");
	s->pad.control = home_control(s->home, s->pad.device, "heat");
	s->table = (struct radio){.next_ms = START + 100, .every_ms = TABLE_EVERY, .gap_from_ms = NEVER - GAP};
	s->belt = (struct radio){.next_ms = START + 150, .every_ms = BELT_EVERY, .gap_from_ms = NEVER - GAP};
	s->plug = (struct radio){.next_ms = START + 200, .every_ms = PLUG_EVERY, .gap_from_ms = NEVER - GAP};
	s->pad.again_ms = s->tension.again_ms = NEVER;
	s->pad.off_ms = s->pad.ask_ms = s->pad.test_end_ms = NEVER;
	s->tilt = s->tilt_to = -70;
	s->moved_ms = START;
	home_presence(s->home, s->table_device, true);
	home_presence(s->home, s->pad.device, true);
	home_presence(s->home, s->tension.device, true);
	s->pad.resting = s->tension.resting = true;
	s->pad.again_ms = s->tension.again_ms = START + OFF_AGAIN;
	stay(s, 5 * MINUTE);
	prove(s);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fputs("usage: ordinary HOURS RULES PLUGINS [SEED]\n", stderr);
		return 2;
	}
	struct simulation s = {.seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1};
	unsigned hours = (unsigned)strtoul(argv[1], NULL, 10);
	s.seed = s.seed * 0x9E3779B97F4A7C15u + 1;
	begin(&s, argv[2], argv[3]);
	for (unsigned number = 0; number * 24 < hours; number++)
		day(&s, number);
	static const enum core_event_type latching[] = {CORE_EVENT_LATCHED, CORE_EVENT_NOT_OBEYED, CORE_EVENT_WELDED,
							CORE_EVENT_BYPASSED, CORE_EVENT_STOPPED};
	uint64_t pauses = s.events[CORE_EVENT_PAUSED], trips = s.events[CORE_EVENT_TRIPPED], latches = 0;
	for (size_t i = 0; i < sizeof latching / sizeof *latching; i++)
		latches += s.events[latching[i]];
	uint64_t tests = s.events[CORE_EVENT_TIMER_PROVED], failed = s.events[CORE_EVENT_TIMER_FAILED];
	double lived = (double)(home_now(s.home) - START) / (double)HOUR;
	printf("{\"hours\":%.1f,\"sessions_asked\":%llu,\"sessions_granted\":%llu,\"hours_energised\":%.1f,\"pauses\":%"
	       "llu,\"trips\":%llu,\"latches\":%llu,\"refused\":%llu,\"off_tests\":%llu,\"failed\":%llu,\"first\":\"%"
	       "s\"}\n",
	       lived, (unsigned long long)s.sessions_asked, (unsigned long long)s.sessions_granted,
	       (double)s.energised_ms / (double)HOUR, (unsigned long long)pauses, (unsigned long long)trips,
	       (unsigned long long)latches, (unsigned long long)s.events[CORE_EVENT_REFUSED], (unsigned long long)tests,
	       (unsigned long long)failed, s.first_bad);
	double energised_hours = (double)s.energised_ms / (double)HOUR;
	bool lived_well = s.sessions_asked > 0 && s.sessions_granted == s.sessions_asked && tests > 0 && failed == 0;
	home_close(s.home);
	return trips == 0 && latches == 0 && (double)pauses <= energised_hours / 10 && lived_well ? 0 : 1;
}
