/* SPDX-License-Identifier: Apache-2.0
 *
 * Somebody else's hand: a button on the plug, another program, an old message that a broker kept. The device process
 * cannot know whether the rules permit what was switched on, so it tells the gateway and waits a moment for a LEASE
 * that adopts it. Adopting renews the device's own timer and switches nothing: whoever presses OFF meanwhile stays off.
 * Without an answer it is driven to rest.
 */
#include "device/machine.h"

/* From the reading to the gateway's answer: two hops over a pipe, and a core that may have a thousand rules. Under
 * heavy load a renewal came 350 ms late. */
#define ADOPT_MS 500u

/* A number is not adopted: nobody asked us for that force, and a board's own panel may be driving it. Nor is what has
 * no timer that a renewal restarts: it would stay on when we die. */
static bool adoptable(const struct device *d, const struct control *c)
{
	const struct therapy_control *r = control_row(d, c);
	return r->type == THERAPY_SWITCH && r->renew != THERAPY_NONE && d->link_up && !d->orphaned && !d->absent &&
	       !c->running && !d->releasing;
}

void foreign_seen(struct device *d, struct control *c, const struct device_reading *r)
{
	struct device_control_state how = {.foreign = true, .value = r->value};
	if (!adoptable(d, c)) {
		control_calm(d, c, how);
		return;
	}
	c->phase = DEVICE_PHASE_CONFIRMED_ON;
	c->foreign = true;
	c->foreign_until = d->now_ms + ADOPT_MS;
	c->told_ms = r->stamp_ms;
	control_report(d, c, how);
}

void foreign_time(struct device *d, struct control *c)
{
	if (c->foreign && d->now_ms >= c->foreign_until)
		control_calm(d, c, (struct device_control_state){0});
}

void foreign_adopt(struct device *d, struct control *c, const struct device_input *in)
{
	if (!c->foreign || !control_may_energise(d, c, in->value)) {
		control_refuse(d, c, in->grant); /* it is off again, or on its way there */
		return;
	}
	control_grant(d, c, in, in->value);
	control_renew(d, c);
	control_report(d, c, (struct device_control_state){.grant = c->grant});
}
