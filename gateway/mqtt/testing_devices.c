/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/testing_devices.h"

#include <stddef.h>

/* protobuf-c's strings are not const; nobody writes to these */
#define TEXT(name, value) static char name[] = value

TEXT(k_tilt, "tilt");
TEXT(n_tilt, "Tilt");
TEXT(k_occupied, "occupied");
TEXT(n_occupied, "Occupied");
TEXT(c_occupancy, "occupancy");
TEXT(k_temperature, "temperature");
TEXT(n_temperature, "Heat pad skin temperature");
TEXT(c_temperature, "temperature");
TEXT(k_power, "power");
TEXT(n_power, "Power");
TEXT(c_power, "power");
TEXT(k_energy, "energy");
TEXT(n_energy, "Energy");
TEXT(c_wrong, "weight");
TEXT(k_heat, "heat");
TEXT(n_heat, "Heat");
TEXT(k_setpoint, "temperature");
TEXT(n_setpoint, "Target");
TEXT(id_table, "table");
TEXT(id_pad, "pad");
TEXT(kind_table, "inversion");
TEXT(kind_pad, "heat");
TEXT(model, "m1");
TEXT(model_name, "M 1");
TEXT(maker, "Maker");
TEXT(none, "");
TEXT(id_blanket, "blanket");
TEXT(k_stage, "stage");
TEXT(n_stage, "Stage");
TEXT(k_warmth, "warmth");
TEXT(n_warmth, "Warmth");
TEXT(words_warmth, "off|low|medium|high");
TEXT(k_vibration, "vibration");
TEXT(n_vibration, "Vibration");

const Therapy__V1__DeviceDescription *const *testing_devices(void)
{
	static Therapy__V1__MetricDescription tilt, occupied, temperature, power, energy;
	static Therapy__V1__MetricDescription *table_metrics[] = {&tilt, &occupied};
	static Therapy__V1__MetricDescription *pad_metrics[] = {&temperature, &power, &energy};
	static Therapy__V1__ControlDescription heat, setpoint;
	static Therapy__V1__ControlDescription *pad_controls[] = {&heat, &setpoint};
	static Therapy__V1__DeviceDescription table, pad;
	static const Therapy__V1__DeviceDescription *const devices[N_DEVICES] = {&table, &pad};

	therapy__v1__metric_description__init(&tilt);
	occupied = temperature = power = energy = tilt;
	therapy__v1__control_description__init(&heat);
	setpoint = heat;
	therapy__v1__device_description__init(&table);
	pad = table;

	tilt.key = k_tilt;
	tilt.name = n_tilt;
	tilt.unit = THERAPY__V1__UNIT__UNIT_DEG;
	tilt.stale_ms = 1000;
	tilt.deadband = 0.5;
	tilt.precision = 1;
	tilt.device_class = none;
	occupied.key = k_occupied;
	occupied.name = n_occupied;
	occupied.unit = THERAPY__V1__UNIT__UNIT_BOOL;
	occupied.stale_ms = 1000;
	occupied.device_class = c_occupancy;
	temperature.key = k_temperature;
	temperature.name = n_temperature;
	temperature.unit = THERAPY__V1__UNIT__UNIT_CELSIUS;
	temperature.stale_ms = 5000;
	temperature.device_class = c_temperature;
	power.key = k_power;
	power.name = n_power;
	power.unit = THERAPY__V1__UNIT__UNIT_WATT;
	power.stale_ms = 5000;
	power.deadband = 1;
	power.device_class = c_power;
	power.diagnostic = 1;
	energy.key = k_energy;
	energy.name = n_energy;
	energy.unit = THERAPY__V1__UNIT__UNIT_WATT_HOUR;
	energy.stale_ms = 5000;
	energy.device_class = c_wrong; /* does not fit the unit */

	heat.key = k_heat;
	heat.name = n_heat;
	heat.type = THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_SWITCH;
	heat.unit = THERAPY__V1__UNIT__UNIT_BOOL;
	heat.min = heat.max = heat.step = 1;
	setpoint.key = k_setpoint; /* the same as a metric's */
	setpoint.name = n_setpoint;
	setpoint.type = THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_NUMBER;
	setpoint.unit = THERAPY__V1__UNIT__UNIT_CELSIUS;
	setpoint.min = 30;
	setpoint.max = 42;
	setpoint.step = 0.5;
	setpoint.measured = 1 + TEMPERATURE;
	setpoint.load_metric = POWER;
	setpoint.load_max = 3;
	setpoint.load_ms = 15000;

	table.device_id = id_table;
	table.kind = kind_table;
	table.model = model;
	table.model_name = model_name;
	table.manufacturer = maker;
	table.metrics = table_metrics;
	table.n_metrics = 2;
	pad.device_id = id_pad;
	pad.kind = kind_pad;
	pad.model = none;
	pad.model_name = none;
	pad.manufacturer = none;
	pad.metrics = pad_metrics;
	pad.n_metrics = 3;
	pad.controls = pad_controls;
	pad.n_controls = 2;
	return devices;
}

const Therapy__V1__DeviceDescription *testing_blanket(void)
{
	static Therapy__V1__MetricDescription stage;
	static Therapy__V1__MetricDescription *metrics[] = {&stage};
	static Therapy__V1__ControlDescription warmth, vibration;
	static Therapy__V1__ControlDescription *controls[] = {&warmth, &vibration};
	static Therapy__V1__DeviceDescription blanket;

	therapy__v1__metric_description__init(&stage);
	therapy__v1__control_description__init(&warmth);
	vibration = warmth;
	therapy__v1__device_description__init(&blanket);
	stage.key = k_stage;
	stage.name = n_stage;
	stage.unit = THERAPY__V1__UNIT__UNIT_ONE;
	stage.stale_ms = 1000;
	stage.device_class = none;

	warmth.key = k_warmth;
	warmth.name = n_warmth;
	warmth.type = THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_NUMBER;
	warmth.unit = THERAPY__V1__UNIT__UNIT_ONE;
	warmth.min = warmth.step = 1;
	warmth.max = 3;
	warmth.words = words_warmth;
	warmth.device_timer_ms = 5000;
	vibration.key = k_vibration;
	vibration.name = n_vibration;
	vibration.type = THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_NUMBER;
	vibration.unit = THERAPY__V1__UNIT__UNIT_PERCENT;
	vibration.min = vibration.step = 5;
	vibration.max = 100;

	blanket.device_id = id_blanket;
	blanket.kind = kind_pad;
	blanket.model = blanket.model_name = blanket.manufacturer = none;
	blanket.metrics = metrics;
	blanket.n_metrics = 1;
	blanket.controls = controls;
	blanket.n_controls = 2;
	return &blanket;
}
