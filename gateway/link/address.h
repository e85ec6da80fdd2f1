/* SPDX-License-Identifier: Apache-2.0
 * Where a device is: `serial:/dev/ttyUSB0?baud=9600`, `tcp://host:port`, `mqtt:name`,
 * `ble:AA:BB:CC:DD:EE:FF[?adapter=hci0]`, `replay:file[?speed=10]`. Pure.
 */
#ifndef LINK_ADDRESS_H
#define LINK_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum link_kind { LINK_SERIAL, LINK_TCP, LINK_MQTT, LINK_REPLAY, LINK_BLE };

struct link_address {
	enum link_kind kind;
	char
	    place[256]; /* path, host (brackets of an IPv6 address removed), name, or Bluetooth address in upper case */
	uint16_t port;  /* TCP */
	uint32_t baud;  /* serial; 0: the model's */
	double speed;   /* replay; 0: as fast as possible, 1: as recorded */
	char adapter[8]; /* Bluetooth: "hci0"; "": any */
};

/* Reads `text`. 0, or UV_EINVAL with one sentence in `why`: what was found, what was expected. */
int link_address_parse(const char *text, struct link_address *out, char *why, size_t why_size);
/* THERAPY_LINK_... of therapy/plugin.h; every model can be replayed, so LINK_REPLAY gives all bits. */
uint32_t link_kind_mask(enum link_kind kind);
/* Do two addresses mean the same device? (paths are compared after realpath) */
bool link_address_same(const struct link_address *a, const struct link_address *b);

#endif
