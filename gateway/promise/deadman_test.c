/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"
#include "promise/deadman.h"

/* A Tasmota plug and a traction board under the default configuration. */
static const struct deadman_config plug = {.lease_ms = 1000,
					   .deadline_ms = 1000,
					   .silent_ms = 1000,
					   .tick_ms = 500,
					   .watchdog_ms = 3000,
					   .link = DEADMAN_BROKER,
					   .has_will = true,
					   .alive_ms = 10000,
					   .timer_ms = 30000,
					   .age_ms = 5000};
static const struct deadman_config belt = {.lease_ms = 1000,
					   .deadline_ms = 1000,
					   .silent_ms = 1000,
					   .tick_ms = 500,
					   .watchdog_ms = 3000,
					   .link = DEADMAN_WIRE,
					   .timer_ms = 2000,
					   .rest_ms = 1000,
					   .ramp_ms = 40000,
					   .age_ms = 30000};

static struct deadman_bound of(const struct deadman_config *config, enum deadman_fault fault)
{
	struct deadman_bound out;
	deadman_compute(config, fault, &out);
	return out;
}

static const struct row {
	enum deadman_fault fault;
	uint64_t layer_ms[DEADMAN_LAYERS]; /* stale, lease, will, timer */
} plug_rows[] =
    {
	{DEADMAN_GATEWAY_KILLED, {0, 500, 0, 0}},     {DEADMAN_GATEWAY_HUNG, {0, 1500, 0, 0}},
	{DEADMAN_DEVICE_KILLED, {0, 0, 500, 31200}},  {DEADMAN_DEVICE_HUNG, {0, 0, 3500, 31200}},
	{DEADMAN_BOTH_KILLED, {0, 0, 500, 31200}},    {DEADMAN_BOTH_HUNG, {0, 0, 3500, 31200}},
	{DEADMAN_BROKER_DEAD, {0, 0, 0, 31200}},      {DEADMAN_NETWORK_CUT, {0, 0, 21500, 31200}},
	{DEADMAN_LINK_CUT, {0, 0, 0, 31200}},         {DEADMAN_SENSOR_KILLED, {500, 0, 0, 0}},
	{DEADMAN_SENSOR_HUNG, {3500, 0, 0, 0}},       {DEADMAN_SENSOR_SILENT, {5500, 0, 0, 0}},
	{DEADMAN_MACHINE_DEAD, {0, 0, 21500, 31200}},
},
  belt_rows[] = {
      {DEADMAN_GATEWAY_KILLED, {0, 500, 0, 0}}, {DEADMAN_GATEWAY_HUNG, {0, 1500, 0, 0}},
      {DEADMAN_DEVICE_KILLED, {0, 0, 0, 2640}}, {DEADMAN_DEVICE_HUNG, {0, 0, 0, 2640}},
      {DEADMAN_BOTH_KILLED, {0, 0, 0, 2640}},   {DEADMAN_BOTH_HUNG, {0, 0, 0, 2640}},
      {DEADMAN_BROKER_DEAD, {0, 0, 0, 0}},      {DEADMAN_NETWORK_CUT, {0, 0, 0, 2640}},
      {DEADMAN_LINK_CUT, {0, 0, 0, 2640}},      {DEADMAN_SENSOR_KILLED, {500, 0, 0, 0}},
      {DEADMAN_SENSOR_HUNG, {3500, 0, 0, 0}},   {DEADMAN_SENSOR_SILENT, {30500, 0, 0, 0}},
      {DEADMAN_MACHINE_DEAD, {0, 0, 0, 2640}},
};

static void expect(const struct deadman_config *config, const struct row *row)
{
	struct deadman_bound b = of(config, row->fault);
	uint64_t first = 0;
	for (int i = 0; i < DEADMAN_LAYERS; i++) {
		assert_int_equal(b.layer_ms[i], row->layer_ms[i]);
		if (row->layer_ms[i] && (!first || row->layer_ms[i] < first))
			first = row->layer_ms[i];
	}
	assert_int_equal(b.begins_ms, first);
	if (first)
		assert_int_equal(b.layer_ms[b.first], first);
}

/* What docs/dead-man.md says of the default configuration. */
static void the_matrix_of_a_plug_and_of_a_board(void **state)
{
	(void)state;
	assert_int_equal(sizeof plug_rows / sizeof *plug_rows, DEADMAN_FAULTS);
	assert_int_equal(sizeof belt_rows / sizeof *belt_rows, DEADMAN_FAULTS);
	for (size_t i = 0; i < DEADMAN_FAULTS; i++) {
		expect(&plug, &plug_rows[i]);
		expect(&belt, &belt_rows[i]);
	}
}

