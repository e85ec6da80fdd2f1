/* SPDX-License-Identifier: Apache-2.0 */
#include "viewing.h"

#include <string.h>

#include "adjusting.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/explanation.h"
#include "logbook.h"
#include "mqtt/quantity.h"
#include "page/page.h"

#define PATIENCE_S "600" /* that the set-up waits for an answer */

/* ---- what is asked ---- */

static const Therapy__V1__ControlDescription *row_of(const struct gateway *g, uint16_t device, uint16_t control)
{
	bool there = device < g->n_seats && control < g->descriptions[device]->n_controls;
	return there ? g->descriptions[device]->controls[control] : NULL;
}

static const struct core *core_now(void *user)
{
	struct gateway *g = user;
	struct core_input tick = {.type = CORE_IN_TICK};
	if (gateway_listens(g))
		gateway_feed(g, clock_boot_ms(), &tick);
	return g->core;
}

/* Numbers come in the unit that they are shown in. */
static void on_request(void *user, const struct core_request *request)
{
	struct gateway *g = user;
	uint16_t device, control;
	struct core_input input = {.type = CORE_IN_REQUEST, .request = *request};
	if (!gateway_listens(g))
		return;
	if (request->verb == CORE_SET &&
	    core_find_control(g->core, request->device, request->control, &device, &control))
		quantity_take(g->config->units, row_of(g, device, control), &input.request);
	gateway_feed(g, clock_boot_ms(), &input);
}

static void on_adjust(void *user, const struct page_adjust *asked, struct json_object *answer)
{
	const struct gateway *g = user;
	const struct console_adjust order = {.tare = asked->tare,
					     .device = asked->device,
					     .step = asked->step,
					     .session = asked->session,
					     .by = asked->by};
	adjusting_order(g->adjusting, &order, answer);
}

static const char *on_course_asked(void *user, const char *what, const char *value)
{
	const struct gateway *g = user;
	const char *refused = g->stage == RUNNING ? logbook_asked(g->logbook, what, value) : "the gateway is ending";
	return refused ? language_say(g->config->language, refused) : NULL;
}

/* ---- what is shown ---- */

static char *on_course(void *user)
{
	const struct gateway *g = user;
	return logbook_text(g->logbook);
}

static bool on_event(void *user, uint64_t after, struct page_event *out)
{
	const struct gateway *g = user;
	struct outlet_event event;
	if (!g->desk || !desk_event_known(g->desk, after, &event))
		return false;
	*out = (struct page_event){event.sequence, event.bytes, event.size};
	return true;
}

static uint64_t on_event_next(void *user)
{
	const struct gateway *g = user;
	return g->desk ? desk_event_next(g->desk) : 0;
}

static int on_connected(void *user)
{
	const struct gateway *g = user;
	return g->outlet ? (int)outlet_is_up(g->outlet) : -1;
}

static unsigned decimals_of(double step)
{
	unsigned decimals = 0;
	while (decimals < 3 && step > 0 && step < 0.999) {
		step *= 10;
		decimals++;
	}
	return decimals;
}

static void label_control(const struct gateway *g, uint16_t device, uint16_t control, struct page_label *out)
{
	const Therapy__V1__ControlDescription *row = row_of(g, device, control);
	struct quantity_scale scale;
	if (!row)
		return;
	quantity_scale(g->config->units, row, &scale);
	out->name = row->name;
	out->number = row->type == THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_NUMBER;
	out->only_cuts = row->only_cuts;
	out->has_timer = row->device_timer_ms > 0;
	out->words = row->words[0] ? row->words : NULL;
	out->least = scale.converted ? 0 : row->min;
	out->most = scale.max;
	out->step = scale.step;
	out->decimals = decimals_of(row->step);
}

static void on_label(void *user, enum page_thing thing, uint16_t device, uint16_t index, struct page_label *out)
{
	const struct gateway *g = user;
	if (device >= g->n_seats) { /* the core's own */
		out->minor = thing == PAGE_METRIC;
		return;
	}
	if (thing == PAGE_DEVICE) {
		out->name = setup_names(g->setup)[device];
		out->adjusts = adjusting_way(g->adjusting, device);
	} else if (thing == PAGE_CONTROL) {
		label_control(g, device, index, out);
	} else if (index < g->descriptions[device]->n_metrics) {
		const Therapy__V1__MetricDescription *row = g->descriptions[device]->metrics[index];
		out->name = row->name;
		out->minor = row->diagnostic;
		out->decimals = row->precision;
	} else {
		out->minor = true; /* derived by rules */
	}
}

static void on_set_up(void *user, enum talk_end end)
{
	struct gateway *g = user;
	if (end != TALK_RESTART)
		return;
	log_info("gateway", "%s was changed by the set-up on the page: everything comes to rest, and it starts anew",
		 g->path);
	ending_begin_anew(g);
}

/* ---- life ---- */

void viewing_open(struct gateway *g)
{
	const struct config_page *c = &g->config->page;
	const char *const asks[] = {"therapy-setup", "--gateway", g->program, "--talk", "--running",
				    "--patience",    PATIENCE_S,  "-c",       g->path,  NULL};
	char why[512];
	if (!c->enabled)
		return;
	const struct page_config config = {.address = c->address,
					   .port = c->port,
					   .token = c->token,
					   .ingress = c->ingress,
					   .stop_needs_login = c->stop_needs_login,
					   .asks_presence = g->config->profile.presence_ms > 0,
					   .gateway_id = g->config->gateway_id,
					   .version = THERAPY_VERSION,
					   .hazards = g->promises->hazards_json,
					   .setup = setup_asker(),
					   .setup_arguments = asks,
					   .language = g->config->language,
					   .units = g->config->units};
	const struct page_callbacks callbacks = {.user = g,
						 .core = core_now,
						 .request = on_request,
						 .adjust = on_adjust,
						 .course = on_course,
						 .course_asked = on_course_asked,
						 .event = on_event,
						 .event_next = on_event_next,
						 .connected = on_connected,
						 .label = on_label,
						 .set_up = on_set_up};
	int error = page_new(&g->loop, &config, &callbacks, &g->page, why, sizeof why);
	if (error)
		log_error("page", "there is no page: %s", why);
	else
		log_info("page", "served at http://%s%s%s:%u/", strchr(c->address, ':') ? "[" : "", c->address,
			 strchr(c->address, ':') ? "]" : "", c->port);
}

void viewing_reconfigured(struct gateway *g)
{
	if (g->page)
		page_reconfigured(g->page, g->config->language, g->promises->hazards_json,
				  g->config->profile.presence_ms > 0);
}

void viewing_close(struct gateway *g, void (*closed)(void *user), void *user)
{
	struct page *page = g->page;
	g->page = NULL;
	if (page)
		page_close(page, closed, user);
	else
		closed(user);
}
