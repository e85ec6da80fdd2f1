/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/wt901.h"

#include <math.h>

#define VERSION 0x4665 /* as a WT901 of 2021 says it */

static void put(uint8_t *at, double value)
{
	long n = lround(value);
	if (n > INT16_MAX)
		n = INT16_MAX;
	if (n < INT16_MIN)
		n = INT16_MIN;
	at[0] = (uint8_t)((unsigned long)n & 0xFF);
	at[1] = (uint8_t)(((unsigned long)n >> 8) & 0xFF);
}

static void frame(uint8_t *at, uint8_t type, double a, double b, double c, double d)
{
	at[0] = 0x55;
	at[1] = type;
	put(at + 2, a);
	put(at + 4, b);
	put(at + 6, c);
	put(at + 8, d);
	uint8_t sum = 0;
	for (unsigned i = 0; i < WT901_FRAME - 1; i++)
		sum = (uint8_t)(sum + at[i]);
	at[WT901_FRAME - 1] = sum;
}

void wt901_sample(const struct wt901_pose *pose, uint8_t out[WT901_SAMPLE])
{
	double radians = pose->roll_deg * (double)M_PI / 180.0;
	double per_g = 32768.0 / 16.0;
	frame(out, 0x51, 0, sin(radians) * per_g, cos(radians) * per_g, pose->temp_c * 100.0);
	frame(out + WT901_FRAME, 0x52, pose->roll_deg_s * 32768.0 / 2000.0, 0, 0, 0);
	frame(out + 2 * WT901_FRAME, 0x53, pose->roll_deg * 32768.0 / 180.0, 0, 0, VERSION);
}

void tilt_go(struct tilt *tilt, uint64_t now_us, double target, double rate)
{
	tilt->from = tilt_at(tilt, now_us);
	tilt->target = target;
	tilt->rate = rate;
	tilt->since_us = now_us;
}

void tilt_put(struct tilt *tilt, uint64_t now_us, double target)
{
	*tilt = (struct tilt){.from = target, .target = target, .rate = 1, .since_us = now_us};
}

double tilt_at(const struct tilt *tilt, uint64_t now_us)
{
	double way = tilt->target - tilt->from;
	double gone = tilt->rate * (double)(now_us - tilt->since_us) / 1e6;
	return gone >= fabs(way) ? tilt->target : tilt->from + copysign(gone, way);
}

double tilt_speed(const struct tilt *tilt, uint64_t now_us)
{
	double left = tilt->target - tilt_at(tilt, now_us);
	return left == 0 ? 0 : copysign(tilt->rate, left);
}
