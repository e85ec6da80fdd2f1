/* SPDX-License-Identifier: Apache-2.0 */
#include "config/account.h"

#include <stdio.h>
#include <string.h>

#include "config/secrets.h"
#include "config/sections.h"
#include "config/text.h"

#define WHERE_MAX 160

static const char certificate[] = "-----BEGIN CERTIFICATE-----", private_key[] = "PRIVATE KEY-----";

static bool encrypts(const char *url)
{
	return strncmp(url, "mqtts://", 8) == 0 || strncmp(url, "wss://", 6) == 0;
}

/* A value that may be given inline or as a file, not both. */
static void read_either(struct reader *r, setting *group, const char *where, const char *key, bool secret, char **value)
{
	char file_key[32], what[WHERE_MAX];
	snprintf(file_key, sizeof file_key, "%s_file", key);
	setting *given = read_member(group, key), *file = read_member(group, file_key);
	if (given && file)
		read_fault(r, setting_line(file), "%s: found both %s and %s, expected one of them", where, key,
			   file_key);
	if (given && secret) {
		snprintf(what, sizeof what, "%s: %s", where, key);
		secrets_check_inline(r, given, what);
	}
	if (file) {
		snprintf(what, sizeof what, "%s: %s", where, file_key);
		*value = secrets_read(r, file, what, secret);
	}
}

/* A PEM file with that in it, for a connection that encrypts; its path, or NULL after a fault. */
static char *read_pem(struct reader *r, setting *group, const char *where, const char *key, const char *name,
		      const char *holds, const char *url, struct source *file)
{
	char why[256];
	unsigned line = setting_line(read_member(group, key));
	char *path = text_path(r->arena, r->source.file, name);
	if (source_read(r->arena, path, SOURCE_SIZE_MAX, file, why) < 0)
		read_fault(r, line, "%s: %s: %s %s", where, key, path, why);
	else if (!strstr(file->text, holds))
		read_fault(r, line, "%s: %s: %s holds no %s, expected PEM", where, key, path,
			   strstr(holds, "KEY") ? "private key" : "certificate");
	else if (url && !encrypts(url))
		read_fault(r, line, "%s: %s: the url is %.*s, which encrypts nothing: expected mqtts:// or wss://",
			   where, key, (int)strcspn(url, "/") + 2, url);
	else
		return path;
	return NULL;
}

/* A key is a secret like a password. One with a passphrase would be asked for on a terminal, which nobody reads. */
static void check_key(struct reader *r, setting *s, const char *where, const char *key, const struct source *file)
{
	if (file->mode & 0007)
		read_fault(r, setting_line(s),
			   "%s: %s: others may use %s (mode %04o), expected 0640 or less: chmod o= %s", where, key,
			   file->file, (unsigned)file->mode, file->file);
	if (strstr(file->text, "ENCRYPTED"))
		read_fault(r, setting_line(s),
			   "%s: %s: %s wants a passphrase, expected a key without: openssl pkey -in %s -out new.pem",
			   where, key, file->file, file->file);
}

static void read_certificate(struct reader *r, setting *group, const char *where, const char *url,
			     struct config_account *account)
{
	struct source file;
	const char *cert = account->cert_file, *key = account->key_file;
	if (cert) {
		account->cert_file = read_pem(r, group, where, "cert_file", cert, certificate, url, &file);
		bool key_inside = account->cert_file && strstr(file.text, private_key);
		if (key_inside)
			check_key(r, read_member(group, "cert_file"), where, "cert_file", &file);
		else if (account->cert_file && !key)
			read_fault(r, setting_line(read_member(group, "cert_file")),
				   "%s: found cert_file without a key in it, expected key_file as well", where);
	}
	if (key) {
		account->key_file = read_pem(r, group, where, "key_file", key, private_key, url, &file);
		if (account->key_file)
			check_key(r, read_member(group, "key_file"), where, "key_file", &file);
		if (!cert)
			read_fault(r, setting_line(read_member(group, "key_file")),
				   "%s: found key_file without cert_file, expected both", where);
	}
}

void account_complete(struct reader *r, setting *group, const char *where, const char *url,
		      struct config_account *account)
{
	read_either(r, group, where, "username", false, &account->username);
	read_either(r, group, where, "password", true, &account->password);
	setting *password = read_member(group, "password");
	if (!password)
		password = read_member(group, "password_file");
	if (password && !read_member(group, "username") && !read_member(group, "username_file"))
		read_fault(r, setting_line(password), "%s: found a password without a username, expected both", where);
	read_certificate(r, group, where, url, account);
}

char *account_ca(struct reader *r, setting *group, const char *where, const char *name, const char *url)
{
	struct source file;
	return read_pem(r, group, where, "ca_file", name, certificate, url, &file);
}

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct config_account, key_), __VA_ARGS__                  \
	}
static const struct field fields[] = {
    FIELD(username, FIELD_TEXT, .max = TEXT_MAX, .expected = "a name in quotes"),
    {.key = "username_file", .type = FIELD_OTHER},
    FIELD(password, FIELD_SECRET, .max = 1024, .expected = "text in quotes"),
    {.key = "password_file", .type = FIELD_OTHER},
    FIELD(cert_file, FIELD_TEXT, .max = PATH_BYTES, .expected = "the name of a PEM file"),
    FIELD(key_file, FIELD_TEXT, .max = PATH_BYTES, .expected = "the name of a PEM file"),
};
#undef FIELD

bool account_section(struct reader *r, setting *device, const char *where, const char *url, struct config_account *out)
{
	char inside[WHERE_MAX];
	setting *group = read_group(r, device, where, "account");
	if (!group)
		return false;
	snprintf(inside, sizeof inside, "%s: account", where);
	read_fields(r, group, inside, fields, sizeof fields / sizeof *fields, out);
	account_complete(r, group, inside, url, out);
	if (setting_length(group) == 0)
		read_fault(r, setting_line(group),
			   "%s: found nothing in it, expected a username, or cert_file and key_file", inside);
	return true;
}
