/* SPDX-License-Identifier: Apache-2.0
 *
 * What the page answers: whom at all, files, logins. */
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "page/assets.h"
#include "page/page_inside.h"
#include "tell/tell.h"

#define TOLD_MS 3600000u /* a kind of refusal is logged once in this time */

/* ---- refusals ---- */

static const char *const refusals[REFUSALS] = {
    [HTTP_TOO_SLOW] = "did not send its request, or did not take the answer, in time",
    [HTTP_PUSHED_OUT] = "had a connection without a request while too many were open",
    [HTTP_TOO_LARGE] = "sent too large a request",
    [HTTP_TOO_MANY_VIEWERS] = "opened the page while it was open too often already",
    [REFUSED_TOKEN] = "sent a wrong token",
    [REFUSED_TRIES] = "tried to log in while too many wrong tokens came: wait a minute",
    [REFUSED_SESSION] = "asked without being logged in",
    [REFUSED_FOREIGN] = "sent a request that is not from the page itself",
    [REFUSED_NOTHING] = "asked for what there is not",
};

/* Whoever wants to fill the log by being refused gets a line an hour for it. */
static void refused(struct page *p, unsigned kind, const char *peer)
{
	struct told *t = &p->told[kind];
	uint64_t now_ms = clock_boot_ms();
	if (t->at_ms != 0 && now_ms - t->at_ms < TOLD_MS) {
		t->more++;
		return;
	}
	if (t->more > 0)
		log_warn("page", "refused: %s %s; %u more since this was told last", peer, refusals[kind], t->more);
	else
		log_warn("page", "refused: %s %s; more of this kind are counted, and told in an hour at the earliest",
			 peer, refusals[kind]);
	*t = (struct told){.at_ms = now_ms};
}

void answers_refused(void *user, enum http_refusal kind, const char *peer)
{
	refused(user, (unsigned)kind, peer);
}

/* ---- replies ---- */

static void file(struct http_reply *reply, const char *type, const char *from, size_t size)
{
	*reply = (struct http_reply){.status = 200, .type = type, .body = from, .size = size, .lasts = true};
}

void answers_words(struct http_reply *reply, unsigned status, const char *text)
{
	reply->status = status;
	reply->type = "application/json";
	reply->body = text;
	reply->size = strlen(text);
	reply->lasts = true;
}

static void unauthorised(struct page *p, const struct request *r, struct http_reply *reply)
{
	if (r->cookie) /* a browser that was never here is no news */
		refused(p, REFUSED_SESSION, r->peer);
	answers_words(reply, 401,
		      p->stop_needs_login ? "{\"ok\":false,\"error\":\"login\",\"stop\":false}"
					  : "{\"ok\":false,\"error\":\"login\",\"stop\":true}");
}

/* ---- logins ---- */

static void cookie(const struct page *p, struct http_reply *reply, const char *value, unsigned lasts_s)
{
	struct str s;
	str_init(&s, reply->cookie, sizeof reply->cookie);
	str_add(&s, "%s=%s; Path=/; Max-Age=%u; HttpOnly; SameSite=Strict", p->login.name, value, lasts_s);
}

static void log_in(struct page *p, const struct request *r, struct http_reply *reply)
{
	uint8_t nonce[LOGIN_NONCE_SIZE];
	char value[LOGIN_COOKIE_MAX];
	uint64_t now_ms = clock_boot_ms();
	if (!login_may_try(&p->tries, now_ms)) {
		refused(p, REFUSED_TRIES, r->peer);
		answers_words(reply, 429, "{\"ok\":false,\"error\":\"wait\"}");
		return;
	}
	if (!login_right_token(&p->login, r->body, r->size)) {
		login_tried_wrong(&p->tries, now_ms);
		refused(p, REFUSED_TOKEN, r->peer);
		answers_words(reply, 403, "{\"ok\":false,\"error\":\"token\"}");
		return;
	}
	if (getrandom(nonce, sizeof nonce, GRND_NONBLOCK) != (ssize_t)sizeof nonce ||
	    !login_issue(&p->login, clock_wall_ms(NULL) / 1000, nonce, value)) {
		answers_words(reply, 503, "{\"ok\":false,\"error\":\"random\"}");
		return;
	}
	log_info("page", "%s logged in", r->peer);
	answers_words(reply, 200, "{\"ok\":true}");
	cookie(p, reply, value, LOGIN_LASTS_S);
}

