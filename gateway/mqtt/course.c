/* SPDX-License-Identifier: Apache-2.0
 * What is told of the course of therapy, and what is asked of it. It is about a person's health: unless the
 * configuration wants it, nothing here is retained. Upon each of our connects and Home Assistant's birth all is told
 * anew. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/utf8.h"
#include "mqtt/discovery.h"
#include "mqtt/outlet_impl.h"

#define ASKED_MAX 512u /* bytes of a request with its NUL */

/* In order, as far as the connection takes them. */
void course_sessions(struct outlet *o)
{
	char topic[OUTLET_TOPIC_MAX];
	struct outlet_event e;
	publish_topic(topic, o->base, NULL, "session");
	while (o->callbacks.course && broker_is_up(o->broker) &&
	       o->callbacks.session(o->callbacks.user, o->session_sent, &e)) {
		int rc = publish_as(o, PUBLISH_SESSION, topic, e.bytes, e.size, 1, o->retains_sessions,
				    OUTLET_TOKEN(OUTLET_SESSION, e.sequence));
		if (rc == UV_EMSGSIZE) /* nor will it be taken later */
			o->callbacks.session_delivered(o->callbacks.user, e.sequence);
		else if (rc != 0)
			return;
		o->session_sent = e.sequence;
	}
}

/* The names as the course has them now. */
static struct json_object *names_of(const char *course)
{
	struct json_object *root = course ? json_tokener_parse(course) : NULL, *names = NULL;
	if (json_object_object_get_ex(root, "people", &names))
		json_object_get(names);
	json_object_put(root);
	return names;
}

/* `again`: though they are the same. */
static int announce_people(struct outlet *o, bool again)
{
	char topic[OUTLET_TOPIC_MAX], name[ID_MAX + 32];
	struct str s;
	if (!o->prefix || !o->callbacks.course)
		return 0;
	str_init(&s, name, sizeof name);
	str_add(&s, language_say(o->language, "Therapy gateway %s"), o->gateway_id);
	const struct discovery_config config = {.prefix = o->prefix,
						.base = o->base,
						.gateway_id = o->gateway_id,
						.version = o->version,
						.name = name,
						.units = o->units,
						.language = o->language};
	struct json_object *names = names_of(o->course);
	const char *told = names ? json_object_to_json_string_ext(names, JSON_C_TO_STRING_PLAIN) : "[]";
	if (!again && strcmp(told, o->people ? o->people : "[]") == 0) {
		json_object_put(names);
		return 0;
	}
	bool was = o->people && strcmp(o->people, "[]") != 0;
	free(o->people);
	o->people = strdup(told);
	bool any = names && json_object_array_length(names) > 0;
	if (!any && !was) { /* it was not there */
		json_object_put(names);
		return 0;
	}
	char *payload = any ? discovery_person_payload(&config, names) : NULL;
	json_object_put(names);
	str_init(&s, topic, sizeof topic);
	discovery_person_topic(&s, &config);
	const char *text = payload ? payload : ""; /* nobody to choose: it goes */
	int rc = publish_told(publish_as(o, PUBLISH_NOW, topic, text, strlen(text), 0, false, 0));
	free(payload);
	return rc;
}

int course_announce(struct outlet *o)
{
	return announce_people(o, true);
}

int course_publish(struct outlet *o, bool again)
{
	char topic[OUTLET_TOPIC_MAX];
	char *text = o->callbacks.course ? o->callbacks.course(o->callbacks.user) : NULL;
	int rc = 0;
	o->course_due = false;
	if (!text)
		return 0;
	if (again || !o->course || strcmp(text, o->course) != 0) {
		publish_topic(topic, o->base, NULL, "course");
		rc = publish_told(publish_as(o, PUBLISH_STATE, topic, text, strlen(text), 0, o->retains_sessions, 0));
	}
	free(o->course);
	o->course = rc == 0 ? text : NULL;
	if (rc != 0)
		free(text);
	return rc == 0 && !again ? announce_people(o, false) : rc;
}

bool course_take(struct outlet *o, const struct broker_message *m)
{
	static const char set[] = "/course/set/";
	char value[ASKED_MAX];
	size_t n = strlen(o->base);
	if (!o->callbacks.course || strncmp(m->topic, o->base, n) != 0 ||
	    strncmp(m->topic + n, set, sizeof set - 1) != 0)
		return false;
	const char *what = m->topic + n + sizeof set - 1;
	o->requests++;
	const char *wrong = m->retained            ? "it was retained: what was said long ago is not said now"
			    : m->size >= ASKED_MAX ? "it is too long: expected at most 511 bytes"
			    : memchr(m->payload, '\0', m->size) || !utf8_valid((const char *)m->payload, m->size)
				? "expected a text in UTF-8"
				: NULL;
	if (wrong) {
		if (m->size > 0) /* an empty one clears what was retained */
			log_warn("mqtt", "course/set/%.40s: refused, %s", what, wrong);
		o->refused++;
		return true;
	}
	memcpy(value, m->payload, m->size);
	value[m->size] = '\0';
	o->callbacks.course_asked(o->callbacks.user, what, value);
	return true;
}

void outlet_course(struct outlet *o)
{
	o->course_due = true;
	outlet_soon(o);
}

void outlet_course_happened(struct outlet *o, const char *text)
{
	char topic[OUTLET_TOPIC_MAX];
	publish_topic(topic, o->base, NULL, "course/happened");
	(void)publish_as(o, PUBLISH_NOW, topic, text, strlen(text), 0, false, 0);
}

void outlet_sessions(struct outlet *o)
{
	course_sessions(o);
}

void outlet_sessions_forget(struct outlet *o)
{
	char topic[OUTLET_TOPIC_MAX];
	if (!o->retains_sessions || !broker_is_up(o->broker))
		return;
	publish_topic(topic, o->base, NULL, "session");
	(void)publish_as(o, PUBLISH_SESSION, topic, "", 0, 1, true, 0);
}
