/* SPDX-License-Identifier: Apache-2.0 */
#include "config/sections.h"

#include <stdio.h>
#include <string.h>

#include "config/secrets.h"
#include "config/text.h"

struct mqtt_fields {
	char *url, *username, *password, *ca_file, *cert_file, *key_file;
	unsigned protocol;
	uint64_t keep_alive_ms, queue;
};

static const char *const protocols[] = {"auto", "5", "3.1.1", NULL}; /* enum config_protocol's order */

#define URLS "mqtt://host, mqtts://host, ws://host or wss://host"

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct mqtt_fields, key_), __VA_ARGS__                     \
	}
static const struct field fields[] = {
    FIELD(url, FIELD_TEXT, .required = true, .max = PATH_BYTES, .expected = "the broker's " URLS),
    FIELD(username, FIELD_TEXT, .max = TEXT_MAX, .expected = "a name in quotes"),
    {.key = "username_file", .type = FIELD_OTHER},
    FIELD(password, FIELD_SECRET, .max = 1024, .expected = "text in quotes"),
    {.key = "password_file", .type = FIELD_OTHER},
    FIELD(ca_file, FIELD_TEXT, .max = PATH_BYTES, .expected = "the name of a PEM file"),
    FIELD(cert_file, FIELD_TEXT, .max = PATH_BYTES, .expected = "the name of a PEM file"),
    FIELD(key_file, FIELD_TEXT, .max = PATH_BYTES, .expected = "the name of a PEM file"),
    FIELD(protocol, FIELD_WORD, .words = protocols, .expected = "\"auto\", \"5\" or \"3.1.1\""),
    /* A connection that was cut is noticed after 1.5 keep-alives: that bounds the last will. */
    {.key = "keep_alive",
     .type = FIELD_DURATION,
     .at = offsetof(struct mqtt_fields, keep_alive_ms),
     .min = 1000,
     .max = 60000,
     .expected = "a duration like \"10 s\""},
    {.key = "discovery_prefix", .type = FIELD_OTHER},
    {.key = "birth_topic", .type = FIELD_OTHER},
    FIELD(queue, FIELD_COUNT, .min = 100, .max = 1000000, .expected = "a number of readings"),
};
#undef FIELD

static bool begins(const char *url, const char *scheme)
{
	return strncmp(url, scheme, strlen(scheme)) == 0;
}

static bool encrypts(const char *url)
{
	return begins(url, "mqtts://") || begins(url, "wss://");
}

static void check_url(struct reader *r, setting *s, const char *url)
{
	unsigned line = setting_line(s);
	const char *host = strstr(url, "://");
	bool web = begins(url, "ws://") || begins(url, "wss://");
	if (strchr(url, '@')) /* not shown: it may hold a password */
		read_fault(r, line, "mqtt: url: found a user in it, expected username and password_file instead");
	else if (!web && !begins(url, "mqtt://") && !begins(url, "mqtts://"))
		read_fault(r, line, "mqtt: url: found \"%.80s\", expected " URLS, url);
	else if (!host[3] || strchr(":/?#", host[3]) || strpbrk(host + 3, " \t"))
		read_fault(r, line, "mqtt: url: found \"%.80s\", expected a host after ://", url);
	else if (!web && strchr(host + 3, '/'))
		read_fault(r, line, "mqtt: url: found \"%.80s\", expected no path: only ws:// and wss:// have one",
			   url);
}

static char *read_url(struct reader *r, setting *s, const char *written)
{
	char why[256];
	char *url = text_expand(r->arena, written, why);
	if (url)
		check_url(r, s, url);
	else
		read_fault(r, setting_line(s), "mqtt: url: %s", why);
	return url;
}

/* Levels of a topic: no wildcards, no empty levels. "" switches off what it is for. */
static void read_levels(struct reader *r, setting *group, const char *key, const char *expected, char **out)
{
	char what[48];
	setting *s = read_member(group, key);
	const char *text = s ? setting_string(s) : NULL;
	if (!s)
		return;
	if (text && !*text) {
		*out = arena_copy(r->arena, "", 0);
		return;
	}
	snprintf(what, sizeof what, "mqtt: %s", key);
	char *levels = setting_text(r, s, what, 65, expected);
	if (!levels)
		return;
	if (strpbrk(levels, "+# $") || levels[0] == '/' || levels[strlen(levels) - 1] == '/' || strstr(levels, "//"))
		read_fault(r, setting_line(s),
			   "mqtt: %s: found \"%s\", expected %s, without + # $ or blanks and no / at its ends", key,
			   levels, expected);
	else
		*out = levels;
}

