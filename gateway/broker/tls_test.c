/* SPDX-License-Identifier: Apache-2.0
 * TLS against a real mosquitto, with certificates made here: what is accepted, and what is said of what is not. */
#include <stdio.h>
#include <stdlib.h>

#include "base/testing.h"
#include "broker/testing_connection.h"
#include "broker/testing_pki.h"

struct fixture {
	struct testing_pki home, elsewhere; /* two authorities */
	struct testing_broker server;
	struct testing_connection connection;
	bool serves;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	testing_pki_start(&f->home, "Home CA");
	testing_pki_start(&f->elsewhere, "Other CA");
	testing_connection_start(&f->connection);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	testing_connection_stop(&f->connection);
	if (f->serves)
		testing_broker_stop(&f->server);
	testing_pki_stop(&f->home);
	testing_pki_stop(&f->elsewhere);
	free(f);
	return 0;
}

/* A mosquitto that shows the certificate that `home` issued last. `port` 0: any. */
static void serve_at(struct fixture *f, uint16_t port, const char *more)
{
	char extra[512];
	snprintf(extra, sizeof extra, "keyfile %s\ncertfile %s\n%s", f->home.key_file, f->home.cert_file, more);
	testing_broker_start_at(&f->server, port, extra);
	snprintf(f->server.url, sizeof f->server.url, "mqtts://localhost:%u", f->server.port);
	f->serves = true;
}

static void serve(struct fixture *f, const char *more)
{
	serve_at(f, 0, more);
}

static void demand_certificates(struct fixture *f, const char *more)
{
	char extra[256];
	testing_pki_issue(&f->home, "localhost", -1, 10);
	snprintf(extra, sizeof extra, "cafile %s\nrequire_certificate true\n%s", f->home.ca_file, more);
	serve(f, extra);
}

static void refused(struct fixture *f, struct broker_config config, const char *because)
{
	config.url = f->server.url;
	testing_connection_open(&f->connection, config);
	testing_connection_wait_downs(&f->connection, 1);
	assert_int_equal(f->connection.ups, 0);
	print_message("%s\n", f->connection.why);
	assert_contains(f->connection.why, because);
}

static void a_certificate_of_our_authority_for_this_host_is_accepted(void **state)
{
	struct fixture *f = *state;
	testing_pki_issue(&f->home, "localhost", -1, 10);
	serve(f, "");
	testing_connection_open(&f->connection,
				(struct broker_config){.url = f->server.url, .ca_file = f->home.ca_file});
	testing_connection_wait_up(&f->connection);
	assert_int_equal(f->connection.downs, 0);
}

static void a_certificate_of_another_host_is_refused_with_both_names(void **state)
{
	struct fixture *f = *state;
	testing_pki_issue(&f->home, "other.example", -1, 10);
	serve(f, "");
	refused(f, (struct broker_config){.ca_file = f->home.ca_file},
		"the broker's certificate is for 'other.example', not for 'localhost'");
}

static void a_certificate_of_an_unknown_authority_is_refused_with_its_name(void **state)
{
	struct fixture *f = *state;
	testing_pki_issue(&f->home, "localhost", -1, 10);
	serve(f, "");
	refused(f, (struct broker_config){.ca_file = f->elsewhere.ca_file},
		"signed by 'Home CA', which is unknown here");
	testing_connection_close(&f->connection, false);
	refused(f, (struct broker_config){.ca_file = NULL}, "name that authority's certificate as ca_file");
}

static void an_expired_certificate_is_refused_with_its_day(void **state)
{
	struct fixture *f = *state;
	testing_pki_issue(&f->home, "localhost", -10, -1);
	serve(f, "");
	refused(f, (struct broker_config){.ca_file = f->home.ca_file}, "the broker's certificate expired on 20");
}

static void a_certificate_of_tomorrow_asks_for_the_clock(void **state)
{
	struct fixture *f = *state;
	testing_pki_issue(&f->home, "localhost", 1, 10);
	serve(f, "");
	refused(f, (struct broker_config){.ca_file = f->home.ca_file}, "is this machine's clock right?");
}

static void a_broker_that_demands_a_certificate_gets_ours(void **state)
{
	struct fixture *f = *state;
	demand_certificates(f, "use_identity_as_username true\n");
	testing_pki_issue(&f->home, "gateway", -1, 10);
	testing_connection_open(&f->connection, (struct broker_config){.url = f->server.url,
								       .ca_file = f->home.ca_file,
								       .cert_file = f->home.cert_file,
								       .key_file = f->home.key_file});
	testing_connection_wait_up(&f->connection);
	assert_int_equal(broker_publish(f->connection.broker, "a", "b", 1, 1, false, NULL, 1), 0);
	testing_connection_wait_delivered(&f->connection, 1);
}

static void a_broker_that_demands_a_certificate_and_gets_none_is_told(void **state)
{
	struct fixture *f = *state;
	demand_certificates(f, "");
	refused(f, (struct broker_config){.ca_file = f->home.ca_file},
		"asked for a client certificate and hung up: give cert_file");
}

static void a_certificate_of_ours_that_the_broker_does_not_know_is_told(void **state)
{
	struct fixture *f = *state;
	demand_certificates(f, "");
	testing_pki_issue(&f->elsewhere, "gateway", -1, 10);
	refused(f,
		(struct broker_config){
		    .ca_file = f->home.ca_file, .cert_file = f->elsewhere.cert_file, .key_file = f->elsewhere.key_file},
		"our certificate (cert_file)");
}

static void a_broker_without_tls_is_told(void **state)
{
	struct fixture *f = *state;
	testing_broker_start(&f->server, NULL);
	f->serves = true;
	snprintf(f->server.url, sizeof f->server.url, "mqtts://localhost:%u", f->server.port);
	refused(f, (struct broker_config){.ca_file = f->home.ca_file}, "TLS");
}

static void a_refusal_is_told_anew_after_it_was_mended(void **state)
{
	struct fixture *f = *state;
	testing_pki_issue(&f->home, "localhost", -10, -1);
	serve(f, "");
	refused(f, (struct broker_config){.ca_file = f->home.ca_file, .reconnect = true}, "expired");
	testing_pki_issue(&f->home, "localhost", -1, 10);
	testing_broker_stop(&f->server);
	uint16_t port = f->server.port;
	serve_at(f, port, "");
	testing_connection_wait_up(&f->connection);
	testing_broker_kill(&f->server);
	testing_connection_wait_downs(&f->connection, f->connection.downs + 1);
	assert_null(strstr(f->connection.why, "expired")); /* what was noted for an attempt is not told of another */
}

#define WITH_PKI(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_PKI(a_certificate_of_our_authority_for_this_host_is_accepted),
	    WITH_PKI(a_certificate_of_another_host_is_refused_with_both_names),
	    WITH_PKI(a_certificate_of_an_unknown_authority_is_refused_with_its_name),
	    WITH_PKI(an_expired_certificate_is_refused_with_its_day),
	    WITH_PKI(a_certificate_of_tomorrow_asks_for_the_clock),
	    WITH_PKI(a_broker_that_demands_a_certificate_gets_ours),
	    WITH_PKI(a_broker_that_demands_a_certificate_and_gets_none_is_told),
	    WITH_PKI(a_certificate_of_ours_that_the_broker_does_not_know_is_told),
	    WITH_PKI(a_broker_without_tls_is_told),
	    WITH_PKI(a_refusal_is_told_anew_after_it_was_mended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
