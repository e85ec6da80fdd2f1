/* SPDX-License-Identifier: Apache-2.0
 * What the files of the web server share: http.c (life, the loop), connection.c (one connection). Nobody else includes
 * it. */
#ifndef PAGE_HTTP_INSIDE_H
#define PAGE_HTTP_INSIDE_H

#include "page/http.h"
#include "page/http_library.h"

enum stage { ASKING, ANSWERED, VIEWING, CUT };

struct connection {
	struct http *http;
	struct connection *previous, *next; /* in the order of their beginning */
	struct MHD_Connection *mhd;
	int fd;
	enum stage stage;
	uint64_t by_ms; /* of the loop's clock; UINT64_MAX: there is no hurry */
	char peer[46];
	char body[REQUEST_BODY_MAX + 1];
	size_t size;
	/* a viewer */
	uint64_t seen;
	struct board_text *text; /* that is being sent, from `at` on; NULL: none */
	size_t at;
	bool waits; /* suspended, until there is something new */
};

struct http {
	struct http_callbacks callbacks;
	const struct http_library *library;
	struct MHD_Daemon *daemon;
	struct board *board;
	uv_loop_t *loop;
	uv_poll_t poll;   /* the library's epoll descriptor */
	uv_timer_t timer; /* the next thing that is due */
	struct connection *first, *last;
	unsigned asking, viewers, open_handles;
	bool closing;
	void (*closed)(void *);
	void *closed_user;
};

/* For the library. */
enum MHD_Result connection_asks(void *http, struct MHD_Connection *mhd, const char *path, const char *method,
				const char *version, const char *piece, size_t *piece_size, void **begun);
void connection_comes_or_goes(void *http, struct MHD_Connection *mhd, void **context,
			      enum MHD_ConnectionNotificationCode what);
/* Ends those whose time is over; when the next one is, UINT64_MAX: none. */
uint64_t connections_expire(struct http *h, uint64_t now_ms);
/* Viewers go on, if there is something new for them. */
void connections_go_on(struct http *h);

#endif
