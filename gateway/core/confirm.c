/* SPDX-License-Identifier: Apache-2.0
 *
 * Somebody says that they are there and well. It is a request and not a reading, so that what the broker kept, what is
 * late and what came twice does not stand in for a person (hazard 30). */
#include "core/gate.h"

#define PRESENT "present"

int confirm_request(struct core *core, struct decision *d, const struct core_request *request)
{
	const struct home *home = &core->home;
	uint32_t kind = home_find_kind(home, "person", strlen("person")), metric = HOME_NONE;
	for (uint32_t i = 0; kind != HOME_NONE && i < home->n_devices && metric == HOME_NONE; i++)
		if (home->devices[i].kind == kind)
			metric = home_find_metric(home, i, PRESENT, strlen(PRESENT));
	if (metric == HOME_NONE)
		return gate_conclude(d, CORE_UNKNOWN_CONTROL,
				     SAY(core,
					 "nobody asks here whether somebody is there: give profile.presence in the "
					 "configuration, like \"2 min\""));
	char by[44];
	const struct core_reading here = {.quality = THERAPY_GOOD, .value = 1, .stamp_ms = core->now_ms};
	value_put(&core->values[metric], &here, core->now_ms);
	logic_touch_metric(&core->logic, metric);
	gate_conclude(d, CORE_ACCEPTED, SAY(core, "somebody is there, says %s: that holds for %g s"),
		      gate_shown(request->by, by), (double)home->metrics[metric].stale_ms / 1e3);
	return 0;
}
