/* SPDX-License-Identifier: Apache-2.0
 *
 * page - the page that the gateway serves to browsers (docs/page.md): devices with their readings, what is permitted
 * and why not, the last events, STOP and reset, and the set-up. It shows what the core knows in tell/'s words and hands
 * stops and resets to it, which go the same way as therapyctl's and MQTT's; it decides nothing. Before there is a home
 * it has no core and is for the set-up only (begin/browser.c). On the loop's thread.
 */
#ifndef PAGE_PAGE_H
#define PAGE_PAGE_H

#include <json-c/json.h>
#include <uv.h>

#include "core/core.h"
#include "page/show.h"
#include "page/talk.h"

#define PAGE_BOARD_MS 50u   /* viewers hear of changes at most this often */
#define PAGE_BEAT_MS  1000u /* and of the time */
#define PAGE_EVENTS   12u   /* the last ones are shown */

struct page_event {
	uint64_t sequence;
	const uint8_t *bytes; /* a packed SafetyEvent, valid in the call */
	size_t size;
};

/* A step of a calibration or a tare (docs/control-socket.md). */
struct page_adjust {
	bool tare;
	const char *device, *step, *by;
	uint64_t session; /* 0: not given */
};

struct page_config {
	const char *address; /* numeric */
	unsigned port;
	const char *token; /* a secret; not kept */
	const char
	    *ingress; /* the address of Home Assistant's proxy, which has let in whoever comes from there; NULL */
	bool stop_needs_login;
	bool asks_presence; /* somebody has to say now and then that they are there */
	const char *gateway_id, *version;
	const char *hazards; /* JSON: which this home is guarded against */
	const char *setup;   /* the program that asks for the set-up (page/talk.h); NULL: there is none */
	const char *const *setup_arguments; /* argv */
	const char *setup_first;            /* a line that it gets first; outlives the page; NULL */
	enum language language;
	enum unit_system units;
};

struct page_callbacks {
	void *user;
	/* The core, brought up to now. Never NULL. The callback itself is NULL, with all that follow up to `label`,
	 * where the page is for the set-up only. */
	const struct core *(*core)(void *user);
	/* A request; its RESULT comes back through page_core within the same call. */
	void (*request)(void *user, const struct core_request *request);
	/* Takes the step and fills in the answer. */
	void (*adjust)(void *user, const struct page_adjust *asked, struct json_object *answer);
	/* The course of therapy as MQTT has it (docs/mqtt.md), JSON, allocated; NULL: there is none. */
	char *(*course)(void *user);
	/* `what` is to be `value`, as in course/set/WHAT. NULL: done; else why not, valid until the next call. */
	const char *(*course_asked)(void *user, const char *what, const char *value);
	/* The first event after that number. False: there is none. */
	bool (*event)(void *user, uint64_t after, struct page_event *out);
	/* The number that the next event will have. */
	uint64_t (*event_next)(void *user);
	/* Is there a connection to the broker? -1: there is no broker. */
	int (*connected)(void *user);
	void (*label)(void *user, enum page_thing thing, uint16_t device, uint16_t index, struct page_label *out);
	/* The set-up is over, and viewers know; NULL where there is none. */
	void (*set_up)(void *user, enum talk_end end);
};

struct page;

/* 0, or a negative UV_E* code and a sentence that says what to do. Texts of `config` are copied. */
int page_new(uv_loop_t *loop, const struct page_config *config, const struct page_callbacks *callbacks,
	     struct page **out, char *why, size_t why_size);
/* One output of the step that the core has just made, after the journal has it; NULL is fine. */
void page_core(struct page *page, const struct core_output *output);
/* That device's readings or presence changed; NULL is fine. */
void page_touched(struct page *page, uint16_t device);
/* The course of therapy may be another; NULL is fine. */
void page_course(struct page *page);
/* Another language; other hazards. */
void page_reconfigured(struct page *page, enum language language, const char *hazards, bool asks_presence);
/* Does a set-up run? If so it is asked to end, and `set_up` comes. */
bool page_cancel_setup(struct page *page);
void page_close(struct page *page, void (*closed)(void *user), void *user);

#endif
