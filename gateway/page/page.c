/* SPDX-License-Identifier: Apache-2.0
 *
 * The page's life, and what its viewers are shown: slots of the board for the home, the last events, the time, the
 * set-up and each device, made anew when something has happened, in bounded turns. */
#include "page/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "core/explanation.h"
#include "page/assets.h"
#include "page/page_inside.h"
#include "page/phrases.h"
#include "tell/tell.h"

#define TOLD_MS        20u /* how often it is looked whether viewers have been told the last */
#define TOLD_MOST_MS   1000u
#define DEVICES_A_TURN 16u /* a device's text takes some ten microseconds; the rules' turn comes in between */

enum { SLOT_HOME, SLOT_LOG, SLOT_BEAT, SLOT_HAZARDS, SLOT_SETUP, SLOT_COURSE, SLOT_DEVICES };

/* ---- the board ---- */

static void put(struct page *p, size_t slot, const char *event, char *text)
{
	if (!text || !board_put(p->board, slot, event, text))
		log_debug("page", "no memory for what viewers are shown"); /* they see that it is old */
	free(text);
}

static void put_log(struct page *p)
{
	struct json_object *list = json_object_new_array();
	struct page_event event;
	uint64_t next = p->callbacks.event_next(p->callbacks.user);
	uint64_t after = next > PAGE_EVENTS + 1 ? next - PAGE_EVENTS - 1 : 0;
	for (; p->callbacks.event(p->callbacks.user, after, &event); after = event.sequence) {
		struct json_object *o = show_event(event.bytes, event.size);
		if (o)
			json_object_array_add(list, o);
	}
	put(p, SLOT_LOG, "log", tell_text(list));
}

static void put_home(struct page *p, const struct core *core)
{
	const struct show_facts facts = {p->gateway_id, p->version, p->callbacks.connected(p->callbacks.user),
					 p->asks_presence};
	put(p, SLOT_HOME, "home", show_home(core, &facts));
}

static void put_hazards(struct page *p)
{
	if (!board_put(p->board, SLOT_HAZARDS, "hazards", p->hazards))
		log_debug("page", "no memory for what viewers are shown");
}

static void put_beat(struct page *p)
{
	struct json_object *o = json_object_new_object();
	tell_put_count(o, "now_ms", clock_boot_ms());
	tell_put(o, "boot_id", p->boot_id);
	tell_put_count(o, "plot", p->history ? history_view(p->history).number : 0);
	put(p, SLOT_BEAT, "beat", tell_text(o));
}

/* False: there is more to do in the next turn. */
static bool put_devices(struct page *p, const struct core *core)
{
	size_t n = 0;
	for (size_t d = 0; d < p->n_devices; d++) {
		if (!p->touched[d])
			continue;
		if (n++ == DEVICES_A_TURN)
			return false;
		p->touched[d] = false;
		put(p, SLOT_DEVICES + d, "device", show_device(&p->show, core, (uint16_t)d));
	}
	return true;
}

static void on_flush(uv_timer_t *timer)
{
	struct page *p = timer->data;
	p->flushed_ms = uv_now(p->loop);
	const struct core *core = p->callbacks.core ? p->callbacks.core(p->callbacks.user) : NULL;
	if (p->home_touched && core)
		put_home(p, core);
	if (p->log_touched && core)
		put_log(p);
	if (p->talk_touched && p->talk)
		put(p, SLOT_SETUP, "setup", talk_text(p->talk));
	if (p->course_touched && p->callbacks.course)
		put(p, SLOT_COURSE, "course", p->callbacks.course(p->callbacks.user));
	p->home_touched = p->log_touched = p->talk_touched = p->course_touched = false;
	if (core && !put_devices(p, core))
		uv_timer_start(timer, on_flush, 1, 0);
	http_changed(p->http);
}

/* What comes after a pause is shown at once, what comes soon after that waits for its companions. */
static void flush_soon(struct page *p)
{
	uint64_t since_ms = uv_now(p->loop) - p->flushed_ms;
	if (!uv_is_active((uv_handle_t *)&p->flush))
		uv_timer_start(&p->flush, on_flush, since_ms >= PAGE_BOARD_MS ? 0 : PAGE_BOARD_MS - since_ms, 0);
}

static void touch_all(struct page *p)
{
	p->home_touched = p->log_touched = p->talk_touched = true;
	memset(p->touched, true, p->n_devices * sizeof *p->touched);
	flush_soon(p);
}

/* The course has names and notes: what nobody looks at is not kept, and the next viewer is told nothing of who was
 * erased. */
static void forget_course(struct page *p)
{
	p->course_touched = false;
	if (p->callbacks.course)
		put(p, SLOT_COURSE, "course", strdup("null"));
}

/* What nobody tells of: readings that have become old, a broker that is away. The course says itself when it is
 * another: what remains of it is read aloud, and not each second. */
