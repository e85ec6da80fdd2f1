/* SPDX-License-Identifier: Apache-2.0
 *
 * What changes something: stops, resets, and what else Home Assistant has controls for. Each becomes a request of the
 * core, which judges it like any other. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "page/page_inside.h"
#include "tell/tell.h"

#define JSON_DEPTH    2
#define STOP_AGAIN_MS 500u  /* what is stopped already is told to rest again this often by who is not logged in */
#define FUTURE_MS     1000u /* a browser's clock runs by the gateway's, told every second */

/* ---- answers ---- */

static void hand_over(struct page *p, const struct core_request *request, struct http_reply *reply)
{
	static char text[CORE_WHY_MAX * 6 + 256]; /* JSON at its longest; the loop has one thread */
	struct json_object *answer = json_object_new_object(), *ok;
	p->answer = answer;
	p->callbacks.request(p->callbacks.user, request);
	if (p->answer) { /* no RESULT came */
		tell_put_bool(answer, "ok", false);
		tell_put(answer, "reason", "the gateway is ending");
	}
	p->answer = NULL;
	bool accepted = json_object_object_get_ex(answer, "ok", &ok) && json_object_get_boolean(ok);
	if (!str_copy(text, sizeof text, json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN)))
		(void)str_copy(text, sizeof text, accepted ? "{\"ok\":true}" : "{\"ok\":false}");
	json_object_put(answer);
	answers_words(reply, accepted ? 200 : 409, text);
	reply->lasts = false;
}

static struct core_request request_of(const struct page *p, enum core_verb verb, int64_t age_ms)
{
	return (struct core_request){.verb = verb,
				     .by = language_say(p->show.language, "the page"),
				     .device = "",
				     .control = "",
				     .id = "",
				     .age_ms = age_ms};
}

/* ---- what was sent ---- */

/* NULL: it is no JSON object. */
static struct json_object *parse(const struct request *r)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *root = json_tokener_parse_ex(tokener, r->body, (int)r->size);
	bool whole = json_tokener_get_error(tokener) == json_tokener_success &&
		     json_tokener_get_parse_end(tokener) == r->size && json_object_is_type(root, json_type_object);
	json_tokener_free(tokener);
	if (whole)
		return root;
	json_object_put(root);
	return NULL;
}

/* NULL: there is none, or one with a NUL in it. */
static const char *text_of(struct json_object *root, const char *key)
{
	struct json_object *part;
	if (!json_object_object_get_ex(root, key, &part) || !json_object_is_type(part, json_type_string))
		return NULL;
	const char *text = json_object_get_string(part);
	return strlen(text) == (size_t)json_object_get_string_len(part) ? text : NULL;
}

/* How long ago it was asked, by `at_ms`, CLOCK_BOOTTIME. False: it does not say, or no such time was. */
static bool age_of(struct json_object *root, int64_t *age_ms)
{
	struct json_object *part;
	int64_t now_ms = (int64_t)clock_boot_ms();
	if (!json_object_object_get_ex(root, "at_ms", &part) || !json_object_is_type(part, json_type_int))
		return false;
	int64_t at_ms = json_object_get_int64(part);
	if (at_ms < 0 || at_ms > now_ms + FUTURE_MS)
		return false;
	*age_ms = at_ms < now_ms ? now_ms - at_ms : 0;
	return true;
}

static void malformed(struct http_reply *reply)
{
	answers_words(reply, 400, "{\"ok\":false,\"error\":\"malformed\"}");
}

/* ---- stop and reset ---- */

static bool is_stopped(const struct core *core)
{
	struct core_latch l;
	for (size_t n = 0; core_latch(core, n, &l); n++)
		if (l.type == CORE_LATCH_STOP)
			return true;
	return false;
}

