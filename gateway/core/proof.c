/* SPDX-License-Identifier: Apache-2.0
 *
 * The off-test: is there a layer of dead-man left when everything here has died? The control is switched on once,
 * nothing is renewed and no OFF is sent, and it has to go off by its own timer. The device process does that
 * (device/off_test.c); here it is a grant like any other: it passes every check of a request but the one for its own
 * proof, every rule holds, and whatever ends it drives to rest. Only what has passed may be used, unless the user
 * accepted that it has no timer.
 */
#include "core/gate.h"

#define TEST_SLACK_MS 15000u /* after the timer: what the device process allows, and a link that is slow */

bool proof_missing(const struct core *core, uint32_t control, char why[CORE_WHY_MAX])
{
	const struct home_control *c = &core->home.controls[control];
	if (!core->needs_timer_proof || c->accept_no_timer || (c->timer_ms > 0 && core->controls[control].proved))
		return false;
	if (!why)
		return true;
	const char *device = control_device(core, control), *key = control_key(core, control);
	struct str s;
	str_init(&s, why, CORE_WHY_MAX);
	if (c->timer_ms > 0)
		str_add(
		    &s,
		    "%s.%s has not proved that it goes off by itself: run `therapyctl off-test %s.%s` (it is switched "
		    "on for a moment)",
		    device, key, device, key);
	else
		str_add(
		    &s,
		    "%s.%s has no timer of its own and would stay on if everything here died: expected another model, "
		    "or accept_no_device_timer = true",
		    device, key);
	return true;
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
		return gate_conclude(d, CORE_NOT_PERMITTED, "%s.%s has no timer of its own that could be tested",
				     request->device, request->control);
	if (gate_check_ready(core, d, value))
		return -1;
	if (core->switches[d->control].granted || c->suspended)
		return gate_conclude(d, CORE_NOT_PERMITTED, "%s.%s is in use: ask for rest first", request->device,
				     request->control);
	if (c->n_rules == 0 || c->n_forbidding > 0) {
		d->rule = explain_refusal(core, d->control, &d->cause, d->why);
		return -1;
	}
	grant_start(core, d->control, value, GRANT_TEST);
	gate_conclude(d, CORE_ACCEPTED, "the off-test of %s.%s runs: it has to go off by itself within %.0f s",
		      request->device, request->control, home->test_ms / 1e3);
	out_event(core, CORE_EVENT_GRANTED, d->control, NONE, NULL, CORE_PRIORITY_LOW, d->why);
	return 0;
}

void proof_result(struct core *core, uint32_t control, enum core_test test)
{
	struct control *c = &core->controls[control];
	bool passed = test == CORE_TEST_PASSED;
	char why[CORE_WHY_MAX];
	struct str s;
	str_init(&s, why, sizeof why);
	if (passed)
		str_add(&s, "%s.%s went off by itself: its own timer works", control_device(core, control),
			control_key(core, control));
	else
		str_add(
		    &s,
		    "%s.%s did not go off by its own timer, or somebody switched it off meanwhile: it is refused until "
		    "an off-test passes",
		    control_device(core, control), control_key(core, control));
	if (c->proved != passed)
		memory_changed(core, CORE_GRAVE);
	c->proved = passed;
	out_event(core, passed ? CORE_EVENT_TIMER_PROVED : CORE_EVENT_TIMER_FAILED, control, NONE, NULL,
		  passed ? CORE_PRIORITY_LOW : CORE_PRIORITY_MEDIUM, why);
	out_changed(core, control);
}

bool proof_overdue(struct core *core, uint32_t control)
{
	const struct control *c = &core->controls[control];
	if (c->kind != GRANT_TEST || core->now_ms - c->test_ms < core->home.controls[control].test_ms + TEST_SLACK_MS)
		return false;
	grant_end(core, control, REACT_REST);
	proof_result(core, control, CORE_TEST_FAILED);
	return true;
}

bool core_timer_proved(const struct core *core, uint16_t device, uint16_t control)
{
	return device < core->home.n_devices && control < core->home.devices[device].n_controls &&
	       core->controls[core->home.devices[device].first_control + control].proved;
}
