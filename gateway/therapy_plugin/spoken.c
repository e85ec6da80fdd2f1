/* SPDX-License-Identifier: Apache-2.0 */
#include "therapy_plugin/spoken.h"

#include "base/unit.h"
#include "base/words.h"

void spoken_reading(struct str *out, const struct spoken *metric, enum therapy_quality quality, double value)
{
	size_t size = 0;
	const char *word = metric->words && metric->words[0] ? words_of(metric->words, value, &size) : NULL;
	str_add(out, "%-16s ", metric->key);
	if (quality != THERAPY_GOOD)
		str_add(out, "%s", quality == THERAPY_ERROR ? "ERROR" : "UNKNOWN");
	else if (word)
		str_add_bytes(out, word, size);
	else
		str_add(out, "%.*f%s%s", (int)metric->precision, value, unit_symbol(metric->unit)[0] ? " " : "",
			unit_symbol(metric->unit));
}
