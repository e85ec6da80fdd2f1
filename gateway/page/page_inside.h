/* SPDX-License-Identifier: Apache-2.0
 * What the files of the page share: page.c (life, what viewers are shown), answers.c (who is answered what), asking.c
 * (what changes something). Nobody else includes it. */
#ifndef PAGE_PAGE_INSIDE_H
#define PAGE_PAGE_INSIDE_H

#include <json-c/json.h>

#include "page/http.h"
#include "page/login.h"
#include "page/page.h"

/* Why somebody was refused; the first are HTTP_...'s. */
enum refusal {
	REFUSED_TOKEN = HTTP_REFUSALS,
	REFUSED_TRIES,
	REFUSED_SESSION,
	REFUSED_FOREIGN, /* a request from another page, or without our mark */
	REFUSED_NOTHING, /* for what there is not */
	REFUSALS
};

/* A kind of refusal in the log. */
struct told {
	uint64_t at_ms;
	unsigned more; /* since then */
};

struct page {
	struct page_callbacks callbacks;
	struct show show;
	struct login login;
	struct login_tries tries;
	char boot_id[37];
	char *gateway_id, *version, *ingress, *hazards;
	bool stop_needs_login, asks_presence;
	uint64_t stopped_ms; /* when somebody who was not logged in stopped last */
	char *html;          /* in its language */
	size_t html_size;
	struct board *board;
	struct history *history; /* NULL: there is no core */
	struct talk *talk;       /* NULL: there is no set-up */
	struct http *http;
	uv_loop_t *loop;
	uv_timer_t flush, beat, sample, parting;
	uint64_t flushed_ms, told_by_ms;
	enum talk_end set_up; /* while viewers are told the last of it */
	size_t n_devices;     /* the core's own included */
	bool *touched;        /* by device: the board's text is old */
	bool home_touched, log_touched, talk_touched, course_touched;
	struct json_object *answer; /* while a request runs: what its RESULT becomes */
	struct told told[REFUSALS];
	unsigned open_handles;
	void (*closed)(void *);
	void *closed_user;
};

/* ---- page.c ---- */
/* Somebody looks from now on, and is to be shown everything anew, soon. */
void page_viewed(struct page *page);

/* ---- answers.c ---- */
/* For http.h. */
void answers_answer(void *page, const struct request *request, struct http_reply *reply);
void answers_refused(void *page, enum http_refusal kind, const char *peer);
/* A reply of static text, JSON. */
void answers_words(struct http_reply *reply, unsigned status, const char *text);

/* ---- asking.c ---- */
/* `known`: who asks is logged in. */
void asking_stop(struct page *page, const struct request *request, bool known, struct http_reply *reply);
void asking_reset(struct page *page, const struct request *request, struct http_reply *reply);
void asking_adjust(struct page *page, const struct request *request, struct http_reply *reply);
void asking_course(struct page *page, const struct request *request, struct http_reply *reply);
void asking_setup(struct page *page, const struct request *request, struct http_reply *reply);
void asking_ask(struct page *page, const struct request *request, struct http_reply *reply);

#endif
