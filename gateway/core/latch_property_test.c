/* SPDX-License-Identifier: Apache-2.0
 * Random lives of the guarded home, with a monitor that knows stops, latches and resets and nothing of the core: no
 * lease leaves while anything is stopped or latched, nothing is reset that is not healthy or by a button that is held,
 * and no order to rest is weaker than one in force. */
#include <stdlib.h>
#include <string.h>

#include "core/testing_rig.h"

#define STEPS    300000
#define CONTROLS 3 /* belt, pad, plug: device minus BELT */

struct seen {
	bool good;
	double value;
	uint64_t stamp;
};

struct world {
	struct rig rig;
	unsigned seed;
	enum core_phase phase[CONTROLS];
	double tilt, force;
	/* What the monitor knows. */
	struct seen pain, button, pull;
	bool pain_pressed, button_pressed; /* since the last reset: then each has to be seen released */
	bool stopped, over_force, disobeyed, bypassed, fast[CONTROLS], on_since_rest[CONTROLS];
	uint64_t last_reset, bypasses[2];
	bool edge, whole; /* of the reset of this step */
	uint64_t leases, adopted, tests, kept_off, events[CORE_EVENT_COUNT_];
};

static unsigned dice(struct world *w, unsigned sides)
{
	return (unsigned)rand_r(&w->seed) % sides;
}

static bool released(const struct world *w, const struct seen *s)
{
	return s->good && s->value <= 0 && w->rig.now <= s->stamp + 10000;
}

static void see_lease(struct world *w, const struct core_output *o)
{
	unsigned control = o->device - BELT;
	const char *what = w->stopped                           ? "everything is stopped"
			   : o->device == BELT && w->over_force ? "over-force is latched"
			   : o->device == PAD && w->disobeyed   ? "the pad did not obey"
			   : o->device == PLUG && w->disobeyed  ? "the plug cuts off the pad"
			   : o->device == PAD && w->bypassed    ? "it was bypassed three times"
								: NULL;
	if (what)
		fail_msg("at %llu a lease for device %u, and %s", (unsigned long long)w->rig.now, o->device, what);
	w->leases++;
	w->adopted += o->adopt;
	w->tests += o->test;
	w->fast[control] = false;
	w->on_since_rest[control] = true;
	if (w->phase[control] == CORE_PHASE_AT_REST || o->adopt)
		w->phase[control] = CORE_PHASE_CONFIRMED_ON;
}

static void see_rest(struct world *w, const struct core_output *o)
{
	unsigned control = o->device - BELT;
	if (w->fast[control] && !o->stop)
		fail_msg("at %llu device %u is told to rest slowly while it is released",
			 (unsigned long long)w->rig.now, o->device);
	if (w->phase[control] == CORE_PHASE_AT_REST)
		return;
	w->fast[control] |= o->stop;
	w->phase[control] = CORE_PHASE_COMING_TO_REST;
}

static void see_reset(struct world *w, const struct core_output *o)
{
	assert_true(w->edge);
	if (strstr(o->why, "the stop was reset")) {
		assert_true(w->whole);
		assert_true(!w->pain_pressed || released(w, &w->pain));
		assert_true(!w->button_pressed || released(w, &w->button));
		w->stopped = w->pain_pressed = w->button_pressed = false;
	} else if (strstr(o->why, "rule over-force was reset")) {
		assert_true(w->pull.good && w->pull.value <= 150 && w->rig.now <= w->pull.stamp + 1000);
		w->over_force = false;
	} else if (strstr(o->why, "pad.heat was reset")) {
		assert_int_equal(w->phase[PAD - BELT], CORE_PHASE_AT_REST);
		w->disobeyed = w->bypassed = false;
		w->bypasses[0] = w->bypasses[1] = 0;
	}
}

