/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/home_state.h"

#include <string.h>

#include "tell/tell.h"

static size_t count(struct json_object *safety, const char *key)
{
	struct json_object *list = NULL;
	return json_object_object_get_ex(safety, key, &list) ? json_object_array_length(list) : 0;
}

static struct json_object *item(struct json_object *safety, const char *key, size_t i)
{
	struct json_object *list = NULL;
	json_object_object_get_ex(safety, key, &list);
	return json_object_array_get_idx(list, i);
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;
	const char *text = json_object_object_get_ex(o, key, &value) ? json_object_get_string(value) : NULL;
	return text ? text : "";
}

static int rank(const char *priority)
{
	static const char *const priorities[] = {"low", "medium", "high"};
	for (int i = 0; i < 3; i++)
		if (strcmp(priority, priorities[i]) == 0)
			return i;
	return -1;
}

/* The alarm of the highest priority, of equals the first; NULL: none. */
static struct json_object *highest(struct json_object *safety)
{
	struct json_object *best = NULL;
	for (size_t i = 0; i < count(safety, "alarms"); i++) {
		struct json_object *alarm = item(safety, "alarms", i);
		if (!best || rank(text_of(alarm, "priority")) > rank(text_of(best, "priority")))
			best = alarm;
	}
	return best;
}

static void put_flag(struct json_object *to, const char *key, bool on)
{
	tell_put(to, key, on ? "ON" : "OFF");
}

/* What keeps things off comes before what only warns. */
static void put_safety(struct json_object *to, struct json_object *safety, enum language language)
{
	struct json_object *sounding = NULL;
	json_object_object_get_ex(safety, "sounding", &sounding);
	struct json_object *alarm = highest(safety);
	size_t latches = count(safety, "latches");
	bool stopped = false;
	for (size_t i = 0; i < latches; i++)
		stopped |= strcmp(text_of(item(safety, "latches", i), "latch"), "stop") == 0;
	put_flag(to, "latched", latches > 0);
	tell_put_count(to, "latches", latches);
	put_flag(to, "stopped", stopped);
	put_flag(to, "sounding", json_object_get_boolean(sounding));
	tell_put(to, "alarm", alarm ? text_of(alarm, "priority") : "none");
	const char *text = latches ? text_of(item(safety, "latches", 0), "why")
			   : alarm ? text_of(alarm, "why")
				   : language_say(language, "no latch, no alarm");
	tell_put(to, "why", text); /* of the core: no longer than Home Assistant shows, CORE_WHY_MAX */
}

char *home_state_payload(const struct home_facts *facts)
{
	const Therapy__V1__GatewayStatus *status = facts->status;
	struct json_object *root = json_object_new_object();
	if (!root)
		return NULL;
	put_safety(root, facts->safety, facts->language);
	tell_put(root, "started", facts->started);
	put_flag(root, "clock_problem", !facts->clock_trusted);
	put_flag(root, "second_gateway", facts->contested);
	tell_put(root, "version", status->version);
	json_object_object_add(root, "round_trip_ms",
			       facts->round_trip_ms < 0 ? NULL : json_object_new_int64(facts->round_trip_ms));
	tell_put_count(root, "broker_connects", status->broker_connects);
	tell_put_count(root, "readings_queued", status->readings_queued);
	tell_put_count(root, "readings_dropped", status->readings_dropped_oldest);
	tell_put_count(root, "events_queued", status->events_queued);
	tell_put_count(root, "events_dropped", status->events_dropped);
	tell_put_count(root, "requests_refused", status->requests_refused);
	tell_put_count(root, "process_respawns", status->process_respawns);
	return tell_text(root);
}
