/* SPDX-License-Identifier: Apache-2.0
 *
 * life - a device's life as bytes: which model, which options, then what it says and is told. The fuzzer makes such
 * bytes up, `seed.c` writes them from vector files, and whoever has one that fails plays it.
 *
 *   model choices{options}  then steps:
 *     0 size(2) bytes              from a byte link, LIFE_READ at a time
 *     1 channel size(2) bytes      a message      2 likewise, kept by the broker
 *     3 verb value                 what it is told; an index of life_values
 *     4 ms(2)                      time passes
 *     5 seed                       connected anew
 *
 * Choices: 0 the option is not given; else word or number `choice`, see life_choose. Little endian.
 */
#ifndef FUZZ_LIFE_H
#define FUZZ_LIFE_H

#include "therapy/plugin.h"

enum life_step { LIFE_BYTES, LIFE_MESSAGE, LIFE_RETAINED, LIFE_TELL, LIFE_TIME, LIFE_CONNECT, LIFE_STEPS };
enum { LIFE_READ = 128, LIFE_VALUES = 12, LIFE_NUMBERS = 8, LIFE_OPTIONS_MAX = 64, LIFE_WORD_MAX = 64 };

/* Values for verbs: what can be asked for, and what nobody should ask for. */
extern const double life_values[LIFE_VALUES];

/* Plays a life. Aborts, after saying why, when the plugin breaks what it owes its host. */
void life_play(const struct therapy_plugin *plugin, const uint8_t *bytes, size_t size);
/* What option `row` is given with `choice`, not 0: the word in `word`, or the number in *number. */
void life_choose(const struct therapy_option *row, uint8_t choice, char word[LIFE_WORD_MAX], double *number);

#endif
