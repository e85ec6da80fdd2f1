/* SPDX-License-Identifier: Apache-2.0
 *
 * A home in which everything happens in any order, under the rules as shipped and under the eyes of a monitor that
 * knows the hazard table and nothing of the rules. $ORDERS_STEPS (100,000) steps from $ORDERS_SEED (1); both are
 * printed, so that what fails can be run again.
 *
 * Round by round: some hours or days pass; half an hour is quiet, so that something may be granted at all; then people
 * switch on and off while sensors lose frames, lie, hang and come back; then anything at all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testing_monitor.h"

struct count {
	char rule[64];
	uint64_t grants, ends;
};

struct orders {
	struct life life;
	struct monitor monitor;
	uint64_t seed, steps, blind, grants[LIFE_DEVICES], ends, resets, accepted_resets;
	struct count counts[64];
	size_t n_counts;
	bool pulled;               /* the belt's force is what somebody pulls, not what it was told */
	bool answer[LIFE_DEVICES]; /* the actuator was told to rest, and says so next */
};

static const uint16_t metrics[LIFE_DEVICES] = {
    [TABLE] = 2, [BELT] = 2, [PAD] = 2, [WRAP] = 2, [SCALE] = 1, [BUTTON] = 1, [PERSON] = 4};

static uint64_t roll(struct orders *o, uint64_t sides)
{
	o->seed ^= o->seed << 13; /* xorshift64 */
	o->seed ^= o->seed >> 7;
	o->seed ^= o->seed << 17;
	return (o->seed >> 11) % sides;
}

static bool one_in(struct orders *o, uint64_t n)
{
	return roll(o, n) == 0;
}

static struct count *count_of(struct orders *o, const char *rule)
{
	for (size_t i = 0; i < o->n_counts; i++)
		if (strcmp(o->counts[i].rule, rule) == 0)
			return &o->counts[i];
	assert_true(o->n_counts < sizeof o->counts / sizeof *o->counts);
	snprintf(o->counts[o->n_counts].rule, sizeof o->counts[0].rule, "%s", rule);
	return &o->counts[o->n_counts++];
}

static enum life_device device_of(const struct orders *o, uint16_t index)
{
	for (unsigned d = 0; d < LIFE_DEVICES; d++)
		if (o->life.index[d] == index)
			return (enum life_device)d;
	return LIFE_DEVICES;
}

static void count_grant(struct orders *o, enum life_device d)
{
	struct core_rule_explanation e;
	o->grants[d]++;
	for (size_t i = 0; core_explain_rule(o->life.core, o->life.index[d], 0, i, &e); i++)
		count_of(o, e.id)->grants++;
}

/* What is energised now must be allowed now. */
static void look(struct orders *o)
{
	static const enum life_device controls[] = {BELT, PAD, WRAP};
	for (size_t i = 0; i < 3; i++) {
		enum life_device d = controls[i];
		struct core_permission p;
		core_permission(o->life.core, o->life.index[d], 0, &p);
		if (!monitor_on(&o->monitor, d, p.granted, p.value))
			fail_msg("seed %s, step %llu: hazard %s", getenv("ORDERS_SEED") ? getenv("ORDERS_SEED") : "1",
				 (unsigned long long)o->steps, o->monitor.why);
	}
}

static enum core_outcome step(struct orders *o, const struct core_input *input)
{
	struct life *l = &o->life;
	enum core_outcome outcome = CORE_MALFORMED;
	struct core_outputs outputs = core_step(l->core, l->now, input);
	for (size_t i = 0; i < outputs.n; i++) {
		const struct core_output *out = &outputs.items[i];
		enum life_device d = device_of(o, out->device);
		if (out->type == CORE_OUT_LEASE) {
			l->asked[d] = out->value;
			o->answer[d] = false;
		} else if (out->type == CORE_OUT_REST) {
			l->asked[d] = 0;
			o->answer[d] = true;
		} else if (out->type == CORE_OUT_RESULT) {
			outcome = out->outcome;
		} else if (out->type == CORE_OUT_EVENT && out->event == CORE_EVENT_GRANTED) {
			count_grant(o, d);
		} else if (out->type == CORE_OUT_EVENT && out->rule &&
			   (out->event == CORE_EVENT_TRIPPED || out->event == CORE_EVENT_PAUSED ||
			    out->event == CORE_EVENT_REFUSED)) {
			o->ends++;
			count_of(o, out->rule)->ends++;
		}
	}
	o->steps++;
	o->blind += monitor_blind(&o->monitor);
	return outcome;
}

static void pass(struct orders *o, uint64_t ms)
{
	o->life.now += ms;
	monitor_pass(&o->monitor, o->life.now);
}

/* ---- what happens ---- */

