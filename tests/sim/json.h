/* SPDX-License-Identifier: Apache-2.0
 * Writing JSON into a bounded string. */
#ifndef SIM_JSON_H
#define SIM_JSON_H

#include "base/str.h"

/* Appends `text` in quotes, with what JSON demands escaped; bytes over 0x7F go as they are. */
void json_text(struct str *s, const char *text);

#endif
