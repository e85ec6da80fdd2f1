/* SPDX-License-Identifier: Apache-2.0
 *
 * plugin_check - finds what is wrong with a plugin's tables, one sentence per fault. The tables have this program's own
 * row sizes already (plugin_file.c copies them). Everything that the device machine relies on is checked here, so that
 * the machine need not. Pure; start-up only.
 */
#ifndef DEVICE_PLUGIN_CHECK_H
#define DEVICE_PLUGIN_CHECK_H

#include "base/str.h"
#include "therapy/plugin.h"

/* Bounds of what a table may ask of this machine; each is far above what any known device needs. */
#define PLUGIN_STATE_MAX       (1u << 20) /* bytes of state per device */
#define PLUGIN_CONTROLS_MAX    16u        /* a power strip has 6 */
#define PLUGIN_SETTINGS_MAX    16u        /* the machine's room; a plug has three */
#define PLUGIN_STEPS_MAX       16u        /* of a rest sequence */
#define PLUGIN_SEQUENCE_MAX_MS 600000u    /* of all its delays: traction is let down in minutes, not in more than ten */
#define PLUGIN_REPLY_MAX_MS    10000u     /* how long a question may hold up an order */

/* Sentences about one plugin. `n` counts the faults, also those that had no room in `text`. */
struct plugin_faults {
	struct str *text;
	const char *where; /* file or table */
	const char *model; /* key of the model being looked at, NULL: none */
	size_t n;
};

void plugin_fault(struct plugin_faults *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Everything of `plugin`. */
void plugin_check(struct plugin_faults *f, const struct therapy_plugin *plugin);

#endif
