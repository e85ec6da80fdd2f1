/* SPDX-License-Identifier: Apache-2.0 */
#include "page/login.h"

#include <inttypes.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/str.h"

#define MAC_TEXT (2 * LOGIN_KEY_SIZE)

static bool mac(const uint8_t *key, size_t key_size, const void *text, size_t size, uint8_t out[LOGIN_KEY_SIZE])
{
	unsigned n = 0;
	return key_size <= INT_MAX && HMAC(EVP_sha256(), key, (int)key_size, text, size, out, &n) != NULL &&
	       n == LOGIN_KEY_SIZE;
}

static void add_hex(struct str *s, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		str_add(s, "%02x", (unsigned)bytes[i]);
}

bool login_init(struct login *s, const char *token, const char *gateway_id)
{
	static const char purpose[] = "therapy-gateway page cookie 1";
	struct str name;
	*s = (struct login){0};
	str_init(&name, s->name, sizeof s->name);
	str_add(&name, "therapy-%s", gateway_id);
	return !name.overflow && mac((const uint8_t *)token, strlen(token), purpose, sizeof purpose - 1, s->key) &&
	       mac(s->key, sizeof s->key, token, strlen(token), s->token);
}

bool login_right_token(const struct login *s, const char *text, size_t size)
{
	uint8_t found[LOGIN_KEY_SIZE]; /* always the same length, and nothing that a guess could steer */
	return mac(s->key, sizeof s->key, text, size, found) && CRYPTO_memcmp(found, s->token, sizeof found) == 0;
}

/* "EXPIRY.NONCE", and what it comes to under the key as text. */
static bool sign(const struct login *s, const char *text, size_t size, char out[MAC_TEXT + 1])
{
	uint8_t bytes[LOGIN_KEY_SIZE];
	struct str hex;
	if (!mac(s->key, sizeof s->key, text, size, bytes))
		return false;
	str_init(&hex, out, MAC_TEXT + 1);
	add_hex(&hex, bytes, sizeof bytes);
	return true;
}

bool login_issue(const struct login *s, int64_t now_s, const uint8_t nonce[LOGIN_NONCE_SIZE],
		 char out[LOGIN_COOKIE_MAX])
{
	char signature[MAC_TEXT + 1];
	struct str value;
	str_init(&value, out, LOGIN_COOKIE_MAX);
	str_add(&value, "%" PRId64 ".", now_s + LOGIN_LASTS_S);
	add_hex(&value, nonce, LOGIN_NONCE_SIZE);
	if (!sign(s, out, value.len, signature))
		return false;
	str_add(&value, ".%s", signature);
	return !value.overflow;
}

/* The value of the cookie of that name, if it is the next of the header. */
static const char *value_at(const char *at, const char *name, size_t *size)
{
	size_t n = strlen(name);
	if (strncmp(at, name, n) != 0 || at[n] != '=')
		return NULL;
	*size = strcspn(at + n + 1, "; ,");
	return at + n + 1;
}

static bool holds(const struct login *s, int64_t now_s, const char *value, size_t size)
{
	char signature[MAC_TEXT + 1];
	size_t digits = strspn(value, "0123456789");
	if (size >= LOGIN_COOKIE_MAX || size <= MAC_TEXT + 1 || value[size - MAC_TEXT - 1] != '.' || digits == 0 ||
	    digits > 12 || value[digits] != '.')
		return false;
	if (!sign(s, value, size - MAC_TEXT - 1, signature) ||
	    CRYPTO_memcmp(signature, value + size - MAC_TEXT, MAC_TEXT) != 0)
		return false;
	int64_t until_s = 0; /* it is ours, so it is what we wrote */
	for (size_t i = 0; i < digits; i++)
		until_s = until_s * 10 + (value[i] - '0');
	return now_s < until_s;
}

bool login_valid(const struct login *s, int64_t now_s, const char *header)
{
	size_t size;
	while (header && *header) {
		const char *value = value_at(header, s->name, &size);
		if (value && holds(s, now_s, value, size))
			return true;
		header = strchr(header, ';');
		if (header)
			header += 1 + strspn(header + 1, " ");
	}
	return false;
}

bool login_may_try(struct login_tries *tries, uint64_t now_ms)
{
	if (now_ms - tries->since_ms >= LOGIN_TRIES_MS) {
		tries->since_ms = now_ms;
		tries->wrong = 0;
	}
	return tries->wrong < LOGIN_TRIES;
}

void login_tried_wrong(struct login_tries *tries, uint64_t now_ms)
{
	if (login_may_try(tries, now_ms))
		tries->wrong++;
}
