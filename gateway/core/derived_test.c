/* SPDX-License-Identifier: Apache-2.0
 * Metrics that the core computes: a sum is exact to a second, what is not known never makes it smaller, and rules see
 * it like any metric. */
#include <stdlib.h>
#include <string.h>

#include "core/testing_rig.h"

#define MINUTE 60000u
#define HOUR   (60u * MINUTE)

enum { GYRO_TILT, GYRO_SPEED, GYRO_N };
enum { SKIN_POWER, SKIN_TEMP, SKIN_N };

static const struct core_metric gyro_metrics[] = {
    {.key = "tilt", .unit = THERAPY_UNIT_DEG, .stale_ms = 1000, .deadband = 0.5},
    {.key = "speed", .unit = THERAPY_UNIT_DEG_PER_S, .stale_ms = 1000},
};
static const struct core_metric skin_metrics[] = {
    {.key = "power", .unit = THERAPY_UNIT_WATT, .stale_ms = 10000},
    {.key = "skin_temp", .unit = THERAPY_UNIT_CELSIUS, .stale_ms = 5000},
};
static const struct core_control skin_controls[] = {
    {.key = "heat", .min = 0, .max = 1, .step = 1, .confirm = SKIN_POWER, .rest_max = 3, .resumes = true}};
static const struct core_device gyro = {"table", "inversion", gyro_metrics, GYRO_N, NULL, 0};
static const struct core_device skin = {"pad", "heat", skin_metrics, SKIN_N, skin_controls, 1};

static struct core_derived derive(enum core_derive type, const char *id, const char *kind, const char *of)
{
	return (struct core_derived){
	    .file = "rules.cfg", .line = 3, .id = id, .kind = kind, .type = type, .of = {.text = of, .line = 4}};
}

static int try_start(struct rig *rig, const struct core_device *device, const struct core_derived *rows, size_t n,
		     const struct core_rule *rule, struct faults *faults)
{
	struct core_spec spec = {.devices = device,
				 .n_devices = 1,
				 .derived = rows,
				 .n_derived = n,
				 .rules = rule,
				 .n_rules = rule != NULL,
				 .lease_ms = 1000,
				 .renew_ms = 250};
	*rig = (struct rig){.now = 1000000, .n_devices = 1};
	return core_new(&spec, rig->now, &rig->core, faults);
}

static void start(struct rig *rig, const struct core_device *device, struct core_derived row)
{
	struct faults faults = {0};
	int bad = try_start(rig, device, &row, 1, NULL, &faults);
	faults_print(&faults, stderr);
	faults_release(&faults);
	assert_int_equal(bad, 0);
	rig_present(rig, 0, true);
}

/* The derived metric: the only row after the device's own two. */
static struct core_reading derived(const struct rig *rig)
{
	return core_value(rig->core, 0, 2);
}

static void assert_derived(const struct rig *rig, double value)
{
	struct core_reading r = derived(rig);
	assert_int_equal(r.quality, THERAPY_GOOD);
	assert_near(r.value, value, 1e-9);
}

/* Reads `value` every 500 ms for `ms`. */
static void keep(struct rig *rig, uint16_t metric, double value, uint64_t ms)
{
	for (uint64_t end = rig->now + ms; rig->now < end; rig_wait(rig, 500))
		rig_read(rig, 0, metric, value);
	rig_read(rig, 0, metric, value);
}

static struct core_derived time_inverted(void)
{
	struct core_derived row = derive(CORE_DERIVE_TIME, "session_time", "inversion", "self.tilt > 10 deg");
	row.gap_ms = 10 * MINUTE;
	return row;
}

