/* SPDX-License-Identifier: Apache-2.0 */
#include "page/request.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *path;
	enum request_what what;
	bool open; /* to whoever has no cookie */
} resources[] = {
    {"/", REQUEST_INDEX, true},         {"/page.js", REQUEST_SCRIPT, true},   {"/page.css", REQUEST_STYLE, true},
    {"/icon.svg", REQUEST_ICON, true},  {"/session", REQUEST_SESSION, false}, {"/live", REQUEST_LIVE, false},
    {"/plot", REQUEST_PLOT, false},     {"/login", REQUEST_LOGIN, true},      {"/logout", REQUEST_LOGOUT, false},
    {"/stop", REQUEST_STOP, false},     {"/reset", REQUEST_RESET, false},     {"/ask", REQUEST_ASK, false},
    {"/adjust", REQUEST_ADJUST, false}, {"/setup", REQUEST_SETUP, false},     {"/course", REQUEST_COURSE, false},
};

enum request_what request_route(const char *method, const char *path, const char **allowed)
{
	for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
		if (strcmp(resources[i].path, path) != 0)
			continue;
		bool post = request_changes(resources[i].what);
		*allowed = post ? "POST" : "GET, HEAD";
		bool head = strcmp(method, "HEAD") == 0 && resources[i].what != REQUEST_LIVE;
		bool right = strcmp(method, post ? "POST" : "GET") == 0 || (head && !post);
		return right ? resources[i].what : REQUEST_WRONG_METHOD;
	}
	return REQUEST_NOTHING;
}

bool request_is_public(enum request_what what)
{
	for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
		if (resources[i].what == what)
			return resources[i].open;
	return false;
}

bool request_changes(enum request_what what)
{
	return what >= REQUEST_LOGIN && what <= REQUEST_ASK; /* as they are listed */
}

bool request_is_ours(const struct request *r, bool by_ingress)
{
	if (!r->mark || strcmp(r->mark, REQUEST_MARK_VALUE) != 0 || !r->host || !r->host[0])
		return false;
	if (r->fetch_site && strcmp(r->fetch_site, "same-origin") != 0)
		return false;
	if (!r->origin)
		return true;
	/* The scheme is not compared: before us may stand what speaks https. */
	const char *scheme = strstr(r->origin, "://");
	return scheme && (strcasecmp(scheme + 3, r->host) == 0 ||
			  (by_ingress && r->forwarded_host && strcasecmp(scheme + 3, r->forwarded_host) == 0));
}

bool request_names_here(const struct request *r)
{
	static const char *const endings[] = {".local", ".lan", ".home", ".internal", ".home.arpa", ".fritz.box"};
	const char *host = r->host ? r->host : "";
	size_t n = strcspn(host, ":");
	if (host[0] == '[' || n == 0)
		return host[0] == '[';
	if (strspn(host, "0123456789.") == n || !memchr(host, '.', n))
		return true;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		size_t size = strlen(endings[i]);
		if (n > size && strncasecmp(host + n - size, endings[i], size) == 0)
			return true;
	}
	return false;
}
