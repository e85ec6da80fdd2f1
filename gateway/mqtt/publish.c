/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "broker/topic.h"
#include "mqtt/diagnostics.h"
#include "mqtt/happened.h"
#include "mqtt/home_state.h"
#include "mqtt/keys.h"
#include "mqtt/outlet_impl.h"
#include "mqtt/status.h"

/* States and pings go out with QoS 0: on a connection that holds nothing is lost, and after a loss everything that
 * counts is told anew. So does telemetry, but for the last batch of each flush: its acknowledgement speaks for all
 * before it. The rest is QoS 1, so that the broker confirms it. */

#define ANSWERS_A_SECOND 50u

const char *publish_device_id(const struct outlet *o, uint16_t device)
{
	return o->safety.devices[device]->device_id;
}

int publish_text(struct outlet *o, enum publish_kind kind, const char *topic, char *text, int qos)
{
	if (!text)
		return UV_ENOMEM;
	int rc = publish_told(publish_as(o, kind, topic, text, strlen(text), qos, true, 0));
	free(text);
	return rc;
}

const char *publish_topic(char topic[OUTLET_TOPIC_MAX], const char *base, const char *device, const char *what)
{
	struct str s;
	str_init(&s, topic, OUTLET_TOPIC_MAX);
	str_add(&s, "%s%s%s/%s", base, device ? "/" : "", device ? device : "", what);
	return topic;
}

int publish_telemetry(void *user, uint16_t device, const uint8_t *bytes, size_t size, uint64_t mark)
{
	struct outlet *o = user;
	char topic[OUTLET_TOPIC_MAX];
	publish_topic(topic, o->base, publish_device_id(o, device), "telemetry");
	int rc = publish_as(o, PUBLISH_BATCH, topic, bytes, size, mark ? 1 : 0, false,
			    mark ? OUTLET_TOKEN(OUTLET_TELEMETRY, mark) : 0);
	return rc == UV_EMSGSIZE ? TELEMETRY_TOO_LARGE : rc;
}

int publish_state(struct outlet *o, uint16_t device)
{
	char topic[OUTLET_TOPIC_MAX];
	struct state *state = o->devices[device].state;
	for (size_t c = 0; c < o->safety.devices[device]->n_controls; c++) {
		o->permissions[c] = (struct core_permission){.cause.device = CORE_NO_DEVICE};
		o->callbacks.permission(o->callbacks.user, device, (uint16_t)c, &o->permissions[c]);
	}
	publish_topic(topic, o->base, publish_device_id(o, device), "state");
	bool parked = o->callbacks.parked && o->callbacks.parked(o->callbacks.user, device);
	int rc =
	    publish_text(o, PUBLISH_STATE, topic, state_payload(state, clock_boot_ms(), o->permissions, parked), 0);
	if (rc != 0)
		state_touch(state);
	return rc;
}

int publish_explanations(struct outlet *o, uint16_t device)
{
	const Therapy__V1__DeviceDescription *d = o->safety.devices[device];
	int rc = 0;
	for (size_t c = 0; o->callbacks.explanation && c < d->n_controls && rc == 0; c++) {
		char topic[OUTLET_TOPIC_MAX];
		struct str s;
		str_init(&s, topic, sizeof topic);
		str_add(&s, "%s/%s/explain/%s", o->base, d->device_id, d->controls[c]->key);
		rc = publish_text(o, PUBLISH_STATE, topic,
				  o->callbacks.explanation(o->callbacks.user, device, (uint16_t)c), 1);
	}
	o->devices[device].explain_due = rc != 0;
	return rc;
}

int publish_presence(struct outlet *o, uint16_t device)
{
	char topic[OUTLET_TOPIC_MAX];
	struct outlet_device *d = &o->devices[device];
	const char *text = d->present ? "online" : "offline";
	publish_topic(topic, o->base, publish_device_id(o, device), "availability");
	int rc = publish_as(o, PUBLISH_WORD, topic, text, strlen(text), 1, true, 0);
	d->presence_due = rc != 0;
	return rc;
}

int publish_gateway(struct outlet *o, bool online)
{
	char topic[OUTLET_TOPIC_MAX];
	const char *text = online ? "online" : "offline";
	publish_topic(topic, o->base, NULL, "availability");
	return publish_as(o, PUBLISH_WORD, topic, text, strlen(text), 1, true, 0);
}

int publish_safety(struct outlet *o)
{
	char topic[OUTLET_TOPIC_MAX];
	publish_topic(topic, o->base, NULL, "safety");
	char *text = safety_payload(&o->safety, clock_boot_ms(), o->callbacks.permission, o->callbacks.safety,
				    o->callbacks.user);
	int rc = publish_text(o, PUBLISH_STATE, topic, text, 1);
	o->safety_due = rc != 0;
	return rc;
}

