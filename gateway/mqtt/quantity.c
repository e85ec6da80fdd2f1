/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/quantity.h"

#include <math.h>

#define MOST_DECIMALS 6u
#define SMALLEST_STEP 0.001 /* Home Assistant's own */
#define NOISE         1e-6  /* of the last decimal: what conversion leaves of a whole number */

struct unit_view quantity_view(enum unit_system system, Therapy__V1__Unit unit)
{
	return unit_view(system, (enum therapy_unit)((int)unit - 1)); /* the order is the plugin's, after the zero */
}

static double rounded_up(double value, unsigned decimals)
{
	double tens = pow(10, decimals);
	return ceil(value * tens - NOISE) / tens;
}

/* Its last decimal is a small part of a step, and so is what all steps of the range drift by because one was rounded.
 */
static bool tells_apart(double step, double steps, unsigned decimals)
{
	return pow(10, -(double)decimals) <= step / 20 && steps * (rounded_up(step, decimals) - step) <= step / 20;
}

void quantity_scale(enum unit_system system, const Therapy__V1__ControlDescription *control, struct quantity_scale *out)
{
	double least = control->step >= SMALLEST_STEP ? control->step : SMALLEST_STEP;
	*out = (struct quantity_scale){.view = quantity_view(system, control->unit),
				       .max = control->max,
				       .step = least,
				       .inner_max = control->max};
	out->converted = out->view.scale < 1 || out->view.scale > 1 || out->view.offset < 0 || out->view.offset > 0;
	if (!out->converted)
		return;
	double step = least / out->view.scale;
	while (out->decimals < MOST_DECIMALS && !tells_apart(step, control->max / least, out->decimals))
		out->decimals++;
	out->step = rounded_up(step, out->decimals);
	out->inner_step = least;
	out->max = quantity_shown(out, control->max);
}

double quantity_shown(const struct quantity_scale *scale, double inner)
{
	if (!scale->converted || inner == 0)
		return inner;
	bool from_zero = !(scale->view.offset < 0) && !(scale->view.offset > 0);
	double shown = from_zero ? inner / scale->inner_step * scale->step : unit_view_shown(&scale->view, inner);
	return rounded_up(shown, scale->decimals);
}

void quantity_take(enum unit_system system, const Therapy__V1__ControlDescription *control,
		   struct core_request *request)
{
	struct quantity_scale scale;
	if (!control || request->verb != CORE_SET || request->value == 0)
		return;
	quantity_scale(system, control, &scale);
	if (!scale.converted)
		return;
	double inner = unit_view_inner(&scale.view, request->value);
	bool most = inner > scale.inner_max && request->value <= scale.max;
	request->value = most ? scale.inner_max : inner;
	request->converted = true;
}
