/* SPDX-License-Identifier: Apache-2.0
 * German: the sentences that say why. Nobody is addressed, and what a person is to do stands in the infinitive. */
#include "base/language_tables.h"

static const struct language_entry sentences[] = {
    {"no latch, no alarm", "keine Verriegelung, kein Alarm"},
};

struct language_table language_de_sentences(void)
{
	return (struct language_table){sentences, sizeof sentences / sizeof *sentences};
}
