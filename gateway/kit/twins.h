/* SPDX-License-Identifier: Apache-2.0
 *
 * twins - plays two vectors in turns, a step of each, as two devices of one plugin in one process: each must read as it
 * does alone, or something of the plugin lies outside of its state. One thread.
 */
#ifndef KIT_TWINS_H
#define KIT_TWINS_H

#include "kit/vectors.h"

/* True if both come as expected. Else a sentence in `why`; it says nothing about whether they do alone. */
bool twins_play(const struct vector *a, const struct vector *b, struct note *note, char why[VECTORS_WHY]);

#endif
