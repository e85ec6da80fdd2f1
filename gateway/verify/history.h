/* SPDX-License-Identifier: Apache-2.0
 * Looks for a story in which an invariant fails: a history in few scenes, as clauses, whose boundaries lie where the
 * windows that matter begin, seen from now and from the moment of the grant. Within a scene nothing changes, so a
 * window is an AND over the scenes it reaches into. What the solver finds is played to the real core: only that counts,
 * so nothing here need be complete. */
#ifndef VERIFY_HISTORY_H
#define VERIFY_HISTORY_H

#include "verify/proof.h"
#include "verify/story.h"

/* 1: found and played, *story and *end say how. 0: none was found. -1: no memory. Release the story if 1. */
int history_find(const struct proof *p, const struct monitor *monitor, size_t invariant, struct story *story,
		 struct story_end *end);

#endif
