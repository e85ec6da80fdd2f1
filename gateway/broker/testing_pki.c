/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/testing_pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/testing.h"

#define DAY 86400L

static void extend(X509 *certificate, X509 *issuer, int what, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, what, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* Not signed yet. */
static X509 *certify(EVP_PKEY *key, const char *name, int from_day, int to_day)
{
	static long serial;
	X509 *certificate = X509_new();
	assert_non_null(certificate);
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(certificate), from_day * DAY);
	X509_gmtime_adj(X509_getm_notAfter(certificate), to_day * DAY);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)name,
				   -1, -1, 0);
	return certificate;
}

static void sign(X509 *certificate, const X509 *issuer, EVP_PKEY *key)
{
	X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
}

static void write_certificate(const char *path, X509 *certificate)
{
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, certificate), 1);
	assert_int_equal(fclose(f), 0);
}

void testing_pki_start(struct testing_pki *pki, const char *name)
{
	snprintf(pki->dir, sizeof pki->dir, "%s", "/tmp/therapy-pki-XXXXXX");
	assert_non_null(mkdtemp(pki->dir));
	snprintf(pki->ca_file, sizeof pki->ca_file, "%s/ca.pem", pki->dir);
	pki->issued = 0;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	assert_non_null(key);
	X509 *certificate = certify(key, name, -30, 30);
	extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
	sign(certificate, certificate, key);
	write_certificate(pki->ca_file, certificate);
	pki->key = key;
	pki->certificate = certificate;
}

static void name_files(struct testing_pki *pki, unsigned n)
{
	snprintf(pki->cert_file, sizeof pki->cert_file, "%s/cert%u.pem", pki->dir, n);
	snprintf(pki->key_file, sizeof pki->key_file, "%s/key%u.pem", pki->dir, n);
}

void testing_pki_issue(struct testing_pki *pki, const char *host, int from_day, int to_day)
{
	char names[128];
	name_files(pki, pki->issued++);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	assert_non_null(key);
	X509 *certificate = certify(key, host, from_day, to_day);
	snprintf(names, sizeof names, "DNS:%s", host);
	extend(certificate, pki->certificate, NID_subject_alt_name, names);
	sign(certificate, pki->certificate, pki->key);
	write_certificate(pki->cert_file, certificate);
	FILE *f = fopen(pki->key_file, "we");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

void testing_pki_stop(struct testing_pki *pki)
{
	for (unsigned i = 0; i < pki->issued; i++) {
		name_files(pki, i);
		assert_int_equal(unlink(pki->cert_file), 0);
		assert_int_equal(unlink(pki->key_file), 0);
	}
	assert_int_equal(unlink(pki->ca_file), 0);
	assert_int_equal(rmdir(pki->dir), 0);
	X509_free(pki->certificate);
	EVP_PKEY_free(pki->key);
}