static void on_beat(uv_timer_t *timer)
{
	struct page *p = timer->data;
	if (http_viewers(p->http) == 0) {
		uv_timer_stop(timer);
		forget_course(p);
		return;
	}
	put_beat(p);
	touch_all(p);
}

void page_viewed(struct page *p)
{
	p->course_touched = true;
	touch_all(p);
	if (!uv_is_active((uv_handle_t *)&p->beat)) {
		put_beat(p);
		uv_timer_start(&p->beat, on_beat, PAGE_BEAT_MS, PAGE_BEAT_MS);
	}
}

/* ---- the plot ---- */

struct moment {
	const struct show *show;
	const struct core *core;
};

static double point(void *user, struct history_line line)
{
	const struct moment *now = user;
	return show_point(now->show, now->core, line);
}

static void on_sample(uv_timer_t *timer)
{
	struct page *p = timer->data;
	struct moment now = {&p->show, p->callbacks.core(p->callbacks.user)};
	history_take(p->history, clock_boot_ms(), show_active(now.core, p->history), &now, point);
}

/* What there is room for, device by device: a home has three to ten. */
static bool fill_history(struct page *p, const struct core *core)
{
	struct core_explanation e;
	p->history = history_new();
	for (uint16_t d = 0; p->history && d < p->n_devices; d++) {
		for (size_t m = 0; m < core_n_metrics(core, d); m++)
			if (show_plots(&p->show, core, d, (uint16_t)m))
				(void)history_add(p->history, (struct history_line){.device = d, .index = (uint16_t)m});
		for (uint16_t c = 0; core_explain(core, d, c, &e); c++)
			(void)history_add(p->history, (struct history_line){.device = d, .index = c, .control = true});
	}
	return p->history != NULL;
}

/* ---- what happens ---- */

void page_touched(struct page *p, uint16_t device)
{
	if (!p || device >= p->n_devices || http_viewers(p->http) == 0)
		return; /* the next viewer is shown everything anew */
	p->touched[device] = true;
	flush_soon(p);
}

void page_course(struct page *p)
{
	if (!p || !p->callbacks.course)
		return;
	if (http_viewers(p->http) == 0) {
		forget_course(p);
		return;
	}
	p->course_touched = true;
	flush_soon(p);
}

void page_core(struct page *p, const struct core_output *o)
{
	if (!p)
		return;
	if (o->type == CORE_OUT_RESULT && p->answer) {
		tell_put_bool(p->answer, "ok", o->outcome == CORE_ACCEPTED);
		tell_put(p->answer, "outcome", tell_outcome(o->outcome));
		tell_put(p->answer, "reason", o->why);
		p->answer = NULL;
	}
	if (http_viewers(p->http) == 0 || (o->type != CORE_OUT_CHANGED && o->type != CORE_OUT_EVENT))
		return;
	p->home_touched = true;
	p->log_touched = p->log_touched || o->type == CORE_OUT_EVENT;
	if (o->device < p->n_devices)
		p->touched[o->device] = true;
	flush_soon(p);
}

/* ---- the set-up ---- */

static void on_talk(void *user)
{
	struct page *p = user;
	p->talk_touched = true;
	flush_soon(p);
}

/* Whoever hears of the end may close the page at once: viewers are sent what was said last before. */
static void on_told(uv_timer_t *timer)
{
	const struct page *p = timer->data;
	bool told = !uv_is_active((const uv_handle_t *)&p->flush) && http_is_told(p->http);
	if (!told && uv_now(p->loop) < p->told_by_ms)
		return;
	uv_timer_stop(timer);
	p->callbacks.set_up(p->callbacks.user, p->set_up);
}

static void on_set_up(void *user, enum talk_end end)
{
	struct page *p = user;
	p->set_up = end;
	p->told_by_ms = uv_now(p->loop) + TOLD_MOST_MS;
	uv_timer_start(&p->parting, on_told, TOLD_MS, TOLD_MS); /* nothing tells when a viewer has taken all */
}

static bool open_talk(struct page *p, const struct page_config *config)
{
	const struct talk_config talk = {.program = config->setup,
					 .arguments = config->setup_arguments,
					 .first = config->setup_first,
					 .only = !p->callbacks.core};
	const struct talk_callbacks callbacks = {p, on_talk, on_set_up};
	if (config->setup)
		p->talk = talk_new(p->loop, &talk, &callbacks);
	return p->talk || !config->setup;
}

bool page_cancel_setup(struct page *p)
{
	return p->talk && talk_cancel(p->talk);
}

/* ---- life ---- */

static void release(struct page *p)
{
	if (p->talk)
		talk_close(p->talk, NULL, NULL);
	board_free(p->board);
	history_free(p->history);
	free(p->touched);
	free(p->html);
	free(p->gateway_id);
	free(p->version);
	free(p->ingress);
	free(p->hazards);
	free(p);
}

