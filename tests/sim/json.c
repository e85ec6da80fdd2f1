/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/json.h"

void json_text(struct str *s, const char *text)
{
	str_add_bytes(s, "\"", 1);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			str_add(s, "\\%c", c);
		else if (c < 0x20 || c == 0x7F)
			str_add(s, "\\u%04x", c);
		else
			str_add_bytes(s, text, 1);
	}
	str_add_bytes(s, "\"", 1);
}
