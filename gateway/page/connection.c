/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "page/http_inside.h"

#define TEXT_BLOCK 4096u /* bytes of a stream that the library asks for at a time */

/* What every answer bears. The page is its own three files and its own stream; nothing of it runs or loads what is not
 * from here, and nobody frames it but Home Assistant, on whose own origin it then is. */
#define POLICY                                                                                                         \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "                \
	"form-action 'self'; base-uri 'none'; frame-ancestors "
static const char *const headers[][2] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
    {"Connection", "close"},
};

/* ---- bounds ---- */

/* The library sees the end of its socket and closes it. */
static void cut(struct connection *c, enum http_refusal why)
{
	struct http *h = c->http;
	if (c->stage == ASKING || c->stage == ANSWERED)
		h->asking--;
	c->stage = CUT;
	c->by_ms = UINT64_MAX;
	(void)shutdown(c->fd, SHUT_RDWR);
	h->callbacks.refused(h->callbacks.user, why, c->peer);
}

static void push_out(struct http *h)
{
	struct connection *c = h->first;
	while (c && c->stage != ASKING)
		c = c->next;
	if (!c)
		for (c = h->first; c && c->stage != ANSWERED;)
			c = c->next;
	if (c)
		cut(c, HTTP_PUSHED_OUT);
}

uint64_t connections_expire(struct http *h, uint64_t now_ms)
{
	uint64_t next_ms = UINT64_MAX;
	for (struct connection *c = h->first; c; c = c->next) {
		if (c->by_ms <= now_ms)
			cut(c, HTTP_TOO_SLOW);
		else if (c->by_ms < next_ms)
			next_ms = c->by_ms;
	}
	return next_ms;
}

/* ---- coming and going ---- */

static void name_peer(struct connection *c)
{
	const union MHD_ConnectionInfo *info =
	    c->http->library->get_connection_info(c->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (!info || uv_ip_name(info->client_addr, c->peer, sizeof c->peer) != 0)
		(void)strcpy(c->peer, "somebody");
}

static void comes(struct http *h, struct MHD_Connection *mhd, void **context)
{
	const union MHD_ConnectionInfo *info = h->library->get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *c = info ? calloc(1, sizeof *c) : NULL;
	int buffer = HTTP_SEND_BUFFER;
	unsigned dead_ms = HTTP_STALLED_S * 1000;
	*context = c;
	if (!c)
		return; /* what it asks is not answered */
	c->http = h;
	c->mhd = mhd;
	c->fd = info->connect_fd;
	c->by_ms = uv_now(h->loop) + HTTP_ASKS_MS;
	c->previous = h->last;
	*(h->last ? &h->last->next : &h->first) = c;
	h->last = c;
	name_peer(c);
	(void)setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof dead_ms); /* a phone that is gone */
	if (++h->asking > HTTP_ASKING_MAX)
		push_out(h);
}

static void goes(struct connection *c)
{
	struct http *h = c->http;
	if (c->stage == VIEWING)
		h->viewers--;
	else if (c->stage != CUT)
		h->asking--;
	board_release(c->text);
	*(c->previous ? &c->previous->next : &h->first) = c->next;
	*(c->next ? &c->next->previous : &h->last) = c->previous;
	free(c);
}

void connection_comes_or_goes(void *user, struct MHD_Connection *mhd, void **context,
			      enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		comes(user, mhd, context);
	else if (*context)
		goes(*context);
}

/* ---- viewers ---- */

/* As much as there is and fits; nothing: it waits, and the library forgets it until it is to go on. */
static ssize_t on_pull(void *user, uint64_t at, char *out, size_t cap)
{
	struct connection *c = user;
	size_t n = 0;
	(void)at;
	if (c->http->closing)
		return MHD_CONTENT_READER_END_OF_STREAM;
	while (n < cap) {
		if (!c->text)
			c->text = board_take(c->http->board, &c->seen);
		if (!c->text)
			break;
		size_t left = c->text->size - c->at, part = left < cap - n ? left : cap - n;
		memcpy(out + n, c->text->bytes + c->at, part);
		n += part;
		c->at += part;
		if (c->at < c->text->size)
			break;
		board_release(c->text);
		c->text = NULL;
		c->at = 0;
	}
	if (n == 0) {
		c->waits = true;
		c->http->library->suspend_connection(c->mhd);
	}
	return (ssize_t)n;
}

void connections_go_on(struct http *h)
{
	for (struct connection *c = h->first; c; c = c->next)
		if (c->waits && (h->closing || board_has(h->board, c->seen))) {
			c->waits = false;
			h->library->resume_connection(c->mhd);
		}
}