static bool fill(struct page *p, const struct page_config *config)
{
	clock_boot_id(p->boot_id);
	p->gateway_id = strdup(config->gateway_id);
	p->version = strdup(config->version);
	const struct core *core = p->callbacks.core ? p->callbacks.core(p->callbacks.user) : NULL;
	p->n_devices = core ? core_n_devices(core) : 0;
	p->touched = calloc(p->n_devices + 1, sizeof *p->touched);
	p->board = board_new(SLOT_DEVICES + p->n_devices);
	p->html = phrases_fill(config->language, page_html, page_html_size, &p->html_size);
	p->ingress = config->ingress ? strdup(config->ingress) : NULL;
	p->hazards = strdup(config->hazards);
	p->stop_needs_login = config->stop_needs_login;
	p->asks_presence = config->asks_presence;
	return (!core || fill_history(p, core)) && open_talk(p, config) && p->gateway_id && p->hazards &&
	       (p->ingress || !config->ingress) && p->version && p->touched && p->board && p->html;
}

static void warn_of_the_open(const struct page_config *config)
{
	if (strncmp(config->address, "127.", 4) != 0 && strcmp(config->address, "::1") != 0)
		log_warn("page",
			 "whoever can listen in the network of %s can read the token when somebody logs in: the page "
			 "speaks no TLS (docs/page.md says what to put before it)",
			 config->address);
}

int page_new(uv_loop_t *loop, const struct page_config *config, const struct page_callbacks *callbacks,
	     struct page **out, char *why, size_t why_size)
{
	struct str s;
	struct page *p = calloc(1, sizeof *p);
	str_init(&s, why, why_size);
	str_add(&s, "out of memory");
	if (!p)
		return UV_ENOMEM;
	p->callbacks = *callbacks;
	p->show = (struct show){config->language, config->units, callbacks->user, callbacks->label};
	p->loop = loop;
	const struct http_callbacks http = {p, answers_answer, answers_refused};
	int rc = fill(p, config) ? 0 : UV_ENOMEM;
	if (rc == 0 && !login_init(&p->login, config->token, config->gateway_id)) {
		str_init(&s, why, why_size);
		str_add(&s, "the token cannot be used: OpenSSL refuses HMAC-SHA256");
		rc = UV_ENOTSUP;
	}
	if (rc == 0)
		rc = http_new(loop, config->address, config->port, p->board, &http, &p->http, why, why_size);
	if (rc != 0) {
		release(p);
		return rc;
	}
	put_hazards(p);
	uv_timer_init(loop, &p->flush); /* cannot fail */
	uv_timer_init(loop, &p->beat);
	uv_timer_init(loop, &p->sample);
	uv_timer_init(loop, &p->parting);
	p->flush.data = p->beat.data = p->sample.data = p->parting.data = p;
	if (p->history)
		uv_timer_start(&p->sample, on_sample, HISTORY_STEP_MS, HISTORY_STEP_MS);
	warn_of_the_open(config);
	*out = p;
	return 0;
}

void page_reconfigured(struct page *p, enum language language, const char *hazards, bool asks_presence)
{
	size_t size;
	char *html = phrases_fill(language, page_html, page_html_size, &size);
	char *copy = strdup(hazards);
	if (!html || !copy) { /* it goes on as it was */
		free(html);
		free(copy);
		return;
	}
	free(p->html);
	free(p->hazards);
	p->html = html;
	p->html_size = size;
	p->hazards = copy;
	p->show.language = language;
	p->asks_presence = asks_presence;
	put_hazards(p);
	page_viewed(p);
}

static void on_closed(uv_handle_t *handle)
{
	struct page *p = handle->data;
	if (--p->open_handles > 0)
		return;
	void (*closed)(void *) = p->closed;
	void *user = p->closed_user;
	release(p);
	if (closed)
		closed(user);
}

static void on_http_closed(void *user)
{
	struct page *p = user;
	p->open_handles = 4;
	uv_close((uv_handle_t *)&p->flush, on_closed);
	uv_close((uv_handle_t *)&p->beat, on_closed);
	uv_close((uv_handle_t *)&p->sample, on_closed);
	uv_close((uv_handle_t *)&p->parting, on_closed);
}

static void on_talk_closed(void *user)
{
	struct page *p = user;
	p->talk = NULL;
	uv_timer_stop(&p->flush); /* nothing asks the web server for anything any more */
	uv_timer_stop(&p->beat);
	uv_timer_stop(&p->sample);
	uv_timer_stop(&p->parting);
	http_close(p->http, on_http_closed, p);
}

void page_close(struct page *p, void (*closed)(void *user), void *user)
{
	p->closed = closed;
	p->closed_user = user;
	if (p->talk)
		talk_close(p->talk, on_talk_closed, p);
	else
		on_talk_closed(p);
}