static void read_one(struct orders *o, enum life_device d, int metric, double value, uint8_t quality, uint64_t age)
{
	uint64_t stamp = o->life.now - age;
	if (!o->monitor.present[d]) /* its process is gone, or its link: nothing can come from it */
		return;
	const struct core_reading reading = {(uint16_t)metric, quality, value, stamp};
	monitor_read(&o->monitor, d, metric, value, quality, stamp);
	step(o, &(struct core_input){.type = CORE_IN_READINGS, .device = o->life.index[d], .readings = {&reading, 1}});
	look(o);
}

/* All of a device as it is, but for what goes wrong: one reading in `spoilt` is bad. 0: none. */
static void read_all(struct orders *o, enum life_device d, uint64_t spoilt)
{
	struct core_reading readings[LIFE_METRICS];
	size_t n = 0;
	if (!o->monitor.present[d])
		return;
	for (int m = 0; m < metrics[d]; m++) {
		uint8_t quality = THERAPY_GOOD;
		if (spoilt && one_in(o, spoilt)) {
			if (one_in(o, 3))
				continue; /* lost */
			quality = one_in(o, 2) ? THERAPY_UNKNOWN : THERAPY_ERROR;
		}
		readings[n++] = (struct core_reading){(uint16_t)m, quality, o->life.sees[d][m], o->life.now};
		monitor_read(&o->monitor, d, m, o->life.sees[d][m], quality, o->life.now);
	}
	step(o, &(struct core_input){.type = CORE_IN_READINGS, .device = o->life.index[d], .readings = {readings, n}});
	look(o);
}

static void phase(struct orders *o, enum life_device d, enum core_phase p)
{
	step(o, &(struct core_input){.type = CORE_IN_CONTROL, .device = o->life.index[d], .state = {.phase = p}});
	look(o);
}

/* The actuators do what they were told and say so. */
static void act(struct orders *o, uint64_t spoilt)
{
	static const enum life_device controls[] = {BELT, PAD, WRAP};
	for (size_t i = 0; i < 3; i++) {
		enum life_device d = controls[i];
		double *is = d == BELT ? &o->life.sees[BELT][FORCE] : &o->life.sees[d][RELAY];
		if (d == BELT && o->pulled)
			; /* whatever it was told */
		else if (d == BELT && *is < o->life.asked[d])
			*is = *is + 15 < o->life.asked[d] ? *is + 15 : o->life.asked[d];
		else
			*is = o->life.asked[d];
		if (!o->answer[d] || !o->monitor.present[d])
			continue;
		o->answer[d] = false;
		read_all(o, d, spoilt);
		phase(o, d, CORE_PHASE_AT_REST);
	}
}

static void present(struct orders *o, enum life_device d, bool there)
{
	bool was = o->monitor.present[d];
	monitor_present(&o->monitor, d, there);
	step(o, &(struct core_input){.type = CORE_IN_PRESENCE, .device = o->life.index[d], .present = there});
	if (there && !was && (d == BELT || d == PAD || d == WRAP))
		o->answer[d] = true;
	look(o);
}

static void ask(struct orders *o, enum life_device d, double value)
{
	step(o, &(struct core_input){.type = CORE_IN_REQUEST,
				     .request = {.device = d == BELT  ? "belt"
							   : d == PAD ? "pad"
								      : "wrap",
						 .control = d == BELT  ? "tension"
							    : d == PAD ? "heat"
								       : "chill",
						 .id = "",
						 .value = value,
						 .age_ms = -1}});
	look(o);
}

static void verb(struct orders *o, enum core_verb v)
{
	if (v == CORE_STOP)
		monitor_stop(&o->monitor);
	enum core_outcome outcome =
	    step(o, &(struct core_input){.type = CORE_IN_REQUEST,
					 .request = {.verb = v, .device = "", .control = "", .id = "", .age_ms = -1}});
	if (v == CORE_RESET)
		monitor_reset(&o->monitor, outcome == CORE_ACCEPTED);
	look(o);
}

static void everything_is_well(struct orders *o)
{
	struct life *l = &o->life;
	l->sees[TABLE][TILT] = (double)roll(o, 80) / 10 - 2;
	l->sees[TABLE][RATE] = 0;
	o->pulled = false;
	l->sees[BELT][PRESSURE] = 0.5;
	l->sees[PAD][SKIN] = l->sees[WRAP][SKIN] = 31;
	l->sees[SCALE][WEIGHT] = 70;
	l->sees[BUTTON][PRESSED] = 0;
	l->sees[PERSON][BODY_WEIGHT] = 70;
	l->sees[PERSON][CLEARED] = 1e6;
	l->sees[PERSON][ACKNOWLEDGED] = l->sees[PERSON][THERE] = 1;
}

