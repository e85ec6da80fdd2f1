/* SPDX-License-Identifier: Apache-2.0
 *
 * The off-test: is there a layer of dead-man left when everything here has died? The control is switched on once,
 * nothing is renewed and no OFF is sent, and it has to go off by its own timer. The device process does that
 * (device/off_test.c); here it is a grant like any other: it passes every check of a request but the one for its own
 * proof, every rule holds, and whatever ends it drives to rest. Only what has passed may be used, unless the user
 * accepted that it has no timer.
 *
 * A test vouches for the device that it was made with, while that was in sight ever since, and for PROOF_AGE_MS: relays
 * and settings change, and another plug may stand in its place. After that nothing is refused, but a session begins
 * with an off-test: the request is accepted, the test runs, and when it has passed and the control is at rest every
 * check of a request is made anew. Until then the wish is suspended like a request that a pause holds up, and whatever
 * would end that ends it. Only what may go on by itself (heat) is tested so: a force that comes, lets go and comes
 * again would pull twice. What somebody else switched on, and what goes on after a pause, is no session that begins.
 */
#include "core/gate.h"

/* An evening with its sessions, and the next one begins with a test. */
#define PROOF_AGE_MS  (12 * 3600 * 1000)
#define TEST_SLACK_MS 15000u /* after the timer: what the device process allows, and a link that is slow */

bool proof_missing(const struct core *core, uint32_t control, char why[CORE_WHY_MAX])
{
	const struct home_control *c = &core->home.controls[control];
	if (!core->needs_timer_proof || c->accept_no_timer || (c->timer_ms > 0 && core->controls[control].proved))
		return false;
	if (!why)
		return true;
	const char *device = control_device(core, control), *key = control_key(core, control);
	if (c->timer_ms > 0)
		explain_say(why,
			    SAY(core, "%s.%s has not proved that it goes off by itself: run `therapyctl off-test "
				      "%s.%s` (it is switched "
				      "on for a moment)"),
			    device, key, device, key);
	else
		explain_say(why,
			    SAY(core, "%s.%s has no timer of its own and would stay on if everything here died: "
				      "expected another model, "
				      "or accept_no_device_timer = true"),
			    device, key);
	return true;
}

bool proof_due(const struct core *core, uint32_t control)
{
	const struct home_control *home = &core->home.controls[control];
	const struct control *c = &core->controls[control];
	return core->needs_timer_proof && !home->accept_no_timer && !home->test_once && home->resumes && c->proved &&
	       (c->unwatched || !c->dated || (int64_t)core->now_ms - c->proved_ms >= PROOF_AGE_MS);
}

void proof_doubt(struct core *core, uint32_t control)
{
	core->controls[control].unwatched = true;
}

void proof_go_on_from(struct core *core, const struct core *old, uint32_t control)
{
	core->controls[control].unwatched = old->controls[control].unwatched;
}

static double least_value(const struct home_control *c)
{
	return c->min > 0 ? c->min : c->step > 0 ? c->step : c->max;
}

int proof_request(struct core *core, struct decision *d, const struct core_request *request)
{
	if (gate_find_control(core, d, request))
		return -1;
	const struct home_control *home = &core->home.controls[d->control];
	const struct control *c = &core->controls[d->control];
	double value = least_value(home);
	if (home->test_ms == 0)
		return gate_conclude(d, CORE_NOT_PERMITTED,
				     SAY(core, "%s.%s has no timer of its own that could be tested"), request->device,
				     request->control);
	if (gate_check_ready(core, d, value))
		return -1;
	if (core->switches[d->control].granted || c->suspended)
		return gate_conclude(d, CORE_NOT_PERMITTED, SAY(core, "%s.%s is in use: ask for rest first"),
				     request->device, request->control);
	if (!control_governed(core, d->control) || c->n_forbidding > 0) {
		d->rule = explain_refusal(core, d->control, &d->cause, d->why);
		return -1;
	}
	grant_start(core, d->control, value, GRANT_TEST);
	gate_conclude(d, CORE_ACCEPTED,
		      SAY(core, "the off-test of %s.%s runs: it has to go off by itself within %.0f s"),
		      request->device, request->control, home->test_ms / 1e3);
	out_event(core, CORE_EVENT_GRANTED, d->control, NONE, NULL, CORE_PRIORITY_LOW, d->why);
	return 0;
}

/* ---- a session that begins with one ---- */

bool proof_first(const struct core *core, uint32_t control)
{
	const struct control *c = &core->controls[control];
	return c->kind == GRANT_TEST && (c->suspended || (core->switches[control].granted && c->then > 0));
}

void proof_begin(struct core *core, struct decision *d, double value)
{
	struct control *c = &core->controls[d->control];
	char because[CORE_WHY_MAX], time[EXPLAIN_TIME_MAX], said[44];
	if (c->unwatched || !c->dated)
		explain_say(because, "%s", SAY(core, "it was out of sight since its last off-test"));
	else
		explain_say(because, SAY(core, "its last off-test was %s ago"),
			    explain_time_text((uint64_t)((int64_t)core->now_ms - c->proved_ms), time));
	grant_start(core, d->control, least_value(&core->home.controls[d->control]), GRANT_TEST);
	c->then = value;
	gate_conclude(
	    d, CORE_ACCEPTED,
	    SAY(core, "%s.%s is tested first, because %s: it has to go off by itself after %g s, then it is granted "
		      "at %s"),
	    control_device(core, d->control), control_key(core, d->control), because,
	    core->home.controls[d->control].test_ms / 1e3, gate_value(core, d->control, value, said));
	out_event(core, CORE_EVENT_GRANTED, d->control, NONE, NULL, CORE_PRIORITY_LOW, d->why);
}