/* Every fault that takes something away from a control is caught by a layer, or the bound says that none is. */
static void nothing_is_promised_without_a_layer(void **state)
{
	(void)state;
	struct deadman_config bare = belt;
	bare.timer_ms = 0;
	assert_int_equal(of(&bare, DEADMAN_DEVICE_KILLED).begins_ms, 0);
	assert_int_equal(of(&bare, DEADMAN_DEVICE_KILLED).rests_ms, 0);
	assert_true(of(&bare, DEADMAN_DEVICE_KILLED).affected);
	assert_int_equal(of(&bare, DEADMAN_GATEWAY_KILLED).begins_ms, 500);
	bare = plug;
	bare.timer_ms = 0;
	bare.has_will = false; /* the second control of a device: the will is the first one's */
	assert_int_equal(of(&bare, DEADMAN_DEVICE_KILLED).begins_ms, 0);
}

static void each_bound_follows_its_setting(void **state)
{
	(void)state;
	struct deadman_config c = plug;
	c.lease_ms = 300;
	assert_int_equal(of(&c, DEADMAN_GATEWAY_HUNG).begins_ms, 800);
	c.alive_ms = 2000;
	assert_int_equal(of(&c, DEADMAN_NETWORK_CUT).begins_ms, 9500);
	c.alive_ms = 60000; /* now the plug's own timer is sooner */
	assert_int_equal(of(&c, DEADMAN_NETWORK_CUT).begins_ms, 31200);
	assert_int_equal(of(&c, DEADMAN_NETWORK_CUT).first, DEADMAN_TIMER);
	c.deadline_ms = 100;
	assert_int_equal(of(&c, DEADMAN_DEVICE_HUNG).begins_ms, 2600);
	c.deadline_ms = 10000; /* its own watchdog does not wait for the gateway */
	assert_int_equal(of(&c, DEADMAN_DEVICE_HUNG).begins_ms, 3500);
	c.timer_ms = 5000;
	assert_int_equal(of(&c, DEADMAN_BROKER_DEAD).begins_ms, 5700);
	c.age_ms = 1000;
	assert_int_equal(of(&c, DEADMAN_SENSOR_HUNG).begins_ms, 1500);
}

/* A broker on the same machine dies with it. */
static void a_will_needs_a_broker_that_lives(void **state)
{
	(void)state;
	struct deadman_config c = plug;
	c.broker_here = true;
	assert_int_equal(of(&c, DEADMAN_MACHINE_DEAD).layer_ms[DEADMAN_WILL], 0);
	assert_int_equal(of(&c, DEADMAN_NETWORK_CUT).layer_ms[DEADMAN_WILL], 0);
	assert_int_equal(of(&c, DEADMAN_DEVICE_KILLED).layer_ms[DEADMAN_WILL], 500);
}

static void a_ramp_begins_in_time_and_ends_later(void **state)
{
	(void)state;
	assert_int_equal(of(&belt, DEADMAN_GATEWAY_KILLED).rests_ms, 500 + 1000 + 40000);
	assert_int_equal(of(&plug, DEADMAN_GATEWAY_KILLED).rests_ms, 500);
}

static void what_a_fault_does_not_touch_is_said(void **state)
{
	(void)state;
	assert_false(of(&belt, DEADMAN_BROKER_DEAD).affected);
	assert_true(of(&plug, DEADMAN_BROKER_DEAD).affected);
	struct deadman_config alone = plug;
	alone.age_ms = 0;
	assert_false(of(&alone, DEADMAN_SENSOR_SILENT).affected);
}

static void every_name_is_its_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DEADMAN_FAULTS; i++)
		for (unsigned j = 0; j < i; j++) {
			enum deadman_fault one = (enum deadman_fault)i, other = (enum deadman_fault)j;
			assert_string_not_equal(deadman_fault_key(one), deadman_fault_key(other));
			assert_string_not_equal(deadman_fault_text(one), deadman_fault_text(other));
		}
	for (unsigned i = 0; i < DEADMAN_LAYERS; i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(deadman_layer_key((enum deadman_layer)i),
						deadman_layer_key((enum deadman_layer)j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_matrix_of_a_plug_and_of_a_board),
	    cmocka_unit_test(nothing_is_promised_without_a_layer),
	    cmocka_unit_test(each_bound_follows_its_setting),
	    cmocka_unit_test(a_will_needs_a_broker_that_lives),
	    cmocka_unit_test(a_ramp_begins_in_time_and_ends_later),
	    cmocka_unit_test(what_a_fault_does_not_touch_is_said),
	    cmocka_unit_test(every_name_is_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