/* A value that may be given inline or as a file, not both. */
static void read_either(struct reader *r, setting *group, const char *key, bool secret, char **value)
{
	char file_key[32], what[48];
	snprintf(file_key, sizeof file_key, "%s_file", key);
	setting *given = read_member(group, key), *file = read_member(group, file_key);
	if (given && file)
		read_fault(r, setting_line(file), "mqtt: found both %s and %s, expected one of them", key, file_key);
	if (given && secret) {
		snprintf(what, sizeof what, "mqtt: %s", key);
		secrets_check_inline(r, given, what);
	}
	if (file) {
		snprintf(what, sizeof what, "mqtt: %s", file_key);
		*value = secrets_read(r, file, what, secret);
	}
}

/* A PEM file with that in it, for a connection that encrypts; its path, or NULL after a fault. */
static char *read_pem(struct reader *r, setting *group, const char *key, const char *name, const char *holds,
		      const char *url, struct source *file)
{
	char why[256];
	unsigned line = setting_line(read_member(group, key));
	char *path = text_path(r->arena, r->source.file, name);
	if (source_read(r->arena, path, SOURCE_SIZE_MAX, file, why) < 0)
		read_fault(r, line, "mqtt: %s: %s %s", key, path, why);
	else if (!strstr(file->text, holds))
		read_fault(r, line, "mqtt: %s: %s holds no %s, expected PEM", key, path,
			   strstr(holds, "KEY") ? "private key" : "certificate");
	else if (url && !encrypts(url))
		read_fault(r, line, "mqtt: %s: the url is %.*s, which encrypts nothing: expected mqtts:// or wss://",
			   key, (int)strcspn(url, "/") + 2, url);
	else
		return path;
	return NULL;
}

/* A key is a secret like a password. One with a passphrase would be asked for on a terminal, which nobody reads. */
static void check_key(struct reader *r, setting *s, const char *key, const struct source *file)
{
	if (file->mode & 0007)
		read_fault(r, setting_line(s),
			   "mqtt: %s: others may use %s (mode %04o), expected 0640 or less: chmod o= %s", key,
			   file->file, (unsigned)file->mode, file->file);
	if (strstr(file->text, "ENCRYPTED"))
		read_fault(r, setting_line(s),
			   "mqtt: %s: %s wants a passphrase, expected a key without: openssl pkey -in %s -out new.pem",
			   key, file->file, file->file);
}

static void read_tls(struct reader *r, setting *group, const struct mqtt_fields *in, struct config_mqtt *out)
{
	static const char certificate[] = "-----BEGIN CERTIFICATE-----", private[] = "PRIVATE KEY-----";
	struct source file;
	if (in->ca_file)
		out->ca_file = read_pem(r, group, "ca_file", in->ca_file, certificate, out->url, &file);
	if (in->cert_file) {
		out->cert_file = read_pem(r, group, "cert_file", in->cert_file, certificate, out->url, &file);
		bool key_inside = out->cert_file && strstr(file.text, private);
		if (key_inside)
			check_key(r, read_member(group, "cert_file"), "cert_file", &file);
		else if (out->cert_file && !in->key_file)
			read_fault(r, setting_line(read_member(group, "cert_file")),
				   "mqtt: found cert_file without a key in it, expected key_file as well");
	}
	if (in->key_file) {
		out->key_file = read_pem(r, group, "key_file", in->key_file, private, out->url, &file);
		if (out->key_file)
			check_key(r, read_member(group, "key_file"), "key_file", &file);
		if (!in->cert_file)
			read_fault(r, setting_line(read_member(group, "key_file")),
				   "mqtt: found key_file without cert_file, expected both");
	}
}

void mqtt_section(struct reader *r, setting *root, struct config_mqtt *out)
{
	setting *group = read_group(r, root, "", "mqtt");
	if (!group)
		return;
	struct mqtt_fields in = {.keep_alive_ms = out->keep_alive_s * 1000u, .queue = out->queue};
	read_fields(r, group, "mqtt", fields, sizeof fields / sizeof *fields, &in);
	out->enabled = true;
	if (in.url)
		out->url = read_url(r, read_member(group, "url"), in.url);
	read_either(r, group, "username", false, &in.username);
	read_either(r, group, "password", true, &in.password);
	out->username = in.username;
	out->password = in.password;
	setting *password = read_member(group, "password");
	if (!password)
		password = read_member(group, "password_file");
	if (password && !read_member(group, "username") && !read_member(group, "username_file"))
		read_fault(r, setting_line(password), "mqtt: found a password without a username, expected both");
	read_tls(r, group, &in, out);
	out->protocol = (enum config_protocol)in.protocol;
	if (in.keep_alive_ms % 1000)
		read_fault(r, setting_line(read_member(group, "keep_alive")),
			   "mqtt: keep_alive: found %u ms, expected whole seconds: MQTT counts in them",
			   (unsigned)in.keep_alive_ms);
	out->keep_alive_s = (unsigned)(in.keep_alive_ms / 1000);
	out->queue = (size_t)in.queue;
	read_levels(r, group, "discovery_prefix", "the first level of topics", &out->discovery_prefix);
	read_levels(r, group, "birth_topic", "a topic like \"homeassistant/status\"", &out->birth_topic);
}
