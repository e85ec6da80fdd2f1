/* SPDX-License-Identifier: Apache-2.0
 *
 * Telling all again, a step at a time, so that a thousand devices do not hold up the rules: the gateway, each device,
 * and at the end what was announced by an earlier run and is not any more. What is announced is written down before,
 * and what was taken back is forgotten only when the broker has acknowledged it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "mqtt/announced.h"
#include "mqtt/discovery.h"
#include "mqtt/outlet_impl.h"

#define NAME_MAX_BYTES (ID_MAX + 32u)

/* ---- what it is that is announced ---- */

/* Of a device, or (NULL) of the gateway itself. */
static void discovery_of(const struct outlet *o, const uint16_t *device, char name[NAME_MAX_BYTES],
			 char topic[OUTLET_TOPIC_MAX], struct discovery_config *config)
{
	struct str s;
	str_init(&s, name, NAME_MAX_BYTES);
	str_add(&s, language_say(o->language, "Therapy gateway %s"), o->gateway_id);
	*config = (struct discovery_config){.prefix = o->prefix,
					    .base = o->base,
					    .gateway_id = o->gateway_id,
					    .version = o->version,
					    .name = device ? o->names[*device] : name,
					    .units = o->units,
					    .language = o->language,
					    .kinds = o->safety.devices,
					    .n_kinds = o->safety.n_devices};
	str_init(&s, topic, OUTLET_TOPIC_MAX);
	discovery_topic(&s, config, device ? publish_device_id(o, *device) : NULL);
}

static char *payload_of(const struct outlet *o, const uint16_t *device, const struct discovery_config *config)
{
	return device ? discovery_payload(config, o->safety.devices[*device])
		      : discovery_gateway_payload(config, o->asks_presence);
}

static void note(struct outlet *o, const char *device, const char *what)
{
	char topic[OUTLET_TOPIC_MAX];
	announced_add(o->announced, publish_topic(topic, o->base, device, what), NULL);
}

static void note_discovery(struct outlet *o, const uint16_t *device)
{
	char topic[OUTLET_TOPIC_MAX], name[NAME_MAX_BYTES];
	struct discovery_config config;
	if (!o->prefix)
		return;
	discovery_of(o, device, name, topic, &config);
	char *payload = payload_of(o, device, &config);
	if (payload)
		announced_add(o->announced, topic, payload);
	free(payload);
}

static void note_device(struct outlet *o, uint16_t device)
{
	const Therapy__V1__DeviceDescription *d = o->safety.devices[device];
	note_discovery(o, &device);
	note(o, d->device_id, "availability");
	note(o, d->device_id, "state");
	note(o, d->device_id, "diagnostics");
	if (o->deadman && o->deadman[device])
		note(o, d->device_id, "deadman");
	for (size_t c = 0; c < d->n_controls; c++) {
		char what[ID_MAX + 16];
		struct str s;
		str_init(&s, what, sizeof what);
		str_add(&s, "explain/%s", d->controls[c]->key);
		note(o, d->device_id, what);
	}
}

static void keep(struct outlet *o, const struct announced *what)
{
	char *text = o->callbacks.announced ? announced_text(what) : NULL;
	if (text)
		o->callbacks.announced(o->callbacks.user, text);
	free(text);
}

int announce_changed(struct outlet *o)
{
	static const char *const of_gateway[] = {"availability", "state", "safety", "hazards", "schema"};
	struct announced *was = o->announced;
	o->announced = announced_new(NULL);
	if (!o->announced) {
		o->announced = was;
		return UV_ENOMEM;
	}
	announced_free(was);
	for (size_t i = 0; i < sizeof of_gateway / sizeof *of_gateway; i++)
		note(o, NULL, of_gateway[i]);
	if (o->retains_sessions) { /* else what an earlier run let the broker keep is taken back */
		note(o, NULL, "course");
		note(o, NULL, "session");
	}
	note_discovery(o, NULL);
	for (size_t d = 0; d < o->safety.n_devices; d++)
		note_device(o, (uint16_t)d);
	if (announced_join(o->before, o->announced))
		keep(o, o->before); /* both, until what is gone was taken back */
	return 0;
}

