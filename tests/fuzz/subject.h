/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_SUBJECT_H
#define FUZZ_SUBJECT_H

#include "therapy/plugin.h"

/* What this program is about: the plugin whose sources are linked in, or the shipped definitions as one plugin of many
 * models. Made once. Exits, with a reason, if there is none. */
const struct therapy_plugin *subject(void);

#endif