static struct MHD_Response *view(struct connection *c)
{
	struct http *h = c->http;
	h->asking--;
	h->viewers++;
	c->stage = VIEWING;
	c->by_ms = UINT64_MAX; /* the library's own bound holds: it has to take something */
	return h->library->create_response_from_callback(MHD_SIZE_UNKNOWN, TEXT_BLOCK, on_pull, c, NULL);
}

/* ---- answering ---- */

static struct MHD_Response *whole(struct connection *c, const struct http_reply *reply)
{
	union {
		const void *in;
		void *out;
	} body = {.in = reply->body ? reply->body : ""};
	c->stage = ANSWERED;
	c->by_ms = uv_now(c->http->loop) + HTTP_TAKES_MS;
	if (reply->owned)
		return c->http->library->create_response_from_buffer(strlen(reply->owned), reply->owned,
								     MHD_RESPMEM_MUST_FREE);
	return c->http->library->create_response_from_buffer(
	    reply->body ? reply->size : 0, body.out, reply->lasts ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result send_reply(struct connection *c, const struct http_reply *reply)
{
	const struct http_library *l = c->http->library;
	struct MHD_Response *response = reply->stream ? view(c) : whole(c, reply);
	if (!response)
		return MHD_NO; /* no memory: it is closed */
	bool all = true;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		all = all && l->add_response_header(response, headers[i][0], headers[i][1]) == MHD_YES;
	all = all && l->add_response_header(response, "Content-Security-Policy",
					    reply->framed ? POLICY "'self'" : POLICY "'none'") == MHD_YES;
	const char *type = reply->stream ? "text/event-stream" : reply->type;
	all = all && (!type || l->add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES);
	all =
	    all && (!reply->allow || l->add_response_header(response, MHD_HTTP_HEADER_ALLOW, reply->allow) == MHD_YES);
	all = all && (!reply->cookie[0] ||
		      l->add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, reply->cookie) == MHD_YES);
	enum MHD_Result result = all ? l->queue_response(c->mhd, reply->status, response) : MHD_NO;
	l->destroy_response(response); /* the connection has its own hold on it */
	return result;
}

static enum MHD_Result refuse(struct connection *c, enum http_refusal why, unsigned status)
{
	const struct http_reply reply = {.status = status};
	c->http->callbacks.refused(c->http->callbacks.user, why, c->peer);
	return send_reply(c, &reply);
}

static enum MHD_Result answer(struct connection *c, const char *method, const char *path)
{
	struct http *h = c->http;
	struct http_reply reply = {0};
#define HEADER(name) h->library->lookup_connection_value(c->mhd, MHD_HEADER_KIND, name)
	const struct request request = {.method = method,
					.path = path,
					.cookie = HEADER(MHD_HTTP_HEADER_COOKIE),
					.mark = HEADER(REQUEST_MARK),
					.host = HEADER(MHD_HTTP_HEADER_HOST),
					.origin = HEADER(MHD_HTTP_HEADER_ORIGIN),
					.fetch_site = HEADER("Sec-Fetch-Site"),
					.ingress_path = HEADER("X-Ingress-Path"),
					.forwarded_host = HEADER("X-Forwarded-Host"),
					.body = c->body,
					.size = c->size,
					.peer = c->peer};
#undef HEADER
	h->callbacks.answer(h->callbacks.user, &request, &reply);
	if (reply.stream && h->viewers >= HTTP_VIEWERS_MAX)
		return refuse(c, HTTP_TOO_MANY_VIEWERS, MHD_HTTP_SERVICE_UNAVAILABLE);
	return send_reply(c, &reply);
}

static bool is_too_large(const struct connection *c)
{
	const char *length = c->http->library->lookup_connection_value(c->mhd, MHD_HEADER_KIND, "Content-Length");
	return length && strtoull(length, NULL, 10) > REQUEST_BODY_MAX;
}

enum MHD_Result connection_asks(void *user, struct MHD_Connection *mhd, const char *path, const char *method,
				const char *version, const char *piece, size_t *piece_size, void **begun)
{
	const struct http *h = user;
	const union MHD_ConnectionInfo *info = h->library->get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *c = info ? info->socket_context : NULL;
	(void)version;
	if (!c || c->stage != ASKING)
		return MHD_NO;
	if (!*begun) {
		*begun = c; /* its head is here; from the next call on its body */
		return is_too_large(c) ? refuse(c, HTTP_TOO_LARGE, MHD_HTTP_CONTENT_TOO_LARGE) : MHD_YES;
	}
	if (*piece_size == 0)
		return answer(c, method, path);
	if (*piece_size > REQUEST_BODY_MAX - c->size) {
		h->callbacks.refused(h->callbacks.user, HTTP_TOO_LARGE, c->peer);
		return MHD_NO; /* it did not say how much it is: closed */
	}
	memcpy(c->body + c->size, piece, *piece_size);
	c->size += *piece_size;
	*piece_size = 0;
	return MHD_YES;
}