static void a_session_lasts_from_true_until_its_gap_is_over(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &gyro, time_inverted());
	assert_int_equal(derived(&rig).quality, THERAPY_UNKNOWN); /* nothing is known of the tilt */
	rig_read(&rig, 0, GYRO_TILT, 0);
	assert_derived(&rig, 0);
	keep(&rig, GYRO_TILT, 30, 90 * 1000);
	assert_derived(&rig, 90);
	keep(&rig, GYRO_TILT, 0, 5 * MINUTE); /* short of the gap */
	assert_derived(&rig, 90);
	keep(&rig, GYRO_TILT, 30, 10 * 1000);
	assert_derived(&rig, 100);
	uint64_t flat = rig.now;
	rig_read(&rig, 0, GYRO_TILT, 0);
	keep(&rig, GYRO_TILT, 0, 10 * MINUTE - 500);
	assert_derived(&rig, 100);
	assert_int_equal(rig.now, flat + 10 * MINUTE - 500);
	keep(&rig, GYRO_TILT, 0, 500);
	assert_derived(&rig, 0);
	rig_stop(&rig);
}

static void what_is_not_known_after_true_counts_as_true(void **state)
{
	(void)state;
	const uint8_t qualities[] = {THERAPY_UNKNOWN, THERAPY_ERROR};
	for (size_t i = 0; i < 2; i++) {
		struct rig rig;
		start(&rig, &gyro, time_inverted());
		rig_read(&rig, 0, GYRO_TILT, 30);
		rig_read_quality(&rig, 0, GYRO_TILT, 0, qualities[i], rig.now);
		rig_wait(&rig, 60 * 1000);
		assert_derived(&rig, 60);
		rig_present(&rig, 0, false);
		rig_jump(&rig, 60 * 1000); /* one late step sees the same */
		assert_derived(&rig, 120);
		rig_stop(&rig);
	}
}

static void a_gap_that_was_not_seen_as_a_whole_begins_anew(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &gyro, time_inverted());
	keep(&rig, GYRO_TILT, 30, 60 * 1000);
	keep(&rig, GYRO_TILT, 0, 9 * MINUTE);
	rig_wait(&rig, 3000); /* stale for 2 s */
	keep(&rig, GYRO_TILT, 0, 9 * MINUTE);
	assert_derived(&rig, 60);
	keep(&rig, GYRO_TILT, 0, 2 * MINUTE);
	assert_derived(&rig, 0);
	rig_stop(&rig);
}

