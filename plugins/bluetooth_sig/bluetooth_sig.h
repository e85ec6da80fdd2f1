/* SPDX-License-Identifier: Apache-2.0
 *
 * bluetooth_sig - measurements as the Bluetooth SIG lays them out, said by indications of a GATT characteristic: of the
 * Health Thermometer (service 1809) and of the Weight Scale (181D). Compiled into plugins with such a model. State is
 * the caller's; any thread.
 *
 * Numbers: GATT Specification Supplement (Temperature Measurement, Weight Measurement, Date Time); FLOAT is that of
 * IEEE 11073-20601.
 */
#ifndef BLUETOOTH_SIG_BLUETOOTH_SIG_H
#define BLUETOOTH_SIG_BLUETOOTH_SIG_H

#include "therapy/plugin.h"

/* Addresses of channels: the characteristics' UUIDs. */
#define BLUETOOTH_SIG_TEMPERATURE "00002a1c-0000-1000-8000-00805f9b34fb"
#define BLUETOOTH_SIG_WEIGHT      "00002a9d-0000-1000-8000-00805f9b34fb"

/* When it was measured by the device's own clock, as a number that grows with time; 0: it does not say. Such devices
 * keep what nobody fetched and say it at the next connection. */
struct bluetooth_sig_measurement {
	enum therapy_quality quality; /* UNKNOWN: it says that it has none; ERROR: none that can be */
	double value;                 /* degC, or kg */
	uint64_t time;
};

/* A whole indication. LENGTH: it is longer or shorter than its flags say; FORMAT: its time is none. */
enum therapy_refusal bluetooth_sig_temperature(const struct therapy_message *message,
					       struct bluetooth_sig_measurement *out);
enum therapy_refusal bluetooth_sig_weight(const struct therapy_message *message, struct bluetooth_sig_measurement *out);

/* Adds it as a reading of `metric`, unless one of a later `time` than its own was there before. `latest` begins as 0,
 * at each connection. */
void bluetooth_sig_emit(struct therapy_out *out, uint16_t metric, const struct bluetooth_sig_measurement *measurement,
			uint64_t *latest);

#endif
