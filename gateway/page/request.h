/* SPDX-License-Identifier: Apache-2.0
 *
 * request - what a browser asks, and whether it may: which resource, by which method, and whether it comes from our own
 * page and not from another one that a browser with our cookie has open. Pure.
 */
#ifndef PAGE_REQUEST_H
#define PAGE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_BODY_MAX 1024u /* bytes */
/* A header that no form of another page can send, and its value. */
#define REQUEST_MARK       "X-Therapy-Page"
#define REQUEST_MARK_VALUE "1"

/* Headers are as they came, NULL where there is none; all live as long as the request. */
struct request {
	const char *method, *path; /* "GET", "/live" */
	const char *cookie, *mark, *host, *origin, *fetch_site, *ingress_path, *forwarded_host;
	const char *body; /* `size` bytes, NUL-terminated */
	size_t size;
	const char *peer; /* for the log: "192.168.1.5" */
};

enum request_what {
	REQUEST_INDEX,
	REQUEST_SCRIPT,
	REQUEST_STYLE,
	REQUEST_ICON,
	REQUEST_SESSION, /* is somebody logged in? */
	REQUEST_LIVE,    /* the stream */
	REQUEST_PLOT,    /* the session so far */
	REQUEST_LOGIN,   /* from here on they change something */
	REQUEST_LOGOUT,
	REQUEST_STOP,
	REQUEST_RESET,
	REQUEST_ADJUST,       /* a step of a calibration or a tare */
	REQUEST_COURSE,       /* what a person adds to the course of therapy */
	REQUEST_SETUP,        /* begins the set-up, answers it, ends it */
	REQUEST_ASK,          /* whatever else Home Assistant has a control for */
	REQUEST_NOTHING,      /* there is no such thing: 404 */
	REQUEST_WRONG_METHOD, /* it takes another method: 405 */
};

/* `allowed`: of a wrong method, which one it takes. */
enum request_what request_route(const char *method, const char *path, const char **allowed);
/* Whoever has no cookie may have it. */
bool request_is_public(enum request_what what);
bool request_changes(enum request_what what);
/* It comes from our own page: it bears the mark, and what the browser says of where it comes from agrees with the host
 * that it asks. What an old browser does not say (Origin, Sec-Fetch-Site) is not held against it: the mark it cannot
 * send from elsewhere without asking us first, which we never permit. `by_ingress`: between them stands a proxy that is
 * trusted, and may tell the host that the browser asked (X-Forwarded-Host). */
bool request_is_ours(const struct request *request, bool by_ingress);
/* Is the host that it asks one of this network by its name: an address, or a name that nobody can register? A page of
 * the world whose name was pointed at us (DNS rebinding) is from its own host, as ours is, but asks it by that name. */
bool request_names_here(const struct request *request);

#endif
