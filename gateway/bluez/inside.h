/* SPDX-License-Identifier: Apache-2.0
 * What the files of this folder share of a client and its links. */
#ifndef BLUEZ_INSIDE_H
#define BLUEZ_INSIDE_H

#include "bluez/bluez.h"
#include "bluez/bus.h"
#include "bluez/channel.h"
#include "bluez/characteristics.h"
#include "bluez/seal.h"
#include "link/backoff.h"
#include "link/stream.h"

#define ADAPTERS_MAX     4u
#define ADAPTER_PATH_MAX 40u
#define CHANNELS_MAX     16u
#define WRITES_MAX       16u /* of one link that wait for the device's answer */

#define CALL_MS    5000u
#define CONNECT_MS 40000u /* BlueZ gives up after 20 to 40 s */
#define SEARCH_MS  10000u
#define RESOLVE_MS 20000u

#define BLUEZ_NAME     "org.bluez"
#define ADAPTER        "org.bluez.Adapter1"
#define DEVICE         "org.bluez.Device1"
#define CHARACTERISTIC "org.bluez.GattCharacteristic1"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

struct adapter {
	char path[ADAPTER_PATH_MAX];
	bool powered;
	bool scanning, asked; /* by us: it does; it was asked to */
};

enum bluez_state {
	BLUEZ_CLOSED,
	BLUEZ_OPENING, /* the bus; then who BlueZ is, and what there is */
	BLUEZ_ABSENT,  /* the bus is open, BlueZ is not there */
	BLUEZ_READY,
};

struct bluez {
	uv_loop_t *loop;
	const struct library *d;
	struct bus *bus;
	enum bluez_state state;
	char owner[64]; /* BlueZ's own name on the bus: signals of others are not believed */
	struct adapter adapters[ADAPTERS_MAX];
	size_t n_adapters;
	struct bluez_link *links;
	unsigned closing_buses;
	bool closing;
	void (*closed)(void *user);
	void *closed_user;
};

enum link_state {
	LINK_IDLE,
	LINK_WAITING,     /* for the back-off */
	LINK_BEGUN,       /* for the bus and BlueZ */
	LINK_SEARCHING,   /* not seen yet */
	LINK_CONNECTING,  /* asked to connect */
	LINK_RESOLVING,   /* connected; what it has is not known yet */
	LINK_SUBSCRIBING, /* its notifications are being switched on */
	LINK_TUNING,      /* advertised: the adapter was asked to scan */
	LINK_UP,
};

struct bluez_link {
	struct bluez *bluez;
	struct bluez_link *next;
	const char *name;
	struct link_address address;
	struct opener_callbacks callbacks;
	bool advertised;
	char uuids[CHANNELS_MAX][CHANNEL_UUID_MAX];
	bool incoming[CHANNELS_MAX], outgoing[CHANNELS_MAX];
	size_t n_channels;
	struct seal seal;
	enum link_state state;
	char path[ADAPTER_PATH_MAX + 24]; /* "/org/bluez/hci0/dev_AA_BB_CC_DD_EE_FF"; "": no adapter yet */
	bool matched;                     /* the bus was asked for what is said about `path` */
	bool known;                       /* BlueZ has seen the device */
	bool held;                        /* we asked for a connection */
	bool read_services;               /* what it has was asked for */
	unsigned awaited, writes;
	struct backoff backoff;
	uv_timer_t timer;
	struct stream *packets;
	char in[CHANNELS_MAX][CHARACTERISTIC_PATH_MAX], out[CHANNELS_MAX][CHARACTERISTIC_PATH_MAX];
	bool command[CHANNELS_MAX]; /* written without an answer: it cannot do otherwise */
	uint64_t dropped, refused[SEAL_RESULT_COUNT];
	uint64_t told_dropped_ms, told_ms[SEAL_RESULT_COUNT];
	unsigned open_handles;
	bool closing;
	void (*closed)(void *user);
	void *closed_user;
};

/* ---- client.c ---- */
/* A call of BlueZ's; NULL: no memory. */
DBusMessage *bluez_message(const struct bluez *b, const char *path, const char *interface, const char *method);
/* Opens the bus, unless it is. */
void bluez_want(struct bluez *b);
/* The adapter of the link, or NULL. */
struct adapter *bluez_adapter(struct bluez *b, const struct bluez_link *link);
void bluez_match(const struct bluez *b, const char *method, const char *rule);

/* ---- scan.c ---- */
/* Has the adapters scan if somebody wants it, and only then. */
void scan_update(struct bluez *b);

/* ---- link.c ---- */
/* Goes on with an attempt, now that BlueZ is there. */
void link_go(struct bluez_link *link);
/* Its attempt failed, or it is lost. */
void link_drop(struct bluez_link *link, const char *why);
/* It need not wait for its back-off: what was missing has come. */
void link_hasten(struct bluez_link *link);
/* Its state may last so long. */
void link_limit(struct bluez_link *link, uint64_t ms);
/* All is there: the device process gets its end. */
void link_up(struct bluez_link *link);
/* A message for the device process. */
void link_hand_on(struct bluez_link *link, uint8_t channel, const uint8_t *data, size_t size);

/* ---- gatt.c ---- */
void gatt_connect(struct bluez_link *link);
/* What is new about the device, or about one of its characteristics. */
void gatt_changed(struct bluez_link *link, const DBusMessageIter *properties);
void gatt_value(struct bluez_link *link, const char *path, const DBusMessageIter *properties);
void gatt_write(struct bluez_link *link, uint8_t channel, const uint8_t *data, size_t size);
/* Lets go of the connection. */
void gatt_release(struct bluez_link *link);

/* ---- advert.c ---- */
/* Service data in what is new about the device. */
void advert_heard(struct bluez_link *link, const DBusMessageIter *properties);

#endif