static void all_say(struct orders *o)
{
	for (unsigned d = 0; d < LIFE_DEVICES; d++) {
		present(o, (enum life_device)d, true);
		read_all(o, (enum life_device)d, 0);
	}
	act(o, 0);
}

/* Three quarters of an hour in which nothing happens, seen by those sensors that have to see it. */
static void quiet(struct orders *o)
{
	everything_is_well(o);
	all_say(o);
	verb(o, CORE_RESET);
	for (int i = 0; i < 100; i++) {
		pass(o, 24 * SECOND + roll(o, 5000));
		read_all(o, TABLE, 0);
		read_all(o, WRAP, 0);
	}
	for (int i = 0; i < 8; i++) {
		pass(o, 450);
		all_say(o);
	}
	verb(o, CORE_RESET);
}

/* What forbids for how long: until it is over, for ten minutes or more, for a day. */
enum harm { PASSING, LASTING, GRAVE };

/* Something that should not be, somewhere. */
static void mishap(struct orders *o, enum harm harm)
{
	static const uint64_t kinds[] = {[PASSING] = 9, [LASTING] = 11, [GRAVE] = 14};
	struct life *l = &o->life;
	enum life_device d = TABLE;
	switch (roll(o, kinds[harm])) {
	case 0:
		read_one(o, BUTTON, PRESSED, 0, (uint8_t)roll(o, 3), roll(o, 3000));
		break;
	case 1:
		d = BELT;
		o->pulled = true;
		l->sees[BELT][FORCE] = (double)roll(o, 350);
		break;
	case 2:
		d = BELT;
		l->sees[BELT][PRESSURE] = (double)roll(o, 60);
		break;
	case 3:
		d = BUTTON;
		l->sees[BUTTON][PRESSED] = 1;
		break;
	case 4:
		present(o, (enum life_device)(BELT + roll(o, PERSON - BELT)), false);
		break;
	case 5:
		l->sees[TABLE][RATE] = 20;
		break;
	case 6:
		d = SCALE;
		l->sees[SCALE][WEIGHT] = 60 + (double)roll(o, 20);
		break;
	case 7:
		d = PERSON;
		l->sees[PERSON][roll(o, 4)] = 0;
		break;
	case 8:
		verb(o, CORE_STOP);
		break;
	case 9:
		present(o, TABLE, false);
		break;
	case 10:
		l->sees[TABLE][TILT] = 5 + (double)roll(o, 250) / 10;
		break;
	case 11:
		d = PAD;
		l->sees[PAD][SKIN] = 38 + (double)roll(o, 90) / 10;
		break;
	case 12:
		l->sees[TABLE][TILT] = (double)roll(o, 400) / 10;
		break;
	default:
		read_one(o, (enum life_device)roll(o, LIFE_DEVICES), 0, 500.0 * (double)roll(o, 2), THERAPY_GOOD,
			 roll(o, 8000));
		break;
	}
	read_all(o, d, 0);
}

/* Each of those that heat and traction look at, but for some. The table is believed for half an hour: mostly it is well
 * with `careful`. */
static void some_say(struct orders *o, uint64_t spoilt, bool careful)
{
	static const enum life_device all[] = {TABLE, BELT, PAD, BUTTON};
	for (size_t i = 0; i < 4; i++)
		if (!spoilt || !one_in(o, spoilt))
			read_all(o, all[i], i == 0 && careful && !one_in(o, 300) ? 0 : spoilt);
	act(o, spoilt);
}

/* Armed again after whatever was before; switched on; then sensors lose frames and lie, and something goes wrong. */
static void episode(struct orders *o, enum life_device d)
{
	everything_is_well(o);
	all_say(o);
	verb(o, CORE_RESET);
	for (int i = 0; i < 14; i++) {
		pass(o, 850);
		read_all(o, TABLE, 0);
		read_all(o, BELT, 0);
		if (i % 5 == 4)
			some_say(o, 0, true);
	}
	some_say(o, 0, true);
	ask(o, d, d == PAD ? 1 : 40 + (double)roll(o, 125));
	uint64_t spoilt = one_in(o, 3) ? 30 : 3;
	for (uint64_t i = roll(o, 10); i > 0; i--) {
		pass(o, one_in(o, 10) ? 1 + roll(o, 8000) : 50 + roll(o, 400));
		some_say(o, spoilt, d == BELT);
	}
	if (!one_in(o, 3))
		mishap(o, d == BELT ? one_in(o, 20) ? LASTING : PASSING : LASTING);
	spoilt = one_in(o, 3) ? 20 : 2;
	for (uint64_t i = 4 + roll(o, 16); i > 0; i--) {
		pass(o, 50 + roll(o, 700));
		some_say(o, spoilt, d == BELT);
		if (one_in(o, 8))
			ask(o, d, d == PAD ? (double)roll(o, 2) : 60);
	}
	ask(o, d, 0);
	act(o, 0);
}

