// SPDX-License-Identifier: Apache-2.0
// What the lambdas of etc/esphome see of ESPHome: sensors that publish on a topic with so many decimals, a switch. What
// is published is printed as a line of a recording (docs/recording-format.md), so that a plugin can be shown it.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

static unsigned long now_ms;

struct Sensor {
	const char *topic; // nullptr: internal
	int decimals;
	float state = NAN;

	void publish_state(float value)
	{
		state = value;
		if (topic && std::isnan(value))
			std::printf("%lu < @%s \"nan\"\n", now_ms, topic);
		else if (topic)
			std::printf("%lu < @%s \"%.*f\"\n", now_ms, topic, decimals, static_cast<double>(value));
	}
};

struct Switch {
	bool state = false;
};

#define id(x) x