int announce_open(struct outlet *o, const char *before)
{
	o->before = announced_new(before);
	return o->before ? announce_changed(o) : UV_ENOMEM;
}

void announce_close(struct outlet *o)
{
	announced_free(o->announced);
	announced_free(o->before);
}

/* ---- the steps ---- */

/* What does not change while the gateway runs. */
static int send_fact(struct outlet *o, const char *device, const char *what, const char *text)
{
	char topic[OUTLET_TOPIC_MAX];
	if (!text)
		return 0;
	publish_topic(topic, o->base, device, what);
	return publish_told(publish_as(o, PUBLISH_JSON, topic, text, strlen(text), 1, true, 0));
}

static int send_discovery(struct outlet *o, const uint16_t *device)
{
	char topic[OUTLET_TOPIC_MAX], name[NAME_MAX_BYTES];
	struct discovery_config config;
	if (!o->prefix)
		return 0;
	discovery_of(o, device, name, topic, &config);
	return publish_text(o, PUBLISH_JSON, topic, announced_remove(o->before, topic, payload_of(o, device, &config)),
			    1);
}

static int announce_gateway(struct outlet *o)
{
	char topic[OUTLET_TOPIC_MAX];
	if (o->schema_size > 0) {
		publish_topic(topic, o->base, NULL, "schema");
		int rc = publish_told(publish_as(o, PUBLISH_SCHEMA, topic, o->schema, o->schema_size, 1, true, 0));
		if (rc != 0)
			return rc;
	}
	int rc = send_discovery(o, NULL);
	if (rc == 0)
		rc = publish_gateway(o, true);
	if (rc == 0)
		rc = send_fact(o, NULL, "hazards", o->hazards);
	if (rc == 0)
		rc = publish_safety(o);
	if (rc == 0)
		rc = publish_home_state(o, true);
	if (rc == 0)
		rc = course_publish(o, true);
	if (rc == 0)
		rc = course_announce(o);
	return rc == 0 ? publish_status(o) : rc;
}

static int announce_device(struct outlet *o, uint16_t device)
{
	int rc = send_discovery(o, &device);
	free(o->devices[device].diagnostics);
	o->devices[device].diagnostics = NULL; /* with the next status */
	if (rc == 0)
		rc = publish_presence(o, device);
	if (rc == 0)
		rc = send_fact(o, publish_device_id(o, device), "deadman", o->deadman ? o->deadman[device] : NULL);
	if (rc == 0)
		rc = publish_state(o, device);
	return rc == 0 ? publish_explanations(o, device) : rc;
}

/* The broker takes messages in order: whoever acknowledges this one has had all before it. */
static int announce_end(struct outlet *o)
{
	char topic[OUTLET_TOPIC_MAX];
	publish_topic(topic, o->base, NULL, "availability");
	return broker_publish(o->broker, topic, "online", strlen("online"), 1, true, NULL,
			      OUTLET_TOKEN(OUTLET_ANNOUNCED_ALL, 0));
}

int announce_step(struct outlet *o)
{
	size_t devices = o->safety.n_devices;
	const char *gone =
	    o->cursor > devices ? announced_gone(o->before, o->announced, o->cursor - devices - 1) : NULL;
	int rc;
	if (o->cursor == 0)
		rc = announce_gateway(o);
	else if (o->cursor <= devices)
		rc = announce_device(o, (uint16_t)(o->cursor - 1));
	else if (gone)
		rc = broker_publish(o->broker, gone, "", 0, 1, true, NULL, 0);
	else
		rc = announce_end(o);
	if (rc != 0)
		return rc;
	return o->cursor++ > devices && !gone;
}

void announce_acknowledged(struct outlet *o)
{
	if (announced_same(o->before, o->announced))
		return;
	char *now = announced_text(o->announced);
	struct announced *only = now ? announced_new(now) : NULL;
	free(now);
	if (!only)
		return; /* no memory: what was taken back is taken back once more next time */
	announced_free(o->before);
	o->before = only;
	keep(o, only);
	log_info("mqtt", "what was announced earlier and is not configured any more was taken back");
}
