/* SPDX-License-Identifier: Apache-2.0 */
#include "config/sections.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "config/secrets.h"
#include "config/text.h"

#define TOKEN_LEAST  16u /* bytes: what is shorter is a word that somebody can guess */
#define PORT_DEFAULT 8723u
#define INGRESS      "the numeric address of Home Assistant's proxy like \"172.30.32.2\""
#define EXPECTED     "a numeric address and a port like \"127.0.0.1:8723\" or \"[::1]:8723\""

struct page_fields {
	char *listen, *ingress;
	bool stop_needs_login;
};

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct page_fields, key_), __VA_ARGS__                     \
	}
static const struct field fields[] = {
    FIELD(listen, FIELD_TEXT, .max = TEXT_MAX, .expected = EXPECTED),
    FIELD(ingress, FIELD_TEXT, .max = TEXT_MAX, .expected = INGRESS),
    FIELD(stop_needs_login, FIELD_TRUTH, .required = false),
    {.key = "token_file", .type = FIELD_OTHER, .required = true, .expected = "the name of a file that holds it"},
};
#undef FIELD

static bool port_of(const char *text, unsigned *out)
{
	char *end;
	size_t n = strlen(text);
	if (n == 0 || n > 5 || strspn(text, "0123456789") != n)
		return false;
	unsigned long port = strtoul(text, &end, 10);
	if (port == 0 || port > 65535)
		return false;
	*out = (unsigned)port;
	return true;
}

/* Names are not resolved: which address a name means is somebody else's to say, and what listens is ours. */
bool config_page_place(const char *text, char address[CONFIG_ADDRESS_MAX], unsigned *port)
{
	struct in6_addr six;
	struct in_addr four;
	bool bracket = text[0] == '[';
	const char *end = bracket ? strchr(text, ']') : strchr(text, ':');
	const char *from = bracket ? text + 1 : text;
	if (!end || (size_t)(end - from) >= CONFIG_ADDRESS_MAX || (bracket && end[1] != ':'))
		return false;
	memcpy(address, from, (size_t)(end - from));
	address[end - from] = '\0';
	return inet_pton(bracket ? AF_INET6 : AF_INET, address, bracket ? (void *)&six : (void *)&four) == 1 &&
	       port_of(end + (bracket ? 2 : 1), port);
}

static bool address_of(struct reader *r, const char *text, char **address, unsigned *port)
{
	char buffer[CONFIG_ADDRESS_MAX];
	if (!config_page_place(text, buffer, port))
		return false;
	*address = arena_copy(r->arena, buffer, strlen(buffer));
	return true;
}

/* As the kernel spells it: it is compared with the address of whoever asks. */
static bool ingress_of(struct reader *r, const char *text, char **address)
{
	uint8_t bytes[sizeof(struct in6_addr)];
	char spelt[INET6_ADDRSTRLEN];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(family, text, bytes) != 1 || !inet_ntop(family, bytes, spelt, sizeof spelt))
		return false;
	*address = arena_copy(r->arena, spelt, strlen(spelt));
	return true;
}

void page_section(struct reader *r, setting *root, struct config_page *out)
{
	struct page_fields in = {0};
	setting *group = read_group(r, root, "", "page"), *token;
	if (!group)
		return;
	read_fields(r, group, "page", fields, sizeof fields / sizeof *fields, &in);
	*out = (struct config_page){.enabled = true,
				    .port = PORT_DEFAULT,
				    .stop_needs_login = in.stop_needs_login,
				    .line = setting_line(group)};
	out->address = arena_copy(r->arena, "127.0.0.1", 9);
	if (in.listen && !address_of(r, in.listen, &out->address, &out->port))
		read_fault(r, setting_line(read_member(group, "listen")), "page: listen: found \"%.80s\", expected %s",
			   in.listen, EXPECTED);
	if (in.ingress && !ingress_of(r, in.ingress, &out->ingress))
		read_fault(r, setting_line(read_member(group, "ingress")),
			   "page: ingress: found \"%.80s\", expected %s", in.ingress, INGRESS);
	token = read_member(group, "token_file");
	if (!token)
		return;
	out->token = secrets_read(r, token, "page: token_file", true);
	if (out->token && strlen(out->token) < TOKEN_LEAST)
		read_fault(r, setting_line(token),
			   "page: token_file: found %zu characters in it, expected %u or more: nobody has to remember "
			   "it, so openssl rand -hex 16 makes a good one",
			   strlen(out->token), TOKEN_LEAST);
}
