/* SPDX-License-Identifier: Apache-2.0
 *
 * login - who may see and use the page. Whoever knows the token of the configuration gets a cookie, signed with a key
 * that is made of the token: it outlives a restart of the gateway (whoever stands before a table must not have to type
 * a token to stop it), there is no table of sessions that somebody could fill, and a new token ends them all. Pure;
 * time and random bytes are arguments. The caller's memory; any thread.
 */
#ifndef PAGE_LOGIN_H
#define PAGE_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGIN_KEY_SIZE   32u
#define LOGIN_NONCE_SIZE 16u
#define LOGIN_COOKIE_MAX 160u              /* bytes of a cookie's value with its NUL */
#define LOGIN_LASTS_S    (30u * 24 * 3600) /* a month */

struct login {
	uint8_t key[LOGIN_KEY_SIZE];   /* signs cookies */
	uint8_t token[LOGIN_KEY_SIZE]; /* what the token comes to */
	char name[64]; /* the cookie's; gateways of one machine share its cookies, whatever their ports */
};

/* False: the library for it fails. `gateway_id`: as id_valid says. */
bool login_init(struct login *s, const char *token, const char *gateway_id);
/* Is that the token? Takes as long for any text of that size. */
bool login_right_token(const struct login *s, const char *text, size_t size);
/* The value of a cookie that lasts from now_s, seconds since 1970, for LOGIN_LASTS_S. */
bool login_issue(const struct login *s, int64_t now_s, const uint8_t nonce[LOGIN_NONCE_SIZE],
		 char out[LOGIN_COOKIE_MAX]);
/* Is a valid cookie of ours in that header ("a=b; c=d"; NULL: there is none)? */
bool login_valid(const struct login *s, int64_t now_s, const char *header);

/* ---- wrong tokens ---- */

#define LOGIN_TRIES    8u     /* wrong tokens in ... */
#define LOGIN_TRIES_MS 60000u /* ... this time; then nobody may try until it is over */

/* Zeroed at first. */
struct login_tries {
	uint64_t since_ms;
	unsigned wrong;
};
/* May somebody try now? */
bool login_may_try(struct login_tries *tries, uint64_t now_ms);
void login_tried_wrong(struct login_tries *tries, uint64_t now_ms);

#endif