/* Whatever it says: who wants a stop must not have to spell it. */
void asking_stop(struct page *p, const struct request *r, bool known, struct http_reply *reply)
{
	if (!p->callbacks.core) { /* nothing is on but by an off-test of the set-up, which ends with it */
		(void)page_cancel_setup(p);
		log_info("page", "%s%s: stop: the set-up is ended", r->peer, known ? "" : ", not logged in");
		answers_words(reply, 200, "{\"ok\":true,\"outcome\":\"accepted\",\"reason\":null}");
		return;
	}
	const struct core_request request = request_of(p, CORE_STOP, -1);
	uint64_t now_ms = clock_boot_ms();
	bool stopped = !known && is_stopped(p->callbacks.core(p->callbacks.user));
	if (stopped && now_ms - p->stopped_ms < STOP_AGAIN_MS) {
		answers_words(reply, 200, "{\"ok\":true,\"outcome\":\"accepted\",\"reason\":null}");
		return; /* a stranger keeps no device busy with being told to rest */
	}
	if (!stopped)
		log_info("page", "%s%s: stop", r->peer, known ? "" : ", not logged in");
	if (!known)
		p->stopped_ms = now_ms;
	hand_over(p, &request, reply);
}

/* {"latched":"...","at_ms":...}: what the person saw latched, and when they agreed to reset it. */
void asking_reset(struct page *p, const struct request *r, struct http_reply *reply)
{
	int64_t age_ms = 0;
	char latched[SHOW_LATCHED_MAX];
	struct json_object *root = parse(r);
	const char *seen = root ? text_of(root, "latched") : NULL;
	show_latched(p->callbacks.core(p->callbacks.user), latched);
	if (!seen || !age_of(root, &age_ms)) {
		malformed(reply);
	} else if (strcmp(seen, latched) != 0) {
		answers_words(reply, 409, "{\"ok\":false,\"error\":\"changed\"}");
	} else {
		const struct core_request request = request_of(p, CORE_RESET, age_ms);
		log_info("page", "%s: reset", r->peer);
		hand_over(p, &request, reply);
	}
	json_object_put(root);
}

/* ---- the rest ---- */

enum needs { NOTHING = 0, DEVICE = 1, CONTROL = 2, VALUE = 4 };

static const struct verb {
	const char *name;
	enum core_verb verb;
	unsigned needs;
} verbs[] = {
    {"set", CORE_SET, DEVICE | CONTROL | VALUE},
    {"off_test", CORE_OFF_TEST, DEVICE | CONTROL},
    {"park", CORE_PARK, DEVICE},
    {"unpark", CORE_UNPARK, DEVICE},
    {"silence", CORE_SILENCE, NOTHING},
    {"present", CORE_CONFIRM, NOTHING},
};

/* False: something is missing, or is not what it has to be. */
static bool fill(const struct verb *verb, struct json_object *root, struct core_request *request)
{
	struct json_object *value;
	if (verb->needs & DEVICE)
		request->device = text_of(root, "device");
	if (verb->needs & CONTROL)
		request->control = text_of(root, "control");
	if (verb->needs & VALUE) {
		if (!json_object_object_get_ex(root, "value", &value) ||
		    (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double)))
			return false;
		request->value = json_object_get_double(value);
	}
	bool rests = verb->verb == CORE_SET && !(request->value < 0) && !(request->value > 0);
	/* What is late must not act; rest is never late. */
	bool timed = age_of(root, &request->age_ms);
	if (rests && !timed)
		request->age_ms = -1;
	return request->device && request->control && isfinite(request->value) && (timed || rests);
}

/* {"do":"set","device":"pad","control":"heat","value":1,"at_ms":...} */
void asking_ask(struct page *p, const struct request *r, struct http_reply *reply)
{
	struct json_object *root = parse(r);
	const char *name = root ? text_of(root, "do") : NULL;
	const struct verb *verb = NULL;
	for (size_t i = 0; name && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verbs[i].name, name) == 0)
			verb = &verbs[i];
	struct core_request request = request_of(p, verb ? verb->verb : CORE_SET, -1);
	if (verb && fill(verb, root, &request))
		hand_over(p, &request, reply);
	else
		malformed(reply);
	json_object_put(root);
}

/* ---- calibration ---- */

/* {"do":"calibrate","device":"table","step":"begin","session":1,"at_ms":...}. What only looks or ends is never late. */
static bool fill_adjust(struct json_object *root, struct page_adjust *out)
{
	struct json_object *session;
	int64_t age_ms;
	const char *name = text_of(root, "do");
	out->device = text_of(root, "device");
	out->step = text_of(root, "step");
	if (!name || !out->device || !out->step)
		return false;
	out->tare = strcmp(name, "tare") == 0;
	if (json_object_object_get_ex(root, "session", &session)) {
		if (!json_object_is_type(session, json_type_int) || json_object_get_int64(session) < 0)
			return false;
		out->session = json_object_get_uint64(session);
	}
	bool harmless = strcmp(out->step, "look") == 0 || strcmp(out->step, "cancel") == 0;
	return (out->tare || strcmp(name, "calibrate") == 0) &&
	       (harmless || (age_of(root, &age_ms) && age_ms <= CORE_LATE_MS));
}

