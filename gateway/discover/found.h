/* SPDX-License-Identifier: Apache-2.0
 *
 * found - the devices that were seen at a broker, and which plugin or definition each may be for. What others publish
 * is not to be believed: everything here is bounded and printable. Pure; one thread. */
#ifndef DISCOVER_FOUND_H
#define DISCOVER_FOUND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/id.h"

enum { FOUND_MAX = 256 };

enum found_family { FOUND_TASMOTA, FOUND_SHELLY, FOUND_ZIGBEE2MQTT, FOUND_ESPHOME, FOUND_THEENGS, FOUND_FAMILIES_ };

struct found {
	enum found_family family;
	char place[256];  /* what its link has behind mqtt: */
	char says[96];    /* what it calls itself, for people; printable ASCII */
	bool named;       /* by a person; else that is its maker's word for it */
	char plugin[32];  /* "": none is known for it */
	char model[48];   /* of plugin "generic": the definition */
	char options[48]; /* what the model must be told besides, as the configuration has it; "": nothing that is known
			   */
	char note[160];   /* what is in the way, or to be looked at; "": nothing */
	bool offline;     /* it said so, or the broker for it */
	char own[32];     /* what tells it from another of that name: its address in hardware; "": not known */
	bool twins;       /* two devices have this name: what is said to one is said to both */
};

struct found_list {
	struct found at[FOUND_MAX];
	size_t n;
	unsigned long long unnamed; /* that no link can name */
	unsigned long long more;    /* that had no room */
	unsigned long long unread;  /* messages that are not what their topic promises */
};

/* The one of that family and place, new if need be. NULL: no link can have that name, or there is no room (counted). */
struct found *found_at(struct found_list *list, enum found_family family, const char *place, size_t size);
/* Gives it a plugin and model, unless it has a better one already: the first call wins. */
void found_is(struct found *found, const char *plugin, const char *model);
/* For people: what is not printable ASCII becomes '?'. */
void found_says(struct found *found, const char *text);
void found_note(struct found *found, const char *text);
/* Which one it is, of those that have this name. Another one than before: they are twins, and the note says so. */
void found_own(struct found *found, const char *text);
const char *found_family_name(enum found_family family);
/* An id for the configuration, made of `text`, that `taken` does not have. */
void found_id(const char *text, bool (*taken)(const void *user, const char *id), const void *user, char out[ID_MAX]);

#endif
