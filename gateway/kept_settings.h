/* SPDX-License-Identifier: Apache-2.0
 * What was changed on devices, and what it was before: the first value that a device ever said is the one that is given
 * back, and nothing that it says later takes its place until the device was let go. Also which devices are let go.
 * Rows are by the device's id and the setting's key, so they hold over a restart and for a device that is not
 * configured for a while. Everything but `now` and `is` is in the state file. The caller's memory, all zero at first;
 * on the loop's thread. */
#ifndef KEPT_SETTINGS_H
#define KEPT_SETTINGS_H

#include <json-c/json.h>
#include <stdbool.h>

#include "core/core.h"
#include "therapy/v1/device.pb-c.h"
#include "therapy/v1/memory.pb-c.h"
#include "therapy/v1/wire.pb-c.h"

#define KEPT_SETTINGS_KEY 48u

struct kept_setting {
	char device[ID_MAX], key[KEPT_SETTINGS_KEY];
	bool known; /* what it was; else the device never said */
	double was;
	bool changed;                 /* people were told that it is another now */
	Therapy__V1__SettingNews now; /* on this connection; UNSPECIFIED: nothing yet */
	double is;
};

struct kept_settings {
	struct kept_setting *items;
	size_t n;
	char (*released)[ID_MAX];
	size_t n_released;
	bool lost; /* the state file was missing or damaged: what a device has may be our own doing */
	/* for the state file, from one time to the next */
	Therapy__V1__MemorySetting *messages;
	Therapy__V1__MemorySetting **pointers;
	char **names;
};

enum kept_settings_event { KEPT_SETTINGS_NO_EVENT, KEPT_SETTINGS_CHANGED, KEPT_SETTINGS_TROUBLE };

struct kept_settings_step {
	bool write;                     /* to be written now */
	bool kept;                      /* it is remembered already: the device process may go on */
	enum kept_settings_event event; /* `why` says what people are told */
};

void kept_settings_free(struct kept_settings *kept);
/* What the state file says; NULL: nothing. `lost`: there was one, and it is gone. */
void kept_settings_read(struct kept_settings *kept, const Therapy__V1__Memory *memory, bool lost);
/* Puts itself into what is about to be written; valid until the next call. */
void kept_settings_put(struct kept_settings *kept, Therapy__V1__Memory *head);

/* News of `row` of `device`. Without memory for a new row nothing is written and nothing acknowledged. */
struct kept_settings_step kept_settings_take(struct kept_settings *kept, const char *device,
					     const Therapy__V1__SettingDescription *row,
					     const Therapy__V1__SettingState *said, enum language language,
					     char why[CORE_WHY_MAX]);
/* NULL: the device has not said anything of it yet. */
const struct kept_setting *kept_settings_find(const struct kept_settings *kept, const char *device, const char *key);
/* Everything was given back. */
void kept_settings_forget(struct kept_settings *kept, const char *device);
/* Whatever was said on the connection is over. */
void kept_settings_away(struct kept_settings *kept, const char *device);

bool kept_settings_is_released(const struct kept_settings *kept, const char *device);
/* False: no memory. */
bool kept_settings_release(struct kept_settings *kept, const char *device, bool released);

/* "3", or the word for it. */
const char *kept_settings_value(const Therapy__V1__SettingDescription *row, double value, char *out, size_t size);
/* [{"setting","name","because","wanted","was","state"}]; the caller's. */
struct json_object *kept_settings_json(const struct kept_settings *kept, const char *device,
				       const Therapy__V1__DeviceDescription *description);

#endif
