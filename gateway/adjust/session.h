/* SPDX-License-Identifier: Apache-2.0
 * session - one calibration or tare from its beginning to what was found, step by step, as a person does them. It
 * knows no device and keeps nothing: readings and time come in, a result or a reason comes out. The caller's memory;
 * pure. docs/control-socket.md has what a program sees of it. */
#ifndef ADJUST_SESSION_H
#define ADJUST_SESSION_H

#include "adjust/calibration.h"
#include "adjust/steady.h"

#define SESSION_WHY_MAX    640u
#define SESSION_IDLE_MS    900000u /* nobody takes longer for a step than a quarter of an hour */
#define SESSION_SPREAD_DEG 1.0     /* a table that is held still; a WT901 at rest wanders by hundredths */
#define SESSION_SPREAD_N   2.0     /* what swings on a hook moves more */
/* Hook, harness and the sensor's own drift weigh less than 5 kgf; more is a load, which a tare would make invisible. */
#define SESSION_ZERO_MAX_N 50.0

enum session_kind { SESSION_NONE, SESSION_CALIBRATE, SESSION_TARE };
enum session_state {
	SESSION_WAITS,     /* for the person, to bring the table where session_step says */
	SESSION_MEASURING, /* what that step asked for */
	SESSION_FOUND,     /* `calibration` or `zero_n` */
};

struct session {
	enum session_kind kind;
	enum session_state state;
	size_t at; /* the step that is waited for or measured */
	struct calibration_axis axes[2];
	size_t n_axes;
	struct steady steady[2];
	struct calibration calibration;
	double zero_n;
	uint64_t touched_ms, wait_ms;
	char refused[SESSION_WHY_MAX]; /* why the last measurement counts for nothing; "": it counts */
};

/* `axes`: names, of a sensor with two; NULL: it has one. A measurement gives up after `wait_ms`. */
void session_begin_calibrate(struct session *session, const char *const *axes, size_t n_axes, bool quarter_last,
			     uint64_t wait_ms, uint64_t now_ms);
void session_begin_tare(struct session *session, uint64_t wait_ms, uint64_t now_ms);
void session_end(struct session *session);
/* "upright", "level", "head_down"; "empty" of a tare. NULL once all are measured. */
const char *session_step(const struct session *session);
/* The table is there: measure. False: that is not the step that is waited for. */
bool session_measure(struct session *session, const char *step, uint64_t now_ms);
/* A reading of axis `i` (0 of a force). */
void session_reading(struct session *session, size_t i, uint8_t quality, double value, uint64_t stamp_ms);
/* The device is gone. */
void session_lost(struct session *session);
/* Time passed. False: it has ended, because nobody went on. */
bool session_tick(struct session *session, uint64_t now_ms);

#endif
