/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/tls.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WHY_MAX        192
#define NAME_MAX_BYTES 65 /* of a common name (X.520) */

static _Thread_local char trouble[WHY_MAX];
/* How far it came, for where nobody says what is wrong. In TLS 1.3 we are through before the broker has looked at our
 * certificate, and what it then says is often lost: Paho writes before it reads. */
static _Thread_local enum { NOTHING, BEGUN, ASKED, SHOWN } progress;

bool tls_take_trouble(char *why, size_t size)
{
	static const char *const guesses[] = {
	    [BEGUN] = "the broker hung up at the begin of TLS: is it the port of mqtt:// or ws://?",
	    [ASKED] = "the broker asked for a client certificate and hung up: give cert_file and key_file",
	    [SHOWN] = "the broker hung up when it had seen our certificate (cert_file)",
	};
	const char *text = trouble[0] ? trouble : guesses[progress];
	if (text)
		snprintf(why, size, "%s", text);
	tls_forget_trouble();
	return text != NULL;
}

void tls_forget_trouble(void)
{
	trouble[0] = '\0';
	progress = NOTHING;
}

/* The first is the cause, what follows is its consequence. */
#define NOTE(...)                                                                                                      \
	do {                                                                                                           \
		if (!trouble[0])                                                                                       \
			snprintf(trouble, sizeof trouble, __VA_ARGS__);                                                \
	} while (0)

/* ---- the broker's certificate ---- */

static const char *common_name(const X509_NAME *name, char out[NAME_MAX_BYTES])
{
	if (!name || X509_NAME_get_text_by_NID(name, NID_commonName, out, NAME_MAX_BYTES) <= 0)
		snprintf(out, NAME_MAX_BYTES, "somebody without a name");
	for (char *p = out; *p; p++) /* it comes from the other end and goes into a log */
		if ((unsigned char)*p < 0x20 || *p == 0x7F || *p == '\'')
			*p = '?';
	return out;
}

static const char *day(const ASN1_TIME *time, char out[16])
{
	struct tm tm;
	if (!time || ASN1_TIME_to_tm(time, &tm) != 1 || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
		snprintf(out, 16, "a day unknown");
	return out;
}

/* The first name that it is for. */
static const char *first_name(X509 *theirs, char out[NAME_MAX_BYTES])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(theirs, NID_subject_alt_name, NULL, NULL);
	bool found = false;
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		found = name->type == GEN_DNS;
		if (found)
			snprintf(out, NAME_MAX_BYTES, "%.*s", ASN1_STRING_length(name->d.dNSName),
				 (const char *)ASN1_STRING_get0_data(name->d.dNSName));
	}
	GENERAL_NAMES_free(names);
	return found ? out : common_name(X509_get_subject_name(theirs), out);
}

static bool is_for(X509 *theirs, const char *host)
{
	return X509_check_host(theirs, host, 0, 0, NULL) == 1 || X509_check_ip_asc(theirs, host, 0) == 1;
}

static void note_certificate(int error, int depth, X509 *theirs)
{
	char name[NAME_MAX_BYTES], date[16];
	const char *whose = depth == 0 ? "the broker's certificate" : "the certificate of the broker's authority";
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		NOTE("%s expired on %s: renew it there (or this machine's clock is wrong)", whose,
		     day(X509_get0_notAfter(theirs), date));
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		NOTE("%s is valid only from %s on: is this machine's clock right?", whose,
		     day(X509_get0_notBefore(theirs), date));
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		NOTE("%s is signed by '%s', which is unknown here: name that authority's certificate as ca_file", whose,
		     common_name(X509_get_issuer_name(theirs), name));
		break;
	default:
		NOTE("%s is refused: %s", whose, X509_verify_cert_error_string(error));
		break;
	}
}

/* From the root down; for depth 0 the last. */
static int on_verified(int ok, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509 *theirs = X509_STORE_CTX_get_current_cert(store);
	const char *host = ssl ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;
	int depth = X509_STORE_CTX_get_error_depth(store);
	if (!ok && theirs) {
		note_certificate(X509_STORE_CTX_get_error(store), depth, theirs);
	} else if (ok && theirs && depth == 0 && host && !is_for(theirs, host)) {
		char name[NAME_MAX_BYTES];
		NOTE("the broker's certificate is for '%.64s', not for '%.64s' as the url says",
		     first_name(theirs, name), host);
		X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
		return 0;
	}
	return ok;
}

/* ---- what the broker says of ours ---- */

static void note_alert(const SSL *ssl, int code)
{
	const char *text = SSL_alert_desc_string_long(code);
	bool ours = SSL_get_certificate(ssl) != NULL;
	switch (code) {
	case TLS13_AD_CERTIFICATE_REQUIRED:
		NOTE("the broker asked for a client certificate and hung up: give cert_file and key_file");
		break;
	case SSL_AD_HANDSHAKE_FAILURE: /* what TLS 1.2 has for it, and for more */
		if (!ours)
			NOTE("the broker refused the handshake: it may demand a client certificate (cert_file, "
			     "key_file)");
		else
			NOTE("the broker refused the handshake (%s)", text);
		break;
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
		NOTE("the broker does not accept our certificate (cert_file): %s", text);
		break;
	default:
		NOTE("the broker ended TLS: %s", text);
		break;
	}
}

static int on_asked(SSL *ssl, void *user)
{
	(void)user;
	progress = SSL_get_certificate(ssl) ? SHOWN : ASKED;
	return 1;
}

static void on_info(const SSL *ssl, int where, int value)
{
	if ((where & SSL_CB_HANDSHAKE_START) && progress == NOTHING)
		progress = BEGUN;
	if ((where & SSL_CB_HANDSHAKE_DONE) && progress == BEGUN)
		progress = NOTHING;
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
		note_alert(ssl, value & 0xFF);
}

int tls_on_error(const char *text, size_t size, void *user)
{
	(void)user;
	/* "...:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:354:" */
	char line[256];
	snprintf(line, sizeof line, "%.*s", (int)(size < sizeof line ? size : sizeof line - 1), text);
	if (strstr(line, "wrong version number") || strstr(line, "packet length too long"))
		NOTE("what answers at this port speaks no TLS: is it the port of mqtt:// or ws://?");
	char *reason = strstr(line, "error:");
	for (int colons = 0; reason && colons < 4; colons++) {
		reason = strchr(reason, ':');
		reason += reason != NULL;
	}
	if (!reason)
		return 1;
	reason[strcspn(reason, ":\n")] = '\0';
	NOTE("TLS failed: %s", reason);
	return 1;
}

/* ---- listening ---- */

/* OpenSSL calls this for each SSL object, from within SSL_new, when all of it but what belongs to applications is set.
 */
static void on_new(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long number, void *argument)
{
	(void)data, (void)all, (void)index, (void)number, (void)argument;
	SSL_set_verify(parent, SSL_VERIFY_PEER, on_verified);
	SSL_set_info_callback(parent, on_info);
	SSL_set_cert_cb(parent, on_asked, NULL);
}

static void listen_once(void)
{
	(void)SSL_get_ex_new_index(0, NULL, on_new, NULL, NULL); /* without it only the words are missing */
}

void tls_watch(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, listen_once);
}