static void watch(struct world *w)
{
	for (size_t i = 0; i < w->rig.last.n; i++) {
		const struct core_output *o = &w->rig.last.items[i];
		if (o->type == CORE_OUT_LEASE)
			see_lease(w, o);
		else if (o->type == CORE_OUT_REST)
			see_rest(w, o);
		else if (o->type == CORE_OUT_EVENT && o->event == CORE_EVENT_RESET)
			see_reset(w, o);
		if (o->type == CORE_OUT_EVENT)
			w->events[o->event]++;
		if (o->type == CORE_OUT_EVENT || o->type == CORE_OUT_RESULT)
			assert_true(o->why[0] != '\0');
	}
	for (uint16_t device = BELT; device <= PLUG; device++) {
		struct core_permission p = rig_permission(&w->rig, device, 0);
		w->kept_off += w->stopped;
		if (w->stopped)
			assert_false(p.permitted || p.granted || p.suspended);
	}
	w->edge = false;
}

static void read(struct world *w, uint16_t device, uint16_t metric, struct seen *seen, double value)
{
	uint8_t quality = dice(w, 60) ? THERAPY_GOOD : dice(w, 2) ? THERAPY_ERROR : THERAPY_UNKNOWN;
	if (seen)
		*seen = (struct seen){quality == THERAPY_GOOD, value, w->rig.now};
	if (quality == THERAPY_GOOD && value > 0 && (seen == &w->pain || seen == &w->button))
		w->stopped = *(seen == &w->pain ? &w->pain_pressed : &w->button_pressed) = true;
	if (quality == THERAPY_GOOD && value > 150 && seen == &w->pull)
		w->over_force = true;
	rig_read_quality(&w->rig, device, metric, value, quality, w->rig.now);
}

static void readings(struct world *w)
{
	static const double tilts[] = {0, 0, 0, 0, 15, 30};
	if (dice(w, 300) == 0)
		w->tilt = tilts[dice(w, 6)];
	if (dice(w, 400) == 0)
		w->force = dice(w, 4) ? 0 : 160;
	read(w, TABLE, TABLE_TILT, NULL, w->tilt);
	watch(w);
	read(w, BELT, BELT_PRESSURE, NULL, 0);
	watch(w);
	read(w, BELT, BELT_FORCE, &w->pull, w->force);
	watch(w);
	read(w, BELT, BELT_PAIN, &w->pain, dice(w, 700) == 0);
	watch(w);
	read(w, REMOTE, REMOTE_BUTTON, &w->button, dice(w, 700) == 0);
}

static void ask(struct world *w)
{
	static const struct {
		const char *device, *control;
		double value;
	} rows[] = {{"pad", "heat", 1}, {"belt", "tension", 40}, {"plug", "power", 1}, {"pad", "heat", 0}};
	unsigned i = dice(w, 4);
	rig_ask(&w->rig, rows[i].device, rows[i].control, rows[i].value);
}

/* A person resets now and then; sometimes a button is stuck. */
static void reset(struct world *w)
{
	bool again = dice(w, 4) == 0, whole = dice(w, 4) != 0;
	for (unsigned i = 0; i < (again ? 5u : 1u); i++) {
		w->edge = w->rig.now >= w->last_reset + 2000;
		w->whole = whole;
		w->last_reset = w->rig.now;
		rig_verb(&w->rig, CORE_RESET, whole ? "" : "pad", whole ? "" : "heat");
		watch(w);
		w->rig.now += again ? 1500 : 0;
	}
	rig_tick(&w->rig);
}

static void device_says(struct world *w)
{
	uint16_t device = (uint16_t)(BELT + dice(w, CONTROLS));
	unsigned c = device - BELT;
	uint32_t repeats = 0;
	if (w->phase[c] == CORE_PHASE_COMING_TO_REST && dice(w, 3))
		repeats = dice(w, 40) ? 1 : 4;
	else if (w->phase[c] == CORE_PHASE_COMING_TO_REST)
		w->phase[c] = CORE_PHASE_AT_REST;
	if (w->phase[c] == CORE_PHASE_AT_REST)
		w->fast[c] = w->on_since_rest[c] = false;
	if (device == PAD && repeats > 3 && w->on_since_rest[c])
		w->disobeyed = true;
	rig_tell(&w->rig, device, 0, &(struct core_input){.state = {.phase = w->phase[c], .repeats = repeats}});
}

