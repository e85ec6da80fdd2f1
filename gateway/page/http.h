/* SPDX-License-Identifier: Apache-2.0
 *
 * http - the page's web server: libmicrohttpd without threads, its epoll descriptor in the gateway's loop. It knows
 * connections and what bounds them, and nothing of what is asked. One request to a connection, whose headers and body
 * have to be there within HTTP_ASKS_MS and whose answer has to be taken within HTTP_TAKES_MS; more connections than
 * HTTP_ASKING_MAX push out the one that has kept us waiting longest, so whoever opens a thousand and says nothing keeps
 * nobody out. A viewer of the stream who takes nothing for HTTP_STALLED_S is dropped; nothing waits for one, and what
 * is kept for one is a part of a text and the kernel's HTTP_SEND_BUFFER. On the loop's thread; owns all its handles.
 */
#ifndef PAGE_HTTP_H
#define PAGE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "page/board.h"
#include "page/request.h"

#define HTTP_ASKING_MAX  32u /* connections, but for viewers */
#define HTTP_VIEWERS_MAX 24u
#define HTTP_ASKS_MS     5000u
#define HTTP_TAKES_MS    15000u
#define HTTP_STALLED_S   10u
#define HTTP_SEND_BUFFER 65536  /* bytes */
#define HTTP_HEAD_MAX    16384u /* bytes of a request's head and of what is being sent */

struct http_reply {
	unsigned status;
	bool stream;      /* the board's texts, as long as somebody takes them; then nothing below counts */
	const char *type; /* "text/html; charset=utf-8" */
	const void *body; /* NULL: none */
	size_t size;
	bool lasts;        /* the body is there as long as the server; else it is copied */
	char *owned;       /* instead of a body: a text that the server frees; NULL: none */
	bool framed;       /* a page of the same origin may show it in a frame */
	const char *allow; /* of 405: the methods, static; NULL: none */
	char cookie[256];  /* a Set-Cookie header; "": none */
};

/* Why somebody was not served. */
enum http_refusal {
	HTTP_TOO_SLOW,   /* the request was not there in time, or the answer not taken */
	HTTP_PUSHED_OUT, /* there were too many connections */
	HTTP_TOO_LARGE,  /* the request */
	HTTP_TOO_MANY_VIEWERS,
	HTTP_REFUSALS
};

struct http_callbacks {
	void *user;
	/* Fills in the reply, which is zeroed. */
	void (*answer)(void *user, const struct request *request, struct http_reply *reply);
	/* `peer`: "192.168.1.5". */
	void (*refused)(void *user, enum http_refusal kind, const char *peer);
};

struct http;

/* Listens there. 0, or a negative UV_E* code and a sentence that says what to do. `board` and what a lasting body
 * points to outlive it. */
int http_new(uv_loop_t *loop, const char *address, unsigned port, struct board *board,
	     const struct http_callbacks *callbacks, struct http **out, char *why, size_t why_size);
/* There is something new on the board. Not from within `answer`. */
void http_changed(struct http *http);
unsigned http_viewers(const struct http *http);
/* Has every viewer what is on the board? */
bool http_is_told(const struct http *http);
/* Sends nothing more. `closed` may be NULL. */
void http_close(struct http *http, void (*closed)(void *user), void *user);

#endif
