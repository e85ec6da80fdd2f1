/* SPDX-License-Identifier: Apache-2.0
 *
 * quantity - numbers in the units that people chose (base/unit.h): what a state shows, and what a request means. Only
 * states, discovery, requests and their answers are in these units; telemetry, events and explanations never are. Pure.
 */
#ifndef MQTT_QUANTITY_H
#define MQTT_QUANTITY_H

#include "base/unit.h"
#include "core/core.h"
#include "therapy/v1/device.pb-c.h"

struct unit_view quantity_view(enum unit_system system, Therapy__V1__Unit unit);

/* How a control's numbers are shown. 0 is rest and stays 0, whatever the unit's own zero is. */
struct quantity_scale {
	struct unit_view view;
	bool converted;
	unsigned decimals; /* converted: as few as tell the device's steps apart */
	double max, step;  /* as shown: a device's step is one of these, so that whatever adds one moves it by one */
	double inner_max, inner_step;
};
void quantity_scale(enum unit_system system, const Therapy__V1__ControlDescription *control,
		    struct quantity_scale *out);
/* A little more than it is rather than less, so that who asks for what is shown gets what is there and not a step less.
 */
double quantity_shown(const struct quantity_scale *scale, double inner);

/* A request came in the unit that its control (NULL: there is none) shows: from here on it is in the control's own. To
 * be done once. */
void quantity_take(enum unit_system system, const Therapy__V1__ControlDescription *control,
		   struct core_request *request);

#endif
