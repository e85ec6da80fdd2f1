/* SPDX-License-Identifier: Apache-2.0 */
#include "page/login.h"

#include <stdio.h>

#include "base/testing.h"

#define TOKEN "a-token-of-some-length"
#define NOW   1800000000

static const uint8_t nonce[LOGIN_NONCE_SIZE] = {1, 2, 3};

static struct login login_of(const char *token)
{
	struct login s;
	assert_true(login_init(&s, token, "home"));
	return s;
}

static void only_the_token_is_the_token(void **state)
{
	(void)state;
	struct login s = login_of(TOKEN);
	assert_true(login_right_token(&s, TOKEN, strlen(TOKEN)));
	assert_false(login_right_token(&s, TOKEN "x", strlen(TOKEN) + 1));
	assert_false(login_right_token(&s, TOKEN, strlen(TOKEN) - 1));
	assert_false(login_right_token(&s, TOKEN, strlen(TOKEN) + 1)); /* its NUL */
	assert_false(login_right_token(&s, "", 0));
}

static void a_cookie_is_good_for_a_month_under_its_token_and_name(void **state)
{
	(void)state;
	struct login s = login_of(TOKEN), other = login_of("another-token-of-length");
	char value[LOGIN_COOKIE_MAX], header[2 * LOGIN_COOKIE_MAX];
	assert_true(login_issue(&s, NOW, nonce, value));
	assert_null(strstr(value, TOKEN));
	(void)snprintf(header, sizeof header, "a=b; therapy-home=%s; c=d", value);
	assert_true(login_valid(&s, NOW, header));
	assert_true(login_valid(&s, NOW + LOGIN_LASTS_S - 1, header));
	assert_false(login_valid(&s, NOW + LOGIN_LASTS_S, header));
	assert_false(login_valid(&other, NOW, header));
	(void)snprintf(header, sizeof header, "therapy-other=%s", value);
	assert_false(login_valid(&s, NOW, header));
	(void)snprintf(header, sizeof header, "xtherapy-home=%s", value);
	assert_false(login_valid(&s, NOW, header));
	assert_false(login_valid(&s, NOW, NULL));
	assert_false(login_valid(&s, NOW, ""));
}

static void a_cookie_with_one_other_byte_is_none(void **state)
{
	(void)state;
	struct login s = login_of(TOKEN);
	char value[LOGIN_COOKIE_MAX], header[2 * LOGIN_COOKIE_MAX];
	assert_true(login_issue(&s, NOW, nonce, value));
	size_t n = strlen(value);
	for (size_t i = 0; i < n; i++) {
		char before = value[i];
		value[i] = before == '0' ? '1' : '0';
		(void)snprintf(header, sizeof header, "therapy-home=%s", value);
		assert_false(login_valid(&s, NOW, header));
		value[i] = before;
	}
	for (size_t i = 0; i < n; i++) { /* cut short */
		(void)snprintf(header, sizeof header, "therapy-home=%.*s", (int)i, value);
		assert_false(login_valid(&s, NOW, header));
	}
}

static void after_some_wrong_tokens_nobody_may_try_for_a_while(void **state)
{
	(void)state;
	struct login_tries tries = {0};
	for (unsigned i = 0; i < LOGIN_TRIES; i++) {
		assert_true(login_may_try(&tries, 100000 + i));
		login_tried_wrong(&tries, 100000 + i);
	}
	assert_false(login_may_try(&tries, 101000));
	assert_false(login_may_try(&tries, 100000 + LOGIN_TRIES_MS - 1));
	assert_true(login_may_try(&tries, 100000 + LOGIN_TRIES_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_the_token_is_the_token),
	    cmocka_unit_test(a_cookie_is_good_for_a_month_under_its_token_and_name),
	    cmocka_unit_test(a_cookie_with_one_other_byte_is_none),
	    cmocka_unit_test(after_some_wrong_tokens_nobody_may_try_for_a_while),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