int proof_replace(struct core *core, struct decision *d, double value)
{
	struct control *c = &core->controls[d->control];
	const char *device = control_device(core, d->control), *key = control_key(core, d->control);
	uint32_t cap = figure_forbidding(core, d->control, value);
	if (!proof_first(core, d->control))
		return gate_conclude(d, CORE_NOT_PERMITTED,
				     SAY(core, "an off-test of %s.%s runs: ask again when it is over, or ask for rest"),
				     device, key);
	if (cap != NONE) {
		d->outcome = CORE_NOT_PERMITTED;
		figure_describe(core, d->control, cap, value, d->why);
		return -1;
	}
	*(c->suspended ? &c->value : &c->then) = value;
	char said[44];
	gate_conclude(d, CORE_ACCEPTED, SAY(core, "the off-test of %s.%s comes first, then it is granted at %s"),
		      device, key, gate_value(core, d->control, value, said));
	return 0;
}

/* The same as if it were asked for now. */
void proof_resume(struct core *core, uint32_t control)
{
	double value = core->controls[control].value;
	struct decision d = {.device = core->home.controls[control].device,
			     .control = control,
			     .rule = NONE,
			     .cause = {.device = CORE_NO_DEVICE}};
	if (!gate_check_ready(core, &d, value) && !gate_check_rules(core, &d)) {
		gate_grant(core, &d, value);
		return;
	}
	grant_end(core, control, REACT_NOTHING);
	out_event(core, CORE_EVENT_REFUSED, control, d.rule, &d.cause,
		  d.rule == NONE ? CORE_PRIORITY_LOW : CORE_PRIORITY_MEDIUM, d.why);
}

/* ---- what comes of it ---- */

static void take_result(struct core *core, uint32_t control, enum core_test test)
{
	struct control *c = &core->controls[control];
	bool passed = test == CORE_TEST_PASSED;
	char why[CORE_WHY_MAX];
	if (passed)
		explain_say(why, SAY(core, "%s.%s went off by itself: its own timer works"),
			    control_device(core, control), control_key(core, control));
	else
		explain_say(why,
			    SAY(core, "%s.%s did not go off by its own timer, or somebody switched it off meanwhile: "
				      "it is refused until "
				      "an off-test passes"),
			    control_device(core, control), control_key(core, control));
	c->proved = passed;
	c->dated = passed;
	c->proved_ms = (int64_t)core->now_ms;
	c->unwatched = false;
	memory_changed(core, CORE_GRAVE);
	out_event(core, passed ? CORE_EVENT_TIMER_PROVED : CORE_EVENT_TIMER_FAILED, control, NONE, NULL,
		  passed ? CORE_PRIORITY_LOW : CORE_PRIORITY_MEDIUM, why);
	out_changed(core, control);
}

static void tell_dropped(struct core *core, uint32_t control, bool by_hand)
{
	const char *device = control_device(core, control), *key = control_key(core, control);
	char why[CORE_WHY_MAX];
	if (by_hand)
		explain_say(why, SAY(core, "%s.%s was switched off at the device while it was tested"), device, key);
	else
		explain_say(why, SAY(core, "%s.%s did not come on to be tested: a new request is needed"), device, key);
	out_event(core, CORE_EVENT_ENDED, control, NONE, NULL, CORE_PRIORITY_LOW, why);
}

/* Before a session two ends are no alarm. Off is off, by whomever (hazard 27): who changes their mind has broken
 * nothing. And an ON that got lost on the air says nothing of the timer. They prove nothing either, so that the next
 * session begins with a test as this one did. */
void proof_ended(struct core *core, uint32_t control, enum core_test test, bool by_hand)
{
	double then = core->controls[control].then;
	bool came_on = core->switches[control].phase == CORE_PHASE_CONFIRMED_ON;
	grant_end(core, control, REACT_NOTHING);
	if (then > 0 && test == CORE_TEST_FAILED && (by_hand || !came_on)) {
		tell_dropped(core, control, by_hand);
		return;
	}
	take_result(core, control, test);
	if (then > 0 && test == CORE_TEST_PASSED)
		grant_suspend(core, control, then);
}

bool proof_overdue(struct core *core, uint32_t control)
{
	const struct control *c = &core->controls[control];
	if (c->kind != GRANT_TEST || core->now_ms - c->test_ms < core->home.controls[control].test_ms + TEST_SLACK_MS)
		return false;
	grant_end(core, control, REACT_REST);
	take_result(core, control, CORE_TEST_FAILED);
	return true;
}

bool core_timer_proved(const struct core *core, uint16_t device, uint16_t control)
{
	return device < core->home.n_devices && control < core->home.devices[device].n_controls &&
	       core->controls[core->home.devices[device].first_control + control].proved;
}