/* As long as it takes to reach the limits of time. */
static void long_session(struct orders *o)
{
	enum life_device d = one_in(o, 2) ? PAD : BELT;
	ask(o, d, d == PAD ? 1 : 100);
	for (int i = 0; i < 2000 && o->monitor.on[d]; i++) {
		pass(o, 900);
		read_all(o, BELT, 0);
		if (i % 3 == 0)
			some_say(o, 0, true);
		if (i % 100 == 0)
			all_say(o);
	}
	ask(o, d, 0);
	act(o, 0);
}

/* Cold, for a moment or until its time is over, and heat soon after. */
static void cold(struct orders *o)
{
	if (one_in(o, 4)) {
		ask(o, WRAP, 1);
		for (uint64_t i = 60 + roll(o, 1400); i > 0 && o->monitor.on[WRAP]; i--) {
			pass(o, 900);
			read_all(o, WRAP, 0);
			read_all(o, BUTTON, 0);
			if (i % 100 == 0)
				all_say(o);
		}
		ask(o, WRAP, 0);
		act(o, 0);
		pass(o, 10 * SECOND);
		all_say(o);
		ask(o, PAD, 1);
		act(o, 0);
	}
	for (int i = 0; i < 30; i++) {
		pass(o, 300);
		all_say(o);
		ask(o, WRAP, (double)(i % 2 == 0));
	}
	ask(o, one_in(o, 2) ? PAD : BELT, one_in(o, 2) ? 1 : 60);
	act(o, 0);
}

static void anything(struct orders *o)
{
	for (int i = 0; i < 150; i++) {
		pass(o, one_in(o, 12) ? roll(o, 20 * MINUTE) : roll(o, 1500));
		enum life_device d = (enum life_device)roll(o, LIFE_DEVICES);
		switch (roll(o, 8)) {
		case 0:
			present(o, d, one_in(o, 2));
			break;
		case 1:
			ask(o, one_in(o, 2) ? PAD : one_in(o, 2) ? BELT : WRAP, (double)roll(o, 3) * 40);
			break;
		case 2:
			mishap(o, GRAVE);
			break;
		case 3:
			act(o, 4);
			break;
		case 4:
			verb(o, CORE_RESET);
			break;
		default:
			read_all(o, d, 4);
			break;
		}
	}
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void print(const struct orders *o)
{
	printf("%llu steps, %.0f %% of them with something stale, unknown or implausible; granted: traction %llu, heat "
	       "%llu, cold %llu\n",
	       (unsigned long long)o->steps, 100 * (double)o->blind / (double)o->steps,
	       (unsigned long long)o->grants[BELT], (unsigned long long)o->grants[PAD],
	       (unsigned long long)o->grants[WRAP]);
	printf("%-32s %10s %18s\n", "rule", "granted", "refused or ended");
	for (size_t i = 0; i < o->n_counts; i++)
		printf("%-32s %10llu %18llu\n", o->counts[i].rule, (unsigned long long)o->counts[i].grants,
		       (unsigned long long)o->counts[i].ends);
}

static void nothing_is_energised_while_a_hazard_stands_whatever_the_order_of_events(void **state)
{
	(void)state;
	static struct orders o;
	uint64_t steps = number("ORDERS_STEPS", 100000);
	o.seed = number("ORDERS_SEED", 1) * 0x9E3779B97F4A7C15u + 1;
	life_start(&o.life, &(struct life_setup){.presence = true});
	monitor_start(&o.monitor, o.life.now);
	for (unsigned d = 0; d < LIFE_DEVICES; d++) /* what life_start told the core */
		monitor_present(&o.monitor, (enum life_device)d, true);
	while (o.steps < steps) {
		pass(&o, (21 + roll(&o, 80)) * HOUR);
		quiet(&o);
		for (int i = 0; i < 62; i++)
			episode(&o, i < 40 ? BELT : PAD);
		everything_is_well(&o);
		if (one_in(&o, 8)) {
			quiet(&o);
			long_session(&o);
		}
		cold(&o);
		anything(&o);
	}
	print(&o);
	life_stop(&o.life);
	assert_true(o.blind * 5 >= o.steps);
	for (size_t i = 0; i < o.n_counts; i++)
		if (o.counts[i].grants * 1000 < steps)
			fail_msg("under rule %s only %llu were granted: that proves too little", o.counts[i].rule,
				 (unsigned long long)o.counts[i].grants);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_energised_while_a_hazard_stands_whatever_the_order_of_events)};
	return cmocka_run_group_tests_name("hazards: any order of events", tests, NULL, NULL);
}