static void a_limit_in_seconds_trips_within_a_second(void **state)
{
	(void)state;
	struct rig rig;
	struct core_derived row = derive(CORE_DERIVE_TIME, "session_time", "heat", "on(self)");
	row.gap_ms = 40 * MINUTE;
	struct core_rule rule = rig_rule("slow-burn", "all heat.session_time <= 20 min");
	struct faults faults = {0};
	assert_int_equal(try_start(&rig, &skin, &row, 1, &rule, &faults), 0);
	rig_present(&rig, 0, true);
	rig_read(&rig, 0, SKIN_POWER, 0);
	rig_phase(&rig, 0, 0, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	uint64_t on = rig.now;
	const struct core_output *trip = NULL;
	while (!trip && rig.now < on + HOUR) {
		rig.now = core_deadline(rig.core);
		rig_tick(&rig);
		trip = rig_event(&rig, CORE_EVENT_TRIPPED);
	}
	assert_non_null(trip);
	assert_int_equal(rig.now, on + 20 * MINUTE + 1000);
	assert_contains(trip->why, "pad.session_time");
	rig_read(&rig, 0, SKIN_POWER, 0);
	rig_phase(&rig, 0, 0, CORE_PHASE_AT_REST);
	for (uint64_t off = rig.now; rig.now < off + 40 * MINUTE; rig_wait(&rig, 5000)) {
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
		rig_read(&rig, 0, SKIN_POWER, 0);
	}
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	rig_stop(&rig);
}

static void time_of_a_day_rolls(void **state)
{
	(void)state;
	struct rig rig;
	struct core_derived row = time_inverted();
	row.gap_ms = 0;
	row.within_ms = 24 * HOUR;
	start(&rig, &gyro, row);
	keep(&rig, GYRO_TILT, 30, 100 * 1000);
	rig_read(&rig, 0, GYRO_TILT, 0);
	rig_wait(&rig, 24 * HOUR - 100 * 1000 - 1);
	assert_derived(&rig, 100);
	rig_wait(&rig, HOUR + 100 * 1000 + 1);
	assert_derived(&rig, 0);
	rig_stop(&rig);
}

static void a_session_counts_when_it_is_over(void **state)
{
	(void)state;
	struct rig rig;
	struct core_derived row = derive(CORE_DERIVE_COUNT, "sessions", "inversion", "self.tilt > 10 deg");
	row.gap_ms = 5 * MINUTE;
	row.within_ms = 24 * HOUR;
	start(&rig, &gyro, row);
	rig_read(&rig, 0, GYRO_TILT, 0);
	uint64_t first = 0;
	for (int i = 0; i < 3; i++) {
		keep(&rig, GYRO_TILT, 30, MINUTE);
		assert_derived(&rig, i); /* the running one does not forbid itself */
		keep(&rig, GYRO_TILT, 0, 2 * MINUTE);
		rig_wait(&rig, 3000);
		assert_int_equal(derived(&rig).quality, THERAPY_GOOD);
		keep(&rig, GYRO_TILT, 0, 2 * MINUTE); /* a moment without sight does not make two sessions one */
		assert_derived(&rig, i);
		keep(&rig, GYRO_TILT, 0, 2 * MINUTE);
		assert_derived(&rig, i + 1);
		if (i == 0)
			first = rig.now;
	}
	rig_wait(&rig, first + 24 * HOUR - 2 * MINUTE - rig.now);
	assert_derived(&rig, 3);
	rig_wait(&rig, 2 * MINUTE);
	assert_derived(&rig, 2);
	rig_stop(&rig);
}

static double cem43(double celsius)
{
	double doublings = celsius - 43;
	return celsius >= 43 ? pow(2, doublings) : pow(4, doublings);
}

static struct core_derived dose_of_a_day(void)
{
	struct core_derived row = derive(CORE_DERIVE_DOSE, "dose", "heat", "self.skin_temp");
	row.within_ms = 24 * HOUR;
	return row;
}

static void the_dose_is_cem43(void **state)
{
	(void)state;
	const struct {
		double celsius, minutes, dose_min;
	} known[] = {{44, 180, 360}, {46, 45, 360}, {43, 40, 40}, {41, 160, 10}, {39, 256, 1}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct rig rig;
		start(&rig, &skin, dose_of_a_day());
		keep(&rig, SKIN_TEMP, known[i].celsius, (uint64_t)(known[i].minutes * MINUTE));
		struct core_reading r = derived(&rig);
		assert_int_equal(r.quality, THERAPY_GOOD);
		assert_near(r.value, known[i].dose_min * 60, 1);
		rig_stop(&rig);
	}
}

/* A curve that warms and cools, against the integral: never below it, and at most 2 % above. */
static void the_dose_follows_a_curve(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &skin, dose_of_a_day());
	double oracle = 0;
	rig_read(&rig, 0, SKIN_TEMP, 36);
	for (unsigned s = 0; s < 3600; s++) {
		for (unsigned part = 0; part < 100; part++)
			oracle += 0.01 * cem43(40 + 4 * -cos((s + part / 100.0) * 2 * 3.14159265358979 / 3600));
		rig_wait(&rig, 1000);
		rig_read(&rig, 0, SKIN_TEMP, 40 + 4 * -cos((s + 1) * 2 * 3.14159265358979 / 3600));
		assert_true(derived(&rig).value >= oracle * 0.999999);
	}
	assert_true(derived(&rig).value <= oracle * 1.02);
	rig_stop(&rig);
}

