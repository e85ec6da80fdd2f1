/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "mqtt/inbox.h"
#include "mqtt/outlet_impl.h"

#define BIRTH_SPREAD_MS 500u /* many gateways see Home Assistant start at the same moment */

static void subscribe(struct outlet *o, const char *topic, bool as_published)
{
	int rc =
	    as_published ? broker_subscribe_as_published(o->broker, topic, 1) : broker_subscribe(o->broker, topic, 0);
	if (rc != 0 && rc != UV_ENOTCONN) /* that is told as a loss */
		log_warn("mqtt", "cannot subscribe to '%s': %s", topic, uv_strerror(rc));
}

void receive_subscribe(struct outlet *o)
{
	char topic[OUTLET_TOPIC_MAX];
	struct str s;
	str_init(&s, topic, sizeof topic);
	str_add(&s, "%s/ping/+", o->base);
	subscribe(o, topic, false);
	subscribe(o, publish_topic(topic, o->base, NULL, "who"), false);
	static const char *const requests[] = {
	    "stop",         "reset", "silence", "present", "+/set/+", "+/set/+/mode", "+/set/+/temperature",
	    "+/off_test/+", "+/park"};
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		str_init(&s, topic, sizeof topic);
		str_add(&s, "%s/%s", o->base, requests[i]);
		subscribe(o, topic, true); /* a live one with the retain flag must be refused like one from the store */
	}
	if (o->birth_topic)
		subscribe(o, o->birth_topic, false);
}

static bool take_ping(struct outlet *o, const struct broker_message *m)
{
	size_t n = strlen(o->base);
	if (strncmp(m->topic, o->base, n) != 0 || strncmp(m->topic + n, "/ping/", 6) != 0)
		return false;
	char *end;
	uint64_t nonce = strtoull(m->topic + n + 6, &end, 16);
	if (*end == '\0' && !m->retained)
		timeliness_returned(&o->timeliness, m->now_ms, nonce);
	return true;
}

static bool take_birth(struct outlet *o, const struct broker_message *m)
{
	if (!o->birth_topic || strcmp(m->topic, o->birth_topic) != 0)
		return false;
	if (m->size == 6 && memcmp(m->payload, "online", 6) == 0)
		outlet_announce(o, 0, BIRTH_SPREAD_MS);
	return true;
}

static void ask_climate(struct outlet *o, struct inbox_request *r)
{
	struct core_permission now = {0};
	const struct climate *climate = state_climate(o->devices[r->device_index].state, r->control_index);
	o->callbacks.permission(o->callbacks.user, r->device_index, r->control_index, &now);
	climate_request(climate, r->row, r->part, &now, clock_boot_ms(), &r->core);
}

void receive_message(void *user, const struct broker_message *m)
{
	struct outlet *o = user;
	if (take_ping(o, m) || take_birth(o, m) || place_asked(o, m) || course_take(o, m))
		return;
	struct inbox_context context = {
	    .base = o->base,
	    .timely = timeliness_holds(&o->timeliness, m->now_ms, clock_boot_ms()),
	    .units = o->units,
	    .devices = o->safety.devices,
	    .n_devices = o->safety.n_devices,
	};
	context.wall_ms = clock_wall_ms(&context.wall_trusted);
	struct inbox_request request;
	if (!inbox_parse(&context, m, &request))
		return;
	o->requests++;
	if (request.part != CLIMATE_NONE)
		ask_climate(o, &request);
	const struct outlet_request current = {&request, m};
	o->current = &current;
	o->callbacks.request(o->callbacks.user, &request.core);
	o->current = NULL;
}

/* What is wrong with a message the core says before it looks what it is about: what is in force is told and shown all
 * the same. */
static void name_control(struct outlet *o, const struct inbox_request *r, struct core_output *result)
{
	struct core_permission now = {0};
	if (!r->row || result->control != CORE_NO_CONTROL)
		return;
	o->callbacks.permission(o->callbacks.user, r->device_index, r->control_index, &now);
	result->device = r->device_index;
	result->control = r->control_index;
	result->value = now.value;
	state_touch(o->devices[r->device_index].state);
	outlet_soon(o);
}

void receive_answered(struct outlet *o, const struct core_output *output)
{
	const struct inbox_request *r = o->current->asked;
	struct core_output result = *output;
	o->refused += output->outcome != CORE_ACCEPTED;
	if (r->part != CLIMATE_NONE)
		climate_answered(state_climate(o->devices[r->device_index].state, r->control_index), r->part, &r->core,
				 output->outcome, clock_boot_ms());
	name_control(o, r, &result);
	publish_result(o, &result);
}
