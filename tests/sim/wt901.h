/* SPDX-License-Identifier: Apache-2.0
 *
 * wt901 - the bytes of a WitMotion WT901 on a serial line, and the tilt of the table it is screwed to.
 *
 *   55 type d0 d1 d2 d3 d4 d5 d6 d7 SUM      SUM: low byte of the sum of the ten before it
 *   type 51: ax ay az  x 16/32768 g          then temperature x 1/100 degC
 *   type 52: wx wy wz  x 2000/32768 deg/s    then a word of voltage, 0 on a serial WT901
 *   type 53: roll pitch yaw x 180/32768 deg  then the firmware version
 *
 * all int16, little endian. The sensor turns about its x axis with the table: roll is the tilt. Pure.
 */
#ifndef SIM_WT901_H
#define SIM_WT901_H

#include <stdint.h>

#define WT901_FRAME  11u
#define WT901_FRAMES 3u /* per sample: 51, 52, 53 */
#define WT901_SAMPLE (WT901_FRAME * WT901_FRAMES)

struct wt901_pose {
	double roll_deg;   /* -180 to 180 */
	double roll_deg_s; /* -2000 to 2000 */
	double temp_c;
};

/* What the sensor sends at one moment. */
void wt901_sample(const struct wt901_pose *pose, uint8_t out[WT901_SAMPLE]);

/* The table moves from where it is to `target` at a steady speed and stays there. */
struct tilt {
	double from, target; /* deg, positive head down */
	double rate;         /* deg/s, > 0 */
	uint64_t since_us;   /* CLOCK_BOOTTIME when it left `from` */
};

void tilt_go(struct tilt *tilt, uint64_t now_us, double target, double rate);
/* At once, as nobody could. */
void tilt_put(struct tilt *tilt, uint64_t now_us, double target);
double tilt_at(const struct tilt *tilt, uint64_t now_us);
/* Signed speed at that moment, deg/s; 0 at rest. */
double tilt_speed(const struct tilt *tilt, uint64_t now_us);

#endif
