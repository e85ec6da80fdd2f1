/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"

#include <string.h>

#include "sim/wt901.h"

static int16_t word(const uint8_t *at)
{
	return (int16_t)(at[0] | at[1] << 8);
}

static void sixty_degrees_is_the_published_frame(void **state)
{
	static const uint8_t expected[] = {0x55, 0x53, 0xAB, 0x2A, 0, 0, 0, 0, 0x65, 0x46, 0x28};
	uint8_t out[WT901_SAMPLE];
	(void)state;
	wt901_sample(&(struct wt901_pose){.roll_deg = 60}, out);
	assert_memory_equal(out + 22, expected, sizeof expected);
}

static void each_frame_has_its_header_type_and_sum(void **state)
{
	uint8_t out[WT901_SAMPLE];
	(void)state;
	wt901_sample(&(struct wt901_pose){.roll_deg = -123.4, .roll_deg_s = 7, .temp_c = 21.5}, out);
	for (unsigned i = 0; i < WT901_FRAMES; i++) {
		uint8_t sum = 0, *frame = out + i * WT901_FRAME;
		for (unsigned k = 0; k < 10; k++)
			sum = (uint8_t)(sum + frame[k]);
		assert_int_equal(frame[0], 0x55);
		assert_int_equal(frame[1], 0x51 + i);
		assert_int_equal(frame[10], sum);
	}
}

static void gravity_rate_and_temperature_agree_with_the_pose(void **state)
{
	uint8_t out[WT901_SAMPLE];
	(void)state;
	wt901_sample(&(struct wt901_pose){.roll_deg = -30, .roll_deg_s = -10, .temp_c = 28.5}, out);
	assert_int_equal(word(out + 2), 0);
	assert_near(word(out + 4) * 16.0 / 32768, -0.5, 0.001);
	assert_near(word(out + 6) * 16.0 / 32768, 0.866, 0.001);
	assert_int_equal(word(out + 8), 2850);
	assert_near(word(out + 13) * 2000.0 / 32768, -10, 0.05);
	assert_near(word(out + 24) * 180.0 / 32768, -30, 0.01);
}

static void the_ends_of_the_range_do_not_wrap(void **state)
{
	uint8_t out[WT901_SAMPLE];
	(void)state;
	wt901_sample(&(struct wt901_pose){.roll_deg = 180, .roll_deg_s = 2000}, out);
	assert_int_equal(word(out + 24), INT16_MAX);
	assert_int_equal(word(out + 13), INT16_MAX);
	wt901_sample(&(struct wt901_pose){.roll_deg = -180}, out);
	assert_int_equal(word(out + 24), INT16_MIN);
}

static void the_table_moves_at_the_speed_asked_for_and_stops_at_the_target(void **state)
{
	struct tilt tilt;
	(void)state;
	tilt_put(&tilt, 1000000, 0);
	tilt_go(&tilt, 1000000, 60, 10);
	assert_near(tilt_at(&tilt, 3500000), 25, 1e-9);
	assert_near(tilt_speed(&tilt, 3500000), 10, 1e-9);
	assert_near(tilt_at(&tilt, 9000000), 60, 0);
	assert_near(tilt_speed(&tilt, 9000000), 0, 0);
}

static void a_new_target_on_the_way_starts_from_where_the_table_is(void **state)
{
	struct tilt tilt;
	(void)state;
	tilt_put(&tilt, 0, 10);
	tilt_go(&tilt, 0, 60, 10);
	tilt_go(&tilt, 2000000, -10, 20);
	assert_near(tilt_at(&tilt, 2000000), 30, 1e-9);
	assert_near(tilt_at(&tilt, 3000000), 10, 1e-9);
	assert_near(tilt_speed(&tilt, 3000000), -20, 1e-9);
	assert_near(tilt_at(&tilt, 9000000), -10, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sixty_degrees_is_the_published_frame),
	    cmocka_unit_test(each_frame_has_its_header_type_and_sum),
	    cmocka_unit_test(gravity_rate_and_temperature_agree_with_the_pose),
	    cmocka_unit_test(the_ends_of_the_range_do_not_wrap),
	    cmocka_unit_test(the_table_moves_at_the_speed_asked_for_and_stops_at_the_target),
	    cmocka_unit_test(a_new_target_on_the_way_starts_from_where_the_table_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