static void the_dose_goes_on_while_the_sensor_is_silent(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &skin, dose_of_a_day());
	assert_int_equal(derived(&rig).quality, THERAPY_UNKNOWN);
	keep(&rig, SKIN_TEMP, 43, MINUTE);
	rig_wait(&rig, 9 * MINUTE);
	assert_derived(&rig, 600);
	rig_wait(&rig, 2 * MINUTE); /* longer than skin stays warm by itself: no longer known, never less */
	assert_int_equal(derived(&rig).quality, THERAPY_UNKNOWN);
	rig_read(&rig, 0, SKIN_TEMP, 20);
	assert_near(derived(&rig).value, 660, 1);
	assert_int_equal(derived(&rig).quality, THERAPY_GOOD);
	rig_stop(&rig);
}

static void a_rate_is_signed_and_over_a_quarter_of_a_second(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &gyro, derive(CORE_DERIVE_RATE, "turn", "inversion", "self.tilt"));
	rig_read(&rig, 0, GYRO_TILT, 0);
	rig_wait(&rig, 100);
	rig_read(&rig, 0, GYRO_TILT, 50); /* a spike is no rate yet */
	assert_int_equal(derived(&rig).quality, THERAPY_UNKNOWN);
	rig_wait(&rig, 150);
	rig_read(&rig, 0, GYRO_TILT, 5);
	assert_derived(&rig, 20);
	for (int i = 1; i <= 20; i++) {
		rig_wait(&rig, 50);
		rig_read(&rig, 0, GYRO_TILT, 5 - i * 0.5);
	}
	assert_derived(&rig, -10);
	rig_wait(&rig, 1001);
	assert_int_equal(derived(&rig).quality, THERAPY_UNKNOWN); /* as stale as what it is of */
	rig_read(&rig, 0, GYRO_TILT, 20);
	assert_int_equal(derived(&rig).quality, THERAPY_UNKNOWN); /* and not over a gap */
	rig_read_quality(&rig, 0, GYRO_TILT, 0, THERAPY_ERROR, rig.now);
	assert_int_equal(derived(&rig).quality, THERAPY_ERROR);
	rig_stop(&rig);
}

static void a_frozen_sensor_contradicts_one_that_moves(void **state)
{
	(void)state;
	struct rig rig;
	struct core_derived row = derive(CORE_DERIVE_CONTRADICTION, "frozen", "inversion", "self.speed > 5 deg/s");
	row.against = (struct core_text){"self.tilt", 5};
	start(&rig, &gyro, row);
	rig_read(&rig, 0, GYRO_TILT, 12);
	rig_read(&rig, 0, GYRO_SPEED, 0);
	for (int i = 0; i < 100; i++) { /* at rest its values repeat, and nobody minds */
		assert_derived(&rig, 0);
		rig_wait(&rig, 500);
		rig_read(&rig, 0, GYRO_TILT, 12);
		rig_read(&rig, 0, GYRO_SPEED, 0);
	}
	uint64_t turns = rig.now;
	rig_read(&rig, 0, GYRO_SPEED, 10);
	while (derived(&rig).quality == THERAPY_GOOD && rig.now < turns + 10000) {
		rig_wait(&rig, 100);
		rig_read(&rig, 0, GYRO_SPEED, 10);
		rig_read(&rig, 0, GYRO_TILT, 12.4); /* within its dead-band */
	}
	assert_int_equal(derived(&rig).quality, THERAPY_ERROR);
	assert_int_equal(rig.now, turns + 2000);
	rig_read(&rig, 0, GYRO_SPEED, 0); /* to stand still again does not make it true */
	rig_read(&rig, 0, GYRO_TILT, 12.4);
	rig_wait(&rig, 60000);
	assert_int_equal(derived(&rig).quality, THERAPY_ERROR);
	rig_read(&rig, 0, GYRO_TILT, 12.6);
	assert_derived(&rig, 0);
	rig_wait(&rig, 60000); /* neither of them is heard: no contradiction */
	assert_derived(&rig, 0);
	rig_stop(&rig);
}

