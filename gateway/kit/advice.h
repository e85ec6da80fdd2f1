/* SPDX-License-Identifier: Apache-2.0
 *
 * advice - what a gateway puts up with in a plugin's tables, because it did so in an earlier version, and what is a
 * fault all the same: mostly something that was forgotten. The tables passed plugin_check. Pure.
 */
#ifndef KIT_ADVICE_H
#define KIT_ADVICE_H

#include "device/plugin_check.h"

/* One sentence per fault. */
void advice_check(struct plugin_faults *faults, const struct therapy_plugin *plugin);

#endif
