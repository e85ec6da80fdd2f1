/* SPDX-License-Identifier: Apache-2.0
 *
 * generic - a plugin made of a definition (proto/therapy/v1/definition.proto) instead of C: the same tables and
 * functions that a plugin's file exports, for the same checks. In device processes only; one thread.
 */
#ifndef GENERIC_GENERIC_H
#define GENERIC_GENERIC_H

#include "therapy/plugin.h"
#include "therapy/v1/definition.pb-c.h"

struct generic;

/* The table of `definition`, which must outlive it. The definition comes from config/, which refuses what cannot be
 * meant; what is contradictory as a table, plugin_table_open finds. NULL: out of memory, or more rows than 8-bit
 * indexes can count. */
struct generic *generic_new(const Therapy__V1__Definition *definition);
void generic_free(struct generic *generic);
/* One plugin of one model. It lives as long as `generic`, and so must every copy of its rows and every state. */
const struct therapy_plugin *generic_plugin(const struct generic *generic);

#endif
