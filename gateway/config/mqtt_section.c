/* SPDX-License-Identifier: Apache-2.0 */
#include "config/sections.h"

#include <stdio.h>
#include <string.h>

#include "config/secrets.h"
#include "config/text.h"

struct mqtt_fields {
	char *url, *username, *password, *ca_file;
	uint64_t keep_alive_ms, queue;
};

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct mqtt_fields, key_), __VA_ARGS__                     \
	}
static const struct field fields[] = {
    FIELD(url, FIELD_TEXT, .required = true, .max = PATH_BYTES, .expected = "the broker's mqtt://host or mqtts://host"),
    FIELD(username, FIELD_TEXT, .max = TEXT_MAX, .expected = "a name in quotes"),
    {.key = "username_file", .type = FIELD_OTHER},
    FIELD(password, FIELD_SECRET, .max = 1024, .expected = "text in quotes"),
    {.key = "password_file", .type = FIELD_OTHER},
    FIELD(ca_file, FIELD_TEXT, .max = PATH_BYTES, .expected = "the name of a PEM file"),
    /* A connection that was cut is noticed after 1.5 keep-alives: that bounds the last will. */
    {.key = "keep_alive",
     .type = FIELD_DURATION,
     .at = offsetof(struct mqtt_fields, keep_alive_ms),
     .min = 1000,
     .max = 60000,
     .expected = "a duration like \"10 s\""},
    {.key = "discovery_prefix", .type = FIELD_OTHER},
    FIELD(queue, FIELD_COUNT, .min = 100, .max = 1000000, .expected = "a number of readings"),
};
#undef FIELD

static void check_url(struct reader *r, setting *s, const char *url)
{
	unsigned line = setting_line(s);
	const char *host = strstr(url, "://");
	size_t scheme = host ? (size_t)(host - url) : 0;
	bool known = (scheme == 4 && memcmp(url, "mqtt", 4) == 0) || (scheme == 5 && memcmp(url, "mqtts", 5) == 0);
	if (strchr(url, '@')) /* not shown: it may hold a password */
		read_fault(r, line, "mqtt: url: found a user in it, expected username and password_file instead");
	else if (!known)
		read_fault(r, line, "mqtt: url: found \"%.80s\", expected mqtt://host or mqtts://host", url);
	else if (!host[3] || strchr(":/?#", host[3]) || strpbrk(host + 3, " \t"))
		read_fault(r, line, "mqtt: url: found \"%.80s\", expected a host after ://", url);
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

/* A topic's first levels: no wildcards, no empty levels. "" switches discovery off. */
static void read_prefix(struct reader *r, setting *group, struct config_mqtt *out)
{
	setting *s = read_member(group, "discovery_prefix");
	const char *text = s ? setting_string(s) : NULL;
	if (!s)
		return;
	if (text && !*text) {
		out->discovery_prefix = arena_copy(r->arena, "", 0);
		return;
	}
	char *prefix = setting_text(r, s, "mqtt: discovery_prefix", 65, "the first level of topics, or \"\" for none");
	if (!prefix)
		return;
	if (strpbrk(prefix, "+# $") || prefix[0] == '/' || prefix[strlen(prefix) - 1] == '/' || strstr(prefix, "//"))
		read_fault(r, setting_line(s),
			   "mqtt: discovery_prefix: found \"%s\", expected the first level of topics, without + # $ or "
			   "blanks and no / at its ends",
			   prefix);
	else
		out->discovery_prefix = prefix;
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

static void read_ca_file(struct reader *r, setting *s, const char *name, struct config_mqtt *out)
{
	char why[256];
	struct source file;
	char *path = text_path(r->arena, r->source.file, name);
	if (source_read(r->arena, path, SOURCE_SIZE_MAX, &file, why) < 0)
		read_fault(r, setting_line(s), "mqtt: ca_file: %s %s", path, why);
	else if (!strstr(file.text, "-----BEGIN CERTIFICATE-----"))
		read_fault(r, setting_line(s), "mqtt: ca_file: %s holds no certificate, expected PEM", path);
	else if (out->url && strncmp(out->url, "mqtt://", 7) == 0)
		read_fault(r, setting_line(s),
			   "mqtt: ca_file: the url is mqtt://, which encrypts nothing: expected mqtts://");
	else
		out->ca_file = path;
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
	if (in.ca_file)
		read_ca_file(r, read_member(group, "ca_file"), in.ca_file, out);
	if (in.keep_alive_ms % 1000)
		read_fault(r, setting_line(read_member(group, "keep_alive")),
			   "mqtt: keep_alive: found %u ms, expected whole seconds: MQTT counts in them",
			   (unsigned)in.keep_alive_ms);
	out->keep_alive_s = (unsigned)(in.keep_alive_ms / 1000);
	out->queue = (size_t)in.queue;
	read_prefix(r, group, out);
}
