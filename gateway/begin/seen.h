/* SPDX-License-Identifier: Apache-2.0
 *
 * seen - what was found at the broker and on serial ports, as a person chooses from it: one row each, numbered from 1.
 * Pure; one thread. */
#ifndef BEGIN_SEEN_H
#define BEGIN_SEEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/id.h"
#include "discover/found.h"

enum { SEEN_MAX = 64 };

/* OWNED: used here, and measured by nothing that was found. */
enum seen_role { SEEN_PLUG, SEEN_TABLE, SEEN_BELT, SEEN_OTHER, SEEN_OWNED_TABLE, SEEN_OWNED_BELT };

struct seen {
	char label[256];            /* "Tasmota pad_plug, "Pad"" */
	char plugin[64], model[64]; /* of plugin "generic" the definition; plugin "": nothing to configure */
	char link[300];
	char options[48]; /* as the configuration has them; "": none */
	char name[64];    /* for people; "": the configuration's default */
	enum seen_role role;
	char why_not[192]; /* it cannot be chosen; "": it can */
	char remark[192];  /* to be looked at */
	bool offline;
	bool chosen, cold; /* cold: a plug of a cold water machine, not of a heat pad */
	char id[ID_MAX];   /* once chosen, or of the configuration that has it */
	bool configured;
};

struct seen_list {
	struct seen at[SEEN_MAX];
	size_t n;
	size_t more; /* that had no room */
};

/* `link`: "mqtt:pad_plug". NULL: there is no room, or it is too long. */
struct seen *seen_add(struct seen_list *list, const char *plugin, const char *model, const char *link);
void seen_add_found(struct seen_list *list, const struct found *found);
/* What `therapyctl probe` printed of a port: the first lines of configuration in it. False: nothing was recognised. */
bool seen_add_probed(struct seen_list *list, const char *link, const char *printed);
/* Plugs first, then what measures tables and belts; else in the order in which they came. */
void seen_sort(struct seen_list *list);
/* A row for a table or belt that is used and has no sensor. */
void seen_add_owned(struct seen_list *list, enum seen_role role);
/* What it is for people: "plug". */
const char *seen_role_text(const struct seen *seen);
/* Is there one of that role that can be chosen? */
bool seen_offers(const struct seen_list *list, enum seen_role role);
/* "2 3" for a person who just presses Enter: what only measures a table or belt. Never a plug, for it is changed. */
void seen_default(const struct seen_list *list, char *out, size_t size);
/* "1, 3=cold": chooses these and no others. False, and nothing is chosen: a sentence in `why`. */
bool seen_choose(struct seen_list *list, const char *answer, char *why, size_t why_size);
/* Devices that were chosen, without those of no sensor. */
size_t seen_chosen(const struct seen_list *list);
/* Gives each chosen one an id that `taken` does not have. */
void seen_name(struct seen_list *list, bool (*taken)(const void *user, const char *id), const void *user);

#endif
