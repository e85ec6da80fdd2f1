/* SPDX-License-Identifier: Apache-2.0
 *
 * BTHome v2 rotation, object 3F, in tenths of a degree:
 *
 *   Bluetooth LE     40 3F 02 0C                              307.4 deg
 *   home/N           {"id":"AA:BB:CC:DD:EE:FF","rot":307.4}   as Theengs' decoder says it
 *
 * Many such sensors (door and window contacts) speak when they are opened, and then once an hour. Those are no use
 * here: a tilt that is ten seconds old is not known, and forbids. A board of one's own can speak every second.
 */
#include "inversion_table/rotation.h"

#include "bthome/bthome.h"
#include "inversion_table/rows.h"
#include "json/json_frame.h"

/* One in ten advertisements reaches an adapter that does other things as well; the table moves by hand, and rules that
 * need to know sooner say so with an age of their own. */
enum { INTERVAL_MS = 1000, STALE_MS = 10000 };

const struct therapy_metric rotation_metrics[ROTATION_METRICS] = {
    [ROTATION_TILT] = TILT_ROW(INTERVAL_MS, STALE_MS),
    [ROTATION_ANGLE] =
	ANGLE_ROW(INTERVAL_MS, "angle", .name = "Sensor angle", .unit = THERAPY_UNIT_DEG, .stale_ms = STALE_MS),
};
const struct therapy_channel rotation_bthome_channels[1] = {{BTHOME_CHANNEL, THERAPY_IN}};
const struct therapy_channel rotation_theengs_channels[1] = {{"home/{name}", THERAPY_IN}};
const struct therapy_option rotation_options[ROTATION_OPTIONS] = {ORIENTATION_OPTIONS};

int rotation_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	(void)seed;
	return orientation_init(state, &values[ROTATION_SIGN], &values[ROTATION_ZERO]);
}

/* Some count to 360, some from -180. What is neither is no angle, and the circle must not make one of it. */
static void emit(const struct orientation *orientation, double rotation, struct therapy_out *out)
{
	double angle = fabs(rotation) <= 360 ? remainder(rotation, 360.0) : (double)NAN;
	therapy_emit(out, ROTATION_TILT, isnan(angle) ? angle : orientation_tilt(orientation, angle));
	therapy_emit(out, ROTATION_ANGLE, angle);
}

enum therapy_refusal rotation_bthome_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct bthome bthome;
	double rotation = 0;
	enum therapy_refusal refusal = bthome_open(message, &bthome);
	if (refusal == THERAPY_OK && bthome_get(&bthome, BTHOME_ROTATION, 1, &rotation))
		emit(state, rotation, out);
	return refusal;
}

enum therapy_refusal rotation_theengs_decode(void *state, const struct therapy_message *message,
					     struct therapy_out *out)
{
	struct json_object *object = NULL;
	double rotation = 0;
	if (message->retained)
		return THERAPY_OK;
	enum therapy_refusal refusal = json_frame_parse(message, &object);
	if (refusal != THERAPY_OK)
		return refusal;
	enum json_found found = json_frame_number(object, "rot", &rotation);
	json_object_put(object);
	if (found == JSON_FOUND)
		emit(state, rotation, out);
	return json_frame_refusal(found);
}
