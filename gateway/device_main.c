/* SPDX-License-Identifier: Apache-2.0
 * therapy-device: device processes without MQTT, started by the gateway as `therapy-device device-process ID`. The same
 * wiring as in therapy-gateway, but for no_mqtt.c: what Paho and OpenSSL relocate when they are loaded costs each
 * process half a megabyte of its own, and a serial port needs neither. */
#include <stdio.h>

#include "device_host.h"

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("This program is started by therapy-gateway, once for each device on a serial port or TCP.\n",
		      stderr);
		return 2;
	}
	return device_host_main(argc, argv);
}
