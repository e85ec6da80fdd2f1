/* SPDX-License-Identifier: Apache-2.0
 * Shared by adjusting.c (what is remembered, and its way into use) and adjusting_order.c (a person's steps). Nobody
 * else includes it. */
#ifndef ADJUSTING_INSIDE_H
#define ADJUSTING_INSIDE_H

#include "adjust/session.h"
#include "adjusted_options.h"
#include "adjusting.h"
#include "gateway_inside.h"

/* What becomes of the last order to remember or forget. */
enum adjusting_change { CHANGE_NONE, CHANGE_WRITING, CHANGE_WAITS, CHANGE_DONE, CHANGE_FAILED };

struct adjusting {
	struct gateway *g;
	struct adjusted *store;
	bool damaged;
	struct session session;
	uint64_t number; /* of the session, so that who went away cannot go on with another's */
	uint16_t device; /* of the session */
	uint16_t metrics[2];
	enum adjusting_change change; /* WRITING, WAITS: there is one, and it is about: */
	uint16_t changed;             /* this device */
	bool tare, forgets;
	char by[48]; /* who wanted that */
	char before[128], after[128], failed[160];
};

/* ---- adjusting.c ---- */
/* What the device is known to say of itself. */
const Therapy__V1__DeviceDescription *adjusting_described(const struct adjusting *a, uint16_t device);
/* What is remembered of it; n 0: nothing. */
struct adjusted_options adjusting_remembered(const struct adjusting *a, uint16_t device);
/* True: something is, or may be; `why` says what. */
bool adjusting_energised(const struct core *core, struct str *why);
/* Remembers these, or nothing, of the device; then starts it anew. False, and why: it cannot. */
bool adjusting_remember(struct adjusting *a, uint16_t device, bool tare, struct adjusted_options options,
			struct str *why);

#endif
