/* SPDX-License-Identifier: Apache-2.0
 * The kinds and metrics that rules may name in any home, whether it has such a device or not: those of the hazard
 * table, of the shipped rules and of the plugins here. A plugin of another makes its own known by being configured. A
 * name that is neither is a fault, because misspelt it would be left out, and permit. docs/rules.md lists them. Const.
 */
#ifndef VOCABULARY_H
#define VOCABULARY_H

#include "core/core.h"

extern const char *const vocabulary_kinds[];
extern const size_t vocabulary_n_kinds;
extern const struct core_known_metric vocabulary_metrics[];
extern const size_t vocabulary_n_metrics;

#endif