static void devices_get_only_what_they_have_the_means_for(void **state)
{
	(void)state;
	struct rig rig;
	struct faults faults = {0};
	struct core_derived rows[] = {dose_of_a_day(), derive(CORE_DERIVE_TIME, "time", "heat", "on(self)"),
				      derive(CORE_DERIVE_TIME, "slow", "heat", "self.time > 5 min")};
	rows[1].gap_ms = rows[2].gap_ms = MINUTE;
	assert_int_equal(try_start(&rig, &rig_pad, rows, 3, NULL, &faults), 0);
	/* no skin temperature: the two times are all it gets, and the second is of the first */
	assert_int_equal(core_value(rig.core, 0, 1).quality, THERAPY_UNKNOWN);
	rig_present(&rig, 0, true);
	rig_read(&rig, 0, PAD_POWER, 20);
	for (int i = 0; i < 120; i++) {
		rig_wait(&rig, 5000);
		rig_read(&rig, 0, PAD_POWER, 20);
	}
	assert_near(core_value(rig.core, 0, 1).value, 600, 1);
	assert_near(core_value(rig.core, 0, 2).value, 299, 1);
	/* and nobody else's reading is taken for one */
	rig_read(&rig, 0, 1, 0);
	assert_near(core_value(rig.core, 0, 1).value, 600, 1);
	rig_stop(&rig);
}

static void assert_refused(const struct core_device *device, struct core_derived row, const char *part)
{
	struct rig rig;
	struct faults faults = {0};
	assert_int_equal(try_start(&rig, device, &row, 1, NULL, &faults), -1);
	assert_true(faults.n >= 1);
	assert_contains(faults.items[0].text, part);
	assert_string_equal(faults.items[0].file, "rules.cfg");
	faults_release(&faults);
}

static void what_cannot_be_derived_is_a_fault_with_its_line(void **state)
{
	(void)state;
	struct core_derived row = time_inverted();
	row.gap_ms = 0;
	assert_refused(&gyro, row, "'gap' was expected");
	row = time_inverted();
	row.of.text = "self.tilt > 10 N";
	assert_refused(&gyro, row, "table.tilt needs a number in deg");
	row = time_inverted();
	row.id = "tilt";
	assert_refused(&gyro, row, "already");
	row = dose_of_a_day();
	row.of.text = "self.power";
	assert_refused(&skin, row, "a metric in degC was expected");
	row = dose_of_a_day();
	row.within_ms = 0;
	assert_refused(&skin, row, "'within' was expected");
	assert_refused(&skin, derive(CORE_DERIVE_RATE, "rate", "heat", "self.power"), "in N or deg");
	assert_refused(&gyro, derive(CORE_DERIVE_CONTRADICTION, "x", "inversion", "self.speed > 5 deg/s"), "'against'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_lasts_from_true_until_its_gap_is_over),
	    cmocka_unit_test(what_is_not_known_after_true_counts_as_true),
	    cmocka_unit_test(a_gap_that_was_not_seen_as_a_whole_begins_anew),
	    cmocka_unit_test(a_limit_in_seconds_trips_within_a_second),
	    cmocka_unit_test(time_of_a_day_rolls),
	    cmocka_unit_test(a_session_counts_when_it_is_over),
	    cmocka_unit_test(the_dose_is_cem43),
	    cmocka_unit_test(the_dose_follows_a_curve),
	    cmocka_unit_test(the_dose_goes_on_while_the_sensor_is_silent),
	    cmocka_unit_test(a_rate_is_signed_and_over_a_quarter_of_a_second),
	    cmocka_unit_test(a_frozen_sensor_contradicts_one_that_moves),
	    cmocka_unit_test(devices_get_only_what_they_have_the_means_for),
	    cmocka_unit_test(what_cannot_be_derived_is_a_fault_with_its_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