static void log_out(const struct page *p, struct http_reply *reply)
{
	answers_words(reply, 200, "{\"ok\":true}");
	cookie(p, reply, "", 0);
}

/* ---- routes ---- */

static void view(struct page *p, struct http_reply *reply)
{
	reply->status = 200;
	reply->stream = true;
	page_viewed(p);
}

static void serve(struct page *p, enum request_what what, const struct request *r, bool known, struct http_reply *reply)
{
#define FILE_OF(name) page_##name, page_##name##_size
	switch (what) {
	case REQUEST_INDEX:
		file(reply, "text/html; charset=utf-8", p->html, p->html_size);
		break;
	case REQUEST_SCRIPT:
		file(reply, "text/javascript; charset=utf-8", FILE_OF(script));
		break;
	case REQUEST_STYLE:
		file(reply, "text/css; charset=utf-8", FILE_OF(style));
		break;
	case REQUEST_ICON:
		file(reply, "image/svg+xml", FILE_OF(icon));
		break;
	case REQUEST_SESSION:
		answers_words(reply, 200, "{\"ok\":true}");
		break;
	case REQUEST_LIVE:
		view(p, reply);
		break;
	case REQUEST_PLOT:
		reply->status = 200;
		reply->type = "application/json";
		reply->owned = show_plot(&p->show, p->callbacks.core(p->callbacks.user), p->history);
		break;
	case REQUEST_LOGIN:
		log_in(p, r, reply);
		break;
	case REQUEST_LOGOUT:
		log_out(p, reply);
		break;
	case REQUEST_STOP:
		asking_stop(p, r, known, reply);
		break;
	case REQUEST_RESET:
		asking_reset(p, r, reply);
		break;
	case REQUEST_ADJUST:
		asking_adjust(p, r, reply);
		break;
	case REQUEST_COURSE:
		asking_course(p, r, reply);
		break;
	case REQUEST_SETUP:
		asking_setup(p, r, reply);
		break;
	case REQUEST_ASK:
		asking_ask(p, r, reply);
		break;
	case REQUEST_NOTHING:
	case REQUEST_WRONG_METHOD:
		break;
	}
#undef FILE_OF
}

/* Home Assistant has let in whoever comes from there, and says so: its proxy sets this header, and no browser can reach
 * us from that address past it. */
static bool by_ingress(const struct page *p, const struct request *r)
{
	return p->ingress && r->ingress_path && strcmp(p->ingress, r->peer) == 0;
}

/* A STOP takes energy away and gives none: like an emergency stop on a machine it asks nobody who they are, unless the
 * file says otherwise. It is pressed on our own page all the same, and in this network. */
static bool may_without_login(const struct page *p, enum request_what what, const struct request *r)
{
	return request_is_public(what) || (what == REQUEST_STOP && !p->stop_needs_login && request_names_here(r));
}

/* Where there is no core there is nothing to ask it. */
static bool has(const struct page *p, enum request_what what)
{
	bool of_core = what == REQUEST_PLOT || what == REQUEST_RESET || what == REQUEST_ASK || what == REQUEST_ADJUST;
	if (what == REQUEST_COURSE)
		return p->callbacks.course_asked != NULL;
	return what == REQUEST_SETUP ? p->talk != NULL : p->callbacks.core || !of_core;
}

void answers_answer(void *user, const struct request *r, struct http_reply *reply)
{
	struct page *p = user;
	const char *allowed = NULL;
	enum request_what what = request_route(r->method, r->path, &allowed);
	if (!has(p, what))
		what = REQUEST_NOTHING;
	bool ingress = by_ingress(p, r);
	bool known = ingress || login_valid(&p->login, clock_wall_ms(NULL) / 1000, r->cookie);
	if (what == REQUEST_NOTHING || what == REQUEST_WRONG_METHOD) {
		refused(p, REFUSED_NOTHING, r->peer);
		answers_words(reply, what == REQUEST_NOTHING ? 404 : 405, "{\"ok\":false,\"error\":\"nothing\"}");
		reply->allow = allowed;
	} else if (request_changes(what) && !request_is_ours(r, ingress)) {
		refused(p, REFUSED_FOREIGN, r->peer);
		answers_words(reply, 403, "{\"ok\":false,\"error\":\"foreign\"}");
	} else if (!known && !may_without_login(p, what, r)) {
		unauthorised(p, r, reply);
	} else {
		serve(p, what, r, known, reply);
	}
	reply->framed = ingress;
}
