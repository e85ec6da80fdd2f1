/* SPDX-License-Identifier: Apache-2.0
 *
 * WitMotion WT901, serial, 9600 baud unless set otherwise, 10 Hz; one frame of each type per cycle:
 *
 *   55 type d0 d1 d2 d3 d4 d5 d6 d7 sum        sum: low byte of the sum of the ten before
 *
 *   51   ax       ay       az       temp       int16 little endian; acceleration x 16 / 32768 g, temp / 100 degC
 *   52   wx       wy       wz       volt       angular rate x 2000 / 32768 deg/s
 *   53   roll     pitch    yaw      version    angle x 180 / 32768 deg
 *   50, 54 ... 5A: time, magnetic field, ports, pressure, position, speed, quaternion, accuracy: whole, not needed here
 *
 * 60.00 deg of roll: 55 53 AB 2A 00 00 00 00 65 46 28. Roll turns about x and covers +-180 deg; pitch only +-90, so a
 * table that locks beyond 90 deg must turn about the sensor's x.
 */
#include "inversion_table/wt901.h"

enum {
	HEADER = 0x55,
	SIZE = 11,
	TYPE_FIRST = 0x50,
	TYPE_ACCELERATION = 0x51,
	TYPE_RATE = 0x52,
	TYPE_ANGLE = 0x53,
	TYPE_LAST = 0x5A,
};

int wt901_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	struct wt901 *wt = state;
	const struct therapy_value *axis = &values[WT901_AXIS];
	(void)seed;
	bool pitch = axis->set && strcmp(axis->word, "pitch") == 0;
	if (axis->set && !pitch && strcmp(axis->word, "roll") != 0)
		return -1;
	wt->axis = pitch ? 1 : 0;
	wt->stuck = (struct wt901_stuck){0};
	return orientation_init(&wt->orientation, &values[WT901_SIGN], &values[WT901_ZERO]);
}

static bool sum_is_right(const uint8_t *frame)
{
	unsigned sum = 0;
	for (size_t i = 0; i < SIZE - 1; i++)
		sum += frame[i];
	return (sum & 0xFF) == frame[SIZE - 1];
}

/* Could a frame start here, as far as can be seen? */
static bool starts_frame(const uint8_t *bytes, size_t size)
{
	return bytes[0] == HEADER && (size < 2 || (bytes[1] >= TYPE_FIRST && bytes[1] <= TYPE_LAST));
}

static size_t next_start(const uint8_t *bytes, size_t from, size_t size)
{
	while (from < size && !starts_frame(bytes + from, size - from))
		from++;
	return from;
}

long wt901_frame(void *state, const uint8_t *bytes, size_t size)
{
	(void)state;
	size_t start = next_start(bytes, 0, size);
	if (start > 0)
		return -(long)start;
	if (size < SIZE)
		return 0;
	if (sum_is_right(bytes))
		return SIZE;
	/* Broken. If bytes were lost, the next frame starts inside these eleven: cut there, so that it is not lost as
	 * well. Either way decode gets the broken piece and refuses it, so it is counted. */
	return (long)next_start(bytes, 1, SIZE);
}

static double word_at(const uint8_t *data, size_t index)
{
	return (int16_t)(data[2 * index] | data[2 * index + 1] << 8);
}

/* ---- what the accelerometer knows of the angle ---- */

static double length(const double v[3])
{
	return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

static double between_deg(const double a[3], const double b[3])
{
	double cosine = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / (length(a) * length(b));
	return acos(fmax(-1, fmin(1, cosine))) * 180 / acos(-1);
}

/* At rest the acceleration is 1 g, upwards. Beyond a tenth from it somebody shakes the table: that says nothing. */
static void take_gravity(struct wt901_stuck *s, const double g[3])
{
	double size = length(g);
	memcpy(s->gravity, g, sizeof s->gravity);
	s->known = size > 0.9 && size < 1.1;
}

/* Gravity has turned by more than 20 deg since the angle last changed by a degree, and has stayed there for a second:
 * the angle is stuck, or the table turns about an axis that it does not see. Only changes are compared: the sensor's
 * own zero may be set anyhow. What makes the angle good again is that it moves. */
static bool angle_contradicted(struct wt901_stuck *s, double angle_deg, uint64_t now_ms)
{
	enum { STILL_DEG = 1, TURNED_DEG = 20, LASTS_MS = 1000 };
	if (!s->begun || fabs(remainder(angle_deg - s->angle_deg, 360)) > STILL_DEG) {
		s->begun = s->known;
		s->contradicted = false;
		s->angle_deg = angle_deg;
		memcpy(s->then, s->gravity, sizeof s->then);
	} else if (s->known && between_deg(s->then, s->gravity) <= TURNED_DEG) {
		s->contradicted = false;
	} else if (s->known && !s->contradicted) {
		s->contradicted = true;
		s->since_ms = now_ms;
	}
	return s->contradicted && now_ms - s->since_ms >= LASTS_MS;
}

static void decode_angle(struct wt901 *wt, const uint8_t *data, uint64_t now_ms, struct therapy_out *out)
{
	double roll = word_at(data, 0) * 180.0 / 32768.0, pitch = word_at(data, 1) * 180.0 / 32768.0;
	double angle = wt->axis == 0 ? roll : pitch;
	bool wrong = angle_contradicted(&wt->stuck, angle, now_ms);
	therapy_emit(out, WT901_TILT, wrong ? (double)NAN : orientation_tilt(&wt->orientation, angle));
	therapy_emit(out, WT901_ANGLE, roll);
	therapy_emit(out, WT901_ANGLE_PITCH, pitch);
}

static void decode_acceleration(struct wt901 *wt, const uint8_t *data, struct therapy_out *out)
{
	double g[3];
	for (size_t i = 0; i < 3; i++)
		g[i] = word_at(data, i) * 16.0 / 32768.0;
	take_gravity(&wt->stuck, g);
	therapy_emit(out, WT901_TEMPERATURE, word_at(data, 3) / 100.0);
	for (size_t i = 0; i < 3; i++)
		therapy_emit(out, (uint16_t)(WT901_ACCELERATION_X + i), g[i]);
}

enum therapy_refusal wt901_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct wt901 *wt = state;
	const uint8_t *frame = message->data, *data = frame + 2;
	if (message->size != SIZE)
		return THERAPY_REFUSED_LENGTH;
	if (!sum_is_right(frame))
		return THERAPY_REFUSED_CHECKSUM;
	if (!starts_frame(frame, SIZE))
		return THERAPY_REFUSED_TYPE;
	switch (frame[1]) {
	case TYPE_ANGLE:
		decode_angle(wt, data, message->now_ms, out);
		break;
	case TYPE_RATE:
		therapy_emit(out, WT901_RATE,
			     orientation_rate(&wt->orientation, word_at(data, wt->axis) * 2000.0 / 32768.0));
		break;
	case TYPE_ACCELERATION:
		decode_acceleration(wt, data, out);
		break;
	default:
		break;
	}
	return THERAPY_OK;
}
