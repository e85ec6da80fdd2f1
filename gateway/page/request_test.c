/* SPDX-License-Identifier: Apache-2.0 */
#include "page/request.h"

#include "base/testing.h"

static enum request_what route(const char *method, const char *path)
{
	const char *allowed = NULL;
	enum request_what what = request_route(method, path, &allowed);
	assert_true((what == REQUEST_WRONG_METHOD) <= (allowed != NULL));
	return what;
}

static void what_changes_something_is_only_ever_posted(void **state)
{
	(void)state;
	static const char *const posts[] = {"/login", "/logout", "/stop",  "/reset",
					    "/ask",   "/adjust", "/setup", "/course"};
	for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
		assert_true(request_changes(route("POST", posts[i])));
		assert_int_equal(route("GET", posts[i]), REQUEST_WRONG_METHOD);
		assert_int_equal(route("HEAD", posts[i]), REQUEST_WRONG_METHOD);
		assert_int_equal(route("OPTIONS", posts[i]), REQUEST_WRONG_METHOD);
	}
	static const char *const gets[] = {"/", "/page.js", "/page.css", "/icon.svg", "/session", "/live", "/plot"};
	for (size_t i = 0; i < sizeof gets / sizeof *gets; i++) {
		assert_false(request_changes(route("GET", gets[i])));
		assert_int_equal(route("POST", gets[i]), REQUEST_WRONG_METHOD);
	}
	assert_int_equal(route("HEAD", "/"), REQUEST_INDEX);
	assert_int_equal(route("HEAD", "/live"), REQUEST_WRONG_METHOD);
	assert_int_equal(route("GET", "/stop/"), REQUEST_NOTHING);
	assert_int_equal(route("GET", "//"), REQUEST_NOTHING);
	assert_int_equal(route("GET", ""), REQUEST_NOTHING);
}

static void nothing_of_the_home_is_public(void **state)
{
	(void)state;
	assert_true(request_is_public(REQUEST_INDEX) && request_is_public(REQUEST_LOGIN));
	assert_false(
	    request_is_public(REQUEST_LIVE) || request_is_public(REQUEST_PLOT) || request_is_public(REQUEST_SESSION) ||
	    request_is_public(REQUEST_STOP) || request_is_public(REQUEST_RESET) || request_is_public(REQUEST_ADJUST) ||
	    request_is_public(REQUEST_ASK) || request_is_public(REQUEST_COURSE) || request_is_public(REQUEST_LOGOUT));
}

static void only_our_own_page_may_change_something(void **state)
{
	(void)state;
	const struct request good = {.mark = "1", .host = "10.0.0.2:8723"};
	struct request r = good;
	assert_true(request_is_ours(&r, false));
	r.origin = "http://10.0.0.2:8723";
	assert_true(request_is_ours(&r, false));
	r.origin = "https://10.0.0.2:8723"; /* before us stands what speaks https */
	r.fetch_site = "same-origin";
	assert_true(request_is_ours(&r, false));
	static const char *const origins[] = {
	    "http://10.0.0.2", "http://10.0.0.2:87",   "http://evil/10.0.0.2:8723", "null", "",
	    "10.0.0.2:8723",   "http://10.0.0.2:8723/"};
	for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
		r = good;
		r.origin = origins[i];
		assert_false(request_is_ours(&r, false));
	}
	static const char *const sites[] = {"cross-site", "same-site", "none", ""};
	for (size_t i = 0; i < sizeof sites / sizeof *sites; i++) {
		r = good;
		r.fetch_site = sites[i];
		assert_false(request_is_ours(&r, false));
	}
	r = good;
	r.mark = NULL;
	assert_false(request_is_ours(&r, false));
	r = good;
	r.host = NULL;
	assert_false(request_is_ours(&r, false));
}

static void a_host_that_a_proxy_tells_counts_only_from_a_trusted_one(void **state)
{
	(void)state;
	const struct request r = {
	    .mark = "1", .host = "172.30.33.5:8723", .origin = "https://ha.example", .forwarded_host = "ha.example"};
	assert_false(request_is_ours(&r, false));
	assert_true(request_is_ours(&r, true));
}

static void a_name_that_anybody_can_register_is_not_of_this_network(void **state)
{
	(void)state;
	static const char *const here[] = {"127.0.0.1:8723", "192.168.1.5",        "[::1]:8723",
					   "[fd00::5]",      "localhost:8723",     "nas",
					   "nas.local",      "nas.fritz.box:8723", "NAS.LOCAL"};
	static const char *const elsewhere[] = {
	    "evil.example", "1.evil.example:8723", "10.0.0.2.evil.example", "local.evil.com", "", ":8723", ".local"};
	for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
		const struct request r = {.host = here[i]};
		assert_true(request_names_here(&r));
	}
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
		const struct request r = {.host = elsewhere[i]};
		assert_false(request_names_here(&r));
	}
	assert_false(request_names_here(&(const struct request){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_changes_something_is_only_ever_posted),
	    cmocka_unit_test(nothing_of_the_home_is_public),
	    cmocka_unit_test(only_our_own_page_may_change_something),
	    cmocka_unit_test(a_host_that_a_proxy_tells_counts_only_from_a_trusted_one),
	    cmocka_unit_test(a_name_that_anybody_can_register_is_not_of_this_network),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