static void fill_status(struct outlet *o, uint64_t now_ms, Therapy__V1__GatewayStatus *status)
{
	const struct status_facts facts = {
	    .gateway_id = o->gateway_id,
	    .boot_id = o->boot_id,
	    .version = o->version,
	    .started_ms = o->started_ms,
	    .now_ms = now_ms,
	    .telemetry = telemetry_counters(o->telemetry),
	    .queued = telemetry_queued(o->telemetry),
	    .requests = o->requests,
	    .requests_refused = o->refused,
	    .broker = broker_counters(o->broker),
	    .protocol = broker_protocol(o->broker),
	};
	status_fill(&facts, status);
	if (o->callbacks.status)
		o->callbacks.status(o->callbacks.user, status);
}

/* Of each device, unless it is as it was. */
static int publish_diagnostics(struct outlet *o, const Therapy__V1__GatewayStatus *status)
{
	int rc = 0;
	for (size_t d = 0; d < status->n_devices && d < o->safety.n_devices && rc == 0; d++) {
		char topic[OUTLET_TOPIC_MAX], **told = &o->devices[d].diagnostics;
		char *text = diagnostics_payload(status->devices[d]);
		if (!text || (*told && strcmp(text, *told) == 0)) {
			free(text);
			continue;
		}
		publish_topic(topic, o->base, publish_device_id(o, (uint16_t)d), "diagnostics");
		rc = publish_told(publish_as(o, PUBLISH_STATE, topic, text, strlen(text), 0, true, 0));
		free(*told);
		*told = rc == 0 ? text : NULL;
		if (rc != 0)
			free(text);
	}
	return rc;
}

int publish_status(struct outlet *o)
{
	char topic[OUTLET_TOPIC_MAX];
	uint64_t now_ms = clock_boot_ms();
	Therapy__V1__GatewayStatus status;
	size_t size;
	fill_status(o, now_ms, &status);
	uint8_t *bytes = status_pack(&status, &size);
	if (!bytes)
		return UV_ENOMEM;
	publish_topic(topic, o->base, NULL, "status");
	int rc = publish_told(publish_as(o, PUBLISH_STATUS, topic, bytes, size, 0, false, 0));
	free(bytes);
	o->status_ms = now_ms;
	return rc == 0 ? publish_diagnostics(o, &status) : rc;
}

/* Told once: a clock that is set later does not move it. */
static const char *started(struct outlet *o, int64_t wall_ms, uint64_t now_ms, bool trusted)
{
	if (o->started[0] == '\0' && trusted && !iso8601_text(wall_ms - (int64_t)(now_ms - o->started_ms), o->started))
		o->started[0] = '\0';
	return o->started[0] ? o->started : NULL;
}

static char *home_state(struct outlet *o)
{
	uint64_t now_ms = clock_boot_ms();
	bool trusted;
	int64_t wall_ms = clock_wall_ms(&trusted);
	struct json_object *safety = json_object_new_object();
	Therapy__V1__GatewayStatus status;
	if (!safety)
		return NULL;
	if (o->callbacks.safety)
		o->callbacks.safety(o->callbacks.user, safety);
	fill_status(o, now_ms, &status);
	const struct home_facts facts = {.safety = safety,
					 .status = &status,
					 .started = started(o, wall_ms, now_ms, trusted),
					 .clock_trusted = trusted,
					 .contested = place_contested(o),
					 .round_trip_ms = timeliness_round_trip(&o->timeliness),
					 .language = o->language};
	char *text = home_state_payload(&facts);
	json_object_put(safety);
	return text;
}

int publish_home_state(struct outlet *o, bool again)
{
	char topic[OUTLET_TOPIC_MAX];
	char *text = home_state(o);
	if (!text)
		return UV_ENOMEM;
	int rc = 0;
	if (again || !o->home_state || strcmp(text, o->home_state) != 0) {
		publish_topic(topic, o->base, NULL, "state");
		rc = publish_told(publish_as(o, PUBLISH_STATE, topic, text, strlen(text), 0, true, 0));
	}
	free(o->home_state);
	o->home_state = rc == 0 ? text : NULL;
	if (rc != 0)
		free(text);
	return rc;
}

int publish_ping(struct outlet *o, uint64_t now_ms)
{
	char topic[OUTLET_TOPIC_MAX];
	uint64_t nonce = 0;
	struct str s;
	if (uv_random(NULL, NULL, &nonce, sizeof nonce, 0, NULL) != 0)
		nonce = now_ms; /* it is told from earlier ones, not kept secret */
	str_init(&s, topic, sizeof topic);
	str_add(&s, "%s/ping/%016" PRIx64, o->base, nonce);
	int rc = broker_publish(o->broker, topic, "", 0, 0, false, NULL, 0);
	if (rc == 0)
		timeliness_sent(&o->timeliness, now_ms, nonce);
	return rc;
}