static void somebody(struct world *w)
{
	unsigned c = PAD - BELT;
	if (w->phase[c] != CORE_PHASE_AT_REST || rig_permission(&w->rig, PAD, PAD_HEAT).granted)
		return;
	w->phase[c] = CORE_PHASE_CONFIRMED_ON;
	w->on_since_rest[c] = true;
	rig_tell(&w->rig, PAD, PAD_HEAT,
		 &(struct core_input){.state = {.phase = CORE_PHASE_CONFIRMED_ON, .foreign = true, .value = 1}});
	if (!rig_event(&w->rig, CORE_EVENT_BYPASSED))
		return;
	w->bypassed |= w->bypasses[1] > 0 && w->rig.now < w->bypasses[1] + 60000;
	w->bypasses[1] = w->bypasses[0];
	w->bypasses[0] = w->rig.now;
}

static void one_step(struct world *w)
{
	unsigned what = dice(w, 1000);
	if (what < 300)
		readings(w);
	else if (what < 500)
		ask(w);
	else if (what < 505)
		w->stopped |= rig_verb(&w->rig, CORE_STOP, "", "") == CORE_ACCEPTED;
	else if (what < 560)
		reset(w);
	else if (what < 600)
		rig_verb(&w->rig, CORE_OFF_TEST, dice(w, 2) ? "pad" : "belt", dice(w, 2) ? "heat" : "tension");
	else if (what < 640)
		somebody(w);
	else if (what < 960)
		device_says(w);
	else
		rig_tick(&w->rig);
	watch(w);
}

static void pass(struct world *w)
{
	w->rig.now += 1 + dice(w, 150);
	if (dice(w, 5000) == 0)
		w->rig.now += dice(w, 20000);
	while (dice(w, 10) && core_deadline(w->rig.core) < w->rig.now) {
		uint64_t end = w->rig.now;
		w->rig.now = core_deadline(w->rig.core);
		rig_tick(&w->rig);
		watch(w);
		w->rig.now = end;
	}
}

static void nothing_runs_while_stopped_or_latched_and_no_order_is_weaker_than_one_in_force(void **state)
{
	(void)state;
	struct world w = {.seed = 7};
	rig_start_guarded(&w.rig, false);
	w.last_reset = w.rig.now;
	rig_calm_guarded(&w.rig);
	for (unsigned c = 0; c < CONTROLS; c++)
		w.phase[c] = CORE_PHASE_AT_REST;
	w.pain = w.button = w.pull = (struct seen){true, 0, w.rig.now};
	for (unsigned i = 0; i < STEPS; i++) {
		pass(&w);
		one_step(&w);
	}
	print_message("leases %llu, of adopted %llu, of tests %llu; stopped %llu, latched %llu, reset %llu, not obeyed "
		      "%llu, bypassed %llu; seen stopped in %llu steps\n",
		      (unsigned long long)w.leases, (unsigned long long)w.adopted, (unsigned long long)w.tests,
		      (unsigned long long)w.events[CORE_EVENT_STOPPED],
		      (unsigned long long)w.events[CORE_EVENT_LATCHED], (unsigned long long)w.events[CORE_EVENT_RESET],
		      (unsigned long long)w.events[CORE_EVENT_NOT_OBEYED],
		      (unsigned long long)w.events[CORE_EVENT_BYPASSED], (unsigned long long)w.kept_off);
	/* The life was an eventful one. */
	static const enum core_event_type types[] = {CORE_EVENT_GRANTED,    CORE_EVENT_TRIPPED, CORE_EVENT_PAUSED,
						     CORE_EVENT_STOPPED,    CORE_EVENT_LATCHED, CORE_EVENT_RESET,
						     CORE_EVENT_NOT_OBEYED, CORE_EVENT_ADOPTED, CORE_EVENT_BYPASSED};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (w.events[types[i]] < 20)
			fail_msg("event %d came %llu times only", (int)types[i],
				 (unsigned long long)w.events[types[i]]);
	assert_true(w.leases > 1000 && w.adopted > 10 && w.tests > 10);
	rig_stop(&w.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_runs_while_stopped_or_latched_and_no_order_is_weaker_than_one_in_force),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
