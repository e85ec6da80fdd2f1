/* SPDX-License-Identifier: Apache-2.0
 *
 * The off-test: does the device go to rest by itself when nobody renews it? That is the layer that is left when the
 * gateway, its machine and the broker have died, and a table that says so proves nothing. The control is energised once
 * with as short a timer as the device has; then nothing is sent for it, no renewal and no OFF, and its confirming
 * reading is watched.
 *
 * It passes when the reading was on and is at rest no earlier than most of the timer, which no hand at the button is
 * likely to hit, and no later than a few seconds after it. The lease runs as always: whatever ends it (the gateway
 * gone, a rule, a stop, the link) drives to rest at once, and nothing is proved.
 */
#include "device/machine.h"

/* For the reading: polls of energised devices are 2 s apart or less, and one answer may be lost. */
#define SLACK_MS 5000u

/* A timer of 2 s with the oscillator of a cheap microcontroller, and readings stamped when they come: never as much as
 * a fifth early. */
static uint64_t earliest_ms(uint64_t timer_ms)
{
	return timer_ms - timer_ms / 5;
}

static uint64_t timer_ms(const struct therapy_control *r)
{
	return r->test_ms > 0 ? r->test_ms : r->device_timer_ms;
}

void off_test_begin(struct device *d, struct control *c, const struct device_input *in)
{
	const struct therapy_control *r = control_row(d, c);
	double value = r->type == THERAPY_SWITCH ? 1.0 : r->min; /* the least that can be felt */
	if (timer_ms(r) == 0 || c->phase != DEVICE_PHASE_AT_REST || !control_may_energise(d, c, value)) {
		control_refuse(d, c, in->grant);
		return;
	}
	control_grant(d, c, in, value);
	c->renew_at = UINT64_MAX;
	c->testing = true;
	c->test_began_ms = d->now_ms;
	control_energise(d, c, r->test_ms > 0 ? r->test : r->set);
}

uint64_t off_test_deadline(const struct device *d, const struct control *c)
{
	return c->testing ? c->test_began_ms + timer_ms(control_row(d, c)) + SLACK_MS : UINT64_MAX;
}

void off_test_time(struct device *d, struct control *c)
{
	if (d->now_ms >= off_test_deadline(d, c))
		control_go_to_rest(d, c, false, (struct device_control_state){.test = DEVICE_TEST_FAILED});
}

void off_test_went_off(struct device *d, struct control *c, uint64_t at_ms)
{
	bool itself = at_ms >= c->test_began_ms + earliest_ms(timer_ms(control_row(d, c)));
	control_go_to_rest(d, c, false,
			   (struct device_control_state){.ended_by_device = !itself,
							 .test = itself ? DEVICE_TEST_PASSED : DEVICE_TEST_FAILED});
}
