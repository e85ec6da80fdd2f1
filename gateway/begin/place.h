/* SPDX-License-Identifier: Apache-2.0
 *
 * place - where a broker is and who one is there, as a person writes it: "me@broker.lan:1884". Pure. */
#ifndef BEGIN_PLACE_H
#define BEGIN_PLACE_H

#include <stdbool.h>
#include <stddef.h>

struct place {
	char url[400];
	char username[128]; /* "": none */
};

/* False, and a sentence in `why`; `out` is then as it was. */
bool place_read(const char *text, struct place *out, char *why, size_t why_size);
/* Did the broker say that it does not know who comes, or that the password is wrong? */
bool place_wants_account(const char *refusal);

#endif