/* For who acts on what happens now. */
static void publish_happened(struct outlet *o, const struct happened *now)
{
	char topic[OUTLET_TOPIC_MAX];
	publish_topic(topic, o->base, NULL, KEYS_HAPPENED);
	(void)publish_as(o, PUBLISH_NOW, topic, now->text, strlen(now->text), 0, false, 0);
	if (now->device[0]) {
		publish_topic(topic, o->base, now->device, KEYS_HAPPENED);
		(void)publish_as(o, PUBLISH_NOW, topic, now->text, strlen(now->text), 0, false, 0);
	}
}

/* What is late is marked, and nobody acts on it; nor twice on what is sent again. */
static int publish_event(struct outlet *o, const struct outlet_event *e)
{
	char topic[OUTLET_TOPIC_MAX];
	struct happened now;
	bool is_now = happened_now(e->bytes, e->size, o->boot_id, clock_boot_ms(), &now);
	size_t size = e->size;
	uint8_t *late = is_now ? NULL : happened_late(e->bytes, e->size, &size);
	publish_topic(topic, o->base, NULL, "event");
	int rc = publish_as(o, PUBLISH_EVENT, topic, late ? late : e->bytes, size, 1, false,
			    OUTLET_TOKEN(OUTLET_EVENT, e->sequence));
	if (rc == UV_EMSGSIZE) { /* nor will it be taken later: it must not hold up the others */
		o->callbacks.event_delivered(o->callbacks.user, e->sequence);
		rc = 0;
	}
	if (rc == 0 && is_now && e->sequence > o->happened) {
		o->happened = e->sequence;
		publish_happened(o, &now);
	}
	free(now.text);
	free(late);
	return rc;
}

/* In order, as far as the connection takes them; what waits is the journal's, and is asked for again. */
void publish_events(struct outlet *o)
{
	struct outlet_event e;
	if (!o->callbacks.event)
		return;
	uint64_t *sent = &o->event_sent[1];
	while (broker_is_up(o->broker) && o->callbacks.event(o->callbacks.user, *sent, &e) && publish_event(o, &e) == 0)
		*sent = e.sequence;
	sent = &o->event_sent[0];
	while (broker_is_up(o->broker) && o->history_left > 0 && o->callbacks.event(o->callbacks.user, *sent, &e) &&
	       e.sequence < o->event_live && publish_event(o, &e) == 0) {
		*sent = e.sequence;
		o->history_left--;
	}
}

/* ---- answers ---- */

/* Nobody may make the gateway overwrite its own topics by asking for the answer there. */
static bool may_answer_to(const struct outlet *o, const char *topic)
{
	char why[160];
	size_t n = strlen(o->base);
	if (!topic || topic[0] == '$' || !topic_name_valid(topic, why, sizeof why))
		return false;
	return strncmp(topic, o->base, n) != 0 || (topic[n] != '/' && topic[n] != '\0');
}

/* In a flood of rubbish nobody waits for each answer, and answering all would push out the one that somebody does wait
 * for: refused requests without an id are answered at most ANSWERS_A_SECOND times, then only counted. */
static bool worth_answering(struct outlet *o, const struct core_output *result)
{
	const struct broker_message *m = o->current->message;
	if (result->outcome == CORE_ACCEPTED || result->request_id[0] != '\0' || m->response_topic)
		return true;
	if (m->now_ms - o->answers_ms >= 1000) {
		if (o->unanswered > 0)
			log_warn("mqtt",
				 "%llu refused requests without an id were not answered: more than %u came in a second",
				 (unsigned long long)o->unanswered, ANSWERS_A_SECOND);
		o->answers_ms = m->now_ms;
		o->answers = 0;
		o->unanswered = 0;
	}
	if (o->answers++ < ANSWERS_A_SECOND)
		return true;
	o->unanswered++;
	return false;
}

void publish_result(struct outlet *o, const struct core_output *result)
{
	const struct outlet_request *asked = o->current;
	char topic[OUTLET_TOPIC_MAX];
	if (!worth_answering(o, result))
		return;
	const char *device = asked->asked->device;
	char *text = safety_result(&o->safety, result, asked->asked->control);
	if (!text)
		return;
	const struct broker_properties properties = {
	    .content_type = "application/json",
	    .correlation = asked->message->correlation,
	    .correlation_size = asked->message->correlation_size,
	};
	int rc = 0;
	bool home = device[0] == '\0'; /* stop and reset are about all of it */
	if (home || id_valid(device)) {
		publish_topic(topic, o->base, home ? NULL : device, "result");
		rc = broker_publish(o->broker, topic, text, strlen(text), 1, false, &properties, 0);
	}
	if (may_answer_to(o, asked->message->response_topic))
		rc |= broker_publish(o->broker, asked->message->response_topic, text, strlen(text), 1, false,
				     &properties, 0);
	if (rc != 0)
		log_warn("mqtt", "the answer to a request did not leave: %s", uv_strerror(rc));
	free(text);
}
