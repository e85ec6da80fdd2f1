/* SPDX-License-Identifier: Apache-2.0
 *
 * announced - which topics the broker keeps for this gateway, and which entities Home Assistant made of them. A device
 * that is taken out of the configuration leaves its retained topics behind, and an entity that is only left out of its
 * device stays as an orphan: what was announced and is not any more is to be taken back. Kept on disk by the caller, as
 * text. Pure but for memory. */
#ifndef MQTT_ANNOUNCED_H
#define MQTT_ANNOUNCED_H

#include <stdbool.h>
#include <stddef.h>

struct announced;

/* From what announced_text wrote; NULL, or what cannot be read: nothing. NULL: out of memory. */
struct announced *announced_new(const char *text);
void announced_free(struct announced *a);
/* Allocated, one line, the same for the same content; NULL: out of memory. */
char *announced_text(const struct announced *a);

/* `topic` is retained. `payload`: what device discovery says there, NULL for any other topic. */
void announced_add(struct announced *a, const char *topic, const char *payload);
/* All that `other` has is in `a` as well; whether that added anything. */
bool announced_join(struct announced *a, const struct announced *other);

/* The n-th topic that `before` has and `now` has not; NULL: there are fewer. Valid until `before` changes. */
const char *announced_gone(const struct announced *before, const struct announced *now, size_t n);
/* `payload`, the discovery for `topic`, and in it each component that `before` had there and it has no more as its
 * platform alone, which removes it. Takes `payload`; an allocated string, or NULL: out of memory. */
char *announced_remove(const struct announced *before, const char *topic, char *payload);
/* Do both hold the same? */
bool announced_same(const struct announced *a, const struct announced *b);

#endif