void asking_adjust(struct page *p, const struct request *r, struct http_reply *reply)
{
	struct json_object *root = parse(r), *ok;
	struct page_adjust asked = {.by = language_say(p->show.language, "the page")};
	if (root && fill_adjust(root, &asked)) {
		struct json_object *answer = json_object_new_object();
		(void)p->callbacks.core(p->callbacks.user); /* brought up to now */
		p->callbacks.adjust(p->callbacks.user, &asked, answer);
		bool taken = json_object_object_get_ex(answer, "ok", &ok) && json_object_get_boolean(ok);
		if (strcmp(asked.step, "look") != 0)
			log_info("page", "%s: %s, step %.20s: %s", r->peer, asked.tare ? "tare" : "calibrate",
				 asked.step, taken ? "taken" : "refused");
		reply->status = taken ? 200 : 409;
		reply->type = "application/json";
		reply->owned = tell_text(answer);
	} else {
		malformed(reply);
	}
	json_object_put(root);
}

/* ---- the course of therapy ---- */

static void answer_course(const char *refused, struct http_reply *reply)
{
	struct json_object *answer = json_object_new_object();
	tell_put_bool(answer, "ok", !refused);
	if (refused)
		tell_put(answer, "reason", refused);
	reply->status = refused ? 409 : 200;
	reply->type = "application/json";
	reply->owned = tell_text(answer);
}

/* {"what":"pain_before","value":"4","at_ms":...}. It is about somebody's health: what was said is in no log. */
void asking_course(struct page *p, const struct request *r, struct http_reply *reply)
{
	static const char *const known[] = {"person", "pain_before", "pain_after", "note", "log", "plan"};
	struct json_object *root = parse(r);
	const char *what = root ? text_of(root, "what") : NULL, *value = root ? text_of(root, "value") : NULL;
	int64_t age_ms = 0;
	bool good = false;
	for (size_t i = 0; what && i < sizeof known / sizeof *known; i++)
		good = good || strcmp(known[i], what) == 0;
	if (!good || !value || !age_of(root, &age_ms)) {
		malformed(reply);
	} else {
		const char *refused =
		    age_ms > CORE_LATE_MS
			? language_say(p->show.language, "it was asked more than 5 s ago: it is too late for that")
			: p->callbacks.course_asked(p->callbacks.user, what, value);
		log_info("page", "%s: course, %s: %s", r->peer, what, refused ? "refused" : "taken");
		answer_course(refused, reply);
	}
	json_object_put(root);
}

/* ---- the set-up ---- */

/* {"do":"begin"}, {"do":"answer","number":3,"text":"1 2"}, {"do":"cancel"}. What is answered may be a secret: it is in
 * no log. */
void asking_setup(struct page *p, const struct request *r, struct http_reply *reply)
{
	struct json_object *root = parse(r), *number = NULL;
	const char *name = root ? text_of(root, "do") : NULL, *text = root ? text_of(root, "text") : NULL;
	bool taken = false;
	if (name && strcmp(name, "begin") == 0) {
		taken = talk_begin(p->talk);
		log_info("page", "%s: set-up: %s", r->peer, taken ? "begun" : "not begun");
	} else if (name && strcmp(name, "cancel") == 0) {
		taken = talk_cancel(p->talk);
		log_info("page", "%s: set-up: %s", r->peer, taken ? "asked to end" : "none runs");
	} else if (name && strcmp(name, "answer") == 0 && text && json_object_object_get_ex(root, "number", &number) &&
		   json_object_is_type(number, json_type_int) && json_object_get_int64(number) > 0) {
		taken = talk_answer(p->talk, json_object_get_uint64(number), text);
	} else {
		malformed(reply);
		json_object_put(root);
		return;
	}
	answers_words(reply, taken ? 200 : 409, taken ? "{\"ok\":true}" : "{\"ok\":false,\"error\":\"changed\"}");
	json_object_put(root);
}
