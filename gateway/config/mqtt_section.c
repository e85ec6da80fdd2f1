/* SPDX-License-Identifier: Apache-2.0 */
#include "config/sections.h"

#include <stdio.h>
#include <string.h>

#include "config/account.h"
#include "config/text.h"

struct mqtt_fields {
	struct config_account account;
	char *url, *ca_file;
	unsigned protocol;
	uint64_t keep_alive_ms, queue;
};

static const char *const protocols[] = {"auto", "5", "3.1.1", NULL}; /* enum config_protocol's order */

#define URLS "mqtt://host, mqtts://host, ws://host or wss://host"

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct mqtt_fields, key_), __VA_ARGS__                     \
	}
#define ACCOUNT(key_, type_, ...)                                                                                      \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct mqtt_fields, account.key_), __VA_ARGS__             \
	}
static const struct field fields[] = {
    FIELD(url, FIELD_TEXT, .required = true, .max = PATH_BYTES, .expected = "the broker's " URLS),
    ACCOUNT(username, FIELD_TEXT, .max = TEXT_MAX, .expected = "a name in quotes"),
    {.key = "username_file", .type = FIELD_OTHER},
    ACCOUNT(password, FIELD_SECRET, .max = 1024, .expected = "text in quotes"),
    {.key = "password_file", .type = FIELD_OTHER},
    FIELD(ca_file, FIELD_TEXT, .max = PATH_BYTES, .expected = "the name of a PEM file"),
    ACCOUNT(cert_file, FIELD_TEXT, .max = PATH_BYTES, .expected = "the name of a PEM file"),
    ACCOUNT(key_file, FIELD_TEXT, .max = PATH_BYTES, .expected = "the name of a PEM file"),
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
#undef ACCOUNT
#undef FIELD

static bool begins(const char *url, const char *scheme)
{
	return strncmp(url, scheme, strlen(scheme)) == 0;
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
	account_complete(r, group, "mqtt", out->url, &in.account);
	out->account = in.account;
	if (in.ca_file)
		out->ca_file = account_ca(r, group, "mqtt", in.ca_file, out->url);
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
