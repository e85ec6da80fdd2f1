/* SPDX-License-Identifier: Apache-2.0
 *
 * testing_pki - authorities and certificates made on the spot, for tests of TLS. In a temporary directory, as PEM. Test
 * files only; failures end the test through cmocka.
 */
#ifndef BROKER_TESTING_PKI_H
#define BROKER_TESTING_PKI_H

struct testing_pki {
	char dir[64];
	char ca_file[96];                 /* the authority's certificate */
	char cert_file[96], key_file[96]; /* issued last */
	unsigned issued;
	void *key, *certificate; /* the authority's, OpenSSL's */
};

/* A new authority of that name. */
void testing_pki_start(struct testing_pki *pki, const char *name);
/* A certificate for `host` (a DNS name) that was made `from_day` days from now (negative: ago) and ends on `to_day`. In
 * files of its own: those before stay. */
void testing_pki_issue(struct testing_pki *pki, const char *host, int from_day, int to_day);
/* Removes its directory. */
void testing_pki_stop(struct testing_pki *pki);

#endif
