/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"

#include <string.h>

bool id_valid(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return n > 0 && n < ID_MAX && text[n] == '\0';
}
